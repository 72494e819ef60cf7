//! Rare requests to a shard, and what it answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc;

use midge_identity::Decision;

use super::account_traffic::AccountFigures;
use crate::balance::Load;
use crate::jetstream::audit::ClientInfo;
use crate::monitor::subsz::{SubsQuery, SubsSnapshot};
use crate::monitor::{ConnQuery, ConnSnapshot};

/// A rare request.
pub(crate) enum Control {
    /// Describe these connections.
    Connections(ConnQuery, mpsc::SyncSender<ConnSnapshot>),
    /// Describe these subscriptions.
    Subscriptions(SubsQuery, mpsc::SyncSender<SubsSnapshot>),
    /// Say what the clients of each account have done.
    Accounts(mpsc::SyncSender<HashMap<u32, AccountFigures>>),

    /// Describe a client for events; `None` if it is not here.
    ClientInfo(u64, mpsc::SyncSender<Option<ClientInfo>>),

    /// Close a client on request; answers whether it was here.
    Kick(u64, mpsc::SyncSender<bool>),
    /// Send a client a lame duck notice. `None`: not here; `Some(false)`: it
    /// cannot take it.
    NotifyLameDuck(u64, mpsc::SyncSender<Option<bool>>),
    /// Send all clients that take it a lame duck notice.
    LameDuck,
    /// What the connections have done lately.
    Weigh(mpsc::SyncSender<Vec<Load>>),
    /// Which clients there are.
    ListClients(mpsc::SyncSender<Vec<u64>>),
    /// Close this client because the server shuts down.
    CloseForShutdown(u64),
    /// Close these clients because the connection limit was lowered.
    CloseSurplus(Vec<u64>),
    /// No member of a queue group has taken a request.
    NoResponders {
        /// Id of the connection that has sent it.
        cid: u64,
        /// Subject of the request.
        subject: Box<[u8]>,
        /// Its reply subject.
        reply: Box<[u8]>,
    },
    /// A slow check of credentials has ended.
    Authenticated {
        /// Slot of the connection.
        slot: u32,
        /// Its id.
        cid: u64,
        /// The client was in already; its credentials were looked at again.
        again: bool,
        /// Which settings of the shard it was asked under.
        settings: u64,
        /// What came out.
        decision: Box<Decision>,
    },
    /// Close everything and end the thread.
    Shutdown,
}

/// A message published by the server itself.
#[derive(Clone)]
pub(crate) struct InternalMessage {
    /// Account it is published in.
    pub(crate) account: Arc<crate::account::Account>,
    /// Subject.
    pub(crate) subject: Vec<u8>,
    /// Reply subject; empty for none.
    pub(crate) reply: Vec<u8>,
    /// Bytes of `body` that are the header block.
    pub(crate) header_len: usize,
    /// Header block and payload.
    pub(crate) body: Vec<u8>,
}
