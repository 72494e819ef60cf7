//! Tests of request lines in a stream of bytes.

use super::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What comes out of a stream that arrives in these pieces.
fn scan<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (String, Option<Refusal>) {
    let mut scanner = Scanner::new();
    let mut out = Vec::new();
    for piece in pieces {
        if let Err(refusal) = scanner.feed(piece, &mut out) {
            return (String::from_utf8(out).unwrap(), Some(refusal));
        }
    }
    (String::from_utf8(out).unwrap(), None)
}

/// The same, once for every place the stream can be cut at, and byte by byte.
fn scan_cut(stream: &str) -> (String, Option<Refusal>) {
    let bytes = stream.as_bytes();
    let whole = scan([bytes]);
    for at in 0..=bytes.len() {
        let (a, b) = bytes.split_at(at);
        assert_eq!(scan([a, b]), whole, "cut at {at}: {stream:?}");
    }
    assert_eq!(scan(bytes.chunks(1)), whole, "byte by byte: {stream:?}");
    whole
}

const RAW: &str = "GET /a?t=foo.> HTTP/1.1\r\nHost: x\r\nX: <>\r\n\r\n";
const CLEAN: &str = "GET /a?t=foo.%3E HTTP/1.1\r\nHost: x\r\nX: <>\r\n\r\n";

#[test]
fn every_request_line_is_put_right_and_nothing_else() {
    assert_eq!(
        scan_cut(&format!("{RAW}{RAW}\r\n\n{RAW}")),
        (format!("{CLEAN}{CLEAN}{CLEAN}"), None)
    );
}

#[test]
fn bare_line_feeds_end_lines_too() {
    assert_eq!(
        scan_cut("GET /> HTTP/1.0\nA: >\n\nGET /> HTTP/1.0\r\n\n"),
        (
            "GET /%3E HTTP/1.0\r\nA: >\n\nGET /%3E HTTP/1.0\r\n\n".to_owned(),
            None
        )
    );
}

#[test]
fn bodies_pass_and_so_does_what_follows_them() {
    let zeros = format!("Content-Length: {}1", "0".repeat(80));
    for field in [
        "Content-Length: 12",
        "content-length:1",
        "Content-Length:",
        "Content-Length: +0",
        "TRANSFER-ENCODING: chunked",
        "Transfer-Encoding : chunked",
        &zeros,
    ] {
        let rest = "POST /> no request line\r\n\r\nGET /> HTTP/1.1\r\n\r\n";
        let head = |path| format!("POST {path} HTTP/1.1\r\nHost: x\r\n{field}\r\nA: b\r\n\r\n");
        assert_eq!(
            scan_cut(&format!("{}{rest}", head("/>"))),
            (format!("{}{rest}", head("/%3E")), None),
            "{field}"
        );
    }
}

#[test]
fn an_empty_body_is_none() {
    for field in [
        "Content-Length: 0",
        "content-length:00 ",
        "X: Content-Length: 5",
    ] {
        let head = format!("POST / HTTP/1.1\r\n{field}\r\n\r\n");
        assert_eq!(
            scan_cut(&format!("{head}{RAW}")),
            (format!("{head}{CLEAN}"), None)
        );
    }
}

#[test]
fn fields_of_blanks_end_no_header_block() {
    let blanks = " ".repeat(2 * FIELD_MAX);
    let stream = format!("GET / HTTP/1.1\r\n \r\n{blanks}\r\nGET /> HTTP/1.1\r\n\r\n");
    assert_eq!(scan_cut(&stream), (stream.clone(), None));
}

#[test]
fn what_comes_before_a_refused_line_is_kept() {
    assert_eq!(
        scan_cut(&format!("{RAW}nonsense\r\n{RAW}")),
        (CLEAN.to_owned(), Some(Refusal::Malformed))
    );
    assert_eq!(
        scan_cut("GET /<> <> HTTP/1.1\r\n"),
        (String::new(), Some(Refusal::Malformed))
    );
}

#[test]
fn long_lines_are_not_held_back() {
    let long = "x".repeat(LINE_MAX);
    let (out, refusal) = scan([long.as_bytes(), b">", b"> HTTP/1.1\r\n"]);
    assert_eq!(refusal, None);
    assert_eq!(out, format!("{long}>> HTTP/1.1\r\n"));
    let (out, _) = scan([long.as_bytes()]);
    assert_eq!(out, "");
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

#[test]
fn a_reader_gets_all_however_little_it_takes() {
    block_on(async {
        let stream = RAW.repeat(500);
        let (mut client, server) = tokio::io::duplex(stream.len());
        client.write_all(stream.as_bytes()).await.unwrap();
        drop(client);
        let mut heads = Heads::new(server);
        let mut out = Vec::new();
        let mut little = [0; 7];
        loop {
            match heads.read(&mut little).await.unwrap() {
                0 => break,
                n => out.extend_from_slice(&little[..n]),
            }
        }
        assert_eq!(String::from_utf8(out).unwrap(), CLEAN.repeat(500));
    });
}

#[test]
fn the_client_is_told_of_a_refusal_when_the_reader_has_come_to_it() {
    block_on(async {
        for is_read in [true, false] {
            let (mut client, server) = tokio::io::duplex(1 << 16);
            let waste = "x".repeat(3 * READ);
            let sent = format!("{RAW}nonsense\r\n{waste}");
            client.write_all(sent.as_bytes()).await.unwrap();
            let mut heads = Heads::new(server);
            let mut out = vec![0; CLEAN.len()];
            heads.read_exact(&mut out).await.unwrap();
            assert_eq!(out, CLEAN.as_bytes());
            if is_read {
                assert_eq!(heads.read(&mut out).await.unwrap(), 0);
            }
            heads.write_all(b"before ").await.unwrap();
            heads.shutdown().await.unwrap();
            drop(heads);
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            let told = if is_read {
                Refusal::Malformed.answer()
            } else {
                String::new()
            };
            assert_eq!(answer, format!("before {told}"));
        }
    });
}
