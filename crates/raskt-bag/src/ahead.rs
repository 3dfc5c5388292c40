//! Decompression on a thread of its own, a few blocks ahead of who reads: both together take as long as the slower one.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

use crate::memory;
use crate::source::Part;

/// The bytes of a block: few enough for a core's cache, enough for waking a thread to cost little beside.
const BLOCK_BYTES: usize = 1 << 18;
/// Free bytes before each block, for the begin of a line whose end is in it.
const HEAD_BYTES: usize = 1 << 14;
const BUFFER_BYTES: usize = HEAD_BYTES + BLOCK_BYTES;
/// The blocks that wait to be read; one more is being made, and one is with the reader.
const N_WAITING: usize = 3;

/// A buffer, and which of its bytes are still to be read.
#[derive(Default)]
pub(crate) struct Window {
    pub(crate) buffer: Vec<u8>,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

impl Window {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.from..self.to]
    }
}

/// A buffer whose bytes from [`HEAD_BYTES`] to the number are a block.
type Block = (Vec<u8>, usize);

/// The blocks of a file that a thread decompresses.
pub(crate) struct Ahead {
    full: Option<Receiver<io::Result<Block>>>,
    free: Option<Sender<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Reads `part` from its begin on another thread, until all is read, or this is dropped.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub(crate) fn start(part: Part) -> io::Result<Self> {
        let (to_read, full) = sync_channel(N_WAITING);
        let (free, to_fill) = channel();
        let thread = std::thread::Builder::new()
            .name("raskt-read".to_owned())
            .spawn(move || read_all(&part, &to_read, &to_fill))?;
        Ok(Self { full: Some(full), free: Some(free), thread: Some(thread) })
    }

    /// Puts the next block behind what `window` has; returns whether there was one.
    ///
    /// # Errors
    /// Where the file cannot be opened, read or decompressed; the blocks before that come first.
    pub(crate) fn fill(&mut self, window: &mut Window) -> io::Result<bool> {
        let Some((mut block, end)) = self.next()? else { return Ok(false) };
        let rest = window.from..window.to;
        if let Some(begin) = HEAD_BYTES.checked_sub(rest.len()) {
            block[begin..HEAD_BYTES].copy_from_slice(&window.buffer[rest]);
            std::mem::swap(&mut window.buffer, &mut block);
            (window.from, window.to) = (begin, end);
        } else {
            // A long line grows in the reader's own buffer.
            window.buffer.truncate(rest.end);
            window.buffer.drain(..rest.start);
            memory::append(&mut window.buffer, &block[HEAD_BYTES..end])?;
            (window.from, window.to) = (0, window.buffer.len());
        }
        // What a long line made larger is not kept; and the thread may have read all, and be gone.
        if block.len() == BUFFER_BYTES
            && let Some(free) = &self.free
        {
            drop(free.send(block));
        }
        Ok(true)
    }

    fn next(&mut self) -> io::Result<Option<Block>> {
        match self.full.as_ref().map(Receiver::recv) {
            Some(Ok(found)) => found.map(Some),
            None => Ok(None),
            // The thread has ended: it has read all, or it panicked.
            Some(Err(_)) => match self.thread.take().map(JoinHandle::join) {
                Some(Err(_)) => Err(io::Error::other("the thread that decompresses panicked")),
                Some(Ok(())) | None => Ok(None),
            },
        }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // With nobody to take its blocks the thread ends, after the one that it is making.
        self.full = None;
        self.free = None;
        if let Some(thread) = self.thread.take() {
            // That it panicked is of no consequence for who asks for no more.
            drop(thread.join());
        }
    }
}

fn read_all(part: &Part, to_read: &SyncSender<io::Result<Block>>, to_fill: &Receiver<Vec<u8>>) {
    let mut reader = match part.read_from(0) {
        Ok(reader) => reader,
        Err(error) => return drop(to_read.send(Err(error))),
    };
    loop {
        let mut block = to_fill.try_recv().unwrap_or_default();
        if let Err(error) = memory::lengthen(&mut block, BUFFER_BYTES) {
            return drop(to_read.send(Err(error.into())));
        }
        let (n, error) = fill(&mut reader, &mut block[HEAD_BYTES..]);
        // Where nobody takes a block, nobody waits for an error either.
        if n > 0 && to_read.send(Ok((block, HEAD_BYTES + n))).is_err() {
            return;
        }
        if let Some(error) = error {
            return drop(to_read.send(Err(error)));
        }
        if n == 0 {
            return;
        }
    }
}

/// Fills `block` as far as there is anything; returns how far, and the error that came before its end.
fn fill(reader: &mut dyn Read, block: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut n = 0;
    while n < block.len() {
        match reader.read(&mut block[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (n, Some(error)),
        }
    }
    (n, None)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::source::{Compression, Opener};

    /// Zeros without end; says when it is dropped.
    struct Endless(Arc<AtomicBool>);

    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(0);
            Ok(buffer.len())
        }
    }

    impl Drop for Endless {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    fn opened(opener: Opener) -> Part {
        let (path, compression) = ("none".into(), Compression::None);
        Part { path, compression, begin: 0, end: None, opener: Some(opener) }
    }

    fn all(ahead: &mut Ahead, keeps: impl Fn(usize) -> usize) -> (Vec<u8>, io::Result<bool>) {
        let (mut window, mut found) = (Window::default(), Vec::new());
        loop {
            match ahead.fill(&mut window) {
                Ok(true) => {
                    let n = window.bytes().len();
                    let n = n - keeps(n).min(n);
                    found.extend_from_slice(&window.bytes()[..n]);
                    window.from += n;
                }
                end => {
                    found.extend_from_slice(window.bytes());
                    return (found, end);
                }
            }
        }
    }

    #[test]
    fn a_thread_ends_with_its_reader() {
        let is_dropped = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_dropped);
        let part = opened(Arc::new(move |_| Ok(Box::new(Endless(Arc::clone(&flag))))));
        let mut ahead = Ahead::start(part).unwrap();
        assert!(ahead.fill(&mut Window::default()).unwrap());
        drop(ahead);
        assert!(is_dropped.load(Ordering::SeqCst));
    }

    #[test]
    fn errors_come_after_what_was_read_and_panics_are_errors() {
        let data = Arc::new(vec![7; BLOCK_BYTES + 5]);
        let part = opened(Arc::new(move |_| Ok(Box::new(io::Cursor::new(data.to_vec()).chain(Broken)))));
        let (found, end) = all(&mut Ahead::start(part).unwrap(), |_| 0);
        assert_eq!((found.len(), end.unwrap_err().to_string().as_str()), (BLOCK_BYTES + 5, "broken"));
        let missing = Part { opener: None, ..Part::whole("no such file".as_ref()) };
        let (found, end) = all(&mut Ahead::start(missing).unwrap(), |_| 0);
        assert_eq!((found.len(), end.unwrap_err().kind()), (0, io::ErrorKind::NotFound));
        let panics = opened(Arc::new(|_| panic!("as it is meant to")));
        assert!(all(&mut Ahead::start(panics).unwrap(), |_| 0).1.is_err());
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        #[test]
        fn bytes_come_in_order_whatever_is_kept(n in 0..5 * BLOCK_BYTES, kept in 0..3 * HEAD_BYTES, every in 1usize..4) {
            let data: Vec<u8> = (0..n).map(|i| (i / 7 % 251) as u8).collect();
            let given = Arc::new(data.clone());
            let part = opened(Arc::new(move |_| Ok(Box::new(io::Cursor::new(given.to_vec())))));
            let round = std::cell::Cell::new(0usize);
            let keeps = |_| {
                round.set(round.get() + 1);
                if round.get().is_multiple_of(every) { kept } else { usize::MAX }
            };
            let (found, end) = all(&mut Ahead::start(part).unwrap(), keeps);
            prop_assert!(!end.unwrap());
            prop_assert!(found == data);
        }
    }
}
