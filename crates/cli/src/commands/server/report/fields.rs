//! The fields that expressions about connections and servers know: by the names
//! of JSON and by those of the servers' source, none of them missing.

use crate::expression::Value;
use crate::output::Json;

/// A field that a document leaves out when it is empty.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    /// A time, which is a text in JSON.
    Time,
    Number,
    Switch,
    /// A time that there may not be.
    SomeTime,
    /// A list, which is nil in JSON when it is empty.
    List,
    /// Something that there may not be.
    Other,
}

/// A field: in JSON, in the source, what it holds.
#[derive(Debug)]
pub struct Field(&'static str, &'static str, Kind);

/// Of a connection.
pub const CONNECTION: [Field; 36] = [
    Field("cid", "Cid", Kind::Number),
    Field("kind", "Kind", Kind::Text),
    Field("type", "Type", Kind::Text),
    Field("ip", "IP", Kind::Text),
    Field("port", "Port", Kind::Number),
    Field("start", "Start", Kind::Time),
    Field("last_activity", "LastActivity", Kind::Time),
    Field("stop", "Stop", Kind::SomeTime),
    Field("reason", "Reason", Kind::Text),
    Field("rtt", "RTT", Kind::Text),
    Field("uptime", "Uptime", Kind::Text),
    Field("idle", "Idle", Kind::Text),
    Field("pending_bytes", "Pending", Kind::Number),
    Field("in_msgs", "InMsgs", Kind::Number),
    Field("out_msgs", "OutMsgs", Kind::Number),
    Field("in_bytes", "InBytes", Kind::Number),
    Field("out_bytes", "OutBytes", Kind::Number),
    Field("stalls", "Stalls", Kind::Number),
    Field("subscriptions", "NumSubs", Kind::Number),
    Field("name", "Name", Kind::Text),
    Field("lang", "Lang", Kind::Text),
    Field("version", "Version", Kind::Text),
    Field("tls_version", "TLSVersion", Kind::Text),
    Field("tls_cipher_suite", "TLSCipher", Kind::Text),
    Field("tls_peer_certs", "TLSPeerCerts", Kind::List),
    Field("tls_first", "TLSFirst", Kind::Switch),
    Field("authorized_user", "AuthorizedUser", Kind::Text),
    Field("account", "Account", Kind::Text),
    Field("subscriptions_list", "Subs", Kind::List),
    Field("subscriptions_list_detail", "SubsDetail", Kind::List),
    Field("jwt", "JWT", Kind::Text),
    Field("issuer_key", "IssuerKey", Kind::Text),
    Field("name_tag", "NameTag", Kind::Text),
    Field("tags", "Tags", Kind::List),
    Field("mqtt_client", "MQTTClient", Kind::Text),
    Field("proxy", "Proxy", Kind::Other),
];

/// Of a server.
pub const SERVER: [Field; 13] = [
    Field("name", "Name", Kind::Text),
    Field("host", "Host", Kind::Text),
    Field("id", "ID", Kind::Text),
    Field("cluster", "Cluster", Kind::Text),
    Field("domain", "Domain", Kind::Text),
    Field("ver", "Version", Kind::Text),
    Field("tags", "Tags", Kind::List),
    Field("metadata", "Metadata", Kind::Other),
    Field("feature_flags", "FeatureFlags", Kind::Other),
    Field("jetstream", "JetStream", Kind::Switch),
    Field("flags", "Flags", Kind::Number),
    Field("seq", "Seq", Kind::Number),
    Field("time", "Time", Kind::Time),
];

/// The fields of a document under the names of JSON, and under those of the
/// source, where it has this type.
pub fn variables(document: &Json, fields: &[Field], kind: &'static str) -> (Value, Value) {
    let (mut by_key, mut by_name) = (Vec::new(), Vec::new());
    for Field(key, name, kind) in fields {
        let value = match (document.key(key), kind) {
            (Json::Null, Kind::Text | Kind::Time) => Value::Text(String::new()),
            (Json::Null, Kind::Number) => Value::Int(0),
            (Json::Null, Kind::Switch) => Value::Bool(false),
            (value, _) => Value::from(value),
        };
        let in_source = match kind {
            Kind::SomeTime if value.is_nil() => Value::Absent("*time.Time"),
            Kind::Time | Kind::SomeTime => Value::time(document.key(key)),
            Kind::List if value.is_nil() => Value::Absent("[]string"),
            _ => value.clone(),
        };
        by_key.push(((*key).to_owned(), value));
        by_name.push(((*name).to_owned(), in_source));
    }
    (Value::Map(by_key), Value::Struct(kind, by_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_two_names_and_a_value() {
        let document = Json::object().with("in_msgs", 5);
        let (by_key, by_name) = variables(&document, &CONNECTION, "*server.ConnInfo");
        for (value, name, wanted) in [
            (&by_key, "in_msgs", Value::Int(5)),
            (&by_name, "InMsgs", Value::Int(5)),
            (&by_key, "name", Value::Text(String::new())),
            (&by_name, "TLSFirst", Value::Bool(false)),
        ] {
            assert_eq!(value.entry(name), Some(&wanted));
        }
    }
}
