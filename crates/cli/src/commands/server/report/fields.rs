//! The fields that expressions about connections and servers know: by the names
//! of JSON and by those of the servers' source, none of them missing.

use crate::output::Json;

/// A field that a document leaves out when it is empty.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Number,
    Switch,
    /// A list, or something else that there may not be.
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
    Field("start", "Start", Kind::Text),
    Field("last_activity", "LastActivity", Kind::Text),
    Field("stop", "Stop", Kind::Other),
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
    Field("tls_peer_certs", "TLSPeerCerts", Kind::Other),
    Field("tls_first", "TLSFirst", Kind::Switch),
    Field("authorized_user", "AuthorizedUser", Kind::Text),
    Field("account", "Account", Kind::Text),
    Field("subscriptions_list", "Subs", Kind::Other),
    Field("subscriptions_list_detail", "SubsDetail", Kind::Other),
    Field("jwt", "JWT", Kind::Text),
    Field("issuer_key", "IssuerKey", Kind::Text),
    Field("name_tag", "NameTag", Kind::Text),
    Field("tags", "Tags", Kind::Other),
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
    Field("tags", "Tags", Kind::Other),
    Field("metadata", "Metadata", Kind::Other),
    Field("feature_flags", "FeatureFlags", Kind::Other),
    Field("jetstream", "JetStream", Kind::Switch),
    Field("flags", "Flags", Kind::Number),
    Field("seq", "Seq", Kind::Number),
    Field("time", "Time", Kind::Text),
];

/// The fields of a document under the names of JSON, and under those of the
/// source.
pub fn variables(document: &Json, fields: &[Field]) -> (Json, Json) {
    let (mut by_key, mut by_name) = (Json::object(), Json::object());
    for Field(key, name, kind) in fields {
        let value = match (document.key(key), kind) {
            (Json::Null, Kind::Text) => Json::from(""),
            (Json::Null, Kind::Number) => Json::from(0),
            (Json::Null, Kind::Switch) => Json::from(false),
            (value, _) => value.clone(),
        };
        by_key.set(key, value.clone());
        by_name.set(name, value);
    }
    (by_key, by_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_two_names_and_a_value() {
        let document = Json::object().with("in_msgs", 5);
        let (by_key, by_name) = variables(&document, &CONNECTION);
        assert_eq!((by_key.int("in_msgs"), by_name.int("InMsgs")), (5, 5));
        assert_eq!(by_key.key("name"), &Json::from(""));
        assert_eq!(by_name.key("TLSFirst"), &Json::from(false));
    }
}
