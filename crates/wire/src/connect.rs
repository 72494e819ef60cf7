//! The options of a `CONNECT` (client-protocol.md 4).

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// Options a client states about itself. A further `CONNECT` on the same
/// connection merges over the earlier one.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectOptions {
    /// Answer every accepted operation with `+OK`.
    pub verbose: bool,
    /// Check publish subjects.
    pub pedantic: bool,
    /// Deliver the connection's own messages to its own subscriptions.
    pub echo: bool,
    /// The client understands message headers.
    pub headers: bool,
    /// The client wants 503 replies when nobody listens.
    pub no_responders: bool,
    /// Protocol level: 0, or 1 for asynchronous `INFO`. Any other is refused.
    pub protocol: i64,
    /// Token.
    pub auth_token: String,
    /// User name.
    pub user: String,
    /// Password.
    pub pass: String,
    /// Public user nkey.
    pub nkey: String,
    /// User JWT.
    pub jwt: String,
    /// Signature of the nonce.
    pub sig: String,
    /// Signature of the nonce by a trusted proxy.
    pub proxy_sig: String,
    /// Name shown in monitoring.
    pub name: String,
    /// Client language.
    pub lang: String,
    /// Client library version.
    pub version: String,
    /// Obsolete; any value is refused.
    pub account: String,
    /// Obsolete; `true` is refused.
    pub new_account: bool,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            verbose: true,
            pedantic: true,
            echo: true,
            headers: false,
            no_responders: false,
            protocol: 0,
            auth_token: String::new(),
            user: String::new(),
            pass: String::new(),
            nkey: String::new(),
            jwt: String::new(),
            sig: String::new(),
            proxy_sig: String::new(),
            name: String::new(),
            lang: String::new(),
            version: String::new(),
            account: String::new(),
            new_account: false,
        }
    }
}

impl fmt::Debug for ConnectOptions {
    /// Secrets stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("name", &self.name)
            .field("lang", &self.lang)
            .field("version", &self.version)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

impl ConnectOptions {
    /// Applies the JSON text of a `CONNECT` (client-protocol.md 4.2): keys in
    /// any letter case, the last of equal keys wins, `null` changes nothing,
    /// unknown keys are skipped, wrong types are refused.
    ///
    /// # Errors
    /// The decoder's message when the text is not one JSON object (or `null`)
    /// with values of the right types. `self` may have been changed in part.
    pub fn merge(&mut self, json: &[u8]) -> Result<(), serde_json::Error> {
        // Like the peer, take bytes that are not UTF-8 as replacement characters.
        let text = match std::str::from_utf8(json) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(json),
        };
        let mut decoder = serde_json::Deserializer::from_str(&text);
        MergeOver(self).deserialize(&mut decoder)?;
        decoder.end()
    }
}

struct MergeOver<'o>(&'o mut ConnectOptions);

impl<'de> DeserializeSeed<'de> for MergeOver<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for MergeOver<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with CONNECT options")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        fn set<'de, T: serde::Deserialize<'de>, A: MapAccess<'de>>(
            map: &mut A,
            field: &mut T,
        ) -> Result<(), A::Error> {
            if let Some(value) = map.next_value::<Option<T>>()? {
                *field = value;
            }
            Ok(())
        }
        let options = self.0;
        while let Some(key) = map.next_key::<String>()? {
            match key.to_lowercase().as_str() {
                "verbose" => set(&mut map, &mut options.verbose)?,
                "pedantic" => set(&mut map, &mut options.pedantic)?,
                "echo" => set(&mut map, &mut options.echo)?,
                "headers" => set(&mut map, &mut options.headers)?,
                "no_responders" => set(&mut map, &mut options.no_responders)?,
                "protocol" => set(&mut map, &mut options.protocol)?,
                "auth_token" => set(&mut map, &mut options.auth_token)?,
                "user" => set(&mut map, &mut options.user)?,
                "pass" => set(&mut map, &mut options.pass)?,
                "nkey" => set(&mut map, &mut options.nkey)?,
                "jwt" => set(&mut map, &mut options.jwt)?,
                "sig" => set(&mut map, &mut options.sig)?,
                "proxy_sig" => set(&mut map, &mut options.proxy_sig)?,
                "name" => set(&mut map, &mut options.name)?,
                "lang" => set(&mut map, &mut options.lang)?,
                "version" => set(&mut map, &mut options.version)?,
                "account" => set(&mut map, &mut options.account)?,
                "new_account" => set(&mut map, &mut options.new_account)?,
                // Informational: the type is checked, the value not used.
                "tls_required" => {
                    map.next_value::<Option<bool>>()?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(json: &str) -> ConnectOptions {
        let mut options = ConnectOptions::default();
        options.merge(json.as_bytes()).expect(json);
        options
    }

    // client-protocol 20
    #[test]
    fn keys_have_any_case_and_null_changes_nothing() {
        assert!(!merged(r#"{"VERBOSE":false}"#).verbose);
        assert!(merged(r#"{"verbose":false,"verbose":true}"#).verbose);
        assert!(merged(r#"{"verbose":null,"whatever":[{}]}"#).verbose);
        assert!(merged("null").echo);
        assert_eq!(merged(r#"{"name":"a\u00e9"}"#).name, "aé");
        let mut options = ConnectOptions::default();
        options.merge(b"{\"name\":\"\xff\"}").expect("lossy");
        assert_eq!(options.name, "\u{fffd}");
    }

    // client-protocol 21, 22
    #[test]
    fn wrong_types_and_broken_json_are_refused() {
        for json in [
            "",
            "{",
            "[]",
            "\"x\"",
            "{} x",
            "{}{}",
            r#"{"verbose":1}"#,
            r#"{"verbose":"true"}"#,
            r#"{"user":1}"#,
            r#"{"protocol":"1"}"#,
            r#"{"protocol":1.0}"#,
            r#"{"protocol":1.5}"#,
            r#"{"tls_required":1}"#,
        ] {
            let refused = ConnectOptions::default().merge(json.as_bytes());
            assert!(refused.is_err(), "{json}");
        }
    }

    // client-protocol 27
    #[test]
    fn a_second_connect_keeps_what_it_does_not_name() {
        let mut options = merged(r#"{"verbose":false,"name":"a"}"#);
        options.merge(br#"{"echo":false}"#).expect("valid");
        assert!(!options.verbose && !options.echo);
        assert_eq!(options.name, "a");
    }

    #[test]
    fn secrets_are_not_in_the_debug_form() {
        let options = merged(r#"{"pass":"s3cret","auth_token":"t0ken","sig":"sgn"}"#);
        let text = format!("{options:?}");
        assert!(!text.contains("s3cret") && !text.contains("t0ken") && !text.contains("sgn"));
    }
}
