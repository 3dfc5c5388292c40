//! What the system says of this process.

/// Bytes that it holds in memory; 0 where the system does not say.
pub fn resident_bytes() -> u64 {
    let Ok(text) = std::fs::read_to_string("/proc/self/statm") else { return 0 };
    let pages = text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    // Pages are of 4 KiB where there is such a file; a figure on a page, not one to decide by.
    pages.unwrap_or(0) * 4096
}

/// Processor time of its threads so far, in nanoseconds; 0 where the system does not say.
pub fn cpu_ns() -> u64 {
    let Ok(text) = std::fs::read_to_string("/proc/self/stat") else { return 0 };
    // Fields 14 and 15, the 12th and 13th after the name, in hundredths of a second.
    let Some((_, fields)) = text.rsplit_once(')') else { return 0 };
    let ticks: u64 =
        fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks * 10_000_000
}

/// How many processors it may use.
pub fn n_cores() -> u64 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u64)
}
