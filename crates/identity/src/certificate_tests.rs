use super::*;

/// `/O=a/CN=b+OU=c`, as certificates have it.
fn names(subject: &str) -> CertificateNames {
    let attribute = |pair: &str| {
        let (kind, value) = pair.split_once('=').expect("a pair");
        let oid = ATTRIBUTE_TYPES
            .iter()
            .find(|(_, name)| *name == kind)
            .map_or(kind, |(oid, _)| oid);
        Attribute {
            oid: oid.to_owned(),
            value: value.to_owned(),
        }
    };
    let relative = subject.split('/').filter(|part| !part.is_empty());
    CertificateNames {
        subject: relative
            .map(|part| part.split('+').map(attribute).collect())
            .collect(),
        ..CertificateNames::default()
    }
}

fn look(names: &CertificateNames, users: &[&str]) -> CertificateMatch {
    let subjects = NamedSubjects::new(users.iter().copied());
    find(names, &subjects, ConnectionType::Standard, |name, _| {
        users.contains(&name)
    })
}

fn user(names: &CertificateNames, users: &[&str]) -> Option<String> {
    look(names, users).user
}

/// As the Go server logs them.
#[test]
fn the_text_of_a_subject_has_a_fixed_order() {
    for (subject, text) in [
        (
            "/C=US/ST=CA/L=LA/O=NATS/OU=x/CN=a/SERIALNUMBER=7/STREET=s/POSTALCODE=9",
            "SERIALNUMBER=7,CN=a,OU=x,O=NATS,POSTALCODE=9,STREET=s,L=LA,ST=CA,C=US",
        ),
        (
            "/SERIALNUMBER=7/CN=a/POSTALCODE=9/STREET=s/OU=x/O=N/L=LA/ST=CA/C=US",
            "SERIALNUMBER=7,CN=a,OU=x,O=N,POSTALCODE=9,STREET=s,L=LA,ST=CA,C=US",
        ),
        ("/CN=a/OU=x/O=NATS", "CN=a,OU=x,O=NATS"),
        ("/O=N/OU=one/OU=two/CN=a", "CN=a,OU=one+OU=two,O=N"),
        (
            "/CN=one/CN=two/SERIALNUMBER=1/SERIALNUMBER=2/O=x/O=y/C=US/C=DE",
            "SERIALNUMBER=2,CN=two,O=x+O=y,C=US+C=DE",
        ),
        ("/DC=com/DC=example/O=N/CN=a", "CN=a,O=N"),
        ("/O=N/CN=a/1.2.3=x", "CN=a,O=N"),
        ("/CN=#a#/O= b ", "CN=\\#a#,O=\\ b\\ "),
        ("/CN=a,<;>\"\\", "CN=a\\,\\<\\;\\>\\\"\\\\"),
        ("", ""),
    ] {
        assert_eq!(names(subject).subject_text(), text, "{subject}");
    }
}

#[test]
fn the_full_text_has_all_types() {
    assert_eq!(
        names("/DC=com/DC=example/O=N/CN=a").full_subject_text(),
        "CN=a,O=N,0.9.2342.19200300.100.1.25=example,0.9.2342.19200300.100.1.25=com"
    );
    assert_eq!(names("/1.2.3=x/CN=a").full_subject_text(), "CN=a,1.2.3=x");
}

#[test]
fn emails_come_before_dns_names_and_these_before_uris() {
    let mut certificate = names("/CN=a/O=b");
    certificate.emails = vec!["one@h".into(), "two@h".into()];
    certificate.dns = vec!["one.h".into(), "two.h".into()];
    certificate.uris = vec!["spiffe://one".into()];
    let all = ["CN=a,O=b", "spiffe://one", "two.h", "two@h"];
    for known in (0..all.len()).rev() {
        let users = all.get(..=known).expect("some");
        assert_eq!(
            user(&certificate, users).as_deref(),
            all.get(known).copied()
        );
    }
    assert_eq!(
        look(&certificate, &["two@h"]).notes,
        ["Using email found in cert for auth [\"two@h\"]"]
    );
    assert_eq!(
        look(&certificate, &["one.h"]).notes,
        ["Using SAN found in cert for auth [\"one.h\"]"]
    );
    assert_eq!(
        look(&certificate, &["spiffe://one"]).notes,
        ["Using URI found in cert for auth [\"spiffe://one\"]"]
    );
}

#[test]
fn subjects_are_compared_as_names() {
    let certificate = names("/DC=com/DC=example/O=N/OU=x+CN=a b");
    for name in [
        "CN=a b+OU=x,O=N,DC=example,DC=com",
        "OU=x+CN=a b,O=N,DC=example,DC=com",
        "cn=a b+ou=x, o=N,dc=example , dc=com",
        "O=N,CN=a b+OU=x,DC=com,DC=example",
        "DC=com,DC=example,O=N,OU=x+CN=a\\20b",
    ] {
        assert_eq!(user(&certificate, &[name]).as_deref(), Some(name), "{name}");
    }
    for name in [
        "CN=a b+OU=x,O=N,DC=example",
        "CN=a b,OU=x,O=N,DC=example,DC=com",
        "CN=A B+OU=x,O=N,DC=example,DC=com",
        "CN=a b+OU=x,O=N,DC=example,DC=com,C=US",
        "CN=a b+OU=x,O=N,O=N,DC=example,DC=com",
        "CN=a b+OU=x+OU=x,O=N,DC=example,DC=com",
        "CN=a b+OU=x,O=N,DC=example,DC=#636f6d",
        "N",
        "",
    ] {
        assert_eq!(user(&certificate, &[name]), None, "{name}");
    }
}

#[test]
fn the_same_order_comes_before_any_order() {
    let certificate = names("/O=N/CN=a");
    let users = ["O=N,CN=a", "CN=a,O=N"];
    assert_eq!(user(&certificate, &users).as_deref(), Some("CN=a,O=N"));
    assert_eq!(user(&certificate, &users[..1]).as_deref(), Some("O=N,CN=a"));
}

#[test]
fn a_subject_with_other_types_is_compared_as_text() {
    let certificate = names("/O=N/CN=a/1.2.3=x");
    assert_eq!(
        look(&certificate, &["CN=a,O=N", "O=N,CN=a"]),
        CertificateMatch {
            user: Some("CN=a,O=N".into()),
            notes: vec!["Using certificate subject for auth [\"CN=a,O=N\"]".into()],
        }
    );
    assert_eq!(user(&certificate, &["O=N,CN=a"]), None);
}

#[test]
fn domain_components_follow_the_text_in_their_own_order() {
    // Another type keeps it from being compared as a name.
    let certificate = names("/O=N/DC=com/DC=example/CN=a/1.2.3=u");
    let name = "CN=a,O=N,DC=com,DC=example";
    assert_eq!(
        look(&certificate, &[name]),
        CertificateMatch {
            user: Some(name.into()),
            notes: vec![format!("Using RDNSequence for auth [\"{name}\"]")],
        }
    );
    assert_eq!(user(&certificate, &["CN=a,O=N,DC=example,DC=com"]), None);
}

#[test]
fn what_was_tried_is_told() {
    assert_eq!(
        look(&names("/DC=com/O=N/CN=a"), &["x"]),
        CertificateMatch {
            user: None,
            notes: vec![
                "DistinguishedNameMatch could not be used for auth [\"CN=a,O=N\"]".into(),
                "RDNSequence could not be used for auth [\"CN=a,O=N,DC=com\"]".into(),
                "User in cert [\"CN=a,O=N\"], not found".into(),
            ],
        }
    );
}

#[test]
fn a_user_who_may_not_connect_so_is_passed_over() {
    let mut certificate = names("/CN=a");
    certificate.emails = vec!["a@h".into()];
    let users = ["a@h", "CN=a"];
    let subjects = NamedSubjects::new(users.into_iter());
    let found = find(
        &certificate,
        &subjects,
        ConnectionType::Standard,
        |name, _| name != "a@h" && users.contains(&name),
    );
    assert_eq!(found.user.as_deref(), Some("CN=a"));
}

#[test]
fn escapes_of_names_are_read() {
    let parsed = |text| DistinguishedName::parse(text).map(|name| name.0);
    let one = |value: &str| Some(vec![vec![("CN".to_owned(), value.to_owned())]]);
    for (text, value) in [
        ("cn=a\\,b", "a,b"),
        ("CN = a ", "a"),
        ("CN=a\\ ", "a "),
        ("CN=\\ a", " a"),
        ("CN=a=b", "a=b"),
        ("CN=\\C3\\B6", "ö"),
        ("CN=ö", "ö"),
        ("CN=", ""),
    ] {
        assert_eq!(parsed(text), one(value), "{text}");
    }
    for text in [
        "", "CN", "=a", "CN=a,", "CN=a,b", "CN=a\\", "CN=a\\4", "CN=a\\zz", "CN=a+", "a,CN=b",
    ] {
        assert_eq!(parsed(text), None, "{text}");
    }
}
