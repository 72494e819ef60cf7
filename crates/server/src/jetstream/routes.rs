//! What the subscriptions of a worker are for.

use midge_jetstream::consumer::ConsumerId;

/// What is done with a message that reaches a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It is published to the stream.
    Publish,
    /// A direct get; what follows so many bytes of the subject is its key.
    DirectGet(Option<usize>),
    /// A pull request.
    Pull(ConsumerId),
    /// An acknowledgement.
    Ack(ConsumerId),
    /// An answer to a flow control request.
    Flow(ConsumerId),
    /// A request to start a consumer again.
    Reset(ConsumerId),
}

/// A subscription of a worker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    /// Number of the stream on the worker.
    pub(super) host: u32,
    pub(super) purpose: Purpose,
}

#[derive(Debug, Default)]
struct Entry {
    /// Counts reuses, so that a message on its way cannot reach a later
    /// subscription.
    generation: u16,
    route: Option<Route>,
}

/// The subscriptions of a worker by number.
#[derive(Debug, Default)]
pub(super) struct Routes {
    entries: Vec<Entry>,
    free: Vec<u32>,
}

impl Routes {
    /// Adds one; returns its number and generation.
    pub(super) fn insert(&mut self, route: Route) -> (u32, u16) {
        if let Some(number) = self.free.pop()
            && let Some(entry) = self.entries.get_mut(number as usize)
        {
            entry.route = Some(route);
            return (number, entry.generation);
        }
        let number = self.entries.len() as u32;
        self.entries.push(Entry {
            generation: 0,
            route: Some(route),
        });
        (number, 0)
    }

    /// Removes one.
    pub(super) fn remove(&mut self, number: u32) {
        if let Some(entry) = self.entries.get_mut(number as usize)
            && entry.route.take().is_some()
        {
            entry.generation = entry.generation.wrapping_add(1);
            self.free.push(number);
        }
    }

    /// What a number stands for, if it is still what was meant.
    #[inline]
    pub(super) fn get(&self, number: u32, generation: u16) -> Option<Route> {
        let entry = self.entries.get(number as usize)?;
        entry.route.filter(|_| entry.generation == generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_number_has_a_new_generation() {
        let mut routes = Routes::default();
        let route = |host| Route {
            host,
            purpose: Purpose::Publish,
        };
        let (number, generation) = routes.insert(route(1));
        routes.remove(number);
        assert!(routes.get(number, generation).is_none());
        let (again, newer) = routes.insert(route(2));
        assert_eq!(again, number);
        assert!(routes.get(number, generation).is_none());
        assert_eq!(routes.get(number, newer).map(|route| route.host), Some(2));
    }
}
