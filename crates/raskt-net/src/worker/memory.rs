//! What the process takes.

/// Bytes of this process in memory, as the system says; none where it does not say.
#[must_use]
pub(super) fn process_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_written_to_counts() {
        let before = process_bytes().unwrap();
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        assert!(process_bytes().unwrap() > before + (32 << 20));
        drop(block);
    }
}
