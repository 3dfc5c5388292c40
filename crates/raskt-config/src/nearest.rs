//! The known name that someone probably meant.

/// The candidate nearest to a word, if one is near: at most a third of its letters (but not more than three, and at
/// least one) differ, counted as insertions, deletions, substitutions and swaps of neighbours. `-` and `_` are equal.
///
/// ```
/// use raskt_config::nearest;
///
/// assert_eq!(nearest("local.memory_limt", ["local.memory-limit", "local.spill"]), Some("local.memory-limit"));
/// assert_eq!(nearest("colour", ["local.spill"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = letters(word);
    let distance_max = (word.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(word.len()) <= distance_max)
        .map(|candidate| (distance(&word, &letters(candidate)), candidate))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn letters(word: &str) -> Vec<char> {
    word.chars().map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Optimal string alignment distance (Damerau 1964, without repeated edits of one substring).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows: [Vec<usize>; 3] = [Vec::new(), Vec::new(), (0..=b.len()).collect()];
    for i in 1..=a.len() {
        rows.rotate_left(1);
        let [before, previous, current] = &mut rows;
        current.clear();
        current.push(i);
        for j in 1..=b.len() {
            let substituted = previous[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = substituted.min(previous[j] + 1).min(current[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            current.push(least);
        }
    }
    rows[2][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(a: &str, b: &str) -> usize {
        distance(&letters(a), &letters(b))
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(between("spill", "spill"), 0);
        assert_eq!(between("", "abc"), 3);
        assert_eq!(between("abc", ""), 3);
        assert_eq!(between("spil", "spill"), 1);
        assert_eq!(between("sipll", "spill"), 1);
        assert_eq!(between("batch_max", "batch-max"), 0);
        assert_eq!(between("kitten", "sitting"), 3);
    }

    #[test]
    fn the_nearest_of_several_wins() {
        let names = ["local.spill", "local.spill-directory", "local.retries"];
        assert_eq!(nearest("local.spil", names), Some("local.spill"));
        assert_eq!(nearest("local.retry", names), Some("local.retries"));
        assert_eq!(nearest("x", names), None);
    }
}
