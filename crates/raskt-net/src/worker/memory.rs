//! What the process takes.

use std::time::Instant;

use raskt_core::Fit;

/// Bytes of this process in memory that the system could not drop and read again from a file, as it says; none where it
/// does not say.
#[must_use]
pub(super) fn process_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    Some((kilobytes("RssAnon:")? + kilobytes("RssShmem:")?) * 1024)
}

/// Bytes of this process in memory, and its processor time so far in nanoseconds; 0 where the system does not say.
fn usage() -> (u64, u64) {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (status, stat) = (read("/proc/self/status"), read("/proc/self/stat"));
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    // Fields 14 and 15, the 12th and 13th after the name, in hundredths of a second.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    (kilobytes.unwrap_or(0) * 1024, ticks * 10_000_000)
}

/// What the process takes over time.
pub(super) struct Meter {
    before: Option<(Instant, u64)>,
}

impl Meter {
    pub const fn new() -> Self {
        Self { before: None }
    }

    /// Bytes in memory, and processor time since the last call, in percent of one processor.
    pub fn read(&mut self) -> (u64, u64) {
        let (bytes, cpu_ns) = usage();
        let now = Instant::now();
        let percent = self.before.map_or(0, |(at, before)| {
            let passed = now.duration_since(at).as_nanos().max(1);
            u128::from(cpu_ns.saturating_sub(before)) * 100 / passed
        });
        self.before = Some((now, cpu_ns));
        (bytes, percent.clamped())
    }
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

    #[test]
    #[cfg(target_os = "linux")]
    fn who_is_busy_takes_processor_time() {
        let mut meter = Meter::new();
        assert_eq!(meter.read().1, 0);
        let begun = Instant::now();
        while begun.elapsed().as_millis() < 60 {
            std::hint::black_box(());
        }
        let (bytes, percent) = meter.read();
        assert!(bytes > 0 && percent > 0, "{bytes} {percent}");
    }
}
