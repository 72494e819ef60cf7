//! Connections to servers that do not behave, or go away.

use std::io::{BufRead, Write};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::scripted::{INFO, PATIENCE, greet, read_to_ping, server};
use super::{ClientError, Connection, Event};

/// The error of a connect to a server that sends just this.
fn greeting_error(text: Vec<u8>) -> String {
    let (options, thread) = server(move |mut socket| {
        // The other side may have had enough before all is written.
        let _ = socket.write_all(&text);
        let _ = std::io::copy(&mut socket, &mut std::io::sink());
    });
    let error = Connection::connect(options).unwrap_err().to_string();
    thread.join().unwrap();
    error
}

#[test]
fn a_bad_greeting_ends_the_connect() {
    let endless = [b"INFO ".to_vec(), vec![b'x'; 2 << 20]].concat();
    assert!(greeting_error(endless).starts_with("nats: protocol error: INFO xx"));
    assert!(greeting_error(b"INFO nonsense\r\n".to_vec()).contains("INFO cannot be read"));
    assert!(greeting_error(b"HTTP/1.1 400\r\n".to_vec()).starts_with("nats: protocol error: HTTP"));
    assert!(greeting_error(b"MSG a 1 100000000\r\n".to_vec()).starts_with("nats: protocol error"));
    let early = format!("{INFO}MSG a 1 2\r\nhi\r\n").into_bytes();
    assert_eq!(
        greeting_error(early),
        "nats: protocol error: a message before the login"
    );
}

#[test]
fn a_flush_fails_when_the_connection_breaks() {
    let (options, thread) = server(|socket| drop(read_to_ping(&mut greet(socket))));
    let connection = Connection::connect(options).unwrap();
    assert_eq!(connection.flush(PATIENCE), Err(ClientError::Closed));
    connection.close();
    thread.join().unwrap();
}

#[test]
fn a_flush_ends_behind_what_the_server_says_of_the_messages_before_it() {
    let (options, thread) = server(|socket| {
        let mut lines = greet(socket);
        read_to_ping(&mut lines);
        let answer = b"-ERR 'Permissions Violation for Publish to \"a\"'\r\nPONG\r\n";
        lines.get_mut().write_all(answer).unwrap();
    });
    let connection = Connection::connect(options).unwrap();
    connection.publish("a", "", None, b"x").unwrap();
    connection.flush(PATIENCE).unwrap();
    let error = connection.take_error().unwrap().to_string();
    assert!(error.contains("Publish to \"a\""), "{error}");
    connection.close();
    thread.join().unwrap();
}

#[test]
fn headers_keep_their_order_and_a_block_that_is_none_breaks_nothing() {
    let (options, thread) = server(|socket| {
        let mut lines = greet(socket);
        read_to_ping(&mut lines);
        let messages = "HMSG a 1 9 11\r\nnonsense!hi\r\nHMSG a 1 24 24\r\nNATS/1.0\r\nB: 1\r\nA: 2\r\n\r\n\r\nPONG\r\n";
        lines.get_mut().write_all(messages.as_bytes()).unwrap();
        let _ = std::io::copy(lines.get_mut(), &mut std::io::sink());
    });
    let connection = Connection::connect(options).unwrap();
    let subscription = connection.subscribe("a", "").unwrap();
    connection.flush(PATIENCE).unwrap();
    let odd = subscription.wait().unwrap();
    assert_eq!(
        (odd.payload.as_slice(), odd.headers.unwrap().is_empty()),
        (b"hi".as_slice(), true)
    );
    let headers = subscription.wait().unwrap().headers.unwrap();
    assert_eq!(headers.grouped(), vec![("B", vec!["1"]), ("A", vec!["2"])]);
    connection.close();
    thread.join().unwrap();
}

#[test]
fn an_impossible_message_breaks_the_connection() {
    let (mut options, thread) = server(|socket| {
        let mut lines = greet(socket);
        read_to_ping(&mut lines);
        let socket = lines.get_mut();
        socket.write_all(b"MSG a 1 999999999\r\n").unwrap();
        let _ = std::io::copy(socket, &mut std::io::sink());
    });
    options.reconnect = false;
    let connection = Connection::connect(options).unwrap();
    let subscription = connection.subscribe("a", "").unwrap();
    assert_eq!(connection.flush(PATIENCE), Err(ClientError::Closed));
    assert_eq!(subscription.wait(), Err(ClientError::Closed));
    thread.join().unwrap();
}

#[test]
fn what_waits_for_a_new_connection_is_limited() {
    let (mut options, thread) = server(|socket| drop(greet(socket)));
    let (sender, lost) = channel();
    let sender = Mutex::new(sender);
    options.events = Arc::new(move |event| {
        if matches!(event, Event::Disconnected(_)) {
            sender.lock().unwrap().send(()).unwrap();
        }
    });
    let connection = Connection::connect(options).unwrap();
    thread.join().unwrap();
    lost.recv_timeout(PATIENCE).unwrap();
    let body = vec![0; 1 << 20];
    let sent = (0..20)
        .take_while(|_| connection.publish_later("a", "", None, &body).is_ok())
        .count();
    assert_eq!(sent, 7, "8 MiB with the lines around");
    connection.close();
}

#[test]
fn a_server_that_leaves_pings_unanswered_is_given_up() {
    let (events, happened) = channel();
    let (mut options, thread) = server(|socket| {
        let mut lines = greet(socket);
        // Every question is heard and none answered, until the client ends it.
        let mut questions = 0;
        let mut line = String::new();
        while lines.read_line(&mut line).unwrap_or(0) > 0 {
            questions += usize::from(line == "PING\r\n");
            line.clear();
        }
        assert_eq!(questions, 2);
    });
    options.ping_after = Duration::from_millis(20);
    options.reconnect = false;
    options.events = Arc::new(move |event| {
        if let Event::Closed(why) = event {
            events.send(why.clone()).unwrap();
        }
    });
    let connection = Connection::connect(options).unwrap();
    let why = happened.recv_timeout(PATIENCE).unwrap();
    assert_eq!(why, "nats: stale connection");
    drop(connection);
    thread.join().unwrap();
}
