//! Requests over async-nats, and what is done when it cannot.

use std::io::{BufRead, BufReader, Read, Write, copy, sink};
use std::net::TcpStream;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::library::{Library, Refused};
use super::requester::{beyond_the_library, level_of};
use super::scripted::{INFO, PATIENCE, greet, listening, read_to_ping, server};
use super::{ClientError, Endpoint, Event, Headers, Options, Requester};

/// Connects to the only server of these options.
fn connect(options: &Options) -> Result<Library, Refused> {
    Library::connect(options.servers.first().unwrap(), options)
}

/// Where no server listens.
const NOBODY: &str = "127.0.0.1:1";

/// A header block without headers.
const PLAIN: &str = "NATS/1.0\r\n\r\n";

/// The server's side of a connection.
struct Peer {
    lines: BufReader<TcpStream>,
    /// Id of the latest subscription.
    sid: String,
    /// Line and payload of the latest message.
    message: (String, Vec<u8>),
}

impl Peer {
    fn greet(socket: TcpStream) -> Self {
        Self {
            lines: greet(socket),
            sid: String::new(),
            message: Default::default(),
        }
    }

    /// Reads up to a message that starts so.
    fn hear(&mut self, start: &str) {
        let last = |line: &str| line.split_whitespace().last().unwrap().to_owned();
        let mut line = String::new();
        loop {
            line.clear();
            self.lines.read_line(&mut line).unwrap();
            if line.starts_with("SUB ") {
                self.sid = last(&line);
            } else if line.contains("PUB ") {
                break;
            }
        }
        assert!(line.starts_with(start), "{line}");
        let size: usize = last(&line).parse().unwrap();
        let mut payload = vec![0; size + 2];
        self.lines.read_exact(&mut payload).unwrap();
        payload.truncate(size);
        self.message = (line, payload);
    }

    fn say(&mut self, text: &str) {
        self.lines.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Answers the latest message with a message that has this header block.
    fn answer(&mut self, headers: &str, payload: &str) {
        let reply = self.message.0.split_whitespace().nth(2).unwrap();
        let (sid, size, total) = (&self.sid, headers.len(), headers.len() + payload.len());
        let text = format!("HMSG {reply} {sid} {size} {total}\r\n{headers}{payload}\r\n");
        self.say(&text);
    }

    /// Waits until the other side has closed the connection.
    fn wait_for_end(&mut self) {
        let _ = copy(&mut self.lines, &mut sink());
    }
}

#[test]
fn a_request_and_its_answer() {
    let (options, thread) = server(|socket| {
        let mut peer = Peer::greet(socket);
        peer.hear("HPUB a _INBOX.");
        assert_eq!(peer.message.1, b"NATS/1.0\r\nK: v\r\n\r\nhello");
        peer.answer("NATS/1.0 200 Fine\r\nB: 2\r\nA: 1\r\n\r\n", "world");
        peer.hear("PUB a _INBOX.");
        assert_eq!(peer.message.1, b"");
        peer.answer("NATS/1.0 503\r\n\r\n", "");
        peer.wait_for_end();
    });
    let library = connect(&options).unwrap();
    let mut headers = Headers::new();
    headers.add("K", "v");
    let answer = library.request("a", Some(&headers), b"hello", PATIENCE);
    let answer = answer.unwrap();
    assert_eq!((answer.status(), answer.text().as_str()), (200, "world"));
    let headers = answer.headers.unwrap();
    assert_eq!(headers.description, "Fine");
    assert_eq!(headers.grouped(), vec![("A", vec!["1"]), ("B", vec!["2"])]);
    let nobody = library.request("a", None, b"", PATIENCE);
    assert_eq!(nobody, Err(ClientError::NoResponders));
    drop(library);
    thread.join().unwrap();
}

#[test]
fn what_cannot_be_sent_is_told() {
    let (options, thread) = server(|socket| Peer::greet(socket).wait_for_end());
    let library = connect(&options).unwrap();
    let request = |subject: &str, payload: &[u8]| {
        let answer = library.request(subject, None, payload, PATIENCE);
        assert_eq!(
            library.ask(subject, None, payload).err(),
            answer.clone().err()
        );
        answer
    };
    assert_eq!(request("a b", b""), Err(ClientError::BadSubject));
    assert_eq!(
        request("a", &vec![0; 1 << 21]),
        Err(ClientError::MaxPayload)
    );
    let mut headers = Headers::new();
    headers.add("a:b", "");
    let error = library.ask("a", Some(&headers), b"").unwrap_err();
    assert_eq!(error.to_string(), "nats: invalid header \"a:b\"");
    drop(library);
    thread.join().unwrap();
}

#[test]
fn what_the_server_says_instead_of_an_answer() {
    let (options, thread) = server(|socket| {
        let mut peer = Peer::greet(socket);
        peer.hear("PUB a ");
        peer.say("-ERR 'Permissions Violation for Publish to \"a\"'\r\n");
        peer.wait_for_end();
    });
    let requester = Requester::connect(&options).unwrap();
    let patience = Duration::from_millis(1);
    let answer = requester.request("a", None, b"", patience);
    assert_eq!(answer, Err(ClientError::Timeout));
    let begun = Instant::now();
    let error = loop {
        match requester.take_error() {
            Some(error) => break error,
            None => assert!(begun.elapsed() < PATIENCE),
        }
        std::thread::sleep(patience);
    };
    let text = error.to_string();
    assert!(text.contains("Publish to \"a\""), "{text}");
    assert_eq!(requester.take_error(), None);
    drop(requester);
    thread.join().unwrap();
}

#[test]
fn many_answer_to_one_request() {
    let (options, thread) = server(|socket| {
        let mut peer = Peer::greet(socket);
        peer.hear("PUB a ");
        for number in ["1", "2"] {
            peer.answer(PLAIN, number);
        }
        peer.wait_for_end();
    });
    let requester = Requester::connect(&options).unwrap();
    let mut answers = requester.ask("a", None, b"").unwrap();
    for number in ["1", "2"] {
        let answer = answers.next_before(Instant::now() + PATIENCE).unwrap();
        assert_eq!(answer.text(), number);
    }
    let soon = Instant::now() + Duration::from_millis(1);
    assert_eq!(answers.next_before(soon), Err(ClientError::Timeout));
    drop((answers, requester));
    thread.join().unwrap();
}

/// What the library says of a server that answers the login with this.
fn refusal(greeting: &'static str, to_login: &'static str) -> Refused {
    let (options, thread) = server(move |mut socket| {
        socket.write_all(greeting.as_bytes()).unwrap();
        let mut lines = BufReader::new(socket);
        if !to_login.is_empty() {
            read_to_ping(&mut lines);
            lines.get_mut().write_all(to_login.as_bytes()).unwrap();
        }
    });
    let refused = connect(&options).unwrap_err();
    thread.join().unwrap();
    refused
}

#[test]
fn a_refused_login_is_told_as_the_server_did() {
    for text in ["Authorization Violation", "Account Limit of Connections"] {
        let error: &'static str = format!("-ERR '{text}'\r\n").leak();
        let told = ClientError::Server(text.to_owned());
        assert_eq!(refusal(INFO, error), Refused::Told(told));
    }
    for greeting in [
        "INFO nonsense\r\n",
        "HTTP/1.1 400\r\n",
        "-ERR 'full'\r\n",
        "",
    ] {
        assert!(matches!(refusal(greeting, ""), Refused::Unclear));
    }
}

#[test]
fn what_logs_in_is_what_the_settings_say() {
    let (mut options, thread) = server(|mut socket| {
        socket.write_all(INFO.as_bytes()).unwrap();
        let mut lines = BufReader::new(socket);
        let connect = read_to_ping(&mut lines);
        for part in [r#""user":"u""#, r#""pass":"p""#, r#""name":"tool""#] {
            assert!(connect.contains(part), "{connect}");
        }
        lines.get_mut().write_all(b"PONG\r\n").unwrap();
        let _ = copy(&mut lines, &mut sink());
    });
    let endpoint = options.servers.first_mut().unwrap();
    (endpoint.user, endpoint.password) = (Some("u".to_owned()), Some("p".to_owned()));
    "tool".clone_into(&mut options.name);
    drop(connect(&options).unwrap());
    thread.join().unwrap();
}

#[test]
fn a_login_that_cannot_be_made_is_told() {
    let (mut options, thread) = server(|mut socket| {
        socket.write_all(INFO.as_bytes()).unwrap();
        let _ = copy(&mut socket, &mut sink());
    });
    options.auth.nkey = Some(super::Secret::Text("none".to_owned()));
    let error = Requester::connect(&options).unwrap_err();
    assert_eq!(error.to_string(), "nats: nkeys not supported by the server");
    thread.join().unwrap();
}

#[test]
fn where_the_library_fails_the_other_client_tries() {
    let (options, thread) = listening(|listener| {
        // The library finds nothing here, and cannot say what.
        drop(listener.accept().unwrap());
        let mut peer = Peer::greet(listener.accept().unwrap().0);
        peer.hear("PUB a ");
        peer.answer(PLAIN, "ok");
        peer.wait_for_end();
    });
    let requester = Requester::connect(&options).unwrap();
    let answer = requester.request("a", None, b"", PATIENCE).unwrap();
    assert_eq!(answer.text(), "ok");
    requester.close();
    thread.join().unwrap();
}

#[test]
fn the_other_client_says_why_there_is_no_connection() {
    let options = Options::new(vec![Endpoint::parse(NOBODY).unwrap()]);
    let error = Requester::connect(&options).unwrap_err();
    assert_eq!(error, ClientError::NoServers);
    let (mut options, thread) = listening(|listener| {
        let silent: Vec<_> = (0..2).map(|_| listener.accept().unwrap()).collect();
        for (mut socket, _) in silent {
            let _ = copy(&mut socket, &mut sink());
        }
    });
    options.dial_timeout = Duration::from_millis(20);
    let error = Requester::connect(&options).unwrap_err().to_string();
    assert!(error.starts_with("read tcp 127.0.0.1:"), "{error}");
    assert!(error.ends_with(": i/o timeout"), "{error}");
    thread.join().unwrap();
}

#[test]
fn messages_go_over_a_connection_of_their_own() {
    let (options, thread) = listening(|listener| {
        let mut requests = Peer::greet(listener.accept().unwrap().0);
        let mut messages = Peer::greet(listener.accept().unwrap().0);
        messages.hear("PUB b ");
        requests.hear("PUB a ");
        requests.answer(PLAIN, "");
        messages.wait_for_end();
    });
    let requester = Requester::connect(&options).unwrap();
    let connection = requester.connection().unwrap();
    connection.publish("b", "", None, b"").unwrap();
    // There is one; a third would never be accepted.
    requester.connection().unwrap();
    requester.request("a", None, b"", PATIENCE).unwrap();
    // All goes over one that is there.
    let over = Requester::over(connection);
    over.connection().unwrap();
    requester.close();
    let closed = over.request("a", None, b"", PATIENCE);
    assert_eq!(closed, Err(ClientError::Closed));
    thread.join().unwrap();
}

#[test]
fn a_broken_connection_is_told_and_requests_go_on_over_the_other_client() {
    let (mut options, thread) = listening(|listener| {
        Peer::greet(listener.accept().unwrap().0).say("-ERR 'User Authentication Expired'\r\n");
        let mut peer = Peer::greet(listener.accept().unwrap().0);
        for _ in 0..2 {
            peer.hear("PUB a ");
            peer.answer(PLAIN, "again");
        }
        peer.wait_for_end();
    });
    let (sender, lost) = channel();
    let sender = Mutex::new(sender);
    options.events = Arc::new(move |event| {
        if let Event::Disconnected(why) = event {
            sender.lock().unwrap().send(why.clone()).unwrap();
        }
    });
    let requester = Requester::connect(&options).unwrap();
    let why = lost.recv_timeout(PATIENCE).unwrap();
    assert_eq!(why, "nats: User Authentication Expired");
    let answer = requester.request("a", None, b"", PATIENCE).unwrap();
    assert_eq!(answer.text(), "again");
    let mut answers = requester.ask("a", None, b"").unwrap();
    let answer = answers.next_before(Instant::now() + PATIENCE).unwrap();
    assert_eq!(answer.text(), "again");
    requester.close();
    thread.join().unwrap();
}

#[test]
fn a_connection_that_ends_with_an_error_ends_the_wait() {
    for (text, error) in [
        (
            "Maximum Payload Violation",
            "nats: maximum payload exceeded",
        ),
        ("Authorization Violation", "nats: Authorization Violation"),
    ] {
        let (options, thread) = server(move |socket| {
            let mut peer = Peer::greet(socket);
            peer.hear("PUB a ");
            peer.say(&format!("-ERR '{text}'\r\n"));
        });
        let library = connect(&options).unwrap();
        let answer = library.request("a", None, b"", PATIENCE).unwrap_err();
        assert_eq!(answer.to_string(), error);
        thread.join().unwrap();
    }
}

/// The library panics at this.
const PANIC: &str = "-ERR\r\n";

#[test]
fn a_panic_of_the_library_ends_its_connection_and_nothing_else() {
    assert_eq!(refusal(PANIC, ""), Refused::Unclear);
    assert_eq!(refusal(INFO, PANIC), Refused::Unclear);
    let (options, thread) = listening(|listener| {
        let mut peer = Peer::greet(listener.accept().unwrap().0);
        peer.hear("PUB a ");
        peer.say(PANIC);
        let mut peer = Peer::greet(listener.accept().unwrap().0);
        peer.hear("PUB b ");
        peer.answer(PLAIN, "");
        peer.wait_for_end();
    });
    let requester = Requester::connect(&options).unwrap();
    let broken = requester.request("a", None, b"", PATIENCE);
    assert_eq!(broken, Err(ClientError::Closed));
    requester.request("b", None, b"", PATIENCE).unwrap();
    requester.close();
    thread.join().unwrap();
}

#[test]
fn each_server_has_all_of_the_time() {
    let (mut options, silent) = listening(|listener| {
        let both: Vec<_> = (0..2).map(|_| listener.accept().unwrap()).collect();
        for (mut socket, _) in both {
            let _ = copy(&mut socket, &mut sink());
        }
    });
    let (others, slow) = server(|socket| {
        // Longer than what the first one gets in the end.
        std::thread::sleep(Duration::from_millis(300));
        Peer::greet(socket).wait_for_end();
    });
    options.dial_timeout = Duration::from_secs(3);
    options.servers.extend(others.servers);
    drop(Requester::connect(&options).unwrap());
    silent.join().unwrap();
    slow.join().unwrap();
}

#[test]
fn a_refused_login_is_not_tried_twice() {
    let (mut options, thread) = listening(|listener| {
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(INFO.as_bytes()).unwrap();
        let mut lines = BufReader::new(socket);
        read_to_ping(&mut lines);
        let refusal = b"-ERR 'Authorization Violation'\r\n";
        lines.get_mut().write_all(refusal).unwrap();
        drop(lines);
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err());
    });
    options.servers.push(Endpoint::parse(NOBODY).unwrap());
    let error = Requester::connect(&options).unwrap_err().to_string();
    assert_eq!(error, "nats: Authorization Violation");
    thread.join().unwrap();
}

#[test]
fn a_server_without_a_limit_of_messages() {
    let (options, thread) = listening(|listener| {
        let greeting = "INFO {\"server_id\":\"S\"}\r\n";
        for answers in [false, true] {
            let (mut socket, _) = listener.accept().unwrap();
            socket.write_all(greeting.as_bytes()).unwrap();
            let mut lines = BufReader::new(socket);
            read_to_ping(&mut lines);
            lines.get_mut().write_all(b"PONG\r\n").unwrap();
            let mut peer = Peer {
                lines,
                sid: String::new(),
                message: Default::default(),
            };
            if answers {
                peer.hear("PUB a ");
                peer.answer(PLAIN, "");
            }
            peer.wait_for_end();
        }
    });
    let requester = Requester::connect(&options).unwrap();
    requester.request("a", None, b"x", PATIENCE).unwrap();
    requester.close();
    thread.join().unwrap();
}

#[test]
fn levels_follow_from_versions() {
    for (version, level) in [
        ("2.15.1", 2),
        ("3.0.0", 2),
        ("2.12.0-beta.1", 2),
        ("2.11.9", 1),
        ("2.10.29", 0),
        ("2", 0),
        ("", 0),
    ] {
        assert_eq!(level_of(version), level, "{version}");
    }
}

#[test]
fn nothing_is_listened_to_where_only_answers_are_wanted() {
    let (asked, is_asked) = channel();
    let (mut options, thread) = server(move |socket| {
        let mut peer = Peer::greet(socket);
        let mut line = String::new();
        // All that it has to say it says before it asks for a sign of life.
        peer.lines.read_line(&mut line).unwrap();
        assert_eq!(line, "PING\r\n");
        asked.send(()).unwrap();
        peer.wait_for_end();
    });
    options.ping_after = Duration::from_millis(50);
    let library = connect(&options).unwrap();
    is_asked.recv_timeout(PATIENCE).unwrap();
    drop(library);
    thread.join().unwrap();
}

#[test]
fn the_library_gets_what_it_can_do() {
    let options = |url: &str| Options::new(Endpoint::parse_list(url).unwrap());
    let beyond = |options: &Options| beyond_the_library(&options.servers[0], options);
    assert!(!beyond(&options("a, nats://u:p@b:1")));
    for url in ["tls://a", "ws://a", "wss://a"] {
        assert!(beyond(&options(url)), "{url}");
    }
    let mut proxied = options("a");
    proxied.set_proxy("socks5://p:1").unwrap();
    assert!(beyond(&proxied));
    for prefix in ["", "a b", "a..b", ".a", "a\r\n"] {
        let mut odd = options("a");
        prefix.clone_into(&mut odd.inbox_prefix);
        assert!(beyond(&odd), "{prefix:?}");
    }
    let mut trusting = options("a");
    trusting.tls.authorities = Some("ca.pem".into());
    assert!(beyond(&trusting));
}
