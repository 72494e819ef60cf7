//! What a place in the table or in the tree holds.

use std::hash::Hash;

use super::tree::Node;
use super::values::{Removed, Values};
use crate::SubjectArc;

/// A subject and what belongs to it: 24 bytes for values of up to 12.
#[derive(Debug)]
pub(super) struct Entry<V> {
    /// The whole subject. In front of a [`Content::Node`] it is some pattern
    /// that passed through here, of which only the tokens up to here count.
    pub(super) subject: SubjectArc,
    pub(super) content: Content<V>,
}

/// Values of the entry's subject, or more tree.
#[derive(Debug)]
pub(super) enum Content<V> {
    Values(Values<V>),
    Node(Box<Node<V>>),
}

impl<V: Copy + Eq + Hash> Entry<V> {
    pub(super) fn new(subject: &SubjectArc, value: V) -> Self {
        Self {
            subject: subject.clone(),
            content: Content::Values(Values::One(value)),
        }
    }

    /// The values; none in front of a node.
    #[inline]
    pub(super) fn values(&self) -> &[V] {
        match &self.content {
            Content::Values(values) => values.as_slice(),
            Content::Node(_) => &[],
        }
    }

    /// Adds to the values of the entry's own subject.
    pub(super) fn push(&mut self, value: V) {
        if let Content::Values(values) = &mut self.content {
            values.push(value);
        }
    }

    pub(super) fn remove(&mut self, value: V) -> Removed {
        match &mut self.content {
            Content::Values(values) => values.remove(value),
            Content::Node(_) => Removed::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_small() {
        assert_eq!(size_of::<Entry<[u32; 3]>>(), 24);
        assert_eq!(size_of::<Entry<u64>>(), 24);
    }
}
