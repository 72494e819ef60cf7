//! Temporary files, and those that interrupted runs left.

use std::fs;
use std::path::{Path, PathBuf};

/// Names are this, the number of the process, and a random number.
const PREFIX: &str = "midge-bench-";

/// A path that nothing else uses.
pub fn path() -> PathBuf {
    let name = format!("{PREFIX}{}-{}", std::process::id(), fastrand::u64(..));
    std::env::temp_dir().join(name)
}

/// Removes what processes that are gone have left: streams can be big.
pub fn remove_left_over() {
    let entries = fs::read_dir(std::env::temp_dir()).into_iter().flatten();
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(owner);
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            // They are in nobody's way if they cannot be removed.
            let _ = fs::remove_dir_all(entry.path());
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The process whose file this is.
fn owner(name: &str) -> Option<u32> {
    let (pid, random) = name.strip_prefix(PREFIX)?.split_once('-')?;
    random.parse::<u64>().ok()?;
    pid.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_program_have_an_owner() {
        let path = path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(owner(name), Some(std::process::id()));
        for other in [
            "midge-bench-1",
            "midge-bench-1-x",
            "midge-bench--1",
            "other-1-1",
        ] {
            assert_eq!(owner(other), None, "{other}");
        }
    }
}
