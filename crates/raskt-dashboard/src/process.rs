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

/// What this process and its machine do beside; 0 where the system does not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct System {
    /// Threads of this process.
    pub n_threads: u64,
    /// Files and sockets that it has open.
    pub n_files: u64,
    /// Bytes that it read from disks and wrote to them so far.
    pub disk: [u64; 2],
    /// Bytes that the machine received and sent so far, but for what stays within it.
    pub network: [u64; 2],
    /// Processor time of the machine so far, in hundredths of a second: busy, all.
    pub processors: [u64; 2],
    /// Memory of the machine: taken, all.
    pub memory: [u64; 2],
}

/// What they do at this moment.
pub fn system() -> System {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (status, io, stat, memory) =
        (read("/proc/self/status"), read("/proc/self/io"), read("/proc/stat"), read("/proc/meminfo"));
    let of = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    let times = stat.lines().next().unwrap_or_default().split_whitespace().skip(1).take(8);
    let times: Vec<u64> = times.map(|time| time.parse().unwrap_or(0)).collect();
    let all: u64 = times.iter().sum();
    // The fourth and fifth are idle, and waiting for disks.
    let idle: u64 = times.iter().skip(3).take(2).sum();
    let total = of(&memory, "MemTotal:") * 1024;
    System {
        n_threads: of(&status, "Threads:"),
        n_files: std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64),
        disk: [of(&io, "read_bytes:"), of(&io, "write_bytes:")],
        network: network(&read("/proc/net/dev")),
        processors: [all - idle, all],
        memory: [total.saturating_sub(of(&memory, "MemAvailable:") * 1024), total],
    }
}

/// Bytes that all interfaces but the loopback received and sent.
fn network(text: &str) -> [u64; 2] {
    let mut sum = [0; 2];
    for (name, figures) in text.lines().filter_map(|line| line.split_once(':')) {
        let figures: Vec<u64> = figures.split_whitespace().map(|text| text.parse().unwrap_or(0)).collect();
        if name.trim() != "lo" && figures.len() > 8 {
            sum[0] += figures[0];
            sum[1] += figures[8];
        }
    }
    sum
}

/// How many processors it may use.
pub fn n_cores() -> u64 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_interfaces_are_added_without_the_loopback() {
        let text = "Inter-| Receive | Transmit\n face |bytes packets\n    lo: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n  eth0: 70 1 0 0 0 0 0 0 90 1 0 0\n  eth1:3 1 0 0 0 0 0 0 4 1 0 0\n";
        assert_eq!(network(text), [73, 94]);
        assert_eq!(network("nothing"), [0, 0]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_machine_has_memory_and_this_process_a_thread() {
        let system = system();
        assert!(system.n_threads >= 1 && system.n_files >= 1, "{system:?}");
        assert!(system.memory[0] > 0 && system.memory[0] < system.memory[1], "{system:?}");
        assert!(system.processors[0] <= system.processors[1], "{system:?}");
    }
}
