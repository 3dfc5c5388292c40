//! Counts the commonest words of text files, or the commonest values of a name in JSON lines.
//!
//!     cargo run -p raskt --example bag -- 'logs/*.txt.gz'
//!     cargo run -p raskt --example bag -- 'logs/*.json.gz' user.name

use std::error::Error;

use raskt::bag::{self, TextOptions};

type Counted = Vec<(String, u64)>;

fn commonest(pattern: &str, path: Option<&str>) -> Result<Counted, Box<dyn Error>> {
    let options = TextOptions { skips_bad_lines: true, ..TextOptions::default() };
    let lines = bag::read_text_with(pattern, options)?;
    let Some(path) = path else {
        return Ok(lines.words().map(|word| word.to_lowercase()).frequencies()?.topk(10));
    };
    let values = path.split('.').fold(lines.json(), |json, name| json.pluck(name)).frequencies()?.topk(10);
    Ok(values.into_iter().map(|(value, n)| (format!("{:?}", value.borrow()), n)).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(pattern) = arguments.first() else {
        return Err("say which files, and which name of JSON lines: 'logs/*.json.gz' user.name".into());
    };
    for (value, n) in commonest(pattern, arguments.get(1).map(String::as_str))? {
        println!("{n:>9} {value}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use raskt::bag::BagError;

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let lines = "{\"user\": {\"name\": \"Ann\"}}\n{\"user\": {}}\r\n{\"user\": {\"name\": \"Bo\"}}\n";
        std::fs::write(folder.path().join("1.json"), lines).unwrap();
        std::fs::write(folder.path().join("2.json"), lines.replace("Bo", "Ann")).unwrap();
        folder
    }

    #[test]
    fn values_and_words_are_counted() {
        let folder = folder();
        let pattern = folder.path().join("*.json");
        let names = commonest(pattern.to_str().unwrap(), Some("user.name")).unwrap();
        assert_eq!(names, [("Str(\"Ann\")".to_owned(), 3), ("Str(\"Bo\")".to_owned(), 1)]);
        let words = commonest(pattern.to_str().unwrap(), None).unwrap();
        assert_eq!(words[0], ("{\"user\":".to_owned(), 6));
    }

    #[test]
    fn blocks_have_every_line_once() {
        let folder = folder();
        for bytes in 1..40 {
            let options = TextOptions { block_bytes: bytes.try_into().ok(), ..TextOptions::default() };
            let lines = bag::read_text_with(folder.path().join("*.json"), options).unwrap();
            assert_eq!(lines.count().unwrap(), 6, "{bytes}");
            assert_eq!(lines.map(str::to_owned).collect().unwrap()[1], "{\"user\": {}}");
            assert_eq!(lines.map(str::len).topk(2).unwrap(), [25, 25]);
        }
    }

    #[test]
    fn a_bad_line_is_an_error_that_names_its_place() {
        let folder = folder();
        let lines = bag::read_text(folder.path().join("*.json")).unwrap();
        let error = lines.json().pluck("user").pluck("name").frequencies().unwrap_err();
        let cause = raskt::cause::<BagError>(&error).unwrap();
        assert!(matches!(cause, BagError::Line { line: 2, offset: 26, .. }), "{cause}");
        let named = lines.json().pluck("user").pluck("name").or("nobody").frequencies().unwrap();
        assert_eq!(named.pairs()[1], ("nobody".into(), 2));
        let missing = bag::read_text(folder.path().join("*.txt")).unwrap_err();
        assert!(missing.to_string().contains("no file matches"), "{missing}");
    }
}
