//! Requests in the system account that act on this server
//! (client-protocol.md 20.3).

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::node::Node;
use crate::internal::{InternalKind, Received};
use crate::monitor::json::{Utc, compact};
use crate::shard::{Control, InternalMessage, Mail};
use midge_wire::info::VERSION;

/// Requests that may wait; more are dropped, and their senders time out.
const MAX_WAITING: usize = 256;

/// Time a shard has to answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// Sequence of the first answer, as with the peer.
const FIRST_SEQUENCE: u64 = 2;

/// Body of a request about one client.
#[derive(Deserialize)]
struct ClientRequest {
    #[serde(default)]
    cid: u64,
}

#[derive(Serialize)]
struct Answer<'a> {
    server: ServerPart<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorPart>,
}

#[derive(Serialize)]
struct ServerPart<'a> {
    name: &'a str,
    host: &'a str,
    id: &'a str,
    ver: &'static str,
    jetstream: bool,
    flags: u64,
    seq: u64,
    time: Utc,
}

#[derive(Serialize)]
struct ErrorPart {
    code: u16,
    description: String,
}

impl Node {
    /// Subscribes to the requests, if there is a system account.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start_system_service(self: &Arc<Self>) -> Result<(), String> {
        let shared = self.server().shared();
        let Some(account) = shared.system_account.clone() else {
            return Ok(());
        };
        let (to, requests) = sync_channel(MAX_WAITING);
        let id = &shared.identity.id;
        for (verb, kind) in [
            ("KICK", InternalKind::Kick),
            ("LDM", InternalKind::LameDuckNotice),
            ("RELOAD", InternalKind::Reload),
        ] {
            let subject = format!("$SYS.REQ.SERVER.{id}.{verb}");
            shared
                .internal
                .subscribe(&account, subject.as_bytes(), kind, to.clone());
        }
        let node = Arc::downgrade(self);
        let serve = move |requests: Receiver<Received>| {
            let mut sequence = FIRST_SEQUENCE - 1;
            while let Ok(request) = requests.recv() {
                let Some(node) = node.upgrade() else { return };
                if let Some(outcome) = node.serve(&request) {
                    sequence += 1;
                    node.answer(&request, outcome, sequence);
                }
            }
        };
        self.spawn("system-service", move || serve(requests));
        Ok(())
    }

    /// Does what is asked; `None` is not to be answered.
    fn serve(&self, request: &Received) -> Option<Result<(), (u16, String)>> {
        if request.kind == InternalKind::Reload {
            return Some(self.reload().map_err(|text| (500, text)));
        }
        let what = match request.kind {
            InternalKind::Kick => "kick",
            _ => "ldm",
        };
        match serde_json::from_slice::<ClientRequest>(&request.payload) {
            Ok(body) if request.kind == InternalKind::Kick => Some(self.kick(body.cid)),
            Ok(body) => Some(self.notify_lame_duck(body.cid)),
            Err(error) => {
                let log = &self.server().shared().log;
                log.error(format_args!(
                    "Error unmarshalling {what} client request: {error}"
                ));
                None
            }
        }
    }

    fn kick(&self, cid: u64) -> Result<(), (u16, String)> {
        let _nobody_moves = self.server().shared().moves.read_recursive();
        for handle in self.server().shared().all_shards() {
            let (answer, received) = sync_channel(1);
            handle
                .mailbox
                .send(Mail::Control(Box::new(Control::Kick(cid, answer))));
            if received.recv_timeout(ANSWER_PATIENCE) == Ok(true) {
                return Ok(());
            }
        }
        Err((500, "no such client or leafnode id".to_owned()))
    }

    fn notify_lame_duck(&self, cid: u64) -> Result<(), (u16, String)> {
        let _nobody_moves = self.server().shared().moves.read_recursive();
        for handle in self.server().shared().all_shards() {
            let (answer, received) = sync_channel(1);
            let control = Control::NotifyLameDuck(cid, answer);
            handle.mailbox.send(Mail::Control(Box::new(control)));
            match received.recv_timeout(ANSWER_PATIENCE) {
                Ok(Some(true)) => return Ok(()),
                Ok(Some(false)) => {
                    let text = "client does not support Lame Duck Mode or is not ready to \
                                receive the notification";
                    return Err((500, text.to_owned()));
                }
                Ok(None) | Err(_) => {}
            }
        }
        Err((500, "no such client id".to_owned()))
    }

    fn answer(&self, request: &Received, outcome: Result<(), (u16, String)>, sequence: u64) {
        if request.reply.is_empty() {
            return;
        }
        let shared = self.server().shared();
        let Some(account) = shared.accounts.by_id(request.account) else {
            return;
        };
        let options = self.options();
        let body = compact(&Answer {
            server: ServerPart {
                name: &shared.identity.name,
                host: &options.host,
                id: &shared.identity.id,
                ver: VERSION,
                jetstream: false,
                flags: 0,
                seq: sequence,
                time: Utc(SystemTime::now()),
            },
            error: outcome
                .err()
                .map(|(code, description)| ErrorPart { code, description }),
        });
        let message = InternalMessage {
            account,
            subject: request.reply.clone(),
            reply: Vec::new(),
            header_len: 0,
            body,
        };
        if let Some(handle) = shared.shard(0) {
            handle.mailbox.send(Mail::Publish(Box::new(message)));
        }
    }
}
