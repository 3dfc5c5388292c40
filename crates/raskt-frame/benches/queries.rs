//! How fast queries are planned and run: `cargo bench -p raskt-frame --bench queries -- FOLDER`, where FOLDER/lineitem holds the
//! Parquet files of TPC-H's table of that name.
//!
//! Query 1; a group-by of many groups; the sum of some of 100 rows in memory. Each with the optimizer and, behind it, without.
//! Prints the best of seven rounds.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, Float64Array, Int64Array};
use raskt_core::{DType, Param, TimeUnit, Token};
use raskt_exec::{BodyRegistry, Pool, Run, RunOptions};
use raskt_expr::{Expr, NoLibrary, Planner};
use raskt_frame::arguments::Argument;
use raskt_frame::groupby::{Aggregate, Function, GroupBy};
use raskt_frame::io::parquet::{ParquetFile, ParquetIndex, ReadParquet};
use raskt_frame::source::{HeldTokens, read_parquet};
use raskt_frame::{
    Builder, COLLECTION, Field, FrameMeta, Key, Kind, PandasType, Schema, Table, from_tables, planner,
    register,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

const N_ROUNDS: usize = 7;

struct Session {
    planner: Planner,
    registry: Arc<BodyRegistry>,
    pool: Pool,
    n_workers: usize,
}

impl Session {
    fn new() -> Outcome<Self> {
        let n_workers = std::thread::available_parallelism()?.get();
        let mut registry = BodyRegistry::default();
        register(&mut registry)?;
        let registry = Arc::new(registry);
        let pool = Pool::new(n_workers, &registry)?;
        Ok(Self { planner: planner(Arc::new(NoLibrary))?, registry, pool, n_workers })
    }

    fn make(&self, name: &str, operands: &[&Expr], parameters: Param) -> Outcome<Expr> {
        let operands: Vec<Expr> = operands.iter().map(|&expr| expr.clone()).collect();
        Ok(Builder::new(self.planner.context(), &HeldTokens).make(name, &operands, parameters)?)
    }

    fn column(&self, of: &Expr, label: &str) -> Outcome<Expr> {
        self.make("column", &[of], Param::map([("label", Param::Str(label.into()))]))
    }

    fn method(&self, name: &str, operands: &[&Expr], argument: Param) -> Outcome<Expr> {
        let args = Param::List([argument].into());
        self.make("method", operands, Param::map([("name", Param::Str(name.into())), ("args", args)]))
    }

    fn assign(&self, of: &Expr, label: &str, value: &Expr) -> Outcome<Expr> {
        let labels = Param::List([Param::Str(label.into())].into());
        let values = Param::List([Argument::operand(1)].into());
        self.make("assign", &[of, value], Param::map([("labels", labels), ("values", values)]))
    }

    fn filter(&self, of: &Expr, label: &str, operator: &str, than: Param) -> Outcome<Expr> {
        let mask = self.method(operator, &[&self.column(of, label)?], than)?;
        self.make("filter", &[of, &mask], Param::map([]))
    }

    fn groupby(&self, of: &Expr, keys: &[&str], aggregates: &[(&str, Function)]) -> Outcome<Expr> {
        let schema = &FrameMeta::of(self.planner.context().meta(of)?)?.schema;
        let aggregate = |&(column, function): &(&str, Function)| {
            let dtype = schema.columns[schema.position(&column.into())?].dtype.clone();
            let label = format!("{column}_{}", function.name());
            Ok::<_, raskt_core::Error>(Aggregate {
                column: column.into(),
                of: dtype,
                function,
                label: label.as_str().into(),
            })
        };
        let by = GroupBy {
            keys: keys.iter().map(|&key| Key::Column(key.into())).collect(),
            aggregates: aggregates.iter().map(aggregate).collect::<Result<_, _>>()?,
            dropna: true,
            sort: true,
        };
        self.make("groupby", &[of], by.to_param())
    }

    fn run(&self, planner: &Planner, root: &Expr) -> Outcome<usize> {
        let plan = planner.plan(std::slice::from_ref(root))?;
        let options = RunOptions { n_workers: self.n_workers, ..RunOptions::default() };
        let run = Arc::new(Run::new(plan.table()?, Arc::clone(&self.registry), options)?);
        if !run.run_inline() {
            self.pool.start(&run);
        }
        while !run.wait(None) {}
        let results = run.results()?;
        results.iter().map(|value| Ok(Table::of(value)?.n_rows())).sum()
    }

    fn time(&self, what: &str, make: &dyn Fn(&Self) -> Outcome<Expr>) -> Outcome<()> {
        let plain = self.planner.without(&self.planner.steps(COLLECTION));
        let mut times = Vec::new();
        let mut n_rows = 0;
        for planner in [&self.planner, &plain] {
            let mut best = f64::INFINITY;
            for _ in 0..N_ROUNDS {
                let begin = Instant::now();
                n_rows = self.run(planner, &make(self)?)?;
                best = best.min(begin.elapsed().as_secs_f64());
            }
            times.push(best * 1e3);
        }
        println!("{what}: {n_rows} rows in {:.3} ms, {:.3} ms without the optimizer", times[0], times[1]);
        Ok(())
    }
}

fn lineitem(folder: &str) -> Outcome<Expr> {
    let mut paths: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(format!("{folder}/lineitem"))? {
        paths.push(entry?.path().display().to_string());
    }
    paths.sort();
    let files = paths.iter().map(|path| ParquetFile::open(path.as_str(), &ParquetIndex::default(), None));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let reads: Vec<ReadParquet> = paths.iter().map(|path| ReadParquet::new(path.as_str())).collect();
    let lengths: Vec<u64> = files.iter().map(ParquetFile::n_rows).collect();
    Ok(read_parquet(&reads, files[0].schema(), Some(&lengths))?)
}

fn query_1(session: &Session, folder: &str) -> Outcome<Expr> {
    let of = lineitem(folder)?;
    let dtype = PandasType::Plain(DType::Datetime(TimeUnit::Millisecond)).to_param();
    let day = Param::map([("dtype", dtype), ("value", Param::Int(904_608_000_000))]);
    let of = session.filter(&of, "l_shipdate", "le", day)?;
    let rest = session.method("rsub", &[&session.column(&of, "l_discount")?], Param::Int(1))?;
    let price =
        session.method("mul", &[&session.column(&of, "l_extendedprice")?, &rest], Argument::operand(1))?;
    let of = session.assign(&of, "disc_price", &price)?;
    let more = session.method("radd", &[&session.column(&of, "l_tax")?], Param::Int(1))?;
    let charge =
        session.method("mul", &[&session.column(&of, "disc_price")?, &more], Argument::operand(1))?;
    let of = session.assign(&of, "charge", &charge)?;
    let aggregates = [
        ("l_quantity", Function::Sum),
        ("l_quantity", Function::Mean),
        ("l_extendedprice", Function::Sum),
        ("l_extendedprice", Function::Mean),
        ("disc_price", Function::Sum),
        ("charge", Function::Sum),
        ("l_discount", Function::Mean),
        ("l_orderkey", Function::Count),
    ];
    session.groupby(&of, &["l_returnflag", "l_linestatus"], &aggregates)
}

fn many_groups(session: &Session, folder: &str) -> Outcome<Expr> {
    let of = session.filter(&lineitem(folder)?, "l_quantity", "gt", Param::Float(0.1))?;
    let aggregates = [
        ("l_quantity", Function::Sum),
        ("l_extendedprice", Function::Mean),
        ("l_extendedprice", Function::Max),
    ];
    session.groupby(&of, &["l_partkey"], &aggregates)
}

fn few_rows(session: &Session) -> Outcome<Expr> {
    let float = PandasType::Plain(DType::Float64);
    let fields = [Field::new("x", PandasType::Plain(DType::Int64)), Field::new("y", float)];
    let schema = Schema::new(Kind::Frame, fields);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(-50..50)),
        Arc::new(Float64Array::from_iter_values((0..100).map(f64::from))),
    ];
    let table = Table::over_range(schema.clone(), columns, 100)?;
    let of = from_tables(vec![table.into()], None, &schema, None, Token::of(&100_u64)?)?;
    let chosen = session.filter(&of, "x", "gt", Param::Int(0))?;
    let sum = Param::map([("name", Param::Str("sum".into()))]);
    session.make("reduce", &[&session.column(&chosen, "y")?], sum)
}

fn main() -> Outcome<()> {
    let folder = std::env::args().skip(1).find(|argument| argument != "--bench");
    let session = Session::new()?;
    session.time("sum of some of 100 rows", &few_rows)?;
    if let Some(folder) = folder {
        session.time("query 1", &|session| query_1(session, &folder))?;
        session.time("many groups", &|session| many_groups(session, &folder))?;
    }
    Ok(())
}
