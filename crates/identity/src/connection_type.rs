//! The kinds of connections users can be limited to (security.md 2.4).

/// How a client is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionType {
    /// The client port.
    Standard,
    /// WebSocket.
    Websocket,
    /// Leaf node.
    Leafnode,
    /// Leaf node over WebSocket.
    LeafnodeWs,
    /// MQTT.
    Mqtt,
    /// MQTT over WebSocket.
    MqttWs,
    /// From within the process.
    InProcess,
}

impl ConnectionType {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Standard,
        Self::Websocket,
        Self::Leafnode,
        Self::LeafnodeWs,
        Self::Mqtt,
        Self::MqttWs,
        Self::InProcess,
    ];

    /// The name in configuration and tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Websocket => "WEBSOCKET",
            Self::Leafnode => "LEAFNODE",
            Self::LeafnodeWs => "LEAFNODE_WS",
            Self::Mqtt => "MQTT",
            Self::MqttWs => "MQTT_WS",
            Self::InProcess => "IN_PROCESS",
        }
    }

    /// The type of a name in any letter case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

/// A set of connection types; the empty set allows all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionTypes(u8);

impl ConnectionTypes {
    /// Adds a type.
    pub fn insert(&mut self, kind: ConnectionType) {
        self.0 |= 1 << kind as u8;
    }

    /// Whether `kind` is allowed.
    pub fn allows(self, kind: ConnectionType) -> bool {
        self.0 == 0 || self.0 & (1 << kind as u8) != 0
    }
}

impl FromIterator<ConnectionType> for ConnectionTypes {
    fn from_iter<I: IntoIterator<Item = ConnectionType>>(kinds: I) -> Self {
        let mut set = Self::default();
        kinds.into_iter().for_each(|kind| set.insert(kind));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_set_allows_all_and_others_only_theirs() {
        let some: ConnectionTypes = ["websocket", "MQTT"]
            .into_iter()
            .filter_map(ConnectionType::parse)
            .collect();
        for kind in ConnectionType::ALL {
            assert!(ConnectionTypes::default().allows(kind));
            let named = matches!(kind, ConnectionType::Websocket | ConnectionType::Mqtt);
            assert_eq!(some.allows(kind), named);
        }
        assert_eq!(ConnectionType::parse("FOO"), None);
    }
}
