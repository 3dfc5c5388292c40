//! Methods of Python's strings, on text that is not copied unless it must.

use crate::fallback::Fallback;
use crate::memory;

/// A method of strings without arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextOp {
    /// `str.strip`.
    Strip,
    /// `str.lstrip`.
    StripLeft,
    /// `str.rstrip`.
    StripRight,
    /// `str.lower`.
    Lower,
    /// `str.upper`.
    Upper,
}

impl TextOp {
    /// The operation that Python calls `name`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "strip" => Self::Strip,
            "lstrip" => Self::StripLeft,
            "rstrip" => Self::StripRight,
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            _ => return None,
        })
    }
}

/// Applies `operations` to `text`, in order; `scratch` may hold what becomes of it.
///
/// # Errors
/// For the case of text beyond ASCII, whose rules are Python's; where there is no memory.
pub fn apply<'a>(operations: &[TextOp], text: &'a str, scratch: &'a mut String) -> Result<&'a str, Fallback> {
    let Some(at) = operations.iter().position(|op| matches!(op, TextOp::Lower | TextOp::Upper)) else {
        return Ok(stripped(operations, text));
    };
    let text = stripped(&operations[..at], text);
    if !text.is_ascii() {
        return Err(Fallback::Text);
    }
    scratch.clear();
    memory::append_text(scratch, text)?;
    // Of several changes of case the last one counts, and what is stripped has no case.
    match operations.iter().rfind(|op| matches!(op, TextOp::Lower | TextOp::Upper)) {
        Some(TextOp::Upper) => scratch.make_ascii_uppercase(),
        _ => scratch.make_ascii_lowercase(),
    }
    Ok(stripped(&operations[at..], scratch))
}

fn stripped<'a>(operations: &[TextOp], text: &'a str) -> &'a str {
    operations.iter().fold(text, |text, op| match op {
        TextOp::Strip => text.trim_matches(is_space),
        TextOp::StripLeft => text.trim_start_matches(is_space),
        TextOp::StripRight => text.trim_end_matches(is_space),
        TextOp::Lower | TextOp::Upper => text,
    })
}

/// The words of `text`, as `str.split` without arguments finds them.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// Whether `str.isspace` is true of a character: that of Unicode, and the separators 28 to 31.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r' | '\u{1c}'..='\u{1f}')
        || (!character.is_ascii() && character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_stripped_as_python_does() {
        let apply = |operations: &[TextOp], text: &str| {
            let mut scratch = String::new();
            apply(operations, text, &mut scratch).map(str::to_owned)
        };
        assert_eq!(apply(&[TextOp::Strip], " \x1ca b\x0b\n").unwrap(), "a b");
        assert_eq!(apply(&[TextOp::StripLeft], " a ").unwrap(), "a ");
        assert_eq!(apply(&[TextOp::StripRight], "\u{2003}é\u{85}").unwrap(), "\u{2003}é");
        assert_eq!(apply(&[TextOp::Strip], " \n").unwrap(), "");
        assert_eq!(apply(&[TextOp::Strip], "\u{200b}").unwrap(), "\u{200b}");
        assert_eq!(
            apply(&[TextOp::StripLeft, TextOp::Upper, TextOp::Lower, TextOp::StripRight], " aB1 ").unwrap(),
            "ab1"
        );
        assert!(matches!(apply(&[TextOp::Lower], "É"), Err(Fallback::Text)));
    }

    #[test]
    fn words_are_what_is_between_spaces() {
        assert_eq!(words(" a\u{a0}b\x1f\n c").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(words("\n").count(), 0);
    }
}
