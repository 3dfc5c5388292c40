//! Merges of frames of several partitions, planned and run on threads.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{Float64Type, Int64Type};
use raskt_core::{DType, Param, Result, Token};
use raskt_exec::{BodyRegistry, Pool, Run, RunOptions};
use raskt_expr::{Expr, NoLibrary, Planner};
use raskt_frame::join::MERGE;
use raskt_frame::source::HeldTokens;
use raskt_frame::{
    Builder, Divisions, Field, FrameMeta, Index, Kind, PandasType, Schema, Table, from_tables, planner,
    register, table,
};

fn int() -> PandasType {
    PandasType::Plain(DType::Int64)
}

/// A frame of a key `k` and numbers called `name`; each partition is a list of both.
fn frame(name: &str, partitions: &[&[(i64, i64)]]) -> Expr {
    let schema = Schema::new(Kind::Frame, [Field::new("k", int()), Field::new(name, int())]);
    let table = |rows: &&[(i64, i64)]| {
        let column = |of: fn(&(i64, i64)) -> i64| Arc::new(Int64Array::from_iter_values(rows.iter().map(of)));
        let columns: Vec<ArrayRef> = vec![column(|row| row.0), column(|row| row.1)];
        Table::over_range(schema.clone(), columns, rows.len()).unwrap().into()
    };
    let token = Token::of(&format!("{name} {partitions:?}")).unwrap();
    from_tables(partitions.iter().map(table).collect(), None, &schema, None, token).unwrap()
}

/// A frame of numbers called `name` over keys as the index, divided at `divisions`.
fn indexed(name: &str, partitions: &[&[(i64, i64)]], divisions: &[i64]) -> Expr {
    let schema = Schema::new(Kind::Frame, [Field::new(name, int())]).with_index([Field::new("k", int())]);
    let table = |rows: &&[(i64, i64)]| {
        let column = |of: fn(&(i64, i64)) -> i64| {
            Arc::new(Int64Array::from_iter_values(rows.iter().map(of))) as ArrayRef
        };
        let index = Index::Levels([column(|row| row.0)].into());
        Table::new(schema.clone(), vec![column(|row| row.1)], index, rows.len()).unwrap().into()
    };
    let token = Token::of(&format!("indexed {name} {partitions:?}")).unwrap();
    let divisions = Divisions::new(Arc::new(Int64Array::from(divisions.to_vec()))).unwrap();
    let partitions = partitions.iter().map(table).collect();
    from_tables(partitions, None, &schema, Some(Arc::new(divisions)), token).unwrap()
}

struct Session(Planner);

impl Session {
    fn new() -> Self {
        Self(planner(Arc::new(NoLibrary)).unwrap())
    }

    fn make(&self, name: &str, operands: &[&Expr], parameters: &[(&str, Param)]) -> Result<Expr> {
        let operands: Vec<Expr> = operands.iter().map(|&expr| expr.clone()).collect();
        let parameters = Param::map(parameters.iter().cloned());
        Builder::new(self.0.context(), &HeldTokens).make(name, &operands, parameters)
    }

    fn tables(&self, root: &Expr) -> Vec<Table> {
        let plan = self.0.plan(std::slice::from_ref(root)).unwrap();
        let mut registry = BodyRegistry::default();
        register(&mut registry).unwrap();
        let registry = Arc::new(registry);
        let options = RunOptions { n_workers: 2, ..RunOptions::default() };
        let run = Arc::new(Run::new(plan.table().unwrap(), Arc::clone(&registry), options).unwrap());
        let pool = Pool::new(2, &registry).unwrap();
        if !run.run_inline() {
            pool.start(&run);
        }
        while !run.wait(None) {}
        let tables: Vec<Table> =
            run.results().unwrap().iter().map(|value| Table::of(value).unwrap().clone()).collect();
        let meta = self.0.context().meta(root).unwrap().clone();
        assert_eq!(FrameMeta::n_partitions(&meta), tables.len() as u64);
        for table in &tables {
            assert_eq!(**table.schema(), FrameMeta::of(&meta).unwrap().schema);
        }
        tables
    }

    /// The numbers of both sides in each row, sorted; -1 where there is no row.
    fn pairs(&self, root: &Expr, names: [&str; 2]) -> Vec<(i64, i64)> {
        let whole = table::concat(&self.tables(root)).unwrap();
        let numbers = |name: &str| -> Vec<i64> {
            let column = &whole.columns()[whole.schema().position(&name.into()).unwrap()];
            match column.as_primitive_opt::<Int64Type>() {
                Some(numbers) => numbers.values().to_vec(),
                None => {
                    let number = |value: &f64| if value.is_nan() { -1 } else { *value as i64 };
                    column.as_primitive::<Float64Type>().values().iter().map(number).collect()
                }
            }
        };
        let mut pairs: Vec<_> = numbers(names[0]).into_iter().zip(numbers(names[1])).collect();
        pairs.sort_unstable();
        pairs
    }
}

fn how(name: &str) -> (&'static str, Param) {
    ("how", Param::Str(name.into()))
}

#[test]
fn every_partition_meets_the_only_one_of_the_other_side() {
    let session = Session::new();
    let many = frame("a", &[&[(1, 10), (2, 11)], &[], &[(3, 12), (1, 13)]]);
    let one = frame("b", &[&[(1, 20), (3, 21), (4, 22)]]);
    let merge = |left, right, name| session.make(MERGE, &[left, right], &[how(name)]).unwrap();
    let inner = [(10, 20), (12, 21), (13, 20)];
    assert_eq!(session.pairs(&merge(&many, &one, "inner"), ["a", "b"]), inner);
    assert_eq!(session.pairs(&merge(&one, &many, "inner"), ["a", "b"]), inner);
    let all = [(10, 20), (11, -1), (12, 21), (13, 20)];
    assert_eq!(session.pairs(&merge(&many, &one, "left"), ["a", "b"]), all);
    assert_eq!(session.pairs(&merge(&one, &many, "right"), ["a", "b"]), all);
    assert_eq!(session.tables(&merge(&many, &one, "left")).len(), 3);
    assert_eq!(session.tables(&merge(&many, &one, "leftsemi")).iter().map(Table::n_rows).sum::<usize>(), 3);
    assert_eq!(session.tables(&merge(&many, &one, "left_anti")).iter().map(Table::n_rows).sum::<usize>(), 1);
}

#[test]
fn divisions_stay_where_rows_stay() {
    let session = Session::new();
    let left = indexed("a", &[&[(1, 10), (2, 11)], &[(5, 12)]], &[1, 5, 9]);
    let right = indexed("b", &[&[(2, 20), (4, 21)], &[(5, 22), (9, 23)]], &[1, 5, 9]);
    let on_index = |name| [how(name), ("left_index", Param::Bool(true)), ("right_index", Param::Bool(true))];
    let outer = session.make(MERGE, &[&left, &right], &on_index("outer")).unwrap();
    assert_eq!(session.pairs(&outer, ["a", "b"]), [(-1, 21), (-1, 23), (10, -1), (11, 20), (12, 22)]);
    let divisions = |expr: &Expr| {
        let context = session.0.context();
        FrameMeta::of(context.meta(expr).unwrap()).unwrap().divisions.is_some()
    };
    assert!(divisions(&outer));
    let one = frame("b", &[&[(1, 20), (3, 21)]]);
    let arguments = [how("left"), ("left_index", Param::Bool(true)), ("right_on", Param::Str("k".into()))];
    assert!(!divisions(&session.make(MERGE, &[&left, &one], &arguments).unwrap()));
}

#[test]
fn what_pandas_refuses_is_an_error_of_planning() {
    let session = Session::new();
    let (left, right) = (frame("a", &[&[(1, 10)]]), frame("b", &[&[(1, 20)]]));
    let error = |parameters: &[(&str, Param)]| {
        session.make(MERGE, &[&left, &right], parameters).unwrap_err().to_string()
    };
    assert!(error(&[how("inner"), ("on", Param::Str("z".into()))]).contains("'z'"));
    assert!(error(&[how("sideways")]).contains("sideways"));
}
