//! Expressions of frames made, planned and run on threads.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, StringViewArray};
use arrow::datatypes::{Float64Type, Int64Type};
use raskt_core::{DType, Param, Result, Token, Value};
use raskt_exec::{BodyRegistry, Pool, Run, RunOptions};
use raskt_expr::{Expr, NoLibrary, Planner, Wanted};
use raskt_frame::arguments::Argument;
use raskt_frame::source::HeldTokens;
use raskt_frame::{Builder, Field, Kind, PandasType, Schema, Table, from_tables, planner, register, table};

/// A row: an integer, a float that may be missing, a text.
pub type Row = (i64, Option<f64>, &'static str);

pub fn float() -> PandasType {
    PandasType::Plain(DType::Float64)
}

pub fn schema() -> Schema {
    let n = Field::new("n", PandasType::Plain(DType::Int64));
    Schema::new(Kind::Frame, [n, Field::new("x", float()), Field::new("t", PandasType::Text)])
}

pub fn partition(rows: &[Row]) -> Value {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0))),
        Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>()),
        Arc::new(StringViewArray::from_iter_values(rows.iter().map(|row| row.2))),
    ];
    Table::over_range(schema(), columns, rows.len()).unwrap().into()
}

pub fn frame(partitions: &[Vec<Row>]) -> Expr {
    let token = Token::of(&format!("{partitions:?}")).unwrap();
    let tables = partitions.iter().map(|rows| partition(rows)).collect();
    from_tables(tables, None, &schema(), None, token).unwrap()
}

/// Makes expressions, plans and runs them.
pub struct Session(pub Planner);

impl Session {
    pub fn new() -> Self {
        Self(planner(Arc::new(NoLibrary)).unwrap())
    }

    pub fn make(&self, name: &str, operands: &[&Expr], parameters: &[(&str, Param)]) -> Result<Expr> {
        let operands: Vec<Expr> = operands.iter().map(|&expr| expr.clone()).collect();
        let parameters = Param::map(parameters.iter().cloned());
        Builder::new(self.0.context(), &HeldTokens).make(name, &operands, parameters)
    }

    pub fn column(&self, of: &Expr, label: &str) -> Expr {
        self.make("column", &[of], &[("label", Param::Str(label.into()))]).unwrap()
    }

    /// The method `name` of `on`, with one argument.
    pub fn method(&self, name: &str, on: &Expr, argument: Param) -> Expr {
        let parameters = [("name", Param::Str(name.into())), ("args", Param::List([argument].into()))];
        self.make("method", &[on], &parameters).unwrap()
    }

    pub fn with(&self, name: &str, on: &Expr, other: &Expr) -> Result<Expr> {
        let args = Param::List([Argument::operand(1)].into());
        self.make("method", &[on, other], &[("name", Param::Str(name.into())), ("args", args)])
    }

    pub fn reduce(&self, name: &str, on: &Expr) -> Expr {
        self.make("reduce", &[on], &[("name", Param::Str(name.into()))]).unwrap()
    }

    fn run(&self, root: &Expr) -> Result<Vec<Table>> {
        let plan = self.0.plan(std::slice::from_ref(root)).unwrap();
        assert!(matches!(plan.roots[..], [Wanted::Blocks(_)]));
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
        Ok(run.results()?.iter().map(|value| Table::of(value).unwrap().clone()).collect())
    }

    pub fn tables(&self, root: &Expr) -> Vec<Table> {
        self.run(root).unwrap()
    }

    /// What the tasks fail with.
    pub fn fails(&self, root: &Expr) -> String {
        self.run(root).unwrap_err().to_string()
    }

    pub fn whole(&self, root: &Expr) -> Table {
        table::concat(&self.tables(root)).unwrap()
    }

    pub fn number(&self, root: &Expr) -> f64 {
        let table = self.whole(root);
        assert_eq!((table.schema().kind, table.n_rows()), (Kind::Scalar, 1));
        let column = &table.columns()[0];
        match table.schema().columns[0].dtype {
            PandasType::Plain(DType::Int64) => column.as_primitive::<Int64Type>().value(0) as f64,
            _ => column.as_primitive::<Float64Type>().value(0),
        }
    }
}
