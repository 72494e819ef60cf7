//! The questions of `nats consumer add`.

use super::settings::{has_group, heartbeat, set_backoff, set_filters, set_start};
use crate::bail;
use crate::commands::assets::{Questions, split_words};
use crate::failure::Result;
use crate::format::{parse_duration, parse_int, parse_uint};
use crate::output::Json;
use crate::parse::Matches;

/// Sets what flags do not say by asking, or by the defaults.
pub fn ask(config: &mut Json, matches: &Matches, questions: &Questions) -> Result<()> {
    if !matches.on("pull") && !matches.given("target") {
        let target = questions.text(
            "Delivery target (empty for Pull Consumers)",
            "",
            "Subject that messages are delivered to",
        )?;
        if !target.trim().is_empty() {
            config.set("deliver_subject", target.trim());
        }
    }
    let push = !config.text("deliver_subject").is_empty();
    if push && !has_group(matches) {
        let group = questions.text(
            "Delivery Queue Group",
            "",
            "Subscribers of this group share the messages; empty for none",
        )?;
        if !group.trim().is_empty() {
            config.set("deliver_group", group.trim());
        }
    }
    if !matches.given("deliver") {
        let start = questions.value(
            "Start policy (all, new, last, subject, 1h, msg sequence)",
            "all",
            "Which messages are delivered first",
            |text| {
                set_start(&mut Json::object(), text)?;
                Ok(text.to_owned())
            },
        )?;
        set_start(config, &start)?;
    }
    policies(config, matches, questions, push)?;
    if !matches.given("filter") {
        let filters = questions.text(
            "Filter Stream by subjects (blank for all)",
            "",
            "Only messages on these subjects, separated by commas",
        )?;
        set_filters(config, split_words(&filters));
    }
    limits(config, matches, questions, push)?;
    if !matches.given("headers-only") {
        let yes = questions.confirm("Deliver headers only without bodies", false)?;
        if yes {
            config.set("headers_only", true);
        }
    }
    if !matches.given("backoff")
        && config.text("ack_policy") != "none"
        && questions.confirm("Add a Retry Backoff Policy", false)?
    {
        backoff(config, questions)?;
    }
    Ok(())
}

fn policies(config: &mut Json, matches: &Matches, questions: &Questions, push: bool) -> Result<()> {
    if !matches.given("ack") {
        let mut choices = vec![("explicit", "explicit"), ("all", "all"), ("none", "none")];
        if push {
            choices.rotate_right(1);
        }
        let ack = questions.choice("Acknowledgment policy", &choices)?;
        config.set("ack_policy", ack.as_str());
    }
    if !matches.given("replay") {
        let replay = questions.choice(
            "Replay policy",
            &[("instant", "instant"), ("original", "original")],
        )?;
        config.set("replay_policy", replay.as_str());
    }
    Ok(())
}

fn limits(config: &mut Json, matches: &Matches, questions: &Questions, push: bool) -> Result<()> {
    let acknowledged = config.text("ack_policy") != "none";
    if !matches.given("max-deliver") {
        let most = if acknowledged && !matches.given("backoff") {
            questions.value(
                "Maximum Allowed Deliveries",
                "-1",
                "How often a message is delivered at most; -1 stands for no limit",
                parse_int,
            )?
        } else {
            -1
        };
        if !config.has("max_deliver") {
            config.set("max_deliver", most);
        }
    }
    if acknowledged && !matches.given("max-pending") && !matches.given("max-outstanding") {
        let most = questions.value(
            "Maximum Acknowledgments Pending",
            "0",
            "Most messages on their way; 0 leaves it to the server, -1 stands for no limit",
            parse_int,
        )?;
        if most != 0 {
            config.set("max_ack_pending", most);
        }
    }
    if push && !matches.given("heartbeat") {
        let interval = questions.value(
            "Idle Heartbeat",
            "0s",
            "Time between signs of life when there are no messages; 0s for none",
            heartbeat,
        )?;
        if interval > 0 {
            config.set("idle_heartbeat", interval);
        }
    }
    if push && !matches.given("flow-control") {
        let yes = questions.confirm("Enable Flow Control", false)?;
        if yes {
            if config.int("idle_heartbeat") <= 0 {
                bail!("flow control requires idle heartbeats");
            }
            config.set("flow_control", true);
        }
    }
    Ok(())
}

fn backoff(config: &mut Json, questions: &Questions) -> Result<()> {
    let steps = questions.value("Number of steps", "10", "", parse_uint)?;
    let least = questions.value("Minimum retry time", "1m", "", parse_duration)?;
    let most = questions.value("Maximum retry time", "20m", "", parse_duration)?;
    set_backoff(config, steps, least, most)
}
