//! The values of one subject: nearly always one, sometimes very many.

use std::hash::Hash;

use hashbrown::HashTable;

use crate::hash::value_hash;

/// Above this number of values their places are found by hash: closing ten
/// thousand connections that share a subject must not take the square of it.
const INDEXED: usize = 64;

/// One value inline, or a list of two and more.
#[derive(Debug)]
pub(super) enum Values<V> {
    /// The only one.
    One(V),
    /// At least two.
    Many(Box<List<V>>),
}

/// What a removal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removed {
    /// The value was not there.
    Nothing,
    /// Others are left.
    Some,
    /// It was the only one; it is still stored, and its owner has to go.
    Last,
}

impl<V: Copy + Eq + Hash> Values<V> {
    pub(super) fn push(&mut self, value: V) {
        match self {
            Self::One(first) => {
                let values = vec![*first, value];
                *self = Self::Many(Box::new(List {
                    values,
                    places: None,
                }));
            }
            Self::Many(list) => list.push(value),
        }
    }

    pub(super) fn remove(&mut self, value: V) -> Removed {
        match self {
            Self::One(only) if *only == value => Removed::Last,
            Self::One(_) => Removed::Nothing,
            Self::Many(list) => {
                if !list.remove(value) {
                    return Removed::Nothing;
                }
                if let &[only] = list.values.as_slice() {
                    *self = Self::One(only);
                }
                Removed::Some
            }
        }
    }
}

impl<V> Values<V> {
    #[inline]
    pub(super) fn as_slice(&self) -> &[V] {
        match self {
            Self::One(only) => std::slice::from_ref(only),
            Self::Many(list) => &list.values,
        }
    }
}

/// Values in any order.
#[derive(Debug)]
pub(super) struct List<V> {
    values: Vec<V>,
    /// Positions in `values` by the values' hashes, once there are many.
    places: Option<Box<HashTable<u32>>>,
}

impl<V: Copy + Eq + Hash> List<V> {
    fn push(&mut self, value: V) {
        self.values.push(value);
        let Self { values, places } = self;
        let at = |place: u32| &values[place as usize];
        match places {
            Some(places) => {
                let last = (values.len() - 1) as u32;
                places.insert_unique(value_hash(&value), last, |&place| value_hash(at(place)));
            }
            None if values.len() > INDEXED => {
                let mut table = HashTable::with_capacity(values.len() * 2);
                for (place, value) in values.iter().enumerate() {
                    let rehash = |&place: &u32| value_hash(at(place));
                    table.insert_unique(value_hash(value), place as u32, rehash);
                }
                *places = Some(Box::new(table));
            }
            None => {}
        }
    }

    /// Takes out one value that equals `value`; the last one takes its place.
    fn remove(&mut self, value: V) -> bool {
        let Self { values, places } = self;
        let Some(table) = places else {
            let Some(at) = values.iter().position(|&other| other == value) else {
                return false;
            };
            values.swap_remove(at);
            return true;
        };
        let same = |&place: &u32| values[place as usize] == value;
        let Ok(entry) = table.find_entry(value_hash(&value), same) else {
            return false;
        };
        let (at, _) = entry.remove();
        let last = (values.len() - 1) as u32;
        if at != last {
            let moved = value_hash(&values[last as usize]);
            if let Some(place) = table.find_mut(moved, |&place| place == last) {
                *place = at;
            }
        }
        values.swap_remove(at as usize);
        if values.len() <= INDEXED / 2 {
            *places = None;
            values.shrink_to(INDEXED);
        } else if values.len() < values.capacity() / 4 {
            values.shrink_to(values.len() * 2);
            let rehash = |&place: &u32| value_hash(&values[place as usize]);
            table.shrink_to(values.len() * 2, rehash);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_of_values_come_and_go() {
        let mut values = Values::One(0u32);
        for value in 1..5000 {
            values.push(value);
        }
        assert_eq!(values.as_slice().len(), 5000);
        assert_eq!(values.remove(7777), Removed::Nothing);
        for value in (0..5000)
            .rev()
            .step_by(2)
            .chain((0..5000).step_by(2))
            .take(4999)
        {
            assert_eq!(values.remove(value), Removed::Some, "{value}");
            assert_eq!(values.remove(value), Removed::Nothing);
        }
        let &[last] = values.as_slice() else {
            panic!("one is left")
        };
        assert!(matches!(values, Values::One(_)));
        assert_eq!(values.remove(last), Removed::Last);
    }

    #[test]
    fn equal_values_are_counted() {
        let mut values = Values::One(1);
        values.push(1);
        values.push(2);
        assert_eq!(values.remove(1), Removed::Some);
        assert_eq!(values.remove(1), Removed::Some);
        assert_eq!(values.remove(1), Removed::Nothing);
        assert_eq!(values.remove(2), Removed::Last);
    }
}
