//! Drawing again and again, as much as fits.

use std::cmp::Ordering;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use crate::bail;
use crate::failure::Result;
use crate::format::{commas, human_size, local_time_of};
use crate::interrupt::on_interrupt;
use crate::output::{Json, terminal};

/// Time between two pictures.
const INTERVAL: Duration = Duration::from_secs(1);
/// What stands for a time before anything came.
const NO_TIME: &str = "0001-01-01 00:00:00";

/// Draws each second until Ctrl-C.
pub fn each_second(mut draw: impl FnMut() -> Result<()>) -> Result<()> {
    on_interrupt(|_| 0)?;
    loop {
        thread::sleep(INTERVAL);
        draw()?;
    }
}

/// Rows that are shown: so many as are wanted, 0 for all, and as fit into the
/// terminal beside `frame` other lines.
pub fn rows(wanted: i64, frame: usize) -> Result<usize> {
    let Some((_, lines)) = terminal::size() else {
        if wanted == 0 {
            bail!("could not determine screen dimensions: inappropriate ioctl for device");
        }
        bail!("requested render limits exceed screen size");
    };
    let most = lines.saturating_sub(frame);
    let shown = match usize::try_from(wanted) {
        Ok(0) => most,
        Ok(wanted) => wanted.min(most),
        Err(_) => 0,
    };
    if shown == 0 {
        bail!("requested render limits exceed screen size");
    }
    Ok(shown)
}

/// What a table calls the key that it is sorted by.
pub fn called(keys: &[(&str, &'static str)], sort: &str) -> &'static str {
    let found = keys.iter().find(|(key, _)| *key == sort);
    found.map_or("", |(_, name)| *name)
}

/// The heading of a table: how many of how many, by what, and of when.
pub fn heading(what: &str, all: usize, shown: usize, by: &str, at: Option<Timestamp>) -> String {
    let count = if all > shown {
        format!("{shown} / {all}")
    } else {
        all.to_string()
    };
    let at = at.map_or_else(|| NO_TIME.to_owned(), local_time_of);
    format!("Top {count} {what} activity by {by} at {at}")
}

/// The larger first, and what is the same in the order of something else.
pub fn largest<V: PartialOrd, N: Ord>(a: V, b: V, first: &N, second: &N) -> Ordering {
    b.partial_cmp(&a)
        .unwrap_or(Ordering::Equal)
        .then_with(|| first.cmp(second))
}

/// Messages and bytes in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flow {
    /// Messages.
    pub messages: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Flow {
    /// That of statistics.
    pub fn of(json: &Json) -> Self {
        Self {
            messages: json.uint("msgs"),
            bytes: json.uint("bytes"),
        }
    }

    /// Another one added to it.
    pub fn add(&mut self, other: Self) {
        self.messages = self.messages.saturating_add(other.messages);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }

    /// As a cell.
    pub fn text(self) -> String {
        format!("{} / {}", commas(self.messages), human_size(self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_tell_how_much_is_left_out() {
        assert_eq!(
            heading("Server", 3, 9, "CPU", None),
            "Top 3 Server activity by CPU at 0001-01-01 00:00:00"
        );
        assert!(heading("Server", 3, 2, "CPU", None).starts_with("Top 2 / 3 Server"));
    }

    #[test]
    fn the_largest_is_first() {
        assert_eq!(largest(2, 1, &"b", &"a"), Ordering::Less);
        assert_eq!(largest(1, 1, &"b", &"a"), Ordering::Greater);
        assert_eq!(largest(0.5, 1.5, &"a", &"b"), Ordering::Greater);
    }
}
