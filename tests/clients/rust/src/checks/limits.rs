//! Payload sizes and permissions.

use async_nats::{ConnectOptions, HeaderMap, PublishErrorKind};

use crate::harness::{Connection, Context, Outcome, ensure, equal, fail, present, take, texts};

const MIB: usize = 1024 * 1024;

async fn large_payload(t: Context, server: &str, size: usize) -> Outcome {
    let publisher = t.connect(server, ConnectOptions::new()).await?;
    let subscriber = t.connect(server, ConnectOptions::new()).await?;
    let mut subscription = subscriber.subscribe("large").await?;
    subscriber.settle().await?;
    let bytes: Vec<u8> = (0..size as u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    publisher.publish("large", bytes.clone().into()).await?;
    publisher.publish("large", "small".into()).await?;
    let messages = take(&mut subscription, 2).await?;
    ensure(messages[0].payload == bytes, "the payload differs")
}

pub async fn large_payload_1mib(t: Context) -> Outcome {
    large_payload(t, "open", MIB).await
}

pub async fn large_payload_4mib(t: Context) -> Outcome {
    large_payload(t, "large", 4 * MIB).await
}

pub async fn max_payload_client(t: Context) -> Outcome {
    let connection = t.open().await?;
    let mut subscription = connection.subscribe("limit").await?;
    let mut headers = HeaderMap::new();
    headers.insert("A", "counts too");
    let too_large = [
        connection.publish("limit", vec![0; MIB + 1].into()).await,
        connection
            .publish_with_headers("limit", headers, vec![0; MIB].into())
            .await,
    ];
    for result in too_large {
        match result {
            Ok(()) => return fail("the payload was accepted"),
            Err(error) => equal(
                error.kind(),
                PublishErrorKind::MaxPayloadExceeded,
                "the error",
            )?,
        }
    }
    connection.publish("limit", "small".into()).await?;
    equal(
        texts(&take(&mut subscription, 1).await?),
        ["small"],
        "messages",
    )
}

pub async fn max_payload_server(t: Context) -> Outcome {
    let connection = t.connect("payload", ConnectOptions::new()).await?;
    equal(connection.server_info().max_payload, 1024, "max_payload")?;
    t.control("reload", "payload", "payload_small").await?;
    connection.publish("limit", vec![0; 64].into()).await?;
    connection.settle().await?;
    connection.publish("limit", vec![0; 65].into()).await?;
    connection.server_error("maximum payload violation").await?;
    let informed = t.connect("payload", ConnectOptions::new()).await?;
    equal(informed.server_info().max_payload, 64, "max_payload")
}

async fn limited(t: Context) -> Outcome<Connection> {
    let options = ConnectOptions::with_user_and_password("limited".into(), "l-secret".into());
    t.connect("permissions", options).await
}

async fn admin(t: Context) -> Outcome<Connection> {
    let options = ConnectOptions::with_user_and_password("admin".into(), "admin-secret".into());
    t.connect("permissions", options).await
}

/// The connection is the one it was, and passes messages.
async fn still_works(connection: &Connection, id: u64) -> Outcome {
    let mut subscription = connection.subscribe("open.still").await?;
    connection.publish("open.still", "yes".into()).await?;
    take(&mut subscription, 1).await?;
    equal(connection.server_info().client_id, id, "client_id")
}

pub async fn permission_publish(t: Context) -> Outcome {
    let (connection, witness) = (limited(t).await?, admin(t).await?);
    let mut everything = witness.subscribe(">").await?;
    witness.settle().await?;
    present(&mut everything);
    let id = connection.server_info().client_id;
    connection
        .publish("closed.subject", "not allowed".into())
        .await?;
    connection.publish("open.subject", "allowed".into()).await?;
    connection
        .server_error("permissions violation for publish to \"closed.subject\"")
        .await?;
    still_works(&connection, id).await?;
    equal(
        texts(&take(&mut everything, 2).await?),
        ["allowed", "yes"],
        "messages",
    )
}

pub async fn permission_subscribe(t: Context) -> Outcome {
    let (connection, witness) = (limited(t).await?, admin(t).await?);
    let id = connection.server_info().client_id;
    let mut plain = connection.subscribe("closed.plain").await?;
    let _queue = connection
        .queue_subscribe("closed.queue", "workers".into())
        .await?;
    connection
        .server_error("permissions violation for subscription to \"closed.plain\"")
        .await?;
    connection
        .server_error(
            "permissions violation for subscription to \"closed.queue\" using queue \"workers\"",
        )
        .await?;
    witness.publish("closed.plain", "secret".into()).await?;
    witness.settle().await?;
    still_works(&connection, id).await?;
    equal(present(&mut plain).len(), 0, "messages")
}
