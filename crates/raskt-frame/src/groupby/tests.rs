use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringViewArray};
use arrow::datatypes::{Float64Type, Int64Type};
use proptest::prelude::*;
use raskt_core::{DType, ErrorKind, Param};

use super::*;
use crate::{Field, Key, Kind, Label, PandasType, Schema, Table};

type Row = (Option<String>, i64, f64);

fn table(rows: &[Row]) -> Table {
    let fields = [
        Field::new("k", PandasType::Text),
        Field::new("n", PandasType::Plain(DType::Int64)),
        Field::new("x", PandasType::Plain(DType::Float64)),
    ];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.0.clone()).collect::<StringViewArray>()),
        Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|row| row.2).collect::<Float64Array>()),
    ];
    Table::over_range(Schema::new(Kind::Frame, fields), columns, rows.len()).unwrap()
}

fn by(functions: &[(&str, Function)], dropna: bool) -> GroupBy {
    let aggregate = |(column, function): &(&str, Function)| Aggregate {
        column: Label::from(*column),
        of: PandasType::Plain(if *column == "n" { DType::Int64 } else { DType::Float64 }),
        function: *function,
        options: Options::default(),
        label: Label::from(format!("{column}_{}", function.name()).as_str()),
    };
    let aggregates = functions.iter().map(aggregate).collect();
    GroupBy { keys: [Key::Column("k".into())].into(), aggregates, dropna, sort: true }
}

/// In two levels of a tree, of one partition for each of `cuts`.
fn in_tree(rows: &[Row], cuts: &[usize], by: &GroupBy) -> Table {
    let by = GroupBy::from_param(&by.to_param()).unwrap();
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (rows.len() + 1)).collect();
    ends.extend([0, rows.len()]);
    ends.sort_unstable();
    let parts: Vec<Table> =
        ends.windows(2).map(|ends| partial(&[table(&rows[ends[0]..ends[1]])], &by).unwrap()).collect();
    let pairs: Vec<Table> = parts.chunks(2).map(|pair| combine(pair, &by).unwrap()).collect();
    finalise(&pairs, &by).unwrap()
}

fn near(one: f64, other: f64) -> bool {
    (one.is_nan() && other.is_nan()) || (one - other).abs() <= 1e-9 * (1.0 + other.abs())
}

proptest! {
    #[test]
    fn results_do_not_depend_on_the_partitions(
        rows in proptest::collection::vec(
            (proptest::option::of("[abc]|[ab]{13}"), -9_i64..9, prop_oneof![3 => -4.0..4.0, 1 => Just(f64::NAN)]), 0..50,
        ),
        cuts in proptest::collection::vec(any::<usize>(), 0..4),
        dropna in any::<bool>(),
    ) {
        let functions = [
            ("n", Function::Sum), ("n", Function::Max), ("n", Function::First), ("n", Function::Size),
            ("x", Function::Sum), ("x", Function::Mean), ("x", Function::Var), ("x", Function::Min),
            ("x", Function::Last), ("x", Function::Count),
        ];
        let found = in_tree(&rows, &cuts, &by(&functions, dropna));
        // Groups in order, the missing key last.
        let mut groups: BTreeMap<(bool, Option<String>), Vec<&Row>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.0.is_some() || !dropna) {
            groups.entry((row.0.is_none(), row.0.clone())).or_default().push(row);
        }
        prop_assert_eq!(found.n_rows(), groups.len());
        let int = |at: usize, group: usize| found.columns()[at].as_primitive::<Int64Type>().value(group);
        let float = |at: usize, group: usize| found.columns()[at].as_primitive::<Float64Type>().value(group);
        for (group, ((_, key), rows)) in groups.into_iter().enumerate() {
            let levels = found.levels();
            let keys = levels[0].as_string_view();
            prop_assert_eq!(keys.is_valid(group).then(|| keys.value(group).to_owned()), key);
            let ints: Vec<i64> = rows.iter().map(|row| row.1).collect();
            let ours = [int(0, group), int(1, group), int(2, group), int(3, group)];
            prop_assert_eq!(ours, [ints.iter().sum(), *ints.iter().max().unwrap(), ints[0], ints.len() as i64]);
            let x: Vec<f64> = rows.iter().map(|row| row.2).filter(|x| !x.is_nan()).collect();
            let (n, sum) = (x.len() as f64, x.iter().sum::<f64>());
            let mean = sum / n;
            let squares = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
            let variance = if x.len() > 1 { squares / (n - 1.0) } else { f64::NAN };
            let least = x.iter().copied().fold(f64::NAN, f64::min);
            let wanted = [sum, mean, variance, least, x.last().copied().unwrap_or(f64::NAN)];
            for (at, wanted) in wanted.into_iter().enumerate() {
                prop_assert!(near(float(4 + at, group), wanted), "{at}: {} for {wanted}", float(4 + at, group));
            }
            prop_assert_eq!(int(9, group), x.len() as i64);
        }
    }
}

#[test]
fn groups_stay_in_the_order_of_their_first_rows_where_they_are_not_sorted() {
    let rows = ["b", "a", "b"].map(|key| (Some(key.to_owned()), 1, 1.0));
    let by = GroupBy { sort: false, ..by(&[("n", Function::Prod)], true) };
    let found = in_tree(&rows, &[1, 2], &by);
    assert_eq!(found.levels()[0].as_string_view().iter().flatten().collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(found.schema().index[0].label, Label::from("k"));
}

#[test]
fn what_pandas_computes_is_refused_before_it_is_tried() {
    let of = |of: PandasType, function| Aggregate {
        column: "n".into(),
        of,
        function,
        options: Options::default(),
        label: "n".into(),
    };
    let narrow = |function| of(PandasType::Plain(DType::Int8), function);
    let error = of(PandasType::Text, Function::Sum).dtype().unwrap_err().to_string();
    assert!(error.contains("sum of column 'n' of str"), "{error}");
    assert_eq!(narrow(Function::Mean).dtype().unwrap(), PandasType::Plain(DType::Float64));
    let wrong = GroupBy { aggregates: [of(PandasType::Text, Function::Min)].into(), ..by(&[], true) };
    let error = partial(&[table(&[(None, 1, 1.0)])], &wrong).unwrap_err().to_string();
    assert!(error.contains("is int64, not str"), "{error}");
    assert!(GroupBy::from_param(&raskt_core::Param::Null).is_err());
}

#[test]
fn integers_that_are_floats_in_one_partition_are_floats_in_the_result() {
    let floats = table(&[(Some("a".to_owned()), 0, f64::NAN), (Some("a".to_owned()), 0, 2.5)]);
    let fields = [Field::new("k", PandasType::Text), Field::new("x", PandasType::Plain(DType::Int64))];
    let columns: Vec<ArrayRef> =
        vec![Arc::new(StringViewArray::from(vec!["a", "b"])), Arc::new(Int64Array::from(vec![2, i64::MAX]))];
    let whole = Table::over_range(Schema::new(Kind::Frame, fields), columns, 2).unwrap();
    let functions = [Function::Sum, Function::Max, Function::Count, Function::Nunique];
    let aggregates = functions.map(|function| Aggregate {
        column: "x".into(),
        of: PandasType::Plain(DType::Int64),
        function,
        options: Options::default(),
        label: function.name().into(),
    });
    let by = GroupBy { aggregates: aggregates.into(), ..by(&[], true) };
    let states = [whole, floats].map(|table| partial(&[table], &by).unwrap());
    let found = finalise(&states, &by).unwrap();
    let float = |at: usize| found.columns()[at].as_primitive::<Float64Type>().values().to_vec();
    let int = |at: usize| found.columns()[at].as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(float(0), [4.5, i64::MAX as f64]);
    assert_eq!(float(1), [2.5, i64::MAX as f64]);
    assert_eq!((int(2), int(3)), (vec![2, 1], vec![2, 1]));
}

#[test]
fn functions_that_pandas_computes_are_not_implemented() {
    let count = by(&[("n", Function::Count)], true).to_param();
    let Param::Map(entries) = count else { panic!("{count:?}") };
    let renamed = |param: &Param| match param {
        Param::Str(name) if &**name == "count" => Param::Str("median".into()),
        other => other.clone(),
    };
    let asked = Param::map(entries.iter().map(|(name, value)| {
        let aggregates = |lists: &[Param]| {
            lists
                .iter()
                .map(|one| Param::List(one.as_list().unwrap().iter().map(renamed).collect()))
                .collect()
        };
        let value = match (&**name, value.as_list()) {
            ("aggregates", Some(lists)) => Param::List(aggregates(lists)),
            _ => value.clone(),
        };
        (&**name, value)
    }));
    let error = GroupBy::from_param(&asked).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotImplemented(_)), "{error}");
    assert!(error.to_string().contains("median"), "{error}");
}
