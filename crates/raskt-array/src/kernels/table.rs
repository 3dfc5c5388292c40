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
    /// The family: `"ufunc"`, `"cast"`, `"reduction"`, or `"body"` for a kernel of whole blocks.
    pub family: &'static str,
    /// The dtypes that run natively.
    pub native: Vec<DType>,
    /// The dtypes that NumPy has a loop for and that run as a library function.
    pub library: Vec<DType>,
    /// By how many units in the last place results may differ from NumPy's; 0 where they do not.
    pub ulps: u32,
}

/// How a dtype is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Native,
    Library,
    /// NumPy refuses it.
    Neither,
}

/// Which way operations on blocks take, by the dtype of the input.
type Takes = fn(&DType) -> Way;

/// The kernels that planning takes for whole operations, and the dtypes that it takes them for.
const PLANNED: &[(&str, Takes)] = &[
    ("arange", numbers),
    ("assign", all),
    ("bincount", |dtype| {
        let counts = is_integer(dtype) && *dtype != DType::UInt64 || *dtype == DType::Bool;
        if counts { Way::Native } else { Way::Neither }
    }),
    ("broadcast", all),
    ("compress", all),
    ("cumulate", |dtype| if matches!(dtype, DType::Datetime(_)) { Way::Neither } else { Way::Native }),
    ("diagonal", all),
    ("digitize", |dtype| if is_time(dtype) || is_complex(dtype) { Way::Neither } else { Way::Native }),
    ("extend", all),
    ("eye", numbers),
    ("full", all),
    ("histogram", |dtype| match dtype {
        DType::Bool => Way::Library,
        dtype if is_time(dtype) => Way::Neither,
        dtype if is_complex(dtype) => Way::Library,
        _ => Way::Native,
    }),
    ("indices", numbers),
    ("isin", all),
    ("join", all),
    ("linspace", numbers),
    ("matmul", products),
    ("median", |dtype| match dtype {
        DType::Bool => Way::Neither,
        DType::Float64 => Way::Native,
        dtype if is_integer(dtype) => Way::Native,
        _ => Way::Library,
    }),
    ("points", all),
    ("quantile", |dtype| match dtype {
        DType::Bool | DType::Complex64 | DType::Complex128 => Way::Neither,
        DType::Float64 => Way::Native,
        _ => Way::Library,
    }),
    ("repeat", all),
    ("reshape", all),
    ("searchsorted", all),
    ("slice", all),
    ("sort", all),
    ("take", all),
    ("tensordot", |dtype| match products(dtype) {
        Way::Native if *dtype == DType::Bool => Way::Library,
        way => way,
    }),
    ("topk", all),
    ("transpose", all),
    ("tri", numbers),
    ("triangle", all),
    ("true_places", all),
    ("unique", |dtype| if is_complex(dtype) { Way::Library } else { Way::Native }),
];

fn all(_: &DType) -> Way {
    Way::Native
}

fn numbers(dtype: &DType) -> Way {
    if is_time(dtype) { Way::Library } else { Way::Native }
}

fn products(dtype: &DType) -> Way {
    if is_time(dtype) { Way::Neither } else { Way::Native }
}

fn is_complex(dtype: &DType) -> bool {
    matches!(dtype, DType::Complex64 | DType::Complex128)
}

fn is_integer(dtype: &DType) -> bool {
    !is_time(dtype) && !is_complex(dtype) && !matches!(dtype, DType::Bool | DType::Float32 | DType::Float64)
}

fn is_time(dtype: &DType) -> bool {
    matches!(dtype, DType::Datetime(_) | DType::Timedelta(_))
}

/// The dtypes of the table's columns.
fn columns() -> Vec<DType> {
    let times = [DType::Datetime(TimeUnit::Nanosecond), DType::Timedelta(TimeUnit::Nanosecond)];
    DType::NATIVE.into_iter().chain(times).collect()
}

/// What two good libraries of mathematics may differ by: NumPy's own vectorised loops are within this of the truth.
const ULPS_MAX: u32 = 4;

/// Arithmetic is exact; functions that are computed by series are nearly so. `absolute` is such a one of complex numbers.
fn ulps(ufunc: Ufunc) -> u32 {
    use Ufunc as U;
    match ufunc {
        U::Absolute
        | U::Arccos
        | U::Arccosh
        | U::Arcsin
        | U::Arcsinh
        | U::Arctan
        | U::Arctan2
        | U::Arctanh => ULPS_MAX,
        U::Cbrt | U::Cos | U::Cosh | U::Deg2rad | U::Degrees | U::Exp | U::Exp2 | U::Expm1 => ULPS_MAX,
        U::FloatPower | U::Hypot | U::Log | U::Log10 | U::Log1p | U::Log2 | U::Logaddexp | U::Logaddexp2 => {
            ULPS_MAX
        }
        U::Power | U::Rad2deg | U::Radians | U::Sin | U::Sinh | U::Tan | U::Tanh => ULPS_MAX,
        _ => 0,
    }
}

fn ufunc_row(ufunc: Ufunc) -> KernelRow {
    let mut row = KernelRow {
        operation: ufunc.name().to_owned(),
        family: "ufunc",
        native: Vec::new(),
        library: Vec::new(),
        ulps: ulps(ufunc),
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

fn planned(operation: &str, takes: Takes) -> KernelRow {
    let of = |way: Way| columns().into_iter().filter(|dtype| takes(dtype) == way).collect();
    KernelRow {
        operation: operation.to_owned(),
        family: "body",
        native: of(Way::Native),
        library: of(Way::Library),
        ulps: 0,
    }
}

fn rows() -> Vec<KernelRow> {
    // A loop that no operation asks for is in no plan.
    let is_planned = |ufunc: &Ufunc| crate::ufuncs::UFUNCS.iter().any(|(name, _)| *name == ufunc.name());
    let mut rows: Vec<KernelRow> = Ufunc::ALL.iter().copied().filter(is_planned).map(ufunc_row).collect();
    let lone = |operation: &str, family, is_native: &dyn Fn(&DType) -> bool| {
        let (native, library) = columns().into_iter().partition(|dtype| is_native(dtype));
        KernelRow { operation: operation.to_owned(), family, native, library, ulps: 0 }
    };
    for op in [Op::Real, Op::Imag] {
        rows.push(lone(&op.name(), "ufunc", &|dtype| op.prepare(&[dtype]).is_some()));
    }
    // Angles of whole numbers are those of floats, which are too short for the shortest of them.
    let has_angle = |dtype: &DType| !is_time(dtype) && !matches!(dtype, DType::Int8 | DType::UInt8);
    rows.push(KernelRow { ulps: ULPS_MAX, ..lone("angle", "ufunc", &has_angle) });
    rows.push(lone("where", "ufunc", &|dtype| Op::Where.prepare(&[&DType::Bool, dtype, dtype]).is_some()));
    for to in columns() {
        let op = Op::Cast(to.clone());
        rows.push(lone(&format!("astype({to})"), "cast", &|dtype| op.prepare(&[dtype]).is_some()));
    }
    for kind in FoldKind::all() {
        rows.push(lone(kind.name(), "reduction", &|dtype| kind.output(dtype).is_some()));
    }
    rows.extend(PLANNED.iter().map(|(name, takes)| planned(name, *takes)));
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
