//! `nats consumer find`, and the filters that `cluster balance` has, too
//! (cli.md B.3).

use super::info::load;
use super::information::is_push;
use super::pick::chosen_stream;
use super::variables::variables;
use crate::bail;
use crate::commands::assets::{Filter, passing, plain};
use crate::commands::stream::information::api_level_text;
use crate::expression::Expression;
use crate::failure::Result;
use crate::format::{is_unset_time, since};
use crate::jetstream::Api;
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;

/// Values above 0 and below a limit; turned round, those above it.
fn below(path: &'static str, limit: u64) -> Filter {
    Box::new(move |info, inverted| {
        let value = info.uint(path);
        Ok(if inverted {
            value > limit
        } else {
            value > 0 && value < limit
        })
    })
}

fn age(time: &str) -> Option<i64> {
    since(time).filter(|_| !is_unset_time(time))
}

/// A limit that counts if it is more than 0.
fn positive(value: i64) -> Option<u64> {
    u64::try_from(value).ok().filter(|limit| *limit > 0)
}

fn filters(matches: &Matches) -> Result<Vec<Filter>> {
    let mut out: Vec<Filter> = Vec::new();
    if matches.on("pull") && matches.on("push") {
        bail!("cannot match pull and push concurrently");
    }
    if matches.on("pull") {
        out.push(plain(|info| !is_push(info.at("config"))));
    }
    if matches.on("push") {
        out.push(plain(|info| is_push(info.at("config"))));
    }
    if matches.on("bound") {
        out.push(plain(|info| {
            info.on("push_bound") || info.uint("num_waiting") > 0
        }));
    }
    for (flag, path) in [
        ("waiting", "num_waiting"),
        ("ack-pending", "num_ack_pending"),
    ] {
        if let Some(limit) = positive(matches.int(flag)) {
            out.push(below(path, limit));
        }
    }
    if matches.uint("pending") > 0 {
        out.push(below("num_pending", matches.uint("pending")));
    }
    if let Some(idle) = matches.nanos("idle").filter(|idle| *idle > 0) {
        out.push(Box::new(move |info, inverted| {
            Ok(match age(info.text("delivered.last_active")) {
                Some(age) => (age < idle) != inverted,
                // Without a delivery it is not known to be either.
                None => false,
            })
        }));
    }
    if let Some(created) = matches.nanos("created").filter(|created| *created > 0) {
        out.push(plain(move |info| {
            age(info.text("created")).is_some_and(|age| age >= created)
        }));
    }
    let replicas = i64::try_from(matches.uint("replicas")).unwrap_or(i64::MAX);
    if replicas > 0 {
        out.push(Box::new(move |info, inverted| {
            let count = info.int("config.num_replicas");
            Ok(if inverted {
                count >= replicas
            } else {
                count <= replicas
            })
        }));
    }
    if let Some(leader) = matches.filled("leader").map(str::to_owned) {
        out.push(Box::new(move |info, inverted| {
            let clustered = !info.at("cluster").is_null();
            Ok(clustered && (info.text("cluster.leader") == leader) != inverted)
        }));
    }
    if matches.on("pinned") {
        out.push(Box::new(|info, inverted| {
            let pins = info.text("config.priority_policy") == "pinned_client";
            Ok(pins && is_pinned(info) != inverted)
        }));
    }
    if let Some(text) = matches.filled("expression") {
        let expression = Expression::parse(text)?;
        out.push(Box::new(move |info, inverted| {
            Ok(expression.holds(&variables(info))? != inverted)
        }));
    }
    Ok(out)
}

/// Whether all groups have their client.
fn is_pinned(info: &Json) -> bool {
    let pinned = info
        .list("priority_groups")
        .iter()
        .filter(|group| !group.text("pinned_client_id").is_empty());
    pinned.count() == info.list("config.priority_groups").len()
}

/// The consumers of a stream that every filter lets pass.
pub fn matching(
    api: &Api,
    stream: &str,
    matches: &Matches,
    more: Option<Filter>,
) -> Result<Vec<Json>> {
    let mut filters = filters(matches)?;
    filters.extend(more);
    passing(load(api, stream)?.0, &filters, matches.on("invert"))
}

/// Finds consumers.
pub fn find(session: &mut Session) -> Result<()> {
    let (api, stream) = chosen_stream(session, false)?;
    let level = session.matches.int("api-level");
    let more = (level > 0).then(|| {
        plain(move |info| {
            let required = api_level_text(info.at("config"));
            let required = required.split(' ').next().unwrap_or_default();
            required.parse::<i64>().unwrap_or(0) >= level
        })
    });
    let stream = stream.text("config.name");
    for info in matching(&api, stream, &session.matches, more)? {
        println!("{}", info.text("name"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_turned_round_is_a_lower_one() {
        let filter = below("n", 5);
        let test =
            |value: u64, inverted| filter(&Json::object().with("n", value), inverted).unwrap();
        assert!(test(4, false) && !test(5, false) && !test(0, false));
        assert!(test(6, true) && !test(5, true) && !test(0, true));
    }
}
