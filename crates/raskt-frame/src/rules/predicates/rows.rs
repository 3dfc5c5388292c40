//! Which rows of an expression are needed.

use raskt_expr::Expr;

/// So many alternatives are kept: whoever has more users with conditions of their own is read as a whole.
const N_ALTERNATIVES_MAX: usize = 8;

/// Which rows are needed. Conditions are series of truth values that are made of the source of the expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rows {
    /// All.
    All,
    /// Those at which all conditions of one of the lists hold. No list is empty.
    Some(Vec<Vec<Expr>>),
}

impl Rows {
    /// Those of them at which `condition` holds.
    pub fn at(self, condition: &Expr) -> Self {
        match self {
            Self::All => Self::Some(vec![vec![condition.clone()]]),
            Self::Some(mut any) => {
                for all in any.iter_mut().filter(|all| !all.contains(condition)) {
                    all.push(condition.clone());
                }
                Self::Some(any)
            }
        }
    }

    /// What two users need.
    pub fn add(&mut self, other: Self) {
        let (Self::Some(own), Self::Some(others)) = (&mut *self, other) else {
            *self = Self::All;
            return;
        };
        for all in others {
            let is_part =
                |one: &[Expr], other: &[Expr]| one.iter().all(|condition| other.contains(condition));
            if own.iter().any(|known| is_part(known, &all)) {
                continue;
            }
            own.retain(|known| !is_part(&all, known));
            own.push(all);
        }
        if own.len() > N_ALTERNATIVES_MAX {
            *self = Self::All;
        }
    }
}
