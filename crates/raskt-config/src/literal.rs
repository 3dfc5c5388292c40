//! Values of environment variables: Python literals, JSON and the flow form of YAML, and text that is none of these.
//!
//! A whole YAML parser would be too clever here: `*.csv`, `a: b` and `x #1` must stay text.

use crate::map::Map;
use crate::scalar::number;
use crate::value::Value;

/// The deepest nesting of brackets that is read.
const DEPTH_MAX: usize = 64;

/// The value that a text spells: `2`, `0.7`, `true`/`True`, `None`/`null`, `'quoted'`, `[1, 2]`, `(1, 2)`,
/// `{'a': 1}`, `{a: 1}`. What looks like none of these is the text itself; so is a broken list.
///
/// ```
/// use raskt_config::{Value, parse_literal};
///
/// assert_eq!(parse_literal("[1, None]"), Value::List(vec![Value::Int(1), Value::Null]));
/// assert_eq!(parse_literal("1GiB"), Value::from("1GiB"));
/// ```
pub fn parse_literal(text: &str) -> Value {
    let trimmed = text.trim();
    if trimmed.starts_with(['[', '{', '(', '\'', '"']) {
        let mut reader = Reader { rest: trimmed };
        return match reader.value(0) {
            Some(value) if reader.rest.is_empty() => value,
            _ => Value::from(text),
        };
    }
    match word(trimmed) {
        Value::Str(_) => Value::from(text),
        value => value,
    }
}

fn word(text: &str) -> Value {
    match text.to_ascii_lowercase().as_str() {
        "none" | "null" | "~" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => number(text).unwrap_or_else(|| Value::from(text)),
    }
}

/// A recursive-descent reader; each method consumes what it returns, and `None` means that the text is no literal.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.rest.chars().next()? {
            '[' => self.items(']', depth).map(Value::List),
            '(' => self.tuple(depth),
            '{' => self.mapping(depth).map(Value::Map),
            quote @ ('\'' | '"') => self.quoted(quote).map(Value::Str),
            _ => self.bare(&[',', ']', ')', '}']).map(word),
        }
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, expected: char) -> bool {
        match self.rest.strip_prefix(expected) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// The items up to a closing bracket; a comma may stand after the last.
    fn items(&mut self, close: char, depth: usize) -> Option<Vec<Value>> {
        self.rest = &self.rest[1..];
        let mut items = Vec::new();
        loop {
            self.skip_spaces();
            if self.take(close) {
                return Some(items);
            }
            items.push(self.value(depth + 1)?);
            self.skip_spaces();
            if !self.take(',') && !self.rest.starts_with(close) {
                return None;
            }
        }
    }

    /// A tuple; brackets around one value without a comma are only brackets.
    fn tuple(&mut self, depth: usize) -> Option<Value> {
        let start = self.rest;
        let items = self.items(')', depth)?;
        let consumed = &start[..start.len() - self.rest.len()];
        let grouped = items.len() == 1 && !consumed.trim_end_matches(')').trim_end().ends_with(',');
        match grouped {
            true => items.into_iter().next(),
            false => Some(Value::List(items)),
        }
    }

    fn mapping(&mut self, depth: usize) -> Option<Map> {
        self.rest = &self.rest[1..];
        let mut map = Map::default();
        loop {
            self.skip_spaces();
            if self.take('}') {
                return Some(map);
            }
            let name = match self.rest.chars().next()? {
                quote @ ('\'' | '"') => self.quoted(quote)?,
                _ => self.bare(&[':', ',', '}', '{', '[', ']'])?.to_owned(),
            };
            self.skip_spaces();
            if !self.take(':') {
                return None;
            }
            self.skip_spaces();
            map.insert(&name, self.value(depth + 1)?);
            self.skip_spaces();
            if !self.take(',') && !self.rest.starts_with('}') {
                return None;
            }
        }
    }

    /// A word up to one of the stops, without the spaces around it; not empty.
    fn bare(&mut self, stops: &[char]) -> Option<&str> {
        let end = self.rest.find(stops).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(text.trim()).filter(|text| !text.is_empty())
    }

    /// A quoted text with the escapes that Python and JSON share.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let mut text = String::new();
        let mut chars = self.rest[1..].chars();
        loop {
            match chars.next()? {
                c if c == quote => break,
                '\\' => text.push(match chars.next()? {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    '0' => '\0',
                    'x' => escaped(&mut chars, 2)?,
                    'u' => escaped(&mut chars, 4)?,
                    same @ ('\\' | '\'' | '"' | '/') => same,
                    _ => return None,
                }),
                c => text.push(c),
            }
        }
        self.rest = chars.as_str();
        Some(text)
    }
}

fn escaped(chars: &mut std::str::Chars<'_>, n_digits: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..n_digits {
        code = code * 16 + chars.next()?.to_digit(16)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ints(numbers: &[i128]) -> Value {
        Value::List(numbers.iter().map(|n| Value::Int(*n)).collect())
    }

    #[test]
    fn literals_of_python_json_and_yaml_are_typed() {
        let cases = [
            ("2", Value::Int(2)),
            (" 2 ", Value::Int(2)),
            ("0.7", Value::Float(0.7)),
            ("true", Value::Bool(true)),
            ("FALSE", Value::Bool(false)),
            ("None", Value::Null),
            ("null", Value::Null),
            ("[1,2]", ints(&[1, 2])),
            ("[1, 2, ]", ints(&[1, 2])),
            ("(1, 2)", ints(&[1, 2])),
            ("(1,)", ints(&[1])),
            ("(1)", Value::Int(1)),
            ("[]", ints(&[])),
            ("'7'", Value::from("7")),
            ("\"a\\u00e9\\n\"", Value::from("aé\n")),
            ("[a, 'b c', None]", Value::List(vec![Value::from("a"), Value::from("b c"), Value::Null])),
        ];
        for (text, value) in cases {
            assert_eq!(parse_literal(text), value, "{text}");
        }
        for text in ["{'a': [1], b: 2}", "{\"a\":[1],\"b\":2}", "{ a : [1] , b : 2 , }"] {
            let Value::Map(map) = parse_literal(text) else { panic!("{text} is no mapping") };
            assert_eq!(map.get("a"), Some(&ints(&[1])), "{text}");
            assert_eq!(map.get("b"), Some(&Value::Int(2)), "{text}");
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        let texts = [
            "1GiB",
            "70%",
            "*.csv",
            "a: b",
            "x #1",
            "- a",
            "!!int 3",
            "[1, 2",
            "{1, 2}",
            "[1]]",
            "'open",
            "C:\\temp",
            "[,]",
            "yes",
            "/tmp/a b",
            " spaced words ",
            "'a' 'b'",
            "{a}",
        ];
        for text in texts {
            assert_eq!(parse_literal(text), Value::from(text), "{text}");
        }
    }

    #[test]
    fn deep_brackets_stay_text() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        assert_eq!(parse_literal(&deep), Value::from(deep.as_str()));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in "\\PC*") {
            parse_literal(&text);
        }

        #[test]
        fn lists_of_numbers_come_back(numbers in prop::collection::vec(any::<i64>(), 0..9)) {
            let numbers: Vec<i128> = numbers.into_iter().map(i128::from).collect();
            prop_assert_eq!(parse_literal(&format!("{numbers:?}")), ints(&numbers));
        }
    }
}
