//! Speaks with run.py: reports checks, asks for servers (`../harness/suites.py` says how), and runs the checks.

use std::fmt::{Debug, Display};
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::{Client, ConnectOptions, Event, Message, Subscriber};
use futures_util::{FutureExt, StreamExt};
use tokio::task::unconstrained;
use tokio::time::{sleep, timeout};

/// Longest time a check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(45);
/// Longest time a condition may take to come true.
pub const WAIT_LIMIT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(2);

/// Why a check did not pass.
pub enum Fault {
    /// Something is not as it should be.
    Failed(String),
    /// The client cannot do this.
    Skipped(&'static str),
}

impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        Fault::Failed(error.to_string())
    }
}

pub type Outcome<T = ()> = Result<T, Fault>;
pub type CheckFuture = Pin<Box<dyn Future<Output = Outcome>>>;
/// A check's name and what it does.
pub type Check = (&'static str, fn(Context) -> CheckFuture);

pub fn fail<T>(text: impl Display) -> Outcome<T> {
    Err(Fault::Failed(text.to_string()))
}

pub fn ensure(condition: bool, text: impl Display) -> Outcome {
    if condition { Ok(()) } else { fail(text) }
}

pub fn equal<G: PartialEq<W> + Debug, W: Debug>(got: G, wanted: W, what: &str) -> Outcome {
    if got == wanted {
        return Ok(());
    }
    let text: String = format!("{what} is {got:?}, not {wanted:?}");
    fail(text.chars().take(400).collect::<String>())
}

/// Waits until `condition` gives a value.
pub async fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> Outcome<T> {
    let deadline = Instant::now() + WAIT_LIMIT;
    loop {
        if let Some(value) = condition() {
            return Ok(value);
        }
        if Instant::now() > deadline {
            return fail(format!("{what}: not within {WAIT_LIMIT:?}"));
        }
        sleep(POLL).await;
    }
}

/// Value of an environment variable that run.py sets.
pub fn setting(name: &str) -> Outcome<String> {
    std::env::var(name).or_else(|_| fail(format!("{name} is not set")))
}

/// The next `count` messages of a subscription.
pub async fn take(subscriber: &mut Subscriber, count: usize) -> Outcome<Vec<Message>> {
    let mut messages = Vec::with_capacity(count);
    while messages.len() < count {
        match timeout(WAIT_LIMIT, subscriber.next()).await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return fail(format!("ended after {} of {count}", messages.len())),
            Err(_) => return fail(format!("{} of {count} messages came", messages.len())),
        }
    }
    Ok(messages)
}

/// The messages that are there already. Without `unconstrained` tokio would hide some after a while of reading.
pub fn present(subscriber: &mut Subscriber) -> Vec<Message> {
    let mut next = || unconstrained(subscriber.next()).now_or_never().flatten();
    std::iter::from_fn(&mut next).collect()
}

pub fn texts(messages: &[Message]) -> Vec<String> {
    messages
        .iter()
        .map(|message| String::from_utf8_lossy(&message.payload).into_owned())
        .collect()
}

/// A connection and the events the client told about it.
#[derive(Clone)]
pub struct Connection {
    client: Client,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

fn locked(events: &Mutex<Vec<Event>>) -> MutexGuard<'_, Vec<Event>> {
    events.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connection {
    /// Returns when the server has processed everything sent before. The client's own flush only writes.
    pub async fn settle(&self) -> Outcome {
        let inbox = self.new_inbox();
        let mut subscriber = self.subscribe(inbox.clone()).await?;
        self.publish(inbox, "".into()).await?;
        take(&mut subscriber, 1).await?;
        Ok(())
    }

    pub fn events(&self) -> Vec<Event> {
        locked(&self.events).clone()
    }

    /// Waits for an event that fulfils the condition.
    pub async fn event(&self, what: &str, condition: impl Fn(&Event) -> bool) -> Outcome {
        until(what, || self.events().iter().any(&condition).then_some(())).await
    }

    /// Waits for a server error with this text, whatever its case and quotes.
    pub async fn server_error(&self, text: &str) -> Outcome {
        let wanted = text.to_lowercase();
        self.event(text, |event| match event {
            Event::ServerError(error) => error.to_string().to_lowercase().contains(&wanted),
            _ => false,
        })
        .await
    }
}

/// What a check has in hand.
#[derive(Clone, Copy)]
pub struct Context;

impl Context {
    /// Asks run.py to do something with one of the suite's servers; its address.
    pub async fn control(self, verb: &str, server: &str, more: &str) -> Outcome<String> {
        println!("{}", format!("@control {verb} {server} {more}").trim_end());
        let answer = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|_| line)
        })
        .await??;
        match answer.trim().strip_prefix("ok ") {
            Some(address) => Ok(address.to_owned()),
            None => fail(answer.trim()),
        }
    }

    /// Connects to the server made from `configs/<template>.conf` (`<template>:x`: another instance).
    pub async fn connect(self, server: &str, options: ConnectOptions) -> Outcome<Connection> {
        match self.try_connect(server, options).await? {
            Ok(connection) => Ok(connection),
            Err(error) => fail(format!("connect: {error}")),
        }
    }

    /// As `connect`; the client's own error is a result.
    pub async fn try_connect(
        self,
        server: &str,
        options: ConnectOptions,
    ) -> Outcome<Result<Connection, async_nats::ConnectError>> {
        let address = self.control("server", server, "").await?;
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        let connected = options
            .connection_timeout(WAIT_LIMIT)
            .reconnect_delay_callback(|_| Duration::from_millis(20))
            .event_callback(move |event| {
                locked(&seen).push(event);
                std::future::ready(())
            })
            .connect(format!("nats://{address}"))
            .await;
        Ok(connected.map(|client| Connection { client, events }))
    }

    /// A connection without credentials to the open server.
    pub async fn open(self) -> Outcome<Connection> {
        self.connect("open", ConnectOptions::new()).await
    }
}

fn report(kind: &str, name: &str, more: &str) {
    let flat: Vec<&str> = more.split_whitespace().collect();
    println!(
        "{}",
        format!("@check {kind} {name} {}", flat.join(" ")).trim_end()
    );
}

/// Runs the checks the environment names.
pub async fn run(checks: Vec<Check>) {
    let names = std::env::var("CLIENT_TEST_CHECKS").unwrap_or_default();
    for (name, check) in checks {
        if !names.split(',').any(|chosen| chosen == name) {
            continue;
        }
        report("begin", name, "");
        let start = Instant::now();
        let outcome = timeout(CHECK_LIMIT, check(Context)).await;
        let seconds = start.elapsed().as_secs_f64();
        match outcome {
            Ok(Ok(())) => report("ok", name, &format!("{seconds:.3}")),
            Ok(Err(Fault::Skipped(reason))) => report("skip", name, reason),
            Ok(Err(Fault::Failed(text))) => report("fail", name, &format!("{seconds:.3} {text}")),
            Err(_) => report("fail", name, &format!("{seconds:.3} took too long")),
        }
    }
    println!("@end");
}
