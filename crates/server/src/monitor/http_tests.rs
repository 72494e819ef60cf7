//! Tests of the HTTP server over real sockets.

use super::*;
use std::io::{Read as _, Write as _};
use std::net::TcpStream as StdStream;
use std::sync::mpsc;

/// Answers with the path; waits at `/slow` until it is let go.
struct Echo(std::sync::Mutex<mpsc::Receiver<()>>);

impl Handler for Echo {
    fn weight(&self, path: &str) -> Weight {
        if path == "/slow" {
            Weight::Heavy
        } else {
            Weight::Light
        }
    }

    fn answer(&self, path: &str, query: &Query) -> Answer {
        match path {
            "/slow" => {
                let _ = self.0.lock().unwrap().recv();
                Answer::json(200, b"{}".to_vec())
            }
            "/nope" => Answer::not_found(),
            "/panic" => panic!("as asked"),
            "/large" => Answer::json(200, vec![b'x'; 1 << 20]),
            path => {
                let mut body = path.as_bytes().to_vec();
                body.extend_from_slice(query.get("q").unwrap_or_default());
                Answer::json(200, body)
            }
        }
    }
}

fn start() -> (MonitorServer, mpsc::Sender<()>) {
    let (go, wait) = mpsc::channel();
    let server = MonitorServer::start(
        StdListener::bind("127.0.0.1:0").unwrap(),
        None,
        Arc::new(Echo(std::sync::Mutex::new(wait))),
        Logger::to_nowhere(),
    )
    .unwrap();
    (server, go)
}

/// Sends a request that closes the connection, and reads all that comes.
fn ask(server: &MonitorServer, request: &str) -> String {
    let mut stream = StdStream::connect(server.address()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

fn get(server: &MonitorServer, line: &str) -> String {
    ask(
        server,
        &format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
    )
}

#[test]
fn every_method_is_answered() {
    let (server, _go) = start();
    for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "FOO"] {
        let answer = get(&server, &format!("{method} /varz?q=1"));
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("Content-Type: application/json\r\n"));
        assert!(answer.contains("Access-Control-Allow-Origin: *\r\n"));
        assert!(answer.contains("Date: "));
        assert!(answer.ends_with("\r\n\r\n/varz1"), "{answer}");
    }
    let head = get(&server, "HEAD /varz");
    assert!(head.contains("Content-Length: 5\r\n"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
}

#[test]
fn paths_are_cleaned_by_redirection() {
    let (server, _go) = start();
    let answer = get(&server, "GET /a/..//varz?a=1&b=2");
    assert!(answer.starts_with("HTTP/1.1 307 Temporary Redirect\r\n"));
    assert!(answer.contains("Location: /varz?a=1&b=2\r\n"), "{answer}");
    assert!(answer.ends_with("<a href=\"/varz?a=1&amp;b=2\">Temporary Redirect</a>.\n\n"));
    let post = get(&server, "POST //varz");
    assert!(post.starts_with("HTTP/1.1 307 "));
    assert!(!post.contains("Content-Type"));
    assert!(get(&server, "GET /%76arz").ends_with("\r\n\r\n/varz"));
}

#[test]
fn what_is_not_found_is_said_in_plain_text() {
    let (server, _go) = start();
    let answer = get(&server, "GET /nope");
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"));
    assert!(answer.contains("X-Content-Type-Options: nosniff\r\n"));
    assert!(answer.contains("Content-Type: text/plain; charset=utf-8\r\n"));
    assert!(!answer.contains("Access-Control"));
    assert!(answer.ends_with("\r\n\r\n404 page not found\n"));
}

#[test]
fn bad_requests_are_refused() {
    let (server, _go) = start();
    for request in [
        "GET /varz HTTP/1.1\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET varz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        "garbage\r\n\r\n",
    ] {
        let answer = ask(&server, request);
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{answer}"
        );
    }
    for (request, status, body) in [
        ("garbage\r\n\r\n", "400 Bad Request", "400 Bad Request"),
        (
            "GET / HTTP/2.0\r\n\r\n",
            "505 HTTP Version Not Supported: unsupported protocol version",
            "505 HTTP Version Not Supported: unsupported protocol version",
        ),
        (
            "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
            "400 Bad Request",
            "400 Bad Request",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            "400 Bad Request",
            "400 Bad Request: malformed Host header",
        ),
    ] {
        let answer = ask(&server, request);
        assert!(answer.contains(&format!(" {status}\r\n")), "{answer}");
        assert!(
            answer.contains("Content-Type: text/plain; charset=utf-8\r\n"),
            "{answer}"
        );
        assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");
    }
    assert!(get(&server, "CONNECT x:1").starts_with("HTTP/1.1 404 Not Found\r\n"));
    assert!(get(&server, "OPTIONS *").starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(ask(&server, "GET /varz HTTP/1.0\r\n\r\n").ends_with("/varz"));
}

#[test]
fn raw_bytes_in_a_target_are_as_good_as_escaped_ones() {
    let (server, _go) = start();
    let answer = get(&server, "GET /a<b>?q=foo.>|{\"é\"}");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n/a<b>foo.>|{\"é\"}"), "{answer}");
    let moved = get(&server, "GET //a<b>?q=<c>");
    assert!(
        moved.contains("Location: /a%3Cb%3E?q=%3Cc%3E\r\n"),
        "{moved}"
    );
}

#[test]
fn requests_before_a_refused_one_are_answered() {
    let (server, _go) = start();
    let request = "GET /varz?q=> HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = ask(&server, &format!("{request}{request}garbage\r\n\r\n"));
    assert_eq!(answer.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{answer}");
    assert!(answer.ends_with("\r\n\r\n400 Bad Request"), "{answer}");
    // Nothing is read behind a request that ends the connection.
    let last = "GET /varz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer = ask(&server, &format!("{last}garbage\r\n\r\n"));
    assert!(answer.ends_with("\r\n\r\n/varz"), "{answer}");
}

#[test]
fn a_large_answer_arrives_whole() {
    let (server, _go) = start();
    let answer = get(&server, "GET /large");
    assert!(answer.ends_with(&"x".repeat(1 << 20)));
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let (server, _go) = start();
    let mut stream = StdStream::connect(server.address()).unwrap();
    for _ in 0..3 {
        stream
            .write_all(b"GET /varz HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 1_024];
        while !answer.ends_with(b"\r\n\r\n/varz") {
            let n = stream.read(&mut buffer).unwrap();
            assert!(n > 0);
            answer.extend_from_slice(&buffer[..n]);
        }
    }
}

#[test]
fn heavy_answers_do_not_hold_up_light_ones() {
    let (server, go) = start();
    let waiting: Vec<StdStream> = (0..HEAVY_MAX + 2)
        .map(|_| {
            let mut stream = StdStream::connect(server.address()).unwrap();
            stream
                .write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .unwrap();
            stream
        })
        .collect();
    assert!(get(&server, "GET /healthz").ends_with("/healthz"));
    // Which of them are answered first is up to the system.
    for _ in &waiting {
        go.send(()).unwrap();
    }
    for mut stream in waiting {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn a_panic_costs_one_answer() {
    let (server, _go) = start();
    assert!(get(&server, "GET /panic").starts_with("HTTP/1.1 500 "));
    assert!(get(&server, "GET /varz").starts_with("HTTP/1.1 200 "));
}

#[test]
fn stopping_closes_the_port() {
    let (server, _go) = start();
    let address = server.address();
    let mut idle = StdStream::connect(address).unwrap();
    server.stop();
    assert!(StdStream::connect(address).is_err());
    let mut rest = Vec::new();
    let _ = idle.read_to_end(&mut rest);
    assert!(rest.is_empty());
}

/// A TLS configuration without any certificate: every handshake fails.
fn tls_without_certificate() -> TlsSource {
    use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
    use tokio_rustls::rustls::sign::CertifiedKey;

    #[derive(Debug)]
    struct NoCertificate;

    impl ResolvesServerCert for NoCertificate {
        fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            None
        }
    }

    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(NoCertificate));
    let config = Arc::new(config);
    Arc::new(move || Arc::clone(&config))
}

#[test]
fn plain_requests_to_the_tls_port_are_told_so() {
    let (_go, wait) = mpsc::channel();
    let server = MonitorServer::start(
        StdListener::bind("127.0.0.1:0").unwrap(),
        Some(tls_without_certificate()),
        Arc::new(Echo(std::sync::Mutex::new(wait))),
        Logger::to_nowhere(),
    )
    .unwrap();
    assert_eq!(
        get(&server, "GET /varz"),
        "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
    );
    assert_eq!(get(&server, "FOOO /varz"), "");
}
