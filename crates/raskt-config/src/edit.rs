//! One value of a file of configuration changed, with all around it, comments included, left as it is.

use crate::map::{Map, normalised};
use crate::schema::schema;
use crate::value::Value;
use crate::write::{to_yaml, yaml_value};
use crate::yaml::{YamlError, YamlLimits, parse_yaml};

/// How deep a section that is written anew is nested in the one around it.
const INDENT: usize = 2;

/// The text of a YAML file, `text` before, in which the dotted `key` has a value. `None` where that cannot be said without
/// writing the file anew, comments lost.
///
/// ```
/// use raskt_config::{Value, edited_yaml};
///
/// let text = "local:\n  retries: 1  # flaky disks\n";
/// let found = edited_yaml(text, "local.retries", &Value::Int(2))?;
/// assert_eq!(found.as_deref(), Some("local:\n  retries: 2  # flaky disks\n"));
/// # Ok::<(), raskt_config::YamlError>(())
/// ```
///
/// # Errors
///
/// [`YamlError`] where the text is no YAML that is accepted.
pub fn edited_yaml(text: &str, key: &str, value: &Value) -> Result<Option<String>, YamlError> {
    let (mut expected, lines) = parse_yaml(text, YamlLimits::default())?;
    nest(&mut expected);
    expected.set_path(key, value.clone());
    let line_of = |path: &str| lines.get(&normalised(path)).copied();
    let written = yaml_value(value);
    let candidates = [
        line_of(key).and_then(|line| replaced(text, line, &written)),
        inserted(text, key, &written, line_of),
        Some(appended(text, &nested(key, &written, 0))),
        (!text.contains('#')).then(|| to_yaml(&expected)),
        Some(appended(text, &format!("{key}: {written}\n"))),
    ];
    let says_so = |candidate: &String| {
        parse_yaml(candidate, YamlLimits::default()).is_ok_and(|(mut found, _)| {
            nest(&mut found);
            found == expected
        })
    };
    Ok(candidates.into_iter().flatten().find(says_so))
}

fn nest(map: &mut Map) {
    map.nest_dotted(|name| schema().entry(name).is_some());
}

/// The text with another value on a line (from 1) that holds a key and its value.
fn replaced(text: &str, line: usize, written: &str) -> Option<String> {
    let old = text.split_inclusive('\n').nth(line.checked_sub(1)?)?;
    let (name, rest) = old.split_once(':')?;
    let comment = comment_at(rest).map_or("", |at| rest[at..].trim_end());
    let end = if old.ends_with('\n') { "\n" } else { "" };
    Some(with_line(text, line, 1, &format!("{name}: {written}{comment}{end}")))
}

/// Where in what follows a key the blanks in front of a comment begin.
fn comment_at(rest: &str) -> Option<usize> {
    let mut quote = None;
    let mut blanks = None;
    for (at, letter) in rest.char_indices() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '#') if blanks.is_some() => return blanks,
            _ => {}
        }
        blanks = match letter {
            ' ' | '\t' => blanks.or(Some(at)),
            _ => None,
        };
    }
    None
}

/// The text with the key at the top of the innermost section of it that is there.
fn inserted(text: &str, key: &str, written: &str, line_of: impl Fn(&str) -> Option<usize>) -> Option<String> {
    let section = |(at, _): (usize, &str)| line_of(&key[..at]).map(|line| (line, &key[at + 1..]));
    let (line, rest) = key.rmatch_indices('.').find_map(section)?;
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let mut after = text.split_inclusive('\n').skip(line - 1);
    let header = indent(after.next()?);
    let says = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let below = after.find(says).map(indent).filter(|&below| below > header);
    let block = nested(rest, written, below.unwrap_or(header + INDENT));
    let text = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
    Some(with_line(&text, line + 1, 0, &block))
}

/// The text with others in place of `n_lines` lines from one on.
fn with_line(text: &str, line: usize, n_lines: usize, others: &str) -> String {
    let lines = || text.split_inclusive('\n');
    lines().take(line - 1).chain([others]).chain(lines().skip(line - 1 + n_lines)).collect()
}

/// A value below the names of its key, a line each.
fn nested(key: &str, written: &str, indent: usize) -> String {
    let names: Vec<&str> = key.split('.').collect();
    let line = |(depth, name): (usize, &&str)| {
        let value = if depth + 1 == names.len() { format!(" {written}") } else { String::new() };
        format!("{}{name}:{value}\n", " ".repeat(indent + depth * INDENT))
    };
    names.iter().enumerate().map(line).collect()
}

fn appended(text: &str, more: &str) -> String {
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, key: &str, value: impl Into<Value>) -> String {
        edited_yaml(text, key, &value.into()).unwrap().unwrap()
    }

    #[test]
    fn comments_order_and_other_keys_stay() {
        let text = "# mine\nlocal:\n    # why\n    retries: 1 # so\n\nnum_workers: 4\n";
        let changed = edited(text, "local.retries", "a # b");
        assert_eq!(changed, text.replace("retries: 1", "retries: \"a # b\""));
        assert_eq!(edited(&changed, "local.retries", Value::Int(1)), text);
        assert_eq!(edited(text, "num-workers", Value::Int(5)), text.replace(": 4", ": 5"));
        let more = edited(text, "local.errors", "all");
        assert_eq!(more, text.replace("local:\n", "local:\n    errors: all\n"));
        assert_eq!(
            edited(text, "array.native", Value::Bool(false)),
            format!("{text}array:\n  native: false\n")
        );
    }

    #[test]
    fn files_of_other_forms_are_changed_where_nothing_is_lost() {
        assert_eq!(edited("", "local.retries", Value::Int(1)), "local:\n  retries: 1\n");
        assert_eq!(edited("local:", "local.retries", Value::Int(1)), "local:\n  retries: 1\n");
        assert_eq!(edited("local.retries: 1", "local.retries", Value::Int(2)), "local.retries: 2");
        assert_eq!(
            edited("{local: {retries: 1}}", "local.errors", "all"),
            "local:\n  retries: 1\n  errors: all\n"
        );
        assert_eq!(edited_yaml("{a: 1} # b", "local.errors", &Value::from("all")), Ok(None));
        let several = "array:\n  optimizer:\n    disabled:\n      - fuse # slow\n";
        let (found, _) = parse_yaml(
            &edited(several, "array.optimizer.disabled", Value::List(Vec::new())),
            YamlLimits::default(),
        )
        .unwrap();
        assert_eq!(found.get("array.optimizer.disabled"), Some(&Value::List(Vec::new())));
        assert!(edited_yaml("a: [", "b", &Value::Int(1)).is_err());
    }
}
