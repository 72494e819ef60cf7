//! Lame duck mode: no new clients, and the old ones are sent away one after
//! the other (client-protocol.md 20.1).

use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use super::node::Node;
use crate::server::State;
use crate::shard::{Control, Mail};

/// Longest pause between two clients.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// Time shards have to name their clients.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// How often the wait looks whether the server stops for another reason.
const LOOK_UP: Duration = Duration::from_millis(20);

impl Node {
    /// Enters lame duck mode and ends the server when it is over.
    pub(super) fn become_lame_duck(&self) {
        let shared = self.server().shared();
        if !shared.advance(State::LameDuck) {
            return;
        }
        shared.log.info(format_args!(
            "Entering lame duck mode, stop accepting new clients"
        ));
        self.server().stop_accepting();
        let options = self.options();
        if self.clients().is_empty() {
            self.shut_down();
            return;
        }
        {
            let _nobody_moves = shared.moves.read_recursive();
            shared.broadcast(|| Control::LameDuck);
        }
        if !self.pause(options.lame_duck_grace_period) {
            return;
        }
        shared.log.info(format_args!("Closing existing clients"));
        let clients = self.clients();
        let rest = options
            .lame_duck_duration
            .saturating_sub(options.lame_duck_grace_period);
        let rest = if rest.is_zero() { MAX_PAUSE } else { rest };
        let count = u32::try_from(clients.len()).unwrap_or(u32::MAX).max(1);
        let interval = (rest / count).min(MAX_PAUSE);
        for (position, &(shard, cid)) in clients.iter().enumerate() {
            if let Some(handle) = shared.shard(shard) {
                let control = Control::CloseForShutdown(cid);
                handle.mailbox.send(Mail::Control(Box::new(control)));
            }
            let last = position + 1 == clients.len();
            let share = 0.5 + fastrand::f64() / 2.0;
            if !last && !self.pause(interval.mul_f64(share)) {
                return;
            }
        }
        self.shut_down();
    }

    /// All clients with the shard each lives on.
    pub(super) fn clients(&self) -> Vec<(u16, u64)> {
        let _nobody_moves = self.server().shared().moves.read_recursive();
        let mut clients = Vec::new();
        for (id, handle) in self.server().shared().all_shards().iter().enumerate() {
            let (answer, received) = sync_channel(1);
            handle
                .mailbox
                .send(Mail::Control(Box::new(Control::ListClients(answer))));
            if let Ok(list) = received.recv_timeout(ANSWER_PATIENCE) {
                clients.extend(list.into_iter().map(|cid| (id as u16, cid)));
            }
        }
        clients
    }

    /// Waits; `false` if the server was shut down meanwhile.
    fn pause(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            if self.server().shared().state() == State::Stopping {
                return false;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(LOOK_UP));
        }
    }
}
