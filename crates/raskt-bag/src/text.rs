//! Methods of Python's strings, on ASCII.

use crate::odd::Odd;

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

    /// Changes `text` in place, which may move its ends.
    ///
    /// # Errors
    /// For text beyond ASCII.
    pub fn apply(self, text: &mut Vec<u8>) -> Result<(), Odd> {
        if !text.is_ascii() {
            return Err(Odd::Text);
        }
        if matches!(self, Self::Strip | Self::StripRight) {
            let kept = text.iter().rposition(|&byte| !is_space(byte)).map_or(0, |at| at + 1);
            text.truncate(kept);
        }
        if matches!(self, Self::Strip | Self::StripLeft) {
            let from = text.iter().position(|&byte| !is_space(byte)).unwrap_or(text.len());
            text.drain(..from);
        }
        match self {
            Self::Lower => text.make_ascii_lowercase(),
            Self::Upper => text.make_ascii_uppercase(),
            Self::Strip | Self::StripLeft | Self::StripRight => {}
        }
        Ok(())
    }
}

/// Whether `str.isspace` is true of an ASCII character: the separators 28 to 31 are spaces to Python.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | 0x1c..=0x1f | b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_stripped_as_python_does() {
        let strip = |op: TextOp, text: &str| {
            let mut text = text.as_bytes().to_vec();
            op.apply(&mut text).map(|()| String::from_utf8(text).unwrap())
        };
        assert_eq!(strip(TextOp::Strip, " \x1ca b\x0b\n").unwrap(), "a b");
        assert_eq!(strip(TextOp::StripLeft, " a ").unwrap(), "a ");
        assert_eq!(strip(TextOp::StripRight, " a ").unwrap(), " a");
        assert_eq!(strip(TextOp::Strip, " \n").unwrap(), "");
        assert_eq!(strip(TextOp::Upper, "aB1").unwrap(), "AB1");
        assert!(matches!(strip(TextOp::Lower, "É"), Err(Odd::Text)));
    }
}
