//! The `INFO` object of a client port (client-protocol.md 3).

use serde::{Deserialize, Serialize};

/// Compatibility level announced to clients: clients compare it
/// (client-conventions.md 1.4), so it has exactly three numbers.
pub const VERSION: &str = "2.15.1";
/// JetStream API level announced to clients.
pub const API_LEVEL: u32 = 5;
/// Protocol level of the server.
pub const PROTOCOL: i32 = 1;

/// Fields of an `INFO`, in wire order. Empty, false and zero fields that the
/// sheet does not call "always" are left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerInfo {
    /// Public server nkey, new at each start.
    pub server_id: String,
    /// Configured name, else the server id.
    pub server_name: String,
    /// [`VERSION`].
    pub version: String,
    /// [`PROTOCOL`].
    pub proto: i32,
    /// Commit of the build.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub git_commit: String,
    /// Tool chain text; some clients insist on the key.
    pub go: String,
    /// Listen host, or that of `client_advertise`.
    pub host: String,
    /// Listen port, or that of `client_advertise`.
    pub port: u16,
    /// Headers are supported.
    pub headers: bool,
    /// The client must authenticate.
    #[serde(skip_serializing_if = "is_false")]
    pub auth_required: bool,
    /// The client must use TLS.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_required: bool,
    /// The server asks for a client certificate.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_verify: bool,
    /// The client may use TLS.
    #[serde(skip_serializing_if = "is_false")]
    pub tls_available: bool,
    /// Largest message; -1 is unlimited.
    pub max_payload: i64,
    /// JetStream is enabled.
    #[serde(skip_serializing_if = "is_false")]
    pub jetstream: bool,
    /// Connection id.
    #[serde(skip_serializing_if = "is_zero")]
    pub client_id: u64,
    /// Address of the client as the server sees it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_ip: String,
    /// Text to sign, when signatures can be asked for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub nonce: String,
    /// Cluster name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// JetStream domain.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domain: String,
    /// `host:port` of the cluster's servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connect_urls: Vec<String>,
    /// Lame duck notice.
    #[serde(rename = "ldm", skip_serializing_if = "is_false")]
    pub lame_duck: bool,
    /// This is the answer to a `CONNECT`.
    #[serde(skip_serializing_if = "is_false")]
    pub connect_info: bool,
    /// Account of the connection, with `connect_info` only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remote_account: String,
    /// The account is the system account.
    #[serde(skip_serializing_if = "is_false")]
    pub acc_is_sys: bool,
    /// [`API_LEVEL`].
    pub api_lvl: u32,
    /// The server's public curve key.
    pub xkey: String,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the form serde asks for
fn is_false(value: &bool) -> bool {
    !*value
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the form serde asks for
fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl ServerInfo {
    /// Appends the whole line: `INFO {...} CRLF`, one blank on each side of the
    /// object.
    pub fn push_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"INFO ");
        push_html_safe_json(out, self);
        out.extend_from_slice(b" \r\n");
    }
}

/// Appends compact JSON with `<`, `>` and `&` as `\u003c`, `\u003e`, `\u0026`.
///
/// Those three occur nowhere but inside strings, so replacing them in the
/// finished text is right.
pub fn push_html_safe_json<T: Serialize>(out: &mut Vec<u8>, value: &T) {
    // Serialising plain data into memory has nothing that could fail.
    let text = serde_json::to_vec(value).unwrap_or_default();
    for byte in text {
        match byte {
            b'<' => out.extend_from_slice(b"\\u003c"),
            b'>' => out.extend_from_slice(b"\\u003e"),
            b'&' => out.extend_from_slice(b"\\u0026"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // client-protocol 1, 14
    #[test]
    fn the_line_has_its_blanks_its_order_and_its_escapes() {
        let info = ServerInfo {
            server_id: "N1".into(),
            server_name: "a<b>&".into(),
            version: VERSION.into(),
            proto: PROTOCOL,
            go: "rust".into(),
            host: "0.0.0.0".into(),
            port: 4222,
            headers: true,
            max_payload: 1_048_576,
            client_id: 5,
            client_ip: "127.0.0.1".into(),
            api_lvl: API_LEVEL,
            xkey: "X1".into(),
            ..ServerInfo::default()
        };
        let mut line = Vec::new();
        info.push_line(&mut line);
        assert_eq!(
            String::from_utf8_lossy(&line),
            "INFO {\"server_id\":\"N1\",\"server_name\":\"a\\u003cb\\u003e\\u0026\",\
             \"version\":\"2.15.1\",\"proto\":1,\"go\":\"rust\",\"host\":\"0.0.0.0\",\
             \"port\":4222,\"headers\":true,\"max_payload\":1048576,\"client_id\":5,\
             \"client_ip\":\"127.0.0.1\",\"api_lvl\":5,\"xkey\":\"X1\"} \r\n"
        );
    }
}
