//! Request and reply: one answer, none.

use std::time::{Duration, Instant};

use async_nats::{HeaderMap, Request, RequestErrorKind};
use futures_util::StreamExt;

use crate::harness::{Connection, Context, Fault, Outcome, ensure, equal, fail};

/// Answers each request on `upper` with its payload in capitals and its headers.
async fn serve(connection: Connection) -> Outcome {
    let mut requests = connection.subscribe("upper").await?;
    connection.settle().await?;
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let Some(reply) = request.reply else { continue };
            let answer = request.payload.to_ascii_uppercase().into();
            let headers = request.headers.unwrap_or_default();
            if connection
                .publish_with_headers(reply, headers, answer)
                .await
                .is_err()
            {
                break;
            }
        }
    });
    Ok(())
}

pub async fn request_reply(t: Context) -> Outcome {
    serve(t.open().await?).await?;
    let requester = t.open().await?;
    let mut headers = HeaderMap::new();
    headers.insert("Trace", "1");
    let answer = requester
        .request_with_headers("upper", headers.clone(), "hello".into())
        .await?;
    equal(&answer.payload[..], &b"HELLO"[..], "answer")?;
    equal(answer.headers, Some(headers), "headers of the answer")?;
    let own = Request::new()
        .payload("inbox".into())
        .inbox(requester.new_inbox());
    let answer = requester.send_request("upper", own).await?;
    equal(&answer.payload[..], &b"INBOX"[..], "answer to an own inbox")?;
    let requests = (0..100).map(|i| requester.request("upper", format!("a{i}").into()));
    for (i, answer) in futures_util::future::join_all(requests)
        .await
        .into_iter()
        .enumerate()
    {
        equal(&answer?.payload[..], format!("A{i}").as_bytes(), "answer")?;
    }
    Ok(())
}

pub async fn no_responders(t: Context) -> Outcome {
    let requester = t.open().await?;
    for inbox in [None, Some(requester.new_inbox())] {
        let mut request = Request::new().timeout(Some(Duration::from_secs(4)));
        if let Some(inbox) = inbox {
            request = request.inbox(inbox);
        }
        let start = Instant::now();
        match requester.send_request("nobody", request).await {
            Ok(_) => return fail("somebody answered"),
            Err(error) => equal(error.kind(), RequestErrorKind::NoResponders, "the error")?,
        }
        ensure(
            start.elapsed() < Duration::from_secs(1),
            "the error came late",
        )?;
    }
    Ok(())
}

pub async fn request_many(_: Context) -> Outcome {
    Err(Fault::Skipped("the client has no such call"))
}
