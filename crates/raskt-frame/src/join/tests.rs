use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int32Array, Int64Array, StringViewArray};
use arrow::compute;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use proptest::prelude::*;
use raskt_core::{DType, Param, Result, TimeUnit};

use super::*;
use crate::table::failed;
use crate::{Field, Index, Kind, Label, PandasType, Schema, Table};

/// A key that may be missing, and a number.
type Row = (Option<u8>, i64);

fn int() -> PandasType {
    PandasType::Plain(DType::Int64)
}

fn float() -> PandasType {
    PandasType::Plain(DType::Float64)
}

/// Keys `k` as floats, and the numbers in a column `name`.
fn table(rows: &[Row], name: &str) -> Table {
    let keys: Float64Array = rows.iter().map(|row| row.0.map(f64::from)).collect();
    let numbers = Int64Array::from_iter_values(rows.iter().map(|row| row.1));
    let schema = Schema::new(Kind::Frame, [Field::new("k", float()), Field::new(name, int())]);
    Table::over_range(schema, vec![Arc::new(keys), Arc::new(numbers)], rows.len()).unwrap()
}

/// The same with the key as the index, called `k`.
fn keyed(rows: &[Row], name: &str) -> Table {
    let table = table(rows, name);
    let schema =
        Schema::new(Kind::Frame, [table.schema().columns[1].clone()]).with_index([Field::new("k", float())]);
    let index = Index::Levels([table.columns()[0].clone()].into());
    Table::new(schema, vec![table.columns()[1].clone()], index, rows.len()).unwrap()
}

fn text(value: &str) -> Param {
    Param::Str(value.into())
}

fn merged(left: &Table, right: &Table, arguments: &[(&str, Param)]) -> Result<Table> {
    let arguments = Param::map(arguments.iter().cloned());
    let merge = Merge::from_param(&arguments, || common(left.schema(), right.schema()))?;
    let plan = Plan::new(&merge, left.schema(), right.schema())?;
    let table = join(left, right, &merge)?;
    assert_eq!(**table.schema(), plan.schema);
    Ok(table)
}

fn how(name: &str) -> (&str, Param) {
    ("how", text(name))
}

fn numbers(array: &ArrayRef) -> Vec<Option<i64>> {
    let floats = compute::cast(array, &DataType::Float64).map_err(failed).unwrap();
    let floats = floats.as_primitive::<Float64Type>();
    floats.iter().map(|value| value.filter(|value| !value.is_nan()).map(|value| value as i64)).collect()
}

fn names(table: &Table) -> Vec<String> {
    table.schema().labels().map(ToString::to_string).collect()
}

fn dtypes(table: &Table) -> Vec<String> {
    table.schema().columns.iter().map(|field| field.dtype.to_string()).collect()
}

/// The rows of a merge on `k`, by loops: key, number of the left, number of the right.
fn expected(how: &str, left: &[Row], right: &[Row]) -> Vec<(Option<i64>, Option<i64>, Option<i64>)> {
    let key = |row: &Row| row.0.map(i64::from);
    let matches = |row: &Row, others: &[Row]| -> Vec<i64> {
        others.iter().filter(|other| other.0 == row.0).map(|other| other.1).collect()
    };
    let mut found = Vec::new();
    let lefts = |found: &mut Vec<_>, is_kept: bool| {
        for row in left {
            let others = matches(row, right);
            found.extend(others.iter().map(|other| (key(row), Some(row.1), Some(*other))));
            if others.is_empty() && is_kept {
                found.push((key(row), Some(row.1), None));
            }
        }
    };
    match how {
        "inner" => lefts(&mut found, false),
        "left" => lefts(&mut found, true),
        "outer" => {
            lefts(&mut found, true);
            let lone = right.iter().filter(|row| matches(row, left).is_empty());
            found.extend(lone.map(|row| (key(row), None, Some(row.1))));
            found.sort_by_key(|row| (row.0.is_none(), row.0));
        }
        "right" => {
            for row in right {
                let others = matches(row, left);
                found.extend(others.iter().map(|other| (key(row), Some(*other), Some(row.1))));
                if others.is_empty() {
                    found.push((key(row), None, Some(row.1)));
                }
            }
        }
        _ => {
            lefts(&mut found, true);
            found.retain(|row| row.2.is_none());
        }
    }
    found
}

fn rows_of(key: &ArrayRef, table: &Table, at: [usize; 2]) -> Vec<(Option<i64>, Option<i64>, Option<i64>)> {
    let [left, right] = at.map(|at| numbers(&table.columns()[at]));
    numbers(key).into_iter().zip(left).zip(right).map(|((key, left), right)| (key, left, right)).collect()
}

proptest! {
    #[test]
    fn rows_are_those_of_nested_loops(
        left in proptest::collection::vec((proptest::option::of(0_u8..6), 0_i64..100), 0..12),
        right in proptest::collection::vec((proptest::option::of(0_u8..6), 0_i64..100), 0..12),
    ) {
        for name in ["inner", "left", "right", "outer", "left_anti"] {
            let wanted = expected(name, &left, &right);
            let found = merged(&table(&left, "a"), &table(&right, "b"), &[how(name)]).unwrap();
            prop_assert_eq!(rows_of(&found.columns()[0], &found, [1, 2]), wanted.clone(), "{}", name);
            // The index against a column: the column has the keys of both sides.
            let arguments = [how(name), ("left_on", text("k")), ("right_index", Param::Bool(true))];
            let found = merged(&table(&left, "a"), &keyed(&right, "b"), &arguments).unwrap();
            prop_assert_eq!(rows_of(&found.columns()[0], &found, [1, 2]), wanted.clone(), "{}", name);
            let arguments = [how(name), ("left_index", Param::Bool(true)), ("right_on", text("k"))];
            let found = merged(&keyed(&left, "a"), &table(&right, "b"), &arguments).unwrap();
            prop_assert_eq!(rows_of(&found.columns()[1], &found, [0, 2]), wanted.clone(), "{}", name);
            let arguments = [how(name), ("left_index", Param::Bool(true)), ("right_index", Param::Bool(true))];
            let found = merged(&keyed(&left, "a"), &keyed(&right, "b"), &arguments).unwrap();
            let is_sorted = name != "outer" || !(left.is_empty() || right.is_empty());
            if is_sorted && left.iter().map(|row| row.0).ne(right.iter().map(|row| row.0)) {
                prop_assert_eq!(rows_of(&found.levels()[0], &found, [0, 1]), wanted, "{}", name);
            }
        }
    }

    #[test]
    fn several_keys_of_other_types_match_as_one_number_does(
        left in proptest::collection::vec((0_u8..9, 0_i64..100), 0..12),
        right in proptest::collection::vec((0_u8..9, 0_i64..100), 0..12),
    ) {
        let split = |rows: &[(u8, i64)], name: &str, is_narrow: bool| {
            let texts: StringViewArray =
                rows.iter().map(|row| (row.0 % 3 > 0).then(|| "long enough for a buffer".repeat(usize::from(row.0 % 3)))).collect();
            let ints: ArrayRef = match is_narrow {
                true => Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| i32::from(row.0 / 3)))),
                false => Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| i64::from(row.0 / 3)))),
            };
            let of = if is_narrow { DType::Int32 } else { DType::Int64 };
            let schema = Schema::new(Kind::Frame, [
                Field::new("i", PandasType::Plain(of)), Field::new("t", PandasType::Text), Field::new(name, int()),
            ]);
            let numbers = Int64Array::from_iter_values(rows.iter().map(|row| row.1));
            Table::over_range(schema, vec![ints, Arc::new(texts), Arc::new(numbers)], rows.len()).unwrap()
        };
        for name in ["inner", "left", "right"] {
            let found = merged(&split(&left, "a", true), &split(&right, "b", false), &[how(name)]).unwrap();
            let some = |rows: &[(u8, i64)]| rows.iter().map(|row| (Some(row.0), row.1)).collect::<Vec<_>>();
            let wanted = expected(name, &some(&left), &some(&right));
            let i = numbers(&found.columns()[0]);
            let texts = found.columns()[1].as_string_view();
            let keys: Vec<_> = (0..found.n_rows())
                .map(|row| i[row].map(|i| i * 3 + (if texts.is_null(row) { 0 } else { texts.value(row).len() as i64 / 24 })))
                .collect();
            let keys: ArrayRef = Arc::new(Int64Array::from(keys));
            prop_assert_eq!(rows_of(&keys, &found, [2, 3]), wanted, "{}", name);
        }
    }
}

fn left() -> Table {
    table(&[(Some(2), 1), (Some(1), 2), (Some(3), 3), (Some(1), 4)], "a")
}

fn right() -> Table {
    table(&[(Some(1), 5), (Some(4), 6), (Some(1), 7), (Some(2), 8)], "b")
}

#[test]
fn integers_that_may_be_missing_become_floats() {
    let dtypes_of = |name| dtypes(&merged(&left(), &right(), &[how(name)]).unwrap());
    assert_eq!(dtypes_of("inner"), ["float64", "int64", "int64"]);
    assert_eq!(dtypes_of("left"), ["float64", "int64", "float64"]);
    assert_eq!(dtypes_of("right"), ["float64", "float64", "int64"]);
    assert_eq!(dtypes_of("outer"), ["float64", "float64", "float64"]);
}

#[test]
fn the_index_is_numbered_anew_or_that_of_the_other_side() {
    let index = |table: &Table| numbers(&table.levels()[0]);
    assert_eq!(index(&merged(&left(), &right(), &[]).unwrap()), (0..5).map(Some).collect::<Vec<_>>());
    let keyed = keyed(&[(Some(1), 5), (Some(4), 6), (Some(1), 7), (Some(2), 8)], "b");
    let arguments = |name| [how(name), ("left_on", text("k")), ("right_index", Param::Bool(true))];
    let inner = merged(&left(), &keyed, &arguments("inner")).unwrap();
    assert_eq!(index(&inner), [0, 1, 1, 3, 3].map(Some));
    let outer = merged(&left(), &keyed, &arguments("outer")).unwrap();
    assert_eq!(index(&outer), [Some(1), Some(1), Some(3), Some(3), Some(0), Some(2), None]);
    assert_eq!(outer.schema().index[0].dtype, float());
    assert_eq!(index(&merged(&left(), &right(), &[how("left_anti")]).unwrap()), [Some(3)]);
    assert_eq!(index(&merged(&left(), &right(), &[how("right_anti")]).unwrap()), [Some(2)]);
}

#[test]
fn semi_joins_have_rows_and_columns_of_the_left() {
    let found = merged(&left(), &right(), &[how("leftsemi")]).unwrap();
    assert_eq!(names(&found), ["'k'", "'a'"]);
    assert_eq!(found.columns()[1].as_primitive::<Int64Type>().values(), &[1, 2, 4]);
}

#[test]
fn every_row_meets_every_other_in_a_cross_join() {
    let found = merged(&left().slice(0, 2), &right().slice(0, 2), &[how("cross")]).unwrap();
    assert_eq!(names(&found), ["'k_x'", "'a'", "'k_y'", "'b'"]);
    assert_eq!(numbers(&found.columns()[1]), [1, 1, 2, 2].map(Some));
    assert_eq!(numbers(&found.columns()[3]), [5, 6, 5, 6].map(Some));
    assert!(merged(&left(), &right(), &[how("cross"), ("on", text("k"))]).is_err());
}

#[test]
fn columns_of_one_name_get_suffixes() {
    let other = table(&[(Some(1), 5)], "a");
    let on = ("on", text("k"));
    let named = |more: &[(&str, Param)]| {
        let arguments: Vec<_> = [on.clone()].into_iter().chain(more.iter().cloned()).collect();
        merged(&left(), &other, &arguments).map(|table| names(&table))
    };
    assert_eq!(named(&[]).unwrap(), ["'k'", "'a_x'", "'a_y'"]);
    let suffixes = |one: Param, two: Param| [("suffixes", Param::List([one, two].into()))];
    assert_eq!(named(&suffixes(Param::Null, text("_r"))).unwrap(), ["'k'", "'a'", "'a_r'"]);
    assert!(named(&suffixes(Param::Null, text(""))).unwrap_err().to_string().contains("no suffix"));
    // A key that is the index of one side, where both have such a column: it is put in first.
    let indexed = keyed(&[(Some(1), 5)], "k");
    let arguments = [("left_on", text("k")), ("right_index", Param::Bool(true))];
    assert_eq!(names(&merged(&left(), &indexed, &arguments).unwrap()), ["'k'", "'k_x'", "'a'", "'k_y'"]);
}

#[test]
fn the_indicator_says_where_a_row_comes_from() {
    let found = merged(&left(), &right(), &[how("outer"), ("indicator", Param::Bool(true))]).unwrap();
    assert_eq!(names(&found)[3], "'_merge'");
    let texts = compute::cast(&found.columns()[3], &DataType::Utf8View).unwrap();
    let texts: Vec<_> = texts.as_string_view().iter().flatten().collect();
    assert_eq!(texts, ["both", "both", "both", "both", "both", "left_only", "right_only"]);
    let taken = [("indicator", text("a"))];
    assert!(merged(&left(), &right(), &taken).unwrap_err().to_string().contains("existing column"));
}

#[test]
fn keys_that_repeat_are_refused_where_they_must_not() {
    let check = |validate: &str| {
        let error = merged(&left(), &right().slice(1, 3), &[("validate", text(validate))]).err();
        error.map(|error| error.to_string())
    };
    assert_eq!(check("many_to_one"), None);
    assert_eq!(check("m:m"), None);
    let message = "Merge keys are not unique in left dataset; not a one-to-one merge";
    assert_eq!(check("1:1").unwrap(), message);
    assert!(check("one_to_many").unwrap().contains("one-to-many"));
    assert!(check("2:1").unwrap().contains("validate"));
}

fn met(left: PandasType, right: PandasType) -> Result<(String, bool)> {
    let schema = |dtype| Schema::new(Kind::Frame, [Field::new("k", dtype)]);
    let (left, right) = (schema(left), schema(right));
    let merge = Merge::from_param(&Param::map([how("outer")]), || common(&left, &right))?;
    Plan::new(&merge, &left, &right).map(|plan| (plan.schema.columns[0].dtype.to_string(), plan.is_native))
}

#[test]
fn keys_meet_in_the_dtype_of_pandas_or_not_at_all() {
    let plain = PandasType::Plain;
    let of = |name: &str, is_native| (name.to_owned(), is_native);
    assert_eq!(met(plain(DType::Int32), plain(DType::Int64)).unwrap(), of("int64", true));
    assert_eq!(met(int(), float()).unwrap(), of("float64", true));
    assert_eq!(met(int(), plain(DType::UInt64)).unwrap(), of("float64", false));
    assert_eq!(met(int(), PandasType::Masked(DType::Int64)).unwrap(), of("Int64", false));
    assert_eq!(met(plain(DType::Bool), plain(DType::Bool)).unwrap(), of("bool", true));
    assert_eq!(met(plain(DType::Bool), int()).unwrap(), of("object", false));
    let nanos = || plain(DType::Datetime(TimeUnit::Nanosecond));
    assert_eq!(met(nanos(), plain(DType::Datetime(TimeUnit::Second))).unwrap(), of("datetime64[ns]", false));
    let oslo = || PandasType::Zoned(TimeUnit::Second, "Europe/Oslo".into());
    assert_eq!(met(oslo(), oslo()).unwrap(), of("datetime64[s, Europe/Oslo]", true));
    for (one, other) in
        [(PandasType::Text, int()), (nanos(), int()), (nanos(), oslo()), (nanos(), PandasType::Text)]
    {
        let error = met(one, other).unwrap_err().to_string();
        assert!(error.starts_with("You are trying to merge on "), "{error}");
    }
}

#[test]
fn truth_values_that_may_be_missing_are_left_to_pandas() {
    let schema = |name: &str| {
        Schema::new(Kind::Frame, [Field::new("k", int()), Field::new(name, PandasType::Plain(DType::Bool))])
    };
    let plan = |name| {
        let merge = Merge::from_param(&Param::map([how(name), ("on", text("k"))]), || panic!("on is given"));
        Plan::new(&merge.unwrap(), &schema("a"), &schema("b")).unwrap()
    };
    assert!(plan("inner").is_native);
    let left = plan("left");
    assert_eq!((left.schema.columns[2].dtype.clone(), left.is_native), (PandasType::Object, false));
}

#[test]
fn arguments_that_contradict_each_other_are_refused() {
    let refused = |arguments: &[(&str, Param)]| {
        let error = merged(&left(), &right(), arguments).unwrap_err().to_string();
        assert!(!error.is_empty(), "{arguments:?}");
        error
    };
    assert!(refused(&[how("sideways")]).contains("not a valid Merge type"));
    assert!(refused(&[("on", text("k")), ("left_on", text("k"))]).contains("Can only pass argument"));
    assert!(refused(&[("left_on", text("k"))]).contains("right_on"));
    assert!(refused(&[("on", text("z"))]).contains("'z'"));
    let labels = |names: &[&str]| Param::List(names.iter().map(|name| text(name)).collect());
    assert!(refused(&[("left_on", labels(&["k", "a"])), ("right_on", text("k"))]).contains("len(right_on)"));
    let nameless = table(&[(Some(1), 5)], "c");
    let nothing = nameless.with_schema(
        nameless.schema().with_columns(Kind::Frame, [Field::new("x", float()), Field::new("y", int())]),
    );
    assert!(merged(&left(), &nothing.unwrap(), &[]).unwrap_err().to_string().contains("No common columns"));
    assert_eq!(Label::from("k"), left().schema().columns[0].label);
}
