//! Labels: lines, elision, counts.

/// At most this many lines are shown.
const LINES_MAX: usize = 4;

/// The lines of a label as shown: each at most `chars_max` long, its middle elided, at most four of them.
pub(crate) fn lines(label: &str, chars_max: usize) -> Vec<String> {
    let mut lines: Vec<String> =
        label.lines().take(LINES_MAX + 1).map(|line| elided(line.trim(), chars_max)).collect();
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX - 1);
        lines.push("…".to_owned());
    }
    lines
}

/// The text with its middle replaced by `…` where it has more than `chars_max` characters. Both ends stay:
/// keys often differ only at their end.
pub(crate) fn elided(text: &str, chars_max: usize) -> String {
    let n_chars = text.chars().count();
    let chars_max = chars_max.max(3);
    if n_chars <= chars_max {
        return text.to_owned();
    }
    let tail = (chars_max - 1) / 3;
    let head = chars_max - 1 - tail;
    let mut shown: String = text.chars().take(head).collect();
    shown.push('…');
    shown.extend(text.chars().skip(n_chars - tail));
    shown
}

/// A number with a comma every three digits.
pub(crate) fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elision_keeps_both_ends_and_counts_characters_not_bytes() {
        assert_eq!(elided("short", 10), "short");
        assert_eq!(elided("aggregate-by-carrier-17", 13), "aggregat…r-17");
        assert_eq!(elided("ééééééééé", 5).chars().count(), 5);
        assert_eq!(elided("abcdef", 0), "ab…");
    }

    #[test]
    fn many_lines_are_cut() {
        assert_eq!(lines("a\nb\nc\nd", 9), ["a", "b", "c", "d"]);
        assert_eq!(lines("a\nb\nc\nd\ne", 9), ["a", "b", "c", "…"]);
        assert!(lines("", 9).is_empty());
    }

    #[test]
    fn commas_stand_every_three_digits() {
        assert_eq!(with_commas(0), "0");
        assert_eq!(with_commas(999), "999");
        assert_eq!(with_commas(1_024), "1,024");
        assert_eq!(with_commas(1_000_000), "1,000,000");
    }
}
