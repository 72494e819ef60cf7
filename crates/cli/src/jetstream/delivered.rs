//! What the reply subject of a delivered message says.

/// Fields of a `$JS.ACK` subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Domain of the stream; empty if it has none.
    pub domain: String,
    /// Stream.
    pub stream: String,
    /// Consumer.
    pub consumer: String,
    /// How often the message was delivered.
    pub deliveries: u64,
    /// Sequence in the stream.
    pub stream_seq: u64,
    /// Sequence among the consumer's deliveries.
    pub consumer_seq: u64,
    /// When it was stored, in nanoseconds since 1970.
    pub nanos: i64,
    /// Messages that are still to be delivered.
    pub pending: u64,
}

impl Delivered {
    /// Reads a reply subject; nothing if it is not one of a delivery.
    pub fn parse(reply: &str) -> Option<Self> {
        let tokens: Vec<&str> = reply.strip_prefix("$JS.ACK.")?.split('.').collect();
        // Stream, consumer and five numbers; since 2.10 domain and account may
        // stand before them and more after them.
        let (domain, rest) = match tokens.len() {
            7 => ("", tokens.as_slice()),
            9.. => (*tokens.first()?, tokens.get(2..)?),
            _ => return None,
        };
        let number = |at: usize| rest.get(at).and_then(|token| token.parse::<u64>().ok());
        Some(Self {
            domain: if domain == "_" {
                String::new()
            } else {
                domain.to_owned()
            },
            stream: (*rest.first()?).to_owned(),
            consumer: (*rest.get(1)?).to_owned(),
            deliveries: number(2)?,
            stream_seq: number(3)?,
            consumer_seq: number(4)?,
            nanos: i64::try_from(number(5)?).ok()?,
            pending: number(6)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let short = Delivered::parse("$JS.ACK.S.C.1.10.2.1700000000000000000.5").unwrap();
        assert_eq!(
            (short.stream.as_str(), short.stream_seq, short.pending),
            ("S", 10, 5)
        );
        let long = Delivered::parse("$JS.ACK._.acc.S.C.1.10.2.1700000000000000000.5.x").unwrap();
        assert_eq!(long, short);
        let hub = Delivered::parse("$JS.ACK.hub.acc.S.C.1.10.2.1700000000000000000.5").unwrap();
        assert_eq!(hub.domain, "hub");
        assert_eq!(Delivered::parse("_INBOX.x"), None);
        assert_eq!(Delivered::parse("$JS.ACK.S.C.x.10.2.17.5"), None);
    }
}
