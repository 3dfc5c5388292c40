//! One item of a line of JSON, without the rest: the whole line is checked, nothing but the item is kept.
//!
//! The grammar is that of Python's `json.loads` (RFC 8259), without what Python adds (`NaN`, `Infinity`), which is odd
//! here, as are numbers that are no 64-bit integers where they are asked for.

use crate::counts::Scalar;
use crate::odd::Odd;

/// Deeper values are left to Python, whose stack has limits of its own.
const DEPTH_MAX: usize = 200;
/// Python refuses to read integers of more digits, unless told otherwise.
const DIGITS_MAX: usize = 4300;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found<'a> {
    /// A value that can be counted.
    Scalar(Scalar<'a>),
    /// A list or an object.
    Container,
}

/// The item of the JSON in `line` that `keys` lead to, the outermost first; `scratch` may hold its text.
///
/// Of several members of one name the last one counts, as in Python.
///
/// # Errors
/// Where Python has to read the line, be it to raise an error.
pub fn project<'a>(line: &'a str, keys: &[String], scratch: &'a mut String) -> Result<Found<'a>, Odd> {
    let mut reader = Reader { bytes: line.as_bytes(), at: 0 };
    reader.skip_space();
    let found = reader.find(keys, 0)?;
    reader.skip_space();
    if reader.at < reader.bytes.len() {
        return Err(reader.odd());
    }
    match found {
        None => Err(Odd::Missing),
        Some(Raw::Container) => Ok(Found::Container),
        Some(Raw::Scalar(value)) => Ok(Found::Scalar(value)),
        Some(Raw::Number { from, to, is_float }) => {
            number(&line[from..to], is_float).map(Found::Scalar).ok_or(Odd::Json { at: from })
        }
        Some(Raw::Text { from, to, is_plain: true }) => Ok(Found::Scalar(Scalar::Str(&line[from..to]))),
        Some(Raw::Text { from, to, is_plain: false }) => {
            unescape(&line[from..to], scratch).ok_or(Odd::Json { at: from })?;
            Ok(Found::Scalar(Scalar::Str(scratch)))
        }
    }
}

/// A value where it stands.
#[derive(Clone, Copy)]
enum Raw {
    Scalar(Scalar<'static>),
    Number { from: usize, to: usize, is_float: bool },
    Text { from: usize, to: usize, is_plain: bool },
    Container,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn odd(&self) -> Odd {
        Odd::Json { at: self.at }
    }

    fn peek(&self) -> u8 {
        // 0 is no part of JSON, so that the end is like any other wrong byte.
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Odd> {
        if self.peek() != byte {
            return Err(self.odd());
        }
        self.at += 1;
        Ok(())
    }

    /// Reads one value, and returns what `keys` lead to in it.
    fn find(&mut self, keys: &[String], depth: usize) -> Result<Option<Raw>, Odd> {
        match (keys.split_first(), self.peek()) {
            (Some((key, rest)), b'{') => self.members(Some((key, rest)), depth),
            // Items of lists and of strings have no names: Python says what is wrong.
            (Some(_), _) => Err(self.odd()),
            (None, _) => self.value(depth).map(Some),
        }
    }

    /// Reads an object, and returns what is wanted of the member that is wanted.
    fn members(&mut self, wanted: Option<(&String, &[String])>, depth: usize) -> Result<Option<Raw>, Odd> {
        if depth == DEPTH_MAX {
            return Err(self.odd());
        }
        self.expect(b'{')?;
        self.skip_space();
        let mut found = None;
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(found);
        }
        loop {
            let (from, to, is_plain) = self.string()?;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            match wanted {
                // A name in escapes may be the one: Python knows.
                Some(_) if !is_plain => return Err(self.odd()),
                Some((key, rest)) if &self.bytes[from..to] == key.as_bytes() => {
                    found = self.find(rest, depth + 1)?;
                }
                _ => {
                    self.value(depth + 1)?;
                }
            }
            self.skip_space();
            match self.peek() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(found);
                }
                _ => return Err(self.odd()),
            }
            self.skip_space();
        }
    }

    fn value(&mut self, depth: usize) -> Result<Raw, Odd> {
        match self.peek() {
            b'"' => self.string().map(|(from, to, is_plain)| Raw::Text { from, to, is_plain }),
            b'{' => self.members(None, depth).map(|_| Raw::Container),
            b'[' => self.list(depth).map(|()| Raw::Container),
            b't' => self.word(b"true", Scalar::Bool(true)),
            b'f' => self.word(b"false", Scalar::Bool(false)),
            b'n' => self.word(b"null", Scalar::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8], value: Scalar<'static>) -> Result<Raw, Odd> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.odd());
        }
        self.at += word.len();
        Ok(Raw::Scalar(value))
    }

    fn list(&mut self, depth: usize) -> Result<(), Odd> {
        if depth == DEPTH_MAX {
            return Err(self.odd());
        }
        self.expect(b'[')?;
        self.skip_space();
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.skip_space();
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.odd()),
            }
            self.skip_space();
        }
    }

    /// Reads a string; returns where its text is, and whether it has no escapes.
    fn string(&mut self) -> Result<(usize, usize, bool), Odd> {
        self.expect(b'"')?;
        let from = self.at;
        let mut is_plain = true;
        loop {
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok((from, self.at - 1, is_plain));
                }
                b'\\' => {
                    is_plain = false;
                    self.at += 1;
                    self.escape()?;
                }
                0..0x20 => return Err(self.odd()),
                _ => self.at += 1,
            }
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<(), Odd> {
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
            b'u' => {
                let digits = self.bytes.get(self.at + 1..self.at + 5).unwrap_or_default();
                if digits.len() != 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(self.odd());
                }
                self.at += 5;
            }
            _ => return Err(self.odd()),
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Result<Raw, Odd> {
        let from = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        let leads_with_zero = self.peek() == b'0';
        let n_digits = self.digits();
        if n_digits == 0 || (leads_with_zero && n_digits > 1) || n_digits > DIGITS_MAX {
            return Err(self.odd());
        }
        let mut is_float = false;
        if self.peek() == b'.' {
            is_float = true;
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.odd());
            }
        }
        if matches!(self.peek(), b'e' | b'E') {
            is_float = true;
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.odd());
            }
        }
        Ok(Raw::Number { from, to: self.at, is_float })
    }
}

/// The value of a number; `None` for integers of more than 64 bits, which are Python's to make.
fn number(text: &str, is_float: bool) -> Option<Scalar<'static>> {
    if is_float { text.parse().map(Scalar::Float).ok() } else { text.parse().map(Scalar::Int).ok() }
}

/// Puts the text that `escaped` stands for into `text`; `None` for lone surrogates, which no Rust string has.
fn unescape(escaped: &str, text: &mut String) -> Option<()> {
    text.clear();
    let mut rest = escaped;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let kind = *rest.as_bytes().get(at + 1)?;
        rest = rest.get(at + 2..)?;
        text.push(match kind {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = hex(rest)?;
                rest = rest.get(4..)?;
                let low = if (0xd800..0xdc00).contains(&unit) {
                    let low = rest.strip_prefix("\\u").and_then(hex)?;
                    rest = rest.get(6..)?;
                    Some(low)
                } else {
                    None
                };
                char::decode_utf16([Some(unit), low].into_iter().flatten()).next()?.ok()?
            }
            other => char::from(other),
        });
    }
    text.push_str(rest);
    Some(())
}

fn hex(digits: &str) -> Option<u16> {
    u16::from_str_radix(digits.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pluck(line: &str, keys: &[&str]) -> Result<String, Odd> {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let mut scratch = String::new();
        project(line, &keys, &mut scratch).map(|found| format!("{found:?}"))
    }

    #[test]
    fn the_item_that_was_asked_for_is_found() {
        let line = r#" {"a": [1, {"b": 2}], "b": {"c": "x\n\u00e9\ud83d\ude00"}, "d": -1.5e3, "a": 7} "#;
        assert_eq!(pluck(line, &["a"]).unwrap(), "Scalar(Int(7))");
        assert_eq!(pluck(line, &["b", "c"]).unwrap(), "Scalar(Str(\"x\\né😀\"))");
        assert_eq!(pluck(line, &["d"]).unwrap(), "Scalar(Float(-1500.0))");
        assert_eq!(pluck(line, &["b"]).unwrap(), "Container");
        assert!(matches!(pluck(line, &["z"]), Err(Odd::Missing)));
        assert!(matches!(pluck(line, &["a", "b"]), Err(Odd::Json { .. })));
    }

    #[test]
    fn what_python_reads_in_its_own_way_is_odd() {
        for line in [
            r#"{"a": NaN}"#,
            r#"{"a": 1e}"#,
            r#"{"a": 01}"#,
            r#"{"a": "\ud800"}"#,
            r#"{"a": 99999999999999999999}"#,
            r#"{"\u0061": 1}"#,
            "{\"a\": \"\t\"}",
            r#"{"a": 1} x"#,
            r#"{"a": 1,}"#,
            r#"{"a" 1}"#,
            "",
            "\u{feff}{}",
        ] {
            assert!(matches!(pluck(line, &["a"]), Err(Odd::Json { .. })), "{line}");
        }
    }

    #[test]
    fn deep_values_are_odd_and_do_not_overflow_the_stack() {
        let line = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(pluck(&line, &[]), Err(Odd::Json { .. })));
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            (-1e9..1e9f64).prop_map(Into::into),
            "\\PC{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                proptest::collection::hash_map("[abc]", inner, 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn found_items_are_those_of_another_parser(value in json(), key in "[abc]") {
            let line = serde_json::to_string(&value).unwrap();
            let keys = [key.clone()];
            let mut scratch = String::new();
            let found = project(&line, &keys, &mut scratch);
            match value.get(&key) {
                None => prop_assert!(found.is_err()),
                Some(serde_json::Value::String(text)) => {
                    prop_assert_eq!(found.unwrap(), Found::Scalar(Scalar::Str(text)));
                }
                Some(serde_json::Value::Number(n)) if n.is_i64() => {
                    prop_assert_eq!(found.unwrap(), Found::Scalar(Scalar::Int(n.as_i64().unwrap())));
                }
                Some(serde_json::Value::Number(n)) => {
                    prop_assert_eq!(found.unwrap(), Found::Scalar(Scalar::Float(n.as_f64().unwrap())));
                }
                Some(serde_json::Value::Bool(b)) => {
                    prop_assert_eq!(found.unwrap(), Found::Scalar(Scalar::Bool(*b)));
                }
                Some(serde_json::Value::Null) => prop_assert_eq!(found.unwrap(), Found::Scalar(Scalar::Null)),
                Some(_) => prop_assert_eq!(found.unwrap(), Found::Container),
            }
        }

        #[test]
        fn damaged_lines_are_never_taken_for_whole(line in "[\\[\\]{}\":,a1 ]{0,12}") {
            let mut scratch = String::new();
            let found = project(&line, &[], &mut scratch);
            let other = serde_json::from_str::<serde_json::Value>(&line);
            prop_assert_eq!(found.is_ok(), other.is_ok());
        }
    }
}
