//! Rare requests to a JetStream thread.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use midge_jetstream::config::StreamConfig;
use midge_jetstream::context::Settings;
use midge_jetstream::stream::Offline;
use midge_jetstream::stream::info::StreamInfo;
use midge_store::Nanos;

use super::AccountState;
use super::report::{Failures, Report, ReportQuery};
use crate::account::Account;

/// A request in the API, as it arrived.
pub(crate) struct ApiCall {
    /// Its account.
    pub(crate) account: Arc<Account>,
    /// Its subject.
    pub(crate) subject: Vec<u8>,
    /// Where the reply goes; empty for nowhere.
    pub(crate) reply: Vec<u8>,
    /// Header block.
    pub(crate) header: Vec<u8>,
    /// Body.
    pub(crate) body: Vec<u8>,
    /// Who made it, if somebody listens to audits.
    pub(crate) client: Option<Box<serde_json::value::RawValue>>,
}

/// A stream as it was found on disk.
pub(crate) struct FoundStream {
    /// Its account.
    pub(crate) account: Arc<Account>,
    /// What the stream is told of its account.
    pub(crate) settings: Arc<Settings>,
    /// Its configuration.
    pub(crate) config: StreamConfig,
    /// When it was made.
    pub(crate) created: Nanos,
}

/// What a stream is asked for in lists.
pub(crate) struct Asked {
    /// Account and name of each stream.
    pub(crate) streams: Vec<(u32, String)>,
    /// Where the answers go.
    pub(crate) answer: SyncSender<Vec<StreamInfo>>,
}

/// A rare request.
pub(crate) enum Command {
    /// To a worker: a request about one of its streams.
    Call(ApiCall),
    /// To a worker: make this stream, which the catalog has already, and answer
    /// the call.
    Create {
        call: ApiCall,
        config: Box<StreamConfig>,
        settings: Arc<Settings>,
    },
    /// To a worker: answer the call that wants to make a stream which is there.
    Created { call: ApiCall, stream: String },
    /// To a worker: change the configuration of a stream.
    Update {
        call: ApiCall,
        config: Box<StreamConfig>,
        old: Box<StreamConfig>,
    },
    /// To a worker: open a stream; answers what it is, or why it cannot be run.
    Recover {
        found: Box<FoundStream>,
        answer: SyncSender<Result<StreamConfig, Box<Offline>>>,
    },
    /// To a worker: describe these streams.
    Infos(Asked),
    /// To a worker: what the streams of an account are told has changed.
    Settings(u32, Arc<Settings>),
    /// To the API thread: a stream of an account that has JetStream now.
    Opened {
        state: Arc<AccountState>,
        recovered: Box<Result<StreamConfig, Box<Offline>>>,
    },
    /// To a worker and to the API thread: an account has no JetStream any more.
    EndAccount(u32),
    /// To a worker: how many consumers an account has.
    CountConsumers(u32, SyncSender<usize>),
    /// To a worker: describe the streams there.
    Report(Arc<ReportQuery>, SyncSender<Report>),
    /// To a worker: what it can not write.
    Failures(SyncSender<Failures>),
    /// To a worker: whether a stream has a consumer.
    HasConsumer {
        account: u32,
        stream: String,
        consumer: String,
        answer: SyncSender<bool>,
    },
    /// To the API thread: account and name of every stream.
    AllStreams(SyncSender<Vec<(u32, String)>>),
    /// To the API thread: a stream is gone, or could not be made.
    Removed { account: u32, stream: String },
    /// To the API thread: a stream could not take a new configuration.
    NotUpdated {
        account: u32,
        old: Box<StreamConfig>,
    },
    /// Write everything, answer, and end.
    Stop(SyncSender<()>),
}
