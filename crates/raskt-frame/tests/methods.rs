//! Methods of pandas on partitions, beside what their names say.

#![allow(clippy::unwrap_used, reason = "a test's helpers may fail it")]

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int8Array, Int64Array, StringViewArray,
    TimestampSecondArray,
};
use arrow::datatypes::{Float64Type, Int8Type, Int64Type};
use proptest::prelude::*;
use raskt_core::{DType, Param, TimeUnit};
use raskt_frame::arguments::Argument;
use raskt_frame::rowwise::apply;
use raskt_frame::{Field, Kind, Label, PandasType, Schema, Table, table};

fn series(dtype: PandasType, values: ArrayRef) -> Table {
    let n_rows = values.len();
    Table::over_range(Schema::new(Kind::Series, [Field::new("s", dtype)]), vec![values], n_rows).unwrap()
}

fn ints(values: Vec<i64>) -> Table {
    series(PandasType::Plain(DType::Int64), Arc::new(Int64Array::from(values)))
}

fn texts(values: &[Option<&str>]) -> Table {
    series(PandasType::Text, Arc::new(StringViewArray::from(values.to_vec())))
}

fn call(name: &str, args: &[Param], kwargs: &[(&str, Param)]) -> Param {
    Param::map([
        ("name", Param::Str(name.into())),
        ("args", Param::List(args.into())),
        ("kwargs", Param::map(kwargs.iter().cloned())),
    ])
}

fn run(on: &[&Table], name: &str, args: &[Param]) -> Table {
    apply(on, &call(name, args, &[])).unwrap().unwrap()
}

fn is_refused(on: &[&Table], name: &str, args: &[Param]) -> bool {
    apply(on, &call(name, args, &[])).unwrap().is_none()
}

fn truths(table: &Table) -> Vec<bool> {
    table.columns()[0].as_boolean().values().iter().collect()
}

fn text(value: &str) -> Param {
    Param::Str(value.into())
}

#[test]
fn whole_numbers_are_floats_where_some_are_missing_and_partitions_meet_again() {
    let dtype = PandasType::Plain(DType::Datetime(TimeUnit::Second));
    let all = series(dtype.clone(), Arc::new(TimestampSecondArray::from(vec![0, 86_400 * 366])));
    let some = series(dtype, Arc::new(TimestampSecondArray::from(vec![None, Some(-1)])));
    let (all, some) = (run(&[&all], "dt.year", &[]), run(&[&some], "dt.year", &[]));
    assert_eq!(all.schema().columns[0].dtype, PandasType::Plain(DType::Int32));
    assert_eq!(some.schema().columns[0].dtype, PandasType::Plain(DType::Float64));
    let whole = table::concat(&[all, some]).unwrap();
    let years = whole.columns()[0].as_primitive::<Float64Type>().values();
    assert!(years[..2] == [1970.0, 1971.0] && years[2].is_nan() && years[3] == 1969.0);
}

#[test]
fn tables_that_differ_in_more_than_numbers_are_not_put_together() {
    assert!(table::concat(&[ints(vec![1]), texts(&[None])]).is_err());
    let renamed = run(&[&ints(vec![1])], "rename", &[text("t")]);
    assert!(table::concat(&[ints(vec![1]), renamed]).is_err());
}

#[test]
fn what_pandas_decides_by_the_values_is_refused() {
    let bytes = series(PandasType::Plain(DType::Int8), Arc::new(Int8Array::from(vec![1, -1])));
    let keeps = series(PandasType::Plain(DType::Bool), Arc::new(BooleanArray::from(vec![true, false])));
    let cond = Argument::operand(1);
    assert!(is_refused(&[&bytes, &keeps], "where", &[cond.clone(), Param::Int(300)]));
    assert!(is_refused(&[&bytes, &keeps], "where", &[cond.clone(), Param::Float(0.5)]));
    assert!(is_refused(&[&keeps, &keeps], "where", &[cond]));
    assert!(is_refused(&[&bytes], "clip", &[Param::Int(200)]));
    assert!(is_refused(&[&bytes], "round", &[Param::Int(-1)]));
    assert!(is_refused(&[&bytes], "astype", &[text("Int8x")]));
    assert!(is_refused(&[&texts(&[])], "str.contains", &[text("a$")]));
    assert!(is_refused(&[&texts(&[])], "str.extract", &[text("a")]));
    let clipped = run(&[&bytes], "clip", &[Param::Int(-300), Param::Int(0)]);
    assert_eq!(clipped.columns()[0].as_primitive::<Int8Type>().values(), &[0, -1]);
}

#[test]
fn values_that_cannot_be_cast_are_errors() {
    let floats =
        |values: Vec<f64>| series(PandasType::Plain(DType::Float64), Arc::new(Float64Array::from(values)));
    let cast = |on: &Table, dtype: &str| apply(&[on], &call("astype", &[text(dtype)], &[]));
    assert!(cast(&floats(vec![f64::NAN]), "int64").unwrap_err().to_string().contains("non-finite"));
    assert!(cast(&floats(vec![1e300]), "int64").is_err());
    assert!(cast(&texts(&[Some("1.0")]), "int64").unwrap_err().to_string().contains("'1.0'"));
    assert!(cast(&texts(&[Some("x")]), "float64").unwrap_err().to_string().contains("'x'"));
    assert!(cast(&texts(&[None]), "int64").is_err());
}

#[test]
fn values_of_single_columns_are_given_by_name() {
    let schema = Schema::new(
        Kind::Frame,
        [Field::new("a", PandasType::Plain(DType::Float64)), Field::new("b", PandasType::Text)],
    );
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from(vec![f64::NAN])),
        Arc::new(StringViewArray::from(vec![None::<&str>])),
    ];
    let df = Table::over_range(schema, columns, 1).unwrap();
    let filled = run(&[&df], "fillna", &[Param::map([("a", Param::Float(2.0))])]);
    assert_eq!(filled.columns()[0].as_primitive::<Float64Type>().value(0), 2.0);
    assert!(filled.columns()[1].is_null(0));
    let cast = apply(&[&filled], &call("astype", &[], &[("dtype", Param::map([("a", text("int64"))]))]));
    let dtypes: Vec<PandasType> =
        cast.unwrap().unwrap().schema().columns.iter().map(|field| field.dtype.clone()).collect();
    assert_eq!(dtypes, [PandasType::Plain(DType::Int64), PandasType::Text]);
    assert!(is_refused(&[&df], "astype", &[Param::map([("z", text("int64"))])]));
}

#[test]
fn series_are_frames_and_the_index_is_for_itself() {
    let s = ints(vec![5, 6, 7]).slice(1, 2);
    let index = run(&[&s], "index", &[]);
    assert_eq!((index.schema().kind, index.n_rows(), index.columns().len()), (Kind::Index, 2, 0));
    assert_eq!(index.levels()[0].as_primitive::<Int64Type>().values(), &[1, 2]);
    let framed = run(&[&run(&[&s], "rename", &[text("t")])], "to_frame", &[]);
    assert_eq!(
        (framed.schema().kind, framed.schema().labels().next()),
        (Kind::Frame, Some(&Label::from("t")))
    );
}

proptest! {
    #[test]
    fn texts_are_tested_as_rust_tests_them(
        values in prop::collection::vec(prop::option::of("[ab.ä]{0,5}"), 0..20), part in "[ab.ä]{0,2}",
    ) {
        let s = texts(&values.iter().map(Option::as_deref).collect::<Vec<_>>());
        let of = |is: &dyn Fn(&str) -> bool| values.iter().map(|value| value.as_deref().is_some_and(is)).collect::<Vec<_>>();
        let found = |name: &str, kwargs: &[(&str, Param)]| {
            truths(&apply(&[&s], &call(name, &[text(&part)], kwargs)).unwrap().unwrap())
        };
        prop_assert_eq!(found("str.startswith", &[]), of(&|value| value.starts_with(&*part)));
        prop_assert_eq!(found("str.endswith", &[]), of(&|value| value.ends_with(&*part)));
        let literal = [("regex", Param::Bool(false))];
        prop_assert_eq!(found("str.contains", &literal), of(&|value| value.contains(&*part)));
        let pattern = regex::Regex::new(&part).unwrap();
        prop_assert_eq!(found("str.contains", &[]), of(&|value| pattern.is_match(value)));
    }

    #[test]
    fn values_are_among_those_looked_for(values in prop::collection::vec(-9_i64..9, 0..20), wanted in prop::collection::vec(-9_i64..9, 0..6)) {
        let s = ints(values.clone());
        let found = |wanted: Vec<Param>| truths(&run(&[&s], "isin", &[Param::List(wanted.into())]));
        let expected: Vec<bool> = values.iter().map(|value| wanted.contains(value)).collect();
        prop_assert_eq!(&found(wanted.iter().map(|value| Param::Int(*value)).collect()), &expected);
        prop_assert_eq!(&found(wanted.iter().map(|value| Param::Float(*value as f64)).collect()), &expected);
        let between = truths(&run(&[&s], "between", &[Param::Int(-3), Param::Int(4)]));
        prop_assert_eq!(between, values.iter().map(|value| (-3..=4).contains(value)).collect::<Vec<_>>());
    }
}
