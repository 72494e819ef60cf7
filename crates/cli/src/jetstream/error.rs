//! Errors of the API.

use std::fmt;

use crate::client::ClientError;
use crate::failure::Failure;
use crate::output::Json;

/// Why a request to the API failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// The server said why.
    Server {
        /// Kind of error, as in HTTP.
        code: i64,
        /// Which error.
        err_code: i64,
        /// What it says.
        description: String,
    },
    /// Nobody answers requests.
    NotAvailable(String),
    /// The connection.
    Client(ClientError),
    /// The answer is none, and why.
    Garbled(String),
    /// The answer does not say that it was done.
    Unconfirmed,
}

impl ApiError {
    /// The error in an answer, if there is one.
    pub fn of(answer: &Json) -> Option<Self> {
        answer.has("error").then(|| ApiError::Server {
            code: answer.int("error.code"),
            err_code: answer.int("error.err_code"),
            description: answer.text("error.description").to_owned(),
        })
    }

    /// What a server says of a stream that is not there.
    pub fn stream_not_found() -> Self {
        ApiError::Server {
            code: 404,
            err_code: 10059,
            description: "stream not found".to_owned(),
        }
    }

    /// All that the server said, as commands show it which talk to streams as
    /// applications do.
    pub fn in_full(&self) -> String {
        match self {
            ApiError::Server {
                code,
                err_code,
                description,
            } => {
                format!(
                    "nats: API error: code={code} err_code={err_code} description={description}"
                )
            }
            ApiError::NotAvailable(_)
            | ApiError::Client(_)
            | ApiError::Garbled(_)
            | ApiError::Unconfirmed => self.to_string(),
        }
    }

    /// Number of the error; 0 if the server did not say.
    pub fn err_code(&self) -> i64 {
        match self {
            ApiError::Server { err_code, .. } => *err_code,
            ApiError::NotAvailable(_)
            | ApiError::Client(_)
            | ApiError::Garbled(_)
            | ApiError::Unconfirmed => 0,
        }
    }

    /// Whether it is about a stream that is not there.
    pub fn is_stream_not_found(&self) -> bool {
        self.err_code() == 10059
    }

    /// Whether it is about the name of a stream that another one has.
    pub fn is_stream_name_in_use(&self) -> bool {
        self.err_code() == 10058
    }

    /// Whether it is about a consumer that is not there.
    pub fn is_consumer_not_found(&self) -> bool {
        self.err_code() == 10014
    }

    /// Whether it says that the server does not do this at all, or says
    /// nothing. Servers answer with `JetStream not enabled` what their
    /// JetStream cannot do.
    pub fn is_unsupported(&self) -> bool {
        match self {
            ApiError::Server { err_code, .. } => *err_code == 10076,
            ApiError::NotAvailable(_) | ApiError::Client(ClientError::Timeout) => true,
            ApiError::Client(_) | ApiError::Garbled(_) | ApiError::Unconfirmed => false,
        }
    }

    /// Whether it is about a message that is not there.
    pub fn is_message_not_found(&self) -> bool {
        self.err_code() == 10037
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApiError::Server {
                err_code,
                description,
                ..
            } => {
                write!(f, "{description} ({err_code})")
            }
            ApiError::NotAvailable(subject) => write!(
                f,
                "nats: no responders available for request on {subject}: is JetStream enabled on the server and for this account?"
            ),
            ApiError::Client(ClientError::Timeout) => f.write_str("context deadline exceeded"),
            // The server said why it does not answer.
            ApiError::Client(error @ ClientError::Server(_)) => {
                write!(f, "context deadline exceeded: {error}")
            }
            ApiError::Client(error) => error.fmt(f),
            ApiError::Garbled(why) => write!(f, "the answer cannot be read: {why}"),
            ApiError::Unconfirmed => {
                f.write_str("unknown failure: the server did not confirm the request")
            }
        }
    }
}

impl std::error::Error for ApiError {}

impl From<ClientError> for ApiError {
    fn from(error: ClientError) -> Self {
        ApiError::Client(error)
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Failure::Error(error.to_string())
    }
}
