//! Serving the page. Only reading, unless actions are let for whoever knows a token; only for hosts that are named by address, so that no page of a stranger's can ask through a
//! viewer's browser.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use crate::actions::{self, Actions};
use crate::http::{Answer, Clock, Stream};
use crate::json;
use crate::page;
use crate::source::Teller;
use crate::watch::{PACE, Position, Watch};

/// What the page may load: nothing but itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
    base-uri 'none'; form-action 'none'";
/// Connections at once; more wait.
const N_CONNECTIONS: usize = 512;
/// Heads of requests are no longer than that.
const HEAD_MAX_BYTES: usize = 16 << 10;
/// How long a head may take to come.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// Questions that take a while are answered by so many threads; more wait.
const N_TELLERS: usize = 2;
/// A viewer that takes nothing for so long is left.
const STALL: Duration = Duration::from_secs(30);

/// How a server is to be run.
#[derive(Clone)]
pub struct ServerOptions {
    /// Where it listens; with port 0 the system chooses one.
    pub address: SocketAddr,
    /// Viewers that are sent what is new, at most.
    pub n_viewers_max: usize,
    /// Names under which viewers may ask for it, beside addresses and `localhost`.
    pub hosts: Vec<String>,
    /// Who tells what the source does not: configuration, profiles.
    pub teller: Option<Teller>,
    /// What viewers may have done who know a token; none where all is read-only.
    pub actions: Option<Actions>,
}

impl Default for ServerOptions {
    /// On the loopback interface, at a port that the system chooses, for 200 viewers.
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            n_viewers_max: 200,
            hosts: Vec::new(),
            teller: None,
            actions: None,
        }
    }
}

/// A server that listens, on a thread of its own.
pub struct Server {
    address: SocketAddr,
    watch: Arc<Watch>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What connections share.
struct Shared {
    watch: Arc<Watch>,
    options: ServerOptions,
    n_viewers: AtomicUsize,
}

impl Server {
    /// Starts to serve what `watch` sees.
    ///
    /// # Errors
    /// The system's, where it cannot listen, or gives no thread.
    pub fn start(watch: Watch, options: ServerOptions) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(options.address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let watch = Arc::new(watch);
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::new(Shared { watch: Arc::clone(&watch), options, n_viewers: AtomicUsize::new(0) });
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().max_blocking_threads(N_TELLERS).build()?;
        let main = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = listen(listener, shared) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("raskt-dashboard".into()).spawn(main)?;
        Ok(Self { address, watch, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it serves.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        &self.watch
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked serves nobody any more.
            drop(thread.join());
        }
    }
}

async fn listen(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(N_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, say.
            tokio::time::sleep(PACE).await;
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let stalled = Arc::new(Notify::new());
            let until = Arc::clone(&stalled);
            let serve = service_fn(move |request: Request<Incoming>| {
                let (shared, stalled) = (Arc::clone(&shared), Arc::clone(&stalled));
                async move { Ok::<_, Infallible>(answer(&shared, request, &stalled).await) }
            });
            let connection = http1::Builder::new()
                .timer(Clock)
                .header_read_timeout(HEAD_TIMEOUT)
                .max_buf_size(HEAD_MAX_BYTES)
                .serve_connection(Stream(stream), serve);
            tokio::select! {
                // Viewers vanish: that is no error of the server's.
                _ = connection => {}
                () = until.notified() => {}
            }
            drop(place);
        });
    }
}

async fn answer(shared: &Arc<Shared>, request: Request<Incoming>, stalled: &Arc<Notify>) -> Response<Answer> {
    if !is_named_by_address(request.headers(), &shared.options.hosts) {
        return plain(StatusCode::FORBIDDEN, "ask for this page by its address, such as http://127.0.0.1\n");
    }
    if *request.method() == Method::POST {
        return act(shared, request).await;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "this page is read-only\n");
        refused.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match request.uri().path() {
        "/health" => plain(StatusCode::OK, "ok\n"),
        "/metrics" => typed(
            StatusCode::OK,
            "text/plain; version=0.0.4; charset=utf-8",
            Answer::whole(shared.watch.metrics()),
        ),
        "/api/v1/status" => typed(StatusCode::OK, "application/json", Answer::whole(shared.watch.history())),
        "/api/v1/summary" => typed(StatusCode::OK, "application/json", Answer::whole(shared.watch.summary())),
        "/api/v1/stream" => stream(shared, stalled),
        "/api/v1/past" => past(shared, request.uri().query()).await,
        "/api/v1/actions" => {
            let mut names = String::new();
            let known = shared.options.actions.as_ref().map_or(&[][..], |actions| actions.names);
            json::list(&mut names, known, |out, name| json::string(out, name));
            typed(StatusCode::OK, "application/json", Answer::whole(names))
        }
        path => match (page::file(path), path.strip_prefix("/api/v1/")) {
            (Some((_, kind, text)), _) => typed(StatusCode::OK, kind, Answer::whole(text)),
            (None, Some(topic)) => tell(shared, topic, request.uri().query()).await,
            (None, None) => plain(StatusCode::NOT_FOUND, "there is no such page\n"),
        },
    }
}

/// Has something done, for whoever knows the token.
async fn act(shared: &Arc<Shared>, request: Request<Incoming>) -> Response<Answer> {
    let Some(actions) = shared.options.actions.clone() else {
        let mut refused = plain(StatusCode::METHOD_NOT_ALLOWED, "this page is read-only\n");
        refused.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
        return refused;
    };
    let name = request.uri().path().strip_prefix("/api/v1/").unwrap_or_default();
    let Some(&name) = actions.names.iter().find(|known| **known == name) else {
        return plain(StatusCode::NOT_FOUND, "there is no such action\n");
    };
    if !actions.allows(request.headers()) {
        let mut refused = plain(StatusCode::UNAUTHORIZED, "the token of this dashboard is asked for\n");
        let scheme = hyper::header::HeaderValue::from_static("Bearer");
        refused.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        return refused;
    }
    let Some(wanted) = actions::body(request.into_body()).await else {
        return plain(StatusCode::BAD_REQUEST, "what is wanted is told in JSON of 64 KiB at most\n");
    };
    match tokio::task::spawn_blocking(move || (actions.actor)(name, &wanted)).await {
        Ok(Ok(done)) => typed(StatusCode::OK, "application/json", Answer::whole(done)),
        Ok(Err(why)) => typed(StatusCode::BAD_REQUEST, "text/plain; charset=utf-8", Answer::whole(why)),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "it was not done\n"),
    }
}

/// What the source or whoever else knows tells of a topic, from a thread that may wait.
async fn tell(shared: &Arc<Shared>, topic: &str, query: Option<&str>) -> Response<Answer> {
    let tellers: Vec<Teller> =
        shared.watch.teller().into_iter().chain(shared.options.teller.clone()).collect();
    let argument = query.and_then(|query| query.split_once('=')).map(|(_, value)| unescaped(value));
    let argument = argument.unwrap_or_default();
    let owned = topic.to_owned();
    let told =
        tokio::task::spawn_blocking(move || tellers.iter().find_map(|teller| teller(&owned, &argument)));
    let kind = if topic == "explain" { "text/plain; charset=utf-8" } else { "application/json" };
    match told.await {
        Ok(Some(told)) => typed(StatusCode::OK, kind, Answer::whole(told)),
        _ => plain(StatusCode::NOT_FOUND, "nobody here knows of that\n"),
    }
}

/// What took place in a time that viewers have no bars of any more: `range=FROM-TO`, in milliseconds.
async fn past(shared: &Arc<Shared>, query: Option<&str>) -> Response<Answer> {
    let range = query.and_then(|query| query.strip_prefix("range=")).and_then(|range| range.split_once('-'));
    let range = range.and_then(|(from, to)| Some((from.parse::<u64>().ok()?, to.parse::<u64>().ok()?)));
    let Some((from, to)) = range.filter(|(from, to)| from <= to) else {
        return plain(StatusCode::BAD_REQUEST, "range=FROM-TO, in whole milliseconds\n");
    };
    let watch = Arc::clone(&shared.watch);
    match tokio::task::spawn_blocking(move || watch.past(from, to)).await {
        Ok(Ok(found)) => typed(StatusCode::OK, "application/json", Answer::whole(found)),
        _ => plain(StatusCode::INTERNAL_SERVER_ERROR, "the past cannot be read\n"),
    }
}

/// A part of a query as it was before a browser escaped it.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(if first == b'+' { b' ' } else { first });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether the host that a request is for is an address, or a name that is known. A name of a stranger's that leads here must
/// not: his page could read what comes back.
fn is_named_by_address(headers: &HeaderMap, hosts: &[String]) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Sends what is known, and then what is new, ten times a second at most, as server-sent events.
fn stream(shared: &Arc<Shared>, stalled: &Arc<Notify>) -> Response<Answer> {
    if shared.n_viewers.fetch_add(1, Ordering::Relaxed) >= shared.options.n_viewers_max {
        shared.n_viewers.fetch_sub(1, Ordering::Relaxed);
        return plain(StatusCode::SERVICE_UNAVAILABLE, "too many viewers\n");
    }
    // One message waits at most: whoever is slow gets more at once.
    let (to, parts) = mpsc::channel::<String>(1);
    let viewer = Viewer(Arc::clone(shared));
    let stalled = Arc::clone(stalled);
    tokio::spawn(async move {
        let mut position = Position::default();
        loop {
            let (news, next) = viewer.0.watch.news(position);
            position = next;
            match tokio::time::timeout(STALL, to.send(format!("data: {news}\n\n"))).await {
                Ok(Ok(())) => {}
                // Gone.
                Ok(Err(_)) => return,
                Err(_) => return stalled.notify_one(),
            }
            tokio::time::sleep(PACE).await;
        }
    });
    typed(StatusCode::OK, "text/event-stream", Answer::Parts(parts))
}

/// A viewer, who is counted.
struct Viewer(Arc<Shared>);

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.n_viewers.fetch_sub(1, Ordering::Relaxed);
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Answer> {
    typed(status, "text/plain; charset=utf-8", Answer::whole(text))
}

fn typed(status: StatusCode, kind: &'static str, answer: Answer) -> Response<Answer> {
    let mut response = Response::new(answer);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}
