//! Which casts NumPy allows under which rule.

use raskt_core::DType;

use super::code::{Code, Kind};
use super::promotion::promote_codes;

/// How much a cast may change, as NumPy's `casting` argument names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Casting {
    /// Nothing.
    No,
    /// Byte order, of which there is only one here.
    Equiv,
    /// Nothing that could lose a value.
    Safe,
    /// Within a kind, or from a lower kind to a higher one.
    SameKind,
    /// Anything.
    Unsafe,
}

impl Casting {
    /// NumPy's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Equiv => "equiv",
            Self::Safe => "safe",
            Self::SameKind => "same_kind",
            Self::Unsafe => "unsafe",
        }
    }

    /// The rule that NumPy calls `name`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::No, Self::Equiv, Self::Safe, Self::SameKind, Self::Unsafe]
            .into_iter()
            .find(|c| c.name() == name)
    }
}

/// Whether a cast is allowed; `None` where a foreign dtype is involved, which its library has to be asked about.
///
/// ```
/// use raskt_array::types::{Casting, can_cast};
/// use raskt_core::DType;
/// assert_eq!(can_cast(&DType::Int64, &DType::Float64, Casting::Safe), Some(true));
/// assert_eq!(can_cast(&DType::Float64, &DType::Int64, Casting::SameKind), Some(false));
/// ```
#[must_use]
pub fn can_cast(from: &DType, to: &DType, casting: Casting) -> Option<bool> {
    use DType::{Datetime, Timedelta};
    if *from == DType::Unknown || *to == DType::Unknown {
        return None;
    }
    if from == to {
        return Some(true);
    }
    let is_time = |dtype: &DType| matches!(dtype, Datetime(_) | Timedelta(_));
    if let (Some(from), Some(to)) = (Code::of(from), Code::of(to)) {
        return Some(numbers(from, to, casting));
    }
    if !(is_time(from) || Code::of(from).is_some()) || !(is_time(to) || Code::of(to).is_some()) {
        return None;
    }
    Some(match casting {
        Casting::No | Casting::Equiv => false,
        Casting::Unsafe => true,
        Casting::Safe | Casting::SameKind => match (from, to) {
            (Datetime(a), Datetime(b)) | (Timedelta(a), Timedelta(b)) => {
                casting == Casting::SameKind || a <= b
            }
            (from, Timedelta(_)) => match Code::of(from) {
                Some(Code('L')) => casting == Casting::SameKind,
                Some(code) => code.kind() <= Kind::Signed,
                None => false,
            },
            _ => false,
        },
    })
}

fn numbers(from: Code, to: Code, casting: Casting) -> bool {
    match casting {
        Casting::No | Casting::Equiv => false,
        Casting::Safe => safe(from, to),
        Casting::SameKind => safe(from, to) || from.kind() <= to.kind(),
        Casting::Unsafe => true,
    }
}

/// Whether every value of `from` is one of `to`, as NumPy sees it.
pub(crate) fn safe(from: Code, to: Code) -> bool {
    promote_codes(from, to) == Some(to)
}
