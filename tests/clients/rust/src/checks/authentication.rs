//! Every way to log in, and that nothing else gets in.

use async_nats::{ConnectErrorKind, ConnectOptions};

use crate::harness::{Context, Fault, Outcome, equal, fail, setting, take, texts};

async fn accepted(t: Context, server: &str, options: ConnectOptions) -> Outcome {
    let connection = t.connect(server, options).await?;
    let mut subscriber = connection.subscribe("hello").await?;
    connection.publish("hello", "world".into()).await?;
    equal(
        texts(&take(&mut subscriber, 1).await?),
        ["world"],
        "messages",
    )
}

async fn refused(t: Context, server: &str, options: ConnectOptions) -> Outcome {
    match t.try_connect(server, options).await? {
        Ok(_) => fail("was let in"),
        Err(error) => equal(
            error.kind(),
            ConnectErrorKind::AuthorizationViolation,
            "the error",
        ),
    }
}

fn token(text: &str) -> ConnectOptions {
    ConnectOptions::with_token(text.into())
}

fn user(name: &str, password: &str) -> ConnectOptions {
    ConnectOptions::with_user_and_password(name.into(), password.into())
}

fn nkey(name: &str) -> Outcome<ConnectOptions> {
    let seed = std::fs::read_to_string(setting(name)?)?;
    Ok(ConnectOptions::with_nkey(seed.trim().into()))
}

async fn creds(name: &str) -> Outcome<ConnectOptions> {
    Ok(ConnectOptions::with_credentials_file(setting(name)?).await?)
}

pub async fn auth_none(t: Context) -> Outcome {
    accepted(t, "open", ConnectOptions::new()).await
}

pub async fn auth_token(t: Context) -> Outcome {
    accepted(t, "token", token("t-secret")).await
}

pub async fn auth_bcrypt_token(t: Context) -> Outcome {
    accepted(t, "token_bcrypt", token("hashed-token")).await
}

pub async fn auth_token_refused(t: Context) -> Outcome {
    refused(t, "token", token("wrong")).await
}

pub async fn auth_missing_refused(t: Context) -> Outcome {
    refused(t, "token", ConnectOptions::new()).await
}

pub async fn auth_user_password(t: Context) -> Outcome {
    accepted(t, "users", user("alice", "a-secret")).await
}

pub async fn auth_url_user_password(_: Context) -> Outcome {
    Err(Fault::Skipped("the client takes no user from URLs"))
}

pub async fn auth_user_password_refused(t: Context) -> Outcome {
    refused(t, "users", user("alice", "b-secret")).await?;
    refused(t, "users", user("nobody", "a-secret")).await
}

pub async fn auth_bcrypt_password(t: Context) -> Outcome {
    accepted(t, "users", user("bob", "b-secret")).await
}

pub async fn auth_bcrypt_password_refused(t: Context) -> Outcome {
    refused(t, "users", user("bob", "a-secret")).await
}

pub async fn auth_nkey(t: Context) -> Outcome {
    accepted(t, "nkeys", nkey("CLIENT_TEST_NKEY_SEED")?).await
}

pub async fn auth_nkey_refused(t: Context) -> Outcome {
    refused(t, "nkeys", nkey("CLIENT_TEST_STRANGER_SEED")?).await
}

pub async fn auth_jwt(t: Context) -> Outcome {
    accepted(t, "operator", creds("CLIENT_TEST_CREDS").await?).await
}

pub async fn auth_jwt_refused(t: Context) -> Outcome {
    refused(t, "operator", creds("CLIENT_TEST_STRANGER_CREDS").await?).await
}

pub async fn auth_no_auth_user(t: Context) -> Outcome {
    let anonymous = t.connect("no_auth_user", ConnectOptions::new()).await?;
    let guest = t.connect("no_auth_user", user("guest", "g-secret")).await?;
    let alice = t.connect("no_auth_user", user("alice", "a-secret")).await?;
    let mut subscriber = anonymous.subscribe("news").await?;
    anonymous.settle().await?;
    alice.publish("news", "of another account".into()).await?;
    alice.settle().await?;
    guest.publish("news", "of the same account".into()).await?;
    equal(
        texts(&take(&mut subscriber, 1).await?),
        ["of the same account"],
        "messages",
    )
}

pub async fn auth_no_auth_user_refused(t: Context) -> Outcome {
    refused(t, "no_auth_user", user("guest", "wrong")).await
}
