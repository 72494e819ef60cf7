//! As much of token reading as options need: the claims of operators, and
//! whether accounts' and users' tokens are what they should be (security.md 10).

use serde_json::Value;

use super::keys::{KeyKind, is_public};
use crate::options::OperatorToken;

/// The claims of a token whose signature is right.
struct Claims {
    body: Value,
}

/// URL-safe base64 without padding.
fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut have) = (0u32, 0u32);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have) as u8);
            bits &= (1 << have) - 1;
        }
    }
    Some(out)
}

fn json(chunk: &str) -> Result<Value, String> {
    let bytes = base64url(chunk).ok_or("illegal base64 data")?;
    serde_json::from_slice(&bytes).map_err(|e| e.to_string())
}

/// Decodes a token and checks its signature.
fn decode(token: &str) -> Result<Claims, String> {
    let chunks: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = chunks.as_slice() else {
        return Err("expected 3 chunks".to_owned());
    };
    let header = json(header)?;
    let algorithm = header["alg"].as_str().unwrap_or_default().to_lowercase();
    if !header["typ"]
        .as_str()
        .is_some_and(|typ| typ.eq_ignore_ascii_case("jwt"))
    {
        return Err(format!(
            "not supported type {}",
            crate::go_text::quote(header["typ"].as_str().unwrap_or_default())
        ));
    }
    let body = json(payload)?;
    if !matches!(algorithm.as_str(), "ed25519-nkey" | "ed25519") {
        return Err(format!(
            "unexpected {} algorithm",
            crate::go_text::quote(&algorithm)
        ));
    }
    // The first version signed the payload only, the second the header, too.
    let version = body.pointer("/nats/version").and_then(Value::as_i64);
    let signed = if version.is_some_and(|version| version > 1) {
        format!("{}.{}", chunks[0], chunks[1])
    } else {
        chunks[1].to_owned()
    };
    let signature = base64url(signature).ok_or("illegal base64 data")?;
    let issuer = body["iss"].as_str().unwrap_or_default();
    let verified = nkeys::KeyPair::from_public_key(issuer)
        .is_ok_and(|key| key.verify(signed.as_bytes(), &signature).is_ok());
    if !verified {
        return Err("claim failed V2 signature verification".to_owned());
    }
    Ok(Claims { body })
}

impl Claims {
    fn text(&self, pointer: &str) -> String {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    fn number(&self, pointer: &str) -> i64 {
        self.body
            .pointer(pointer)
            .and_then(Value::as_i64)
            .unwrap_or_default()
    }

    fn flag(&self, pointer: &str) -> bool {
        self.body
            .pointer(pointer)
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    /// `nats.type`, where the first version had `type`.
    fn kind(&self) -> String {
        let kind = self.text("/nats/type");
        if kind.is_empty() {
            self.text("/type")
        } else {
            kind
        }
    }
}

/// An operator token, from a file's content or as configured. The token may
/// stand between dashed lines.
pub(crate) fn operator(text: &str) -> Result<OperatorToken, String> {
    let token = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("---"))
        .unwrap_or("");
    let claims = decode(token)?;
    if claims.kind() != "operator" {
        return Err("not operator claim".to_owned());
    }
    let signing_keys = claims
        .body
        .pointer("/nats/signing_keys")
        .and_then(Value::as_array)
        .map(|keys| {
            keys.iter()
                .filter_map(|key| key.as_str().map(str::to_owned))
                .collect()
        })
        .unwrap_or_default();
    Ok(OperatorToken {
        jwt: token.to_owned(),
        subject: claims.text("/sub"),
        issuer: claims.text("/iss"),
        name: claims.text("/name"),
        signing_keys,
        system_account: claims.text("/nats/system_account"),
        account_server_url: claims.text("/nats/account_server_url"),
        assert_server_version: claims.text("/nats/assert_server_version"),
        strict_signing_key_usage: claims.flag("/nats/strict_signing_key_usage"),
        issued_at: claims.number("/iat"),
        expires: claims.number("/exp"),
    })
}

/// The token is one of an account.
pub(crate) fn is_account(token: &str) -> bool {
    decode(token).is_ok_and(|claims| {
        claims.kind() == "account" && is_public(KeyKind::Account, &claims.text("/sub"))
    })
}

/// `Some(true)` for a user's bearer token, `Some(false)` for another user
/// token, `None` for anything else.
pub(crate) fn is_bearer(token: &str) -> Option<bool> {
    let claims = decode(token).ok()?;
    (claims.kind() == "user").then(|| claims.flag("/nats/bearer_token"))
}
