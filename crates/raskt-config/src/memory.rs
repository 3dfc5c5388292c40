//! How much memory the machine, or the control group that this process lives in, grants.

use std::path::{Path, PathBuf};

/// The bytes of memory that this process may use before something stops it: the machine's, or less if a control
/// group (a container, a systemd unit, a batch system) says less. 0 if the machine does not tell.
///
/// ```
/// assert!(raskt_config::memory_granted_bytes() > 0);
/// ```
pub fn memory_granted_bytes() -> u64 {
    MemoryFiles::default().granted_bytes()
}

/// Where the kernel's files are: below `/`, or below a folder of a test.
#[derive(Clone, Debug)]
pub struct MemoryFiles {
    root: PathBuf,
    physical_bytes: Option<u64>,
}

impl Default for MemoryFiles {
    fn default() -> MemoryFiles {
        MemoryFiles { root: PathBuf::from("/"), physical_bytes: physical_bytes() }
    }
}

#[cfg(not(target_os = "linux"))]
fn physical_bytes() -> Option<u64> {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    Some(system.total_memory()).filter(|bytes| *bytes > 0)
}

/// On Linux the files below the root say it.
#[cfg(target_os = "linux")]
fn physical_bytes() -> Option<u64> {
    None
}

impl MemoryFiles {
    /// The files of a Linux machine below a folder.
    pub fn under(root: impl Into<PathBuf>) -> MemoryFiles {
        MemoryFiles { root: root.into(), physical_bytes: None }
    }

    /// The least of what the machine has and what each control group around this process allows; 0 if unknown.
    pub fn granted_bytes(&self) -> u64 {
        let physical = self.physical_bytes.or_else(|| self.meminfo_bytes());
        physical.into_iter().chain(self.group_limits()).min().unwrap_or(0)
    }

    fn read(&self, path: &Path) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }

    fn meminfo_bytes(&self) -> Option<u64> {
        let text = self.read(Path::new("proc/meminfo"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    }

    /// The limits of the groups around this process, of both versions of control groups.
    fn group_limits(&self) -> Vec<u64> {
        let Some(membership) = self.read(Path::new("proc/self/cgroup")) else { return Vec::new() };
        let mut limits = Vec::new();
        for line in membership.lines() {
            // `hierarchy:controllers:path`; version 2 is hierarchy 0 without controllers.
            let mut fields = line.splitn(3, ':');
            let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            if controllers.is_empty() {
                limits.extend(self.limits_along("sys/fs/cgroup", path, "memory.max"));
            } else if controllers.split(',').any(|controller| controller == "memory") {
                limits.extend(self.limits_along("sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
            }
        }
        limits
    }

    /// The limits of a group and of all groups above it. Within a container the path may be that of the host, which
    /// is not mounted: what is not there limits nothing, and the mount point itself is always asked.
    fn limits_along(&self, mount: &str, group: &str, file: &str) -> Vec<u64> {
        let group = Path::new(group.trim_start_matches('/'));
        let steps = group.ancestors().filter(|step| !step.components().any(|part| part.as_os_str() == ".."));
        steps.filter_map(|step| limit(&self.read(&Path::new(mount).join(step).join(file))?)).collect()
    }
}

/// A limit as the kernel writes it; `max`, and version 1's "unlimited" (2^63 rounded to pages), are no limit: the
/// machine has less.
fn limit(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// A folder that looks like `/` of a machine with 16 GiB.
    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, MemoryFiles) {
        let root = tempfile::tempdir().unwrap();
        let meminfo = ("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:          123 kB\n");
        for (path, text) in [meminfo].iter().chain(files) {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let files = MemoryFiles::under(root.path());
        (root, files)
    }

    #[test]
    fn a_machine_without_groups_grants_what_it_has() {
        let (_root, files) = machine(&[]);
        assert_eq!(files.granted_bytes(), 16 * GIB);
    }

    #[test]
    fn version_2_limits_of_the_group_and_of_those_above_it_count() {
        let (_root, files) = machine(&[
            ("proc/self/cgroup", "0::/user.slice/job.scope\n"),
            ("sys/fs/cgroup/user.slice/memory.max", "4294967296\n"),
            ("sys/fs/cgroup/user.slice/job.scope/memory.max", "max\n"),
        ]);
        assert_eq!(files.granted_bytes(), 4 * GIB);
    }

    #[test]
    fn a_container_sees_its_limit_at_the_mount_point() {
        let limit = ("sys/fs/cgroup/memory.max", "2147483648\n");
        for membership in ["0::/\n", "0::/../outside\n", "0::/docker/of/the/host\n"] {
            let (_root, files) = machine(&[("proc/self/cgroup", membership), limit]);
            assert_eq!(files.granted_bytes(), 2 * GIB, "{membership}");
        }
    }

    #[test]
    fn version_1_limits_count_and_its_unlimited_does_not() {
        let membership = ("proc/self/cgroup", "12:cpu,cpuacct:/a\n3:memory:/docker/abc\n1:name=systemd:/x\n");
        let path = "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes";
        let (_root, files) = machine(&[membership, (path, "1073741824\n")]);
        assert_eq!(files.granted_bytes(), GIB);
        let (_root, files) = machine(&[membership, (path, "9223372036854771712\n")]);
        assert_eq!(files.granted_bytes(), 16 * GIB);
    }

    #[test]
    fn broken_files_limit_nothing() {
        let (_root, files) = machine(&[
            ("proc/self/cgroup", "nonsense\n0::/a\n"),
            ("sys/fs/cgroup/a/memory.max", "-5 apples\n"),
        ]);
        assert_eq!(files.granted_bytes(), 16 * GIB);
        assert_eq!(MemoryFiles::under("/nowhere/at/all").granted_bytes(), 0);
    }
}
