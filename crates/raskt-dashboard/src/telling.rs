//! What only some viewers ask of a scheduler: why a task does not run, what happened, workers in full.

use std::fmt::Write;
use std::sync::Arc;

use raskt_core::{Fit, Key, Param};
use raskt_net::scheduler::{Failed, SchedulerDaemon};
use raskt_net::wire::Query;

use crate::cluster::{described, integer, text};
use crate::json;
use crate::profile::SchedulerProfile;
use crate::source::{Teller, Worker};

/// Lines of the scheduler's log that are told, the newest.
const N_LINES_MAX: usize = 1000;
/// More tasks are not told one by one.
pub const N_TASKS_SHOWN_MAX: usize = 400;
/// Whose profile is asked for that is no worker's.
const SCHEDULER: &str = "scheduler";

/// Tells what a scheduler in this process knows.
pub fn teller(daemon: Arc<SchedulerDaemon>) -> Teller {
    let profile = SchedulerProfile::new(Arc::clone(daemon.activity()));
    Arc::new(move |topic, argument| match topic {
        "explain" => Some(match daemon.ask(Query::Explain(key(argument))) {
            Ok(Param::Str(why)) => why.to_string(),
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }),
        "graph" => {
            let links = daemon.remembered().links();
            Some(json::links(links.into_iter().map(|(from, to, n)| (from.name(), to.name(), n))))
        }
        "graph_tasks" => tasks_one_by_one(&daemon),
        "profile" if argument == SCHEDULER => Some(profile.told()),
        "failures" => Some(failures(&daemon.remembered().failures())),
        "events" => events(&daemon),
        "critical" => critical(&daemon),
        "workers" => workers(&daemon).map(|found| all_workers(&found)),
        "get_workers" => workers(&daemon).map(|found| addresses(&found)),
        "tasks" => load(&daemon).map(|load| tasks(&load)),
        "adaptive_target" => {
            let (load, workers) = (load(&daemon)?, workers(&daemon)?);
            Some(format!("{{\"workers\":{}}}", target(&load, &workers)))
        }
        _ => None,
    })
}

/// Tasks that failed, as JSON: when, key, worker, what it raised.
fn failures(failed: &[Failed]) -> String {
    let mut out = String::new();
    json::list(&mut out, failed, |out, failed| {
        out.push('[');
        json::milliseconds(out, failed.at_ns);
        for text in [&failed.key, &failed.worker.to_string(), &failed.error] {
            out.push(',');
            json::string(out, text);
        }
        out.push(']');
    });
    out
}

fn workers(daemon: &SchedulerDaemon) -> Option<Vec<Worker>> {
    match daemon.ask(Query::Workers) {
        Ok(Param::List(workers)) => Some(workers.iter().map(described).collect()),
        _ => None,
    }
}

fn load(daemon: &SchedulerDaemon) -> Option<Param> {
    daemon.ask(Query::Load).ok()
}

/// Workers as objects, each with all that is known of it.
fn all_workers(workers: &[Worker]) -> String {
    let mut out = String::new();
    json::list(&mut out, workers, |out, worker| {
        out.push('{');
        for (field, text) in [("name", &*worker.name), ("address", &*worker.address), ("state", worker.state)]
        {
            let _ = write!(out, "\"{field}\":");
            json::string(out, text);
            out.push(',');
        }
        let figures = [
            ("threads", worker.n_threads),
            ("running", worker.n_running),
            ("waiting", worker.n_waiting),
            ("values", worker.n_values),
            ("held_bytes", worker.held_bytes),
            ("spilled_bytes", worker.spilled_bytes),
            ("incoming_bytes", worker.incoming_bytes),
            ("process_bytes", worker.process_bytes),
            ("memory_limit", worker.memory_bytes),
            ("cpu_percent", worker.cpu_percent),
        ];
        for (at, (field, figure)) in figures.into_iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}\"{field}\":{figure}", if at > 0 { "," } else { "" });
        }
        out.push('}');
    });
    out
}

/// Names and addresses, in the form that programs for Dask know.
fn addresses(workers: &[Worker]) -> String {
    let mut out = format!("{{\"num_workers\":{},\"workers\":", workers.len());
    json::list(&mut out, workers, |out, worker| {
        out.push_str("{\"name\":");
        json::string(out, &worker.name);
        out.push_str(",\"address\":");
        json::string(out, &worker.address);
        out.push('}');
    });
    out.push('}');
    out
}

/// How many tasks are in which state.
fn tasks(load: &Param) -> String {
    let states =
        ["waiting", "queued", "processing"].map(|state| (state, integer(load, &format!("n_{state}"))));
    let ended = [("memory", integer(load, "n_in_memory")), ("erred", integer(load, "n_failed"))];
    let mut out = String::from("{");
    for (at, (state, n)) in states.into_iter().chain(ended).enumerate() {
        let _ = write!(out, "{}\"{state}\":{n}", if at > 0 { "," } else { "" });
    }
    out.push('}');
    out
}

/// How many workers the tasks that could run would keep busy, with as many threads each as those that are there.
fn target(load: &Param, workers: &[Worker]) -> u64 {
    let n_tasks = integer(load, "n_queued") + integer(load, "n_processing");
    let n_threads: u64 = workers.iter().map(|worker| worker.n_threads).sum();
    let each = (n_threads / (workers.len() as u64).max(1)).max(1);
    // Values live somewhere.
    n_tasks.div_ceil(each).max(u64::from(integer(load, "n_in_memory") > 0))
}

/// All tasks: key, function, state, and places of what each needs; null where they are many.
fn tasks_one_by_one(daemon: &SchedulerDaemon) -> Option<String> {
    let found = daemon.ask(Query::Tasks { n_max: N_TASKS_SHOWN_MAX.fit() }).ok()?;
    let Some(tasks) = found.as_list() else { return Some("null".to_owned()) };
    let mut out = String::new();
    json::list(&mut out, tasks, |out, task| {
        let state = match &*text(task, "state") {
            "in memory" => "done",
            "running" => "running",
            "processing" | "queued" => "ready",
            "failed" => "failed",
            "waiting" => "waiting",
            _ => "released",
        };
        out.push('[');
        for text in [&*text(task, "key"), &*text(task, "name"), state] {
            json::string(out, text);
            out.push(',');
        }
        let inputs = task.get("inputs").and_then(Param::as_list).unwrap_or_default();
        json::list(out, inputs.iter().filter_map(Param::as_int), |out, input| {
            json::number(out, input.clamped());
        });
        out.push(']');
    });
    Some(out)
}

/// The tasks that the end waited for: key, function, number of the worker, start and duration in milliseconds, bytes.
fn critical(daemon: &SchedulerDaemon) -> Option<String> {
    let Ok(Param::List(path)) = daemon.ask(Query::CriticalPath) else { return None };
    let mut out = String::new();
    json::list(&mut out, path.iter(), |out, task| {
        out.push('[');
        for field in ["key", "name"] {
            json::string(out, &text(task, field));
            out.push(',');
        }
        json::number(out, integer(task, "worker"));
        for field in ["start_ns", "duration_ns"] {
            out.push(',');
            json::milliseconds(out, integer(task, field));
        }
        out.push(',');
        json::number(out, integer(task, "bytes"));
        out.push(']');
    });
    Some(out)
}

/// The newest lines of the scheduler's log: when (seconds since 1970), level, kind, of whom, text.
fn events(daemon: &SchedulerDaemon) -> Option<String> {
    let mut lines = std::collections::VecDeque::new();
    let mut from = 0;
    loop {
        let found = daemon.ask(Query::Log { from }).ok()?;
        let some = found.get("lines").and_then(Param::as_list).unwrap_or_default();
        if some.is_empty() {
            break;
        }
        lines.extend(some.iter().cloned());
        lines.drain(..lines.len().saturating_sub(N_LINES_MAX));
        from = integer(&found, "next");
    }
    let mut out = String::new();
    json::list(&mut out, lines, |out, line| {
        let at = line.get("time").and_then(Param::as_float).unwrap_or(0.0);
        let _ = write!(out, "[{at:.3}");
        for field in ["level", "event", "subject", "text"] {
            out.push(',');
            json::string(out, &text(&line, field));
        }
        out.push(']');
    });
    Some(out)
}

/// The key that a viewer wrote: a name, or a name and numbers as Python writes a tuple.
fn key(text: &str) -> Key {
    let tuple = text.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let parts = tuple.and_then(|inner| {
        let inner = inner.trim_start();
        let quote = inner.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let (name, numbers) = inner[1..].split_once(quote)?;
        let numbers = numbers.split(',').map(str::trim).filter(|number| !number.is_empty());
        let block: Option<Vec<u32>> = numbers.map(|number| number.parse().ok()).collect();
        Some((name, block?))
    });
    match parts {
        Some((name, block)) => Key::block(name, &block),
        None => Key::named(text.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_python_writes_them() {
        assert_eq!(key("('x-1', 0, 12)"), Key::block("x-1", &[0, 12]));
        assert_eq!(key("(\"it's\", 3)"), Key::block("it's", &[3]));
        assert_eq!(key(" total "), Key::named("total"));
        assert_eq!(key("('x', 'y')"), Key::named("('x', 'y')"));
    }

    #[test]
    fn as_many_workers_are_wanted_as_the_tasks_keep_busy() {
        let load = |queued, processing, held| {
            let number = Param::Int;
            Param::map([
                ("n_queued", number(queued)),
                ("n_processing", number(processing)),
                ("n_in_memory", number(held)),
            ])
        };
        let worker = Worker { n_threads: 4, ..Worker::default() };
        assert_eq!(target(&load(0, 0, 0), &[]), 0);
        assert_eq!(target(&load(0, 0, 5), &[]), 1);
        assert_eq!(target(&load(7, 2, 0), &[worker.clone(), worker]), 3);
    }
}
