//! Consumers in their older forms: push consumers, and pulls one by one.

use std::time::Duration;

use super::consume::receive;
use super::plan::{Plan, Subjects};
use super::run::{Work, run};
use crate::client::{ClientError, Connection, Message};
use crate::failure::Result;
use crate::format::commas;
use crate::jetstream::Pull;
use crate::log;
use crate::output::Json;
use crate::session::Session;

/// What a kind of consumer needs.
struct Old {
    label: &'static str,
    push: bool,
    /// Without a name and acknowledgements.
    ordered: bool,
}

/// With an ordered push consumer for each client.
pub fn ordered(session: &mut Session) -> Result<()> {
    start(
        session,
        &Old {
            label: "JetStream ordered push consumer",
            push: true,
            ordered: true,
        },
    )
}

/// With a durable push consumer that all clients share.
pub fn push(session: &mut Session) -> Result<()> {
    start(
        session,
        &Old {
            label: "JetStream durable push consumer",
            push: true,
            ordered: false,
        },
    )
}

/// With a durable pull consumer that all clients share.
pub fn pull(session: &mut Session) -> Result<()> {
    start(
        session,
        &Old {
            label: "JetStream durable pull consumer",
            push: false,
            ordered: false,
        },
    )
}

fn start(session: &mut Session, old: &Old) -> Result<()> {
    let mut plan = Plan::read(old.label, &session.matches)?;
    let m = &session.matches;
    let stream = m.text("stream").unwrap_or_default().to_owned();
    let filter = if old.ordered {
        Subjects::read(m, plan.messages).pattern()
    } else {
        m.required_arg("subject").to_owned()
    };
    let consumer = if old.ordered {
        String::new()
    } else {
        m.text("consumer").unwrap_or_default().to_owned()
    };
    let acks = !old.ordered && m.on("ack");
    let double = !old.ordered && m.on("doubleack");
    let limit = match (old.push, old.ordered) {
        (true, false) => m.int("maxacks"),
        (false, _) => m.int("batch"),
        (true, true) => 0,
    };
    plan.note("stream", stream.as_str());
    log!("{}", plan.headline());
    log!("Using stream: {stream}");
    let timeout = session.timeout();
    let inbox = session.connect()?.new_inbox();
    let mut works: Vec<Work<'_>> = Vec::new();
    for number in 0..plan.clients {
        let connection = session.connect_another()?;
        let api = session.jetstream_with(connection.clone())?;
        let count = if old.ordered {
            plan.messages
        } else {
            plan.share(number)
        };
        log!(
            "[{}] Starting {}, expecting {} messages",
            number + 1,
            old.label,
            commas(count)
        );
        let inbox = if old.ordered {
            connection.new_inbox()
        } else {
            inbox.clone()
        };
        let messages = if old.push {
            let queue = if old.ordered { "" } else { "bench" };
            Some(connection.subscribe(&inbox, queue)?)
        } else {
            None
        };
        connection.flush(timeout)?;
        let mut config = Json::object()
            .with("deliver_policy", "all")
            .with("filter_subject", filter.as_str());
        config.set("ack_policy", if acks { "explicit" } else { "none" });
        config.set("replay_policy", "instant");
        if acks {
            config.set(
                "max_ack_pending",
                limit.max(1) * i64::try_from(plan.clients).unwrap_or(1),
            );
        }
        if old.push {
            config.set("deliver_subject", inbox.as_str());
            if !old.ordered {
                config.set("deliver_group", "bench");
            }
        }
        let name = if old.ordered {
            "CONSUMER.CREATE".to_owned()
        } else {
            "CONSUMER.DURABLE.CREATE".to_owned()
        };
        let name = if old.ordered {
            format!("{name}.{stream}")
        } else {
            format!("{name}.{stream}.{consumer}")
        };
        if !old.ordered {
            config.set("durable_name", consumer.as_str());
        }
        let request = Json::object()
            .with("stream_name", stream.as_str())
            .with("config", config);
        if number == 0 || old.ordered {
            api.request(&name, &request)?;
        }
        let (stream, consumer, sleep) = (stream.as_str(), consumer.as_str(), plan.sleep);
        works.push(Box::new(move |counter| match messages {
            Some(messages) => receive(count, sleep, counter, || {
                loop {
                    let message = match messages.next(timeout) {
                        Ok(message) => message,
                        Err(ClientError::Timeout) => return Ok(None),
                        Err(error) => return Err(error.into()),
                    };
                    if message.status() == 0 {
                        ack(&connection, &message, acks, double, timeout)?;
                        return Ok(Some(message.payload.len()));
                    }
                }
            }),
            None => {
                let batch = usize::try_from(limit.max(1)).unwrap_or(1);
                let mut pull = Pull::new(&api, stream, consumer, batch)?;
                receive(count, sleep, counter, || match pull.next(timeout)? {
                    Some((message, _)) => {
                        ack(&connection, &message, acks, double, timeout)?;
                        Ok(Some(message.payload.len()))
                    }
                    None => Ok(None),
                })
            }
        }));
    }
    run(&plan, 'S', works)
}

fn ack(
    connection: &Connection,
    message: &Message,
    acks: bool,
    double: bool,
    timeout: Duration,
) -> Result<()> {
    if acks && double {
        connection.request(&message.reply, None, b"+ACK", timeout)?;
    } else if acks {
        connection.publish(&message.reply, "", None, b"+ACK")?;
    }
    Ok(())
}
