//! What the machine has, and the part of it that JetStream may use unless
//! something else is configured (configuration.md 5).

use std::path::Path;

/// Share of the machine's memory and of the free space on the disk, percent.
const DEFAULT_PERCENT: u64 = 75;

/// Bytes of memory where the machine does not tell how much it has, as with the
/// Go server.
const MEMORY_IF_UNKNOWN: i64 = 256 << 20;

/// Bytes on the disk where the system does not tell how many are free, as with
/// the Go server.
const STORAGE_IF_UNKNOWN: i64 = 1 << 40;

/// Most bytes of streams in memory.
pub(super) fn default_memory() -> i64 {
    memory().map_or(MEMORY_IF_UNKNOWN, share)
}

/// Most bytes of streams in this folder.
pub(super) fn default_storage(folder: &Path) -> i64 {
    free_space(folder).map_or(STORAGE_IF_UNKNOWN, share)
}

fn share(bytes: u64) -> i64 {
    i64::try_from(bytes / 100 * DEFAULT_PERCENT).unwrap_or(i64::MAX)
}

/// Bytes of memory this process may use.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn memory() -> Option<u64> {
    use nix::unistd::{SysconfVar, sysconf};
    let value = |variable| {
        sysconf(variable)
            .ok()
            .flatten()
            .and_then(|n| u64::try_from(n).ok())
    };
    let pages = value(SysconfVar::_PHYS_PAGES)?;
    let machine = pages.saturating_mul(value(SysconfVar::PAGE_SIZE).unwrap_or(4096));
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = group.and_then(|text| text.trim().parse().ok());
    Some(limit.map_or(machine, |limit: u64| limit.min(machine)))
}

/// Bytes of memory of the machine. The system's own program is asked: there is
/// no safe call for it, and it runs once, at the start of JetStream.
#[cfg(target_os = "macos")]
fn memory() -> Option<u64> {
    let asked = std::process::Command::new("/usr/sbin/sysctl")
        .args(["-n", "hw.memsize"])
        .stdin(std::process::Stdio::null())
        .output()
        .ok()?;
    let bytes = std::str::from_utf8(&asked.stdout).ok()?;
    bytes.trim().parse().ok().filter(|bytes| *bytes > 0)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
fn memory() -> Option<u64> {
    None
}

#[cfg(unix)]
#[allow(clippy::unnecessary_cast, reason = "narrower types on some systems")]
fn free_space(folder: &Path) -> Option<u64> {
    let disk = nix::sys::statvfs::statvfs(folder).ok()?;
    Some((disk.blocks_available() as u64).saturating_mul(disk.fragment_size() as u64))
}

#[cfg(not(unix))]
fn free_space(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_quarters_of_what_is_there_are_used() {
        assert_eq!(share(16 << 30), (16 << 30) / 100 * 75);
        assert_eq!(share(u64::MAX), i64::MAX);
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    #[test]
    fn the_machine_tells_what_it_has() {
        assert!(memory().is_some_and(|bytes| bytes > 64 << 20));
        assert!(free_space(&std::env::temp_dir()).is_some());
    }

    #[test]
    fn a_folder_that_is_not_there_has_the_size_of_the_unknown() {
        assert_eq!(
            default_storage(Path::new("/no/such/folder")),
            STORAGE_IF_UNKNOWN
        );
    }
}
