//! Tests of the log file.

use super::*;
use jiff::tz::TimeZone;

/// A folder of its own for a test, removed afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("midge-log-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn log(&self) -> PathBuf {
        self.0.join("x.log")
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn form() -> Form {
    Form {
        pid: "[7] ".into(),
        time: false,
        colour: false,
    }
}

fn clock() -> Clock {
    Clock::in_zone(TimeZone::UTC, false)
}

#[cfg(unix)]
#[test]
fn a_new_file_is_private_to_user_and_group() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("mode");
    LogFile::open(&folder.log(), 0, 0).unwrap();
    let mode = fs::metadata(folder.log()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777 & !0o640, 0);
}

#[test]
fn a_file_that_cannot_be_opened_is_reported() {
    let error = LogFile::open(Path::new("/nonexistent-folder/x.log"), 0, 0)
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "error opening file: open /nonexistent-folder/x.log: no such file or directory"
    );
}

#[test]
fn the_line_that_passes_the_limit_is_the_last_of_its_file() {
    let folder = Folder::new("rotate");
    let (form, mut clock) = (form(), clock());
    let mut file = LogFile::open(&folder.log(), 200, 0).unwrap();
    file.write(&[b'a'; 200], &form, &mut clock);
    assert_eq!(folder.names(), ["x.log"]);
    file.write(b"b\n", &form, &mut clock);
    let names = folder.names();
    assert_eq!(names.len(), 2);
    assert!(is_backup("x.log", &names[1]));
    assert_eq!(folder.text(&names[1]).len(), 202);
    assert_eq!(
        folder.text("x.log"),
        format!(
            "[7] [INF] Rotated log, backup saved as \"{}\"\r\n",
            folder.0.join(&names[1]).display()
        )
    );
}

#[test]
fn a_file_too_large_at_the_start_is_rotated() {
    let folder = Folder::new("large");
    fs::write(folder.log(), [b'a'; 300]).unwrap();
    let mut file = LogFile::open(&folder.log(), 200, 0).unwrap();
    file.rotate_if_too_large(&form(), &mut clock());
    let names = folder.names();
    assert!(
        folder
            .text(&names[1])
            .ends_with("a[7] [INF] Rotating logfile...\r\n")
    );
    assert!(folder.text("x.log").starts_with("[7] [INF] Rotated log"));
}

#[test]
fn the_oldest_backups_are_purged() {
    let folder = Folder::new("purge");
    for name in [
        "x.log.2020.01.02.03.04.05.000000006",
        "x.log.2021.01.02.03.04.05.000000006",
        "x.log.2020",
        "x.log.foo",
        "y.log.2020.01.02.03.04.05.000000006",
    ] {
        fs::write(folder.0.join(name), "").unwrap();
    }
    let (form, mut clock) = (form(), clock());
    let mut file = LogFile::open(&folder.log(), 500, 2).unwrap();
    file.write(&[b'a'; 501], &form, &mut clock);
    let names = folder.names();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(names.iter().any(|n| n == "x.log.2020"));
    assert!(names.iter().any(|n| n.starts_with("y.log.2020")));
    let text = folder.text("x.log");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    assert_eq!(
        lines[1..],
        [
            "[7] [INF] Purged log file \"x.log.2020.01.02.03.04.05.000000006\"\r\n",
            "[7] [INF] Purged log file \"x.log.2021.01.02.03.04.05.000000006\"\r\n"
        ]
    );
}

#[test]
fn a_failed_rotation_keeps_the_file_and_waits_another_limit() {
    let folder = Folder::new("fail");
    let (form, mut clock) = (form(), clock());
    let mut file = LogFile::open(&folder.log(), 200, 0).unwrap();
    let moved = folder.0.join("moved");
    fs::rename(folder.log(), &moved).unwrap();
    file.write(&[b'a'; 201], &form, &mut clock);
    file.write(b"more\n", &form, &mut clock);
    assert_eq!(folder.names(), ["moved"]);
    let text = folder.text("moved");
    assert!(
        text.ends_with(
            "a[7] [ERR] Unable to close logfile for rotation (no such file or directory), \
             will attempt next rotation at size 401\r\nmore\n"
        ),
        "{text}"
    );
}

#[test]
fn reopening_makes_a_new_file_after_a_rename() {
    let folder = Folder::new("reopen");
    let (form, mut clock) = (form(), clock());
    let mut file = LogFile::open(&folder.log(), 0, 0).unwrap();
    file.write(b"one\n", &form, &mut clock);
    fs::rename(folder.log(), folder.0.join("old")).unwrap();
    file.write(b"two\n", &form, &mut clock);
    file.reopen().unwrap();
    file.write(b"three\n", &form, &mut clock);
    assert_eq!(folder.text("old"), "one\ntwo\n");
    assert_eq!(folder.text("x.log"), "three\n");
}
