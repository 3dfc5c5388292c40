//! Counts the words of files on a cluster of two worker processes, which are this program, started again.
//!
//!     cargo run -p raskt --example cluster -- FILE...
//!
//! Without files it counts a text of its own, and kills a worker meanwhile: the other one does again what was lost.

use std::process::{Child, Command};
use std::time::Duration;

use raskt::cluster::{Client, ClientOptions, Scheduler, SchedulerOptions, Security, Worker, WorkerOptions};
use raskt::{Error, ErrorKind, Graph, Result, Task};

/// By these a process knows that it is a worker, and of which cluster. Others see arguments of a process, and not its variables.
const ADDRESS: &str = "EXAMPLE_CLUSTER_ADDRESS";
const TOKEN: &str = "EXAMPLE_CLUSTER_TOKEN";

const PROVERBS: [&str; 3] =
    ["many hands make light work", "many a little makes a mickle", "light work makes light hands"];

/// Words in alphabetical order, each with how often it was found.
type Counts = Vec<(String, i64)>;

#[raskt::task]
fn read(path: String) -> Result<String, std::io::Error> {
    std::fs::read_to_string(path)
}

#[raskt::task]
fn count(text: String) -> Counts {
    let words = text.split_whitespace().map(|word| (word.to_lowercase(), 1));
    merged(words.collect())
}

#[raskt::task]
fn merge(left: Counts, right: Counts) -> Counts {
    merged([left, right].concat())
}

fn merged(mut counts: Counts) -> Counts {
    counts.sort();
    counts.dedup_by(|later, first| {
        let is_same = later.0 == first.0;
        first.1 += if is_same { later.1 } else { 0 };
        is_same
    });
    counts
}

/// A tree of merges.
fn total(graph: &mut Graph, paths: Vec<String>) -> Option<Task<Counts>> {
    let mut texts: Vec<Task<String>> = Vec::new();
    for path in &paths {
        let path = graph.value(path.clone());
        texts.push(graph.task("read", path, read));
    }
    if paths.is_empty() {
        texts.extend(PROVERBS.map(|text| graph.value(text.to_owned())));
    }
    let mut counts: Vec<Task<Counts>> = Vec::new();
    for text in texts {
        counts.push(graph.task("count", text, count));
    }
    while counts.len() > 1 {
        let pairs = counts.chunks(2).map(|pair| match *pair {
            [left, right] => graph.task("merge", (left, right), merge),
            _ => pair[0],
        });
        counts = pairs.collect();
    }
    counts.pop()
}

fn system(what: &str, reason: impl ToString) -> Error {
    ErrorKind::System { what: what.to_owned(), reason: reason.to_string() }.into()
}

/// This program again, as a worker.
fn worker(address: &str, security: &Security) -> Result<Child> {
    let program = std::env::current_exe().map_err(|error| system("finding this program", error))?;
    let mut command = Command::new(program);
    command.env(ADDRESS, address).env(TOKEN, security.token());
    command.spawn().map_err(|error| system("starting a worker", error))
}

fn words(paths: Vec<String>) -> Result<Counts> {
    let scheduler = Scheduler::start(SchedulerOptions::default())?;
    let (address, security) = (scheduler.address(), scheduler.security());
    let mut workers = vec![worker(&address, security)?, worker(&address, security)?];
    let client =
        Client::connect(&address, ClientOptions { security: security.clone(), ..ClientOptions::default() })?;
    client.wait_for_workers(2, Duration::from_secs(60))?;

    let is_own = paths.is_empty();
    let mut graph = Graph::new();
    let Some(total) = total(&mut graph, paths) else { return Ok(Vec::new()) };
    let submitted = client.submit(&graph, total)?;
    if is_own {
        workers[0].kill().map_err(|error| system("killing a worker", error))?;
    }
    let counts = submitted.wait();
    client.shutdown()?;
    for worker in &mut workers {
        worker.wait().map_err(|error| system("waiting for a worker", error))?;
    }
    let mut counts = counts?;
    counts.sort_by_key(|(word, n)| (-n, word.clone()));
    Ok(counts)
}

fn main() -> Result<()> {
    if let (Ok(address), Ok(token)) = (std::env::var(ADDRESS), std::env::var(TOKEN)) {
        let options =
            WorkerOptions { n_threads: 1, security: Security::of_token(&token), ..WorkerOptions::default() };
        return Worker::join(&address, options)?.wait();
    }
    // Arguments of `cargo test` are options, and name no files.
    let paths: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_own = paths.is_empty();
    let words = words(paths)?;
    for (word, n) in words.iter().take(10) {
        println!("{n:>6} {word}");
    }
    if is_own {
        assert_eq!(words[0], ("light".to_owned(), 3));
        assert_eq!(words.iter().map(|(_, n)| n).sum::<i64>(), 16);
    }
    Ok(())
}
