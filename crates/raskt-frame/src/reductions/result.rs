//! What a reduction returns: dtypes as pandas has them.

use raskt_core::{DType, Param};

use crate::arguments::get;
use crate::kernels::{Flavour, is_integer, number, promoted};
use crate::{Field, Kind, Label, PandasType, Schema};

/// A reduction with a native kernel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reduction {
    /// The sum; missing values are left out, as in all of them.
    Sum,
    /// The product.
    Product,
    /// How many values are there.
    Count,
    /// How many rows there are.
    Size,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The arithmetic mean.
    Mean,
    /// The variance.
    Variance {
        /// What is taken off the number of values to divide by.
        ddof: f64,
        /// Whether the square root is asked for.
        is_root: bool,
    },
    /// Whether any value is true.
    Any,
    /// Whether all values are true.
    All,
}

impl Reduction {
    /// The reduction that pandas calls `name`, with keywords that the kernels know; `None` for others.
    #[must_use]
    pub fn parse(name: &str, kwargs: &Param) -> Option<Self> {
        let is_default = |(keyword, value): &(std::sync::Arc<str>, Param)| match &**keyword {
            "skipna" => *value == Param::Bool(true),
            "numeric_only" => *value == Param::Bool(false),
            "bool_only" => *value == Param::Bool(false),
            "min_count" => *value == Param::Int(0),
            "axis" => matches!(value, Param::Int(0)),
            "ddof" => value.as_float().is_some(),
            _ => false,
        };
        if let Param::Map(entries) = kwargs
            && !entries.iter().all(is_default)
        {
            return None;
        }
        let ddof = get(kwargs, "ddof").as_float().unwrap_or(1.0);
        Some(match name {
            "sum" => Self::Sum,
            "prod" | "product" => Self::Product,
            "count" => Self::Count,
            "size" | "len" => Self::Size,
            "min" => Self::Min,
            "max" => Self::Max,
            "mean" => Self::Mean,
            "var" => Self::Variance { ddof, is_root: false },
            "std" => Self::Variance { ddof, is_root: true },
            "any" => Self::Any,
            "all" => Self::All,
            _ => return None,
        })
    }

    /// The dtype of the reduction of a column; `None` where pandas does it.
    #[must_use]
    pub fn dtype(self, column: &PandasType) -> Option<PandasType> {
        let is_span = matches!(column, PandasType::Plain(DType::Timedelta(_)));
        let is_ordered = matches!(
            column,
            PandasType::Plain(DType::Datetime(_) | DType::Timedelta(_))
                | PandasType::Zoned(..)
                | PandasType::Text
        );
        match self {
            Self::Count | Self::Size => {
                column.storage()?;
                return Some(PandasType::Plain(DType::Int64));
            }
            Self::Sum if is_span => return Some(column.clone()),
            Self::Min | Self::Max if is_ordered => return Some(column.clone()),
            _ => {}
        }
        let (dtype, flavour) = number(column)?;
        let float = if dtype == DType::Float32 { DType::Float32 } else { DType::Float64 };
        Some(match self {
            Self::Sum | Self::Product => flavour.of(match dtype {
                DType::UInt8 | DType::UInt16 | DType::UInt32 | DType::UInt64 => DType::UInt64,
                DType::Float32 | DType::Float64 => dtype,
                _ => DType::Int64,
            }),
            Self::Min | Self::Max => flavour.of(dtype),
            Self::Mean => flavour.of(float),
            Self::Variance { .. } if dtype == DType::Bool => return None,
            Self::Variance { .. } => flavour.of(float),
            Self::Any | Self::All if flavour == Flavour::Plain => PandasType::Plain(DType::Bool),
            Self::Any | Self::All => return None,
            Self::Count | Self::Size => PandasType::Plain(DType::Int64),
        })
    }

    /// What the reduction of a series or a frame is; `None` where pandas does it.
    #[must_use]
    pub fn schema(self, of: &Schema) -> Option<Schema> {
        let label = |field: Option<&Field>| field.map_or(Label::None, |field| field.label.clone());
        if self == Self::Size {
            let size = Field::new(Label::None, PandasType::Plain(DType::Int64));
            return of.is_native().then(|| Schema::new(Kind::Scalar, [size]));
        }
        let dtypes = of.columns.iter().map(|field| self.dtype(&field.dtype)).collect::<Option<Vec<_>>>()?;
        match of.kind {
            Kind::Series => Some(Schema::new(
                Kind::Scalar,
                [Field::new(label(of.columns.first()), dtypes.into_iter().next()?)],
            )),
            Kind::Frame if of.labels().all(|label| label.as_str().is_some()) => {
                let (first, rest) = dtypes.split_first()?;
                let met = rest.iter().try_fold(first.clone(), |met, next| common(&met, next))?;
                let [name] = &*of.columns_names else { return None };
                let index = Field::new(name.clone(), PandasType::Text);
                Some(Schema::new(Kind::Series, [Field::new(Label::None, met)]).with_index([index]))
            }
            Kind::Frame | Kind::Index | Kind::Scalar => None,
        }
    }
}

/// The dtype of a column of two results.
fn common(a: &PandasType, b: &PandasType) -> Option<PandasType> {
    if a == b {
        return Some(a.clone());
    }
    match (a, b) {
        // Beside whole numbers without a sign, pandas makes objects of some mixtures.
        (PandasType::Plain(a), PandasType::Plain(b)) if *a != DType::Bool && *b != DType::Bool => {
            let is_plain = |dtype: &DType| !is_integer(dtype) || *dtype == DType::Int64;
            (is_plain(a) && is_plain(b)).then(|| promoted(a, b)).flatten().map(PandasType::Plain)
        }
        _ => None,
    }
}
