//! Lists of patterns, as permissions are made of (security.md 5).

use crate::SubjectArc;
use crate::interest::InterestTable;
use crate::matching::{covers, overlaps};
use crate::rules::is_white_space;

/// A set of patterns. Each may carry a queue pattern, which limits it to queue
/// subscriptions of matching queues.
#[derive(Debug, Default)]
pub struct SubjectList {
    entries: Vec<ListEntry>,
    /// Positions in `entries` by pattern.
    by_subject: InterestTable<u32>,
}

/// One pattern of a [`SubjectList`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// The pattern.
    pub subject: SubjectArc,
    /// Pattern of queue names, if the entry is for queue subscriptions only.
    pub queue: Option<Box<[u8]>>,
}

impl ListEntry {
    /// An entry without a queue.
    pub fn plain(subject: &[u8]) -> Self {
        Self {
            subject: SubjectArc::new(subject),
            queue: None,
        }
    }

    /// Splits `"<subject> <queue>"` at its blanks; `None` if there are more
    /// than two parts or none. The parts are not checked.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut parts = text
            .split(|&byte| is_white_space(byte))
            .filter(|part| !part.is_empty());
        let subject = SubjectArc::new(parts.next()?);
        let queue = parts.next().map(Into::into);
        parts.next().is_none().then_some(Self { subject, queue })
    }

    /// Whether the entry's queue pattern names `queue`. Wildcards in `queue`
    /// are covered by the same or wider ones.
    pub fn names_queue(&self, queue: &[u8]) -> bool {
        self.queue
            .as_deref()
            .is_some_and(|pattern| pattern == queue || covers(pattern, queue))
    }
}

impl FromIterator<ListEntry> for SubjectList {
    fn from_iter<I: IntoIterator<Item = ListEntry>>(entries: I) -> Self {
        let mut list = Self::default();
        for entry in entries {
            list.by_subject
                .insert(&entry.subject, list.entries.len() as u32);
            list.entries.push(entry);
        }
        list
    }
}

impl SubjectList {
    /// A list of patterns without queues.
    pub fn plain<'a>(subjects: impl IntoIterator<Item = &'a [u8]>) -> Self {
        subjects.into_iter().map(ListEntry::plain).collect()
    }

    /// Whether there are no patterns.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All entries, in the order in which they came.
    pub fn entries(&self) -> &[ListEntry] {
        &self.entries
    }

    /// Whether any pattern matches `subject`, whose wildcard tokens are plain
    /// text. Queues are left out of account.
    #[inline]
    pub fn matches(&self, subject: &[u8]) -> bool {
        self.by_subject.has_interest(subject)
    }

    /// Visits the entries whose pattern matches `subject`, whose wildcard
    /// tokens are plain text.
    pub fn for_each_match<'a>(&'a self, subject: &[u8], mut visit: impl FnMut(&'a ListEntry)) {
        self.by_subject.for_each_match(subject, |position| {
            if let Some(entry) = self.entries.get(position as usize) {
                visit(entry);
            }
        });
    }

    /// Visits the entries whose pattern covers all that `subject` stands for.
    pub fn for_each_cover<'a>(&'a self, subject: &[u8], mut visit: impl FnMut(&'a ListEntry)) {
        // What covers a pattern as a set also matches it as text.
        self.for_each_match(subject, |entry| {
            if covers(entry.subject.as_bytes(), subject) {
                visit(entry);
            }
        });
    }

    /// Whether any pattern has a subject in common with `subject`.
    pub fn overlaps(&self, subject: &[u8]) -> bool {
        self.entries
            .iter()
            .any(|entry| overlaps(entry.subject.as_bytes(), subject))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_published_subjects() {
        let list = SubjectList::plain([&b"foo.*"[..], b"bar", b"a.>"]);
        for subject in ["foo.x", "bar", "a.b.c", "foo.*", "foo.>"] {
            assert!(list.matches(subject.as_bytes()), "{subject}");
        }
        for subject in ["foo", "foo.x.y", "a", "", "foo."] {
            assert!(!list.matches(subject.as_bytes()), "{subject}");
        }
        assert!(!SubjectList::default().matches(b"a"));
    }

    #[test]
    fn covering_is_about_sets() {
        let list = SubjectList::plain([&b"foo.*"[..]]);
        let covered = |subject: &[u8]| {
            let mut count = 0;
            list.for_each_cover(subject, |_| count += 1);
            count == 1
        };
        assert!(covered(b"foo.*") && covered(b"foo.x") && !covered(b"foo.>"));
        assert!(list.overlaps(b"foo.>") && list.overlaps(b"*.x") && !list.overlaps(b"bar.*"));
    }

    #[test]
    fn entries_may_name_a_queue() {
        let entry = ListEntry::parse(b"bar  v1.*").unwrap();
        assert_eq!(entry.subject.as_bytes(), b"bar");
        assert!(entry.names_queue(b"v1.a") && entry.names_queue(b"v1.*"));
        assert!(!entry.names_queue(b"v1") && !entry.names_queue(b"v1.a.b"));
        assert!(!entry.names_queue(b"v1.>"));
        assert!(!ListEntry::plain(b"bar").names_queue(b"v1"));
        assert_eq!(ListEntry::parse(b"bar"), Some(ListEntry::plain(b"bar")));
        assert_eq!(ListEntry::parse(b"bar a b"), None);
        assert_eq!(ListEntry::parse(b" "), None);
    }
}
