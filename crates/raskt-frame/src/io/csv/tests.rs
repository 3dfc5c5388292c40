use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use proptest::prelude::*;
use raskt_core::{DType, ErrorKind, TimeUnit};

use super::*;
use crate::{Field, Kind, Label, PandasType, Schema, Table, table};

/// A file that goes with the test.
struct TestFile(PathBuf);

impl TestFile {
    fn new(content: &[u8]) -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("raskt-csv-{}-{number}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

fn parameters(file: &TestFile, inferred: &Inferred) -> ReadCsv {
    ReadCsv {
        path: file.0.to_str().unwrap().into(),
        format: CsvFormat::default(),
        names: inferred.columns.iter().map(|field| field.label.clone()).collect(),
        schema: Arc::new(Schema::new(Kind::Frame, inferred.columns.clone())),
        begin: inferred.begin,
        end: None,
        is_first: true,
        stamp: None,
    }
}

fn rows_of(block: Block) -> Vec<String> {
    match block {
        Block::Table(table) => rows(&table),
        Block::Wider(wider) => panic!("{wider:?}"),
    }
}

fn rows(table: &Table) -> Vec<String> {
    let cell = |column: &ArrayRef, row| match column.is_null(row) {
        true => "-".to_owned(),
        false => arrow::util::display::array_value_to_string(column, row).unwrap(),
    };
    let line = |row| table.columns().iter().map(|column| cell(column, row)).collect::<Vec<_>>().join("|");
    (0..table.n_rows()).map(line).collect()
}

fn read(content: &str) -> (Inferred, Vec<String>) {
    let file = TestFile::new(content.as_bytes());
    let inferred = infer_csv(content.as_bytes(), true, &CsvFormat::default(), None, &["t".into()]).unwrap();
    let block = read_csv(&parameters(&file, &inferred)).unwrap();
    (inferred, rows_of(block))
}

#[test]
fn dtypes_are_those_that_pandas_finds() {
    let content = "i,f,b,s,t,m,t\r\n1,1.5,True,x,2015-01-31 12:30:00,,9\r\n-2,,false,\"a,\"\"b\"\"\nc\",2015-02-01,NA,8\r\n";
    let (inferred, rows) = read(content);
    let dtypes: Vec<String> = inferred.columns.iter().map(|field| field.dtype.to_string()).collect();
    assert_eq!(dtypes, ["int64", "float64", "bool", "str", "datetime64[us]", "float64", "int64"]);
    assert_eq!(inferred.columns[6].label, Label::from("t.1"));
    assert_eq!(rows[0], "1|1.5|true|x|2015-01-31T12:30:00|NaN|9");
    assert_eq!(rows[1], "-2|NaN|false|a,\"b\"\nc|2015-02-01T00:00:00|NaN|8");
}

#[test]
fn blank_lines_are_left_out_and_short_lines_end_with_missing_values() {
    assert_eq!(read("a,b\n\n1,2\n\n3\n\n").1, ["1|2.0", "3|NaN"]);
    assert_eq!(read("a,s\n\"1\",\n2").1, ["1|NaN", "2|NaN"]);
    assert_eq!(read("a\n").1, Vec::<String>::new());
    assert!(infer_csv(b"", true, &CsvFormat::default(), None, &[]).is_err());
}

#[test]
fn a_value_that_does_not_fit_says_which_dtype_does() {
    let wider = |dtype: DType, value: &str| {
        let file = TestFile::new(format!("1\n{value}\n").as_bytes());
        let columns = vec![Field::new("a", PandasType::Plain(dtype))];
        match read_csv(&parameters(&file, &Inferred { columns, begin: 0 })).unwrap() {
            Block::Wider(wider) => {
                assert_eq!((wider.text.as_str(), wider.offset), (value, 2));
                wider.dtype.to_string()
            }
            Block::Table(table) => panic!("{table:?}"),
        }
    };
    assert_eq!(wider(DType::Int64, "2.5"), "float64");
    assert_eq!(wider(DType::Int64, "NA"), "float64");
    assert_eq!(wider(DType::Int64, "x"), "str");
    assert_eq!(wider(DType::Float64, "x"), "str");
    assert_eq!(wider(DType::Int64, "123456789012345678901"), "float64");
}

#[test]
fn lines_with_too_many_fields_are_said_with_their_place() {
    let file = TestFile::new(b"a,b\n1,2\n3,4,5\n");
    let columns = vec![Field::new("a", PandasType::Plain(DType::Int64)), Field::new("b", PandasType::Text)];
    let error = read_csv(&parameters(&file, &Inferred { columns, begin: 4 })).unwrap_err().to_string();
    assert!(error.contains("Expected 2 fields in the line at byte 8, saw 3"), "{error}");
    assert!(error.contains("raskt-csv-"), "{error}");
}

#[test]
fn quotes_that_do_not_end_are_said_with_their_place() {
    let file = TestFile::new(b"a,b\n1,2\n3,\"4\n5,6\n");
    let columns = vec![Field::new("a", PandasType::Plain(DType::Int64)), Field::new("b", PandasType::Text)];
    let error = read_csv(&parameters(&file, &Inferred { columns, begin: 4 })).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unparsable { .. }), "{error}");
    assert!(error.to_string().contains("EOF inside string in the line that starts at byte 8"), "{error}");
}

#[test]
fn only_what_is_asked_for_is_read() {
    let file = TestFile::new(b"a,b,c\n1,not a number,3\n");
    let names: Arc<[Label]> = ["a", "b", "c"].into_iter().map(Label::from).collect();
    let int = PandasType::Plain(DType::Int64);
    let schema = Schema::new(Kind::Frame, [Field::new("c", int.clone()), Field::new("a", int)]);
    let inferred = Inferred { columns: Vec::new(), begin: 6 };
    let wanted = ReadCsv { names, schema: Arc::new(schema), ..parameters(&file, &inferred) };
    assert_eq!(ReadCsv::from_param(&wanted.to_param()).unwrap(), wanted);
    assert_eq!(rows_of(read_csv(&wanted).unwrap()), ["3|1"]);
}

#[test]
fn lines_longer_than_what_is_looked_at_are_read_whole() {
    let long = "x".repeat(200_000);
    let content = format!("a,b\n1,{long}\n2,y\n3,{long}\n4,{long}");
    let file = TestFile::new(content.as_bytes());
    let inferred = infer_csv(content.as_bytes(), true, &CsvFormat::default(), None, &[]).unwrap();
    let whole = rows_of(read_csv(&parameters(&file, &inferred)).unwrap());
    assert_eq!(whole.len(), 4);
    for size in [1_000, 70_000, 199_999, 500_000] {
        assert_eq!(in_blocks(&file, &inferred, content.len(), size), whole, "{size}");
    }
}

fn in_blocks(file: &TestFile, inferred: &Inferred, n_bytes: usize, size: usize) -> Vec<String> {
    let whole = parameters(file, inferred);
    let first = inferred.begin as usize;
    let begins = (first..n_bytes.max(first + 1)).step_by(size);
    let block = |begin: usize| {
        let end = Some((begin + size) as u64);
        rows_of(
            read_csv(&ReadCsv { begin: begin as u64, end, is_first: begin == first, ..whole.clone() })
                .unwrap(),
        )
    };
    begins.flat_map(block).collect()
}

#[test]
fn times_are_read_as_iso_writes_them() {
    let time = |text: &str, unit| crate::kernels::time(text.as_bytes(), unit);
    assert_eq!(time("1970-01-02", TimeUnit::Second), Some(86_400));
    assert_eq!(time("1969-12-31T23:59:59.5", TimeUnit::Millisecond), Some(-500));
    assert_eq!(time("2000-02-29 00:00", TimeUnit::Second), Some(951_782_400));
    assert_eq!(time("0001-01-01", TimeUnit::Second), Some(-62_135_596_800));
    assert_eq!(time("2015-01-01 00:00:00.123456789", TimeUnit::Microsecond), None);
    for wrong in
        ["2015-02-29", "2015-13-01", "2015-1-01", "2015-01-01 24:00:00", "2015-01-01 1", "2015-01-01Z"]
    {
        assert_eq!(time(wrong, TimeUnit::Second), None, "{wrong}");
    }
}

fn quoted(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn blocks_of_any_size_have_every_line_once(
        cells in proptest::collection::vec((any::<i32>(), "[ab]{1,6}", any::<f32>()), 0..40),
        size in 1_usize..90,
        ends in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let mut content = format!("n,t,x{ends}");
        for (number, text, float) in &cells {
            content += &format!("{number},{text},{float:?}{ends}");
        }
        let file = TestFile::new(content.as_bytes());
        let inferred = infer_csv(content.as_bytes(), true, &CsvFormat::default(), None, &[]).unwrap();
        let whole = rows_of(read_csv(&parameters(&file, &inferred)).unwrap());
        prop_assert_eq!(whole.len(), cells.len());
        prop_assert_eq!(in_blocks(&file, &inferred, content.len(), size), whole);
    }

    #[test]
    fn quoted_text_comes_back_and_a_wrong_cut_is_never_silent(
        cells in proptest::collection::vec((0_i32..1000, "[a,\"\n ]{1,12}"), 1..60),
        size in 5_usize..200,
    ) {
        let mut content = "n,t,m\n".to_owned();
        for (number, text) in &cells {
            content += &format!("{number},{},{number}\n", quoted(text));
        }
        let file = TestFile::new(content.as_bytes());
        let columns = ["n", "t", "m"].map(|name| Field::new(name, match name {
            "t" => PandasType::Text,
            _ => PandasType::Plain(DType::Int64),
        }));
        let inferred = Inferred { columns: columns.to_vec(), begin: 6 };
        let whole = rows_of(read_csv(&parameters(&file, &inferred)).unwrap());
        let written: Vec<String> = cells.iter().map(|(n, text)| format!("{n}|{text}|{n}")).collect();
        prop_assert_eq!(&whole, &written);
        let all = parameters(&file, &inferred);
        let mut found = Vec::new();
        let mut is_refused = false;
        for begin in (6..content.len()).step_by(size) {
            let end = Some((begin + size) as u64);
            let block = ReadCsv { begin: begin as u64, end, is_first: begin == 6, ..all.clone() };
            match read_csv(&block) {
                Ok(Block::Table(table)) => found.extend(rows(&table)),
                Ok(Block::Wider(_)) | Err(_) => is_refused = true,
            }
        }
        prop_assert!(is_refused || found == whole);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(prop::sample::select(b"a1,\"\n\r\\x00\xff.".to_vec()), 0..80), size in 1_usize..40) {
        let file = TestFile::new(&bytes);
        let columns = vec![Field::new("a", PandasType::Plain(DType::Float64)), Field::new("b", PandasType::Text)];
        let all = parameters(&file, &Inferred { columns, begin: 0 });
        for begin in (0..bytes.len().max(1)).step_by(size) {
            let end = Some((begin + size) as u64);
            drop(read_csv(&ReadCsv { begin: begin as u64, end, is_first: begin == 0, ..all.clone() }));
        }
        drop(infer_csv(&bytes, true, &CsvFormat::default(), None, &[]));
    }

    #[test]
    fn floats_and_integers_come_back(floats in proptest::collection::vec(any::<f64>(), 1..20), ints in proptest::collection::vec(any::<i64>(), 1..20)) {
        for float in floats.into_iter().filter(|float| !float.is_nan()) {
            prop_assert_eq!(columns::float(format!("{float:?}").as_bytes()), Some(float));
        }
        for int in ints {
            prop_assert_eq!(columns::integer(int.to_string().as_bytes()), Some(int));
        }
    }
}

#[test]
fn an_empty_table_keeps_its_columns() {
    let (inferred, rows) = read("a,b");
    assert_eq!((inferred.columns.len(), rows.len()), (2, 0));
    let table = table::concat(&[Table::empty(Schema::new(Kind::Frame, inferred.columns)).unwrap()]).unwrap();
    assert_eq!(table.columns().len(), 2);
}
