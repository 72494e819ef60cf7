//! `nats rtt` (cli.md 3.6).

pub mod model;

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use crate::client::{ClientError, Connection, Endpoint, Options};
use crate::context::DEFAULT_URL;
use crate::failure::Result;
use crate::format::{human_span, local_rfc3339, parse_int};
use crate::log;
use crate::output::Json;
use crate::session::Session;

/// Blanks before an address.
const INDENT: usize = 3;

/// A server as it was named, and its addresses.
struct Target {
    url: String,
    results: Vec<Measured>,
}

/// What was found out about an address.
struct Measured {
    time: String,
    /// As a URL.
    address: String,
    span: Option<Duration>,
}

/// Measures the round trip to every address of every server.
pub fn rtt(session: &mut Session) -> Result<()> {
    let iterations = parse_int(session.matches.required_arg("iterations"))?.max(1);
    let json = session.matches.on("json");
    let options = session.options()?;
    let meter = Meter {
        iterations,
        timeout: session.timeout(),
        trace: session.trace(),
        options: &options,
    };
    let urls = urls(&session.context()?.record.url);
    if urls.is_empty() {
        return Err(ClientError::NoServers.into());
    }
    let targets: Vec<Target> = urls
        .into_iter()
        .zip(&options.servers)
        .map(|(url, endpoint)| Target {
            url,
            results: meter.measure_all(endpoint),
        })
        .collect();
    if json {
        Json::List(targets.iter().map(as_json).collect()).print();
    } else {
        print_text(&targets);
    }
    Ok(())
}

/// The URLs as they were written, without what logs in.
fn urls(list: &str) -> Vec<String> {
    let list = if list.is_empty() { DEFAULT_URL } else { list };
    list.split(',')
        .map(str::trim)
        .filter(|url| !url.is_empty())
        .map(|url| {
            let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
            let (_, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
            format!("{scheme}://{rest}")
        })
        .collect()
}

struct Meter<'a> {
    iterations: i64,
    timeout: Duration,
    trace: bool,
    options: &'a Options,
}

impl Meter<'_> {
    fn measure_all(&self, endpoint: &Endpoint) -> Vec<Measured> {
        let found = endpoint.address().to_socket_addrs();
        let addresses: Vec<Option<SocketAddr>> = match found {
            Ok(found) => found.map(Some).collect(),
            // Connecting tells why there are none.
            Err(_) => vec![None],
        };
        addresses
            .into_iter()
            .map(|address| self.measure(endpoint, address))
            .collect()
    }

    fn measure(&self, endpoint: &Endpoint, address: Option<SocketAddr>) -> Measured {
        let time = local_rfc3339();
        let name = match address {
            Some(address) => format!("{}://{address}", endpoint.scheme()),
            None => endpoint.to_string(),
        };
        if self.trace {
            log!(">>> Connecting to {name}");
        }
        let span = match self.round_trip(endpoint, address, &name) {
            Ok(span) => Some(span),
            Err(failure) => {
                log!("Failed to compute rtt for {name}: {failure}");
                None
            }
        };
        Measured {
            time,
            address: name,
            span,
        }
    }

    fn round_trip(
        &self,
        endpoint: &Endpoint,
        address: Option<SocketAddr>,
        name: &str,
    ) -> Result<Duration> {
        let options = self.options.clone();
        let connection = match address {
            Some(address) => Connection::connect_to(options, endpoint, address)?,
            None => Connection::connect(Options {
                servers: vec![endpoint.clone()],
                ..options
            })?,
        };
        if self.trace {
            println!("RTT iterations for server: {name}");
        }
        let mut total = Duration::ZERO;
        for number in 1..=self.iterations {
            let span = connection
                .flush(self.timeout)
                .map_err(|why| crate::fail!("rtt failed: {why}"))?;
            total += span;
            if self.trace {
                println!("#{number}:\trtt={}", human_span(span));
            }
        }
        if self.trace {
            println!();
        }
        connection.close();
        Ok(total / u32::try_from(self.iterations).unwrap_or(u32::MAX))
    }
}

fn as_json(target: &Target) -> Json {
    let results = target.results.iter().map(|measured| {
        let nanos = measured
            .span
            .map_or(0, |span| i64::try_from(span.as_nanos()).unwrap_or(i64::MAX));
        let url = if measured.span.is_some() {
            measured.address.as_str()
        } else {
            ""
        };
        Json::object()
            .with("time", measured.time.as_str())
            .with("address", measured.address.as_str())
            .with("rtt", nanos)
            .with("url", url)
    });
    Json::object()
        .with("url", target.url.as_str())
        .with("results", Json::List(results.collect()))
}

fn print_text(targets: &[Target]) {
    let results = targets.iter().flat_map(|target| &target.results);
    let widest = results
        .map(|measured| measured.address.len())
        .max()
        .unwrap_or(0);
    let width = widest + INDENT;
    for target in targets {
        println!("{}:\n", target.url);
        for measured in &target.results {
            let text = measured
                .span
                .map_or_else(|| "failed".to_owned(), human_span);
            println!("{:>width$}: {text}", measured.address);
        }
        println!();
    }
}
