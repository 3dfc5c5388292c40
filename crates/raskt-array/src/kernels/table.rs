//! Which operation has a native kernel for which dtype, read off the kernels themselves.

use std::sync::LazyLock;

use raskt_core::{DType, TimeUnit};

use super::elementwise::{Op, ProgramBuilder};
use super::reduce::FoldKind;
use crate::types::{Operand, Ufunc};

/// A row of the table: an operation, and the dtypes of its first operand for which it runs natively.
///
/// Dtypes that NumPy casts first (an `int8` to be divided) count as native where what follows the cast is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelRow {
    /// NumPy's name of the operation.
    pub operation: String,
    /// The family: `"ufunc"`, `"cast"`, `"reduction"`, or `"body"` for kernels of any dtype.
    pub family: &'static str,
    /// The dtypes that run natively.
    pub native: Vec<DType>,
    /// The dtypes that NumPy has a loop for and that run as a library function.
    pub library: Vec<DType>,
}

/// The dtypes of the table's columns.
fn columns() -> Vec<DType> {
    let times = [DType::Datetime(TimeUnit::Nanosecond), DType::Timedelta(TimeUnit::Nanosecond)];
    DType::NATIVE.into_iter().chain(times).collect()
}

fn ufunc_row(ufunc: Ufunc) -> KernelRow {
    let mut row = KernelRow {
        operation: ufunc.name().to_owned(),
        family: "ufunc",
        native: Vec::new(),
        library: Vec::new(),
    };
    for dtype in columns() {
        // Times are scaled by numbers; all else meets its like.
        let partners = [dtype.clone(), DType::Timedelta(TimeUnit::Nanosecond), DType::Int64];
        let operands = partners.into_iter().find_map(|partner| {
            let mut operands = vec![dtype.clone()];
            operands.extend(std::iter::repeat_n(partner, ufunc.arity() - 1));
            let typed: Vec<Operand> = operands.iter().cloned().map(Operand::Typed).collect();
            ufunc.resolve(&typed).map(|_| operands)
        });
        let Some(operands) = operands else { continue };
        let mut builder = ProgramBuilder::new(operands.clone());
        let inputs: Vec<_> = (0..operands.len() as u16).map(|at| builder.input(at)).collect();
        match builder.ufunc(ufunc, &inputs) {
            Ok(_) => row.native.push(dtype),
            Err(_) => row.library.push(dtype),
        }
    }
    row
}

fn rows() -> Vec<KernelRow> {
    let mut rows: Vec<KernelRow> = Ufunc::ALL.iter().copied().map(ufunc_row).collect();
    let lone = |operation: &str, family, is_native: &dyn Fn(&DType) -> bool| {
        let (native, library) = columns().into_iter().partition(|dtype| is_native(dtype));
        KernelRow { operation: operation.to_owned(), family, native, library }
    };
    for (name, op) in [("real", Op::Real), ("imag", Op::Imag), ("angle", Op::Angle)] {
        rows.push(lone(name, "ufunc", &|dtype| op.prepare(&[dtype]).is_some()));
    }
    rows.push(lone("where", "ufunc", &|dtype| Op::Where.prepare(&[&DType::Bool, dtype, dtype]).is_some()));
    for to in columns() {
        let op = Op::Cast(to.clone());
        rows.push(lone(&format!("astype({to})"), "cast", &|dtype| op.prepare(&[dtype]).is_some()));
    }
    for kind in FoldKind::all() {
        rows.push(lone(kind.name(), "reduction", &|dtype| kind.output(dtype).is_some()));
    }
    let bodies = super::registry::names().filter_map(|name| name.strip_prefix("array."));
    let bodies = bodies.filter(|name| !matches!(*name, "elementwise" | "combine" | "aggregate"));
    rows.extend(bodies.map(|name| lone(name, "body", &|_| true)));
    rows
}

/// Every operation with a native kernel, by dtype.
///
/// ```
/// use raskt_array::kernels::table;
/// use raskt_core::DType;
/// let sqrt = table().iter().find(|row| row.operation == "sqrt").expect("it is a ufunc");
/// assert!(sqrt.native.contains(&DType::Float64));
/// assert!(sqrt.library.contains(&DType::Int8)); // NumPy computes it in float16
/// ```
#[must_use]
pub fn table() -> &'static [KernelRow] {
    static TABLE: LazyLock<Vec<KernelRow>> = LazyLock::new(rows);
    &TABLE
}
