//! Texts: the methods of `Series.str`, as pandas has them for texts in Arrow.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringViewBuilder};
use arrow::buffer::BooleanBuffer;
use raskt_core::{DType, Fit, Param};
use regex::Regex;

use super::arguments::{Bound, Method, rows};
use super::column::Planned;
use super::compare::without_nulls;
use crate::PandasType;

/// The kernel of what `Series.str` has under that name.
pub(super) fn plan(method: &Method<'_>) -> Option<Planned> {
    let dtype = method.on.dtype()?;
    if !matches!(dtype, PandasType::Text | PandasType::NullableText) {
        return None;
    }
    match method.name {
        "len" => {
            let [] = method.bind([])?;
            Some(counted(dtype, |text| text.chars().count()))
        }
        "lower" => {
            let [] = method.bind([])?;
            Some(changed(dtype, |text| Some(cased(text, lower))))
        }
        "upper" => {
            let [] = method.bind([])?;
            Some(changed(dtype, |text| Some(cased(text, upper))))
        }
        "strip" | "lstrip" | "rstrip" => plan_stripped(method, dtype),
        "startswith" | "endswith" => plan_ends(method, dtype),
        "contains" => plan_contains(method, dtype),
        "replace" => plan_replaced(method, dtype),
        "slice" => plan_slice(method, dtype),
        "get" | "__getitem__" => plan_letter(method, dtype),
        _ => None,
    }
}

/// A text of each text; missing where `of` has none.
fn changed(dtype: &PandasType, of: impl Fn(&str) -> Option<Cow<'_, str>> + 'static) -> Planned {
    Planned::new(dtype.clone(), move |columns| {
        let texts = rows(columns)?.as_string_view();
        let mut changed = StringViewBuilder::with_capacity(texts.len());
        for text in texts {
            changed.append_option(text.and_then(&of));
        }
        Ok(Arc::new(changed.finish()))
    })
}

/// A number of each text.
fn counted(dtype: &PandasType, of: impl Fn(&str) -> usize + 'static) -> Planned {
    let result = match dtype {
        PandasType::NullableText => PandasType::Masked(DType::Int64),
        _ => PandasType::Plain(DType::Int64),
    };
    Planned::new(result, move |columns| {
        let texts = rows(columns)?.as_string_view();
        let counts = texts.iter().map(|text| text.map(|text| of(text).fit::<i64>()));
        Ok(Arc::new(counts.collect::<Int64Array>()))
    })
}

/// Whether each text is such; what a missing one is, `na` says.
fn tested(dtype: &PandasType, na: Bound<'_>, is: impl Fn(&str) -> bool + 'static) -> Option<Planned> {
    let na = match na {
        Bound::Default => None,
        Bound::Keyword(Param::Bool(value)) => Some(*value),
        Bound::Keyword(_) | Bound::Operand(..) => return None,
    };
    let (result, filler) = match dtype {
        PandasType::NullableText => (PandasType::Masked(DType::Bool), na),
        _ => (PandasType::Plain(DType::Bool), Some(na.unwrap_or(false))),
    };
    Some(Planned::new(result, move |columns| {
        let texts = rows(columns)?.as_string_view();
        let bits =
            BooleanBuffer::collect_bool(texts.len(), |row| texts.is_valid(row) && is(texts.value(row)));
        let truths = BooleanArray::new(bits, texts.nulls().cloned());
        Ok(Arc::new(match filler {
            Some(filler) => without_nulls(&truths, filler),
            None => truths,
        }) as ArrayRef)
    }))
}

/// The text with `of` of each letter.
fn cased(text: &str, of: fn(char) -> char) -> Cow<'_, str> {
    match text.chars().all(|letter| of(letter) == letter) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.chars().map(of).collect()),
    }
}

/// The letter that `letter` alone is in capitals, one for one: Unicode's simple mapping.
fn upper(letter: char) -> char {
    match letter {
        'ß' => 'ẞ',
        // Greek letters with an iota below, whose full mapping is of two letters.
        'ᾀ'..='ᾇ' | 'ᾐ'..='ᾗ' | 'ᾠ'..='ᾧ' => char::from_u32(letter as u32 + 8).unwrap_or(letter),
        'ᾳ' => 'ᾼ',
        'ῃ' => 'ῌ',
        'ῳ' => 'ῼ',
        _ => only(letter.to_uppercase()).unwrap_or(letter),
    }
}

/// The letter that `letter` alone is in small letters.
fn lower(letter: char) -> char {
    match letter {
        'İ' => 'i',
        _ => only(letter.to_lowercase()).unwrap_or(letter),
    }
}

fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    let first = letters.next()?;
    letters.next().is_none().then_some(first)
}

/// Whether Python takes a letter for white space.
pub(super) fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\x1c'..='\x1f').contains(&letter)
}

fn plan_stripped(method: &Method<'_>, dtype: &PandasType) -> Option<Planned> {
    let [letters] = method.bind(["to_strip"])?;
    let letters: Option<Vec<char>> = match letters {
        Bound::Default | Bound::Keyword(Param::Null) => None,
        Bound::Keyword(Param::Str(letters)) => Some(letters.chars().collect()),
        Bound::Keyword(_) | Bound::Operand(..) => return None,
    };
    let (at_start, at_end) = (method.name != "rstrip", method.name != "lstrip");
    Some(changed(dtype, move |text| {
        let goes =
            |letter: char| letters.as_ref().map_or_else(|| is_space(letter), |all| all.contains(&letter));
        let text = if at_start { text.trim_start_matches(goes) } else { text };
        Some(Cow::Borrowed(if at_end { text.trim_end_matches(goes) } else { text }))
    }))
}

fn plan_ends(method: &Method<'_>, dtype: &PandasType) -> Option<Planned> {
    let [part, na] = method.bind(["pat", "na"])?;
    let part = part.literal()?.as_str()?.to_owned();
    match method.name {
        "startswith" => tested(dtype, na, move |text| text.starts_with(&part)),
        _ => tested(dtype, na, move |text| text.ends_with(&part)),
    }
}

fn plan_contains(method: &Method<'_>, dtype: &PandasType) -> Option<Planned> {
    let [pattern, case, flags, na, regex] = method.bind(["pat", "case", "flags", "na", "regex"])?;
    if !case.is_default(&Param::Bool(true)) || !flags.is_default(&Param::Int(0)) {
        return None;
    }
    let pattern = pattern.literal()?.as_str()?;
    let is_regex = match regex {
        Bound::Default => true,
        Bound::Keyword(Param::Bool(value)) => *value,
        Bound::Keyword(_) | Bound::Operand(..) => return None,
    };
    if !is_regex || is_literal(pattern) {
        let finder = memchr::memmem::Finder::new(pattern.as_bytes()).into_owned();
        return tested(dtype, na, move |text| finder.find(text.as_bytes()).is_some());
    }
    let regex = Regex::new(pattern).ok().filter(|_| is_common(pattern))?;
    tested(dtype, na, move |text| regex.is_match(text))
}

/// Whether a regular expression is only the text that it is.
fn is_literal(pattern: &str) -> bool {
    !pattern.contains(['.', '^', '$', '*', '+', '?', '{', '}', '[', ']', '\\', '|', '(', ')'])
}

/// Whether a regular expression means the same to Python, RE2 and Rust: letters, `.`, `^` at the start, classes of letters
/// and digits, alternatives, groups, and `*`, `+`, `?` once after what they repeat.
fn is_common(pattern: &str) -> bool {
    let mut rest = pattern.strip_prefix('^').unwrap_or(pattern);
    let mut can_repeat = false;
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        can_repeat = match letter {
            '*' | '+' | '?' if can_repeat => false,
            '[' => {
                let Some((class, after)) = rest.split_once(']') else { return false };
                rest = after;
                if !is_common_class(class) {
                    return false;
                }
                true
            }
            '(' | '|' => false,
            ')' | '.' => true,
            '*' | '+' | '?' | '^' | '$' | '{' | '}' | ']' | '\\' => return false,
            _ => true,
        };
    }
    true
}

fn is_common_class(class: &str) -> bool {
    let members = class.strip_prefix('^').unwrap_or(class);
    let is_member =
        |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_' || letter == ' ';
    !members.is_empty()
        && members.chars().all(is_member)
        && !members.starts_with('-')
        && !members.contains("--")
}

fn plan_replaced(method: &Method<'_>, dtype: &PandasType) -> Option<Planned> {
    let [pattern, repl, n, case, flags, regex] =
        method.bind(["pat", "repl", "n", "case", "flags", "regex"])?;
    let is_plain = n.is_default(&Param::Int(-1))
        && case.is_default(&Param::Null)
        && flags.is_default(&Param::Int(0))
        && regex.is_default(&Param::Bool(false));
    let (pattern, repl) = (pattern.literal()?.as_str()?.to_owned(), repl.literal()?.as_str()?.to_owned());
    is_plain.then(|| {
        changed(dtype, move |text| {
            Some(match text.contains(&pattern) {
                true => Cow::Owned(text.replace(&pattern, &repl)),
                false => Cow::Borrowed(text),
            })
        })
    })
}

/// A place among letters, from the end where it is negative.
fn place(text: &str, at: i64) -> Option<usize> {
    match usize::try_from(at) {
        Ok(at) => Some(at),
        Err(_) => text.chars().count().checked_sub(usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX)),
    }
}

/// Where the letter of that number begins; the end of the text for numbers beyond it.
fn byte(text: &str, letter: usize) -> usize {
    text.char_indices().nth(letter).map_or(text.len(), |(byte, _)| byte)
}

fn plan_slice(method: &Method<'_>, dtype: &PandasType) -> Option<Planned> {
    let [start, stop, step] = method.bind(["start", "stop", "step"])?;
    if !step.is_default(&Param::Null) && !step.is_default(&Param::Int(1)) {
        return None;
    }
    let bound = |bound: Bound<'_>| match bound {
        Bound::Default | Bound::Keyword(Param::Null) => Some(None),
        Bound::Keyword(value) => value.as_int().map(Some),
        Bound::Operand(..) => None,
    };
    let (start, stop) = (bound(start)?, bound(stop)?);
    Some(changed(dtype, move |text| {
        let from = start.map_or(0, |start| place(text, start).unwrap_or(0));
        let to = stop.map_or(usize::MAX, |stop| place(text, stop).unwrap_or(0));
        let (from, to) = (byte(text, from), byte(text, to));
        Some(Cow::Borrowed(if from < to { &text[from..to] } else { "" }))
    }))
}

fn plan_letter(method: &Method<'_>, dtype: &PandasType) -> Option<Planned> {
    let [at] = method.bind([if method.name == "get" { "i" } else { "key" }])?;
    let at = at.literal().filter(|at| matches!(at, Param::Int(_)))?.as_int()?;
    Some(changed(dtype, move |text| {
        let place = place(text, at)?;
        let (begin, letter) = text.char_indices().nth(place)?;
        Some(Cow::Borrowed(&text[begin..begin + letter.len_utf8()]))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_one_capital() {
        let capitals = |text: &str| cased(text, upper).into_owned();
        assert_eq!(capitals("straße ŉ ᾀ ﬁ"), "STRAẞE ŉ ᾈ ﬁ");
        assert_eq!(cased("İΣ", lower), "iσ");
    }

    #[test]
    fn only_regular_expressions_that_mean_the_same_everywhere_are_taken() {
        for common in ["a.", "^ab|c", "[a-z]+x", "(ab)*", "[^0-9]"] {
            assert!(is_common(common) && Regex::new(common).is_ok(), "{common}");
        }
        for other in ["a$", r"\d", "a{2}", "a++", "a*?", "(?i)a", "[a&&b]", "[]a]", "a^", "[[:alpha:]]"] {
            assert!(!is_common(other), "{other}");
        }
    }

    #[test]
    fn places_are_counted_in_letters() {
        assert_eq!(
            (place("äbc", -1), place("äbc", -4), byte("äbc", 1), byte("äbc", 9)),
            (Some(2), None, 2, 4)
        );
    }
}
