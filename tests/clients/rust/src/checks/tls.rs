//! TLS as the server asks for it: after INFO, before INFO, with a client certificate.

use async_nats::{ConnectErrorKind, ConnectOptions};

use crate::harness::{Connection, Context, Outcome, ensure, equal, fail, setting, take};

fn trusting(authority: &str) -> Outcome<ConnectOptions> {
    Ok(ConnectOptions::new().add_root_certificates(setting(authority)?.into()))
}

async fn works(connection: Connection) -> Outcome {
    ensure(
        connection.server_info().tls_required,
        "tls_required is missing",
    )?;
    let mut subscriber = connection.subscribe("secret").await?;
    connection
        .publish("secret", vec![b'x'; 100_000].into())
        .await?;
    equal(
        take(&mut subscriber, 1).await?[0].payload.len(),
        100_000,
        "length",
    )
}

pub async fn tls_required(t: Context) -> Outcome {
    works(t.connect("tls", trusting("CLIENT_TEST_CA")?).await?).await
}

pub async fn tls_untrusted_refused(t: Context) -> Outcome {
    match t
        .try_connect("tls", trusting("CLIENT_TEST_OTHER_CA")?)
        .await?
    {
        Ok(_) => fail("the certificate was accepted"),
        Err(error) => {
            let text = format!("{error:?}").to_lowercase();
            ensure(
                text.contains("certificate"),
                format!("another error: {text}"),
            )
        }
    }
}

pub async fn tls_handshake_first(t: Context) -> Outcome {
    works(
        t.connect("tls_first", trusting("CLIENT_TEST_CA")?.tls_first())
            .await?,
    )
    .await
}

pub async fn tls_mutual(t: Context) -> Outcome {
    let options = trusting("CLIENT_TEST_CA")?.add_client_certificate(
        setting("CLIENT_TEST_CERT")?.into(),
        setting("CLIENT_TEST_KEY")?.into(),
    );
    works(t.connect("tls_mutual", options).await?).await
}

pub async fn tls_mutual_refused(t: Context) -> Outcome {
    match t
        .try_connect("tls_mutual", trusting("CLIENT_TEST_CA")?)
        .await?
    {
        Ok(_) => fail("was let in"),
        Err(error) => ensure(
            error.kind() != ConnectErrorKind::TimedOut,
            "no refusal, but silence",
        ),
    }
}
