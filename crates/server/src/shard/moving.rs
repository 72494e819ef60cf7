//! Connections that move from one shard to another.
//!
//! At a rendezvous nothing is on its way between threads. The shard that is
//! left takes a connection out with everything that belongs to it; the shard
//! that takes over puts it in, under new numbers, and names them in the
//! account's interest table in place of the old ones.

use std::time::Instant;

use mio::{Interest, Token};

use midge_wire::close::CloseReason;

use super::Shard;
use super::connection::{Connection, Phase};
use super::subscribe::hash_sid;
use super::subscriptions::Subscription;
use super::timers::{Timer, TimerKind};
use crate::account::Target;
use crate::balance::{Load, Partner};
use crate::rendezvous::{Duty, Plan};

/// Subscriptions that move at one rendezvous, for which all threads wait: about
/// a microsecond each.
pub(crate) const MAX_SUBSCRIPTIONS: usize = 2048;

/// Bytes of payload that weigh as much as a message.
const BYTES_PER_UNIT: u64 = 512;

/// A connection between two shards.
pub(crate) struct Parcel {
    connection: Box<Connection>,
    /// Its subscriptions with the targets they had.
    subscriptions: Vec<(Subscription, Target)>,
}

impl std::fmt::Debug for Parcel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parcel")
            .field("cid", &self.connection.cid)
            .finish_non_exhaustive()
    }
}

impl Shard {
    /// Takes part in a rendezvous.
    #[cold]
    pub(super) fn attend_rendezvous(&mut self) {
        let shared = self.shared.clone();
        while let Some(duty) = shared.rendezvous.attend(self.id) {
            match duty {
                Duty::Pack(plan) => {
                    let mut parcels = Vec::new();
                    self.guard(None, |shard| shard.pack(&plan, &mut parcels));
                    shared.rendezvous.packed(parcels);
                }
                Duty::Unpack(parcels) => {
                    for parcel in parcels {
                        self.guard(None, |shard| shard.unpack(parcel));
                    }
                    shared.rendezvous.unpacked();
                }
            }
        }
    }

    fn pack(&mut self, plan: &Plan, parcels: &mut Vec<Parcel>) {
        // What other threads have sent is for the connections as they are.
        self.now = Instant::now();
        self.take_mail();
        self.settle(&[]);
        let mut room = MAX_SUBSCRIPTIONS;
        for &cid in &plan.connections {
            let Some(slot) = self.slot_of(cid).filter(|&slot| self.may_move(slot, room)) else {
                continue;
            };
            if let Some(parcel) = self.take_out(slot) {
                room -= parcel.subscriptions.len();
                parcels.push(parcel);
            }
        }
        self.note_connections();
    }

    /// Whether nothing binds a connection to this shard. What is not finished
    /// elsewhere knows it by its slot here.
    fn may_move(&self, slot: u32, room: usize) -> bool {
        self.connections.get(slot as usize).is_some_and(|c| {
            c.phase == Phase::Open
                && c.authenticated
                && c.closing.is_none()
                && c.auth_deadline.is_none()
                && !c.rechecking
                && !c.dirty
                && c.subscriptions.len() <= room
        })
    }

    fn take_out(&mut self, slot: u32) -> Option<Parcel> {
        let connection = self.connections.get_mut(slot as usize)?;
        // Producers that wait for it are read again when their pause is over.
        connection.waiting_producers.clear();
        let socket = connection.transport.socket();
        if self.poll.registry().deregister(socket).is_err() {
            self.close(slot, CloseReason::ReadError);
            self.settle(&[]);
            return None;
        }
        let mut connection = self.connections.try_remove(slot as usize)?;
        let mut subscriptions = Vec::with_capacity(connection.subscriptions.len());
        for index in std::mem::take(&mut connection.subscriptions) {
            if let Some((subscription, generation)) = self.subscriptions.remove(index) {
                let target = Target {
                    subscription: index,
                    shard: self.id,
                    generation,
                    queue: subscription.queue,
                };
                subscriptions.push((subscription, target));
            }
        }
        Some(Parcel {
            connection,
            subscriptions,
        })
    }

    fn unpack(&mut self, parcel: Parcel) {
        let Parcel {
            mut connection,
            subscriptions,
        } = parcel;
        connection.write_timer = None;
        connection.queued_to_read = false;
        connection.stalled_in = 0;
        connection.moved_at = Some(self.now);
        connection.partner = Partner::Nobody;
        let account = connection.account;
        // Publishes look for it among those this shard knows.
        self.account(account);
        let entry = self.connections.vacant_entry();
        let slot = entry.key() as u32;
        // The poll tells at once what the socket is ready for.
        let registered = self.poll.registry().register(
            connection.transport.socket(),
            Token(slot as usize),
            Interest::READABLE | Interest::WRITABLE,
        );
        entry.insert(connection);
        for (subscription, old) in subscriptions {
            self.put_in(slot, account, subscription, old);
        }
        self.set_timers_again(slot);
        self.queue_read(slot);
        self.note_connections();
        if registered.is_err() {
            self.close(slot, CloseReason::ReadError);
            self.settle(&[]);
        }
    }

    fn put_in(&mut self, slot: u32, account: u32, subscription: Subscription, old: Target) {
        let subject = subscription.subject.clone();
        let hash = hash_sid(subscription.sid.as_bytes());
        let (index, generation) = self.subscriptions.insert(Subscription {
            connection: slot,
            ..subscription
        });
        let new = Target {
            subscription: index,
            shard: self.id,
            generation,
            queue: old.queue,
        };
        if let Some(account) = self.account(account) {
            account.move_target(&subject, old, new);
        }
        let Self {
            connections,
            subscriptions,
            ..
        } = self;
        if let Some(connection) = connections.get_mut(slot as usize) {
            let hash_of = |&other: &u32| {
                subscriptions
                    .get(other)
                    .map_or(0, |s| hash_sid(s.sid.as_bytes()))
            };
            connection.subscriptions.insert_unique(hash, index, hash_of);
        }
    }

    /// Sets the timers that a connection had on the shard it comes from.
    fn set_timers_again(&mut self, slot: u32) {
        let now = self.now;
        let Some(connection) = self.connections.get(slot as usize) else {
            return;
        };
        let cid = connection.cid;
        let write = connection.write_deadline.map(|(at, _, _)| at);
        let due = [
            (connection.ping_at, TimerKind::Ping),
            (connection.paused, TimerKind::Resume),
            (connection.overruns.then_some(now), TimerKind::Overrun),
        ];
        for (at, kind) in due {
            if let Some(at) = at {
                self.timers.add(Timer {
                    at,
                    slot,
                    cid,
                    kind,
                });
            }
        }
        if let Some(at) = write {
            self.arm_write_deadline(slot, at);
        }
    }

    fn note_connections(&self) {
        if let Some(handle) = self.shared.shard(self.id) {
            handle.note_connections(self.connections.len());
        }
    }

    /// What the connections have done since they were last weighed; those that
    /// did nothing are left out.
    pub(super) fn weigh(&mut self) -> Vec<Load> {
        let mut loads = Vec::new();
        let cids: Vec<u64> = self.cids_by_slot();
        for (_, connection) in &mut self.connections {
            let traffic = connection.traffic;
            let total = traffic.in_msgs
                + traffic.out_msgs
                + (traffic.in_bytes + traffic.out_bytes) / BYTES_PER_UNIT;
            let load = total.saturating_sub(std::mem::replace(&mut connection.weighed, total));
            if load == 0 {
                continue;
            }
            let partner = match connection.partner {
                Partner::Slot(slot) => match cids.get(slot as usize) {
                    Some(&cid) if cid != 0 => Partner::Connection(cid),
                    _ => Partner::Nobody,
                },
                other => other,
            };
            loads.push(Load {
                cid: connection.cid,
                load,
                subscriptions: connection.subscriptions.len(),
                partner,
                moved_at: connection.moved_at,
            });
        }
        loads
    }

    fn cids_by_slot(&self) -> Vec<u64> {
        let slots = self.connections.iter().map(|(slot, _)| slot + 1).max();
        let mut cids = vec![0; slots.unwrap_or(0)];
        for (slot, connection) in &self.connections {
            if let Some(cid) = cids.get_mut(slot) {
                *cid = connection.cid;
            }
        }
        cids
    }

    /// Notes whom a connection's messages go to.
    #[inline]
    pub(super) fn note_partner(&mut self, slot: u32) {
        let Some(current) = &self.current else {
            return;
        };
        let partner = match (current.local.first(), current.remote.first()) {
            (Some(target), _) => Partner::Slot(target.connection),
            (None, Some(target)) => Partner::Shard(target.shard),
            (None, None) => return,
        };
        if let Some(connection) = self.connections.get_mut(slot as usize) {
            connection.partner = partner;
        }
    }
}
