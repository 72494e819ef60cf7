//! Which connections should live on another shard.
//!
//! Connections that talk to each other are best on one shard: messages then
//! need no hop between threads. But a shard that has more to do than one core
//! can should give some away while another core has nothing to do. Once in a
//! while a thread looks at how busy the shards are and at who talks to whom, and
//! has connections moved at a [rendezvous](crate::rendezvous):
//!
//! - from a busy shard to one with time to spare, in whole groups of those that
//!   talk to each other;
//! - to the shard of those they talk to, if that has time to spare.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::batch::{API_DESTINATION, FIRST_WORKER};
use crate::jetstream::WorkerMail;
use crate::rendezvous::Plan;
use crate::server::{BUSY_PERCENT, Placement, Shared};
use crate::shard::{Control, Mail};

/// Time between two looks while there is something to look at.
const INTERVAL: Duration = Duration::from_millis(500);

/// The same for [`Placement::Restless`], which is for tests.
const RESTLESS_INTERVAL: Duration = Duration::from_millis(3);

/// Use of a shard from which it gives connections away, in percent.
const OVERLOADED: u32 = 75;

/// How much less busy the shard that takes over has to be, in percent points.
const WORTH_A_MOVE: u32 = 40;

/// Most connections of one move, for which all threads wait.
const MAX_MOVED: usize = 128;

/// Time for which a connection stays where it has come to.
const REST: Duration = Duration::from_secs(5);

/// Looks at how many threads run before a move: the number is of one moment.
const SAMPLES: u32 = 8;

/// Time between two of them.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(2);

/// How long to wait for what shards know.
const PATIENCE: Duration = Duration::from_millis(100);

/// Whom a connection's messages go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Partner {
    /// Not known.
    #[default]
    Nobody,
    /// A connection on the same shard, by its slot there.
    Slot(u32),
    /// A connection on the same shard, by its id.
    Connection(u64),
    /// Some connection on another shard.
    Shard(u16),
}

/// What a connection has done lately.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// Its id.
    pub(crate) cid: u64,
    /// Messages in and out, and bytes, in units of a message.
    pub(crate) load: u64,
    /// Number of subscriptions.
    pub(crate) subscriptions: usize,
    /// Whom its messages went to last.
    pub(crate) partner: Partner,
    /// When it came from another shard.
    pub(crate) moved_at: Option<Instant>,
}

/// A shard as it was found.
#[derive(Clone, Debug, Default)]
struct Found {
    /// Its use, in percent.
    percent: u32,
    loads: Vec<Load>,
}

/// Starts the thread, if there is more than one shard.
///
/// # Errors
/// When the operating system gives no thread.
pub(crate) fn start(shared: &Arc<Shared>) -> std::io::Result<()> {
    if shared.all_shards().len() < 2 {
        return Ok(());
    }
    let weak = Arc::downgrade(shared);
    let restless = shared.placement == Placement::Restless;
    let thread = std::thread::Builder::new().name("balance".to_owned());
    let thread = thread.spawn(move || {
        loop {
            if restless {
                std::thread::sleep(RESTLESS_INTERVAL);
            } else {
                // Until a shard has something to do.
                std::thread::park();
                std::thread::sleep(INTERVAL);
            }
            let Some(shared) = weak.upgrade() else {
                return;
            };
            if !shared.accepts_clients() {
                return;
            }
            let plan = if restless {
                shuffle(&shared)
            } else {
                look(&shared)
            };
            if let Some(plan) = plan {
                carry_out(&shared, plan);
            }
        }
    })?;
    // Set once, here.
    let _ = shared.balancer.set(thread.thread().clone());
    Ok(())
}

/// Has connections moved.
fn carry_out(shared: &Shared, plan: Plan) {
    // Who asks all shards about connections must find each of them once.
    let Some(_moving) = shared.moves.try_write() else {
        return;
    };
    if !shared.accepts_clients() {
        return;
    }
    let (from, to) = (plan.from, plan.to);
    let jetstream = shared.jetstream.load_full();
    let workers = jetstream.as_ref().map_or(0, |js| js.worker_count());
    let mut parties: Vec<u16> = (0..shared.all_shards().len() as u16).collect();
    if jetstream.is_some() {
        parties.extend((0..workers as u16).map(|number| FIRST_WORKER + number));
        parties.push(API_DESTINATION);
    }
    let wake = || {
        for shard in shared.all_shards() {
            shard.mailbox.wake();
        }
        if let Some(jetstream) = &jetstream {
            for number in 0..workers as u16 {
                let mailbox = jetstream.mailbox(FIRST_WORKER + number);
                mailbox.send(WorkerMail::Rendezvous);
            }
            jetstream
                .mailbox(API_DESTINATION)
                .send(WorkerMail::Rendezvous);
        }
    };
    let moved = shared.rendezvous.call(parties, plan, wake);
    if moved > 0 {
        shared.log.debug(format_args!(
            "Moved {moved} connections from shard {from} to shard {to}"
        ));
    }
}

/// What every shard knows of its connections' work.
fn weigh(shared: &Shared) -> Vec<Found> {
    let asked: Vec<_> = shared
        .all_shards()
        .iter()
        .map(|shard| {
            let (answer, loads) = mpsc::sync_channel(1);
            let control = Control::Weigh(answer);
            shard.mailbox.send(Mail::Control(Box::new(control)));
            (shard.percent(shared.uptime()), loads)
        })
        .collect();
    let until = Instant::now() + PATIENCE;
    asked
        .into_iter()
        .map(|(percent, loads)| {
            let left = until.saturating_duration_since(Instant::now());
            Found {
                percent,
                loads: loads.recv_timeout(left).unwrap_or_default(),
            }
        })
        .collect()
}

fn look(shared: &Shared) -> Option<Plan> {
    let found = weigh(shared);
    let now = Instant::now();
    relieve(&found, now, has_spare_core()).or_else(|| reunite(&found, now))
}

/// Whether the machine has a core with nothing to do. Where that can't be told
/// it is taken for granted.
fn has_spare_core() -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (0..SAMPLES).all(|_| {
        std::thread::sleep(SAMPLE_INTERVAL);
        // This thread is one of them.
        running_threads().is_none_or(|running| running <= cores)
    })
}

/// Threads of the machine that run or wait for a core: the fourth field of
/// `/proc/loadavg`, before the slash.
fn running_threads() -> Option<usize> {
    let line = std::fs::read_to_string("/proc/loadavg").ok()?;
    let field = line.split_whitespace().nth(3)?;
    field.split('/').next()?.parse().ok()
}

fn may_move(load: &Load, now: Instant) -> bool {
    load.moved_at
        .is_none_or(|at| now.saturating_duration_since(at) >= REST)
}

/// Moves groups of connections away from the busiest shard.
fn relieve(found: &[Found], now: Instant, spare_core: bool) -> Option<Plan> {
    if !spare_core {
        return None;
    }
    let (from, busiest) = found.iter().enumerate().max_by_key(|(_, f)| f.percent)?;
    let (to, idlest) = found.iter().enumerate().min_by_key(|(_, f)| f.percent)?;
    let difference = busiest.percent.saturating_sub(idlest.percent);
    if busiest.percent < OVERLOADED || difference < WORTH_A_MOVE {
        return None;
    }
    let total: u64 = busiest.loads.iter().map(|load| load.load).sum();
    // Half of the difference, in units of load.
    let mut wanted = total * u64::from(difference / 2) / u64::from(busiest.percent);
    let mut connections = Vec::new();
    let mut groups = groups(&busiest.loads);
    groups.sort_by_key(|group| std::cmp::Reverse(group.iter().map(|l| l.load).sum::<u64>()));
    for group in groups {
        let load: u64 = group.iter().map(|l| l.load).sum();
        let fits = load <= wanted
            && connections.len() + group.len() <= MAX_MOVED
            && group.iter().all(|load| may_move(load, now));
        if fits {
            wanted -= load;
            connections.extend(group.iter().map(|load| load.cid));
        }
    }
    (!connections.is_empty()).then_some(Plan {
        from: from as u16,
        to: to as u16,
        connections,
    })
}

/// Moves connections to the shard of those they talk to.
fn reunite(found: &[Found], now: Instant) -> Option<Plan> {
    for (from, shard) in found.iter().enumerate() {
        let total: u64 = shard.loads.iter().map(|load| load.load).sum();
        for (to, other) in found.iter().enumerate() {
            let talks = |load: &&Load| {
                load.partner == Partner::Shard(to as u16)
                    && may_move(load, now)
                    && load.subscriptions <= crate::shard::MAX_SUBSCRIPTIONS
            };
            if to == from || other.percent >= BUSY_PERCENT {
                continue;
            }
            // What the other shard may take on, in units of load.
            let room = u64::from(BUSY_PERCENT - other.percent);
            let mut wanted = total * room / u64::from(shard.percent.max(1));
            let mut connections = Vec::new();
            for load in shard.loads.iter().filter(talks).take(MAX_MOVED) {
                if load.load <= wanted {
                    wanted -= load.load;
                    connections.push(load.cid);
                }
            }
            if !connections.is_empty() {
                return Some(Plan {
                    from: from as u16,
                    to: to as u16,
                    connections,
                });
            }
        }
    }
    None
}

/// Connections of a shard that talk to each other, in groups.
fn groups(loads: &[Load]) -> Vec<Vec<&Load>> {
    let index: HashMap<u64, usize> = loads
        .iter()
        .enumerate()
        .map(|(at, load)| (load.cid, at))
        .collect();
    let mut leaders: Vec<usize> = (0..loads.len()).collect();
    for (at, load) in loads.iter().enumerate() {
        if let Partner::Connection(cid) = load.partner
            && let Some(&other) = index.get(&cid)
        {
            let (a, b) = (leader(&mut leaders, at), leader(&mut leaders, other));
            if let Some(place) = leaders.get_mut(a) {
                *place = b;
            }
        }
    }
    let mut groups: HashMap<usize, Vec<&Load>> = HashMap::new();
    for (at, load) in loads.iter().enumerate() {
        let of = leader(&mut leaders, at);
        groups.entry(of).or_default().push(load);
    }
    groups.into_values().collect()
}

/// The one that stands for a connection's group.
fn leader(leaders: &mut [usize], mut at: usize) -> usize {
    while let Some(&next) = leaders.get(at)
        && next != at
    {
        // Shortens the way for the next look.
        let beyond = leaders.get(next).copied().unwrap_or(next);
        if let Some(place) = leaders.get_mut(at) {
            *place = beyond;
        }
        at = next;
    }
    at
}

/// Some connections of some shard to some other.
fn shuffle(shared: &Shared) -> Option<Plan> {
    let shards = shared.all_shards().len() as u16;
    let from = fastrand::u16(..shards);
    let to = fastrand::u16(..shards);
    if from == to {
        return None;
    }
    let (answer, clients) = mpsc::sync_channel(1);
    let control = Control::ListClients(answer);
    let shard = shared.shard(from)?;
    shard.mailbox.send(Mail::Control(Box::new(control)));
    let clients = clients.recv_timeout(PATIENCE).ok()?;
    let some: Vec<u64> = clients.into_iter().filter(|_| fastrand::bool()).collect();
    (!some.is_empty()).then_some(Plan {
        from,
        to,
        connections: some.into_iter().take(MAX_MOVED).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(cid: u64, load: u64, partner: Partner) -> Load {
        Load {
            cid,
            load,
            subscriptions: 1,
            partner,
            moved_at: None,
        }
    }

    /// Publisher `n` talks to subscriber `n + 100`.
    fn pairs(count: u64, each: u64) -> Vec<Load> {
        let publisher = |n| load(n, each, Partner::Connection(n + 100));
        let subscriber = |n| load(n + 100, each, Partner::Nobody);
        (0..count)
            .map(publisher)
            .chain((0..count).map(subscriber))
            .collect()
    }

    fn shard(percent: u32, loads: Vec<Load>) -> Found {
        Found { percent, loads }
    }

    #[test]
    fn half_of_the_pairs_leave_an_overloaded_shard_and_stay_together() {
        let found = [shard(100, pairs(8, 1000)), shard(0, Vec::new())];
        let plan = relieve(&found, Instant::now(), true).unwrap_or_else(|| panic!("a plan"));
        assert_eq!((plan.from, plan.to), (0, 1));
        assert_eq!(plan.connections.len(), 8);
        for cid in &plan.connections {
            let other = if *cid < 100 { cid + 100 } else { cid - 100 };
            assert!(plan.connections.contains(&other), "{cid}");
        }
        assert!(
            relieve(&found, Instant::now(), false).is_none(),
            "no spare core"
        );
    }

    #[test]
    fn one_pair_stays_however_busy_it_is() {
        let found = [shard(100, pairs(1, 100_000)), shard(0, Vec::new())];
        assert!(relieve(&found, Instant::now(), true).is_none());
    }

    #[test]
    fn nobody_moves_while_shards_are_about_as_busy() {
        let found = [shard(95, pairs(8, 1000)), shard(60, pairs(8, 1000))];
        assert!(relieve(&found, Instant::now(), true).is_none());
        assert!(reunite(&found, Instant::now()).is_none());
    }

    #[test]
    fn who_has_moved_rests() {
        let now = Instant::now();
        let mut loads = pairs(8, 1000);
        for load in &mut loads {
            load.moved_at = Some(now);
        }
        let found = [shard(100, loads), shard(0, Vec::new())];
        assert!(relieve(&found, now, true).is_none());
        assert!(relieve(&found, now + REST, true).is_some());
    }

    #[test]
    fn publishers_come_to_the_shard_of_their_subscriber_as_far_as_it_has_time() {
        let far = |n| load(n, 10, Partner::Shard(0));
        let found = [
            shard(20, pairs(1, 1000)),
            shard(20, (0..100).map(far).collect()),
        ];
        let plan = reunite(&found, Instant::now()).unwrap_or_else(|| panic!("a plan"));
        assert_eq!((plan.from, plan.to, plan.connections.len()), (1, 0, 100));
        let busy = [
            shard(59, pairs(1, 1000)),
            shard(20, (0..100).map(far).collect()),
        ];
        let plan = reunite(&busy, Instant::now()).unwrap_or_else(|| panic!("a plan"));
        assert_eq!(plan.connections.len(), 5);
        let full = [
            shard(60, pairs(1, 1000)),
            shard(20, (0..100).map(far).collect()),
        ];
        assert!(reunite(&full, Instant::now()).is_none());
    }
}
