//! The server goes away, comes back, or says that it will go.

use async_nats::{ConnectOptions, Event};

use crate::harness::{Connection, Context, Outcome, ensure, equal, take, texts, until};

/// Waits until the client has told of a disconnect and of a connect after it.
async fn reconnected(connection: &Connection) -> Outcome {
    until("reconnect", || {
        let events = connection.events();
        let lost = events
            .iter()
            .position(|event| matches!(event, Event::Disconnected))?;
        events[lost..]
            .iter()
            .any(|event| matches!(event, Event::Connected))
            .then_some(())
    })
    .await
}

async fn reconnects(t: Context, verb: &str) -> Outcome {
    let server = format!("open:{verb}");
    let connection = t.connect(&server, ConnectOptions::new()).await?;
    let publisher = t.connect(&server, ConnectOptions::new()).await?;
    let mut wild = connection.subscribe("after.*").await?;
    let mut group = connection
        .queue_subscribe("after.>", "workers".into())
        .await?;
    connection.settle().await?;
    publisher.publish("after.first", "before".into()).await?;
    take(&mut wild, 1).await?;
    take(&mut group, 1).await?;
    let id = connection.server_info().server_id;
    t.control(verb, &server, "").await?;
    reconnected(&connection).await?;
    reconnected(&publisher).await?;
    connection.settle().await?;
    ensure(connection.server_info().server_id != id, "the same server")?;
    for i in 0..100 {
        publisher
            .publish("after.restart", i.to_string().into())
            .await?;
    }
    let wanted: Vec<String> = (0..100).map(|i| i.to_string()).collect();
    equal(texts(&take(&mut wild, 100).await?), &wanted[..], "messages")?;
    equal(
        texts(&take(&mut group, 100).await?),
        &wanted[..],
        "messages of the group",
    )
}

pub async fn reconnect_after_restart(t: Context) -> Outcome {
    reconnects(t, "restart").await
}

pub async fn reconnect_after_kill(t: Context) -> Outcome {
    reconnects(t, "kill").await
}

pub async fn lame_duck(t: Context) -> Outcome {
    let connection = t.connect("open:lame", ConnectOptions::new()).await?;
    connection.settle().await?;
    t.control("lame_duck", "open:lame", "").await?;
    connection
        .event("the notice", |event| matches!(event, Event::LameDuckMode))
        .await?;
    connection.settle().await
}
