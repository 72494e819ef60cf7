//! The children of a tree node by their token.

use hashbrown::HashTable;

use super::entry::Entry;
use crate::hash::subject_hash;
use crate::rules::split_first;

/// Up to this number of children a plain list is smaller than a hash table and
/// as fast.
const LISTED: usize = 4;

/// Below this number of places a table is not worth shrinking.
const MIN_SHRUNK: usize = 64;

/// Entries by one of their subjects' tokens, which begins at the same byte in
/// all of them, because all have the same text before it.
#[derive(Debug)]
pub(super) enum Children<V> {
    List(Vec<Entry<V>>),
    Table(HashTable<Entry<V>>),
}

impl<V> Default for Children<V> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// The token that begins at byte `offset`.
#[inline]
fn key<V>(entry: &Entry<V>, offset: usize) -> &[u8] {
    split_first(&entry.subject.as_bytes()[offset..]).0
}

/// Whether the token at byte `offset` is `token`.
#[inline]
fn has_key<V>(entry: &Entry<V>, offset: usize, token: &[u8]) -> bool {
    let from = &entry.subject.as_bytes()[offset..];
    from.starts_with(token) && matches!(from.get(token.len()), None | Some(b'.'))
}

impl<V> Children<V> {
    #[inline]
    pub(super) fn get(&self, offset: usize, token: &[u8]) -> Option<&Entry<V>> {
        match self {
            Self::List(list) => list.iter().find(|entry| has_key(entry, offset, token)),
            Self::Table(table) => {
                table.find(subject_hash(token), |entry| has_key(entry, offset, token))
            }
        }
    }

    pub(super) fn get_mut(&mut self, offset: usize, token: &[u8]) -> Option<&mut Entry<V>> {
        match self {
            Self::List(list) => list.iter_mut().find(|entry| has_key(entry, offset, token)),
            Self::Table(table) => {
                table.find_mut(subject_hash(token), |entry| has_key(entry, offset, token))
            }
        }
    }

    /// Adds a child whose token is not there yet.
    pub(super) fn insert(&mut self, offset: usize, child: Entry<V>) {
        let hash = |entry: &Entry<V>| subject_hash(key(entry, offset));
        match self {
            Self::List(list) if list.len() < LISTED => {
                // Most nodes keep one or two children.
                list.reserve_exact(1);
                list.push(child);
            }
            Self::List(list) => {
                let mut table = HashTable::with_capacity(2 * LISTED);
                for entry in std::mem::take(list).into_iter().chain([child]) {
                    table.insert_unique(hash(&entry), entry, hash);
                }
                *self = Self::Table(table);
            }
            Self::Table(table) => {
                table.insert_unique(hash(&child), child, hash);
            }
        }
    }

    pub(super) fn remove(&mut self, offset: usize, token: &[u8]) -> Option<Entry<V>> {
        match self {
            Self::List(list) => {
                let at = list
                    .iter()
                    .position(|entry| has_key(entry, offset, token))?;
                Some(list.swap_remove(at))
            }
            Self::Table(table) => {
                let same = |entry: &Entry<V>| has_key(entry, offset, token);
                let (entry, _) = table.find_entry(subject_hash(token), same).ok()?.remove();
                if table.len() <= LISTED / 2 {
                    *self = Self::List(std::mem::take(table).into_iter().collect());
                } else if table.capacity() > MIN_SHRUNK && table.len() < table.capacity() / 8 {
                    let hash = |entry: &Entry<V>| subject_hash(key(entry, offset));
                    table.shrink_to(table.len() * 2, hash);
                }
                Some(entry)
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Table(table) => table.len(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry<V>> {
        let (list, table) = match self {
            Self::List(list) => (Some(list.iter()), None),
            Self::Table(table) => (None, Some(table.iter())),
        };
        list.into_iter()
            .flatten()
            .chain(table.into_iter().flatten())
    }

    /// Takes all of them out.
    pub(super) fn take(&mut self) -> Vec<Entry<V>> {
        match std::mem::take(self) {
            Self::List(list) => list,
            Self::Table(table) => table.into_iter().collect(),
        }
    }
}
