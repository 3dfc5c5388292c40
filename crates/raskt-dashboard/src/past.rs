//! Bars that are too old for memory: a file of fixed size, the newest over the oldest, which nobody else can open.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::sync::Arc;

use raskt_store::SpillFolder;

use crate::source::Bar;

/// Bars of one chunk, which are written and read together.
const N_CHUNK: usize = 4096;
/// Bytes of one bar.
const BAR_BYTES: usize = 48;
const CHUNK_BYTES: usize = N_CHUNK * BAR_BYTES;
/// Chunks that are kept: 256 MiB, five million bars.
const N_CHUNKS_MAX: usize = (256 << 20) / CHUNK_BYTES;

/// Where a chunk is, and of which time.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    /// How many were written before it: its place in the file follows from that.
    number: u64,
    from_ns: u64,
    to_ns: u64,
    n_bars: usize,
}

/// Bars that have left memory.
pub struct Past {
    /// Chunks that are kept.
    n_chunks_max: usize,
    /// Those that do not fill a chunk yet.
    open: Vec<Bar>,
    chunks: VecDeque<Chunk>,
    n_written: u64,
    file: Option<Arc<File>>,
    /// Whether there is no disk for them: they are gone then.
    has_failed: bool,
}

impl Default for Past {
    fn default() -> Self {
        Self::with_chunks(N_CHUNKS_MAX)
    }
}

/// A look into the past that needs its lock no more.
pub struct Look {
    n_chunks_max: usize,
    chunks: Vec<Chunk>,
    open: Vec<Bar>,
    file: Option<Arc<File>>,
}

impl Past {
    /// With room for so many chunks.
    fn with_chunks(n_chunks_max: usize) -> Self {
        Self {
            n_chunks_max,
            open: Vec::new(),
            chunks: VecDeque::new(),
            n_written: 0,
            file: None,
            has_failed: false,
        }
    }

    /// Keeps bars; the oldest go where there is no room.
    pub fn add(&mut self, bars: impl Iterator<Item = Bar>) {
        if self.has_failed {
            return;
        }
        for bar in bars {
            self.open.push(bar);
            if self.open.len() == N_CHUNK && self.write().is_err() {
                // What is shown is less then, and nothing else is wrong.
                *self = Self { has_failed: true, ..Self::default() };
                return;
            }
        }
    }

    /// When the oldest began.
    pub fn first_ns(&self) -> Option<u64> {
        let of_open = self.open.iter().map(|bar| bar.start_ns);
        self.chunks.iter().map(|chunk| chunk.from_ns).chain(of_open).min()
    }

    fn write(&mut self) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => Arc::clone(self.file.insert(Arc::new(unnamed()?))),
        };
        let mut bytes = Vec::with_capacity(CHUNK_BYTES);
        self.open.iter().for_each(|bar| put(bar, &mut bytes));
        write_at(&file, &bytes, place(self.n_written, self.n_chunks_max))?;
        let chunk = Chunk {
            number: self.n_written,
            from_ns: self.open.iter().map(|bar| bar.start_ns).min().unwrap_or(0),
            to_ns: self.open.iter().map(|bar| bar.end_ns).max().unwrap_or(0),
            n_bars: self.open.len(),
        };
        self.n_written += 1;
        self.chunks.push_back(chunk);
        if self.chunks.len() > self.n_chunks_max {
            self.chunks.pop_front();
        }
        self.open.clear();
        Ok(())
    }

    /// What there is of a time.
    pub fn look(&self, from_ns: u64, to_ns: u64) -> Look {
        let meets = |chunk: &&Chunk| chunk.to_ns >= from_ns && chunk.from_ns <= to_ns;
        // The oldest may be written over while it is read.
        let skip = usize::from(self.chunks.len() == self.n_chunks_max);
        Look {
            n_chunks_max: self.n_chunks_max,
            chunks: self.chunks.iter().skip(skip).filter(meets).copied().collect(),
            open: self.open.clone(),
            file: self.file.clone(),
        }
    }
}

impl Look {
    /// Hands on the bars that lie between two times, chunk by chunk.
    ///
    /// # Errors
    /// Those of reading.
    pub fn read(self, from_ns: u64, to_ns: u64, mut take: impl FnMut(Vec<Bar>)) -> io::Result<()> {
        let meets = |bar: &Bar| bar.end_ns >= from_ns && bar.start_ns <= to_ns;
        if let Some(file) = &self.file {
            let mut bytes = vec![0; CHUNK_BYTES];
            for chunk in &self.chunks {
                let bytes = &mut bytes[..chunk.n_bars * BAR_BYTES];
                read_at(file, bytes, place(chunk.number, self.n_chunks_max))?;
                take(bytes.chunks_exact(BAR_BYTES).map(get).filter(meets).collect());
            }
        }
        take(self.open.into_iter().filter(meets).collect());
        Ok(())
    }
}

/// A file that is gone when nobody has it open any more.
fn unnamed() -> io::Result<File> {
    let failed = |error: raskt_core::Error| io::Error::other(error.to_string());
    let folder = SpillFolder::create(&std::env::temp_dir()).map_err(failed)?;
    let path = folder.made_path().map_err(failed)?.join("dashboard");
    let file = File::options().read(true).write(true).create_new(true).open(path)?;
    folder.remove();
    Ok(file)
}

fn place(number: u64, n_chunks_max: usize) -> u64 {
    number % n_chunks_max as u64 * CHUNK_BYTES as u64
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(not(unix))]
fn write_at(_: &File, _: &[u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
fn read_at(_: &File, _: &mut [u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn put(bar: &Bar, out: &mut Vec<u8>) {
    let words = [bar.lane, bar.name, bar.n_tasks, u32::from(bar.kind)];
    words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
    let longs = [bar.start_ns, bar.end_ns, bar.busy_ns, bar.bytes];
    longs.iter().for_each(|long| out.extend_from_slice(&long.to_le_bytes()));
}

fn get(bytes: &[u8]) -> Bar {
    let word =
        |at: usize| bytes[at..at + 4].iter().rev().fold(0_u32, |sum, &byte| sum << 8 | u32::from(byte));
    let long =
        |at: usize| bytes[at..at + 8].iter().rev().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
    Bar {
        lane: word(0),
        name: word(4),
        n_tasks: word(8),
        kind: bytes[12],
        start_ns: long(16),
        end_ns: long(24),
        busy_ns: long(32),
        bytes: long(40),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(at: u64) -> Bar {
        Bar {
            lane: 3,
            name: 70_000,
            kind: 2,
            start_ns: at * 1_000_000_007,
            end_ns: at * 1_000_000_007 + 5,
            busy_ns: 4,
            n_tasks: 9,
            bytes: u64::MAX - at,
        }
    }

    fn found(past: &Past, from: u64, to: u64) -> Vec<Bar> {
        let (mut all, scale) = (Vec::new(), 1_000_000_007);
        past.look(from * scale, to * scale).read(from * scale, to * scale, |bars| all.extend(bars)).unwrap();
        all
    }

    #[test]
    fn what_was_put_away_is_found_again_by_its_time() {
        let mut past = Past::default();
        assert_eq!((past.first_ns(), found(&past, 0, 10)), (None, Vec::new()));
        past.add((0..10_000).map(bar));
        assert_eq!(past.first_ns(), Some(0));
        // Two chunks, and what does not fill one.
        for range in [0..=3, 4000..=4200, 8190..=8200, 9990..=9999] {
            assert_eq!(found(&past, *range.start(), *range.end()), range.map(bar).collect::<Vec<_>>());
        }
        assert_eq!(found(&past, 20_000, 30_000), []);
    }

    #[test]
    fn the_newest_are_written_over_the_oldest() {
        let mut past = Past::with_chunks(4);
        let n = 6 * N_CHUNK;
        past.add((0..n as u64).map(bar));
        assert_eq!(past.chunks.len(), 4);
        assert_eq!(past.first_ns(), Some(bar(2 * N_CHUNK as u64).start_ns));
        let last = n as u64 - 1;
        assert_eq!(found(&past, last, last), [bar(last)]);
        assert_eq!(past.file.as_ref().unwrap().metadata().unwrap().len(), 4 * CHUNK_BYTES as u64);
    }
}
