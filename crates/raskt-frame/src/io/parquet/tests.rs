use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StringViewArray};
use arrow::datatypes::{Float64Type, Int64Type};
use proptest::prelude::*;
use raskt_core::{DType, ErrorKind};

use super::*;
use crate::io::filter::{Comparison, Filters, Literal, Operator};
use crate::{Field, Index, Kind, Label, PandasType, Schema, Table, table};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("raskt-parquet-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> Arc<str> {
        self.0.join(name).to_str().unwrap().into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn sample(n_rows: usize, first: i64) -> Table {
    let fields = [
        ("n", PandasType::Plain(DType::Int64)),
        ("x", PandasType::Plain(DType::Float64)),
        ("m", PandasType::Masked(DType::Bool)),
        ("t", PandasType::Text),
        ("c", PandasType::Category { of: Arc::new(PandasType::Text), is_ordered: true }),
    ];
    let schema = Schema::new(Kind::Frame, fields.map(|(name, dtype)| Field::new(name, dtype)));
    let text: ArrayRef = Arc::new(StringViewArray::from_iter(
        (0..n_rows).map(|row| (row % 3 > 0).then(|| format!("text {}", row % 5))),
    ));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values((0..n_rows as i64).map(|row| row * 10))),
        Arc::new(Float64Array::from_iter_values(
            (0..n_rows).map(|row| if row % 4 == 1 { f64::NAN } else { row as f64 }),
        )),
        Arc::new(BooleanArray::from_iter((0..n_rows).map(|row| (row % 3 != 2).then_some(row % 2 == 0)))),
        Arc::clone(&text),
        arrow::compute::cast(&text, &fields_of_category()).unwrap(),
    ];
    Table::new(schema, columns, Index::Range { start: first, step: 1 }, n_rows).unwrap()
}

fn fields_of_category() -> arrow::datatypes::DataType {
    PandasType::Category { of: Arc::new(PandasType::Text), is_ordered: true }.storage().unwrap()
}

/// Every row as text, the index first.
fn rows(table: &Table) -> Vec<String> {
    let columns: Vec<ArrayRef> = table.levels().iter().chain(table.columns()).cloned().collect();
    let cell = |column: &ArrayRef, row| arrow::util::display::array_value_to_string(column, row).unwrap();
    (0..table.n_rows())
        .map(|row| columns.iter().map(|c| cell(c, row)).collect::<Vec<_>>().join("|"))
        .collect()
}

fn written(folder: &Folder, table: &Table, row_group_rows: usize) -> WriteParquet {
    let write = WriteParquet { row_group_rows, ..WriteParquet::new(folder.path("a.parquet")) };
    write_parquet(std::slice::from_ref(table), &write).unwrap();
    write
}

#[test]
fn tables_come_back_with_dtypes_and_index() {
    let folder = Folder::new("back");
    let table = sample(23, 5);
    for compression in ["none", "snappy", "gzip", "brotli", "lz4", "zstd"] {
        let compression = Compression::parse(compression).unwrap();
        let write =
            WriteParquet { compression, row_group_rows: 10, ..WriteParquet::new(folder.path("a.parquet")) };
        write_parquet(&[table.slice(0, 7), table.slice(7, 16)], &write).unwrap();
        let back = read_parquet(&ReadParquet::new(Arc::clone(&write.path))).unwrap();
        assert_eq!(back.schema(), table.schema());
        assert_eq!(rows(&back), rows(&table));
        assert!(matches!(back.index(), Index::Range { start: 5, step: 1 }));
    }
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "only the file itself is left");
    assert!(Compression::parse("zip").is_err());
}

#[test]
fn an_index_of_values_is_stored_and_one_that_is_not_wanted_is_not() {
    let folder = Folder::new("index");
    let table = sample(4, 0);
    let schema = Schema::clone(table.schema()).with_index([
        Field::new("k", PandasType::Text),
        Field::new(Label::None, PandasType::Plain(DType::Int64)),
    ]);
    let levels = Index::Levels([Arc::clone(&table.columns()[3]), Arc::clone(&table.columns()[0])].into());
    let table = Table::new(schema, table.columns().to_vec(), levels, 4).unwrap();
    let mut write = written(&folder, &table, 3);
    let back = read_parquet(&ReadParquet::new(Arc::clone(&write.path))).unwrap();
    assert_eq!((back.schema(), rows(&back)), (table.schema(), rows(&table)));
    write.index = Some(false);
    write_parquet(std::slice::from_ref(&table), &write).unwrap();
    let back = read_parquet(&ReadParquet::new(Arc::clone(&write.path))).unwrap();
    assert!(matches!(back.index(), Index::Range { start: 0, step: 1 }));
    assert_eq!(back.columns().len(), 5);
    let index = ParquetIndex::Columns([Label::from("n")].into());
    let read =
        ReadParquet { index, columns: Some([Label::from("t")].into()), ..ReadParquet::new(write.path) };
    let back = read_parquet(&read).unwrap();
    assert_eq!(rows(&back), ["0|", "10|text 1", "20|text 2", "30|"]);
}

#[test]
fn row_groups_keep_the_numbers_of_their_rows() {
    let folder = Folder::new("groups");
    let table = sample(25, 100);
    let write = written(&folder, &table, 10);
    let file = ParquetFile::open(Arc::clone(&write.path), &ParquetIndex::Stored, None).unwrap();
    let sizes: Vec<u64> = file.row_groups(None).unwrap().iter().map(|group| group.n_rows).collect();
    assert_eq!((sizes, file.n_rows()), (vec![10, 10, 5], 25));
    let column = file.row_groups(Some(&["n".into()])).unwrap()[0].n_bytes;
    assert!(column > 0 && column < file.row_groups(None).unwrap()[0].n_bytes);
    let columns: Option<Arc<[Label]>> = Some(["t".into(), "n".into()].into());
    let read = |groups: &[usize]| {
        let read = ReadParquet {
            columns: columns.clone(),
            row_groups: Some(groups.into()),
            ..ReadParquet::new(Arc::clone(&write.path))
        };
        file.read(&ReadParquet::from_param(&read.to_param()).unwrap()).unwrap()
    };
    assert!(matches!(read(&[1, 2]).index(), Index::Range { start: 110, step: 1 }));
    assert_eq!(read(&[1]).columns()[1].as_primitive::<Int64Type>().value(0), 100);
    let apart = read(&[0, 2]);
    assert_eq!(apart.levels()[0].as_primitive::<Int64Type>().value(10), 120);
    let nothing = ReadParquet { row_groups: Some([3].into()), ..ReadParquet::new(Arc::clone(&write.path)) };
    let error = file.read(&nothing).unwrap_err().to_string();
    assert!(error.contains("no row group 3"), "{error}");
    let none = ReadParquet { columns: Some([].into()), ..ReadParquet::new(write.path) };
    assert_eq!(read_parquet(&none).unwrap().n_rows(), 25);
}

#[test]
fn a_file_is_checked_against_the_frame_that_it_is_part_of() {
    let folder = Folder::new("fitted");
    let table = sample(5, 0);
    let write = written(&folder, &table, 10);
    let float = PandasType::Plain(DType::Float64);
    let whole = |dtype: PandasType| {
        let schema = table.schema().with_columns(Kind::Frame, [Field::new("n", dtype)]);
        let columns = Some([Label::from("n")].into());
        read_parquet(&ReadParquet {
            columns,
            schema: Some(Arc::new(schema)),
            ..ReadParquet::new(Arc::clone(&write.path))
        })
    };
    assert_eq!(whole(float).unwrap().columns()[0].as_primitive::<Float64Type>().value(4), 40.0);
    let error = whole(PandasType::Text).unwrap_err().to_string();
    assert!(error.contains("a.parquet") && error.contains("'n' is int64 here and str"), "{error}");
}

#[test]
fn files_that_changed_or_are_not_there_or_are_no_parquet_are_said_with_their_path() {
    let folder = Folder::new("bad");
    let write = written(&folder, &sample(5, 0), 10);
    let stamp = ParquetFile::open(Arc::clone(&write.path), &ParquetIndex::Stored, None).unwrap().stamp();
    written(&folder, &sample(6, 0), 10);
    let changed =
        read_parquet(&ReadParquet { stamp: Some(stamp), ..ReadParquet::new(write.path) }).unwrap_err();
    assert!(changed.to_string().contains("has changed"), "{changed}");
    let missing = read_parquet(&ReadParquet::new(folder.path("no"))).unwrap_err();
    assert!(matches!(missing.kind(), ErrorKind::System { .. }) && missing.to_string().contains("no: "));
    std::fs::write(&*folder.path("text"), "this is a text and no Parquet").unwrap();
    let error = read_parquet(&ReadParquet::new(folder.path("text"))).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::InvalidValue(_)) && error.to_string().contains("text: "),
        "{error}"
    );
    let columns = Some([Label::from("xx")].into());
    let error =
        read_parquet(&ReadParquet { columns, ..ReadParquet::new(folder.path("a.parquet")) }).unwrap_err();
    assert!(error.to_string().contains("'xx' is no column"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_files_are_errors_with_the_path(at in any::<proptest::sample::Index>(), byte in 1_u8.., cut in any::<bool>()) {
        let folder = Folder::new(&format!("damaged-{byte}"));
        let write = written(&folder, &sample(40, 0), 16);
        let mut bytes = std::fs::read(&*write.path).unwrap();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= byte }
        std::fs::write(&*write.path, bytes).unwrap();
        match read_parquet(&ReadParquet::new(Arc::clone(&write.path))) {
            Ok(_) => prop_assert!(!cut),
            Err(error) => prop_assert!(error.to_string().contains("a.parquet"), "{error}"),
        }
    }

    #[test]
    fn filters_leave_out_no_row_that_passes(
        values in proptest::collection::vec(-20_i64..20, 1..200), low in -25_i64..25, width in 0_i64..10, size in 1_usize..40,
    ) {
        let folder = Folder::new(&format!("filters-{low}-{size}"));
        let schema = Schema::new(Kind::Frame, [Field::new("n", PandasType::Plain(DType::Int64))]);
        let table = Table::over_range(schema, vec![Arc::new(Int64Array::from(values.clone()))], values.len()).unwrap();
        let write = written(&folder, &table, size);
        let compare = |operator| Comparison::new("n", operator);
        let filters = Filters(vec![
            vec![compare(Operator::GreaterEqual(Literal::Int(low))), compare(Operator::Less(Literal::Float((low + width) as f64)))],
            vec![compare(Operator::Equal(Literal::Int(-low)))],
        ]);
        let read = ReadParquet { filters, ..ReadParquet::new(write.path) };
        let back = read_parquet(&read).unwrap();
        let passes = |n: i64| (n >= low && n < low + width) || n == -low;
        let wanted: Vec<(i64, i64)> = (0..).zip(values).filter(|(_, n)| passes(*n)).collect();
        let levels = back.levels();
        let numbers = levels[0].as_primitive::<Int64Type>().values();
        let found = back.columns()[0].as_primitive::<Int64Type>().values();
        let found: Vec<(i64, i64)> = numbers.iter().copied().zip(found.iter().copied()).filter(|(_, n)| passes(*n)).collect();
        prop_assert_eq!(found, wanted);
    }
}

#[test]
fn filters_leave_out_row_groups_and_pages() {
    let folder = Folder::new("pruned");
    let write = written(&folder, &sample(100, 0), 10);
    let filters = Filters(vec![vec![Comparison::new("n", Operator::Greater(Literal::Int(955)))]]);
    let back = read_parquet(&ReadParquet { filters, ..ReadParquet::new(Arc::clone(&write.path)) }).unwrap();
    assert_eq!(back.n_rows(), 10);
    let filters = Filters(vec![vec![Comparison::new("t", Operator::Equal(Literal::Text("u".into())))]]);
    let none = read_parquet(&ReadParquet { filters, ..ReadParquet::new(write.path) }).unwrap();
    assert_eq!(none.n_rows(), 0);
    assert_eq!(table::concat(&[none.clone(), none]).unwrap().n_rows(), 0);
}
