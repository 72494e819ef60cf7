//! What a connection tells, and its options.

use async_nats::ConnectOptions;
use async_nats::connection::State;

use crate::harness::{Context, Fault, Outcome, ensure, equal, take, texts};

pub async fn server_info(t: Context) -> Outcome {
    let connection = t.open().await?;
    let info = connection.server_info();
    let numbers: Vec<bool> = info
        .version
        .split('.')
        .map(|n| n.parse::<u32>().is_ok())
        .collect();
    equal(numbers, vec![true; 3], "version in three numbers")?;
    ensure(connection.is_server_compatible(2, 2, 0), "old server")?;
    equal(info.max_payload, 1024 * 1024, "max_payload")?;
    equal(info.host.as_str(), "127.0.0.1", "host")?;
    equal(info.client_ip.as_str(), "127.0.0.1", "client_ip")?;
    ensure(
        info.headers && info.client_id > 0,
        "headers or client_id is missing",
    )?;
    ensure(
        info.server_id.len() == 56 && info.server_id.starts_with('N'),
        "server_id",
    )?;
    equal(connection.connection_state(), State::Connected, "state")
}

pub async fn verbose_and_pedantic(_: Context) -> Outcome {
    Err(Fault::Skipped("the client has no such options"))
}

pub async fn no_echo(t: Context) -> Outcome {
    let silent = t.connect("open", ConnectOptions::new().no_echo()).await?;
    let other = t.open().await?;
    let mut subscriber = silent.subscribe("echo").await?;
    silent.publish("echo", "mine".into()).await?;
    // Without echo there is no round trip through a message of one's own, but a request to nobody is one.
    let nobody = silent.request("nobody", "".into()).await;
    ensure(nobody.is_err(), "somebody answered")?;
    other.publish("echo", "of another".into()).await?;
    equal(
        texts(&take(&mut subscriber, 1).await?),
        ["of another"],
        "messages",
    )
}

pub async fn flush_and_rtt(t: Context) -> Outcome {
    let connection = t.open().await?;
    for _ in 0..5 {
        connection.flush().await?;
    }
    connection.settle().await
}
