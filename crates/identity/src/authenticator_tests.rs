use super::*;

fn client() -> Credentials<'static> {
    Credentials {
        user: "",
        password: "",
        token: "",
        nkey: "",
        signature: "",
        nonce: "nonce",
        connection_type: ConnectionType::Standard,
    }
}

fn user(name: &str, password: &str) -> UserSpec {
    UserSpec {
        name: name.into(),
        password: password.into(),
        ..UserSpec::default()
    }
}

fn nkey_user(key: &str) -> UserSpec {
    UserSpec {
        nkey: key.into(),
        ..UserSpec::default()
    }
}

fn who(decision: Decision) -> Option<Who> {
    match decision {
        Decision::Accepted(accepted) => Some(accepted.who),
        Decision::Refused(_) => None,
        Decision::Slow(check) => who(check.run()),
    }
}

#[test]
fn without_configuration_everybody_comes_in() {
    let open = Authenticator::new(AuthenticatorSpec::default());
    assert!(!open.is_required());
    assert_eq!(
        who(open.decide(&Credentials {
            user: "x",
            ..client()
        })),
        Some(Who::Anonymous)
    );
}

#[test]
fn users_need_their_password() {
    let spec = AuthenticatorSpec {
        users: vec![user("a", "pw"), user("free", "")],
        ..AuthenticatorSpec::default()
    };
    let users = Authenticator::new(spec);
    let ask = |user, password| {
        who(users.decide(&Credentials {
            user,
            password,
            ..client()
        }))
    };
    assert_eq!(ask("a", "pw"), Some(Who::User("a".into())));
    assert_eq!(ask("a", "pwx"), None);
    assert_eq!(ask("b", "pw"), None);
    assert_eq!(ask("", ""), None);
    assert_eq!(ask("free", ""), Some(Who::User("free".into())));
    assert_eq!(ask("free", "x"), None);
}

#[test]
fn a_hashed_password_is_a_slow_check() {
    let hash = bcrypt::hash("pw", 4).expect("valid cost");
    let spec = AuthenticatorSpec {
        users: vec![user("a", &hash)],
        ..AuthenticatorSpec::default()
    };
    let users = Authenticator::new(spec);
    let ask = |password| {
        users.decide(&Credentials {
            user: "a",
            password,
            ..client()
        })
    };
    assert!(matches!(ask("pw"), Decision::Slow(_)));
    assert_eq!(who(ask("pw")), Some(Who::User("a".into())));
    assert_eq!(who(ask(&hash)), None);
}

#[test]
fn tokens_and_single_users() {
    let spec = AuthenticatorSpec {
        token: "t".into(),
        ..AuthenticatorSpec::default()
    };
    let token = Authenticator::new(spec);
    let ask = |token_text| {
        who(token.decide(&Credentials {
            token: token_text,
            ..client()
        }))
    };
    assert_eq!(
        (ask("t"), ask("x"), ask("")),
        (Some(Who::Token), None, None)
    );
    let spec = AuthenticatorSpec {
        username: "u".into(),
        password: "p".into(),
        ..AuthenticatorSpec::default()
    };
    let single = Authenticator::new(spec);
    let ask = |user, password| {
        who(single.decide(&Credentials {
            user,
            password,
            ..client()
        }))
    };
    assert_eq!(ask("u", "p"), Some(Who::User("u".into())));
    assert_eq!((ask("u", "x"), ask("v", "p")), (None, None));
}

#[test]
fn an_nkey_needs_its_signature_and_beats_a_password() {
    let pair = nkeys::KeyPair::new_user();
    let key = pair.public_key();
    let signature = pair.sign(b"nonce").expect("has a seed");
    let signature = data_encoding::BASE64URL_NOPAD.encode(&signature);
    let spec = AuthenticatorSpec {
        users: vec![nkey_user(&key), user("a", "pw")],
        ..AuthenticatorSpec::default()
    };
    let both = Authenticator::new(spec);
    assert!(both.uses_nonce());
    let good = Credentials {
        nkey: &key,
        signature: &signature,
        ..client()
    };
    assert_eq!(who(both.decide(&good)), Some(Who::Nkey(key.clone())));
    assert_eq!(
        who(both.decide(&Credentials {
            signature: "",
            ..good
        })),
        None
    );
    assert_eq!(
        who(both.decide(&Credentials {
            nonce: "other",
            ..good
        })),
        None
    );
    let unlisted = Credentials {
        nkey: "UNKNOWN",
        user: "a",
        password: "pw",
        ..client()
    };
    assert_eq!(who(both.decide(&unlisted)), None);
    let named = Credentials {
        user: "a",
        password: "pw",
        ..client()
    };
    assert_eq!(who(both.decide(&named)), Some(Who::User("a".into())));
}

#[test]
fn the_no_auth_user_is_for_those_who_say_nothing() {
    let hash = bcrypt::hash("pw", 4).expect("valid cost");
    let spec = AuthenticatorSpec {
        users: vec![user("a", &hash), user("b", "pw")],
        no_auth_user: "a".into(),
        ..AuthenticatorSpec::default()
    };
    let users = Authenticator::new(spec);
    assert!(users.admits_silent(ConnectionType::Standard));
    assert_eq!(who(users.decide(&client())), Some(Who::User("a".into())));
    let wrong = Credentials {
        user: "b",
        password: "x",
        ..client()
    };
    assert_eq!(who(users.decide(&wrong)), None);
    assert_eq!(
        who(users.decide(&Credentials {
            token: "t",
            ..client()
        })),
        None
    );
}

#[test]
fn the_no_auth_nkey_needs_no_signature() {
    let key = nkeys::KeyPair::new_user().public_key();
    let spec = AuthenticatorSpec {
        users: vec![nkey_user(&key)],
        no_auth_user: key.clone(),
        ..AuthenticatorSpec::default()
    };
    let users = Authenticator::new(spec);
    assert_eq!(who(users.decide(&client())), Some(Who::Nkey(key.clone())));
    assert_eq!(
        who(users.decide(&Credentials {
            nkey: &key,
            ..client()
        })),
        Some(Who::Nkey(key))
    );
    assert!(!users.admits_silent(ConnectionType::Standard));
}

#[test]
fn connection_types_are_kept_to() {
    let mut limited = user("a", "pw");
    limited.connection_types.insert(ConnectionType::Websocket);
    let spec = AuthenticatorSpec {
        users: vec![limited],
        ..AuthenticatorSpec::default()
    };
    let users = Authenticator::new(spec);
    let standard = Credentials {
        user: "a",
        password: "pw",
        ..client()
    };
    assert_eq!(who(users.decide(&standard)), None);
    let websocket = Credentials {
        connection_type: ConnectionType::Websocket,
        ..standard
    };
    assert_eq!(who(users.decide(&websocket)), Some(Who::User("a".into())));
}

#[test]
fn secrets_are_not_in_debug_forms() {
    let check = compare(
        "$2a$04$0123456789012345678901",
        "s3cret",
        Accepted {
            who: Who::Token,
            account: String::new(),
            permissions: None,
        },
    );
    assert!(matches!(check, Ok(Decision::Slow(_))));
    assert!(!format!("{check:?}").contains("s3cret"));
}

#[test]
fn an_nkey_without_nkey_users_is_no_identity() {
    let spec = AuthenticatorSpec {
        users: vec![user("a", "pw")],
        no_auth_user: "a".into(),
        ..AuthenticatorSpec::default()
    };
    let users = Authenticator::new(spec);
    let nkey = Credentials {
        nkey: "UA",
        ..client()
    };
    assert_eq!(who(users.decide(&nkey)), Some(Who::User("a".into())));
    assert!(!users.uses_nonce());
}

#[test]
fn refusals_say_why_in_debug_logs() {
    let key = nkeys::KeyPair::new_user().public_key();
    let mut limited = user("mqtt", "pw");
    limited.connection_types.insert(ConnectionType::Mqtt);
    let spec = AuthenticatorSpec {
        users: vec![user("a", "pw"), limited, nkey_user(&key)],
        ..AuthenticatorSpec::default()
    };
    let users = Authenticator::new(spec);
    let named = |user| Credentials {
        user,
        password: "pw",
        ..client()
    };
    for (credentials, text) in [
        (named("x"), "User not known"),
        (
            Credentials {
                password: "x",
                ..named("a")
            },
            "Wrong password or token",
        ),
        (named("mqtt"), "Connection type not allowed"),
        (
            Credentials {
                nkey: "UX",
                ..client()
            },
            "Nkey not known",
        ),
        (
            Credentials {
                nkey: &key,
                ..client()
            },
            "Signature missing",
        ),
        (
            Credentials {
                nkey: &key,
                signature: "%",
                ..client()
            },
            "Signature not valid base64",
        ),
        (
            Credentials {
                nkey: &key,
                signature: "AAAA",
                ..client()
            },
            "Signature not verified",
        ),
    ] {
        let refusal = users
            .decide_through(None, &credentials)
            .expect_err("is refused");
        assert_eq!(refusal.to_string(), text);
    }
}

#[test]
fn refused_clients_are_named_without_their_secrets() {
    let label = |credentials: Credentials<'_>| credentials.label();
    assert_eq!(label(client()), None);
    assert_eq!(
        label(Credentials {
            password: "s3cret",
            ..client()
        }),
        None
    );
    let named = Credentials {
        user: "a\"b",
        password: "s3cret",
        ..client()
    };
    assert_eq!(label(named).as_deref(), Some(r#"User "a\"b""#));
    let token = Credentials {
        token: "s3cret",
        ..client()
    };
    assert_eq!(label(token).as_deref(), Some(r#"Token "[REDACTED]""#));
    let nkey = Credentials {
        nkey: "UX",
        user: "a",
        ..client()
    };
    assert_eq!(label(nkey).as_deref(), Some(r#"Nkey "UX""#));
}

#[test]
fn users_may_have_to_come_through_a_proxy() {
    let proxy = nkeys::KeyPair::new_user();
    let key = proxy.public_key();
    let signature = proxy.sign(b"nonce").expect("has a seed");
    let signature = data_encoding::BASE64URL_NOPAD.encode(&signature);
    let through = UserSpec {
        proxy_required: true,
        ..user("a", "pw")
    };
    let spec = AuthenticatorSpec {
        users: vec![through, user("b", "pw")],
        no_auth_user: "a".into(),
        ..AuthenticatorSpec::default()
    };
    let other = nkeys::KeyPair::new_user().public_key();
    let trusted = vec![other, key.clone()];
    let users = Authenticator::new(spec).with_proxies(ProxySpec {
        trusted,
        required: false,
    });
    assert!(users.uses_nonce() && !users.admits_silent(ConnectionType::Standard));
    assert_eq!(users.proxy("nonce", &signature), Ok(Some(key.as_str())));
    assert_eq!(users.proxy("nonce", ""), Ok(None));
    assert_eq!(users.proxy("nonce", "AAAA"), Err(Refusal::ProxyNotTrusted));
    assert_eq!(
        users.proxy("other", &signature),
        Err(Refusal::ProxyNotTrusted)
    );
    let a = Credentials {
        user: "a",
        password: "pw",
        ..client()
    };
    let b = Credentials { user: "b", ..a };
    let refused = users.decide_through(None, &a).expect_err("came directly");
    assert_eq!(refused, Refusal::ProxyRequired);
    for credentials in [a, b] {
        let decision = users
            .decide_through(Some(&key), &credentials)
            .expect("is accepted");
        assert_eq!(who(decision), Some(Who::User(credentials.user.into())));
    }
    assert_eq!(who(users.decide(&b)), Some(Who::User("b".into())));
}

#[test]
fn the_token_may_have_to_come_through_a_proxy() {
    let spec = AuthenticatorSpec {
        token: "t".into(),
        ..AuthenticatorSpec::default()
    };
    let open = Authenticator::new(spec.clone());
    // Without trusted keys a signature means nothing.
    assert_eq!(open.proxy("nonce", "AAAA"), Ok(None));
    let proxies = ProxySpec {
        required: true,
        ..ProxySpec::default()
    };
    let strict = Authenticator::new(spec).with_proxies(proxies);
    let credentials = Credentials {
        token: "t",
        ..client()
    };
    assert_eq!(who(open.decide(&credentials)), Some(Who::Token));
    let refused = strict
        .decide_through(None, &credentials)
        .expect_err("came directly");
    assert_eq!(refused, Refusal::ProxyRequired);
    let decision = strict
        .decide_through(Some("key"), &credentials)
        .expect("is accepted");
    assert_eq!(who(decision), Some(Who::Token));
}
