//! How much memory the system can give, so that what needs more is refused before it begins.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::files;

/// Refuses work that needs more memory than there is; `what` begins the message. Where the system does not tell, nothing is refused.
///
/// # Errors
/// Code 2 with how much would be needed and how much there is.
pub fn require(what: &str, bytes: u64) -> Result<(), Failure> {
    missing(bytes).map_or(Ok(()), |why| Err(Failure::usage(format!("{what}: {why}; choose smaller sizes"))))
}

/// What to say where the system cannot give so many bytes.
pub fn missing(bytes: u64) -> Option<String> {
    let there = available()?;
    let (needed, there_is) = (files::size(bytes), files::size(there));
    (bytes > there).then(|| format!("about {needed} of memory would be needed, {there_is} are available"))
}

/// Bytes that this process can have, on Linux.
pub fn available() -> Option<u64> {
    let of_system = meminfo(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    Some(cgroup(Path::new("/sys/fs/cgroup"), &groups).map_or(of_system, |of_group| of_group.min(of_system)))
}

/// `MemAvailable` of /proc/meminfo, which is in units of 1024 bytes.
fn meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// What the memory groups that a process is in leave it; `groups` is its /proc/self/cgroup.
fn cgroup(root: &Path, groups: &str) -> Option<u64> {
    let left = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        // a container may see paths of its host, which do not exist inside; its own group is then the root
        let ancestors = Path::new(path.trim_start_matches('/')).ancestors();
        if controllers.is_empty() {
            let names = ["memory.max", "memory.current", "inactive_file "];
            ancestors.filter_map(|folder| left_in(&root.join(folder), names)).min()
        } else if controllers.split(',').any(|name| name == "memory") {
            let names = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "];
            let root: PathBuf = root.join("memory");
            ancestors.filter_map(|folder| left_in(&root.join(folder), names)).min()
        } else {
            None
        }
    });
    left.min()
}

/// Limit less usage of one group, where it has a limit. Files that are only cached count as usage and can be dropped.
fn left_in(folder: &Path, [limit, usage, cached]: [&str; 3]) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    let statistics = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let cached = statistics.lines().find_map(|line| line.strip_prefix(cached)?.trim().parse::<u64>().ok());
    let used = number(usage)?.saturating_sub(cached.unwrap_or(0));
    Some(number(limit)?.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_has_is_read() {
        assert_eq!(meminfo("MemTotal: 9 kB\nMemAvailable:   23240000 kB\n"), Some(23_797_760_000));
        for text in ["", "MemAvailable: many kB", "MemAvailable: 5 MB", "MemAvailable: 18446744073709551615 kB"] {
            assert_eq!(meminfo(text), None);
        }
        if cfg!(target_os = "linux") {
            assert!(available().is_some_and(|bytes| bytes > 1_000_000));
        }
    }

    #[test]
    fn the_tightest_group_decides() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let left = |groups: &str| cgroup(folder.path(), groups);
        assert_eq!(left("0::/a/b"), None);
        put("a/memory.max", "1000\n");
        put("a/memory.current", "700\n");
        put("a/b/memory.max", "max\n");
        put("a/b/memory.current", "600\n");
        assert_eq!(left("0::/a/b\n"), Some(300));
        put("a/memory.stat", "anon 5\ninactive_file 200\n");
        assert_eq!(left("0::/a/b\n"), Some(500));
        put("a/b/memory.max", "650\n");
        assert_eq!(left("0::/a/b\n"), Some(50));
        put("a/b/memory.max", "1\n");
        assert_eq!(left("0::/a/b\n"), Some(0));
        put("memory/c/memory.limit_in_bytes", "90\n");
        put("memory/c/memory.usage_in_bytes", "60\n");
        put("memory/c/memory.stat", "inactive_file 1\ntotal_inactive_file 10\n");
        assert_eq!(left("3:cpu:/a\n2:cpuacct,memory:/c\n"), Some(40));
        // a path of the host: the group's own files are at the root
        put("memory.max", "80\n");
        put("memory.current", "10\n");
        assert_eq!(left("0::/elsewhere/x\n"), Some(70));
        assert_eq!(left("nonsense\n::\n"), Some(70));
    }

    #[test]
    fn what_cannot_be_had_is_said_in_one_line() {
        assert_eq!(require("n = 3", 1), Ok(()));
        if available().is_some() {
            let failure = require("n = 3", 4_000_000_000_000_000).unwrap_err();
            assert_eq!(failure.code, 2);
            let text = failure.message;
            assert!(
                text.starts_with("n = 3: about 4000 TB of memory would be needed, ") && text.lines().count() == 1,
                "{text}"
            );
        }
    }
}
