//! `nats stream find`, and the filters that `cluster balance` has, too
//! (cli.md B.3).

use regex::Regex;

use super::info::connect;
use super::information::required_level;
use super::list::{Streams, print_table};
use crate::commands::assets::{Filter, is_subset, passing, plain, variables};
use crate::expression::Expression;
use crate::failure::Result;
use crate::format::{is_unset_time, since};
use crate::jetstream::Api;
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;

/// Fewer than or as many as `most`; turned round more than or as many.
fn at_most(path: &'static str, most: i64) -> Filter {
    Box::new(move |info, inverted| {
        let number = info.int(path);
        Ok(number == most || (number < most) != inverted)
    })
}

fn pattern(matches: &Matches, flag: &str) -> Result<Option<Regex>> {
    match matches.filled(flag) {
        None => Ok(None),
        Some(text) => Ok(Some(crate::format::pattern(text)?)),
    }
}

fn age(info: &Json, path: &str) -> i64 {
    let time = info.text(path);
    if is_unset_time(time) {
        return i64::MAX;
    }
    since(time).unwrap_or(i64::MAX)
}

fn filters(matches: &Matches) -> Result<Vec<Filter>> {
    let mut out: Vec<Filter> = Vec::new();
    if let Some(server) = pattern(matches, "server-name")? {
        out.push(plain(move |info| {
            let cluster = info.at("cluster");
            info.has("cluster")
                && (server.is_match(cluster.text("leader"))
                    || cluster
                        .list("replicas")
                        .iter()
                        .any(|peer| server.is_match(peer.text("name"))))
        }));
    }
    if let Some(cluster) = pattern(matches, "cluster")? {
        out.push(plain(move |info| {
            info.has("cluster") && cluster.is_match(info.text("cluster.name"))
        }));
    }
    if matches.on("empty") {
        out.push(plain(|info| info.uint("state.messages") == 0));
    }
    if let Some(idle) = matches.nanos("idle").filter(|idle| *idle > 0) {
        out.push(plain(move |info| age(info, "state.last_ts") > idle));
    }
    if let Some(created) = matches.nanos("created").filter(|created| *created > 0) {
        out.push(plain(move |info| age(info, "created") >= created));
    }
    let consumers = matches.int("consumers");
    if consumers >= 0 {
        out.push(at_most("state.consumer_count", consumers));
    }
    if let Some(subject) = matches.filled("subject").map(str::to_owned) {
        // Turned round: one of its subjects does not match.
        out.push(Box::new(move |info, inverted| {
            Ok(info
                .texts("config.subjects")
                .iter()
                .any(|known| is_subset(known, &subject) != inverted))
        }));
    }
    let replicas = i64::try_from(matches.uint("replicas")).unwrap_or(i64::MAX);
    if replicas > 0 {
        out.push(at_most("config.num_replicas", replicas));
    }
    if matches.on("sourced") {
        out.push(plain(|info| !info.list("config.sources").is_empty()));
    }
    if matches.on("mirrored") {
        out.push(plain(|info| info.has("config.mirror")));
    }
    if let Some(leader) = matches.filled("leader").map(str::to_owned) {
        out.push(Box::new(move |info, inverted| {
            let leads = info.text("cluster.leader") == leader;
            Ok(info.has("cluster") && leads != inverted)
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

fn api_level(matches: &Matches) -> Option<Filter> {
    let level = matches.int("api-level");
    (level > 0)
        .then(|| plain(move |info| required_level(info.at("config")).parse().unwrap_or(0) >= level))
}

/// The streams that every filter lets pass.
pub fn matching(api: &Api, session: &Session, more: Option<Filter>) -> Result<Vec<Json>> {
    let matches = &session.matches;
    let mut filters = filters(matches)?;
    filters.extend(more);
    let streams = Streams::load(api, "")?.found;
    passing(streams, &filters, matches.on("invert"))
}

/// Finds streams.
pub fn find(session: &mut Session) -> Result<()> {
    let api = connect(session)?;
    let level = api_level(&session.matches);
    let found = matching(&api, session, level)?;
    if session.matches.on("names") {
        let names: Vec<&str> = found.iter().map(|info| info.text("config.name")).collect();
        println!("{}", names.join("\n"));
        return Ok(());
    }
    let title = match session.matches.filled("subject") {
        None => "Streams".to_owned(),
        Some(subject) => format!("Streams matching {subject}"),
    };
    print_table(title, found.iter());
    println!();
    Ok(())
}
