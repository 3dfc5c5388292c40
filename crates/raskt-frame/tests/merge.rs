//! Merges of frames of several partitions, planned and run on threads.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{Float64Type, Int64Type};
use raskt_core::{DType, ForeignDecode, Opaque, Param, Payload, Result, Sealed, Token, Value};
use raskt_exec::{BodyRegistry, Pool, Run, RunOptions};
use raskt_expr::{Bounds, Expr, Library, Meta, NoLibrary, Plan, Planner};
use raskt_frame::exchange::{ExchangeRuntime, Pieces, Place, RUNTIME};
use raskt_frame::join::MERGE;
use raskt_frame::partition::SHUFFLE;
use raskt_frame::source::HeldTokens;
use raskt_frame::{
    Builder, Divisions, Field, FrameMeta, Index, Kind, PandasType, Schema, Table, from_tables, planner,
    register, table,
};
use raskt_graph::Body;
use raskt_store::receive;

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

    fn results(plan: &Plan) -> Result<Vec<Table>> {
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
        run.results()?.iter().map(|value| Table::of(value).cloned()).collect()
    }

    fn run(&self, root: &Expr) -> Result<Vec<Table>> {
        Self::results(&self.0.plan(std::slice::from_ref(root))?)
    }

    fn tables(&self, root: &Expr) -> Vec<Table> {
        let tables = self.run(root).unwrap();
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

/// Many keys, some of them on one side only.
fn many(name: &str, n_partitions: i64, step: i64) -> Expr {
    let rows: Vec<Vec<(i64, i64)>> = (0..n_partitions)
        .map(|part| (0..50).map(|row| (part * 50 + row) * step % 120).zip(part * 50..).collect())
        .collect();
    frame(name, &rows.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn rows_of_several_partitions_on_both_sides_find_each_other() {
    let session = Session::new();
    let (left, right) = (many("a", 4, 1), many("b", 3, 7));
    let (one_left, one_right) = (gathered(&session, &left), gathered(&session, &right));
    for name in ["inner", "left", "right", "outer", "left_anti", "right_anti"] {
        let parameters = [how(name), ("indicator", Param::Bool(true))];
        let shuffled = session.make(MERGE, &[&left, &right], &parameters).unwrap();
        let whole = session.make(MERGE, &[&one_left, &one_right], &parameters).unwrap();
        assert_eq!(session.tables(&shuffled).len(), 4);
        assert_eq!(session.pairs(&shuffled, ["a", "b"]), session.pairs(&whole, ["a", "b"]), "{name}");
    }
    let more =
        session.make(MERGE, &[&left, &right], &[how("inner"), ("npartitions", Param::Int(7))]).unwrap();
    assert_eq!(session.tables(&more).len(), 7);
    // Keys that must not repeat are looked at where all rows of a key are.
    let validated = [how("left"), ("validate", Param::Str("1:m".into()))];
    let error = session.run(&session.make(MERGE, &[&left, &one_right], &validated).unwrap()).unwrap_err();
    assert!(error.to_string().contains("not unique in left"), "{error}");
    let cross = session.make(MERGE, &[&left, &right], &[how("cross")]).unwrap();
    assert_eq!(session.tables(&cross).iter().map(Table::n_rows).sum::<usize>(), 200 * 150);
}

/// The same rows in one partition.
fn gathered(session: &Session, of: &Expr) -> Expr {
    let whole = table::concat(&session.tables(of)).unwrap();
    let schema = whole.schema().as_ref().clone();
    let token = Token::of(&format!("gathered {}", of.token())).unwrap();
    from_tables(vec![whole.into()], None, &schema, None, token).unwrap()
}

#[test]
fn a_shuffle_brings_equal_rows_together_and_loses_none() {
    let session = Session::new();
    let df = many("a", 5, 11);
    let on = ("on", Param::List([Param::Str("k".into())].into()));
    let shuffled = session.make(SHUFFLE, &[&df], &[on.clone(), ("npartitions", Param::Int(3))]).unwrap();
    let tables = session.tables(&shuffled);
    assert_eq!(tables.len(), 3);
    let mut place = std::collections::HashMap::new();
    let mut numbers = Vec::new();
    for (at, table) in tables.iter().enumerate() {
        for key in table.columns()[0].as_primitive::<Int64Type>().values() {
            assert_eq!(*place.entry(*key).or_insert(at), at);
        }
        numbers.extend_from_slice(table.columns()[1].as_primitive::<Int64Type>().values());
        // Rows of one partition stay in their order, and each keeps its place in the index.
        let levels = table.levels();
        assert!(levels[0].as_primitive::<Int64Type>().values().iter().all(|row| *row < 50));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..250).collect::<Vec<_>>());
    assert_eq!(session.tables(&session.make(SHUFFLE, &[&df], &[]).unwrap()).len(), 5);
    let error =
        |parameters: &[(&str, Param)]| session.make(SHUFFLE, &[&df], parameters).unwrap_err().to_string();
    assert!(error(&[("on", Param::List([Param::Str("z".into())].into()))]).contains("'z'"));
    assert!(error(&[on, ("npartitions", Param::Int(0))]).contains("npartitions"));
}

#[test]
fn a_shuffle_keeps_within_its_budget_by_writing_files() {
    let folder = std::env::temp_dir().join(format!("raskt-frame-shuffle-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let session = Session(planner(Arc::new(Kept(folder.clone()))).unwrap());
    let df = many("a", 5, 11);
    let on = ("on", Param::List([Param::Str("k".into())].into()));
    let shuffled = session.make(SHUFFLE, &[&df], &[on]).unwrap();
    let bounds = Bounds { memory_bytes: Some(512), n_workers: 2 };
    let plan = session.0.plan_within(std::slice::from_ref(&shuffled), bounds).unwrap();
    let tables = Session::results(&plan).unwrap();
    assert_eq!(tables.iter().map(Table::n_rows).sum::<usize>(), 250);
    assert!(spilled_bytes(&plan) > 0);
    drop(plan);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "files outlived their computation");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// What the tasks of `plan` wrote to files.
fn spilled_bytes(plan: &Plan) -> u64 {
    let table = plan.table().unwrap();
    let of_task = |task: u32| match table.body(task) {
        Body::Native { parameters, .. } => match parameters.get("place") {
            Some(Param::Value(Value::Opaque(object))) => object.as_any().downcast_ref::<Place>(),
            _ => None,
        },
        _ => None,
    };
    let places = (0..u32::try_from(table.n_tasks()).unwrap()).filter_map(of_task);
    places.map(Place::spilled_bytes).max().unwrap()
}

/// Says where files may be.
struct Kept(std::path::PathBuf);

impl Library for Kept {
    fn meta(&self, path: &str, operands: &[Meta], parameters: &Param) -> Result<Meta> {
        NoLibrary.meta(path, operands, parameters)
    }

    fn scratch_parent(&self) -> Result<Option<std::path::PathBuf>> {
        Ok(Some(self.0.clone()))
    }
}

#[test]
fn what_is_sent_can_be_received_in_another_process() {
    let place = Place::new(Some(&std::env::temp_dir()), 1 << 20, 2).unwrap();
    let there = decoded(&Value::Opaque(Arc::new(place)));
    let Value::Opaque(there) = &there.1 else { panic!("no place") };
    let mut sender = there.as_any().downcast_ref::<Place>().unwrap().sender(2).unwrap();
    sender.append(1, Payload { header: vec![7], buffers: Vec::new() }).unwrap();
    let (_, back) = decoded(&Pieces::new(sender.finish()).into());
    let found: Vec<_> =
        receive([Pieces::of(&back).unwrap()], 1).unwrap().map(|piece| piece.unwrap()).collect();
    assert_eq!(found[0].header, [7]);
    // Without a folder nothing can be written for others.
    let place: Arc<dyn Opaque> = Arc::new(Place::new(None, 1 << 20, 2).unwrap());
    assert!(place.encode().unwrap_err().to_string().contains("folder"));
    assert!(Pieces::of(&Value::Int(1)).is_err());
}

/// A value, and what another process makes of its bytes. The value has to live as long.
fn decoded(value: &Value) -> (Value, Value) {
    let Value::Opaque(object) = value else { panic!("no object") };
    let sealed = Sealed::new(RUNTIME.into(), object.encode().unwrap(), 0);
    (value.clone(), ExchangeRuntime.decode(sealed).unwrap())
}
