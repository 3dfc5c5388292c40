//! The greatest rows, distinct ones, and how often values are there; rows in order.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use proptest::prelude::*;
use raskt_core::{Param, Result};
use raskt_expr::Expr;
use raskt_frame::{FrameMeta, Kind, PandasType, Table};

use crate::session::{Row, Session, frame};

const LETTERS: [&str; 3] = ["a", "b", "c"];

/// Rows in partitions, whose column `n` has few values, `x` may miss some, and `t` is one of three letters.
fn partitions() -> impl Strategy<Value = Vec<Vec<Row>>> {
    let row = (-3_i64..4, prop::option::of(-2_i32..3), 0_usize..3);
    let row = row.prop_map(|(n, x, t)| (n, x.map(f64::from), LETTERS[t]));
    prop::collection::vec(prop::collection::vec(row, 0..6), 1..20)
}

fn ints(table: &Table, at: usize) -> Vec<i64> {
    table.columns()[at].as_primitive::<Int64Type>().values().to_vec()
}

fn texts(labels: &[&str]) -> Param {
    Param::List(labels.iter().map(|&label| Param::Str(label.into())).collect())
}

/// The rows of a frame as they are compared: with the bits of floats.
fn rows(table: &Table) -> Vec<(i64, Option<u64>, String)> {
    let floats = crate::floats(table, 1);
    let texts = table.columns()[2].as_string_view().iter().flatten();
    let float = |value: f64| (!value.is_nan()).then(|| value.to_bits());
    ints(table, 0).into_iter().zip(floats).zip(texts).map(|((n, x), t)| (n, float(x), t.to_owned())).collect()
}

fn expected(rows: &[Row]) -> Vec<(i64, Option<u64>, String)> {
    rows.iter().map(|(n, x, t)| (*n, x.map(f64::to_bits), (*t).to_owned())).collect()
}

impl Session {
    fn top(&self, name: &str, on: &Expr, n: i64, columns: &[&str]) -> Result<Expr> {
        let parameters =
            [("name", Param::Str(name.into())), ("n", Param::Int(n)), ("columns", texts(columns))];
        self.make("top", &[on], &parameters)
    }
}

/// The places of rows of the whole, in the order of some of `n`, `x` and `t`.
fn in_order(all: &[Row], by: &[(&str, bool)], missing_first: bool) -> Vec<Row> {
    let mut sorted = all.to_vec();
    sorted.sort_by(|a, b| {
        let of = |&(label, ascending): &(&str, bool)| {
            let way = |order: Ordering| if ascending { order } else { order.reverse() };
            match label {
                "n" => way(a.0.cmp(&b.0)),
                "t" => way(a.2.cmp(b.2)),
                _ => match (a.1, b.1) {
                    (Some(x), Some(y)) => way(x.total_cmp(&y)),
                    (x, y) if missing_first => x.is_some().cmp(&y.is_some()),
                    (x, y) => y.is_some().cmp(&x.is_some()),
                },
            }
        };
        by.iter().map(of).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    sorted
}

#[test]
fn a_sort_says_what_is_wrong_with_it() {
    let session = Session::new();
    let df = frame(&[vec![(1, None, "a")], vec![(2, None, "b")]]);
    let sort = |parameters: &[(&str, Param)]| {
        session.make("sort", &[&df], parameters).map(|_| ()).unwrap_err().to_string()
    };
    assert!(sort(&[("by", texts(&["q"]))]).contains("'q' is no column"));
    assert!(
        sort(&[("by", texts(&["n"])), ("na_position", Param::Str("middle".into()))]).contains("na_position")
    );
    let flags = Param::List([Param::Bool(true), Param::Bool(false)].into());
    assert!(sort(&[("by", texts(&["n"])), ("ascending", flags)]).contains("Length of ascending"));
    assert!(sort(&[("by", texts(&["n"])), ("npartitions", Param::Int(0))]).contains("npartitions"));
    let divisions = Param::List([Param::Int(0), Param::Int(9)].into());
    assert!(sort(&[("by", texts(&["n"])), ("divisions", divisions)]).contains("divisions"));
}

#[test]
fn an_index_lies_between_the_divisions_that_are_given() {
    let session = Session::new();
    let df = frame(&[
        vec![(7, None, "a"), (0, None, "b")],
        vec![(5, None, "c"), (5, Some(1.0), "a")],
        vec![(9, None, "c")],
    ]);
    let indexed = session.make("with_index", &[&df], &[("label", Param::Str("n".into()))]).unwrap();
    let divisions =
        |values: &[i64]| ("divisions", Param::List(values.iter().copied().map(Param::Int).collect()));
    let sorted = session.make("sort", &[&indexed], &[divisions(&[0, 5, 6, 9])]).unwrap();
    let index = |table: &Table| table.levels()[0].as_primitive::<Int64Type>().values().to_vec();
    let found: Vec<Vec<i64>> = session.tables(&sorted).iter().map(index).collect();
    assert_eq!(found, [vec![0], vec![5, 5], vec![7, 9]]);
    let context = session.0.context();
    let own = FrameMeta::of(context.meta(&sorted).unwrap()).unwrap();
    assert_eq!(own.divisions.as_ref().unwrap().n_partitions(), 3);
    assert_eq!(**session.whole(&sorted).schema(), own.schema);
    let labels: Vec<String> = own.schema.labels().map(ToString::to_string).collect();
    assert_eq!(
        (labels.join(","), own.schema.index[0].label.to_string()),
        ("'x','t'".to_owned(), "'n'".to_owned())
    );
    let narrow = session.make("sort", &[&indexed], &[divisions(&[0, 5, 8])]).unwrap();
    assert!(session.fails(&narrow).contains("outside of the given divisions"));
    let kept = [("label", Param::Str("n".into())), ("drop", Param::Bool(false))];
    let kept = session.make("with_index", &[&df], &kept).unwrap();
    assert_eq!(session.whole(&kept).columns().len(), 3);
    assert!(session.make("with_index", &[&df], &[("label", Param::Str("q".into()))]).is_err());
}

#[test]
fn text_has_no_greatest_values() {
    let session = Session::new();
    let df = frame(&[vec![(1, None, "a")]]);
    let error = session.top("nlargest", &df, 1, &["t"]).unwrap_err().to_string();
    assert!(error.contains("column 't'"), "{error}");
    assert!(
        session.top("nlargest", &df, 1, &["q"]).is_err() && session.top("nlargest", &df, -1, &["n"]).is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_greatest_and_the_least_rows_are_those_of_the_whole(
        parts in partitions(), n in 0_usize..9, is_least in any::<bool>(),
    ) {
        let session = Session::new();
        let df = frame(&parts);
        let name = if is_least { "nsmallest" } else { "nlargest" };
        let found = session.whole(&session.top(name, &df, n as i64, &["n", "x"]).unwrap());
        let mut all = parts.concat();
        let x = |row: &Row| match row.1 {
            Some(x) if is_least => x,
            Some(x) => -x,
            None => f64::INFINITY,
        };
        all.sort_by(|a, b| {
            let by_n = if is_least { a.0.cmp(&b.0) } else { b.0.cmp(&a.0) };
            by_n.then(x(a).total_cmp(&x(b)))
        });
        all.truncate(n);
        prop_assert_eq!(rows(&found), expected(&all));
        let series = session.column(&df, "n");
        let found = session.whole(&session.top(name, &series, n as i64, &[]).unwrap());
        prop_assert_eq!(ints(&found, 0), all.iter().map(|row| row.0).collect::<Vec<_>>());
    }

    #[test]
    fn rows_are_sorted_over_all_partitions(
        parts in partitions(),
        by in prop::collection::vec((0_usize..3, any::<bool>()), 1..4), missing_first in any::<bool>(),
        n_made in prop::option::of(1_i64..7),
    ) {
        let session = Session::new();
        let df = frame(&parts);
        let by: Vec<(&str, bool)> = by.into_iter().map(|(at, ascending)| (["n", "x", "t"][at], ascending)).collect();
        let labels: Vec<&str> = by.iter().map(|key| key.0).collect();
        let ascending = Param::List(by.iter().map(|key| Param::Bool(key.1)).collect());
        let position = Param::Str(if missing_first { "first" } else { "last" }.into());
        let mut parameters = vec![("by", texts(&labels)), ("ascending", ascending), ("na_position", position)];
        parameters.extend(n_made.map(|n| ("npartitions", Param::Int(n))));
        let sorted = session.make("sort", &[&df], &parameters).unwrap();
        let tables = session.tables(&sorted);
        prop_assert_eq!(tables.len() as i64, n_made.unwrap_or(parts.len() as i64));
        let found: Vec<_> = tables.iter().flat_map(rows).collect();
        prop_assert_eq!(found, expected(&in_order(&parts.concat(), &by, missing_first)));
        let by_index = session.make("sort", &[&df], &[("ascending", Param::Bool(false))]).unwrap();
        let index: Vec<i64> =
            session.tables(&by_index).iter().flat_map(|table| table.levels()[0].as_primitive::<Int64Type>().values().to_vec()).collect();
        prop_assert!(index.is_sorted_by(|one, next| one >= next));
        prop_assert_eq!(index.len(), parts.concat().len());
    }

    #[test]
    fn distinct_rows_are_those_of_the_whole(parts in partitions(), keep in 0_usize..3, by_t in any::<bool>()) {
        let session = Session::new();
        let df = frame(&parts);
        let keep_param = [Param::Str("first".into()), Param::Str("last".into()), Param::Bool(false)][keep].clone();
        let subset: &[&str] = if by_t { &["t", "x"] } else { &["n", "x", "t"] };
        let parameters = [("keep", keep_param), ("subset", texts(subset))];
        let found = session.whole(&session.make("distinct", &[&df], &parameters).unwrap());
        let all = parts.concat();
        let key = |row: &Row| (if by_t { 0 } else { row.0 }, row.1.map(f64::to_bits), row.2);
        let is_met = |rows: &[Row], row: &Row| rows.iter().any(|other| key(other) == key(row));
        let stays = |at: &usize| match keep {
            0 => !is_met(&all[..*at], &all[*at]),
            1 => !is_met(&all[at + 1..], &all[*at]),
            _ => !is_met(&all[..*at], &all[*at]) && !is_met(&all[at + 1..], &all[*at]),
        };
        let left: Vec<Row> = (0..all.len()).filter(stays).map(|at| all[at]).collect();
        prop_assert_eq!(rows(&found), expected(&left));
    }

    #[test]
    fn values_are_counted_over_all_partitions(parts in partitions(), dropna in any::<bool>(), normalize in any::<bool>()) {
        let session = Session::new();
        let x = session.column(&frame(&parts), "x");
        let all: Vec<Option<u64>> = parts.concat().iter().map(|row| row.1.map(f64::to_bits)).collect();
        let kept: Vec<Option<u64>> = all.iter().copied().filter(|value| !dropna || value.is_some()).collect();
        let given = [("dropna", Param::Bool(dropna)), ("normalize", Param::Bool(normalize))];
        let n = session.number(&session.make("nunique", &[&x], &given[..1]).unwrap());
        prop_assert_eq!(n as usize, kept.iter().collect::<BTreeSet<_>>().len());
        let counts = session.whole(&session.make("value_counts", &[&x], &given).unwrap());
        prop_assert_eq!(counts.schema().kind, Kind::Series);
        let mut counted: Vec<(Option<u64>, usize)> = Vec::new();
        for value in &kept {
            match counted.iter_mut().find(|(other, _)| other == value) {
                Some((_, n)) => *n += 1,
                None => counted.push((*value, 1)),
            }
        }
        counted.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let values = counts.levels()[0].as_primitive::<arrow::datatypes::Float64Type>().values().to_vec();
        let values: Vec<_> = values.iter().map(|value| (!value.is_nan()).then(|| value.to_bits())).collect();
        prop_assert_eq!(values, counted.iter().map(|(value, _)| *value).collect::<Vec<_>>());
        let total = kept.len() as f64;
        match normalize {
            true => prop_assert_eq!(
                crate::floats(&counts, 0),
                counted.iter().map(|(_, n)| *n as f64 / total).collect::<Vec<_>>()
            ),
            false => prop_assert_eq!(ints(&counts, 0), counted.iter().map(|(_, n)| *n as i64).collect::<Vec<_>>()),
        }
        let unique = session.make("distinct", &[&x], &[("renumber", Param::Bool(true))]).unwrap();
        let unique = session.whole(&unique);
        prop_assert_eq!(unique.n_rows(), all.iter().collect::<BTreeSet<_>>().len());
        let numbers: Vec<i64> = (0..unique.n_rows() as i64).collect();
        prop_assert_eq!(unique.levels()[0].as_primitive::<Int64Type>().values().to_vec(), numbers);
        prop_assert_eq!(&unique.schema().index[0].dtype, &PandasType::Plain(raskt_core::DType::Int64));
    }
}
