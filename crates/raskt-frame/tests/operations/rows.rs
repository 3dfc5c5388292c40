//! Partitions chosen, concatenated and cut anew.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::Int64Type;
use proptest::prelude::*;
use raskt_core::{DType, Param, Result, Token};
use raskt_expr::Expr;
use raskt_frame::{Divisions, Field, FrameMeta, Index, Kind, PandasType, Schema, Table, from_tables};

use crate::session::{Session, frame};

fn int() -> PandasType {
    PandasType::Plain(DType::Int64)
}

fn ints(values: &[i64]) -> Param {
    Param::List(values.iter().copied().map(Param::Int).collect())
}

/// A frame of one column, the index of which has the same values as it.
fn sorted(partitions: &[Vec<i64>], boundaries: Option<&[i64]>) -> Expr {
    let schema = Schema::new(Kind::Frame, [Field::new("a", int())]);
    let table = |values: &Vec<i64>| {
        let array: ArrayRef = Arc::new(Int64Array::from(values.clone()));
        let index = Index::Levels([Arc::clone(&array)].into());
        Table::new(schema.clone(), vec![array], index, values.len()).unwrap().into()
    };
    let divisions =
        boundaries.map(|values| Divisions::new(Arc::new(Int64Array::from(values.to_vec()))).unwrap());
    let token = Token::of(&format!("{partitions:?}{boundaries:?}")).unwrap();
    from_tables(partitions.iter().map(table).collect(), None, &schema, divisions.map(Arc::new), token)
        .unwrap()
}

fn values(table: &Table) -> Vec<i64> {
    table.columns()[0].as_primitive::<Int64Type>().values().to_vec()
}

impl Session {
    /// The first column of every partition, which is held against what was known ahead.
    fn parts(&self, expr: &Expr) -> Vec<Vec<i64>> {
        let context = self.0.context();
        let meta = context.meta(expr).unwrap();
        let (lengths, own) = (FrameMeta::lengths(meta), FrameMeta::of(meta).unwrap());
        let tables = self.tables(expr);
        assert_eq!(lengths.len(), tables.len());
        for (table, length) in tables.iter().zip(lengths) {
            assert_eq!(**table.schema(), own.schema);
            assert!(length.is_none_or(|length| length == table.n_rows() as u64), "{length:?} {table:?}");
        }
        tables.iter().map(values).collect()
    }

    fn boundaries(&self, expr: &Expr) -> Option<Vec<i64>> {
        let context = self.0.context();
        let divisions = FrameMeta::of(context.meta(expr).unwrap()).unwrap().divisions.clone();
        divisions.map(|divisions| divisions.boundaries().as_primitive::<Int64Type>().values().to_vec())
    }

    fn ends(&self, name: &str, on: &Expr, n: i64, npartitions: i64) -> Result<Expr> {
        self.make(name, &[on], &[("n", Param::Int(n)), ("npartitions", Param::Int(npartitions))])
    }

    fn repartition(&self, on: &Expr, npartitions: i64) -> Result<Expr> {
        self.make("repartition", &[on], &[("npartitions", Param::Int(npartitions))])
    }
}

#[test]
fn partitions_are_chosen_with_their_divisions() {
    let session = Session::new();
    let df = sorted(&[vec![0, 1], vec![2], vec![5, 6], vec![8]], Some(&[0, 2, 5, 8, 9]));
    let choose = |numbers: &[i64]| session.make("choose", &[&df], &[("numbers", ints(numbers))]);
    let some = choose(&[1, 3]).unwrap();
    assert_eq!(session.parts(&some), [vec![2], vec![8]]);
    assert_eq!(session.boundaries(&some).unwrap(), [2, 8, 9]);
    let back = choose(&[3, 0]).unwrap();
    assert_eq!(session.parts(&back), [vec![8], vec![0, 1]]);
    assert_eq!(session.boundaries(&back), None);
    assert!(choose(&[]).is_err());
    let error = choose(&[4]).unwrap_err().to_string();
    assert!(error.contains("of a frame that has 4"), "{error}");
}

#[test]
fn the_rows_at_the_ends_are_of_as_many_partitions_as_are_asked() {
    let session = Session::new();
    let df = sorted(&[vec![0, 1], vec![], vec![5, 6, 7]], Some(&[0, 2, 5, 7]));
    let of = |name, n, npartitions| session.parts(&session.ends(name, &df, n, npartitions).unwrap()).concat();
    assert_eq!(of("head", 3, 1), [0, 1]);
    assert_eq!(of("head", 3, -1), [0, 1, 5]);
    assert_eq!(of("head", 0, 2), [0; 0]);
    assert_eq!(of("tail", 2, 1), [6, 7]);
    assert_eq!(of("tail", 4, 3), [1, 5, 6, 7]);
    assert_eq!(session.boundaries(&session.ends("head", &df, 1, 2).unwrap()).unwrap(), [0, 5]);
    assert!(session.ends("head", &df, 1, 4).is_err() && session.ends("head", &df, -1, 1).is_err());
}

#[test]
fn frames_are_put_one_after_another_under_the_dtypes_in_which_they_meet() {
    let session = Session::new();
    let one = frame(&[vec![(1, Some(0.5), "a")], vec![(2, None, "b")]]);
    let n = session.column(&one, "n");
    let half = session.method("truediv", &n, Param::Int(2));
    let floats = session.make("concat", &[&n, &half], &[]).unwrap();
    let table = session.whole(&floats);
    assert_eq!(table.schema().columns[0], Field::new("n", PandasType::Plain(DType::Float64)));
    assert_eq!(crate::floats(&table, 0), [1.0, 2.0, 0.5, 1.0]);
    let labels = |names: &[&str]| Param::List(names.iter().map(|&name| Param::Str(name.into())).collect());
    let left = session.make("columns", &[&one], &[("labels", labels(&["n", "t"]))]).unwrap();
    let right = session.make("columns", &[&one], &[("labels", labels(&["x", "n"]))]).unwrap();
    let outer = session.whole(&session.make("concat", &[&left, &right], &[]).unwrap());
    let names: Vec<String> = outer.schema().labels().map(ToString::to_string).collect();
    assert_eq!(names, ["'n'", "'t'", "'x'"]);
    assert_eq!(values(&outer), [1, 2, 1, 2]);
    assert_eq!(outer.columns()[1].null_count(), 2);
    assert!(crate::floats(&outer, 2)[..2].iter().all(|value| value.is_nan()));
    let inner = session.make("concat", &[&left, &right], &[("join", Param::Str("inner".into()))]).unwrap();
    assert_eq!(session.whole(&inner).columns().len(), 1);
    let text = session.column(&one, "t");
    assert!(session.make("concat", &[&n, &text], &[]).is_err());
}

#[test]
fn divisions_stay_known_where_each_frame_ends_before_the_next_begins() {
    let session = Session::new();
    let one = sorted(&[vec![0], vec![3]], Some(&[0, 2, 3]));
    let two = sorted(&[vec![4, 5]], Some(&[4, 5]));
    let concat = |operands: &[&Expr]| session.make("concat", operands, &[]).unwrap();
    assert_eq!(session.boundaries(&concat(&[&one, &two])).unwrap(), [0, 2, 4, 5]);
    assert_eq!(session.parts(&concat(&[&one, &two])), [vec![0], vec![3], vec![4, 5]]);
    assert_eq!(session.boundaries(&concat(&[&two, &one])), None);
    assert_eq!(session.boundaries(&concat(&[&one, &one])), None);
}

#[test]
fn new_divisions_need_old_ones_and_reach_as_far() {
    let session = Session::new();
    let df = sorted(&[vec![0, 1], vec![4]], Some(&[0, 3, 4]));
    let redivide = |on: &Expr, to: &[i64], force: bool| {
        session.make("redivide", &[on], &[("divisions", ints(to)), ("force", Param::Bool(force))])
    };
    assert!(redivide(&sorted(&[vec![1]], None), &[0, 1], false).is_err());
    for to in [[0, 3], [1, 4], [-1, 4]] {
        assert!(redivide(&df, &to, false).is_err(), "{to:?}");
    }
    assert_eq!(session.parts(&redivide(&df, &[-1, 0, 1, 9], true).unwrap()), [vec![], vec![0], vec![1, 4]]);
    assert!(session.repartition(&df, 0).is_err());
}

#[test]
fn lengths_are_a_series_of_a_row_a_partition() {
    let session = Session::new();
    let df = sorted(&[vec![0, 1], vec![], vec![4]], None);
    let lengths = session.make("lengths", &[&df], &[]).unwrap();
    assert_eq!(session.parts(&lengths), [[2, 0, 1]]);
    let table = session.whole(&lengths);
    assert_eq!(table.levels()[0].as_primitive::<Int64Type>().values(), &[0, 1, 2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_row_is_lost_where_partitions_are_cut_anew(
        sizes in prop::collection::vec(0_usize..5, 1..6), wanted in 1_i64..14,
    ) {
        let session = Session::new();
        let mut next = 0..;
        let partitions: Vec<Vec<i64>> = sizes.iter().map(|&n| next.by_ref().take(n).collect()).collect();
        let mut boundaries = vec![0];
        for rows in &partitions {
            boundaries.push(boundaries[boundaries.len() - 1] + rows.len() as i64);
        }
        let df = sorted(&partitions, Some(&boundaries));
        let cut = session.repartition(&df, wanted).unwrap();
        let parts = session.parts(&cut);
        prop_assert_eq!(parts.len() as i64, wanted);
        prop_assert_eq!(parts.concat(), partitions.concat());
        let known = session.boundaries(&cut);
        prop_assert_eq!(known.is_some(), wanted as usize <= sizes.len());
    }

    #[test]
    fn rows_lie_between_new_divisions(
        cuts in prop::collection::btree_set(1_i64..30, 0..5), new in prop::collection::btree_set(1_i64..30, 0..5),
    ) {
        let session = Session::new();
        let all = |inner: &std::collections::BTreeSet<i64>| -> Vec<i64> {
            std::iter::once(0).chain(inner.iter().copied()).chain([30]).collect()
        };
        let (old, new) = (all(&cuts), all(&new));
        let rows = |from: i64, to: i64, last: bool| -> Vec<i64> {
            (from..to + i64::from(last)).filter(|value| value % 3 != 1).flat_map(|value| [value, value]).collect()
        };
        let of = |bounds: &[i64]| -> Vec<Vec<i64>> {
            let n = bounds.len() - 1;
            (0..n).map(|at| rows(bounds[at], bounds[at + 1], at + 1 == n)).collect()
        };
        let df = sorted(&of(&old), Some(&old));
        let cut = session.make("redivide", &[&df], &[("divisions", ints(&new))]).unwrap();
        prop_assert_eq!(session.parts(&cut), of(&new));
        prop_assert_eq!(session.boundaries(&cut), Some(new));
    }
}
