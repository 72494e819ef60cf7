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
    assert!(!format!("{check:?}").contains("s3cret"));
}
