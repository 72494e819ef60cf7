//! What the `nats` tool needs of a client and async-nats does not have (docs/ARCHITECTURE.md, "The clients"). Each test
//! says what is so today. One that fails after an update of the library means: look again where the tool can use it.
//!
//! A server of a few lines answers what a test wants it to.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event};
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;

/// Longest time something may take that comes.
const PATIENCE: Duration = Duration::from_secs(10);

const INFO: &str = r#"INFO {"server_id":"S","version":"2.15.1","headers":true,"max_payload":1048576,"api_lvl":77,"remote_account":"the-account","acc_is_sys":true}"#;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The server's side of one connection that has logged in.
struct Server {
    socket: TcpStream,
    /// Lines that the client has sent since.
    lines: Receiver<String>,
}

impl Server {
    fn send(&mut self, bytes: &str) -> Outcome {
        Ok(self.socket.write_all(bytes.as_bytes())?)
    }

    /// Waits for a line that starts so; gives those before it.
    fn wait_for(&self, start: &str) -> Outcome<Vec<String>> {
        let mut before = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE)?;
            if line.starts_with(start) {
                return Ok(before);
            }
            before.push(line);
        }
    }

    /// Lines up to the end of the connection.
    fn rest(self) -> Vec<String> {
        self.lines.iter().collect()
    }
}

fn read_lines(socket: TcpStream, lines: &Sender<String>) {
    for line in BufReader::new(socket).lines() {
        let Ok(line) = line else { return };
        if lines.send(line).is_err() {
            return;
        }
    }
}

fn accept(listener: &TcpListener) -> Outcome<Server> {
    let (mut socket, _) = listener.accept()?;
    socket.write_all(format!("{INFO}\r\n").as_bytes())?;
    let (sender, lines) = channel();
    let input = socket.try_clone()?;
    thread::spawn(move || read_lines(input, &sender));
    let mut server = Server { socket, lines };
    server.wait_for("PING")?;
    server.send("PONG\r\n")?;
    Ok(server)
}

type Events = Arc<Mutex<Vec<Event>>>;

/// A client and the server's side of it.
async fn connect() -> Outcome<(Client, Server, Events)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = tokio::task::spawn_blocking(move || accept(&listener));
    let events = Events::default();
    let seen = Arc::clone(&events);
    let options = ConnectOptions::new().event_callback(move |event| {
        if let Ok(mut seen) = seen.lock() {
            seen.push(event);
        }
        async {}
    });
    let client = options.connect(address.to_string()).await?;
    Ok((client, server.await??, events))
}

fn happened(events: &Events, condition: impl Fn(&Event) -> bool) -> bool {
    events
        .lock()
        .is_ok_and(|events| events.iter().any(condition))
}

/// Waits until this has happened.
async fn until(events: &Events, wanted: &Event) -> Outcome {
    let wait = async {
        while !happened(events, |event| event == wanted) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    Ok(timeout(PATIENCE, wait).await?)
}

/// `nats pub` to a subject that is not allowed has to fail: the tool asks the server for a sign of life and looks what it
/// said before that. `nats rtt` measures just this. Here neither a flush nor a drain asks and waits.
#[tokio::test]
async fn no_call_waits_until_the_server_has_seen_a_publish() -> Outcome {
    let (client, mut server, events) = connect().await?;
    client.publish("denied", "x".into()).await?;
    timeout(PATIENCE, client.flush()).await??;
    timeout(PATIENCE, client.drain()).await??;
    until(&events, &Event::Closed).await?;
    // All of it is over for the client, and the server has not said a word yet.
    server.wait_for("PUB denied")?;
    let _ = server.send("-ERR 'Permissions Violation for Publish to \"denied\"'\r\nPONG\r\n");
    assert!(!happened(&events, |event| matches!(
        event,
        Event::ServerError(_)
    )));
    Ok(())
}

/// The same with a connection that goes on: nothing that the server could answer is sent.
#[tokio::test]
async fn a_flush_asks_the_server_nothing() -> Outcome {
    let (client, server, _) = connect().await?;
    client.publish("a", "x".into()).await?;
    timeout(PATIENCE, client.flush()).await??;
    drop(client);
    let lines = tokio::task::spawn_blocking(|| server.rest()).await?;
    assert!(
        lines.iter().any(|line| line.starts_with("PUB a")),
        "{lines:?}"
    );
    assert!(!lines.iter().any(|line| line == "PING"), "{lines:?}");
    Ok(())
}

/// Anybody may publish a header block that is none. `nats sub` has to show the message, and what comes after it.
#[tokio::test]
async fn a_header_block_that_is_none_ends_the_connection() -> Outcome {
    let (client, mut server, events) = connect().await?;
    let mut subscription = client.subscribe("a").await?;
    client.flush().await?;
    server.wait_for("SUB a")?;
    server.send("HMSG a 1 9 11\r\nnonsense!hi\r\nMSG a 1 2\r\nhi\r\n")?;
    until(&events, &Event::Disconnected).await?;
    let next = subscription.next().now_or_never();
    assert!(next.is_none(), "{next:?}");
    Ok(())
}

/// The tool shows headers as they were sent, and sends them as they were given.
#[tokio::test]
async fn headers_lose_their_order() -> Outcome {
    let (client, mut server, _) = connect().await?;
    let mut subscription = client.subscribe("a").await?;
    client.flush().await?;
    server.wait_for("SUB a")?;
    let sent: Vec<String> = (0..16).map(|number| format!("H{number}")).collect();
    let lines: String = sent.iter().map(|name| format!("{name}: v\r\n")).collect();
    let block = format!("NATS/1.0\r\n{lines}\r\n");
    server.send(&format!("HMSG a 1 {0} {0}\r\n{block}\r\n", block.len()))?;
    let message = timeout(PATIENCE, subscription.next())
        .await?
        .ok_or("no message")?;
    let headers = message.headers.ok_or("no headers")?;
    let got: Vec<String> = headers.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(got.len(), sent.len());
    assert_ne!(got, sent, "the order is kept");
    Ok(())
}

/// `nats account info`, `nats stream add` and others look at these.
#[tokio::test]
async fn the_info_of_a_server_is_cut_down() -> Outcome {
    let (client, _server, _) = connect().await?;
    let info = format!("{:?}", client.server_info());
    assert!(info.contains("2.15.1"), "{info}");
    for value in ["77", "the-account", "acc_is_sys"] {
        assert!(!info.contains(value), "{info}");
    }
    Ok(())
}

/// An account may allow less than its server; that is told with a second INFO.
#[tokio::test]
async fn the_limit_of_an_account_is_not_read() -> Outcome {
    let (client, mut server, _) = connect().await?;
    server.send("INFO {\"server_id\":\"S\",\"max_payload\":100}\r\nPING\r\n")?;
    tokio::task::spawn_blocking(move || server.wait_for("PONG").map(|_| server)).await??;
    assert_eq!(client.max_payload(), 1_048_576);
    Ok(())
}

/// Whoever answers on the port may send what is no NATS. The tool takes 1 MiB of it.
#[tokio::test]
async fn a_line_may_be_as_long_as_it_likes() -> Outcome {
    let (_client, mut server, events) = connect().await?;
    server.send("INFO ")?;
    let sent = tokio::task::spawn_blocking(move || {
        let sent = (0..8).try_for_each(|_| server.send(&"x".repeat(1 << 20)));
        sent.map(|()| server)
    });
    let server = timeout(PATIENCE, sent).await???;
    assert!(!happened(&events, |event| *event == Event::Disconnected));
    drop(server);
    Ok(())
}

/// The tool says what it cannot read, and goes on.
#[tokio::test]
async fn an_error_without_a_text_is_a_panic() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let server = tokio::task::spawn_blocking(move || {
        let (mut socket, _) = listener.accept()?;
        socket.write_all(b"-ERR\r\n")
    });
    let connected = tokio::spawn(async_nats::connect(address)).await;
    assert!(connected.is_err_and(|error| error.is_panic()));
    Ok(server.await??)
}
