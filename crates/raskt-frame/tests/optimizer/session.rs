//! Frames to plan and run, of files and in memory.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringViewArray};
use raskt_core::{DType, Param, Token, Value};
use raskt_exec::{BodyRegistry, Pool, Run, RunOptions};
use raskt_expr::{Expr, NoLibrary, Planner};
use raskt_frame::arguments::Argument;
use raskt_frame::io::parquet::{ParquetFile, ParquetIndex, ReadParquet, WriteParquet, write_parquet};
use raskt_frame::source::{HeldTokens, read_parquet};
use raskt_frame::{
    Builder, COLLECTION, Field, Kind, PandasType, Schema, Table, from_tables, planner, register,
};

/// A row: an integer, a float that may be missing, a text.
pub type Row = (i64, Option<f64>, &'static str);

/// So many rows, in which `n` counts.
pub fn rows(from: i64, to: i64) -> Vec<Row> {
    let row = |n: i64| (n, (n % 7 != 3).then_some(n as f64 / 2.0), ["a", "b", "c"][n.rem_euclid(3) as usize]);
    (from..to).map(row).collect()
}

pub fn schema() -> Schema {
    let n = Field::new("n", PandasType::Plain(DType::Int64));
    let x = Field::new("x", PandasType::Plain(DType::Float64));
    Schema::new(Kind::Frame, [n, x, Field::new("t", PandasType::Text)])
}

fn table(rows: &[Row]) -> Table {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0))),
        Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>()),
        Arc::new(StringViewArray::from_iter_values(rows.iter().map(|row| row.2))),
    ];
    Table::over_range(schema(), columns, rows.len()).unwrap()
}

/// A frame in memory.
pub fn held(partitions: &[Vec<Row>]) -> Expr {
    let token = Token::of(&format!("{partitions:?}")).unwrap();
    let tables = partitions.iter().map(|rows| Value::from(table(rows))).collect();
    from_tables(tables, None, &schema(), None, token).unwrap()
}

/// A folder that goes with the test.
pub struct Folder(std::path::PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("raskt-optimizer-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// A frame of Parquet files, one a partition, whose row groups have 10 rows.
    pub fn parquet(&self, partitions: &[Vec<Row>]) -> Expr {
        let part = |(at, rows): (usize, &Vec<Row>)| {
            let path: Arc<str> = self.0.join(format!("{at}.parquet")).to_str().unwrap().into();
            let groups: Vec<Table> = rows.chunks(10).map(table).collect();
            write_parquet(&groups, &WriteParquet::new(Arc::clone(&path))).unwrap();
            let file = ParquetFile::open(Arc::clone(&path), &ParquetIndex::default(), None).unwrap();
            (ReadParquet::new(path), file.schema().clone(), file.n_rows())
        };
        let parts: Vec<_> = partitions.iter().enumerate().map(part).collect();
        let lengths: Vec<u64> = parts.iter().map(|part| part.2).collect();
        let schema = Arc::clone(&parts[0].1);
        let reads: Vec<ReadParquet> = parts.into_iter().map(|part| part.0).collect();
        read_parquet(&reads, &schema, Some(&lengths)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Makes expressions, plans and runs them.
pub struct Session(pub Planner);

impl Session {
    pub fn new() -> Self {
        Self(planner(Arc::new(NoLibrary)).unwrap())
    }

    /// The same without any rule or pass.
    pub fn plain(&self) -> Self {
        Self(self.0.without(&self.0.steps(COLLECTION)))
    }

    pub fn make(&self, name: &str, operands: &[&Expr], parameters: Param) -> Expr {
        let operands: Vec<Expr> = operands.iter().map(|&expr| expr.clone()).collect();
        Builder::new(self.0.context(), &HeldTokens).make(name, &operands, parameters).unwrap()
    }

    pub fn column(&self, of: &Expr, label: &str) -> Expr {
        self.make("column", &[of], Param::map([("label", Param::Str(label.into()))]))
    }

    pub fn columns(&self, of: &Expr, labels: &[&str]) -> Expr {
        let labels = labels.iter().map(|&label| Param::Str(label.into())).collect();
        self.make("columns", &[of], Param::map([("labels", Param::List(labels))]))
    }

    /// The method `name` of `on`, with one argument.
    pub fn method(&self, name: &str, on: &Expr, argument: Param) -> Expr {
        let args = Param::List([argument].into());
        self.make("method", &[on], Param::map([("name", Param::Str(name.into())), ("args", args)]))
    }

    /// The method `name` of `on` and another expression.
    pub fn with(&self, name: &str, on: &Expr, other: &Expr) -> Expr {
        let args = Param::List([Argument::operand(1)].into());
        self.make("method", &[on, other], Param::map([("name", Param::Str(name.into())), ("args", args)]))
    }

    /// The rows at which `label` is greater than `least`.
    pub fn above(&self, of: &Expr, label: &str, least: f64) -> Expr {
        let mask = self.method("gt", &self.column(of, label), Param::Float(least));
        self.make("filter", &[of, &mask], Param::map([]))
    }

    pub fn assign(&self, of: &Expr, label: &str, value: &Expr) -> Expr {
        let labels = Param::List([Param::Str(label.into())].into());
        let values = Param::List([Argument::operand(1)].into());
        self.make("assign", &[of, value], Param::map([("labels", labels), ("values", values)]))
    }

    pub fn reduce(&self, name: &str, on: &Expr) -> Expr {
        self.make("reduce", &[on], Param::map([("name", Param::Str(name.into()))]))
    }

    pub fn explain(&self, roots: &[Expr]) -> String {
        self.0.explain(roots).unwrap()
    }

    /// The partitions of all roots, one after the other.
    pub fn tables(&self, roots: &[Expr]) -> Vec<Table> {
        let plan = self.0.plan(roots).unwrap();
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
        run.results().unwrap().iter().map(|value| Table::of(value).unwrap().clone()).collect()
    }

    /// That `roots` have the values that they have without the optimizer; what `explain` says of them.
    pub fn check(&self, roots: &[Expr]) -> String {
        let (found, plain) = (self.tables(roots), self.plain().tables(roots));
        assert_eq!(found.len(), plain.len());
        for (found, plain) in found.iter().zip(&plain) {
            assert_eq!(found.schema(), plain.schema());
            assert_eq!(found.n_rows(), plain.n_rows());
            let all = |table: &Table| [table.columns(), &table.levels()[..]].concat();
            for (one, other) in all(found).iter().zip(&all(plain)) {
                assert_eq!(one.to_data(), other.to_data());
            }
        }
        self.explain(roots)
    }
}
