//! What a merge of frames of two schemas makes: by which columns rows are matched, and where each column of the result comes from.

use std::sync::Arc;

use raskt_core::{DType, Error, ErrorKind, Result};

use super::dtypes::{Meeting, meeting, missed};
use super::parameters::{How, Merge, On};
use crate::{Field, Key, Kind, Label, PandasType, Schema};

/// Where a column or an index level of the result comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The column of the left at that place.
    Left(usize),
    /// The column of the right at that place.
    Right(usize),
    /// The pair of keys of that number: the key of the left, and where there is no left row that of the right.
    Keys(usize),
    /// The indicator.
    Indicator,
}

/// The rows of the index of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Numbered from 0.
    Numbered,
    /// Those of the left, missing where there is no left row.
    Left,
    /// Those of the right.
    Right,
    /// Pairs of keys, one a level.
    Keys(Vec<usize>),
}

/// A pair of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The key of the left.
    pub left: Key,
    /// The key of the right.
    pub right: Key,
    /// In which dtype both are compared; `None` where pandas compares them.
    pub compared: Option<PandasType>,
    /// Which side's keys are the keys of the result.
    pub origin: Origin,
}

/// Of which side the keys of the result are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Of the left: every row of the result has one.
    Left,
    /// Of the right.
    Right,
    /// Of the side that has a row; of the left where both have one.
    Both,
}

/// A merge of two schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// By what rows are matched.
    pub pairs: Vec<Pair>,
    /// Where each column of the result comes from.
    pub sources: Vec<Source>,
    /// The index of the result.
    pub rows: Rows,
    /// The result.
    pub schema: Schema,
    /// Whether the kernel makes it as pandas does.
    pub is_native: bool,
}

fn invalid(what: impl Into<String>) -> Error {
    ErrorKind::InvalidValue(what.into()).into()
}

/// The names that both sides have, in the order of the left: by what frames are merged if nothing is said.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] where there is none, or where one is there twice.
pub fn common(left: &Schema, right: &Schema) -> Result<Arc<[Label]>> {
    let is_common = |label: &&Label| right.labels().any(|other| other == *label);
    let common: Arc<[Label]> = left.labels().filter(is_common).cloned().collect();
    if common.is_empty() {
        return Err(invalid(
            "No common columns to perform merge on; say which with on, left_on, right_on, left_index or right_index",
        ));
    }
    let is_twice =
        |schema: &Schema, label: &Label| schema.labels().filter(|other| *other == label).count() > 1;
    if let Some(label) = common.iter().find(|label| is_twice(left, label) || is_twice(right, label)) {
        return Err(invalid(format!("Data columns not unique: {label}")));
    }
    Ok(common)
}

/// The key that `label` names: a column, or an index level.
fn key(schema: &Schema, label: &Label) -> Result<Key> {
    let level = schema.index.iter().position(|field| field.label == *label && *label != Label::None);
    let n_columns = schema.labels().filter(|other| *other == label).count();
    match (n_columns, level) {
        (0, Some(level)) => Ok(Key::Level(level)),
        (0, None) => schema.position(label).map(|_| Key::Column(label.clone())),
        (_, Some(_)) => {
            Err(invalid(format!("{label} is both an index level and a column label, which is ambiguous.")))
        }
        (1, None) => Ok(Key::Column(label.clone())),
        (_, None) => Err(invalid(format!("The column label {label} is not unique."))),
    }
}

fn field<'a>(schema: &'a Schema, key: &Key) -> Result<&'a Field> {
    match key {
        Key::Column(label) => Ok(&schema.columns[schema.position(label)?]),
        Key::Level(level) => {
            let missing = || invalid(format!("no index level {level} of {}", schema.index.len()));
            schema.index.get(*level).ok_or_else(missing)
        }
    }
}

/// The keys of one side, with the names that were given.
fn keys(schema: &Schema, on: &On) -> Result<Vec<(Key, Option<Label>)>> {
    match on {
        On::Labels(labels) => {
            labels.iter().map(|label| Ok((key(schema, label)?, Some(label.clone())))).collect()
        }
        On::Index => Ok((0..schema.index.len()).map(|level| (Key::Level(level), None)).collect()),
    }
}

/// The result while it is put together.
struct Draft<'a> {
    merge: &'a Merge,
    left: &'a Schema,
    right: &'a Schema,
    pairs: Vec<Pair>,
    meetings: Vec<Meeting>,
    /// The names that were given for each pair.
    names: Vec<(Option<Label>, Option<Label>)>,
    sources: Vec<Source>,
    fields: Vec<Field>,
    is_native: bool,
}

impl Plan {
    /// The merge of frames of those schemas.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] where pandas refuses it.
    pub fn new(merge: &Merge, left: &Schema, right: &Schema) -> Result<Self> {
        for (schema, side) in [(left, "left"), (right, "right")] {
            let is_nameless =
                schema.kind == Kind::Series && schema.labels().any(|label| *label == Label::None);
            match schema.kind {
                Kind::Series if is_nameless => return Err(invalid("Cannot merge a Series without a name")),
                Kind::Frame | Kind::Series => {}
                Kind::Index | Kind::Scalar => {
                    let found = schema.kind.name().to_owned();
                    let what = format!("the {side} of a merge is a DataFrame or a named Series, not {found}");
                    return Err(invalid(what));
                }
            }
        }
        let is_native = left.is_native() && right.is_native();
        let mut draft = Draft {
            merge,
            left,
            right,
            pairs: Vec::new(),
            meetings: Vec::new(),
            names: Vec::new(),
            sources: Vec::new(),
            fields: Vec::new(),
            is_native,
        };
        draft.meet()?;
        draft.columns()?;
        draft.indicate()?;
        let (rows, index) = draft.index()?;
        draft.insert_keys(&rows)?;
        Ok(draft.done(rows, index))
    }
}

impl Plan {
    /// Whether rows of equal keys can be brought together here: both sides are tables, and what is equal has one hash.
    #[must_use]
    pub fn is_shuffled(&self, left: &Schema, right: &Schema) -> bool {
        let is_category = |schema: &Schema, key: &Key| {
            field(schema, key).is_ok_and(|field| match &field.dtype {
                // The hash of a category is that of its value.
                PandasType::Category { of, .. } => **of == PandasType::Text,
                _ => false,
            })
        };
        let is_hashed = |pair: &Pair| {
            pair.compared.is_some() || (is_category(left, &pair.left) && is_category(right, &pair.right))
        };
        left.is_native() && right.is_native() && !self.pairs.is_empty() && self.pairs.iter().all(is_hashed)
    }
}

impl Draft<'_> {
    /// Pairs the keys of both sides.
    fn meet(&mut self) -> Result<()> {
        let (left, right) = (keys(self.left, &self.merge.left)?, keys(self.right, &self.merge.right)?);
        if left.len() != right.len() {
            return Err(match (&self.merge.left, &self.merge.right) {
                (On::Index, On::Index) => {
                    let (n, m) = (left.len(), right.len());
                    ErrorKind::NotImplemented(format!(
                        "a merge of an index of {n} levels with one of {m}; reset_index, and merge on columns"
                    ))
                    .into()
                }
                (On::Index, _) => {
                    invalid(r#"len(right_on) must equal the number of levels in the index of "left""#)
                }
                _ => invalid(r#"len(left_on) must equal the number of levels in the index of "right""#),
            });
        }
        for ((left, left_name), (right, right_name)) in left.into_iter().zip(right) {
            let (left_field, right_field) = (field(self.left, &left)?, field(self.right, &right)?);
            let meeting = meeting(&left_field.dtype, &right_field.dtype, &left_field.label)?;
            // Names that are no text, and differ: pandas fills the key of the left from that of the right.
            let needs_pandas = match (&left_name, &right_name) {
                (Some(left), Some(right)) => {
                    left != right && (left.as_str().is_none() || right.as_str().is_none())
                }
                _ => false,
            };
            self.is_native &= meeting.is_comparable && !needs_pandas;
            let compared = Some(meeting.dtype.clone()).filter(|_| meeting.is_comparable);
            self.pairs.push(Pair { left, right, compared, origin: self.origin() });
            self.meetings.push(meeting);
            self.names.push((left_name, right_name));
        }
        let is_on_indices = self.merge.left == On::Index && self.merge.right == On::Index;
        if is_on_indices && (self.left.index.len() > 1 || self.right.index.len() > 1) {
            // pandas matches levels by their names.
            self.is_native = false;
        }
        Ok(())
    }

    /// The columns of both sides; a key of one name on both is there once.
    fn columns(&mut self) -> Result<()> {
        let how = self.merge.how;
        let is_dropped = |field: &Field| {
            let is_it = |names: &(Option<Label>, Option<Label>)| {
                names.0.is_some() && names.0 == names.1 && names.1.as_ref() == Some(&field.label)
            };
            self.names.iter().any(is_it)
        };
        let left: Vec<(usize, &Field)> = self.left.columns.iter().enumerate().collect();
        let right: Vec<(usize, &Field)> = match how {
            How::LeftSemi => Vec::new(),
            _ => self.right.columns.iter().enumerate().filter(|(_, field)| !is_dropped(field)).collect(),
        };
        let labels = suffixed(&left, &right, &self.merge.suffixes)?;
        let dtype = |field: &Field, misses| if misses { missed(&field.dtype) } else { field.dtype.clone() };
        let mut fields = Vec::with_capacity(labels.len());
        let mut sources = Vec::with_capacity(labels.len());
        for (at, field) in &left {
            fields.push(dtype(field, how.misses_left()));
            sources.push(Source::Left(*at));
        }
        for (at, field) in &right {
            fields.push(dtype(field, how.misses_right()));
            sources.push(Source::Right(*at));
        }
        self.sources = sources;
        self.fields = labels.into_iter().zip(fields).map(|(label, dtype)| Field { label, dtype }).collect();
        Ok(())
    }

    fn indicate(&mut self) -> Result<()> {
        let Some(label) = &self.merge.indicator else { return Ok(()) };
        let names = ["_left_indicator", "_right_indicator"].map(Label::from);
        let has = |name: &Label| self.left.labels().chain(self.right.labels()).any(|label| label == name);
        if let Some(name) = names.iter().find(|name| has(name)) {
            let what = format!("Cannot use `indicator=True` option when data contains a column named {name}");
            return Err(invalid(what));
        }
        if has(label) {
            return Err(invalid(format!(
                "Cannot use name of an existing column for indicator column: {label}"
            )));
        }
        let of = Arc::new(PandasType::Text);
        self.sources.push(Source::Indicator);
        self.fields
            .push(Field { label: label.clone(), dtype: PandasType::Category { of, is_ordered: false } });
        Ok(())
    }

    /// The index of the result.
    fn index(&self) -> Result<(Rows, Vec<Field>)> {
        let how = self.merge.how;
        let of = |fields: &[Field], misses: bool| -> Vec<Field> {
            let dtype = |field: &Field| if misses { missed(&field.dtype) } else { field.dtype.clone() };
            fields.iter().map(|field| Field { label: field.label.clone(), dtype: dtype(field) }).collect()
        };
        Ok(match (&self.merge.left, &self.merge.right) {
            (On::Labels(_), On::Labels(_)) => self.restored_levels()?,
            (On::Labels(_), On::Index) => (Rows::Left, of(&self.left.index, how.misses_left())),
            (On::Index, On::Labels(_)) if how == How::LeftSemi => (Rows::Left, self.left.index.to_vec()),
            (On::Index, On::Labels(_)) => (Rows::Right, of(&self.right.index, how.misses_right())),
            (On::Index, On::Index) => match how {
                How::Left | How::LeftAnti | How::LeftSemi => (Rows::Left, self.left.index.to_vec()),
                How::Right | How::RightAnti => (Rows::Right, self.right.index.to_vec()),
                How::Inner | How::Outer | How::Cross => {
                    let met = self.left.index.iter().zip(&self.meetings).map(|(field, meeting)| Field {
                        label: field.label.clone(),
                        dtype: meeting.dtype.clone(),
                    });
                    (Rows::Keys((0..self.pairs.len()).collect()), met.collect())
                }
            },
        })
    }

    /// Keys that are index levels of one name on both sides are the index of the result; else rows are numbered.
    fn restored_levels(&self) -> Result<(Rows, Vec<Field>)> {
        let is_level = |at: &usize| {
            let (pair, names) = (&self.pairs[*at], &self.names[*at]);
            matches!((&pair.left, &pair.right), (Key::Level(_), Key::Level(_))) && names.0 == names.1
        };
        let levels: Vec<usize> = (0..self.pairs.len()).filter(is_level).collect();
        if levels.is_empty() {
            let numbers = Field::new(Label::None, PandasType::Plain(DType::Int64));
            return Ok((Rows::Numbered, vec![numbers]));
        }
        let field = |at: &usize| {
            let label = self.names[*at].0.clone().unwrap_or_default();
            Ok(Field { label, dtype: self.key_dtype(*at)? })
        };
        let fields = levels.iter().map(field).collect::<Result<_>>()?;
        Ok((Rows::Keys(levels), fields))
    }

    fn origin(&self) -> Origin {
        // A key column that only the right has is that of the right.
        let is_right = self.merge.left == On::Index && self.merge.right != On::Index;
        match self.merge.how {
            How::LeftAnti | How::LeftSemi => Origin::Left,
            How::RightAnti => Origin::Right,
            How::Inner | How::Right if is_right => Origin::Right,
            How::Left | How::Outer if is_right => Origin::Both,
            How::Inner if self.merge.right == On::Index && self.merge.left == On::Index => Origin::Both,
            How::Inner | How::Left | How::Cross => Origin::Left,
            How::Right | How::Outer => Origin::Both,
        }
    }

    /// The dtype of the keys of pair `at` in the result.
    fn key_dtype(&self, at: usize) -> Result<PandasType> {
        let (pair, meeting) = (&self.pairs[at], &self.meetings[at]);
        Ok(match pair.origin {
            // What pandas makes of both sides before it compares them.
            _ if meeting.is_cast => meeting.dtype.clone(),
            Origin::Left => field(self.left, &pair.left)?.dtype.clone(),
            Origin::Right => field(self.right, &pair.right)?.dtype.clone(),
            Origin::Both => meeting.dtype.clone(),
        })
    }

    /// Key columns have the keys of both sides. Where none of the result's columns has the name of a key, it is put in.
    fn insert_keys(&mut self, rows: &Rows) -> Result<()> {
        if self.merge.how == How::LeftSemi {
            return Ok(());
        }
        for at in 0..self.pairs.len() {
            let (left, right) = &self.names[at];
            let name = match (left, right) {
                // Columns of two names stay as they are.
                (Some(left), Some(right)) if left != right => continue,
                (Some(name), _) | (None, Some(name)) => name.clone(),
                (None, None) => continue,
            };
            let is_level = matches!(rows, Rows::Keys(levels) if levels.contains(&at));
            if is_level {
                continue;
            }
            let field = Field { label: name.clone(), dtype: self.key_dtype(at)? };
            match self.fields.iter().position(|field| field.label == name) {
                Some(place) => {
                    self.sources[place] = Source::Keys(at);
                    self.fields[place] = field;
                }
                None => {
                    let place = at.min(self.fields.len());
                    self.sources.insert(place, Source::Keys(at));
                    self.fields.insert(place, field);
                }
            }
        }
        Ok(())
    }

    fn done(self, rows: Rows, index: Vec<Field>) -> Plan {
        let (left, right) = (&self.left.columns_names, &self.right.columns_names);
        let schema = Schema {
            kind: Kind::Frame,
            columns: self.fields.into(),
            columns_names: if left == right || self.merge.how == How::LeftSemi {
                Arc::clone(left)
            } else {
                vec![Label::None; left.len()].into()
            },
            index: index.into(),
        };
        let is_level_replaced = self.pairs.iter().zip(&self.names).any(|(pair, names)| {
            // An index level that one side is matched by, beside the index of the other, which pandas fills in.
            let (left, right) = (&pair.left, &pair.right);
            matches!(
                (left, &names.0, right, &names.1),
                (Key::Level(_), Some(_), _, None) | (_, None, Key::Level(_), Some(_))
            )
        });
        let is_native = self.is_native && schema.is_native() && !is_level_replaced;
        Plan { pairs: self.pairs, sources: self.sources, rows, schema, is_native }
    }
}

/// The names of the columns of both sides, those that both have with a suffix.
fn suffixed(
    left: &[(usize, &Field)],
    right: &[(usize, &Field)],
    suffixes: &[Option<Arc<str>>; 2],
) -> Result<Vec<Label>> {
    let has = |side: &[(usize, &Field)], label: &Label| side.iter().any(|(_, field)| field.label == *label);
    let overlap: Vec<&Label> =
        left.iter().map(|(_, field)| &field.label).filter(|label| has(right, label)).collect();
    let is_some = |suffix: &Option<Arc<str>>| suffix.as_ref().is_some_and(|suffix| !suffix.is_empty());
    if !overlap.is_empty() && !suffixes.iter().any(is_some) {
        let names = overlap.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(invalid(format!("columns overlap but no suffix specified: {names}")));
    }
    let named = |side: &[(usize, &Field)], suffix: &Option<Arc<str>>| -> Vec<Label> {
        let name = |(_, field): &(usize, &Field)| match suffix {
            Some(suffix) if overlap.contains(&&field.label) => {
                Label::Str(format!("{}{suffix}", plain(&field.label)).into())
            }
            _ => field.label.clone(),
        };
        side.iter().map(name).collect()
    };
    let (mut labels, others) = (named(left, &suffixes[0]), named(right, &suffixes[1]));
    let count = |labels: &[Label], label: &Label| labels.iter().filter(|other| *other == label).count();
    let own = |side: &[(usize, &Field)], label: &Label| {
        side.iter().filter(|(_, field)| field.label == *label).count()
    };
    let is_new_twice = |label: &&Label| {
        let (n_left, n_right) = (count(&labels, label), count(&others, label));
        let is_other = |side, n| n > 0 && has(side, label) && !overlap.contains(label);
        (n_left > 1 && own(left, label) < n_left)
            || (n_right > 1 && own(right, label) < n_right)
            || is_other(right, n_left)
            || is_other(left, n_right)
    };
    if let Some(twice) = labels.iter().chain(&others).find(is_new_twice).filter(|_| !overlap.is_empty()) {
        let what = format!("Passing 'suffixes' which cause duplicate columns {{{twice}}} is not allowed.");
        return Err(invalid(what));
    }
    labels.extend(others);
    Ok(labels)
}

/// A name as Python's `str` has it.
fn plain(label: &Label) -> String {
    match label {
        Label::Str(text) => text.to_string(),
        other => other.to_string(),
    }
}
