//! A consumer's configuration from flags (cli.md 5.1).

use crate::commands::assets::{parse_time, split_words};
use crate::failure::Result;
use crate::format::{now_nanos, parse_duration, rfc3339};
use crate::output::Json;
use crate::parse::Matches;
use crate::{bail, fail};

/// Value of `--deliver-group` when it is not given.
const NO_GROUP: &str = "_unset_";
/// Most delays of a backoff policy: servers keep the list with every consumer.
const MAX_BACKOFF_STEPS: u64 = 1_000;

/// Sets what flags of a new or a changed consumer say, and nothing else.
pub fn apply(config: &mut Json, matches: &Matches) -> Result<()> {
    if matches.given("description") {
        config.set(
            "description",
            matches.text("description").unwrap_or_default(),
        );
    }
    if matches.given("filter") {
        let filters: Vec<String> = matches
            .list("filter")
            .iter()
            .flat_map(|text| split_words(text))
            .collect();
        set_filters(config, filters);
    }
    if let Some(on) = matches.switched("headers-only") {
        config.set("headers_only", on);
    }
    for (flag, key) in [
        ("max-deliver", "max_deliver"),
        ("max-outstanding", "max_ack_pending"),
        ("max-pending", "max_ack_pending"),
        ("max-pull-batch", "max_batch"),
        ("max-pull-bytes", "max_bytes"),
        ("replicas", "num_replicas"),
    ] {
        if matches.given(flag) {
            config.set(key, matches.int(flag));
        }
    }
    for (flag, key) in [
        ("max-pull-expire", "max_expires"),
        ("inactive-threshold", "inactive_threshold"),
    ] {
        if matches.given(flag) {
            config.set(key, matches.nanos(flag).unwrap_or_default());
        }
    }
    let wait = matches.nanos("wait").unwrap_or_default();
    if wait > 0 {
        config.set("ack_wait", wait);
    }
    if matches.given("sample") {
        let percent = matches.int("sample");
        if !(0..=100).contains(&percent) {
            bail!("sample percent is not between 0 and 100");
        }
        config.set("sample_freq", percent.to_string());
    }
    if matches.given("target") {
        config.set(
            "deliver_subject",
            matches.text("target").unwrap_or_default(),
        );
    }
    if matches.given("metadata") {
        let pairs = matches.map("metadata");
        config.set(
            "metadata",
            Json::Object(
                pairs
                    .into_iter()
                    .map(|(key, value)| (key, Json::Text(value)))
                    .collect(),
            ),
        );
    }
    match matches.filled("backoff") {
        None => {}
        Some("none") => {
            config.remove("backoff");
        }
        Some(_) => set_backoff(
            config,
            matches.uint("backoff-steps"),
            matches.nanos("backoff-min").unwrap_or_default(),
            matches.nanos("backoff-max").unwrap_or_default(),
        )?,
    }
    Ok(())
}

/// Sets what flags say that only new consumers have.
pub fn apply_fixed(config: &mut Json, matches: &Matches) -> Result<()> {
    if matches.given("ack") {
        config.set("ack_policy", matches.text("ack").unwrap_or_default());
    }
    if let Some(text) = matches.filled("deliver") {
        set_start(config, text)?;
    }
    match matches.text("deliver-group") {
        None | Some(NO_GROUP | "") => {}
        Some(group) => {
            config.set("deliver_group", group);
        }
    }
    if matches.on("flow-control") {
        config.set("flow_control", true);
    }
    if let Some(text) = matches.filled("heartbeat") {
        let heartbeat = heartbeat(text)?;
        if heartbeat > 0 {
            config.set("idle_heartbeat", heartbeat);
        }
    }
    if matches.uint("bps") > 0 {
        config.set("rate_limit_bps", matches.uint("bps"));
    }
    if matches.given("max-waiting") {
        config.set("max_waiting", matches.int("max-waiting"));
    }
    if matches.given("replay") {
        config.set("replay_policy", matches.text("replay").unwrap_or_default());
    }
    if matches.on("memory") {
        config.set("mem_storage", true);
    }
    if let Some(text) = matches.filled("pause") {
        let until = until(text)?;
        config.set("pause_until", until.as_str());
    }
    priorities(config, matches)
}

/// Nanoseconds between heartbeats; `-1` stands for none.
pub fn heartbeat(text: &str) -> Result<i64> {
    match text.trim() {
        "" | "-1" => Ok(0),
        text => parse_duration(text),
    }
}

/// Whether `--deliver-group` was given.
pub fn has_group(matches: &Matches) -> bool {
    matches.given("deliver-group") && matches.text("deliver-group") != Some(NO_GROUP)
}

/// Fails for what consumers of one kind cannot have.
pub fn check_mode(config: &Json) -> Result<()> {
    if !config.text("deliver_subject").is_empty() {
        return Ok(());
    }
    if config.uint("rate_limit_bps") > 0 {
        bail!("rate limits are only possible on Push consumers");
    }
    if config.int("idle_heartbeat") > 0 {
        bail!("pull subscribers does not support idle heartbeats");
    }
    Ok(())
}

/// Sets one filter, or several, or none.
pub fn set_filters(config: &mut Json, mut filters: Vec<String>) {
    config.remove("filter_subject");
    config.remove("filter_subjects");
    match filters.len() {
        0 => {}
        1 => {
            config.set("filter_subject", filters.pop().unwrap_or_default());
        }
        _ => {
            config.set(
                "filter_subjects",
                Json::List(filters.into_iter().map(Json::Text).collect()),
            );
        }
    }
}

/// Sets delays in equal steps, and enough deliveries for all of them.
pub fn set_backoff(config: &mut Json, steps: u64, least: i64, most: i64) -> Result<()> {
    if steps == 0 || steps > MAX_BACKOFF_STEPS {
        bail!("backoff steps must be between 1 and {MAX_BACKOFF_STEPS}");
    }
    if least <= 0 || most <= 0 {
        bail!("backoff delays must be longer than 0");
    }
    let delays = linear(steps, least.min(most), least.max(most));
    config.set(
        "backoff",
        Json::List(delays.into_iter().map(Json::from).collect()),
    );
    // Each delay needs a delivery behind it.
    if config.int("max_deliver") <= 0 {
        config.set("max_deliver", steps + 1);
    }
    // The server takes the first delay instead.
    config.remove("ack_wait");
    Ok(())
}

/// Delays that grow by the same step, rounded to milliseconds.
fn linear(steps: u64, least: i64, most: i64) -> Vec<i64> {
    const MILLI: i64 = 1_000_000;
    let count = i64::try_from(steps).unwrap_or(i64::MAX);
    let step = (most - least) / count.max(1);
    (0..count)
        .map(|number| {
            let delay = least.saturating_add(step.saturating_mul(number));
            ((delay + MILLI / 2) / MILLI * MILLI).max(1)
        })
        .collect()
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
                let back = parse_duration(text).map_err(|failure| {
                    failure.context(format!("invalid delivery policy {text:?}"))
                })?;
                let time = time_in(back.saturating_neg())?;
                config.set("opt_start_time", time.as_str());
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

fn priorities(config: &mut Json, matches: &Matches) -> Result<()> {
    let policies = [
        ("pinned-groups", "pinned_client"),
        ("overflow-groups", "overflow"),
        ("prioritized-groups", "prioritized"),
    ];
    let given: Vec<_> = policies
        .iter()
        .filter(|(flag, _)| matches.given(flag))
        .collect();
    let (flag, policy) = match given.as_slice() {
        [] => return Ok(()),
        [only] => **only,
        _ => bail!("setting both overflow and pinned groups are not supported"),
    };
    let groups = matches.split_list(flag);
    if groups.is_empty() {
        bail!("--{flag} needs the name of a group");
    }
    config.set("priority_policy", policy);
    config.set(
        "priority_groups",
        Json::List(groups.into_iter().map(Json::Text).collect()),
    );
    if policy == "pinned_client" && matches.given("pinned-ttl") {
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
            linear(4, MINUTE, 5 * MINUTE),
            [MINUTE, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE]
        );
        let mut config = Json::object().with("max_deliver", -1).with("ack_wait", 1);
        set_backoff(&mut config, 10, MINUTE, 20 * MINUTE).unwrap();
        assert_eq!(config.int("max_deliver"), 11);
        assert_eq!(config.list("backoff").len(), 10);
        assert!(!config.has("ack_wait"));
        assert!(set_backoff(&mut config, 0, 1, 2).is_err());
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
        set_filters(&mut config, vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(config.compact(), r#"{"filter_subjects":["a","b"]}"#);
        set_filters(&mut config, vec!["a".to_owned()]);
        assert_eq!(config.compact(), r#"{"filter_subject":"a"}"#);
        set_filters(&mut config, Vec::new());
        assert_eq!(config.compact(), "{}");
    }
}
