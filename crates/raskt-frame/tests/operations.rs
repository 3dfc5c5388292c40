//! Expressions of frames, planned and run on threads, beside what their rows say.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

#[path = "operations/rows.rs"]
mod rows;
#[path = "operations/session.rs"]
mod session;
#[path = "operations/sorting.rs"]
mod sorting;

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type};
use proptest::prelude::*;
use raskt_core::{DType, Param};
use raskt_expr::Expr;
use raskt_frame::arguments::Argument;
use raskt_frame::groupby::{Aggregate, Function, GroupBy, Options};
use raskt_frame::io::csv::{CsvFormat, ReadCsv, infer_csv};
use raskt_frame::io::parquet::{ReadParquet, WriteParquet, write_parquet};
use raskt_frame::source::{read_csv, read_parquet};
use raskt_frame::{Field, FrameMeta, Key, Kind, Label, PandasType, Schema, Table};

use session::{Row, Session, float, frame};

fn floats(table: &Table, at: usize) -> Vec<f64> {
    table.columns()[at].as_primitive::<Float64Type>().values().to_vec()
}

#[test]
fn rows_that_a_mask_chooses_are_summed() {
    let session = Session::new();
    let df = frame(&[
        vec![(1, Some(1.5), "a"), (-1, Some(8.0), "b")],
        vec![],
        vec![(2, None, "c"), (3, Some(2.0), "a")],
    ]);
    let mask = session.method("gt", &session.column(&df, "n"), Param::Int(0));
    let chosen = session.make("filter", &[&df, &mask], &[]).unwrap();
    let x = session.column(&chosen, "x");
    assert_eq!(session.number(&session.reduce("sum", &x)), 3.5);
    assert_eq!(session.number(&session.reduce("count", &x)), 2.0);
    assert_eq!(session.number(&session.reduce("mean", &x)), 1.75);
    let rows = session.whole(&chosen);
    assert_eq!(rows.levels()[0].as_primitive::<Int64Type>().values(), &[0, 0, 1]);
    assert_eq!(rows.columns()[2].as_string_view().iter().flatten().collect::<Vec<_>>(), ["a", "c", "a"]);
}

#[test]
fn columns_are_assigned_and_named_anew() {
    let session = Session::new();
    let df = frame(&[vec![(2, Some(0.5), "a")], vec![(3, None, "b")]]);
    let product = session.with("mul", &session.column(&df, "n"), &session.column(&df, "x")).unwrap();
    let parameters = [
        ("labels", Param::List([Param::Str("p".into()), Param::Str("n".into())].into())),
        ("values", Param::List([Argument::operand(1), Param::Float(7.0)].into())),
    ];
    let assigned = session.make("assign", &[&df, &product], &parameters).unwrap();
    let found = session.whole(&assigned);
    let names: Vec<String> = found.schema().labels().map(ToString::to_string).collect();
    assert_eq!(names, ["'n'", "'x'", "'t'", "'p'"]);
    assert_eq!(floats(&found, 0), [7.0, 7.0]);
    let p = floats(&found, 3);
    assert!(p[0] == 1.0 && p[1].is_nan());
    let labels = ["a", "b", "c", "d"].map(|name| Param::Str(name.into()));
    let named = session.make("relabel", &[&assigned], &[("labels", Param::List(labels.into()))]).unwrap();
    assert_eq!(session.whole(&named).schema().labels().next(), Some(&"a".into()));
}

#[test]
fn an_index_becomes_a_column_and_rows_are_numbered_anew() {
    let session = Session::new();
    let df = frame(&[vec![(2, None, "a"), (3, None, "b")], vec![(4, None, "c")]]);
    let (n, mask) =
        (session.column(&df, "n"), session.method("gt", &session.column(&df, "n"), Param::Int(2)));
    let n = session.make("filter", &[&n, &mask], &[]).unwrap();
    let reset = |on: &Expr, kwargs: &[(&str, Param)]| {
        let kwargs = Param::map(kwargs.iter().cloned());
        session
            .make("reset_index", &[on], &[("name", Param::Str("reset_index".into())), ("kwargs", kwargs)])
            .unwrap()
    };
    let table = session.whole(&reset(&n, &[]));
    let labels: Vec<String> = table.schema().labels().map(ToString::to_string).collect();
    assert_eq!((table.schema().kind, labels), (Kind::Frame, vec!["'index'".to_owned(), "'n'".to_owned()]));
    assert_eq!(table.columns()[0].as_primitive::<Int64Type>().values(), &[1, 0]);
    assert_eq!(table.levels()[0].as_primitive::<Int64Type>().values(), &[0, 0]);
    let dropped = session.whole(&reset(&n, &[("drop", Param::Bool(true))]));
    assert_eq!((dropped.schema().kind, dropped.columns().len()), (Kind::Series, 1));
    // A column called index is there already.
    let named = session.method("rename", &n, Param::Str("index".into()));
    assert_eq!(session.whole(&reset(&named, &[])).schema().labels().next(), Some(&Label::from("level_0")));
}

#[test]
fn a_column_that_is_not_there_is_an_error_of_planning() {
    let session = Session::new();
    let df = frame(&[vec![(1, None, "a")]]);
    let error = session.make("column", &[&df], &[("label", Param::Str("y".into()))]).unwrap_err().to_string();
    assert!(error.contains("'y' is no column"), "{error}");
}

#[test]
fn rows_of_other_origin_do_not_go_together_by_their_place() {
    let session = Session::new();
    let one = frame(&[vec![(1, None, "a")], vec![(2, None, "b")]]);
    let other = frame(&[vec![(1, None, "a")], vec![(9, None, "b")], vec![(3, None, "b")]]);
    let error = session.with("add", &session.column(&one, "n"), &session.column(&other, "n")).unwrap_err();
    assert!(error.to_string().contains("do not go together"), "{error}");
}

#[test]
fn what_is_known_ahead_is_what_comes() {
    let session = Session::new();
    let df = frame(&[vec![(2, Some(0.5), "a")], vec![(3, None, "b")]]);
    let (n, x) = (session.column(&df, "n"), session.column(&df, "x"));
    let made = [
        session.with("truediv", &n, &x).unwrap(),
        session.method("floordiv", &n, Param::Int(2)),
        session.method("eq", &session.column(&df, "t"), Param::Str("a".into())),
        session.make("method", &[&x], &[("name", Param::Str("isna".into()))]).unwrap(),
        session.method("fillna", &x, Param::Float(0.0)),
        session.reduce("max", &session.column(&df, "t")),
        session.reduce("std", &x),
        session.reduce("any", &n),
    ];
    for expr in &made {
        let context = session.0.context();
        let known = FrameMeta::of(context.meta(expr).unwrap()).unwrap().schema.clone();
        for table in session.tables(expr) {
            assert_eq!(**table.schema(), known, "{expr:?}");
        }
    }
}

#[test]
fn groups_of_all_partitions_are_put_together() {
    let session = Session::new();
    let df = frame(&[
        vec![(1, Some(1.0), "b"), (2, Some(3.0), "a")],
        vec![],
        vec![(4, None, "a"), (8, Some(5.0), "b"), (16, None, "c")],
    ]);
    let aggregate = |column: &str, of: PandasType, function| Aggregate {
        column: column.into(),
        of,
        function,
        options: Options::default(),
        label: Label::from(format!("{column}_{}", Function::name(function)).as_str()),
    };
    let by = GroupBy {
        keys: [Key::Column("t".into())].into(),
        aggregates: [
            aggregate("n", PandasType::Plain(DType::Int64), Function::Sum),
            aggregate("x", float(), Function::Mean),
        ]
        .into(),
        dropna: true,
        sort: true,
    };
    let Param::Map(entries) = by.to_param() else { panic!("no map") };
    let parameters: Vec<(&str, Param)> =
        entries.iter().map(|(name, value)| (&**name, value.clone())).collect();
    let expr = session.make("groupby", &[&df], &parameters).unwrap();
    let known = FrameMeta::of(session.0.context().meta(&expr).unwrap()).unwrap().schema.clone();
    let found = session.whole(&expr);
    assert_eq!(**found.schema(), known);
    assert_eq!(found.levels()[0].as_string_view().iter().flatten().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(found.columns()[0].as_primitive::<Int64Type>().values(), &[6, 9, 16]);
    let means = floats(&found, 1);
    assert!(means[..2] == [3.0, 3.0] && means[2].is_nan());
    let missing = [("keys", Param::List([Param::Str("z".into())].into()))];
    assert!(session.make("groupby", &[&df], &missing).is_err());
}

/// A folder that goes with the test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("raskt-frame-{name}-{}", std::process::id()));
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

#[test]
fn files_are_read_in_parts() {
    let folder = Folder::new("parts");
    let path = folder.path("rows.csv");
    let content: String = (0..1000).map(|n| format!("{n},{}\n", f64::from(n) / 2.0)).collect();
    std::fs::write(&*path, format!("n,x\n{content}")).unwrap();
    let format = CsvFormat::default();
    let inferred = infer_csv(b"n,x\n0,0.0\n", true, &format, None, &[]).unwrap();
    let schema = Arc::new(Schema::new(Kind::Frame, inferred.columns.clone()));
    let names = inferred.columns.iter().map(|field| field.label.clone()).collect::<Arc<[_]>>();
    let n_bytes = std::fs::metadata(&*path).unwrap().len();
    let block = |begin: u64| ReadCsv {
        path: Arc::clone(&path),
        format: format.clone(),
        names: Arc::clone(&names),
        schema: Arc::clone(&schema),
        begin,
        end: Some(begin + 3000),
        is_first: begin == inferred.begin,
        stamp: None,
    };
    let blocks: Vec<ReadCsv> = (inferred.begin..n_bytes).step_by(3000).map(block).collect();
    let session = Session::new();
    let df = read_csv(&blocks, &schema).unwrap();
    assert_eq!(session.tables(&df).len(), blocks.len());
    assert_eq!(session.number(&session.reduce("sum", &session.column(&df, "x"))), 249_750.0);
    assert_eq!(session.number(&session.reduce("max", &session.column(&df, "n"))), 999.0);

    let target = folder.path("rows.parquet");
    write_parquet(&session.tables(&df), &WriteParquet::new(Arc::clone(&target))).unwrap();
    let part = ReadParquet { columns: Some(["x".into()].into()), ..ReadParquet::new(target) };
    let only = schema.with_columns(Kind::Frame, [Field::new("x", float())]);
    let again = read_parquet(&[part], &only, Some(&[1000])).unwrap();
    assert_eq!(session.number(&session.reduce("sum", &session.column(&again, "x"))), 249_750.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn reductions_do_not_depend_on_partitions(
        parts in prop::collection::vec(prop::collection::vec((-50_i64..50, prop::option::of(-10_i32..10)), 0..6), 1..40),
    ) {
        let session = Session::new();
        let row = |&(n, x): &(i64, Option<i32>)| (n, x.map(f64::from), "t");
        let partitions: Vec<Vec<Row>> = parts.iter().map(|part| part.iter().map(row).collect()).collect();
        let rows: Vec<Row> = partitions.iter().flatten().copied().collect();
        let there: Vec<f64> = rows.iter().filter_map(|row| row.1).collect();
        let df = frame(&partitions);
        let x = session.column(&df, "x");
        let of = |name: &str| session.number(&session.reduce(name, &x));
        prop_assert_eq!(of("sum"), there.iter().sum::<f64>());
        prop_assert_eq!(of("count"), there.len() as f64);
        let same = |found: f64, expected: f64| (found - expected).abs() < 1e-9 || (found.is_nan() && expected.is_nan());
        let mean = there.iter().sum::<f64>() / there.len() as f64;
        prop_assert!(same(of("mean"), mean));
        let least = there.iter().copied().reduce(f64::min).unwrap_or(f64::NAN);
        prop_assert!(same(of("min"), least));
        let squares: f64 = there.iter().map(|value| (value - mean).powi(2)).sum();
        let variance = if there.len() > 1 { squares / (there.len() - 1) as f64 } else { f64::NAN };
        prop_assert!(same(of("var"), variance), "{} {}", of("var"), variance);
        let n = session.column(&df, "n");
        prop_assert_eq!(session.number(&session.reduce("sum", &n)), rows.iter().map(|row| row.0).sum::<i64>() as f64);
    }
}
