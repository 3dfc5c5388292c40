//! Groups the rows of CSV files by a column, and writes the mean of another one, with its count, as Parquet.
//!
//!     cargo run --release -p raskt --example frame -- 'flights/*.csv' carrier delay means.parquet

use std::error::Error;

use raskt::frame::{Aggregate, Batch, Frame};

fn means(pattern: &str, by: &str, of: &str, target: &str) -> Result<Batch, Box<dyn Error>> {
    let rows = Frame::read_csv(pattern);
    let known = rows.filter(&!rows.column(of).is_missing());
    let wanted = [("mean", of, Aggregate::Mean), ("n", of, Aggregate::Count)];
    known.group_by(&[by]).aggregate(&wanted).write_parquet(target)?;
    Ok(Frame::read_parquet(target).sort_by(&[("mean", false)]).compute()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pattern, by, of, target] = &arguments[..] else {
        return Err(
            "say which files, the column to group by, the column of numbers, and a folder to write".into()
        );
    };
    let found = means(pattern, by, of, target)?;
    for ((key, mean), n) in found.strings(by)?.iter().zip(found.floats("mean")?).zip(found.integers("n")?) {
        println!("{key:>12} {mean:>12.3} {n:>9}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_written_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.csv"), "k,x\nb,1\na,\nb,4\n").unwrap();
        std::fs::write(folder.path().join("2.csv"), "k,x\na,6\nc,0.5\n").unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let found = means(&path("*.csv"), "k", "x", &path("means.parquet")).unwrap();
        assert_eq!(found.strings("k").unwrap(), ["a", "b", "c"]);
        assert_eq!(found.floats("mean").unwrap(), [6.0, 2.5, 0.5]);
        assert_eq!(found.integers("n").unwrap(), [1, 2, 1]);
        let again = means(&path("*.csv"), "k", "x", &path("means.parquet")).unwrap_err();
        assert!(again.to_string().contains("there is something already"), "{again}");
        let missing = means(&path("*.csv"), "k", "y", &path("other.parquet")).unwrap_err();
        assert!(missing.to_string().contains("'y'"), "{missing}");
        assert!(!folder.path().join("other.parquet").exists());
    }
}
