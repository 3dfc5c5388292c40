//! The dtypes of a merge: in which keys of two dtypes are compared, and what a column becomes in which values are missing.

use raskt_core::{DType, ErrorKind, Result};

use crate::kernels::{is_float, promoted};
use crate::{Label, PandasType};

/// What is known of the keys of two columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Whether they are compared here, both as `dtype`; else pandas compares them.
    pub is_comparable: bool,
    /// The dtype of a column with keys of both.
    pub dtype: PandasType,
    /// Whether the keys of a column are of that dtype even where all are of one side.
    pub is_cast: bool,
}

/// How keys of two dtypes are compared.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] where pandas refuses to merge by such keys.
pub fn meeting(left: &PandasType, right: &PandasType, name: &Label) -> Result<Meeting> {
    let of = |is_comparable, dtype| Ok(Meeting { is_comparable, dtype, is_cast: !is_comparable });
    let refused = || {
        let what = format!(
            "You are trying to merge on {left} and {right} columns for key {name}. If you wish to proceed, make their \
             dtypes one with astype first"
        );
        Err(ErrorKind::InvalidValue(what).into())
    };
    if left == right {
        // Which categories there are is not known ahead, and whether both sides have the same ones decides the dtype.
        return of(can_be_key(left), left.clone());
    }
    if let (PandasType::Category { .. }, _) | (_, PandasType::Category { .. }) = (left, right) {
        return of(false, PandasType::Object);
    }
    if is_open(left) || is_open(right) {
        return of(false, PandasType::Object);
    }
    if let (Some(a), Some(b)) = (numeric(left), numeric(right)) {
        return numbers(left, right, a, b);
    }
    let (is_text, is_number) = (is_text(left) || is_text(right), number_but_bool(left, right));
    match (left, right) {
        _ if is_text && is_number => refused(),
        (PandasType::Zoned(a, zone_a), PandasType::Zoned(b, zone_b)) => {
            let zone = if zone_a == zone_b { zone_a.clone() } else { "UTC".into() };
            of(false, PandasType::Zoned(finer(*a, *b), zone))
        }
        (PandasType::Plain(DType::Datetime(a)), PandasType::Plain(DType::Datetime(b))) => {
            of(false, PandasType::Plain(DType::Datetime(finer(*a, *b))))
        }
        (PandasType::Plain(DType::Timedelta(a)), PandasType::Plain(DType::Timedelta(b))) => {
            of(false, PandasType::Plain(DType::Timedelta(finer(*a, *b))))
        }
        _ if is_time(left) || is_time(right) => refused(),
        _ => of(false, PandasType::Object),
    }
}

fn numbers(left: &PandasType, right: &PandasType, a: &DType, b: &DType) -> Result<Meeting> {
    let is_masked = matches!(left, PandasType::Masked(_)) || matches!(right, PandasType::Masked(_));
    let is_mixed = (*a == DType::Bool) != (*b == DType::Bool);
    let Some(both) = promoted(a, b).filter(|_| !is_mixed) else {
        return Ok(Meeting { is_comparable: false, dtype: PandasType::Object, is_cast: true });
    };
    let dtype = if is_masked { PandasType::Masked(both.clone()) } else { PandasType::Plain(both.clone()) };
    // Integers of which a float cannot hold all are compared by pandas as well as they can be.
    let is_wide = is_float(&both) && !is_float(a) && !is_float(b);
    let is_alike =
        matches!((left, right), (PandasType::Plain(_), PandasType::Plain(_))) || left == right && is_masked;
    Ok(Meeting { is_comparable: is_alike && !is_wide, dtype, is_cast: false })
}

fn numeric(dtype: &PandasType) -> Option<&DType> {
    match dtype {
        PandasType::Plain(dtype) | PandasType::Masked(dtype) => promoted(dtype, dtype).map(|_| dtype),
        _ => None,
    }
}

fn is_text(dtype: &PandasType) -> bool {
    matches!(dtype, PandasType::Text | PandasType::NullableText)
}

fn number_but_bool(left: &PandasType, right: &PandasType) -> bool {
    [left, right].into_iter().filter_map(numeric).any(|dtype| *dtype != DType::Bool)
}

fn is_time(dtype: &PandasType) -> bool {
    let is_plain = matches!(dtype, PandasType::Plain(dtype) if matches!(dtype, DType::Datetime(_) | DType::Timedelta(_)));
    is_plain || matches!(dtype, PandasType::Zoned(..))
}

/// Whether only the values say what the dtype allows.
fn is_open(dtype: &PandasType) -> bool {
    matches!(dtype, PandasType::Object | PandasType::Other(_) | PandasType::Arrow(_))
}

fn can_be_key(dtype: &PandasType) -> bool {
    match dtype {
        PandasType::Plain(_) | PandasType::Masked(_) | PandasType::Zoned(..) => dtype.storage().is_some(),
        PandasType::Text | PandasType::NullableText => true,
        _ => false,
    }
}

fn finer(a: raskt_core::TimeUnit, b: raskt_core::TimeUnit) -> raskt_core::TimeUnit {
    use raskt_core::TimeUnit::{Microsecond, Millisecond, Nanosecond};
    [Nanosecond, Microsecond, Millisecond].into_iter().find(|unit| *unit == a || *unit == b).unwrap_or(a)
}

/// The dtype of a column of `dtype` in some rows of which nothing is.
#[must_use]
pub fn missed(dtype: &PandasType) -> PandasType {
    match dtype {
        PandasType::Plain(DType::Bool) => PandasType::Object,
        PandasType::Plain(_) if !dtype.can_miss() => PandasType::Plain(DType::Float64),
        _ => dtype.clone(),
    }
}
