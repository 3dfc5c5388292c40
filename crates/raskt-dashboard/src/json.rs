//! Writing JSON that may stand in a page.

use std::fmt::Write;
use std::sync::Arc;

/// Appends `text` in quotes. Nothing in it can end a script or a tag.
pub fn string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' | '\u{7f}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Appends a list, each item by `write`.
pub fn list<T>(out: &mut String, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut String, T)) {
    out.push('[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// Appends a number.
pub fn number(out: &mut String, number: u64) {
    let _ = write!(out, "{number}");
}

/// Appends nanoseconds as milliseconds, to the microsecond.
pub fn milliseconds(out: &mut String, nanoseconds: u64) {
    let microseconds = nanoseconds / 1000;
    let _ = match microseconds % 1000 {
        0 => write!(out, "{}", microseconds / 1000),
        rest => write!(out, "{}.{rest:03}", microseconds / 1000),
    };
}

/// Edges between names: from, to, how many.
pub fn links(links: impl Iterator<Item = (Arc<str>, Arc<str>, u64)>) -> String {
    let mut all: Vec<_> = links.collect();
    all.sort_unstable();
    let mut out = String::from("{\"links\":");
    list(&mut out, all, |out, (from, to, n)| {
        out.push('[');
        string(out, &from);
        out.push(',');
        string(out, &to);
        out.push(',');
        number(out, n);
        out.push(']');
    });
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_script() {
        let mut out = String::new();
        string(&mut out, "</script><b a='\"'>&\\\n\u{2028}é");
        assert_eq!(out, "\"\\u003c/script\\u003e\\u003cb a='\\\"'\\u003e\\u0026\\\\\\u000a\\u2028é\"");
    }

    #[test]
    fn times_keep_microseconds() {
        let text = |nanoseconds| {
            let mut out = String::new();
            milliseconds(&mut out, nanoseconds);
            out
        };
        assert_eq!([0, 999, 1_000, 12_345_678].map(text), ["0", "0", "0.001", "12.345"]);
    }
}
