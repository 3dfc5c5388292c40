//! Frames between a parent and its children: a head with kind, length and checksums, the bytes; descriptors beside them.
//!
//! A Unix stream socket carries them; on another system this module is the one to write again. A task may write to any
//! descriptor of its process, the socket's too: nothing of a frame is believed before its checksum has been found right.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use parking_lot::Mutex;
use raskt_core::Fit;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

/// The version of the protocol; both sides must speak the same.
pub const VERSION: u16 = 5;
/// The longest frame. Bulk travels beside frames, so that only very many small values could need more.
pub const FRAME_BYTES_MAX: usize = 1 << 30;
/// What every frame begins with.
const MAGIC: [u8; 4] = [0xf1, b'R', b'K', VERSION.to_be_bytes()[1]];
/// Magic, kind and three zeros, length, checksum of the body, checksum of the head up to there.
const HEAD_BYTES: usize = 20;
/// The most descriptors that have come before the frames that they belong to.
const FDS_MAX: usize = 64;
/// How many bytes are read at once, and by how much the room for a frame that was announced grows.
const READ_BYTES: usize = 256 << 10;

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Child: version, process id, token.
    Hello = 1,
    /// Parent: options; the status page's descriptor comes along.
    Welcome = 2,
    /// Either: a segment of shared memory, its descriptor along.
    Segment = 3,
    /// Either: a segment that nobody will name again.
    Retired = 4,
    /// Either: blocks of shared memory that nobody looks at any more.
    Released = 5,
    /// Parent: what the surroundings of the calls that follow are.
    Setup = 6,
    /// Parent: calls to make.
    Calls = 7,
    /// Child: what became of calls.
    Results = 8,
    /// Parent: do not begin the calls of a run, and stop the one you make.
    Drop = 9,
    /// Parent: give back the calls that you have not begun.
    Recall = 10,
    /// Child: calls that were not begun.
    Returned = 11,
    /// Parent: functions that will not be called again.
    Forget = 12,
    /// Parent: end.
    Stop = 13,
    /// Either: a frame whose bytes lie in shared memory.
    Bulk = 14,
}

impl Kind {
    const ALL: [Self; 14] = [
        Self::Hello,
        Self::Welcome,
        Self::Segment,
        Self::Retired,
        Self::Released,
        Self::Setup,
        Self::Calls,
        Self::Results,
        Self::Drop,
        Self::Recall,
        Self::Returned,
        Self::Forget,
        Self::Stop,
        Self::Bulk,
    ];

    /// The kind of a code.
    ///
    /// # Errors
    /// `InvalidData` where there is none.
    pub fn of(code: u8) -> io::Result<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| *kind as u8 == code)
            .ok_or_else(|| broken("an unknown kind of frame"))
    }
}

/// What the head of a frame says.
struct Head {
    kind: Kind,
    len: usize,
    sum: u32,
}

impl Head {
    fn of(kind: Kind, body: &[&[u8]]) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        body.iter().for_each(|part| hasher.update(part));
        Self { kind, len: body.iter().map(|part| part.len()).sum(), sum: hasher.finalize() }
    }

    fn write(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4] = self.kind as u8;
        bytes[8..12].copy_from_slice(&self.len.fit::<u32>().to_le_bytes());
        bytes[12..16].copy_from_slice(&self.sum.to_le_bytes());
        let sum = crc32fast::hash(&bytes[..16]);
        bytes[16..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// The head that `bytes` begin with; `None` where more bytes are needed to tell.
    fn read(bytes: &[u8]) -> io::Result<Option<Self>> {
        let n = bytes.len().min(MAGIC.len());
        if bytes[..n] != MAGIC[..n] {
            return Err(broken("bytes that are no message"));
        }
        let Some(head) = bytes.first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if word(16) != crc32fast::hash(&head[..16]) {
            return Err(broken("a message with a damaged head"));
        }
        let (kind, len) = (Kind::of(head[4])?, word(8) as usize);
        if len > FRAME_BYTES_MAX {
            return Err(broken("a frame that is too long"));
        }
        Ok(Some(Self { kind, len, sum: word(12) }))
    }
}

/// An error that says what is wrong with the bytes of the other side.
pub fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// One side's way to send: whole frames, whoever sends.
#[derive(Debug)]
pub struct Sender {
    socket: UnixStream,
    turn: Mutex<()>,
    /// Where to put what comes while the other side takes nothing in: two that only send would wait for ever.
    inbox: Option<Arc<Mutex<Receiver>>>,
}

impl Sender {
    /// A sender on `socket`.
    pub fn new(socket: UnixStream) -> Self {
        Self { socket, turn: Mutex::new(()), inbox: None }
    }

    /// A sender that reads into `inbox` while it cannot send.
    pub fn reading(socket: UnixStream, inbox: Arc<Mutex<Receiver>>) -> Self {
        Self { inbox: Some(inbox), ..Self::new(socket) }
    }

    /// The socket's descriptor.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Sends a frame, with a descriptor if there is one.
    ///
    /// # Errors
    /// The operating system's: the other side is gone; `InvalidInput` for a frame that is too long.
    pub fn send(&self, kind: Kind, body: &[&[u8]], fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let len: usize = body.iter().map(|part| part.len()).sum();
        if len > FRAME_BYTES_MAX {
            let text =
                format!("{len} bytes of small values in one message, where {FRAME_BYTES_MAX} are the most");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let head = Head::of(kind, body).write();
        let mut parts: Vec<IoSlice<'_>> = Vec::with_capacity(body.len() + 1);
        parts.push(IoSlice::new(&head));
        parts.extend(body.iter().map(|part| IoSlice::new(part)));
        let _turn = self.turn.lock();
        self.send_all(&mut parts, fd)
    }

    fn send_all(&self, mut parts: &mut [IoSlice<'_>], fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let fds: Vec<BorrowedFd<'_>> = fd.into_iter().collect();
        let mut is_first = !fds.is_empty();
        IoSlice::advance_slices(&mut parts, 0);
        while !parts.is_empty() {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if is_first && !control.push(SendAncillaryMessage::ScmRights(&fds)) {
                return Err(broken("no room for a descriptor"));
            }
            match sendmsg(&self.socket, parts, &mut control, SEND_FLAGS) {
                Ok(n) => {
                    is_first = false;
                    IoSlice::advance_slices(&mut parts, n);
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => self.wait()?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits until something can be sent, and reads meanwhile.
    fn wait(&self) -> io::Result<()> {
        let wanted = if self.inbox.is_some() { PollFlags::OUT | PollFlags::IN } else { PollFlags::OUT };
        let mut fds = [PollFd::new(&self.socket, wanted)];
        match poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(inbox) = &self.inbox
            && fds[0].revents().contains(PollFlags::IN)
            && !inbox.lock().fill()?
        {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
const SEND_FLAGS: SendFlags = SendFlags::NOSIGNAL.union(SendFlags::DONTWAIT);
#[cfg(not(target_os = "linux"))]
const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT;
#[cfg(target_os = "linux")]
const RECV_FLAGS: RecvFlags = RecvFlags::CMSG_CLOEXEC;
#[cfg(not(target_os = "linux"))]
const RECV_FLAGS: RecvFlags = RecvFlags::empty();

/// A frame that came.
#[derive(Debug)]
pub struct Frame {
    /// What it says.
    pub kind: Kind,
    /// Its bytes.
    pub body: Vec<u8>,
    /// The descriptor that came along.
    pub fd: Option<OwnedFd>,
}

/// One side's way to receive.
#[derive(Debug)]
pub struct Receiver {
    socket: UnixStream,
    bytes: Vec<u8>,
    start: usize,
    fds: VecDeque<OwnedFd>,
}

impl Receiver {
    /// A receiver on `socket`.
    pub fn new(socket: UnixStream) -> Self {
        Self { socket, bytes: Vec::new(), start: 0, fds: VecDeque::new() }
    }

    /// The descriptor to wait on.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// The next frame, if all of it has been read.
    ///
    /// # Errors
    /// `InvalidData` for what is no frame.
    pub fn next(&mut self) -> io::Result<Option<Frame>> {
        let Some(Head { kind, len, sum }) = Head::read(&self.bytes[self.start..])? else { return Ok(None) };
        let start = self.start + HEAD_BYTES;
        let Some(body) = self.bytes.get(start..start + len) else { return Ok(None) };
        if crc32fast::hash(body) != sum {
            return Err(broken("a damaged message"));
        }
        let body = body.to_vec();
        self.start = start + len;
        let carries = matches!(kind, Kind::Welcome | Kind::Segment);
        let fd = if carries { self.fds.pop_front() } else { None };
        if carries && fd.is_none() {
            return Err(broken("a descriptor is missing"));
        }
        Ok(Some(Frame { kind, body, fd }))
    }

    /// Whether [`Receiver::next`] has something to say: a whole frame has been read, or what is none.
    pub fn has_next(&self) -> bool {
        let bytes = &self.bytes[self.start..];
        match Head::read(bytes) {
            Ok(None) => false,
            Ok(Some(head)) => bytes.len() - HEAD_BYTES >= head.len,
            Err(_) => true,
        }
    }

    /// Reads what is there, waiting if nothing is; false at the end of the stream.
    ///
    /// # Errors
    /// The operating system's.
    pub fn fill(&mut self) -> io::Result<bool> {
        self.bytes.drain(..self.start);
        self.start = 0;
        let known = self.bytes.len();
        self.bytes.resize(known + READ_BYTES, 0);
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut self.bytes[known..])];
        let outcome = loop {
            match recvmsg(&self.socket, &mut parts, &mut control, RECV_FLAGS) {
                Err(rustix::io::Errno::INTR) => {}
                outcome => break outcome,
            }
        };
        let n = outcome.as_ref().map_or(0, |message| message.bytes);
        self.bytes.truncate(known + n);
        outcome?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = message {
                self.fds.extend(fds);
            }
        }
        if self.fds.len() > FDS_MAX {
            return Err(broken("descriptors that belong to no message"));
        }
        Ok(n > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_arrive_whole_and_in_order_however_long() {
        let (a, b) = UnixStream::pair().unwrap();
        let sender = Sender::new(a);
        let long = vec![7u8; 3 << 20];
        let writer = std::thread::spawn(move || {
            sender.send(Kind::Calls, &[b"one", b"two"], None).unwrap();
            sender.send(Kind::Results, &[&long], None).unwrap();
            sender.send(Kind::Stop, &[], None).unwrap();
        });
        let mut receiver = Receiver::new(b);
        let mut frames = Vec::new();
        while receiver.fill().unwrap() {
            while let Some(frame) = receiver.next().unwrap() {
                frames.push((frame.kind, frame.body));
            }
        }
        writer.join().unwrap();
        let expected =
            [(Kind::Calls, b"onetwo".to_vec()), (Kind::Results, vec![7; 3 << 20]), (Kind::Stop, vec![])];
        assert_eq!(frames, expected);
    }

    #[test]
    fn two_sides_that_both_send_much_do_not_wait_for_each_other() {
        let (a, b) = UnixStream::pair().unwrap();
        let inbox = Arc::new(Mutex::new(Receiver::new(a.try_clone().unwrap())));
        let parent = Sender::reading(a, Arc::clone(&inbox));
        let child = Sender::new(b.try_clone().unwrap());
        let much = vec![1u8; 8 << 20];
        let (sent, there) = (much.clone(), much.clone());
        let writer = std::thread::spawn(move || {
            child.send(Kind::Results, &[&sent], None).unwrap();
            let mut receiver = Receiver::new(b);
            while receiver.next().unwrap().is_none() {
                assert!(receiver.fill().unwrap());
            }
        });
        parent.send(Kind::Calls, &[&there], None).unwrap();
        writer.join().unwrap();
        assert_eq!(inbox.lock().next().unwrap().unwrap().body.len(), much.len());
    }

    fn received(bytes: &[u8]) -> (Receiver, io::Result<Option<Frame>>) {
        let (a, b) = UnixStream::pair().unwrap();
        std::io::Write::write_all(&mut &a, bytes).unwrap();
        let mut receiver = Receiver::new(b);
        assert!(receiver.fill().unwrap());
        let says = receiver.has_next();
        let next = receiver.next();
        assert_eq!(says, !matches!(next, Ok(None)), "who waits for more must be waiting for more");
        (receiver, next)
    }

    fn frame(kind: Kind, body: &[u8]) -> Vec<u8> {
        let mut bytes = Head::of(kind, &[body]).write().to_vec();
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn strange_bytes_are_errors_from_the_first_one_on() {
        let too_long = Head { kind: Kind::Calls, len: FRAME_BYTES_MAX + 1, sum: 0 }.write();
        let mut unknown = frame(Kind::Calls, b"");
        unknown[4] = 99;
        let sum = crc32fast::hash(&unknown[..16]);
        unknown[16..20].copy_from_slice(&sum.to_le_bytes());
        for bytes in [&[99][..], &[0; 3], b"hello", &too_long, &unknown, &frame(Kind::Segment, b"")] {
            assert!(received(bytes).1.is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_frame_of_which_one_bit_has_changed_is_an_error_or_is_waited_for() {
        let whole = frame(Kind::Results, b"some results");
        assert!(matches!(received(&whole).1, Ok(Some(_))));
        for at in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[at / 8] ^= 1 << (at % 8);
            assert!(received(&bytes).1.is_err(), "bit {at}");
        }
        for n in 1..whole.len() {
            assert!(matches!(received(&whole[..n]).1, Ok(None)), "{n} bytes");
        }
    }
}
