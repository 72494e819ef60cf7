//! Message headers.

/// Header block of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Status in the first line, such as 503; 0 if there is none.
    pub status: u16,
    /// Text after the status.
    pub description: String,
    /// Keys and values in the order of the block.
    pub entries: Vec<(String, String)>,
}

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a value.
    pub fn add(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.entries.push((key.into(), value.into()));
    }

    /// Sets a key to one value.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.entries.retain(|(known, _)| known != key);
        self.add(key, value);
    }

    /// The first value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }

    /// Keys in order of their first value, each with all its values.
    pub fn grouped(&self) -> Vec<(&str, Vec<&str>)> {
        let mut out: Vec<(&str, Vec<&str>)> = Vec::new();
        for (key, value) in &self.entries {
            match out.iter_mut().find(|(known, _)| known == key) {
                Some((_, values)) => values.push(value),
                None => out.push((key, vec![value])),
            }
        }
        out
    }

    /// Appends the block as it goes over the wire.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"NATS/1.0");
        if self.status != 0 {
            out.extend_from_slice(format!(" {} {}", self.status, self.description).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        for (key, value) in &self.entries {
            // Line ends would make further headers.
            let value = value.replace(['\r', '\n'], " ");
            out.extend_from_slice(key.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Reads a block; what is not a header is left out.
    pub fn decode(block: &[u8]) -> Self {
        let text = String::from_utf8_lossy(block);
        let mut lines = text.split("\r\n");
        let mut out = Self::new();
        if let Some(status) = lines.next().and_then(|line| line.strip_prefix("NATS/1.0")) {
            let status = status.trim();
            let (code, description) = status.split_once(' ').unwrap_or((status, ""));
            out.status = code.parse().unwrap_or(0);
            out.description = description.to_owned();
        }
        for line in lines {
            if let Some((key, value)) = line.split_once(':') {
                out.add(key, value.trim());
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_as_it_was_written() {
        let mut headers = Headers::new();
        headers.add("A", "1");
        headers.add("B", "b:c");
        headers.add("A", "2");
        let mut block = Vec::new();
        headers.encode(&mut block);
        assert_eq!(block, b"NATS/1.0\r\nA: 1\r\nB: b:c\r\nA: 2\r\n\r\n");
        assert_eq!(Headers::decode(&block), headers);
        assert_eq!(
            headers.grouped(),
            vec![("A", vec!["1", "2"]), ("B", vec!["b:c"])]
        );
    }

    #[test]
    fn a_status_line_has_a_code_and_a_text() {
        let headers =
            Headers::decode(b"NATS/1.0 408 Request Timeout\r\nNats-Pending-Messages: 1\r\n\r\n");
        assert_eq!(headers.status, 408);
        assert_eq!(headers.description, "Request Timeout");
        assert_eq!(headers.get("Nats-Pending-Messages"), Some("1"));
    }
}
