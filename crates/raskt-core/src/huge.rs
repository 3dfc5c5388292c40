//! Large memory in large pages.
//!
//! A processor finds a few thousand pages without a search. Memory that is jumped about in, or read across its rows,
//! has many more of 4 KiB; of 2 MiB there are few, and the system clears them faster too. NumPy asks for them from
//! the same size on.

/// Smaller memory stays as the allocator gives it.
const N_BYTES_MIN: usize = 4 << 20;

/// Asks the system for huge pages where `memory` is large, to be called before it is first written. It is a hint:
/// nothing changes but the time that access takes.
///
/// ```
/// let mut many = Vec::<u64>::with_capacity(1 << 20);
/// raskt_core::prefer_huge_pages(many.spare_capacity_mut());
/// many.extend(0..1 << 20);
/// assert_eq!(many[1 << 19], 1 << 19);
/// ```
pub fn prefer_huge_pages<T>(memory: &mut [T]) {
    let n_bytes = size_of_val(memory);
    if n_bytes < N_BYTES_MIN {
        return;
    }
    #[cfg(target_os = "linux")]
    {
        const N_PAGE: usize = 4096;
        let skipped = memory.as_ptr().addr().next_multiple_of(N_PAGE) - memory.as_ptr().addr();
        let start = memory.as_mut_ptr().cast::<u8>().wrapping_add(skipped);
        // SAFETY: the range lies in memory that is borrowed here, and this advice leaves its contents as they are. A
        // system that does not know it, or has larger pages, refuses, and that is all.
        unsafe {
            libc::madvise(start.cast(), n_bytes - skipped, libc::MADV_HUGEPAGE);
        }
    }
}

/// An empty vector with room for `n` items, in huge pages where that is large.
///
/// ```
/// let many: Vec<u32> = { let mut many = raskt_core::vast_vec(3); many.extend([1, 2, 3]); many };
/// assert_eq!(many, [1, 2, 3]);
/// ```
#[must_use]
pub fn vast_vec<T>(n: usize) -> Vec<T> {
    let mut vec = Vec::with_capacity(n);
    prefer_huge_pages(vec.spare_capacity_mut());
    vec
}
