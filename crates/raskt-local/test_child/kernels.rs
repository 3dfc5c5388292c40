//! What the tests' children can do.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::{Buffer, DType, Error, ErrorKind, NdArray, Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};
use raskt_graph::{Body, Keys, Subgraph, TableBuilder};

fn int(value: Option<&Value>) -> i64 {
    if let Some(Value::Int(n)) = value { *n } else { 0 }
}

/// 1 more than the sum of the inputs.
fn tally(call: &mut Call<'_>) -> Result<Outcome> {
    let total = call.inputs.iter().map(|v| int(Some(v))).fold(1, i64::wrapping_add);
    Ok(Value::Int(total).into())
}

/// An array of as many bytes as the own parameter says, filled with 1 + the sum of the inputs' first bytes.
fn bulk(call: &mut Call<'_>) -> Result<Outcome> {
    let first = |v: &Value| if let Value::Array(a) = v { a.buffer().as_slice()[a.offset()] } else { 0 };
    let fill = call.inputs.iter().map(first).fold(1, u8::wrapping_add);
    let n = call.own.as_int().unwrap_or(1 << 20) as usize;
    let array = NdArray::contiguous(DType::UInt8, &[n as u64], Buffer::from(vec![fill; n]))?;
    Ok(Outcome::Value(array.into()))
}

fn grow(call: &mut Call<'_>) -> Result<Outcome> {
    let mut table = TableBuilder::default();
    let (input, tally) = (table.body(Body::Input(0)), table.body(Body::native("tally")));
    let mut last = table.push(input, &[])?;
    for _ in 0..int(call.inputs.first()).max(1) {
        last = table.push(tally, &[last])?;
    }
    Ok(Outcome::Expand(Box::new(Subgraph::new(table.finish(Keys::Indexed("grown".into()), vec![last])?)?)))
}

fn pid(_: &mut Call<'_>) -> Result<Outcome> {
    Ok(Value::Int(i64::from(std::process::id())).into())
}

/// Ends the process, the first `own` times that a task does so with one file.
fn die(call: &mut Call<'_>) -> Result<Outcome> {
    let (Some(file), Some(n)) =
        (call.own.get("file").and_then(|p| p.as_str()), call.own.get("times").and_then(|p| p.as_int()))
    else {
        return Err(ErrorKind::InvalidValue("file and times".into()).into());
    };
    let done = std::fs::read(file).map_or(0, |bytes| bytes.len() as i64);
    if done < n {
        std::fs::write(file, vec![0; done as usize + 1])
            .map_err(|error| Error::new(ErrorKind::Io { path: file.into(), reason: error.to_string() }))?;
        std::process::exit(3);
    }
    Ok(Value::Int(done).into())
}

/// Writes to every socket of the process, the one to the parent among them.
fn write_to_sockets(bytes: &[u8]) {
    for fd in std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten() {
        let link = std::fs::read_link(fd.path()).unwrap_or_default();
        if link.to_string_lossy().starts_with("socket:")
            && let Ok(fd) = fd.file_name().to_string_lossy().parse::<i32>()
        {
            // SAFETY: the descriptor is open: it was just listed, and sockets live as long as the child.
            let socket = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
            // Those of this process's own bells take what they get.
            let _ = rustix::io::write(socket, bytes);
        }
    }
}

/// Writes the own parameter to the connection.
fn babble(call: &mut Call<'_>) -> Result<Outcome> {
    write_to_sockets(call.own.as_str().unwrap_or_default().as_bytes());
    Ok(Value::Int(1).into())
}

/// Writes a frame with right checksums and a content of chance, by the seed in the own parameter, to the connection.
fn forge(call: &mut Call<'_>) -> Result<Outcome> {
    let mut state = call.own.as_int().unwrap_or(0) as u64;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        state >> 33
    };
    next();
    let kind = 1 + (next() % 14) as u8;
    let n = (next() % 40) as usize;
    let small = next() % 2 == 0;
    let body: Vec<u8> = (0..n).map(|_| next() as u8 % if small { 4 } else { 255 }).collect();
    let mut frame = vec![0xf1, b'R', b'K', 2, kind, 0, 0, 0];
    frame.extend_from_slice(&(body.len() as u32).to_le_bytes());
    frame.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    let sum = crc32fast::hash(&frame);
    frame.extend_from_slice(&sum.to_le_bytes());
    frame.extend_from_slice(&body);
    write_to_sockets(&frame);
    Ok(Value::Int(1).into())
}

/// Sleeps for as many milliseconds as the own parameter says.
fn sleep(call: &mut Call<'_>) -> Result<Outcome> {
    std::thread::sleep(Duration::from_millis(call.own.as_int().unwrap_or(1) as u64));
    Ok(Value::Int(i64::from(std::process::id())).into())
}

/// Runs until it is told to stop.
fn patient(call: &mut Call<'_>) -> Result<Outcome> {
    loop {
        call.ctx.cancel.check()?;
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The registry of parent and child alike.
pub fn registry() -> Arc<BodyRegistry> {
    let mut registry = BodyRegistry::default();
    let fail =
        |_: &mut Call<'_>| -> Result<Outcome> { Err(ErrorKind::InvalidValue("on purpose".into()).into()) };
    #[allow(clippy::panic, reason = "what a panic does is what is tested")]
    let panic = |_: &mut Call<'_>| -> Result<Outcome> { panic!("boom") };
    let added = [
        registry.add_kernel("tally", Arc::new(tally)),
        registry.add_kernel("bulk", Arc::new(bulk)),
        registry.add_kernel("grow", Arc::new(grow)),
        registry.add_kernel("pid", Arc::new(pid)),
        registry.add_kernel("die", Arc::new(die)),
        registry.add_kernel("babble", Arc::new(babble)),
        registry.add_kernel("forge", Arc::new(forge)),
        registry.add_kernel("sleep", Arc::new(sleep)),
        registry.add_kernel("patient", Arc::new(patient)),
        registry.add_kernel("fail", Arc::new(fail)),
        registry.add_kernel("panic", Arc::new(panic)),
    ];
    assert!(added.iter().all(Result::is_ok));
    Arc::new(registry)
}
