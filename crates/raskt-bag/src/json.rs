//! Items of a line of JSON, without the rest: the whole line is checked, nothing but the items is kept.
//!
//! The grammar is that of Python's `json.loads`: RFC 8259, and `NaN`, `Infinity` and `-Infinity`. What is nested deeper
//! than [`DEPTH_MAX`] is left to Python ([`Fallback`]).

use raskt_core::Fit;

use crate::element::{Constant, Element, Scalar};
use crate::fallback::Fallback;
use crate::memory;

/// Deeper values are left to Python, whose stack has limits of its own.
const DEPTH_MAX: usize = 200;
/// Python refuses to read integers of more digits, unless told otherwise.
const DIGITS_MAX: usize = 4300;

/// What is taken from each line of JSON.
#[derive(Clone, Debug, Default)]
pub struct Projection {
    /// The names of members that lead to the object that has the items, the outermost first.
    pub path: Vec<String>,
    /// The names of the items in it; none for the object (or other value) itself.
    pub names: Vec<String>,
    /// Whether the items are put into a tuple; else there is no more than one.
    pub is_tuple: bool,
    /// What stands for an item that is not there.
    pub default: Option<Constant>,
    /// Whether the item is a list, of which each item is an element.
    pub flatten: bool,
}

impl Projection {
    /// What `json.loads` and items taken one from the other give, as by Python's `pluck`.
    pub fn of_path(keys: &[&str]) -> Self {
        let mut path: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        let names = path.pop().into_iter().collect();
        Self { path, names, ..Self::default() }
    }
}

/// Memory that lines use one after the other.
#[derive(Debug, Default)]
pub struct Scratch {
    slots: Vec<Option<Raw>>,
    texts: Vec<Vec<u8>>,
}

/// Hands to `emit` what `projection` takes from the JSON in `line`: all of it, or, with an error, nothing. (`emit` may
/// refuse a list or an object, which come alone.)
///
/// Of several members of one name the last one counts, as in Python.
///
/// # Errors
/// Where Python has to read the line, be it to raise an error.
pub fn project(
    line: &str,
    projection: &Projection,
    scratch: &mut Scratch,
    emit: &mut impl FnMut(Element<'_>) -> Result<(), Fallback>,
) -> Result<(), Fallback> {
    let mut reader = Reader { bytes: line.as_bytes(), at: 0 };
    reader.skip_space();
    let Scratch { slots, texts } = scratch;
    slots.clear();
    slots.resize(projection.names.len().max(1), None);
    let wanted = Wanted { path: &projection.path, names: &projection.names };
    let is_reached = reader.find(wanted, slots, 0)?;
    reader.skip_space();
    if reader.at < reader.bytes.len() {
        return Err(reader.fallback());
    }
    if !is_reached {
        return Err(Fallback::Missing);
    }
    memory::lengthen(texts, slots.len())?;
    let default = projection.default.as_ref();
    if projection.is_tuple {
        let items = slots.iter().zip(texts).map(|(slot, text)| scalar(line, *slot, default, text));
        return emit(Element::Tuple(&items.collect::<Result<Vec<_>, _>>()?));
    }
    match (projection.flatten, slots[0]) {
        (true, Some(Raw::Container { from, to })) => explode(line, from, to, texts, emit),
        (true, _) => Err(Fallback::Flatten),
        (false, Some(Raw::Container { from, to })) => emit(Element::Json(&line[from..to])),
        (false, slot) => emit(Element::Scalar(scalar(line, slot, default, &mut texts[0])?)),
    }
}

/// Hands out the items of the list in `line[from..to]`.
fn explode(
    line: &str,
    from: usize,
    to: usize,
    texts: &mut Vec<Vec<u8>>,
    emit: &mut impl FnMut(Element<'_>) -> Result<(), Fallback>,
) -> Result<(), Fallback> {
    let mut reader = Reader { bytes: &line.as_bytes()[..to], at: from };
    if reader.peek() != b'[' {
        return Err(Fallback::Flatten);
    }
    let (mut raws, mut has_room) = (Vec::new(), Ok(()));
    reader.list(0, &mut |raw| {
        if has_room.is_ok() {
            has_room = memory::push(&mut raws, raw);
        }
    })?;
    has_room?;
    memory::lengthen(texts, raws.len())?;
    // All of them or none: the last one may be what Python has to read.
    let mut items = Vec::new();
    items.try_reserve_exact(raws.len()).map_err(memory::Exhausted::from)?;
    for (raw, text) in raws.into_iter().zip(texts) {
        items.push(scalar(line, Some(raw), None, text)?);
    }
    for item in items {
        emit(Element::Scalar(item))?;
    }
    Ok(())
}

/// The value at a place of `line`; `text` may hold it.
fn scalar<'a>(
    line: &'a str,
    slot: Option<Raw>,
    default: Option<&'a Constant>,
    text: &'a mut Vec<u8>,
) -> Result<Scalar<'a>, Fallback> {
    match (slot, default) {
        (None, None) => Err(Fallback::Missing),
        (None, Some(value)) => Ok(value.borrow()),
        (Some(Raw::Container { .. }), _) => Err(Fallback::Container),
        (Some(Raw::Scalar(value)), _) => Ok(value),
        (Some(Raw::Number { from, to, is_float }), _) => {
            number(&line[from..to], is_float).ok_or(Fallback::Json { at: from })
        }
        (Some(Raw::Text { from, to, is_plain: true }), _) => Ok(Scalar::Str(&line[from..to])),
        (Some(Raw::Text { from, to, is_plain: false }), _) => {
            text.clear();
            // What an escape stands for is shorter than the escape.
            text.try_reserve(to - from).map_err(memory::Exhausted::from)?;
            unescape(&line[from..to], text).ok_or(Fallback::Json { at: from })?;
            Ok(std::str::from_utf8(text).map_or(Scalar::Wtf8(text), Scalar::Str))
        }
    }
}

/// A value where it stands.
#[derive(Clone, Copy, Debug)]
enum Raw {
    Scalar(Scalar<'static>),
    Number { from: usize, to: usize, is_float: bool },
    Text { from: usize, to: usize, is_plain: bool },
    Container { from: usize, to: usize },
}

/// What is still to be found: the rest of a path, and the names at its end.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    path: &'a [String],
    names: &'a [String],
}

/// The bytes of strings that stand for themselves.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 0x20 {
        plain[byte] = false;
        byte += 1;
    }
    plain[b'"' as usize] = false;
    plain[b'\\' as usize] = false;
    plain
};

/// The name of a member as it stands, between its quotes.
#[derive(Clone, Copy)]
struct Name<'a> {
    text: &'a [u8],
    is_plain: bool,
}

impl Name<'_> {
    fn is(&self, key: &str) -> bool {
        if self.is_plain {
            return self.text == key.as_bytes();
        }
        let mut text = Vec::new();
        let escaped = std::str::from_utf8(self.text).ok();
        escaped.and_then(|escaped| unescape(escaped, &mut text)).is_some() && text == key.as_bytes()
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn fallback(&self) -> Fallback {
        Fallback::Json { at: self.at }
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

    fn expect(&mut self, byte: u8) -> Result<(), Fallback> {
        if self.peek() != byte {
            return Err(self.fallback());
        }
        self.at += 1;
        Ok(())
    }

    /// Reads one value, and puts what is wanted of it into `slots`; returns whether the path leads anywhere.
    fn find(
        &mut self,
        wanted: Wanted<'_>,
        slots: &mut [Option<Raw>],
        depth: usize,
    ) -> Result<bool, Fallback> {
        if wanted.path.is_empty() && wanted.names.is_empty() {
            slots[0] = Some(self.value(depth)?);
            return Ok(true);
        }
        if self.peek() != b'{' {
            // Items of lists and of strings have no names: Python says what is wrong.
            return Err(self.fallback());
        }
        let mut is_reached = wanted.path.is_empty();
        self.members(depth, &mut |reader, name, depth| {
            let Some((key, path)) = wanted.path.split_first() else {
                let value = reader.value(depth)?;
                for (slot, _) in slots.iter_mut().zip(wanted.names).filter(|(_, key)| name.is(key)) {
                    *slot = Some(value);
                }
                return Ok(());
            };
            if name.is(key) {
                // Of an earlier member of this name nothing is left.
                slots.fill(None);
                is_reached = reader.find(Wanted { path, ..wanted }, slots, depth)?;
            } else {
                reader.value(depth)?;
            }
            Ok(())
        })?;
        Ok(is_reached)
    }

    /// Reads an object; `member` reads the value of each member.
    fn members(
        &mut self,
        depth: usize,
        member: &mut impl FnMut(&mut Self, Name<'a>, usize) -> Result<(), Fallback>,
    ) -> Result<(), Fallback> {
        if depth == DEPTH_MAX {
            return Err(self.fallback());
        }
        self.expect(b'{')?;
        self.skip_space();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            let (from, to, is_plain) = self.string()?;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            let name = Name { text: &self.bytes[from..to], is_plain };
            member(self, name, depth + 1)?;
            self.skip_space();
            match self.peek() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fallback()),
            }
            self.skip_space();
        }
    }

    fn value(&mut self, depth: usize) -> Result<Raw, Fallback> {
        let from = self.at;
        match self.peek() {
            b'"' => self.string().map(|(from, to, is_plain)| Raw::Text { from, to, is_plain }),
            b'{' => {
                self.members(depth, &mut |reader, _, depth| reader.value(depth).map(|_| ()))?;
                Ok(Raw::Container { from, to: self.at })
            }
            b'[' => {
                self.list(depth, &mut |_| {})?;
                Ok(Raw::Container { from, to: self.at })
            }
            b't' => self.word(b"true", Scalar::Bool(true)),
            b'f' => self.word(b"false", Scalar::Bool(false)),
            b'n' => self.word(b"null", Scalar::Null),
            b'N' => self.word(b"NaN", Scalar::Float(f64::NAN)),
            b'I' => self.word(b"Infinity", Scalar::Float(f64::INFINITY)),
            b'-' if self.bytes.get(self.at + 1) == Some(&b'I') => {
                self.word(b"-Infinity", Scalar::Float(f64::NEG_INFINITY))
            }
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8], value: Scalar<'static>) -> Result<Raw, Fallback> {
        if !self.bytes[self.at..].starts_with(word) {
            return Err(self.fallback());
        }
        self.at += word.len();
        Ok(Raw::Scalar(value))
    }

    fn list(&mut self, depth: usize, item: &mut dyn FnMut(Raw)) -> Result<(), Fallback> {
        if depth == DEPTH_MAX {
            return Err(self.fallback());
        }
        self.expect(b'[')?;
        self.skip_space();
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self.value(depth + 1)?);
            self.skip_space();
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fallback()),
            }
            self.skip_space();
        }
    }

    /// Reads a string; returns where its text is, and whether it has no escapes.
    fn string(&mut self) -> Result<(usize, usize, bool), Fallback> {
        self.expect(b'"')?;
        let from = self.at;
        let mut is_plain = true;
        loop {
            while PLAIN[usize::from(self.peek())] {
                self.at += 1;
            }
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
                _ => return Err(self.fallback()),
            }
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<(), Fallback> {
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
            b'u' => {
                let digits = self.bytes.get(self.at + 1..self.at + 5).unwrap_or_default();
                if digits.len() != 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(self.fallback());
                }
                self.at += 5;
            }
            _ => return Err(self.fallback()),
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

    fn number(&mut self) -> Result<Raw, Fallback> {
        let from = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        let leads_with_zero = self.peek() == b'0';
        let n_digits = self.digits();
        if n_digits == 0 || (leads_with_zero && n_digits > 1) {
            return Err(self.fallback());
        }
        let mut is_float = false;
        if self.peek() == b'.' {
            is_float = true;
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.fallback());
            }
        }
        if matches!(self.peek(), b'e' | b'E') {
            is_float = true;
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.fallback());
            }
        }
        if !is_float && n_digits > DIGITS_MAX {
            return Err(self.fallback());
        }
        Ok(Raw::Number { from, to: self.at, is_float })
    }
}

/// The value of a number; `None` where it has none.
fn number(text: &str, is_float: bool) -> Option<Scalar<'_>> {
    if is_float {
        return text.parse().map(Scalar::Float).ok();
    }
    Some(text.parse().map_or(Scalar::Big(text), Scalar::Int))
}

/// Puts the text that `escaped` stands for into `text`: UTF-8, and halves of surrogate pairs as WTF-8 has them; `None`
/// where an escape is none.
fn unescape(escaped: &str, text: &mut Vec<u8>) -> Option<()> {
    let mut rest = escaped;
    while let Some(at) = rest.find('\\') {
        text.extend_from_slice(&rest.as_bytes()[..at]);
        let kind = *rest.as_bytes().get(at + 1)?;
        rest = rest.get(at + 2..)?;
        text.push(match kind {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let unit = hex(rest)?;
                rest = rest.get(4..)?;
                let low = rest.strip_prefix("\\u").and_then(hex).filter(|low| (0xdc00..0xe000).contains(low));
                match low {
                    Some(low) if (0xd800..0xdc00).contains(&unit) => {
                        rest = rest.get(6..)?;
                        push_code(
                            0x1_0000 + ((u32::from(unit) - 0xd800) << 10) + u32::from(low) - 0xdc00,
                            text,
                        );
                    }
                    _ => push_code(u32::from(unit), text),
                }
                continue;
            }
            other => other,
        });
    }
    text.extend_from_slice(rest.as_bytes());
    Some(())
}

/// Appends a code point; one of a surrogate, which UTF-8 has not, in the three bytes that it would have.
fn push_code(code: u32, text: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(character) => text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            let low = |shift: u32| 0x80 | (code >> shift & 0x3f) as u8;
            text.extend_from_slice(&[0xe0 | (code >> 12).fit::<u8>(), low(6), low(0)]);
        }
    }
}

fn hex(digits: &str) -> Option<u16> {
    u16::from_str_radix(digits.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn elements(line: &str, projection: &Projection) -> Result<Vec<String>, Fallback> {
        let mut found = Vec::new();
        let mut emit = |element: Element<'_>| {
            found.push(format!("{element:?}"));
            Ok(())
        };
        project(line, projection, &mut Scratch::default(), &mut emit).map(|()| found)
    }

    fn pluck(line: &str, keys: &[&str]) -> Result<String, Fallback> {
        elements(line, &Projection::of_path(keys)).map(|found| found.concat())
    }

    #[test]
    fn the_item_that_was_asked_for_is_found() {
        let line = r#" {"a": [1, {"b": 2}], "b": {"c": "x\n\u00e9\ud83d\ude00"}, "d": -1.5e3, "a": 7} "#;
        assert_eq!(pluck(line, &["a"]).unwrap(), "Scalar(Int(7))");
        assert_eq!(pluck(line, &["b", "c"]).unwrap(), "Scalar(Str(\"x\\né😀\"))");
        assert_eq!(pluck(line, &["d"]).unwrap(), "Scalar(Float(-1500.0))");
        assert_eq!(pluck(line, &["b"]).unwrap(), r#"Json("{\"c\": \"x\\n\\u00e9\\ud83d\\ude00\"}")"#);
        assert!(matches!(pluck(line, &["z"]), Err(Fallback::Missing)));
        assert!(matches!(pluck(line, &["a", "b"]), Err(Fallback::Json { .. })));
    }

    #[test]
    fn several_items_are_a_tuple_in_which_defaults_stand_for_what_is_missing() {
        let names = ["x", "é", "x"].map(str::to_owned).to_vec();
        let path = vec!["a".to_owned()];
        let tuple = Projection { path, names, is_tuple: true, ..Projection::default() };
        let line = r#"{"a": {"x": "\t"}, "x": 1, "a": {"x": "\n", "é": true}}"#;
        assert_eq!(elements(line, &tuple).unwrap(), [r#"Tuple([Str("\n"), Bool(true), Str("\n")])"#]);
        assert!(matches!(elements(r#"{"a": {"x": 1}}"#, &tuple), Err(Fallback::Missing)));
        assert!(matches!(elements(r#"{"a": {"x": 1, "é": []}}"#, &tuple), Err(Fallback::Container)));
        let tuple = Projection { default: Some(Constant::Int(7)), ..tuple };
        assert_eq!(elements(r#"{"a": {"x": 1}}"#, &tuple).unwrap(), ["Tuple([Int(1), Int(7), Int(1)])"]);
        assert!(matches!(elements("{}", &tuple), Err(Fallback::Missing)));
    }

    #[test]
    fn lists_are_gone_through_or_left_whole() {
        let each = Projection { flatten: true, ..Projection::of_path(&["a"]) };
        assert_eq!(
            elements(r#"{"a": ["\t", 2]}"#, &each).unwrap(),
            [r#"Scalar(Str("\t"))"#, "Scalar(Int(2))"]
        );
        assert_eq!(elements(r#"{"a": []}"#, &each).unwrap(), [""; 0]);
        assert!(matches!(elements(r#"{"a": [1, []]}"#, &each), Err(Fallback::Container)));
        for line in [r#"{"a": {}}"#, r#"{"a": "text"}"#] {
            assert!(matches!(elements(line, &each), Err(Fallback::Flatten)), "{line}");
        }
    }

    #[test]
    fn what_python_does_not_read_falls_back() {
        let digits = format!("{{\"a\": {}}}", "9".repeat(DIGITS_MAX + 1));
        for line in [
            digits.as_str(),
            r#"{"a": -NaN}"#,
            r#"{"a": nan}"#,
            r#"{"a": +Infinity}"#,
            r#"{"a": 1e}"#,
            r#"{"a": 01}"#,
            "{\"a\": \"\t\"}",
            r#"{"a": 1} x"#,
            r#"{"a": 1,}"#,
            r#"{"a" 1}"#,
            "",
            "\u{feff}{}",
        ] {
            assert!(matches!(pluck(line, &["a"]), Err(Fallback::Json { .. })), "{line}");
        }
    }

    #[test]
    fn what_python_adds_to_json_is_read() {
        for (value, expected) in [
            ("NaN", "Float(NaN)"),
            ("Infinity", "Float(inf)"),
            ("-Infinity", "Float(-inf)"),
            ("1e999", "Float(inf)"),
            ("-9223372036854775808", "Int(-9223372036854775808)"),
            ("9223372036854775808", "Big(\"9223372036854775808\")"),
            ("-99999999999999999999", "Big(\"-99999999999999999999\")"),
            (r#""\ud83d\ude00""#, "Str(\"😀\")"),
            (r#""x\ud800\u0061""#, "Wtf8([120, 237, 160, 128, 97])"),
            (r#""\udc00\ud800\ud83d\ude00""#, "Wtf8([237, 176, 128, 237, 160, 128, 240, 159, 152, 128])"),
        ] {
            let found = pluck(&format!(r#"{{"b": {value}, "\u0061": {value}}}"#), &["a"]).unwrap();
            assert_eq!(found, format!("Scalar({expected})"), "{value}");
        }
        assert_eq!(
            pluck(r#"{"a": 1, "\u0061": 2, "\ud800": 3, "b": NaN}"#, &["a"]).unwrap(),
            "Scalar(Int(2))"
        );
        let long = format!("{{\"a\": {}.5}}", "9".repeat(DIGITS_MAX + 1));
        assert_eq!(pluck(&long, &["a"]).unwrap(), "Scalar(Float(inf))");
    }

    #[test]
    fn deep_values_are_odd_and_do_not_overflow_the_stack() {
        let line = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(pluck(&line, &[]), Err(Fallback::Json { .. })));
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
            let found = pluck(&line, &[&key]);
            let expected = match value.get(&key) {
                None => {
                    prop_assert!(found.is_err());
                    return Ok(());
                }
                Some(serde_json::Value::String(text)) => Element::Scalar(Scalar::Str(text)),
                Some(serde_json::Value::Number(n)) => Element::Scalar(match n.as_i64() {
                    Some(n) => Scalar::Int(n),
                    None => Scalar::Float(n.as_f64().unwrap()),
                }),
                Some(serde_json::Value::Bool(b)) => Element::Scalar(Scalar::Bool(*b)),
                Some(serde_json::Value::Null) => Element::Scalar(Scalar::Null),
                Some(other) => {
                    let text = serde_json::to_string(other).unwrap();
                    prop_assert_eq!(found.unwrap(), format!("{:?}", Element::Json(&text)));
                    return Ok(());
                }
            };
            prop_assert_eq!(found.unwrap(), format!("{expected:?}"));
        }

        #[test]
        fn damaged_lines_are_never_taken_for_whole(line in "[\\[\\]{}\":,a1 ]{0,12}") {
            let found = pluck(&line, &[]);
            let other = serde_json::from_str::<serde_json::Value>(&line);
            prop_assert_eq!(found.is_ok(), other.is_ok());
        }
    }
}
