//! The reading thread: input to operations to subscriptions, and a new
//! connection when this one breaks.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use super::dial::{Dialled, dial};
use super::link::Link;
use super::options::reconnect_delay;
use super::protocol::{Op, Parsed, parse};
use super::shared::{Shared, lock};
use super::subscription::{Entry, Handler};
use super::{ClientError, Endpoint, Event, MessageRef, ServerInfo};

/// Bytes that are read at a time.
const READ: usize = 128 * 1024;
/// Subscriptions that are looked up without a lock. Inboxes come and go; what
/// has ended is not kept for good.
const MAX_KNOWN: usize = 64;
/// Questions for a sign of life that the server may leave without an answer, as
/// with other clients.
const MAX_UNANSWERED: u32 = 2;

/// Reads until the connection is closed for good.
pub fn read_loop(shared: &Shared, link: Arc<Link>, rest: Vec<u8>) {
    let mut link = link;
    let mut rest = rest;
    loop {
        let why = read_link(shared, &link, std::mem::take(&mut rest));
        if lock(&shared.state).closed {
            return;
        }
        {
            let mut output = lock(&shared.output);
            output.link = None;
            // Whoever waits for a PONG would wait in vain.
            let mut state = lock(&shared.state);
            state.pongs = state.pings;
            state.breaks += 1;
        }
        shared.changed.notify_all();
        if !shared.options.reconnect {
            give_up(shared, &why);
            return;
        }
        shared.event(&Event::Disconnected(why.to_string()));
        match reconnect(shared) {
            Some(made) => (link, rest) = made,
            None => return,
        }
    }
}

/// Makes the connection anew; nothing if it was closed meanwhile.
pub fn reconnect(shared: &Shared) -> Option<(Arc<Link>, Vec<u8>)> {
    connect_again(shared).map(|dialled| resume(shared, dialled))
}

fn give_up(shared: &Shared, why: &ClientError) {
    lock(&shared.state).closed = true;
    shared.changed.notify_all();
    shared.end_waiting();
    for entry in lock(&shared.subscriptions).values() {
        if let Handler::Queue(queue) = &entry.handler {
            queue.close();
        }
    }
    shared.event(&Event::Closed(why.to_string()));
}

/// Reads one link until it breaks; gives the reason.
fn read_link(shared: &Shared, link: &Link, rest: Vec<u8>) -> ClientError {
    let mut input = rest;
    let mut filled = input.len();
    // Subscriptions this thread has seen: looking up needs no lock then.
    let mut known: HashMap<u64, Arc<Entry>> = HashMap::new();
    let mut reported = None;
    let mut unanswered = 0;
    if let Err(error) = link.set_patience(Some(shared.options.ping_after)) {
        return ClientError::Other(crate::format::io_error(&error));
    }
    loop {
        let mut at = 0;
        let mut missing = 1;
        let mut messages = 0;
        let mut bytes = 0;
        while at < filled {
            match parse(input.get(at..filled).unwrap_or_default()) {
                Ok(Parsed::Op(Op::Message { sid, message }, used)) => {
                    messages += 1;
                    bytes += message.payload.len() as u64;
                    deliver(shared, &mut known, sid, message);
                    at += used;
                }
                Ok(Parsed::Op(op, used)) => {
                    if let Some(error) = act(shared, link, op) {
                        reported = Some(error);
                    }
                    at += used;
                }
                Ok(Parsed::Incomplete(count)) => {
                    missing = count;
                    break;
                }
                Err(error) => return error,
            }
        }
        if messages > 0 {
            shared.messages_in.fetch_add(messages, Ordering::Relaxed);
            shared.bytes_in.fetch_add(bytes, Ordering::Relaxed);
        }
        input.copy_within(at..filled, 0);
        filled -= at;
        // A large message gets room as fast as it arrives.
        let room = filled + missing.min(filled).max(READ);
        if input.len() < room {
            input.resize(room, 0);
        }
        match link.read(input.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => {
                return reported.unwrap_or_else(|| ClientError::Other("EOF".to_owned()));
            }
            Ok(count) => {
                filled += count;
                unanswered = 0;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if unanswered == MAX_UNANSWERED {
                    return ClientError::Other("nats: stale connection".to_owned());
                }
                unanswered += 1;
                // A link that is broken shows when it is read.
                let _ = shared.ping();
            }
            Err(error) => {
                return reported
                    .unwrap_or_else(|| ClientError::Other(crate::format::io_error(&error)));
            }
        }
    }
}

fn deliver(
    shared: &Shared,
    known: &mut HashMap<u64, Arc<Entry>>,
    sid: u64,
    message: MessageRef<'_>,
) {
    if !known.contains_key(&sid) {
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        let Some(entry) = lock(&shared.subscriptions).get(&sid).cloned() else {
            return;
        };
        known.insert(sid, entry);
    }
    let Some(entry) = known.get(&sid) else {
        return;
    };
    match &entry.handler {
        Handler::Call(handler) => lock(handler)(message),
        Handler::Queue(queue) => {
            if !queue.push(message) {
                let text = format!(
                    "nats: slow consumer, messages dropped on subscription on \"{}\"",
                    entry.subject
                );
                shared.event(&Event::Error(ClientError::Other(text)));
            }
        }
    }
}

/// Acts on an operation; gives the error that the server reported.
fn act(shared: &Shared, link: &Link, op: Op<'_>) -> Option<ClientError> {
    match op {
        Op::Ping => {
            let mut output = lock(&shared.output);
            // A broken link shows when it is read.
            let pending = std::mem::take(&mut output.buffer);
            let _ = link.write_all(&pending);
            let _ = link.write_all(b"PONG\r\n");
            None
        }
        Op::Pong => {
            let mut state = lock(&shared.state);
            state.pongs = (state.pongs + 1).min(state.pings);
            state.answered = state.pongs;
            drop(state);
            shared.changed.notify_all();
            None
        }
        Op::Info(json) => {
            if let Ok(info) = serde_json::from_slice::<ServerInfo>(json) {
                let mut state = lock(&shared.state);
                let news: Vec<String> = info
                    .connect_urls
                    .iter()
                    .filter(|url| !state.info.connect_urls.contains(url))
                    .cloned()
                    .collect();
                state.info = info;
                drop(state);
                if !news.is_empty() {
                    shared.event(&Event::Discovered(news));
                }
            }
            None
        }
        Op::Err(text) => {
            let error = ClientError::reported(text);
            lock(&shared.state).last_error = Some(error.clone());
            shared.event(&Event::Error(error.clone()));
            Some(error)
        }
        Op::Ok | Op::Message { .. } => None,
    }
}

/// Tries servers until one accepts; nothing if the connection was closed.
fn connect_again(shared: &Shared) -> Option<(Endpoint, Dialled)> {
    for attempt in 0u32.. {
        let delay = reconnect_delay(attempt);
        shared.event(&Event::ReconnectDelay(delay));
        thread::sleep(delay);
        for endpoint in servers(shared) {
            if lock(&shared.state).closed {
                return None;
            }
            match dial(&endpoint, &shared.options) {
                Ok(dialled) => return Some((endpoint, dialled)),
                Err(error) => shared.event(&Event::ReconnectFailed(error.to_string())),
            }
        }
    }
    None
}

/// The servers of the options, then those that a server told about.
fn servers(shared: &Shared) -> Vec<Endpoint> {
    let mut servers = shared.options.servers.clone();
    let state = lock(&shared.state);
    let Some(teller) = state.endpoint.as_ref().or(servers.first()).cloned() else {
        return servers;
    };
    for address in &state.info.connect_urls {
        // What is no address of a server is none of the servers.
        if let Ok(endpoint) = teller.told(address)
            && !servers
                .iter()
                .any(|known| known.address() == endpoint.address())
        {
            servers.push(endpoint);
        }
    }
    servers
}

/// Subscribes again and sends what waited.
fn resume(shared: &Shared, (endpoint, dialled): (Endpoint, Dialled)) -> (Arc<Link>, Vec<u8>) {
    let Dialled { link, info, rest } = dialled;
    let link = Arc::new(link);
    let peer = link.peer;
    {
        let mut state = lock(&shared.state);
        state.info = info;
        state.endpoint = Some(endpoint.clone());
    }
    let mut lines = String::new();
    for (sid, entry) in lock(&shared.subscriptions).iter() {
        let space = if entry.queue.is_empty() { "" } else { " " };
        lines.push_str(&format!(
            "SUB {}{space}{} {sid}\r\n",
            entry.subject, entry.queue
        ));
    }
    let mut output = lock(&shared.output);
    let mut pending = lines.into_bytes();
    pending.append(&mut output.buffer);
    // A link that breaks again is noticed by the next read.
    let _ = link.write_all(&pending);
    output.link = Some(Arc::clone(&link));
    drop(output);
    shared.event(&Event::Reconnected(endpoint.to_string(), peer.to_string()));
    (link, rest)
}
