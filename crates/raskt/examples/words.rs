//! Counts the words of several texts in parallel, and merges the counts pair by pair.
//!
//!     cargo run -p raskt --example words -- FILE...
//!
//! Without files it counts a text of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use raskt::{Graph, Result, Task};

type Counts = Arc<BTreeMap<String, usize>>;

const PROVERBS: [&str; 3] =
    ["many hands make light work", "many a little makes a mickle", "light work makes light hands"];

fn count(text: &str) -> Counts {
    let mut counts = BTreeMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word.to_lowercase()).or_insert(0) += 1;
    }
    Arc::new(counts)
}

fn merge(left: Counts, right: Counts) -> Counts {
    let mut all = Arc::unwrap_or_clone(left);
    for (word, n) in right.iter() {
        *all.entry(word.clone()).or_insert(0) += n;
    }
    Arc::new(all)
}

/// A tree of merges: the counts of half of the texts at most are alive at once.
fn merged(graph: &mut Graph, mut counts: Vec<Task<Counts>>) -> Option<Task<Counts>> {
    let merge = graph.function("merge", merge);
    while counts.len() > 1 {
        counts = counts
            .chunks(2)
            .map(|pair| match *pair {
                [left, right] => graph.call(&merge, (left, right)),
                _ => pair[0],
            })
            .collect();
    }
    counts.pop()
}

fn words(paths: Vec<String>) -> Result<Vec<(String, usize)>> {
    let mut graph = Graph::new();
    let read = graph.function("read", |path: String| {
        // An error of the operating system reaches the caller with the name of this task.
        std::fs::read_to_string(&path).map(|text| count(&text))
    });
    let mut counts = Vec::new();
    for path in paths {
        let path = graph.value(path);
        counts.push(graph.call(&read, path));
    }
    if counts.is_empty() {
        let own = graph.function("count", |text: String| count(&text));
        for text in PROVERBS {
            let text = graph.value(text.to_owned());
            counts.push(graph.call(&own, text));
        }
    }
    let Some(total) = merged(&mut graph, counts) else { return Ok(Vec::new()) };
    let mut words: Vec<_> = Arc::unwrap_or_clone(graph.compute(total)?).into_iter().collect();
    words.sort_by_key(|(word, n)| (usize::MAX - n, word.clone()));
    Ok(words)
}

fn main() -> Result<()> {
    for (word, n) in words(std::env::args().skip(1).collect())?.iter().take(10) {
        println!("{n:>6} {word}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_word_comes_first() {
        let words = words(Vec::new()).unwrap();
        assert_eq!(words[0], ("light".to_owned(), 3));
        assert_eq!(words.iter().map(|(_, n)| n).sum::<usize>(), 16);
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_of_its_task() {
        let error = words(vec!["/no/such/file".into()]).unwrap_err();
        let cause = raskt::cause::<std::io::Error>(&error).unwrap();
        assert_eq!(cause.kind(), std::io::ErrorKind::NotFound);
        assert_eq!(error.function(), Some("read"));
    }
}
