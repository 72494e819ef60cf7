//! Parts of a consumer's configuration from the texts of flags and answers
//! (cli.md 5.1).

use crate::commands::assets::parse_time;
use crate::failure::Result;
use crate::format::{go_duration, is_unset_time, now_nanos, parse_duration, rfc3339};
use crate::output::Json;
use crate::parse::Matches;
use crate::{bail, fail};

/// Value of `--deliver-group` when it is not given.
const NO_GROUP: &str = "_unset_";
/// Value of `--max-pending` when it is not given.
pub const NO_MAX_PENDING: i64 = -1;
/// Value of `--sample` when it is not given.
const NO_SAMPLE: i64 = -1;
/// Most delays of a backoff policy: servers keep the list with every consumer.
const MAX_BACKOFF_STEPS: u64 = 1_000;

/// The queue group of a push consumer, if it was given.
pub fn group(matches: &Matches) -> Option<&str> {
    matches
        .text("deliver-group")
        .filter(|group| *group != NO_GROUP)
}

/// Most unacknowledged messages, by whichever of its names.
pub fn max_pending(matches: &Matches) -> i64 {
    if matches.given("max-outstanding") {
        matches.int("max-outstanding")
    } else {
        matches.int("max-pending")
    }
}

/// Sets what `flag` says if it was given with more than 0.
pub fn set_positive(config: &mut Json, key: &str, value: i64) {
    if value > 0 {
        config.set(key, value);
    }
}

/// Sets limits of pull requests.
pub fn set_pull_limits(config: &mut Json, matches: &Matches) {
    set_positive(config, "max_batch", matches.int("max-pull-batch"));
    set_positive(
        config,
        "max_expires",
        matches.nanos("max-pull-expire").unwrap_or_default(),
    );
    set_positive(config, "max_bytes", matches.int("max-pull-bytes"));
}

/// Sets the metadata if there is any on the command line.
pub fn set_metadata(config: &mut Json, matches: &Matches) {
    if !matches.given("metadata") {
        return;
    }
    let mut pairs = matches.map("metadata");
    pairs.sort();
    let pairs = pairs
        .into_iter()
        .map(|(key, value)| (key, Json::Text(value)))
        .collect();
    config.set("metadata", Json::Object(pairs));
}

/// Sets what flags of a changed consumer say, and nothing else.
pub fn edited(config: &mut Json, matches: &Matches) -> Result<()> {
    changed(config, matches)?;
    if matches.nanos("inactive-threshold").unwrap_or_default() != 0 {
        config.set(
            "inactive_threshold",
            matches.nanos("inactive-threshold").unwrap_or_default(),
        );
    }
    let wait = matches.nanos("wait").unwrap_or_default();
    if matches.given("wait") && wait != parse_duration("-1s")? {
        config.set("ack_wait", wait);
    }
    set_positive(config, "num_replicas", matches.int("replicas"));
    set_metadata(config, matches);
    match matches.list("filter") {
        [] => {}
        filters => set_filters(config, filters),
    }
    Ok(())
}

/// Sets what flags of a copy say, and nothing else.
pub fn copied(config: &mut Json, matches: &Matches) -> Result<()> {
    changed(config, matches)?;
    set_positive(
        config,
        "ack_wait",
        matches.nanos("wait").unwrap_or_default(),
    );
    set_positive(
        config,
        "inactive_threshold",
        matches.nanos("inactive-threshold").unwrap_or_default(),
    );
    if let Some(text) = matches.filled("deliver") {
        set_start(config, text)?;
    }
    if matches.on("pull") {
        config.set("deliver_subject", "");
    }
    if let Some(policy) = matches.filled("ack") {
        config.set("ack_policy", policy);
    }
    if let Some(policy) = matches.filled("replay") {
        config.set("replay_policy", policy);
    }
    match matches.list("filter") {
        [] => {}
        filters => set_filters(config, filters),
    }
    if matches.uint("bps") > 0 {
        config.set("rate_limit_bps", matches.uint("bps"));
    }
    match matches.filled("heartbeat") {
        None | Some("-1") => {}
        Some(text) => {
            let interval = parse_duration(text)
                .map_err(|failure| failure.context("Invalid heartbeat duration"))?;
            config.set("idle_heartbeat", interval);
        }
    }
    if matches.on("flow-control") {
        config.set("flow_control", true);
    }
    if config.text("deliver_subject").is_empty() {
        config.set("idle_heartbeat", 0).set("flow_control", false);
        if matches.on("pull") || matches.given("max-waiting") {
            config.set("max_waiting", matches.int("max-waiting"));
        }
    }
    // The group belongs to the target: a new one has its own.
    let group = match matches.filled("target") {
        Some(_) => group(matches).unwrap_or_default(),
        None => "",
    };
    config.set("deliver_group", group);
    set_positive(config, "num_replicas", matches.int("replicas"));
    set_metadata(config, matches);
    if matches.on("memory") {
        config.set("mem_storage", true);
    }
    if let Some(text) = matches.filled("pause") {
        config.set("pause_until", until(text)?);
    }
    set_priorities(config, matches)
}

/// Fails for a percentage that is none.
pub fn check_sample(matches: &Matches) -> Result<()> {
    let percent = matches.int("sample");
    if percent != NO_SAMPLE && !(0..=100).contains(&percent) {
        bail!("sample percent is not between 0 and 100");
    }
    Ok(())
}

/// What flags say that edits and copies treat alike.
fn changed(config: &mut Json, matches: &Matches) -> Result<()> {
    if let Some(text) = matches.filled("description") {
        config.set("description", text);
    }
    if matches.int("max-deliver") != 0 {
        config.set("max_deliver", matches.int("max-deliver"));
    }
    if max_pending(matches) != NO_MAX_PENDING {
        config.set("max_ack_pending", max_pending(matches));
    }
    if matches.int("sample") != NO_SAMPLE {
        check_sample(matches)?;
        let text = match matches.int("sample") {
            0 => String::new(),
            percent => percent.to_string(),
        };
        config.set("sample_freq", text);
    }
    set_pull_limits(config, matches);
    if let Some(target) = matches.filled("target") {
        config.set("deliver_subject", target);
    }
    if let Some(on) = matches.switched("headers-only") {
        config.set("headers_only", on);
    }
    if matches.filled("backoff").is_some() {
        config.set("backoff", backoff(matches)?);
    }
    Ok(())
}

/// Sets one filter, or several, or none.
pub fn set_filters(config: &mut Json, filters: &[String]) {
    config.remove("filter_subject");
    config.remove("filter_subjects");
    match filters {
        [] => {}
        [only] => {
            config.set("filter_subject", only.as_str());
        }
        filters => {
            config.set(
                "filter_subjects",
                Json::List(filters.iter().map(|text| Json::from(&**text)).collect()),
            );
        }
    }
}

/// The delays that `--backoff` asks for.
pub fn backoff(matches: &Matches) -> Result<Json> {
    if matches.filled("backoff") == Some("none") {
        return Ok(Json::Null);
    }
    delays(
        matches.uint("backoff-steps"),
        matches.nanos("backoff-min").unwrap_or_default(),
        matches.nanos("backoff-max").unwrap_or_default(),
    )
}

/// Delays in equal steps.
pub fn delays(steps: u64, least: i64, most: i64) -> Result<Json> {
    let why =
        |failure: crate::failure::Failure| failure.context("could not determine backoff policy");
    if steps == 0 || least == 0 || most == 0 {
        return Err(why("required policy properties not supplied".into()));
    }
    if steps > MAX_BACKOFF_STEPS {
        return Err(why(fail!("more than {MAX_BACKOFF_STEPS} steps")));
    }
    let (least, most) = (least.min(most), least.max(most));
    let steps = i64::try_from(steps).unwrap_or(i64::MAX);
    let step = most.saturating_sub(least) / steps;
    if most != least && step == 0 {
        return Err(why(fail!(
            "step range between {} and {} is too small for {steps} steps",
            go_duration(least),
            go_duration(most)
        )));
    }
    let delays = (0..steps).map(|number| {
        let more = step.saturating_mul(number);
        Json::from(least.saturating_add(whole_millis(more)))
    });
    Ok(Json::List(delays.collect()))
}

/// Rounded to milliseconds.
fn whole_millis(nanos: i64) -> i64 {
    const MILLI: i64 = 1_000_000;
    nanos.saturating_add(MILLI / 2) / MILLI * MILLI
}

/// Sets where to start: a policy, a sequence, or a duration back from now.
pub fn set_start(config: &mut Json, text: &str) -> Result<()> {
    config.remove("opt_start_seq");
    config.remove("opt_start_time");
    let policy = match text {
        "all" => "all",
        "last" => "last",
        "new" | "next" => "new",
        "subject" | "last_per_subject" => "last_per_subject",
        text => {
            if let Ok(seq) = text.parse::<u64>() {
                config.set("opt_start_seq", seq);
                "by_start_sequence"
            } else {
                let back = parse_duration(text)
                    .map_err(|failure| failure.context("could not parse starting delta"))?;
                config.set("opt_start_time", time_in(back.saturating_neg())?);
                "by_start_time"
            }
        }
    };
    config.set("deliver_policy", policy);
    Ok(())
}

/// The time in so many nanoseconds, in RFC 3339.
fn time_in(nanos: i64) -> Result<String> {
    let then = now_nanos().saturating_add(nanos);
    let time = jiff::Timestamp::from_nanosecond(then.into()).map_err(|error| fail!("{error}"))?;
    Ok(rfc3339(time))
}

/// A time that is given as such, or as a duration from now.
pub fn until(text: &str) -> Result<String> {
    if let Ok(time) = parse_time(text) {
        return Ok(time);
    }
    match parse_duration(text) {
        Ok(nanos) => time_in(nanos),
        Err(_) => bail!("could not parse the pause time as either timestamp or duration"),
    }
}

/// Whether a configuration says until when its consumer is paused.
pub fn is_paused(config: &Json) -> bool {
    !is_unset_time(config.text("pause_until"))
}

/// Sets the policy and the groups of clients with priorities.
pub fn set_priorities(config: &mut Json, matches: &Matches) -> Result<()> {
    let (pinned, overflow) = (
        matches.list("pinned-groups"),
        matches.list("overflow-groups"),
    );
    let (policy, groups) = match (pinned, overflow, matches.list("prioritized-groups")) {
        ([_, ..], [_, ..], _) => {
            bail!("setting both overflow and pinned groups are not supported")
        }
        (groups @ [_, ..], ..) => ("pinned_client", groups),
        (_, groups @ [_, ..], _) => ("overflow", groups),
        (_, _, groups @ [_, ..]) => ("prioritized", groups),
        ([], [], []) => return Ok(()),
    };
    config.set("priority_policy", policy).set(
        "priority_groups",
        Json::List(groups.iter().map(|text| Json::from(&**text)).collect()),
    );
    if policy == "pinned_client" {
        config.set(
            "priority_timeout",
            matches.nanos("pinned-ttl").unwrap_or_default(),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000_000;

    #[test]
    fn delays_grow_in_equal_steps() {
        assert_eq!(
            delays(4, MINUTE, 5 * MINUTE).unwrap().compact(),
            "[60000000000,120000000000,180000000000,240000000000]"
        );
        // The first one is kept as it is.
        assert_eq!(
            delays(2, 1_400_000, 4_300_000).unwrap().compact(),
            "[1400000,2400000]"
        );
        assert_eq!(
            delays(0, 1, 2).unwrap_err().to_string(),
            "could not determine backoff policy: required policy properties not supplied"
        );
        assert!(delays(5, 1, 2).is_err());
    }

    #[test]
    fn starts_are_policies_sequences_or_durations() {
        let start = |text: &str| {
            let mut config = Json::object();
            set_start(&mut config, text).map(|()| config)
        };
        assert_eq!(
            start("next").unwrap().compact(),
            r#"{"deliver_policy":"new"}"#
        );
        assert_eq!(
            start("7").unwrap().compact(),
            r#"{"opt_start_seq":7,"deliver_policy":"by_start_sequence"}"#
        );
        assert_eq!(start("1h").unwrap().text("deliver_policy"), "by_start_time");
        assert!(start("bogus").is_err());
    }

    #[test]
    fn one_filter_is_no_list() {
        let mut config = Json::object();
        set_filters(&mut config, &["a".to_owned(), "b".to_owned()]);
        assert_eq!(config.compact(), r#"{"filter_subjects":["a","b"]}"#);
        set_filters(&mut config, &["a".to_owned()]);
        assert_eq!(config.compact(), r#"{"filter_subject":"a"}"#);
        set_filters(&mut config, &[]);
        assert_eq!(config.compact(), "{}");
    }
}
