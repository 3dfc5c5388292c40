//! What the two ends of a link know of each other's shared memory: which segments have been shown, which blocks
//! are lent, which are to be given back.
//!
//! A block is in use until every side that looks at it has let go. The side that sends it keeps it as *lent*; the
//! side that receives it holds a *lease*, and names the block in a later message when the lease ends.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use raskt_core::buffer::BufferOwner;
use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Buffer, Fit, OwnerId, Result};
use rustc_hash::{FxHashMap, FxHashSet};

use super::arena::{Arena, Place};
use super::shared::{Mapping, SharedFile, View};
use super::wire::{Frame, Kind, Sender, broken};

/// Frames of this size go through shared memory.
const BULK_MIN_BYTES: usize = 1 << 20;

/// Who owns a segment: 0 is the parent, a child has its serial number.
pub type OwnerNumber = u32;

/// The name of a segment on every link.
pub type SegmentName = (OwnerNumber, u32);

/// The name of a block: its segment, and where it begins there.
pub type BlockName = (OwnerNumber, u32, u64);

/// What is to be said to the other side when something is sent next.
#[derive(Debug, Default)]
pub struct Outbox {
    pub released: Mutex<Vec<BlockName>>,
    pub retired: Mutex<Vec<SegmentName>>,
}

/// A block of this process's own arena.
#[derive(Debug)]
struct OwnBlock {
    place: Place,
    arena: Arc<Arena>,
}

impl BufferOwner for OwnBlock {
    fn bytes(&self) -> &[u8] {
        &self.place.segment.bytes()[self.place.offset..self.place.offset + self.place.len]
    }

    fn identity(&self) -> Option<(OwnerId, u64)> {
        Some((OwnerId(std::ptr::from_ref(self) as usize), self.place.len as u64))
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}

impl Drop for OwnBlock {
    fn drop(&mut self) {
        self.arena.release(self.place.segment.number, self.place.offset);
    }
}

/// `bytes` in a block of `arena`.
///
/// # Errors
/// The operating system's, where it gives no memory.
pub fn own_block(arena: &Arc<Arena>, bytes: &[u8]) -> io::Result<Buffer> {
    let place = arena.store(bytes)?;
    Ok(Buffer::new(Arc::new(OwnBlock { place, arena: Arc::clone(arena) })))
}

/// A segment that another process owns.
#[derive(Debug)]
struct PeerSegment {
    name: SegmentName,
    file: SharedFile,
    /// All of it; pages come when they are first read.
    reader: Mapping,
    /// Who else has been shown it, to be told when nobody here names it any more.
    shown: Mutex<Vec<Weak<Outbox>>>,
}

impl Drop for PeerSegment {
    fn drop(&mut self) {
        for outbox in self.shown.get_mut().drain(..).filter_map(|weak| weak.upgrade()) {
            outbox.retired.lock().push(self.name);
        }
    }
}

/// The right to look at a block; ends with the last view.
#[derive(Debug)]
struct Lease {
    segment: Arc<PeerSegment>,
    offset: u64,
    outbox: Weak<Outbox>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(outbox) = self.outbox.upgrade() {
            let (owner, number) = self.segment.name;
            outbox.released.lock().push((owner, number, self.offset));
        }
    }
}

/// A part of a block that another process wrote.
#[derive(Debug)]
struct PeerBlock {
    lease: Arc<Lease>,
    /// Where the part begins in the block.
    start: usize,
    len: usize,
}

impl PeerBlock {
    fn at(&self) -> usize {
        self.lease.offset.fit::<usize>() + self.start
    }
}

impl BufferOwner for PeerBlock {
    fn bytes(&self) -> &[u8] {
        self.lease.segment.reader.bytes().get(self.at()..self.at() + self.len).unwrap_or(&[])
    }

    fn n_bytes(&self) -> usize {
        self.len
    }

    fn identity(&self) -> Option<(OwnerId, u64)> {
        Some((OwnerId(Arc::as_ptr(&self.lease) as usize), self.len as u64))
    }

    fn private(&self) -> Option<Arc<dyn BufferOwner>> {
        // The block begins at a boundary where a mapping may begin; its part need not.
        let (segment, begin) = (&self.lease.segment, self.lease.offset.fit::<usize>());
        let mapping = Mapping::new(&segment.file, begin, self.start + self.len, View::Private).ok()?;
        Some(Arc::new(PrivateBlock { mapping, lease: Arc::clone(&self.lease), start: self.start }))
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }
}

/// A block that is written here without the others seeing it.
#[derive(Debug)]
struct PrivateBlock {
    // Unmapped before the lease ends.
    mapping: Mapping,
    lease: Arc<Lease>,
    start: usize,
}

impl BufferOwner for PrivateBlock {
    fn bytes(&self) -> &[u8] {
        &self.mapping.bytes()[self.start..]
    }

    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        self.mapping.bytes_mut()?.get_mut(self.start..)
    }

    fn identity(&self) -> Option<(OwnerId, u64)> {
        Some((OwnerId(Arc::as_ptr(&self.lease) as usize), (self.mapping.bytes().len() - self.start) as u64))
    }
}

/// A buffer on its way: a part of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ref {
    block: BlockName,
    start: u64,
    len: u64,
}

impl Encode for Ref {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        let (owner, segment, offset) = self.block;
        (owner, segment, offset).encode(out)?;
        (self.start, self.len).encode(out)
    }
}

impl Decode for Ref {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let block = Decode::decode(input)?;
        let (start, len) = Decode::decode(input)?;
        Ok(Self { block, start, len })
    }
}

/// One end of a link.
#[derive(Debug)]
pub struct Traffic {
    /// What this process is called as an owner.
    me: OwnerNumber,
    arena: Arc<Arena>,
    outbox: Arc<Outbox>,
    outgoing: Mutex<Outgoing>,
    incoming: Mutex<FxHashMap<SegmentName, Arc<PeerSegment>>>,
}

#[derive(Debug, Default)]
struct Outgoing {
    shown: FxHashSet<SegmentName>,
    lent: FxHashMap<BlockName, (Buffer, usize)>,
}

impl Traffic {
    /// One end of a new link.
    pub fn new(me: OwnerNumber, arena: Arc<Arena>) -> Self {
        Self { me, arena, outbox: Arc::default(), outgoing: Mutex::default(), incoming: Mutex::default() }
    }

    /// What is to be told to the other side.
    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Lends `buffer` to the other side: as it is where it lies in shared memory already, else a copy.
    ///
    /// # Errors
    /// The operating system's: no memory, or the other side is gone.
    pub fn lend(&self, buffer: &Buffer, sender: &Sender) -> io::Result<Ref> {
        let stored;
        let known = buffer.owner().as_any().is_some_and(|any| any.is::<OwnBlock>() || any.is::<PeerBlock>());
        let buffer = if known {
            buffer
        } else {
            stored = own_block(&self.arena, buffer.as_slice())?;
            &stored
        };
        let Some(any) = buffer.owner().as_any() else { return Err(broken("a block without a type")) };
        let mut outgoing = self.outgoing.lock();
        let (block, inner) = if let Some(own) = any.downcast_ref::<OwnBlock>() {
            let segment = &own.place.segment;
            outgoing.show((self.me, segment.number), &segment.file, sender)?;
            ((self.me, segment.number, own.place.offset as u64), 0)
        } else if let Some(peer) = any.downcast_ref::<PeerBlock>() {
            let segment = &peer.lease.segment;
            if outgoing.show(segment.name, &segment.file, sender)? {
                segment.shown.lock().push(Arc::downgrade(&self.outbox));
            }
            ((segment.name.0, segment.name.1, peer.lease.offset), peer.start)
        } else {
            return Err(broken("a block of an unknown type"));
        };
        outgoing.lent.entry(block).or_insert_with(|| (buffer.clone(), 0)).1 += 1;
        Ok(Ref { block, start: (inner + buffer.offset()) as u64, len: buffer.len() as u64 })
    }

    /// The buffer that the other side lent.
    ///
    /// # Errors
    /// `InvalidData` where it names a segment that was never shown, or bytes beyond it.
    pub fn borrow(&self, found: Ref) -> io::Result<Buffer> {
        let (owner, number, offset) = found.block;
        let segment = self.incoming.lock().get(&(owner, number)).cloned();
        let segment = segment.ok_or_else(|| broken("a segment that was never shown"))?;
        let end = offset.checked_add(found.start).and_then(|at| at.checked_add(found.len));
        if end.is_none_or(|end| end > segment.file.len() as u64) {
            return Err(broken("a block beyond the end of its segment"));
        }
        let lease = Arc::new(Lease { segment, offset, outbox: Arc::downgrade(&self.outbox) });
        let (start, len) = (found.start.fit::<usize>(), found.len.fit::<usize>());
        Ok(Buffer::new(Arc::new(PeerBlock { lease, start, len })))
    }

    /// The other side showed a segment.
    ///
    /// # Errors
    /// `InvalidData` where it is not what was announced.
    pub fn segment(&self, name: SegmentName, len: u64, fd: OwnedFd) -> io::Result<()> {
        let file =
            SharedFile::received(fd, usize::try_from(len).map_err(|_| broken("a segment too large"))?)?;
        let reader = Mapping::new(&file, 0, file.len(), View::Reader)?;
        let segment = PeerSegment { name, file, reader, shown: Mutex::default() };
        self.incoming.lock().insert(name, Arc::new(segment));
        Ok(())
    }

    /// The other side will not name a segment again.
    pub fn retire(&self, name: SegmentName) {
        let gone = self.incoming.lock().remove(&name);
        drop(gone);
    }

    /// The other side looks at a block no more.
    pub fn take_back(&self, block: BlockName) {
        let mut outgoing = self.outgoing.lock();
        let std::collections::hash_map::Entry::Occupied(mut entry) = outgoing.lent.entry(block) else {
            return;
        };
        entry.get_mut().1 -= 1;
        if entry.get().1 == 0 {
            let gone = entry.remove();
            drop(outgoing);
            drop(gone);
        }
    }

    /// Tells the other side what has gathered.
    ///
    /// # Errors
    /// The operating system's: the other side is gone.
    pub fn tell(&self, sender: &Sender) -> io::Result<()> {
        let released = std::mem::take(&mut *self.outbox.released.lock());
        if !released.is_empty() {
            sender.send(Kind::Released, &[&encode(&released)], None)?;
        }
        let retired = std::mem::take(&mut *self.outbox.retired.lock());
        if !retired.is_empty() {
            let mut outgoing = self.outgoing.lock();
            outgoing.shown.retain(|name| !retired.contains(name));
            drop(outgoing);
            sender.send(Kind::Retired, &[&encode(&retired)], None)?;
        }
        Ok(())
    }

    /// Gives memory that nobody uses back to the system, and says so to the other side of this link.
    pub fn trim(&self, keep_bytes: usize) {
        for number in self.arena.trim(keep_bytes) {
            self.outbox.retired.lock().push((self.me, number));
        }
    }

    /// Takes in a frame about memory; false for any other kind.
    ///
    /// # Errors
    /// `InvalidData` for what does not decode.
    pub fn take_in(&self, kind: Kind, body: &[u8], fd: Option<OwnedFd>) -> io::Result<bool> {
        match kind {
            Kind::Segment => {
                let (owner, number, len) = decode::<(u32, u32, u64)>(body)?;
                let fd = fd.ok_or_else(|| broken("a segment without its descriptor"))?;
                self.segment((owner, number), len, fd)?;
            }
            Kind::Retired => decode::<Vec<SegmentName>>(body)?.into_iter().for_each(|name| self.retire(name)),
            Kind::Released => {
                decode::<Vec<BlockName>>(body)?.into_iter().for_each(|name| self.take_back(name))
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Sends a frame; a long one goes through shared memory.
    ///
    /// # Errors
    /// The operating system's: no memory, or the other side is gone.
    pub fn send(&self, sender: &Sender, kind: Kind, body: &[u8]) -> io::Result<()> {
        if body.len() < BULK_MIN_BYTES {
            return sender.send(kind, &[body], None);
        }
        let block = own_block(&self.arena, body)?;
        let found = self.lend(&block, sender)?;
        sender.send(Kind::Bulk, &[&encode(&(kind as u8, found))], None)
    }

    /// The frame that was meant, where it came through shared memory.
    ///
    /// # Errors
    /// `InvalidData` for what does not decode.
    pub fn unfold(&self, frame: Frame) -> io::Result<Frame> {
        if frame.kind != Kind::Bulk {
            return Ok(frame);
        }
        let (code, found) = decode::<(u8, Ref)>(&frame.body)?;
        let body = self.borrow(found)?.as_slice().to_vec();
        Ok(Frame { kind: Kind::of(code)?, body, fd: None })
    }

    /// Blocks that the other side looks at.
    #[cfg(test)]
    pub fn n_lent(&self) -> usize {
        self.outgoing.lock().lent.len()
    }
}

impl Outgoing {
    /// Shows a segment to the other side, once; whether this was the first time.
    fn show(&mut self, name: SegmentName, file: &SharedFile, sender: &Sender) -> io::Result<bool> {
        if !self.shown.insert(name) {
            return Ok(false);
        }
        sender.send(Kind::Segment, &[&encode(&(name.0, name.1, file.len() as u64))], Some(file.fd()))?;
        Ok(true)
    }
}

/// A small message of plain data.
pub fn encode<T: Encode>(data: &T) -> Vec<u8> {
    // Plain data always encodes: what may fail is foreign.
    raskt_core::encode::encode_canonical(data).unwrap_or_default()
}

/// What [`encode`] wrote.
///
/// # Errors
/// `InvalidData` for anything else.
pub fn decode<T: Decode>(bytes: &[u8]) -> io::Result<T> {
    raskt_core::encode::decode_canonical(bytes, &raskt_core::encode::Limits::default())
        .map_err(|error| broken(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::wire::Receiver;
    use super::*;
    use std::os::unix::net::UnixStream;

    struct End {
        traffic: Traffic,
        sender: Sender,
        receiver: Receiver,
    }

    fn pair(numbers: (u32, u32)) -> (End, End) {
        let (a, b) = UnixStream::pair().unwrap();
        let end = |socket: UnixStream, me| End {
            traffic: Traffic::new(me, Arc::default()),
            sender: Sender::new(socket.try_clone().unwrap()),
            receiver: Receiver::new(socket),
        };
        (end(a, numbers.0), end(b, numbers.1))
    }

    impl End {
        fn listen(&mut self) {
            self.receiver.fill().unwrap();
            while let Some(frame) = self.receiver.next().unwrap() {
                assert!(self.traffic.take_in(frame.kind, &frame.body, frame.fd).unwrap());
            }
        }
    }

    #[test]
    fn a_block_is_lent_until_its_last_view_is_gone() {
        let (mut parent, mut child) = pair((0, 1));
        let bytes = Buffer::from(vec![5u8; 100_000]);
        let sent = parent.traffic.lend(&bytes.slice(10, 90_000), &parent.sender).unwrap();
        child.listen();
        let view = child.traffic.borrow(sent).unwrap();
        let mut own = view.clone().private().unwrap();
        own.as_mut_slice().unwrap()[0] = 9;
        assert_eq!((view.as_slice()[0], own.as_slice()[0], view.len()), (5, 9, 90_000));
        drop(view);
        child.traffic.tell(&child.sender).unwrap();
        assert_eq!(parent.traffic.n_lent(), 1);
        drop(own);
        child.traffic.tell(&child.sender).unwrap();
        parent.listen();
        assert_eq!((parent.traffic.n_lent(), parent.traffic.arena.bytes().0), (0, 0));
    }

    #[test]
    fn a_block_is_forwarded_without_a_copy_and_comes_back_through_all_hands() {
        let (mut a_parent, mut a) = pair((0, 1));
        let (b_parent, mut b) = pair((0, 2));
        let sent = a.traffic.lend(&Buffer::from(vec![3u8; 70_000]), &a.sender).unwrap();
        a_parent.listen();
        let here = a_parent.traffic.borrow(sent).unwrap();
        let forwarded = b_parent.traffic.lend(&here.slice(1, 60_000), &b_parent.sender).unwrap();
        b.listen();
        let there = b.traffic.borrow(forwarded).unwrap();
        assert_eq!(there.as_slice(), &[3; 60_000]);
        assert_eq!(b_parent.traffic.arena.bytes().1, 0);
        drop((here, there));
        b.traffic.tell(&b.sender).unwrap();
        let mut b_parent = b_parent;
        b_parent.listen();
        a_parent.traffic.tell(&a_parent.sender).unwrap();
        a.listen();
        assert_eq!(a.traffic.n_lent(), 0);
        a.traffic.trim(0);
        a.traffic.tell(&a.sender).unwrap();
        a_parent.listen();
        b_parent.traffic.tell(&b_parent.sender).unwrap();
        b.listen();
        assert!(b.traffic.incoming.lock().is_empty());
    }

    #[test]
    fn what_was_never_shown_is_refused() {
        let (mut parent, mut child) = pair((0, 1));
        let sent = parent.traffic.lend(&Buffer::from(vec![5u8; 100]), &parent.sender).unwrap();
        assert!(child.traffic.borrow(sent).is_err());
        child.listen();
        assert!(child.traffic.borrow(Ref { len: u64::MAX, ..sent }).is_err());
        assert!(child.traffic.borrow(sent).is_ok());
        parent.traffic.take_back((7, 7, 7));
        drop(parent.receiver.next());
    }
}
