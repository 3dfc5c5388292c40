//! What the store costs: `cargo run --release -p raskt-store --example bench_store [folder]`.
//!
//! Prints nanoseconds for a put, fetch and release of immediates and of small arrays, and the rate at which
//! 64 MiB buffers go to disk and come back, beside what plain writing and reading reach there.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use raskt_core::opaque::NoForeign;
use raskt_core::{Buffer, ErrorKind, NdArray, Result, Value};
use raskt_store::{Fetch, Limits, SpillFolder, SpilledFile, Store, trim_allocator};

const N: u32 = 1_000_000;
const N_LARGE: u32 = 8;
const LARGE_BYTES: usize = 64 << 20;

fn main() -> Result<()> {
    let parent = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    immediates();
    arrays(100)?;
    arrays(N)?;
    victims(&parent)?;
    spilling(&parent)?;
    plain(&parent)
        .map_err(|error| ErrorKind::Io { path: parent.display().to_string(), reason: error.to_string() })?;
    trimming();
    Ok(())
}

fn per_value(what: &str, n: u32, start: Instant) {
    println!("{what}: {:.1} ns", start.elapsed().as_secs_f64() * 1e9 / f64::from(n));
}

fn rate(what: &str, start: Instant) {
    let mib = f64::from(N_LARGE) * LARGE_BYTES as f64 / f64::from(1 << 20);
    println!("{what}: {:.0} MiB/s", mib / start.elapsed().as_secs_f64());
}

fn immediates() {
    let mut store = Store::new(N as usize, Limits::default(), None);
    for round in 0..4 {
        let start = Instant::now();
        (0..N).for_each(|slot| drop(store.put(slot, Value::Int(i64::from(slot)))));
        per_value(&format!("immediates, put, round {round}"), N, start);
        let (mut sum, start) = (0, Instant::now());
        for slot in 0..N {
            if let Fetch::Ready(Value::Int(number)) = store.fetch(slot) {
                sum += number;
            }
        }
        std::hint::black_box(sum);
        per_value(&format!("immediates, fetch, round {round}"), N, start);
        let start = Instant::now();
        (0..N).for_each(|slot| drop(store.release(slot)));
        per_value(&format!("immediates, release, round {round}"), N, start);
    }
}

/// `n_live` arrays of one number at a time.
fn arrays(n_live: u32) -> Result<()> {
    let mut values: Vec<Value> =
        (0..n_live).map(|_| NdArray::from_f64(&[1], &[1.0]).map(Value::from)).collect::<Result<_>>()?;
    let mut store = Store::new(n_live as usize, Limits::default(), None);
    let start = Instant::now();
    for _ in 0..N / n_live {
        (0..n_live).zip(values.drain(..)).for_each(|(slot, value)| drop(store.put(slot, value)));
        (0..n_live).for_each(|slot| drop(store.fetch(slot)));
        values.extend((0..n_live).filter_map(|slot| store.release(slot)));
    }
    per_value(&format!("small arrays, {n_live} alive, put + fetch + release"), N, start);
    Ok(())
}

/// 20,000 candidates, each evicted once (without writing: the jobs are not run).
fn victims(parent: &Path) -> Result<()> {
    let n = 20_000;
    let limits = Limits { budget_bytes: 0, spill_min_bytes: 0 };
    let mut store = Store::new(n as usize, limits, Some(SpillFolder::create(parent)?));
    for slot in 0..n {
        drop(store.put(slot, Buffer::zeroed(16)?.into()));
    }
    let start = Instant::now();
    while let Some(job) = store.next_spill(&mut |slot| u64::from(slot.wrapping_mul(2_654_435_761) | 1)) {
        drop(store.spilled(job.slot(), Err(ErrorKind::Cancelled.into())));
    }
    per_value("choosing a victim of 20,000, and its report", n, start);
    Ok(())
}

fn spilling(parent: &Path) -> Result<()> {
    let limits = Limits { budget_bytes: 0, ..Limits::default() };
    let mut store = Store::new(N_LARGE as usize, limits, Some(SpillFolder::create(parent)?));
    for round in 0..2 {
        for slot in 0..N_LARGE {
            let mut buffer = Buffer::zeroed(LARGE_BYTES)?;
            if let Some(bytes) = buffer.as_mut_slice() {
                bytes.fill(slot as u8);
            }
            drop(store.put(slot, buffer.into()));
        }
        let start = Instant::now();
        while let Some(job) = store.next_spill(&mut |slot| u64::from(slot) + 1) {
            let slot = job.slot();
            let outcome: Result<SpilledFile> = job.run();
            drop(store.spilled(slot, outcome));
        }
        rate(&format!("spilling, round {round}"), start);
        let start = Instant::now();
        for slot in 0..N_LARGE {
            if let Fetch::Load(job) = store.fetch(slot) {
                let outcome = job.run(&NoForeign);
                drop(store.loaded(slot, outcome)?);
            }
        }
        rate(&format!("reading back, round {round}"), start);
        (0..N_LARGE).for_each(|slot| drop(store.release(slot)));
        drop(store.take_dead_files());
    }
    Ok(())
}

/// The same bytes without checksum and books.
fn plain(parent: &Path) -> std::io::Result<()> {
    let path = parent.join("raskt-bench-plain");
    let bytes = vec![1u8; LARGE_BYTES];
    let start = Instant::now();
    for n in 0..N_LARGE {
        fs::File::create(path.with_extension(n.to_string()))?.write_all(&bytes)?;
    }
    rate("plain writing", start);
    let start = Instant::now();
    for n in 0..N_LARGE {
        let mut fresh = vec![0u8; LARGE_BYTES];
        fs::File::open(path.with_extension(n.to_string()))?.read_exact(&mut fresh)?;
        std::hint::black_box(fresh);
    }
    rate("plain reading to fresh memory", start);
    (0..N_LARGE).try_for_each(|n| fs::remove_file(path.with_extension(n.to_string())))
}

fn resident_mib() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) / 256
}

/// What freed 16 MiB blocks leave behind, and what trimming costs.
fn trimming() {
    for round in 0..2 {
        let before = resident_mib();
        let (mut blocks, mut pins) = (Vec::new(), Vec::new());
        for _ in 0..32 {
            blocks.push(vec![1u8; 16 << 20]);
            pins.push(vec![1u8; 1000]);
        }
        let full = resident_mib();
        drop(std::hint::black_box(blocks));
        let freed = resident_mib();
        let start = Instant::now();
        trim_allocator();
        let cost = start.elapsed();
        println!(
            "round {round}: resident MiB before {before}, with 512 MiB in use {full}, freed {freed}, \
             trimmed {} in {cost:?}",
            resident_mib()
        );
        drop(std::hint::black_box(pins));
    }
    let start = Instant::now();
    (0..100).for_each(|_| trim_allocator());
    println!("trimming where nothing is to trim: {:?}", start.elapsed() / 100);
}
