//! The greatest rows, distinct ones, and how often values are there; rows in order.

use std::collections::BTreeSet;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use proptest::prelude::*;
use raskt_core::{Param, Result};
use raskt_expr::Expr;
use raskt_frame::{Kind, PandasType, Table};

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
