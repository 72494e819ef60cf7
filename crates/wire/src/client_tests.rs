use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    max_control_line: 4096,
    max_payload: Some(1024),
    headers: true,
};

fn one(input: &[u8]) -> (Op<'_>, usize) {
    match parse(input, &LIMITS) {
        Ok(Parsed::Op { op, used }) => (op, used),
        other => panic!("{other:?} for {:?}", String::from_utf8_lossy(input)),
    }
}

fn publish(input: &[u8]) -> Publish<'_> {
    match one(input).0 {
        Op::Publish(publish) => publish,
        other => panic!("{other:?}"),
    }
}

fn log_text(input: &[u8]) -> String {
    match parse(input, &LIMITS) {
        Err(error) => error.to_string(),
        other => panic!("{other:?} for {:?}", String::from_utf8_lossy(input)),
    }
}

// client-protocol 29
#[test]
fn verbs_have_any_letter_case_and_blanks_are_blanks() {
    for input in [
        &b"pUb foo 2\r\nhi\r\n"[..],
        b"PUB\tfoo\t 2 \t\r\nhi\r\n",
        b"PUB  foo  2\r\nhi\r\n",
    ] {
        let publish = publish(input);
        assert_eq!((publish.subject, publish.body), (&b"foo"[..], &b"hi"[..]));
        assert_eq!(one(input).1, input.len());
    }
    assert_eq!(one(b"cOnNect{}\r\n").0, Op::Connect(b"{}"));
    assert_eq!(one(b"+ok\r\n").0, Op::Ok);
}

// client-protocol 30
#[test]
fn a_line_may_end_with_lf_but_a_payload_may_not() {
    assert_eq!(publish(b"PUB foo 2\nhi\r\n").body, b"hi");
    assert_eq!(one(b"PING\n").0, Op::Ping);
    assert_eq!(log_text(b"PUB foo 2\r\nhi\n"), "Unknown Protocol Operation");
}

// client-protocol 31
#[test]
fn the_rest_of_a_ping_line_is_ignored_whatever_its_length() {
    assert_eq!(one(b"PINGxyz\r\n"), (Op::Ping, 9));
    assert_eq!(one(b"PONG garbage\r\n").0, Op::Pong);
    let long = [b"PING".as_slice(), &vec![b'x'; 10_000]].concat();
    assert_eq!(
        parse(&long, &LIMITS),
        Ok(Parsed::Skip {
            op: SkippedOp::Ping
        })
    );
}

// client-protocol 32
#[test]
fn anything_else_is_an_unknown_operation_at_its_first_wrong_byte() {
    for input in [
        &b"\r\n"[..],
        b" PING\r\n",
        b"FOO",
        b"MSG a 1 1\r\n",
        b"RMSG",
        b"RS+",
        b"LS+ ",
        b"A+ x",
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01",
        b"PUX",
        b"PUB\r\n",
        b"SUB\r\n",
        b"\x0bOK\r\n",
        b"\x0dERR",
    ] {
        assert_eq!(log_text(input), "Unknown Protocol Operation", "{input:?}");
    }
}

// client-protocol 35, 36
#[test]
fn the_argument_part_has_a_limit() {
    let sub = |n: usize| [b"SUB ".as_slice(), &vec![b'a'; n - 2], b" 1\r\n"].concat();
    assert!(parse(&sub(4096), &LIMITS).is_ok());
    assert_eq!(
        parse(&sub(4097), &LIMITS),
        Err(ParseError::ControlLineTooLong)
    );
    let publish = |n: usize| [b"PUB ".as_slice(), &vec![b'a'; n - 2], b" 0\r\n\r\n"].concat();
    assert!(parse(&publish(4096), &LIMITS).is_ok());
    assert_eq!(
        parse(&publish(4097), &LIMITS),
        Err(ParseError::ControlLineTooLong)
    );
    let open = [b"SUB ".as_slice(), &vec![b'a'; 5000]].concat();
    assert_eq!(parse(&open, &LIMITS), Err(ParseError::ControlLineTooLong));
    let exact = [b"SUB ".as_slice(), &vec![b'a'; 4096], b"\r"].concat();
    assert_eq!(
        parse(&exact, &LIMITS),
        Ok(Parsed::Incomplete { missing: 1 })
    );
}

#[test]
fn blanks_before_the_arguments_have_a_limit_of_their_own() {
    for verb in ["PUB", "SUB", "CONNECT"] {
        let line = |blanks: usize| format!("{verb}{}a 1", " ".repeat(blanks)).into_bytes();
        let complete = |blanks| [&line(blanks)[..], b"\r\nx\r\n"].concat();
        assert!(parse(&complete(4096), &LIMITS).is_ok());
        assert_eq!(
            parse(&line(4096), &LIMITS),
            Ok(Parsed::Incomplete { missing: 1 })
        );
        // The same answer whether or not the line has arrived as a whole.
        assert_eq!(
            parse(&complete(4097), &LIMITS),
            Err(ParseError::ControlLineTooLong)
        );
        assert_eq!(
            parse(&line(4097), &LIMITS),
            Err(ParseError::ControlLineTooLong)
        );
    }
}

// client-protocol 38, 72
#[test]
fn argument_and_size_errors_have_their_log_texts() {
    assert_eq!(log_text(b"PUB foo\r\n"), "processPub Parse Error: \"foo\"");
    assert_eq!(log_text(b"PUB \r\n"), "processPub Parse Error: \"\"");
    assert_eq!(
        log_text(b"PUB a b c 1\r\n"),
        "processPub Parse Error: \"a b c 1\""
    );
    for size in ["-1", "abc", "1234567890"] {
        let text = log_text(format!("PUB foo {size}\r\n").as_bytes());
        assert_eq!(
            text,
            format!("processPub Bad or Missing Size: \"foo {size}\"")
        );
    }
    assert_eq!(
        log_text(b"HPUB a 1\r\n"),
        "processHeaderPub Parse Error: \"a 1\""
    );
    let text = "processHeaderPub Bad or Missing Header Size: \"a -1 5\"";
    assert_eq!(log_text(b"HPUB a -1 5\r\n"), text);
    let text = "processHeaderPub Bad or Missing Total Size: \"a 1 x\"";
    assert_eq!(log_text(b"HPUB a 1 x\r\n"), text);
    let text = "processHeaderPub Header Size larger then TotalSize: \"a 12 4\"";
    assert_eq!(log_text(b"HPUB a 12 4\r\n"), text);
    assert_eq!(log_text(b"SUB foo\r\n"), "processSub Parse Error: \"foo\"");
    assert_eq!(
        log_text(b"UNSUB 1 2 3\r\n"),
        "processUnsub Parse Error: \"1 2 3\""
    );
}

// client-protocol 39, 41
#[test]
fn sizes_keep_their_digits_and_their_limit() {
    assert_eq!(
        publish(b"PUB foo 000000002\r\nhi\r\n").size_digits,
        b"000000002"
    );
    let large = ParseError::PayloadTooLarge {
        size: 1025,
        limit: 1024,
    };
    assert_eq!(parse(b"PUB foo 1025\r\n", &LIMITS), Err(large.clone()));
    assert_eq!(parse(b"HPUB foo 12 1025\r\n", &LIMITS), Err(large));
    assert_eq!(
        parse(b"PUB foo 1024\r\n", &LIMITS),
        Ok(Parsed::Incomplete { missing: 1026 })
    );
}

// client-protocol 40
#[test]
fn a_payload_of_another_length_is_an_unknown_operation() {
    assert_eq!(
        log_text(b"PUB foo 1\r\nhi\r\n"),
        "Unknown Protocol Operation"
    );
    assert_eq!(
        log_text(b"PUB foo 5\r\nhi\r\nPING\r\n"),
        "Unknown Protocol Operation"
    );
    assert_eq!(log_text(b"PUB foo 2\r\nhix"), "Unknown Protocol Operation");
}

// client-protocol 71
#[test]
fn hpub_needs_headers() {
    let limits = Limits {
        headers: false,
        ..LIMITS
    };
    let error = parse(b"HPUB foo 12 12\r\n", &limits);
    assert_eq!(error, Err(ParseError::HeadersNotSupported));
}

#[test]
fn the_relayed_bytes_are_those_after_the_subject() {
    assert_eq!(
        publish(b"PUB foo 2\r\nhi\r\nPING").relay,
        Some(&b"2\r\nhi\r\n"[..])
    );
    assert_eq!(
        publish(b"PUB foo re 02\r\nhi\r\n").relay,
        Some(&b"re 02\r\nhi\r\n"[..])
    );
    let with_header = b"HPUB foo re 12 14\r\nNATS/1.0\r\n\r\nhi\r\n";
    assert_eq!(publish(with_header).relay, with_header.get(9..));
    assert_eq!(publish(with_header).header_len, 12);
    for unusual in [
        &b"PUB foo  2\r\nhi\r\n"[..],
        b"PUB  foo 2\r\nhi\r\n",
        b"PUB\tfoo 2\r\nhi\r\n",
        b"PUB foo\t2\r\nhi\r\n",
        b"PUB foo 2\nhi\r\n",
        b"PUB foo 2 \r\nhi\r\n",
    ] {
        assert_eq!(
            publish(unusual).relay,
            None,
            "{:?}",
            String::from_utf8_lossy(unusual)
        );
    }
}

#[test]
fn sub_and_unsub_arguments() {
    let op = one(b"SUB foo q 7\r\n").0;
    assert!(matches!(
        op,
        Op::Subscribe {
            subject: b"foo",
            queue: b"q",
            sid: b"7",
            ..
        }
    ));
    assert!(matches!(
        one(b"UNSUB 7\r\n").0,
        Op::Unsubscribe {
            sid: b"7",
            max: 0,
            ..
        }
    ));
    assert!(matches!(
        one(b"UNSUB 7 12\r\n").0,
        Op::Unsubscribe { max: 12, .. }
    ));
    // client-protocol 55
    for max in ["0", "abc", "-1", "1234567890"] {
        let line = format!("UNSUB 7 {max}\r\n").into_bytes();
        assert!(matches!(one(&line).0, Op::Unsubscribe { max: 0, .. }));
    }
}

/// What a whole stream of bytes parses to, as text, when it arrives in pieces
/// that end at the given positions.
fn replay(stream: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut seen = Vec::new();
    let mut kept: Vec<u8> = Vec::new();
    let mut skipping = None;
    let mut from = 0;
    for &to in cuts.iter().chain([&stream.len()]) {
        let to = to.clamp(from, stream.len());
        kept.extend_from_slice(&stream[from..to]);
        from = to;
        loop {
            if let Some(op) = skipping {
                let Some(at) = memchr(b'\n', &kept) else {
                    kept.clear();
                    break;
                };
                kept.drain(..=at);
                skipping = None;
                seen.push(format!("{:?}", SkippedOp::op(op)));
            }
            match parse(&kept, &LIMITS) {
                Ok(Parsed::Op { op, used }) => {
                    seen.push(format!("{op:?}"));
                    kept.drain(..used);
                }
                Ok(Parsed::Skip { op }) => {
                    skipping = Some(op);
                    kept.clear();
                    break;
                }
                Ok(Parsed::Incomplete { missing }) => {
                    assert!(missing > 0);
                    break;
                }
                Err(error) => {
                    seen.push(error.to_string());
                    return seen;
                }
            }
        }
    }
    seen
}

fn any_operation() -> impl Strategy<Value = Vec<u8>> {
    let word = "[a-z.*>]{1,8}";
    let body = proptest::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        (word, body.clone()).prop_map(|(subject, body)| {
            [
                format!("PUB {subject} {}\r\n", body.len()).as_bytes(),
                &body,
                b"\r\n",
            ]
            .concat()
        }),
        (word, word, body.clone()).prop_map(|(subject, reply, body)| {
            let line = format!("pub {subject}\t{reply}  {:03}\n", body.len());
            [line.as_bytes(), &body, b"\r\n"].concat()
        }),
        (word, body).prop_map(|(subject, body)| {
            let line = format!("HPUB {subject} 12 {}\r\nNATS/1.0\r\n\r\n", body.len() + 12);
            [line.as_bytes(), &body, b"\r\n"].concat()
        }),
        (word, word).prop_map(|(subject, sid)| format!("SUB {subject} {sid}\r\n").into_bytes()),
        word.prop_map(|sid| format!("UNSUB {sid} 5\r\n").into_bytes()),
        "[a-z ]{0,9}".prop_map(|rest| format!("PING{rest}\r\n").into_bytes()),
        Just(b"CONNECT {}\r\n".to_vec()),
        Just(b"-ERR 'x'\r\n".to_vec()),
    ]
}

proptest! {
    // client-protocol 34
    #[test]
    fn pieces_do_not_matter(
        operations in proptest::collection::vec(any_operation(), 1..8),
        cuts in proptest::collection::vec(0usize..300, 0..12),
    ) {
        let stream = operations.concat();
        let mut cuts = cuts;
        cuts.sort_unstable();
        let whole = replay(&stream, &[]);
        prop_assert_eq!(whole.len(), operations.len());
        prop_assert_eq!(&replay(&stream, &cuts), &whole);
        let every_byte: Vec<usize> = (0..stream.len()).collect();
        prop_assert_eq!(&replay(&stream, &every_byte), &whole);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes, &LIMITS);
        for verb in ["PUB ", "HPUB ", "SUB ", "UNSUB ", "CONNECT ", "-ERR "] {
            let _ = parse(&[verb.as_bytes(), &bytes].concat(), &LIMITS);
        }
    }

    #[test]
    fn staying_on_a_subject_changes_nothing(
        first in "(PUB|pub|HPUB) a.b(  | )([a-z]{1,3} )?2\r\nhi\r\n",
        second in "PUB a.[bc]( |\t)([a-z]{1,3} )?[0-9]{1,10} ?\r?\n",
        body in proptest::collection::vec(any::<u8>(), 0..12),
        end in "\r\n|\r|\n|x",
    ) {
        let stream = [first.as_bytes(), second.as_bytes(), &body, end.as_bytes()].concat();
        if let Ok(Parsed::Op { op: Op::Publish(publish), used }) = parse(&stream, &LIMITS) {
            let start = line_start(&publish, &stream);
            let rest = &stream[used..];
            if let Some((publish, used)) = parse_on_subject(rest, start, &LIMITS) {
                let op = Op::Publish(publish);
                prop_assert_eq!(parse(rest, &LIMITS), Ok(Parsed::Op { op, used }));
            }
        }
    }

    #[test]
    fn words_end_at_the_first_blank_or_control_byte(
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), 0u8..0x30], 0..40),
        at in 0usize..40,
    ) {
        let found = bytes.iter().enumerate().skip(at).find(|(_, b)| **b <= b' ').map(|(i, _)| i);
        prop_assert_eq!(word_end(&bytes, at), found);
    }

    #[test]
    fn the_straight_path_agrees_with_the_general_one(
        line in "[a-z.]{1,5}( |\t|  )([a-z]{1,3} )?[0-9a]{1,3}( |\t)?",
        body in proptest::collection::vec(any::<u8>(), 0..24),
    ) {
        let input = [b"PUB ", line.as_bytes(), b"\r\n", &body, b"\r\n"].concat();
        if let Some(straight) = parse_plain_pub(&input, &LIMITS) {
            prop_assert_eq!(straight, parse_any(&input, &LIMITS));
        }
    }
}
