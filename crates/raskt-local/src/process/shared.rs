//! Shared memory: files without a name, and mappings of them. The only module that talks to `mmap`.

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Mappings begin at multiples of this in their file: the largest page size in use.
pub const ALIGN_BYTES: usize = 64 << 10;

/// From this size on, huge pages are asked for.
const HUGE_MIN_BYTES: usize = 2 << 20;

/// A file in memory that has no name: whoever has its descriptor can map it.
#[derive(Debug)]
pub struct SharedFile {
    fd: OwnedFd,
    len: usize,
}

impl SharedFile {
    /// A file of `len` zero bytes.
    ///
    /// # Errors
    /// The operating system's.
    pub fn create(len: usize) -> io::Result<Self> {
        let fd = nameless()?;
        rustix::fs::ftruncate(&fd, len as u64)?;
        seal(&fd)?;
        Ok(Self { fd, len })
    }

    /// The file behind a descriptor that another process sent, said to be of `len` bytes.
    ///
    /// # Errors
    /// `InvalidData` where it is shorter, or may become so: touching a mapping beyond the end would end the process.
    pub fn received(fd: OwnedFd, len: usize) -> io::Result<Self> {
        if !is_sealed(&fd) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a segment that may still be cut short"));
        }
        let found = rustix::fs::fstat(&fd)?.st_size;
        if usize::try_from(found).is_ok_and(|found| found >= len) {
            return Ok(Self { fd, len });
        }
        let text = format!("a segment of {found} bytes, where {len} were announced");
        Err(io::Error::new(io::ErrorKind::InvalidData, text))
    }

    /// Its size in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Its descriptor, to be sent.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(target_os = "linux")]
fn nameless() -> io::Result<OwnedFd> {
    use rustix::fs::MemfdFlags;
    Ok(rustix::fs::memfd_create("raskt", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?)
}

/// Fixes the size, for good: whoever has the descriptor could cut the file short, and whoever then looks at what was
/// mapped there would be ended by SIGBUS.
#[cfg(target_os = "linux")]
fn seal(fd: &OwnedFd) -> io::Result<()> {
    use rustix::fs::SealFlags;
    Ok(rustix::fs::fcntl_add_seals(fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?)
}

#[cfg(target_os = "linux")]
fn is_sealed(fd: &OwnedFd) -> bool {
    rustix::fs::fcntl_get_seals(fd).is_ok_and(|seals| seals.contains(rustix::fs::SealFlags::SHRINK))
}

// Other systems know no seals: there the size is only looked at.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "as on Linux")]
fn seal(_: &OwnedFd) -> io::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn is_sealed(_: &OwnedFd) -> bool {
    true
}

#[cfg(not(target_os = "linux"))]
fn nameless() -> io::Result<OwnedFd> {
    use rustix::shm::{Mode, OFlags};
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("/raskt-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR;
    let fd = rustix::shm::open(&name, flags, Mode::RUSR | Mode::WUSR)?;
    rustix::shm::unlink(&name)?;
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    Ok(fd)
}

/// How a mapping sees its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Writes go to the file: for the process that owns it.
    Owner,
    /// Reads only.
    Reader,
    /// Writes stay here: pages are copied when they are written.
    Private,
}

/// A part of a file, in the address space.
#[derive(Debug)]
pub struct Mapping {
    start: NonNull<u8>,
    len: usize,
    view: View,
}

// SAFETY: the mapping is memory that belongs to this value; who may write it is told by `&mut` and by `write`.
unsafe impl Send for Mapping {}
// SAFETY: as above; shared references only read, but for `write` and the words of a status page, which say what they ask for.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `len` bytes of `file` from `offset`, a multiple of [`ALIGN_BYTES`].
    ///
    /// # Errors
    /// The operating system's; `InvalidInput` beyond the end of the file.
    pub fn new(file: &SharedFile, offset: usize, len: usize, view: View) -> io::Result<Self> {
        if offset.checked_add(len).is_none_or(|end| end > file.len) || len == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let (prot, flags) = match view {
            View::Owner => (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED),
            View::Reader => (ProtFlags::READ, MapFlags::SHARED),
            View::Private => (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE),
        };
        // SAFETY: the kernel chooses a free range, and the file has that many bytes there.
        let start = unsafe { mmap(std::ptr::null_mut(), len, prot, flags, file.fd(), offset as u64)? };
        let start = NonNull::new(start.cast::<u8>()).ok_or(io::ErrorKind::OutOfMemory)?;
        let mapping = Self { start, len, view };
        if view == View::Owner && len >= HUGE_MIN_BYTES {
            mapping.ask_for_huge_pages();
        }
        Ok(mapping)
    }

    #[cfg(target_os = "linux")]
    fn ask_for_huge_pages(&self) {
        // A kernel that does not follow the advice is as good as one that does, only slower.
        let advice = rustix::mm::Advice::LinuxHugepage;
        // SAFETY: the range is this mapping's own; the advice changes no content.
        let _ = unsafe { rustix::mm::madvise(self.start.as_ptr().cast::<c_void>(), self.len, advice) };
    }

    #[cfg(not(target_os = "linux"))]
    fn ask_for_huge_pages(&self) {}

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for as long as `self` lives. Whoever may write these bytes (their owner, before anybody
        // is told of them) does not while somebody holds a lease on them.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// The bytes for writing, of a private mapping.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        if self.view != View::Private {
            return None;
        }
        // SAFETY: mapped writable, copy-on-write, and borrowed mutably.
        Some(unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) })
    }

    /// Copies `bytes` to `offset` of an owner's mapping.
    ///
    /// # Safety
    /// Nobody else reads or writes that range meanwhile.
    pub unsafe fn write(&self, offset: usize, bytes: &[u8]) {
        debug_assert!(self.view == View::Owner && offset + bytes.len() <= self.len);
        // SAFETY: inside the mapping, which is writable; the caller vouches for the rest.
        unsafe { self.start.as_ptr().add(offset).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) }
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        assert!(self.view == View::Owner && (at + 1) * 8 <= self.len, "a word beyond the mapping");
        // SAFETY: inside the mapping, which is page-aligned and writable; used as an atomic only.
        unsafe { AtomicU64::from_ptr(self.start.as_ptr().cast::<u64>().add(at)) }
    }
}

/// What a child says of itself where its parent can read it after its death.
#[derive(Debug)]
pub struct StatusPage(Mapping);

impl StatusPage {
    /// How long its file is, in bytes.
    pub const N_BYTES: usize = 16;

    /// The page in `file`.
    ///
    /// # Errors
    /// The operating system's; `InvalidInput` for a file that is shorter.
    pub fn new(file: &SharedFile) -> io::Result<Self> {
        Ok(Self(Mapping::new(file, 0, Self::N_BYTES, View::Owner)?))
    }

    /// The ticket of the call that is being made; 0 between calls.
    pub fn ticket(&self) -> &AtomicU64 {
        self.0.word(0)
    }

    /// 1 where the child ends itself, since it has lost its parent.
    pub fn has_left(&self) -> &AtomicU64 {
        self.0.word(1)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by `new`, and nobody borrows from it any more.
        let _ = unsafe { munmap(self.start.as_ptr().cast::<c_void>(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_view_is_written_without_anybody_seeing_it() {
        let file = SharedFile::create(2 * ALIGN_BYTES).unwrap();
        let owner = Mapping::new(&file, 0, file.len(), View::Owner).unwrap();
        // SAFETY: nobody else looks.
        unsafe { owner.write(ALIGN_BYTES, b"abc") };
        let reader = Mapping::new(&file, ALIGN_BYTES, 3, View::Reader).unwrap();
        let mut private = Mapping::new(&file, ALIGN_BYTES, 3, View::Private).unwrap();
        private.bytes_mut().unwrap()[0] = b'x';
        assert_eq!((reader.bytes(), private.bytes()), (&b"abc"[..], &b"xbc"[..]));
    }

    #[test]
    fn a_segment_shorter_than_announced_is_refused() {
        let file = SharedFile::create(100).unwrap();
        let fd = file.fd().try_clone_to_owned().unwrap();
        assert!(SharedFile::received(fd, 101).is_err());
        assert!(Mapping::new(&file, 0, 101, View::Reader).is_err());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_segment_keeps_its_size_whoever_has_its_descriptor() {
        let file = SharedFile::create(ALIGN_BYTES).unwrap();
        let elsewhere = file.fd().try_clone_to_owned().unwrap();
        for len in [0, 1, ALIGN_BYTES as u64 + 1] {
            assert_eq!(rustix::fs::ftruncate(&elsewhere, len), Err(rustix::io::Errno::PERM), "{len}");
        }
        assert!(SharedFile::received(elsewhere, ALIGN_BYTES).is_ok());
        let open = rustix::fs::memfd_create("open", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        rustix::fs::ftruncate(&open, 100).unwrap();
        assert!(SharedFile::received(open, 100).is_err(), "it may be cut short after it was looked at");
    }
}
