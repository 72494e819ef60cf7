//! A moment in which all threads that send messages stand still.
//!
//! A connection can only move to another shard while no message for it is on
//! its way: messages would overtake each other, or reach the shard it has left.
//! Nothing is on its way once every thread that sends messages has handed over
//! what it had and waits, and the shard that is left has acted on its mail.
//!
//! The wait is bounded: if not everybody has come in time the meeting is called
//! off, and nothing has happened.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::shard::Parcel;

/// Longest wait for all threads to come. A worker that syncs takes longer: the
/// meeting is called off then, and tried again later.
const PATIENCE: Duration = Duration::from_millis(2);

/// What is to be moved.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The shard that is left.
    pub(crate) from: u16,
    /// The shard that takes over.
    pub(crate) to: u16,
    /// Ids of the connections.
    pub(crate) connections: Vec<u64>,
}

/// How far a meeting is.
#[derive(Debug, Default)]
enum Stage {
    /// There is none.
    #[default]
    Over,
    /// Waiting for these threads, by their numbers among destinations.
    Gathering(Vec<u16>),
    /// All are here: the shard that is left packs.
    Packing,
    /// The shard that takes over unpacks.
    Unpacking,
}

#[derive(Default)]
struct Meeting {
    stage: Stage,
    plan: Option<Plan>,
    parcels: Vec<Parcel>,
    moved: usize,
}

/// The place where threads meet.
pub(crate) struct Rendezvous {
    patience: Duration,
    /// Threads are to come.
    called: AtomicBool,
    meeting: Mutex<Meeting>,
    changed: Condvar,
}

/// What a thread has to do at a meeting.
#[derive(Debug)]
pub(crate) enum Duty {
    /// Pack up these connections.
    Pack(Plan),
    /// Take these over.
    Unpack(Vec<Parcel>),
}

impl Default for Rendezvous {
    fn default() -> Self {
        Self::with_patience(PATIENCE)
    }
}

impl Rendezvous {
    fn with_patience(patience: Duration) -> Self {
        Self {
            patience,
            called: AtomicBool::new(false),
            meeting: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Whether threads are to come; they look once in a turn, when they have
    /// handed over what they had.
    #[inline]
    pub(crate) fn is_called(&self) -> bool {
        self.called.load(Ordering::Acquire)
    }

    /// Calls `parties` together for `plan`, waits until it is done, and returns
    /// how many connections were moved. `wake` makes the parties look.
    pub(crate) fn call(&self, parties: Vec<u16>, plan: Plan, wake: impl FnOnce()) -> usize {
        let mut meeting = self.meeting.lock();
        *meeting = Meeting {
            stage: Stage::Gathering(parties),
            plan: Some(plan),
            ..Meeting::default()
        };
        self.called.store(true, Ordering::Release);
        drop(meeting);
        wake();
        let until = Instant::now() + self.patience;
        let mut meeting = self.meeting.lock();
        while !matches!(meeting.stage, Stage::Over) {
            if !matches!(meeting.stage, Stage::Gathering(_)) {
                // Packing and unpacking cannot be broken off.
                self.changed.wait(&mut meeting);
            } else if self.changed.wait_until(&mut meeting, until).timed_out()
                && matches!(meeting.stage, Stage::Gathering(_))
            {
                meeting.stage = Stage::Over;
                self.changed.notify_all();
            }
        }
        self.called.store(false, Ordering::Release);
        meeting.moved
    }

    /// Thread `id` is here, and has handed over all its messages. Waits until
    /// it has something to do, or until the meeting is over (`None`).
    pub(crate) fn attend(&self, id: u16) -> Option<Duty> {
        let mut meeting = self.meeting.lock();
        if let Stage::Gathering(missing) = &mut meeting.stage {
            let before = missing.len();
            missing.retain(|&other| other != id);
            if missing.is_empty() && before > 0 {
                meeting.stage = Stage::Packing;
                self.changed.notify_all();
            }
        }
        loop {
            let Some(plan) = &meeting.plan else {
                return None;
            };
            match meeting.stage {
                Stage::Over => return None,
                Stage::Packing if plan.from == id => return meeting.plan.clone().map(Duty::Pack),
                Stage::Unpacking if plan.to == id => {
                    return Some(Duty::Unpack(std::mem::take(&mut meeting.parcels)));
                }
                Stage::Gathering(_) | Stage::Packing | Stage::Unpacking => {
                    self.changed.wait(&mut meeting);
                }
            }
        }
    }

    /// Everything is packed.
    pub(crate) fn packed(&self, parcels: Vec<Parcel>) {
        let mut meeting = self.meeting.lock();
        meeting.moved = parcels.len();
        meeting.parcels = parcels;
        meeting.stage = Stage::Unpacking;
        self.changed.notify_all();
    }

    /// Everything is unpacked: the meeting is over.
    pub(crate) fn unpacked(&self) {
        self.meeting.lock().stage = Stage::Over;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn plan() -> Plan {
        Plan {
            from: 0,
            to: 1,
            connections: vec![7],
        }
    }

    #[test]
    fn a_meeting_without_everybody_is_called_off() {
        let rendezvous = Arc::new(Rendezvous::default());
        let mut here = None;
        let moved = rendezvous.call(vec![0, 1], plan(), || {
            let rendezvous = rendezvous.clone();
            here = Some(std::thread::spawn(move || rendezvous.attend(0).is_none()));
        });
        assert_eq!(moved, 0);
        assert!(here.is_some_and(|here| here.join().unwrap_or(false)));
        assert!(!rendezvous.is_called());
        assert!(rendezvous.attend(1).is_none(), "too late");
    }

    #[test]
    fn who_leaves_packs_before_who_takes_over_unpacks() {
        let rendezvous = Arc::new(Rendezvous::with_patience(Duration::from_secs(60)));
        let (tell, told) = std::sync::mpsc::channel();
        let mut threads = Vec::new();
        let moved = rendezvous.call(vec![0, 1, 2], plan(), || {
            for id in [0u16, 1, 2] {
                let (rendezvous, tell) = (rendezvous.clone(), tell.clone());
                threads.push(std::thread::spawn(move || {
                    while let Some(duty) = rendezvous.attend(id) {
                        match duty {
                            Duty::Pack(_) => {
                                let _ = tell.send((id, "packs"));
                                rendezvous.packed(Vec::new());
                            }
                            Duty::Unpack(_) => {
                                let _ = tell.send((id, "unpacks"));
                                rendezvous.unpacked();
                            }
                        }
                    }
                }));
            }
        });
        assert_eq!(moved, 0);
        assert!(threads.into_iter().all(|thread| thread.join().is_ok()));
        drop(tell);
        let done: Vec<_> = told.into_iter().collect();
        assert_eq!(done, [(0, "packs"), (1, "unpacks")]);
    }
}
