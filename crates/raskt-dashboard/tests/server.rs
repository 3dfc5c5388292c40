//! What viewers get: pages, figures, news; and what strangers, slow and hostile ones do not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use raskt_dashboard::{
    Actions, Actor, Bar, Group, LaneLabel, Memory, RunningTask, Seen, Server, ServerOptions, Source, Teller,
    Watch,
};

const EVIL: &str = "<script>alert(1)</script>";

/// A computation with one bar a look.
#[derive(Default)]
struct Script {
    n_looks: u64,
}

impl Source for Script {
    fn look(&mut self) -> Seen {
        self.n_looks += 1;
        let start_ns = self.n_looks * 1_000_000_000;
        Seen {
            now_ns: start_ns,
            bars: vec![Bar {
                lane: 0,
                name: 0,
                kind: 1,
                start_ns,
                end_ns: start_ns + 5_000_000,
                busy_ns: 5_000_000,
                n_tasks: 3,
                bytes: 7,
            }],
            names: if self.n_looks == 1 { vec![EVIL.to_owned()] } else { Vec::new() },
            lanes: vec![LaneLabel { lane: 0, label: EVIL.to_owned() }],
            groups: vec![Group {
                name: EVIL.to_owned(),
                n_tasks: 10,
                n_done: 4,
                n_failed: 1,
                busy_ns: 9,
                bytes: 0,
            }],
            running: vec![RunningTask { lane: 0, key: EVIL.to_owned(), name: EVIL.to_owned(), since_ns: 1 }],
            n_ready: 2,
            n_waiting: 5,
            n_runs: 1,
            memory: Memory { managed: 100, spilled: 20, limit: 0, process: 150 },
            cpu_ns: 1_230_000_000,
            ..Seen::default()
        }
    }
}

fn server(n_viewers_max: usize) -> Server {
    telling(n_viewers_max, None)
}

fn telling(n_viewers_max: usize, teller: Option<Teller>) -> Server {
    let options = ServerOptions { n_viewers_max, teller, ..ServerOptions::default() };
    Server::start(Watch::start(Script::default()).unwrap(), options).unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

fn get(address: SocketAddr, path: &str) -> String {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
}

/// Reads until `n` messages are there.
fn messages(stream: &mut TcpStream, n: usize) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    while text.matches("data: ").count() < n || !text.ends_with("\n\n\r\n") {
        let n_read = stream.read(&mut bytes).unwrap();
        assert!(n_read > 0, "the stream ended after {text}");
        text.push_str(std::str::from_utf8(&bytes[..n_read]).unwrap());
    }
    text
}

fn open_stream(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    write!(stream, "GET /api/v1/stream HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    stream
}

#[test]
fn pages_are_served_with_a_policy_that_lets_nothing_else_in() {
    let server = server(10);
    for (path, kind, mark) in [
        ("/", "text/html", "<!doctype html>"),
        ("/status", "text/html", "<!doctype html>"),
        ("/style.css", "text/css", "data-theme"),
        ("/page.js", "text/javascript", "EventSource"),
        ("/health", "text/plain", "ok"),
    ] {
        let answer = get(server.address(), path);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {answer}");
        assert!(answer.contains(&format!("content-type: {kind}")) && answer.contains(mark), "{path}");
        assert!(answer.contains("content-security-policy: default-src 'none'; script-src 'self';"), "{path}");
        assert!(answer.contains("x-content-type-options: nosniff"), "{path}");
    }
}

#[test]
fn names_from_the_computation_never_become_markup() {
    let server = server(10);
    server.watch().look();
    let answer = get(server.address(), "/api/v1/status");
    assert!(answer.contains(r"\u003cscript\u003ealert(1)\u003c/script\u003e"), "{answer}");
    assert!(!answer.contains("<script"), "{answer}");
    let report = raskt_dashboard::report(
        EVIL,
        &server.watch().history(),
        &format!("{{\"summary\": [[\"code\", \"{EVIL}\"]]}}"),
    );
    assert!(!report.contains(EVIL) && report.contains("&lt;script&gt;alert(1)"));
}

#[test]
fn metrics_say_what_the_page_says() {
    let server = server(10);
    server.watch().look();
    let metrics = get(server.address(), "/metrics");
    for line in [
        "dask_worker_tasks{state=\"processing\"} 1",
        "dask_worker_tasks{state=\"memory\"} 4",
        "dask_worker_tasks{state=\"erred\"} 1",
        "dask_worker_tasks{state=\"queued\"} 2",
        "dask_worker_tasks{state=\"waiting\"} 3",
        "dask_worker_memory_bytes{type=\"managed\"} 100",
        "dask_worker_memory_bytes{type=\"unmanaged\"} 50",
        "raskt_computations 1",
        "process_cpu_seconds_total 1.23",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in {metrics}");
    }
}

#[test]
fn nothing_is_changed_and_strangers_hosts_are_refused() {
    let server = server(10);
    let address = server.address();
    let asked = |request: &str| ask(address, &format!("{request}\r\nConnection: close\r\n\r\n"));
    let refused = asked(&format!("POST /api/v1/status HTTP/1.1\r\nHost: {address}"));
    assert!(refused.starts_with("HTTP/1.1 405") && refused.contains("allow: GET, HEAD"), "{refused}");
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[evil]:1"] {
        let refused = asked(&format!("GET /api/v1/status HTTP/1.1\r\nHost: {host}"));
        assert!(refused.starts_with("HTTP/1.1 403"), "{host}: {refused}");
    }
    for host in ["localhost", "localhost:8787", "127.0.0.1", "[::1]:80"] {
        assert!(
            asked(&format!("GET /health HTTP/1.1\r\nHost: {host}")).starts_with("HTTP/1.1 200"),
            "{host}"
        );
    }
    assert!(get(address, "/../etc/passwd").starts_with("HTTP/1.1 404"));
    assert!(get(address, "/nothing").starts_with("HTTP/1.1 404"));
    let huge = get(address, &format!("/?{}", "x".repeat(100_000)));
    assert!(huge.starts_with("HTTP/1.1 414") || huge.starts_with("HTTP/1.1 431"), "{huge}");
    assert!(ask(address, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
    assert!(get(address, "/health").starts_with("HTTP/1.1 200"));
}

#[test]
fn only_who_knows_the_token_has_something_done() {
    let actor: Actor = Arc::new(|name, wanted| match wanted {
        "wrong" => Err(format!("{name} takes no such thing")),
        wanted => Ok(format!("[\"{name}\",{wanted}]")),
    });
    let actions = Actions { token: "secret".to_owned(), names: &["retire_workers"], actor };
    let options = ServerOptions { actions: Some(actions), ..ServerOptions::default() };
    let server = Server::start(Watch::start(Script::default()).unwrap(), options).unwrap();
    let address = server.address();
    assert!(get(address, "/api/v1/actions").ends_with("[\"retire_workers\"]"));
    let post = |path: &str, head: &str, body: &str| {
        let length = body.len();
        let head = format!("Host: {address}\r\n{head}Content-Length: {length}\r\nConnection: close");
        ask(address, &format!("POST {path} HTTP/1.1\r\n{head}\r\n\r\n{body}"))
    };
    let token = "Authorization: Bearer secret\r\n";
    let done = post("/api/v1/retire_workers", token, "7");
    assert!(done.starts_with("HTTP/1.1 200") && done.ends_with("[\"retire_workers\",7]"), "{done}");
    let refused = post("/api/v1/retire_workers", token, "wrong");
    assert!(refused.starts_with("HTTP/1.1 400") && refused.ends_with("takes no such thing"), "{refused}");
    for head in
        ["", "Authorization: Bearer \r\n", "Authorization: Bearer secre\r\n", "Authorization: secret\r\n"]
    {
        let refused = post("/api/v1/retire_workers", head, "7");
        assert!(
            refused.starts_with("HTTP/1.1 401") && refused.contains("www-authenticate: Bearer"),
            "{refused}"
        );
    }
    assert!(post("/api/v1/cancel", token, "7").starts_with("HTTP/1.1 404"));
    assert!(post("/api/v1/retire_workers", token, &"7".repeat(70_000)).starts_with("HTTP/1.1 400"));
    assert!(
        ask(address, &format!("DELETE /status HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))
            .starts_with("HTTP/1.1 405")
    );
}

#[test]
fn the_past_is_told_between_two_times() {
    let server = server(10);
    (0..20).for_each(|_| server.watch().look());
    let told = get(server.address(), "/api/v1/past?range=3500-6500");
    assert!(told.contains("{\"from\":3500,\"to\":6500,\"lane\":[0,0,0]"), "{told}");
    assert!(told.contains("\"start\":[4000,5000,6000]"), "{told}");
    for wrong in ["", "?range=", "?range=5-", "?range=6-5", "?range=-1-5", "?to=1-2"] {
        assert!(
            get(server.address(), &format!("/api/v1/past{wrong}")).starts_with("HTTP/1.1 400"),
            "{wrong}"
        );
    }
    let all = get(server.address(), "/api/v1/past?range=0-18446744073709551615");
    assert!(all.starts_with("HTTP/1.1 200"), "{all}");
}

#[test]
fn a_viewer_gets_all_and_then_what_is_new() {
    let server = server(10);
    // Something is there to be sent at once.
    server.watch().look();
    let text = messages(&mut open_stream(server.address()), 4);
    assert!(text.contains("content-type: text/event-stream"));
    let news: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    // The name travels once, the last state each time.
    assert!(news[0].contains("\"names\":[\"\\u003cscript") && news[1].contains("\"names\":[]"));
    let starts = |text: &str| -> Vec<u64> {
        let (_, rest) = text.split_once("\"start\":[").unwrap();
        let (list, _) = rest.split_once(']').unwrap();
        list.split(',').filter(|item| !item.is_empty()).map(|item| item.parse().unwrap()).collect()
    };
    let all: Vec<u64> = news.iter().flat_map(|text| starts(text)).collect();
    let expected: Vec<u64> = (1..=all.len() as u64).map(|n| n * 1000).collect();
    assert_eq!(all, expected, "each bar once, in order");
}

#[test]
fn viewers_are_bounded_and_those_that_vanish_make_room() {
    let server = server(2);
    let (mut first, mut second) = (open_stream(server.address()), open_stream(server.address()));
    messages(&mut first, 1);
    messages(&mut second, 1);
    assert!(get(server.address(), "/api/v1/stream").starts_with("HTTP/1.1 503"));
    drop(first);
    // The server notices with what it sends next.
    let again = loop {
        let mut stream = open_stream(server.address());
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        if &head == b"HTTP/1.1 200" {
            break stream;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    drop((again, second));
    // 300 that say nothing and go, and one that stays and says nothing, keep nobody from being served.
    let silent = connect(server.address());
    for _ in 0..300 {
        drop(connect(server.address()));
    }
    assert!(get(server.address(), "/health").starts_with("HTTP/1.1 200"));
    drop(silent);
    drop(server);
}

#[test]
fn pages_and_plots_have_addresses_and_their_likes_do_not() {
    let server = server(10);
    for path in ["/tasks", "/graph", "/profile", "/errors", "/configuration", "/plot-stream", "/plot-graph"] {
        assert!(get(server.address(), path).starts_with("HTTP/1.1 200"), "{path}");
    }
    for path in
        ["/plot-", "/plot-nothing", "/plot-stream/", "/tasks/1", "//tasks", "/api/v1/", "/api/v2/status"]
    {
        assert!(get(server.address(), path).starts_with("HTTP/1.1 404"), "{path}");
    }
}

#[test]
fn two_hundred_viewers_are_all_told_and_a_slow_one_keeps_none_waiting() {
    let server = server(200);
    // It takes nothing of what it is sent.
    let slow = open_stream(server.address());
    let mut viewers: Vec<TcpStream> = (1..200).map(|_| open_stream(server.address())).collect();
    for viewer in &mut viewers {
        assert!(messages(viewer, 2).starts_with("HTTP/1.1 200"));
    }
    assert!(get(server.address(), "/api/v1/stream").starts_with("HTTP/1.1 503"));
    assert!(get(server.address(), "/api/v1/summary").contains("\"groups\""));
    drop(slow);
}

#[test]
fn who_tells_slowly_keeps_no_other_viewer_waiting() {
    let (go_on, waits) = channel::<()>();
    let waits = std::sync::Mutex::new(waits);
    let teller: Teller = Arc::new(move |topic, argument| match topic {
        "slow" => {
            waits.lock().unwrap().recv_timeout(Duration::from_secs(60)).unwrap();
            Some("1".to_owned())
        }
        "echo" => Some(argument.to_owned()),
        _ => None,
    });
    let server = telling(10, Some(teller));
    let address = server.address();
    let mut slow = connect(address);
    write!(slow, "GET /api/v1/slow HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    for _ in 0..20 {
        assert!(get(address, "/health").starts_with("HTTP/1.1 200"));
        assert!(get(address, "/api/v1/summary").starts_with("HTTP/1.1 200"));
    }
    let echoed = get(address, "/api/v1/echo?key=%28%27x%27%2C+0%29%zz");
    assert!(echoed.ends_with("('x', 0)%zz") && echoed.contains("application/json"), "{echoed}");
    assert!(get(address, "/api/v1/nothing?key=1").starts_with("HTTP/1.1 404"));
    go_on.send(()).unwrap();
    let mut told = String::new();
    slow.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 200") && told.ends_with("\r\n\r\n1"), "{told}");
}
