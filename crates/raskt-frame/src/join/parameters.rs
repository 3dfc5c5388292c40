//! What a merge is asked for, as pandas' arguments say it.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Param, Result};

use crate::Label;
use crate::arguments::get;

/// Which rows of two frames are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// Rows with a match on the other side.
    Inner,
    /// All rows of the left.
    Left,
    /// All rows of the right.
    Right,
    /// All rows of both.
    Outer,
    /// Every row of the left with every row of the right.
    Cross,
    /// Rows of the left with a match, each once, without columns of the right.
    LeftSemi,
    /// Rows of the left without a match.
    LeftAnti,
    /// Rows of the right without a match.
    RightAnti,
}

impl How {
    const NAMES: [(&'static str, Self); 8] = [
        ("inner", Self::Inner),
        ("left", Self::Left),
        ("right", Self::Right),
        ("outer", Self::Outer),
        ("cross", Self::Cross),
        ("leftsemi", Self::LeftSemi),
        ("left_anti", Self::LeftAnti),
        ("right_anti", Self::RightAnti),
    ];

    /// The name of it: pandas', or Dask's for `leftsemi`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, how)| *how == self).map_or("inner", |(name, _)| name)
    }

    /// Whether rows of the result can lack a left row.
    #[must_use]
    pub fn misses_left(self) -> bool {
        matches!(self, Self::Right | Self::Outer | Self::RightAnti)
    }

    /// Whether rows of the result can lack a right row.
    #[must_use]
    pub fn misses_right(self) -> bool {
        matches!(self, Self::Left | Self::Outer | Self::LeftAnti)
    }
}

/// Of which side keys must not repeat: pandas' `validate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unique {
    /// Those of the left.
    pub left: bool,
    /// Those of the right.
    pub right: bool,
}

/// By what the rows of one side are matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// The columns or index levels of those names.
    Labels(Arc<[Label]>),
    /// All levels of the index.
    Index,
}

/// A merge: pandas' arguments, checked against each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// Which rows.
    pub how: How,
    /// By what of the left; nothing for a cross join.
    pub left: On,
    /// By what of the right.
    pub right: On,
    /// What is added to the names of columns that both sides have.
    pub suffixes: [Option<Arc<str>>; 2],
    /// The column that says from which side a row comes.
    pub indicator: Option<Label>,
    /// Of which side keys must not repeat.
    pub unique: Unique,
}

fn invalid(what: impl Into<String>) -> Error {
    ErrorKind::InvalidValue(what.into()).into()
}

impl Merge {
    /// The merge of pandas' keyword arguments: `how`, `on`, `left_on`, `right_on`, `left_index`, `right_index`, `suffixes`,
    /// `indicator`, `validate`; those that are not there have pandas' defaults. `common` is what both sides have where nothing
    /// says by what to merge.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for arguments that pandas refuses.
    pub fn from_param(param: &Param, common: impl FnOnce() -> Result<Arc<[Label]>>) -> Result<Self> {
        let how = how(get(param, "how"))?;
        let (left, right) = sides(param, how, common)?;
        Ok(Self {
            how,
            left,
            right,
            suffixes: suffixes(get(param, "suffixes"))?,
            indicator: indicator(get(param, "indicator"))?,
            unique: unique(get(param, "validate"))?,
        })
    }
}

fn how(param: &Param) -> Result<How> {
    match param {
        Param::Null => Ok(How::Inner),
        Param::Str(name) => match How::NAMES.iter().find(|(known, _)| *known == &**name) {
            Some((_, how)) => Ok(*how),
            None => {
                let names = How::NAMES.map(|(name, _)| name).join(", ");
                Err(invalid(format!("'{name}' is not a valid Merge type: {names}")))
            }
        },
        other => Err(ErrorKind::WrongType { expected: "how as text", found: format!("{other:?}") }.into()),
    }
}

/// One label or a list of them; `None` where nothing is said.
fn labels(param: &Param) -> Result<Option<Arc<[Label]>>> {
    Ok(match param {
        Param::Null => None,
        Param::List(items) => Some(items.iter().map(Label::try_from).collect::<Result<_>>()?),
        one => Some([Label::try_from(one)?].into()),
    })
}

fn truth(param: &Param, name: &'static str) -> Result<bool> {
    match get(param, name) {
        Param::Null => Ok(false),
        Param::Bool(value) => Ok(*value),
        other => Err(invalid(format!("{name} parameter must be of type bool, not {other:?}"))),
    }
}

fn sides(param: &Param, how: How, common: impl FnOnce() -> Result<Arc<[Label]>>) -> Result<(On, On)> {
    let list = |name| labels(get(param, name));
    let (on, left_on, right_on) = (list("on")?, list("left_on")?, list("right_on")?);
    let (left_index, right_index) = (truth(param, "left_index")?, truth(param, "right_index")?);
    let is_asked = on.is_some() || left_on.is_some() || right_on.is_some() || left_index || right_index;
    if how == How::Cross {
        let what =
            "Can not pass on, right_on, left_on or set right_index=True or left_index=True with how='cross'";
        let none = || On::Labels(Arc::new([]));
        return if is_asked { Err(invalid(what)) } else { Ok((none(), none())) };
    }
    if let Some(on) = on {
        if left_on.is_some() || right_on.is_some() {
            let what =
                r#"Can only pass argument "on" OR "left_on" and "right_on", not a combination of both."#;
            return Err(invalid(what));
        }
        if left_index || right_index {
            let what = r#"Can only pass argument "on" OR "left_index" and "right_index", not a combination of both."#;
            return Err(invalid(what));
        }
        return Ok((On::Labels(Arc::clone(&on)), On::Labels(on)));
    }
    if !is_asked {
        let common = common()?;
        return Ok((On::Labels(Arc::clone(&common)), On::Labels(common)));
    }
    let side = |on: Option<Arc<[Label]>>, is_index, side: &str| match (on, is_index) {
        (Some(_), true) => {
            Err(invalid(format!(r#"Can only pass argument "{side}_on" OR "{side}_index" not both."#)))
        }
        (Some(on), false) => Ok(On::Labels(on)),
        (None, true) => Ok(On::Index),
        (None, false) => Err(invalid(format!(r#"Must pass "{side}_on" OR "{side}_index"."#))),
    };
    let (left, right) = (side(left_on, left_index, "left")?, side(right_on, right_index, "right")?);
    if let (On::Labels(left), On::Labels(right)) = (&left, &right)
        && left.len() != right.len()
    {
        return Err(invalid("len(right_on) must equal len(left_on)"));
    }
    Ok((left, right))
}

fn suffixes(param: &Param) -> Result<[Option<Arc<str>>; 2]> {
    let one = |param: &Param| match param {
        Param::Null => Ok(None),
        Param::Str(text) => Ok(Some(Arc::clone(text))),
        other => Err(invalid(format!("suffixes are text or None, not {other:?}"))),
    };
    match param {
        Param::Null => Ok([Some("_x".into()), Some("_y".into())]),
        Param::List(items) => match &**items {
            [left, right] => Ok([one(left)?, one(right)?]),
            _ => Err(invalid(format!("suffixes are two, not {}", items.len()))),
        },
        other => Err(ErrorKind::WrongType { expected: "two suffixes", found: format!("{other:?}") }.into()),
    }
}

fn indicator(param: &Param) -> Result<Option<Label>> {
    match param {
        Param::Null | Param::Bool(false) => Ok(None),
        Param::Bool(true) => Ok(Some("_merge".into())),
        Param::Str(name) => Ok(Some(Label::Str(Arc::clone(name)))),
        _ => Err(invalid("indicator option can only accept boolean or string arguments")),
    }
}

fn unique(param: &Param) -> Result<Unique> {
    let (left, right) = match param.as_str() {
        None if *param == Param::Null => (false, false),
        Some("one_to_one" | "1:1") => (true, true),
        Some("one_to_many" | "1:m") => (true, false),
        Some("many_to_one" | "m:1") => (false, true),
        Some("many_to_many" | "m:m") => (false, false),
        _ => {
            let what = "is not a valid argument for validate; valid are 1:1, 1:m, m:1, m:m, one_to_one, \
                        one_to_many, many_to_one, many_to_many";
            return Err(invalid(format!("{param:?} {what}")));
        }
    };
    Ok(Unique { left, right })
}
