//! `nats rtt` (cli.md 3.6).

pub mod model;

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use crate::client::{Connection, Endpoint, Options};
use crate::failure::Result;
use crate::format::{human_span, local_now, parse_int};
use crate::log;
use crate::output::Json;
use crate::session::Session;

/// Measures the round trip to every address of every server.
pub fn rtt(session: &mut Session) -> Result<()> {
    let iterations = parse_int(session.matches.required_arg("iterations"))?.max(1);
    let json = session.matches.on("json");
    let options = session.options()?;
    let timeout = session.timeout();
    let mut all = Vec::new();
    for endpoint in options.servers.clone() {
        let results = measure_endpoint(&options, &endpoint, iterations, timeout)?;
        if !json {
            print_text(&endpoint, &results);
        }
        let url = endpoint.to_string();
        let rows = results.iter().filter_map(|(address, span)| {
            let nanos = i64::try_from((*span)?.as_nanos()).unwrap_or(i64::MAX);
            Some(
                Json::object()
                    .with("time", local_now().timestamp().to_string())
                    .with("address", address.to_string())
                    .with("rtt", nanos)
                    .with("url", url.as_str()),
            )
        });
        let rows: Vec<Json> = rows.collect();
        all.push(
            Json::object()
                .with("url", url.as_str())
                .with("results", Json::List(rows)),
        );
    }
    if json {
        Json::List(all).print();
    }
    Ok(())
}

fn measure_endpoint(
    options: &Options,
    endpoint: &Endpoint,
    iterations: i64,
    timeout: Duration,
) -> Result<Vec<(SocketAddr, Option<Duration>)>> {
    let addresses = endpoint
        .address()
        .to_socket_addrs()
        .map_err(|_| crate::fail!("lookup {}: no such host", endpoint.host))?;
    let mut results = Vec::new();
    for address in addresses {
        let span = match measure(options, endpoint, address, iterations, timeout) {
            Ok(span) => Some(span),
            Err(failure) => {
                log!("Failed to compute rtt for {address}: {failure}");
                None
            }
        };
        results.push((address, span));
    }
    Ok(results)
}

fn measure(
    options: &Options,
    endpoint: &Endpoint,
    address: SocketAddr,
    iterations: i64,
    timeout: Duration,
) -> Result<Duration> {
    let connection = Connection::connect_to(options.clone(), endpoint, address)?;
    let mut total = Duration::ZERO;
    for _ in 0..iterations {
        total += connection.flush(timeout)?;
    }
    connection.close();
    Ok(total / u32::try_from(iterations).unwrap_or(u32::MAX))
}

fn print_text(endpoint: &Endpoint, results: &[(SocketAddr, Option<Duration>)]) {
    println!("{endpoint}:\n");
    let widest = results
        .iter()
        .map(|(address, _)| address.to_string().len())
        .max()
        .unwrap_or(0);
    for (address, span) in results {
        let text = span.map_or_else(|| "failed".to_owned(), human_span);
        println!("   {:>widest$}: {text}", address.to_string());
    }
    println!();
}
