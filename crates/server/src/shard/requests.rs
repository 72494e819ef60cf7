//! Rare requests: snapshots, kicks, lame duck, reload, shutdown.

use midge_wire::close::CloseReason;

use super::Shard;
use super::control::Control;

impl Shard {
    pub(super) fn on_control(&mut self, control: Control) {
        match control {
            // The asker may have given up waiting, here and below.
            Control::Connections(query, answer) => {
                let _ = answer.send(self.connections_for(&query));
            }
            Control::Subscriptions(query, answer) => {
                let _ = answer.send(self.subscriptions_for(&query));
            }
            Control::Accounts(answer) => {
                let _ = answer.send(self.account_figures());
            }
            Control::ClientInfo(cid, answer) => {
                let _ = answer.send(self.client_of(cid));
            }
            Control::Kick(cid, answer) => {
                let slot = self.slot_of(cid);
                if let Some(slot) = slot {
                    self.close(slot, CloseReason::Kicked);
                }
                let _ = answer.send(slot.is_some());
            }
            Control::NotifyLameDuck(cid, answer) => {
                let told = self
                    .slot_of(cid)
                    .map(|slot| self.send_lame_duck(slot, true));
                let _ = answer.send(told);
            }
            Control::NoResponders {
                cid,
                subject,
                reply,
            } => {
                if let Some(slot) = self.slot_of(cid) {
                    self.no_responders(slot, &subject, &reply);
                }
            }
            Control::Weigh(answer) => {
                let _ = answer.send(self.weigh());
            }
            Control::LameDuck => {
                for slot in self.slots() {
                    self.send_lame_duck(slot, false);
                }
            }
            Control::ListClients(answer) => {
                let clients = self.connections.iter().map(|(_, c)| c.cid).collect();
                let _ = answer.send(clients);
            }
            Control::CloseForShutdown(cid) => {
                if let Some(slot) = self.slot_of(cid) {
                    self.close(slot, CloseReason::ServerShutdown);
                }
            }
            Control::CloseSurplus(cids) => {
                for cid in cids {
                    if let Some(slot) = self.slot_of(cid) {
                        self.send_err(slot, "maximum connections exceeded");
                        self.close(slot, CloseReason::MaxConnectionsExceeded);
                    }
                }
            }
            Control::Authenticated {
                slot,
                cid,
                again,
                settings,
                decision,
            } => {
                if again {
                    self.on_rechecked(slot, cid, settings, *decision);
                } else {
                    self.on_checked(slot, cid, settings, *decision);
                }
            }
            Control::Shutdown => self.begin_shutdown(),
        }
        self.settle(&[]);
    }

    pub(super) fn slots(&self) -> Vec<u32> {
        self.connections
            .iter()
            .map(|(slot, _)| slot as u32)
            .collect()
    }

    pub(super) fn slot_of(&self, cid: u64) -> Option<u32> {
        self.connections
            .iter()
            .find(|(_, connection)| connection.cid == cid && connection.closing.is_none())
            .map(|(slot, _)| slot as u32)
    }

    /// Tells one client that the server is a lame duck; whether it can take
    /// that. Its `connect_urls` stay when only this client is told.
    fn send_lame_duck(&mut self, slot: u32, only_this: bool) -> bool {
        let Some(mut info) = self.client_info(slot) else {
            return false;
        };
        let Some(connection) = self.connections.get(slot as usize) else {
            return false;
        };
        let ready = connection.options.protocol >= 1
            && connection.first_pong_sent
            && connection.closing.is_none();
        if !ready {
            return false;
        }
        info.lame_duck = true;
        if !only_this {
            info.connect_urls.clear();
        }
        let mut line = Vec::new();
        info.push_line(&mut line);
        self.send(slot, &line);
        true
    }

    fn begin_shutdown(&mut self) {
        for slot in self.slots() {
            self.close(slot, CloseReason::ServerShutdown);
        }
        self.settle(&[]);
        self.stop_at = Some(self.now + self.runtime.write_deadline);
    }
}
