//! The subscriptions whose connections live on one shard.

use midge_subject::SubjectArc;

/// Longest subscription id kept without an allocation of its own, in bytes.
const INLINE_SID: usize = 14;

/// A subscription id as the client wrote it.
#[derive(Clone, Debug)]
pub(crate) enum Sid {
    /// Short, the common case.
    Inline {
        /// Bytes used.
        len: u8,
        /// The id, padded.
        bytes: [u8; INLINE_SID],
    },
    /// Anything longer. The double box keeps the enum at 16 bytes.
    Long(Box<Box<[u8]>>),
}

impl Sid {
    /// Keeps a copy of `text`.
    pub(crate) fn new(text: &[u8]) -> Self {
        let mut bytes = [0; INLINE_SID];
        match bytes.get_mut(..text.len()) {
            Some(space) => {
                space.copy_from_slice(text);
                Self::Inline {
                    len: text.len() as u8,
                    bytes,
                }
            }
            None => Self::Long(Box::new(text.into())),
        }
    }

    /// The id's bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }
}

/// One subscription of a connection.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Slot of the connection on this shard.
    pub(crate) connection: u32,
    /// Number of the queue name in the account's table; 0 for none.
    pub(crate) queue: u32,
    /// Subject pattern, shared with the account's interest table.
    pub(crate) subject: SubjectArc,
    /// The client's id for it.
    pub(crate) sid: Sid,
    /// Messages delivered.
    pub(crate) delivered: u64,
    /// Messages after which it ends; 0 is never.
    pub(crate) max: u64,
}

#[derive(Debug)]
struct Entry {
    /// Counts reuses of the slot, so that a message on its way from another
    /// shard cannot reach a later subscription.
    generation: u16,
    subscription: Option<Subscription>,
}

/// A shard's subscriptions, by small numbers that are reused.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    entries: Vec<Entry>,
    free: Vec<u32>,
    /// Subscriptions removed since the last time there were none.
    removed: u16,
    /// Generation of entries yet to be made.
    first_generation: u16,
}

impl Subscriptions {
    /// Adds one; returns its number and generation.
    pub(crate) fn insert(&mut self, subscription: Subscription) -> (u32, u16) {
        if let Some(index) = self.free.pop()
            && let Some(entry) = self.entries.get_mut(index as usize)
        {
            entry.subscription = Some(subscription);
            return (index, entry.generation);
        }
        let index = self.entries.len() as u32;
        let generation = self.first_generation;
        self.entries.push(Entry {
            generation,
            subscription: Some(subscription),
        });
        (index, generation)
    }

    /// Fetches one into the processor's cache.
    #[inline]
    pub(crate) fn touch(&self, index: u32) {
        std::hint::black_box(self.entries.get(index as usize).map(|e| e.generation));
    }

    /// Removes one.
    pub(crate) fn remove(&mut self, index: u32) -> Option<(Subscription, u16)> {
        let entry = self.entries.get_mut(index as usize)?;
        let subscription = entry.subscription.take()?;
        let generation = entry.generation;
        entry.generation = generation.wrapping_add(1);
        self.removed = self.removed.wrapping_add(1);
        self.free.push(index);
        if self.free.len() == self.entries.len() {
            // Nobody subscribes any more: give the memory back.
            // A number can have been reused at most as often as subscriptions
            // were removed, so no generation comes back soon.
            let first_generation = self.first_generation.wrapping_add(self.removed);
            *self = Self {
                first_generation,
                ..Self::default()
            };
        }
        Some((subscription, generation))
    }

    /// The subscription of a number.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&Subscription> {
        self.entries.get(index as usize)?.subscription.as_ref()
    }

    /// As [`Subscriptions::get`], to change it.
    #[inline]
    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut Subscription> {
        self.entries.get_mut(index as usize)?.subscription.as_mut()
    }

    /// The subscription of a number if it is still the one meant.
    #[inline]
    pub(crate) fn get_generation(&self, index: u32, generation: u16) -> Option<&Subscription> {
        let entry = self.entries.get(index as usize)?;
        if entry.generation == generation {
            entry.subscription.as_ref()
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(sid: &[u8]) -> Subscription {
        let subject = SubjectArc::new(b"foo");
        Subscription {
            connection: 1,
            queue: 0,
            subject,
            sid: Sid::new(sid),
            delivered: 0,
            max: 0,
        }
    }

    #[test]
    fn ids_of_any_length_are_kept() {
        assert_eq!(size_of::<Sid>(), 16);
        for text in [
            &b"1"[..],
            b"12345678901234",
            b"123456789012345",
            &[b'x'; 300],
        ] {
            assert_eq!(Sid::new(text).as_bytes(), text);
        }
    }

    #[test]
    fn a_reused_number_has_a_new_generation() {
        let mut subscriptions = Subscriptions::default();
        let (keep, _) = subscriptions.insert(subscription(b"0"));
        let (index, generation) = subscriptions.insert(subscription(b"1"));
        assert!(subscriptions.get_generation(index, generation).is_some());
        subscriptions.remove(index);
        assert!(subscriptions.get(index).is_none());
        let (again, newer) = subscriptions.insert(subscription(b"2"));
        assert_eq!(again, index);
        assert!(subscriptions.get_generation(index, generation).is_none());
        assert!(subscriptions.get_generation(index, newer).is_some());
        assert!(subscriptions.get(keep).is_some());
    }
}
