//! Whether the system would give memory, asked before something is begun that cannot take a no.

/// Whether `n_bytes` of memory could be mapped now. Nothing is kept: others may take it in the meantime.
///
/// ```
/// assert!(raskt_core::has_room(1 << 20));
/// assert!(!raskt_core::has_room(usize::MAX / 2));
/// ```
#[must_use]
pub fn has_room(n_bytes: usize) -> bool {
    #[cfg(unix)]
    {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
        // SAFETY: a new mapping, at a place that the system chooses, touches no other memory.
        let mapped = unsafe { libc::mmap(std::ptr::null_mut(), n_bytes, access, kind, -1, 0) };
        if mapped == libc::MAP_FAILED {
            return false;
        }
        // SAFETY: the mapping was made above, and nobody else knows of it.
        unsafe { libc::munmap(mapped, n_bytes) };
    }
    let _ = n_bytes;
    true
}
