//! What a reduction is, as data.

use raskt_core::{DType, Error, ErrorKind, Param, Result};
use raskt_exec::FloatKinds;

use crate::kernels::memory::invalid;

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Measure {
    Sum,
    Prod,
    Min,
    Max,
    Any,
    All,
    CountNonzero,
    ArgMin,
    ArgMax,
    Mean,
    Var,
    Std,
}

impl Measure {
    /// Whether it is of some element: then there is none of nothing.
    pub(crate) fn is_of_something(self) -> bool {
        matches!(self, Self::Min | Self::Max | Self::ArgMin | Self::ArgMax)
    }
}

/// What is computed, and whether NaN elements are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FoldKind {
    /// What.
    pub measure: Measure,
    /// Whether NaN elements are left out.
    pub skips_nan: bool,
}

const NAMES: [(Measure, &str, &str); 12] = [
    (Measure::Sum, "sum", "nansum"),
    (Measure::Prod, "prod", "nanprod"),
    (Measure::Min, "min", "nanmin"),
    (Measure::Max, "max", "nanmax"),
    (Measure::Any, "any", ""),
    (Measure::All, "all", ""),
    (Measure::CountNonzero, "count_nonzero", ""),
    (Measure::ArgMin, "argmin", "nanargmin"),
    (Measure::ArgMax, "argmax", "nanargmax"),
    (Measure::Mean, "mean", "nanmean"),
    (Measure::Var, "var", "nanvar"),
    (Measure::Std, "std", "nanstd"),
];

impl FoldKind {
    /// What NumPy does of elements of `dtype`: NaT is left out of largest and smallest times, and of nothing else.
    #[must_use]
    pub fn of(self, dtype: &DType) -> Self {
        let is_time = matches!(dtype, DType::Datetime(_) | DType::Timedelta(_));
        let leaves_out = matches!(self.measure, Measure::Max | Measure::Min);
        Self { skips_nan: self.skips_nan && (!is_time || leaves_out), ..self }
    }

    /// Every kind, by NumPy's name.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().flat_map(|(measure, _, nan_name)| {
            let nan = (!nan_name.is_empty()).then_some(Self { measure, skips_nan: true });
            [Some(Self { measure, skips_nan: false }), nan].into_iter().flatten()
        })
    }

    /// NumPy's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = NAMES.iter().find(|(measure, ..)| *measure == self.measure);
        found.map_or("", |(_, name, nan_name)| if self.skips_nan { nan_name } else { name })
    }

    /// The kind that NumPy calls `name`.
    ///
    /// ```
    /// use raskt_array::kernels::FoldKind;
    /// assert_eq!(FoldKind::parse("nanstd").map(FoldKind::name), Some("nanstd"));
    /// assert_eq!(FoldKind::parse("median"), None);
    /// ```
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }

    /// The dtype of the result for elements of `dtype`; `None` where there is no native kernel.
    #[must_use]
    pub fn output(self, dtype: &DType) -> Option<DType> {
        use DType::{Bool, Complex64, Complex128, Datetime, Float32, Float64, Int64, Timedelta, UInt64};
        dtype.item_bytes()?;
        let is_time = matches!(dtype, Datetime(_) | Timedelta(_));
        Some(match self.measure {
            Measure::Any | Measure::All => Bool,
            Measure::CountNonzero | Measure::ArgMin | Measure::ArgMax => Int64,
            Measure::Min | Measure::Max => dtype.clone(),
            Measure::Sum | Measure::Prod => match dtype {
                Bool | DType::Int8 | DType::Int16 | DType::Int32 | Int64 => Int64,
                DType::UInt8 | DType::UInt16 | DType::UInt32 | UInt64 => UInt64,
                Timedelta(_) if self.measure == Measure::Sum => dtype.clone(),
                Datetime(_) | Timedelta(_) => return None,
                float => float.clone(),
            },
            Measure::Mean | Measure::Var | Measure::Std => match dtype {
                _ if is_time => return None,
                Float32 => Float32,
                Complex64 | Complex128 if self.measure == Measure::Mean => dtype.clone(),
                Complex64 => Float32,
                _ => Float64,
            },
        })
    }

    /// The floating-point errors that NumPy reports of its additions or multiplications of elements of `dtype`.
    pub(crate) fn float_kinds(self, dtype: &DType) -> FloatKinds {
        use DType::{Complex64, Complex128, Float32, Float64};
        let kinds = match self.measure {
            Measure::Sum | Measure::Mean | Measure::Var | Measure::Std => FloatKinds::OVERFLOW,
            Measure::Prod => FloatKinds::OVERFLOW.or(FloatKinds::UNDERFLOW),
            _ => return FloatKinds::NONE,
        };
        let is_float = matches!(dtype, Float32 | Float64 | Complex64 | Complex128);
        kinds.or(FloatKinds::INVALID).when(is_float)
    }

    /// The dtypes of a partial result's arrays.
    pub(crate) fn components(self, dtype: &DType) -> Option<Vec<DType>> {
        let output = self.output(dtype)?;
        let wide = |dtype: DType| match dtype {
            DType::Float32 => DType::Float64,
            DType::Complex64 => DType::Complex128,
            dtype => dtype,
        };
        let is_complex = matches!(dtype, DType::Complex64 | DType::Complex128);
        let total = if is_complex { DType::Complex128 } else { DType::Float64 };
        Some(match self.measure {
            Measure::Sum | Measure::Prod => vec![wide(output)],
            Measure::Mean => vec![DType::Int64, total],
            Measure::Var | Measure::Std => vec![DType::Int64, total, DType::Float64],
            Measure::ArgMin | Measure::ArgMax => vec![dtype.clone(), DType::Int64],
            Measure::Min | Measure::Max | Measure::Any | Measure::All | Measure::CountNonzero => vec![output],
        })
    }
}

/// How far a reduction goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// To a partial result that merges with those of other blocks: reduced axes stay, with length 1. It is an
    /// array, or for `mean` a list `[count, total]`, for `var` and `std` `[count, total, squares]` (squares of the
    /// distances from the mean), for arg-reductions `[value, index]`. Of no elements there is no
    /// extremum: its reduced axes have no elements then either.
    Partial,
    /// To the result.
    Final,
}

/// A reduction with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldSpec {
    /// What is computed.
    pub kind: FoldKind,
    /// Along which axes; `None` for all.
    pub axes: Option<Vec<u32>>,
    /// Whether reduced axes stay in the result, with length 1.
    pub keeps_axes: bool,
    /// The result's dtype, where it is not NumPy's default.
    pub dtype: Option<DType>,
    /// What `var` and `std` take off the count of elements before they divide by it.
    pub ddof: f64,
    /// How far to go.
    pub stage: Stage,
}

impl FoldSpec {
    /// `kind` over all axes, to the end.
    #[must_use]
    pub fn new(kind: FoldKind) -> Self {
        Self { kind, axes: None, keeps_axes: false, dtype: None, ddof: 0.0, stage: Stage::Final }
    }

    /// Checks that there is a kernel for elements of `dtype`.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] where there is none.
    pub(crate) fn check(&self, dtype: &DType) -> Result<()> {
        let found = || format!("{} of {dtype}", self.kind.name());
        let output = self.kind.output(dtype);
        output.map(drop).ok_or_else(|| {
            Error::new(ErrorKind::WrongType { expected: "a dtype with a native reduction", found: found() })
        })
    }

    /// The reduction as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let axes = |axes: &Vec<u32>| Param::List(axes.iter().map(|&axis| Param::Int(axis.into())).collect());
        let text = |text: String| Param::Str(text.into());
        Param::map([
            ("kind", text(self.kind.name().to_owned())),
            ("axes", self.axes.as_ref().map_or(Param::Null, axes)),
            ("keepdims", Param::Bool(self.keeps_axes)),
            ("dtype", self.dtype.as_ref().map_or(Param::Null, |dtype| text(dtype.to_string()))),
            ("ddof", Param::Float(self.ddof)),
            ("partial", Param::Bool(self.stage == Stage::Partial)),
        ])
    }

    /// What [`FoldSpec::to_param`] wrote; what is left out has its default.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let wrong = || invalid(format!("{param:?} is not a reduction"));
        let kind = param.get("kind").and_then(Param::as_str).and_then(FoldKind::parse).ok_or_else(wrong)?;
        let axis = |axis: &Param| axis.as_int().and_then(|axis| u32::try_from(axis).ok()).ok_or_else(wrong);
        let axes = match param.get("axes") {
            None | Some(Param::Null) => None,
            Some(axes) => Some(axes.as_list().ok_or_else(wrong)?.iter().map(axis).collect::<Result<_>>()?),
        };
        let dtype = match param.get("dtype") {
            None | Some(Param::Null) => None,
            Some(name) => Some(name.as_str().and_then(DType::parse).ok_or_else(wrong)?),
        };
        let is_set = |name: &str| param.get(name) == Some(&Param::Bool(true));
        Ok(Self {
            kind,
            axes,
            keeps_axes: is_set("keepdims"),
            dtype,
            ddof: param.get("ddof").and_then(Param::as_float).unwrap_or(0.0),
            stage: if is_set("partial") { Stage::Partial } else { Stage::Final },
        })
    }
}
