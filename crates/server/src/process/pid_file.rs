//! The file with the process id (configuration.md 9.2).

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use midge_log::os_error;

/// Writes the process id: decimal digits without a newline (readers do not
/// trim), mode 0600, over whatever the file holds. The file stays when the
/// process ends.
///
/// # Errors
/// The text to put behind `Could not write pidfile: ` (at start) or
/// `Failed to write pidfile: ` (at reload).
pub fn write_pid_file(path: &Path) -> Result<(), String> {
    let failed = |action: &str, error: &io::Error| {
        format!("{action} {}: {}", path.display(), os_error::text(error))
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(|e| failed("open", &e))?;
    file.write_all(std::process::id().to_string().as_bytes())
        .map_err(|e| failed("write", &e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_digits_only() {
        let path = std::env::temp_dir().join(format!("midge-pid-{}", std::process::id()));
        std::fs::write(&path, "999999999999 and more").unwrap();
        write_pid_file(&path).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            std::process::id().to_string()
        );
        std::fs::remove_file(&path).unwrap();
        write_pid_file(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_failure_names_the_file() {
        assert_eq!(
            write_pid_file(Path::new("/nonexistent-folder/x.pid")).unwrap_err(),
            "open /nonexistent-folder/x.pid: no such file or directory"
        );
    }
}
