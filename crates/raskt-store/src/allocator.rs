//! Giving freed memory back to the operating system.
//!
//! glibc serves an allocation by its own mapping only above a threshold that *grows* to the largest block
//! freed so far, up to 32 MiB. After the first 16 MiB array has died, the next ones live in an arena, and
//! their pages stay resident when they are freed below a block that still lives. NumPy's buffers come from
//! the same `malloc`. A budget that is held in our books would then be broken in the process's.

/// Returns freed pages of all arenas to the operating system; does nothing where the allocator does so by
/// itself (everything but glibc). Takes each arena's lock in turn: call it without locks of your own, and
/// only when [`crate::Store::trim_due`] says so.
pub fn trim_allocator() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: `malloc_trim` takes a number, may be called from any thread at any time, and touches no
        // memory that is in use.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}

/// Blocks from this size on are mappings of their own, once [`keep_nothing_freed`] was called.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const MAPPED_BYTES_MIN: libc::c_int = 1 << 20;

/// From now on, large blocks go back to the operating system when they are freed; does nothing where the allocator is not
/// glibc's. For processes with little memory: each thread has an arena, the uppermost free block of an arena stays resident up
/// to twice the size of the largest block freed so far, and [`trim_allocator`] does not reach it. Large blocks cost page faults
/// then, each time.
pub fn keep_nothing_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: `mallopt` takes two numbers, may be called from any thread at any time, and touches no memory that is in use.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED_BYTES_MIN);
            libc::mallopt(libc::M_TRIM_THRESHOLD, MAPPED_BYTES_MIN);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn trimming_gives_freed_arena_memory_back() {
        let resident = || {
            let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
            statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
        };
        // A freed 32 MiB block raises glibc's threshold, so that the 8 MiB blocks after it share an arena.
        drop(std::hint::black_box(vec![1u8; (32 << 20) - 4096]));
        let blocks: Vec<Vec<u8>> = (0..16).map(|_| vec![1u8; 8 << 20]).collect();
        let pin = std::hint::black_box(vec![1u8; 1 << 20]);
        drop(std::hint::black_box(blocks));
        super::trim_allocator();
        let before = resident();
        let blocks: Vec<Vec<u8>> = (0..16).map(|_| vec![1u8; 8 << 20]).collect();
        let last = std::hint::black_box(vec![1u8; 1 << 20]);
        drop(std::hint::black_box(blocks));
        super::trim_allocator();
        assert!(resident() < before + (32 << 20), "128 MiB were freed, and must not stay resident");
        drop((pin, last));
    }
}
