//! Templates in bodies, subjects and header values (cli.md 3.1): the language
//! of Go's `text/template`, as far as texts for messages need it.
//!
//! | file | what |
//! | --- | --- |
//! | `lexer` | text and actions; the words of an action |
//! | `parser` | the tree of a template |
//! | `value` | values and their texts |
//! | `functions` | functions that every template has |
//! | `execute` | the tree, with values, to text |

mod execute;
mod functions;
mod lexer;
mod messages;
mod parser;
mod value;

pub use execute::{Scope, execute};
pub use functions::is_known;
pub use messages::{MessageScope, expand};
pub use parser::{Template, parse};
pub use value::Value;
