//! Codecs of the NATS line protocols: bytes in, operations out, and back.
//!
//! Nothing here knows of sockets, threads, clocks or routing. A codec is fed
//! slices of whatever has arrived; it says what the bytes mean, how many of
//! them it used, or how many more it needs.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`client`] | the operations a client sends: lexing and argument rules |
//! | [`connect`] | the options of a `CONNECT` |
//! | [`info`] | the `INFO` object of a client port |
//! | [`message`] | writing `MSG`, `HMSG` and `-ERR` lines |
//! | [`header`] | looking into a message's header block |
//! | [`proxy`] | the PROXY protocol header, versions 1 and 2 |
//! | [`close`] | why a connection was closed |

pub mod client;
pub mod close;
pub mod connect;
pub mod header;
pub mod info;
pub mod message;
pub mod number;
pub mod proxy;
