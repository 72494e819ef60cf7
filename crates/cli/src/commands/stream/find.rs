//! `nats stream find`, and the filters that `cluster balance` has, too
//! (cli.md B.3).

use regex::Regex;

use super::information::api_level_text;
use super::list::{Streams, print_table};
use crate::commands::assets::{is_internal, is_subset, variables};
use crate::expression::Expression;
use crate::fail;
use crate::failure::Result;
use crate::format::{is_unset_time, since};
use crate::jetstream::Api;
use crate::output::Json;
use crate::parse::Matches;
use crate::session::Session;

/// Whether a stream is what one filter looks for.
type Filter = Box<dyn Fn(&Json) -> Result<bool>>;

fn pattern(matches: &Matches, flag: &str) -> Result<Option<Regex>> {
    match matches.filled(flag) {
        None => Ok(None),
        Some(text) => Regex::new(text)
            .map(Some)
            .map_err(|error| fail!("invalid regular expression for --{flag}: {error}")),
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
        out.push(Box::new(move |info| {
            let cluster = info.at("cluster");
            Ok(server.is_match(cluster.text("leader"))
                || cluster
                    .list("replicas")
                    .iter()
                    .any(|peer| server.is_match(peer.text("name"))))
        }));
    }
    if let Some(cluster) = pattern(matches, "cluster")? {
        out.push(Box::new(move |info| {
            Ok(cluster.is_match(info.text("cluster.name")))
        }));
    }
    if matches.on("empty") {
        out.push(Box::new(|info| Ok(info.uint("state.messages") == 0)));
    }
    if let Some(idle) = matches.nanos("idle").filter(|idle| *idle > 0) {
        out.push(Box::new(move |info| Ok(age(info, "state.last_ts") > idle)));
    }
    if let Some(created) = matches.nanos("created").filter(|created| *created > 0) {
        out.push(Box::new(move |info| Ok(age(info, "created") >= created)));
    }
    let consumers = matches.int("consumers");
    if consumers >= 0 {
        out.push(Box::new(move |info| {
            Ok(info.int("state.consumer_count") <= consumers)
        }));
    }
    if let Some(subject) = matches.filled("subject").map(str::to_owned) {
        out.push(Box::new(move |info| {
            Ok(info
                .texts("config.subjects")
                .iter()
                .any(|known| is_subset(known, &subject)))
        }));
    }
    let replicas = matches.int("replicas");
    if replicas > 0 {
        out.push(Box::new(move |info| {
            Ok(info.int("config.num_replicas") <= replicas)
        }));
    }
    if matches.on("sourced") {
        out.push(Box::new(|info| Ok(!info.list("config.sources").is_empty())));
    }
    if matches.on("mirrored") {
        out.push(Box::new(|info| Ok(info.has("config.mirror"))));
    }
    if let Some(leader) = matches.filled("leader").map(str::to_owned) {
        out.push(Box::new(move |info| {
            Ok(info.text("cluster.leader") == leader)
        }));
    }
    if let Some(text) = matches.filled("expression") {
        let expression = Expression::parse(text)?;
        out.push(Box::new(move |info| expression.holds(&variables(info))));
    }
    Ok(out)
}

fn api_level(matches: &Matches) -> Option<Filter> {
    let level = matches.int("api-level");
    (level > 0).then(|| -> Filter {
        Box::new(move |info| {
            let required = api_level_text(info.at("config"));
            let required = required.split(' ').next().unwrap_or_default();
            Ok(required.parse::<i64>().unwrap_or(0) >= level)
        })
    })
}

/// The streams that every filter lets pass, or with `--invert` none of them.
pub fn matching(api: &Api, session: &Session, more: Option<Filter>) -> Result<Vec<Json>> {
    let matches = &session.matches;
    let mut filters = filters(matches)?;
    filters.extend(more);
    let inverted = matches.on("invert");
    let mut out = Vec::new();
    for info in Streams::load(api, "")?.found {
        if !matches.on("all") && is_internal(info.text("config.name")) {
            continue;
        }
        let mut passes = true;
        for filter in &filters {
            passes &= filter(&info)? != inverted;
        }
        if passes {
            out.push(info);
        }
    }
    Ok(out)
}

/// Finds streams.
pub fn find(session: &mut Session) -> Result<()> {
    let api = session.jetstream()?;
    let level = api_level(&session.matches);
    let found = matching(&api, session, level)?;
    if session.matches.on("names") {
        for info in &found {
            println!("{}", info.text("config.name"));
        }
        return Ok(());
    }
    if found.is_empty() {
        println!("No Streams matched");
        return Ok(());
    }
    print_table("Streams".to_owned(), found.iter());
    Ok(())
}
