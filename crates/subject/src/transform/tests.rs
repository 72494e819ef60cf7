//! The examples and error texts of client-protocol.md 14.5 and 14.6, as
//! checked against the peer.

use super::*;

fn apply(source: &str, destination: &str, subject: &[u8]) -> Option<String> {
    let transform = Transform::new(source, destination).unwrap();
    let mut out = Vec::new();
    transform
        .apply(subject, &mut out, |_| unreachable!("nothing random here"))
        .then(|| String::from_utf8_lossy(&out).into_owned())
}

#[test]
fn the_examples_of_the_sheet() {
    for (source, destination, subject, result) in [
        (
            "w.*.*",
            "o.{{wildcard(2)}}.{{wildcard(1)}}",
            "w.a.b",
            "o.b.a",
        ),
        ("d.*.*", "o.$2.$1", "d.a.b", "o.b.a"),
        ("drop.*.*", "o.{{wildcard(2)}}", "drop.a.b", "o.b"),
        ("p.*.*", "o.{{partition(10,1,2)}}", "p.a.b", "o.6"),
        ("p.*.*", "o.{{partition(10,1,2)}}", "p.foo.bar", "o.0"),
        ("p3.*.*", "o.{{partition(10,2)}}", "p3.a.b", "o.7"),
        ("p1.*.*", "o.{{partition(10)}}", "p1.a.b", "o.7"),
        ("p2", "o.{{partition(10)}}", "p2", "o.5"),
        ("p2", "o.{{partition(10,1,2)}}", "p2", "o.5"),
        (
            "big.*",
            "o.{{partition(2147483647,1)}}",
            "big.hello",
            "o.1335831723",
        ),
        ("pz.*", "o.{{partition(0,1)}}", "pz.q", "o.0"),
        ("sl.*", "o.{{splitfromleft(1,3)}}", "sl.abcdef", "o.abc.def"),
        ("sl.*", "o.{{splitfromleft(1,3)}}", "sl.abc", "o.abc"),
        ("sl.*", "o.{{splitfromleft(1,3)}}", "sl.ab", "o.ab"),
        (
            "sr.*",
            "o.{{splitfromright(1,3)}}",
            "sr.abcdef",
            "o.abc.def",
        ),
        ("sr.*", "o.{{splitfromright(1,1)}}", "sr.abc", "o.ab.c"),
        (
            "cl.*",
            "o.{{slicefromleft(1,3)}}",
            "cl.abcdefgh",
            "o.abc.def.gh",
        ),
        ("cl.*", "o.{{slicefromleft(1,3)}}", "cl.abc", "o.abc"),
        (
            "cr.*",
            "o.{{slicefromright(1,3)}}",
            "cr.abcdefgh",
            "o.ab.cde.fgh",
        ),
        (
            "cr.*",
            "o.{{slicefromright(1,3)}}",
            "cr.abcdef",
            "o.abc.def",
        ),
        ("sp.*", "o.{{split(1,-)}}", "sp.a-b-c", "o.a.b.c"),
        ("sp.*", "o.{{split(1,-)}}", "sp.-a-b", "o.a.b"),
        ("sp.*", "o.{{split(1,-)}}", "sp.a-b-", "o.a.b"),
        ("sp.*", "o.{{split(1,-)}}", "sp.a--b", "o.a.b"),
        ("sp.*", "o.{{split(1,-)}}", "sp.abc", "o.abc"),
        ("sp.*", "o.{{split(1,-)}}", "sp.---", "o."),
        ("sp2.*", "o.{{split(1,ab)}}", "sp2.1ab2ab3", "o.1.2.3"),
        ("g.>", "o.>", "g.a.b", "o.a.b"),
        ("g2.*.>", "o.{{wildcard(1)}}.x.>", "g2.a.b.c", "o.a.x.b.c"),
        ("mid.*.end", "o.{{wildcard(1)}}", "mid.x.end", "o.x"),
        (
            "cm.*.*.*",
            "o.{{partition(3,1,3)}}.{{wildcard(2)}}.{{splitfromleft(3,1)}}",
            "cm.aa.bb.cc",
            "o.0.bb.c.c",
        ),
        (
            "cat.*",
            "o.x{{wildcard(1)}}",
            "cat.foo",
            "o.x{{wildcard(1)}}",
        ),
        ("bad.*", "o.$0", "bad.q", "o.bad"),
        ("u.*", "{{wildcard(-7)}}.x", "u.q", "u.x"),
        ("n.*", "b.{{partition(-5,1)}}", "n.abc", "b.440920331"),
        ("np.*", "o.{{partition(10,0)}}", "np.abc", "o.7"),
        ("nq.*.*", "o.{{partition(10,2,2,1)}}", "nq.a.b", "o.8"),
        ("r.*", "b.{{random(-3)}}", "r.x", "b.0"),
        ("l.*", "o.{{left(1,2)}}", "l.abc", "o.ab"),
        ("l.*", "o.{{left(1,2)}}", "l.a", "o.a"),
        ("l.*", "o.{{left(1,0)}}", "l.abc", "o.abc"),
        ("ri.*", "o.{{right(1,2)}}", "ri.abc", "o.bc"),
        ("sg.*", "o.{{slicefromleft(1,-1)}}", "sg.abc", "o.abc"),
        ("s.*", "o.{{split(1,)}}", "s.aäb", "o.a.ä.b"),
        ("so.*", "o.{{split(1,*)}}", "so.a*b", "o.a.b"),
        ("t.*", "{{split(1,-)}}.c", "t.a-b", "a.b.c"),
        ("x.*", "o.{{split(1,.)}}", "x.a", "o.{{split(1,.)}}"),
        (">", "o.>", "a.b", "o.a.b"),
        ("", "o.>", "a.b", "o.a.b"),
    ] {
        let made = apply(source, destination, subject.as_bytes());
        assert_eq!(
            made.as_deref(),
            Some(result),
            "{source} {destination} {subject}"
        );
    }
}

#[test]
fn positions_count_bytes() {
    let transform = Transform::new("sl.*", "o.{{splitfromleft(1,3)}}").unwrap();
    let mut out = Vec::new();
    assert!(transform.apply("sl.äöü".as_bytes(), &mut out, |_| 0));
    assert_eq!(out, b"o.\xc3\xa4\xc3.\xb6\xc3\xbc");
    let transform = Transform::new("s.*", "o.{{split(1,)}}").unwrap();
    out.clear();
    assert!(transform.apply(b"s.a\xe2\x82b", &mut out, |_| 0));
    assert_eq!(out, b"o.a.\xe2.\x82.b");
}

#[test]
fn what_the_source_does_not_cover_is_left_alone() {
    for (source, destination, subject) in [
        ("w.*.*", "o.$1", "w.a.b.c"),
        ("w.*.*", "o.$1", "w.a"),
        ("w.*.*", "o.$1", "x.a.b"),
        ("w.*.*", "o.$1", "w..b"),
        ("w.*.*", "o.$1", "w.a."),
        ("w.*.*", "o.$1", "w.a.>"),
        ("x.>", "y.>", "x.a..b"),
        ("x.>", "y.>", "x"),
        ("x", "y", ""),
    ] {
        assert_eq!(
            apply(source, destination, subject.as_bytes()),
            None,
            "{source} {subject}"
        );
    }
}

#[test]
fn published_wildcards_are_covered_as_patterns_and_copied_as_text() {
    for (source, destination, subject, result) in [
        ("w2.*.*", "$1.$2", "w2.*.b", "*.b"),
        ("x.>", "y.>", "x.>", "y.>"),
        ("x.>", "y.>", "x.*", "y.*"),
    ] {
        let made = apply(source, destination, subject.as_bytes());
        assert_eq!(made.as_deref(), Some(result), "{source} {subject}");
    }
}

#[test]
fn random_numbers_come_from_the_caller() {
    let transform = Transform::new("r.*", "b.{{random(7)}}.{{random(0)}}").unwrap();
    let mut out = Vec::new();
    let mut asked = Vec::new();
    let rng = |bound| {
        asked.push(bound);
        bound - 1
    };
    assert!(transform.apply(b"r.x", &mut out, rng));
    assert_eq!((&out[..], &asked[..]), (&b"b.6.0"[..], &[7][..]));
}

#[test]
fn pairs_that_are_no_subjects() {
    for (source, destination) in [
        ("a.*", "b.*"),
        ("a.*", "b.>"),
        ("a.>", "b"),
        ("a.*", "b..c"),
        ("a.*", "b.>.c"),
        ("a.*", ""),
        ("a..b", "b"),
        ("a.*", "b.$7.*"),
        ("a.*", "b.{{wildcard(7)}}.>"),
    ] {
        let error = Transform::new(source, destination).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid subject",
            "{source} {destination}"
        );
    }
}

#[test]
fn bad_tokens_are_named() {
    for (source, token, text) in [
        ("a.*", "{{bad(1)}}", "unknown function"),
        ("a.*", "{{wildcard}}", "unknown function"),
        ("a.*", "{{WILDCARD(1)}}", "unknown function"),
        ("a.*", "{{wildcard(1)x}}", "unknown function"),
        ("a.*", "{{x wildcard(1)}}", "unknown function"),
        ("a.*", "{{left(3,}}", "unknown function"),
        ("a", "$0", "wildcard index out of range"),
        ("a", "{{left(1,2)}}", "wildcard index out of range"),
        (
            "a.*",
            "{{wildcard()}}",
            "not enough arguments passed to the function",
        ),
        (
            "a.*",
            "{{split(1)}}",
            "not enough arguments passed to the function",
        ),
        (
            "a.*",
            "{{random(1,2)}}",
            "not enough arguments passed to the function",
        ),
        (
            "a",
            "{{left(x)}}",
            "not enough arguments passed to the function",
        ),
        (
            "a.*",
            "{{wildcard(1,2)}}",
            "too many arguments passed to the function",
        ),
        (
            "a.*",
            "{{split(1,a,b)}}",
            "too many arguments passed to the function",
        ),
        (
            "a.*",
            "{{left(1,2,3)}}",
            "too many arguments passed to the function",
        ),
    ] {
        let error = Transform::new(source, &format!("b.{token}")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("invalid mapping destination: {text} in {token}")
        );
    }
}

#[test]
fn indexes_beyond_the_wildcards_are_named() {
    for (source, destination, token, index) in [
        ("a.*", "b.$2", "$2", 2),
        ("a.>", "b.$1.>", "$1", 1),
        ("a.*", "{{partition(3,9)}}", "{{partition(3,9)}}", 9),
        (
            "a.*",
            "{{left(9999999999,1)}}",
            "{{left(9999999999,1)}}",
            9_999_999_999_i64,
        ),
    ] {
        let error = Transform::new(source, destination).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "invalid mapping destination: wildcard index out of range in {token}: [{index}]"
            )
        );
    }
}

#[test]
fn arguments_have_to_be_numbers_or_delimiters() {
    for token in [
        "{{wildcard(x)}}",
        "{{wildcard( )}}",
        "{{wildcard(\t1)}}",
        "{{wildcard(0x1)}}",
        "{{wildcard(1))}}",
        "{{wildcard(1)}}{{wildcard(1)}}",
        "{{wildcard(99999999999999999999)}}",
        "{{partition()}}",
        "{{partition(3,1,)}}",
        "{{partition(9999999999,1)}}",
        "{{random()}}",
        "{{random(9999999999)}}",
        "{{split(1,a b)}}",
        "{{split(1,- )}}",
        "{{split(x,a)}}",
        "{{left(2,x)}}",
        "{{left(1,9999999999)}}",
    ] {
        let error = Transform::new("a.*", token).unwrap_err();
        assert_eq!(error, TransformError::InvalidArgument(token.to_owned()));
    }
    assert_eq!(
        TransformError::InvalidArgument("t".to_owned()).to_string(),
        "invalid mapping destination: function argument is invalid or in the wrong format in t"
    );
}

#[test]
fn strict_transforms_can_be_reversed() {
    let transform = Transform::strict("a.*.*.>", "b.{{wildcard(2)}}.$1.>").unwrap();
    let back = transform.reverse().unwrap();
    assert_eq!(
        (back.source(), back.destination()),
        ("b.*.*.>", "a.$2.$1.>")
    );
    let mut out = Vec::new();
    assert!(back.apply(b"b.x.y.z", &mut out, |_| 0));
    assert_eq!(out, b"a.y.x.z");
    assert!(Transform::strict("a", "b").is_ok_and(|transform| transform.reverse().is_some()));
    assert!(Transform::new("a.*.*", "b.$1").unwrap().reverse().is_none());
    assert!(
        Transform::new("a.*", "b.{{left(1,1)}}")
            .unwrap()
            .reverse()
            .is_none()
    );
}

#[test]
fn strict_transforms_use_every_wildcard_and_no_function() {
    let only = "the only mapping function allowed for import transforms is {{Wildcard()}}";
    let unused = "not using all of the token wildcard(s)";
    for (source, destination, text) in [
        (
            "a.*",
            "b.{{left(7,1)}}",
            format!("{only} in {{{{left(7,1)}}}}"),
        ),
        ("a.*.*", "b.$1", format!("{unused} in b.$1")),
        ("a.*", "b", format!("{unused} in b")),
        (
            "a.*",
            "b.$2",
            "wildcard index out of range in $2: [2]".to_owned(),
        ),
    ] {
        let error = Transform::strict(source, destination).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("invalid mapping destination: {text}")
        );
    }
    for (source, destination) in [("a.*", "b.$1"), ("a.*", "b.$0"), ("a.*.*", "b.$1.$1")] {
        assert!(Transform::strict(source, destination).is_ok());
    }
}

#[test]
fn account_mappings_look_at_the_destination_first() {
    for (destination, text) in [
        ("", "invalid transform"),
        ("b..c", "invalid transform"),
        ("b c", "invalid transform"),
        ("b\tc", "invalid transform"),
        ("b.>.", "invalid transform"),
        ("b.>.c", "invalid transform in c"),
        (">.>", "invalid transform in >"),
        ("b.>.c c", "invalid transform in c c"),
        ("{{bad}}.b.", "unknown function in {{bad}}"),
        ("{{wildcard(1)}} ", "invalid transform"),
    ] {
        let error = check_mapping_destination(destination).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("invalid mapping destination: {text}")
        );
    }
    for good in [
        "b",
        "b.*",
        "b.>",
        "{{ wildcard (1) }}",
        "{{}}",
        "x{{bad}}",
        "b\u{a0}c",
    ] {
        assert!(check_mapping_destination(good).is_ok(), "{good}");
    }
}
