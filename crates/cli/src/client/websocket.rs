//! The HTTP request that turns a connection into a WebSocket (RFC 6455, 4).

use tungstenite::client::IntoClientRequest;
use tungstenite::handshake::client::{Response, generate_request};
use tungstenite::handshake::derive_accept_key;
use tungstenite::handshake::machine::TryParse;
use tungstenite::http::StatusCode;

use super::{ClientError, Endpoint};

/// Bytes that an answer may have until its headers end.
const MAX_ANSWER: usize = 16 * 1024;

fn failed(why: &str) -> ClientError {
    ClientError::Other(format!("invalid websocket connection: {why}"))
}

/// A request, and what its answer must have.
#[derive(Debug)]
pub struct Upgrade {
    /// What is to be sent.
    pub request: Vec<u8>,
    accept: String,
}

impl Upgrade {
    /// For a server.
    pub fn of(endpoint: &Endpoint) -> Result<Self, ClientError> {
        let url = format!("ws://{}/", endpoint.address());
        let request = url
            .into_client_request()
            .map_err(|error| failed(&error.to_string()))?;
        let (request, key) =
            generate_request(request).map_err(|error| failed(&error.to_string()))?;
        Ok(Self {
            request,
            accept: derive_accept_key(key.as_bytes()),
        })
    }

    /// Looks at what has come: the number of bytes that the answer took, nothing
    /// if it is not complete.
    pub fn answered(&self, input: &[u8]) -> Result<Option<usize>, ClientError> {
        let parsed = Response::try_parse(input)
            .map_err(|error| failed(&format!("the answer is no HTTP: {error}")))?;
        let Some((used, response)) = parsed else {
            if input.len() > MAX_ANSWER {
                return Err(failed("the answer is too long"));
            }
            return Ok(None);
        };
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(failed(&format!(
                "the server answers {}: is this its WebSocket port?",
                response.status()
            )));
        }
        let accept = response.headers().get("Sec-WebSocket-Accept");
        if accept.is_none_or(|value| value.as_bytes() != self.accept.as_bytes()) {
            return Err(failed("the answer is not to this request"));
        }
        Ok(Some(used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_its_answers() {
        let endpoint = Endpoint::parse("ws://[::1]:8080/path").unwrap();
        let upgrade = Upgrade::of(&endpoint).unwrap();
        let text = String::from_utf8(upgrade.request.clone()).unwrap();
        assert!(text.starts_with("GET / HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("[::1]:8080\r\n"), "{text}");
        let good = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            upgrade.accept
        );
        let more = format!("{good}more");
        assert_eq!(upgrade.answered(more.as_bytes()), Ok(Some(good.len())));
        assert_eq!(upgrade.answered(&more.as_bytes()[..30]), Ok(None));
        let other = good.replace(&upgrade.accept, "x");
        assert!(upgrade.answered(other.as_bytes()).is_err());
        let refused = upgrade.answered(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        assert_eq!(
            refused.unwrap_err().to_string(),
            "invalid websocket connection: the server answers 400 Bad Request: is this its WebSocket port?"
        );
        assert!(upgrade.answered(b"INFO {}\r\n").is_err());
        let endless = [b"HTTP/1.1 101 x\r\nA: ".to_vec(), vec![b'x'; MAX_ANSWER]].concat();
        assert!(upgrade.answered(&endless).is_err());
    }
}
