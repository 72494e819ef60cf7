//! A new consumer's configuration: from flags, and from answers to what they
//! do not say.

use std::fmt::Display;

use super::settings::{
    NO_MAX_PENDING, backoff, delays, group, max_pending, set_metadata, set_positive,
    set_priorities, set_pull_limits, set_start, until,
};
use crate::bail;
use crate::commands::assets::split_words;
use crate::failure::{Failure, Result};
use crate::format::{parse_duration, parse_int};
use crate::jetstream::set_filters;
use crate::output::Json;
use crate::parse::Matches;
use crate::prompt::Prompt;
use crate::session::Session;

/// What is being put together.
#[derive(Debug)]
struct Wizard<'a> {
    matches: &'a Matches,
    prompt: Prompt,
    /// Whether the default answers are taken.
    defaults: bool,
    config: Json,
}

fn because(what: impl Display) -> impl FnOnce(Failure) -> Failure {
    move |failure| failure.context(what)
}

/// The configuration that flags and answers describe.
pub fn configuration(session: &Session) -> Result<Json> {
    let mut wizard = Wizard {
        matches: &session.matches,
        prompt: session.prompt(),
        defaults: session.matches.on("defaults"),
        config: Json::object(),
    };
    wizard.name()?;
    wizard.target()?;
    wizard.policies()?;
    wizard.filters()?;
    wizard.limits()?;
    wizard.delivery()?;
    wizard.redelivery()?;
    wizard.settings()?;
    Ok(wizard.config)
}

impl Wizard<'_> {
    fn is_push(&self) -> bool {
        !self.config.text("deliver_subject").is_empty()
    }

    fn is_acknowledged(&self) -> bool {
        self.config.text("ack_policy") != "none"
    }

    fn name(&mut self) -> Result<()> {
        let ephemeral = self.matches.on("ephemeral");
        let mut name = self.matches.arg("consumer").unwrap_or_default().to_owned();
        if name.is_empty() && !ephemeral {
            name = self
                .prompt
                .needed_text("Consumer name", "", "Without blanks, dots and wildcards")
                .map_err(because("could not request durable name"))?;
        }
        if ephemeral {
            self.config.set("name", name);
            return Ok(());
        }
        if name.contains(['.', '*', '>']) {
            bail!("durable name can not contain '.', '*', '>'");
        }
        self.config.set("durable_name", name);
        Ok(())
    }

    /// Push or pull; this is asked for even when defaults are taken.
    fn target(&mut self) -> Result<()> {
        let mut target = self.matches.text("target").unwrap_or_default().to_owned();
        if target.is_empty() && !self.matches.on("pull") {
            target = self
                .prompt
                .text(
                    "Delivery target (empty for Pull Consumers)",
                    "",
                    "Subject that messages are delivered to",
                )
                .map_err(because("could not request delivery target"))?;
        }
        self.config.set("deliver_subject", target);
        let group = match group(self.matches) {
            Some(group) => group.to_owned(),
            None if !self.is_push() || self.defaults => String::new(),
            None => self
                .prompt
                .text(
                    "Delivery Queue Group",
                    "",
                    "Subscribers of this group share the messages; empty for none",
                )
                .map_err(because("could not request delivery group"))?,
        };
        self.config.set("deliver_group", group);
        Ok(())
    }

    fn policies(&mut self) -> Result<()> {
        let start = match self.matches.filled("deliver") {
            Some(start) => start.to_owned(),
            None if self.defaults => "all".to_owned(),
            None => self
                .prompt
                .needed_text(
                    "Start policy (all, new, last, subject, 1h, msg sequence)",
                    "all",
                    "Which messages are delivered first",
                )
                .map_err(because("could not request start policy"))?,
        };
        set_start(&mut self.config, &start)?;
        let push = self.is_push();
        let ack = match self.matches.filled("ack") {
            Some(ack) => ack.to_owned(),
            None if self.defaults && push && !self.matches.on("pull") => "none".to_owned(),
            None if self.defaults => "explicit".to_owned(),
            None => self
                .choice(
                    "Acknowledgment policy",
                    &["explicit", "all", "none"],
                    if push { "none" } else { "explicit" },
                )
                .map_err(because("could not ask acknowledgement policy"))?,
        };
        let replay = match self.matches.filled("replay") {
            Some(replay) => replay.to_owned(),
            None if self.defaults => "instant".to_owned(),
            None => self
                .choice("Replay policy", &["instant", "original"], "instant")
                .map_err(because("could not ask replay policy"))?,
        };
        self.config
            .set("ack_policy", ack)
            .set("replay_policy", replay);
        let percent = self.matches.int("sample");
        if percent > 100 {
            bail!("sample percent is not between 0 and 100");
        }
        if percent > 0 {
            self.config.set("sample_freq", percent.to_string());
        }
        let wait = self.matches.nanos("wait").unwrap_or_default();
        set_positive(&mut self.config, "ack_wait", wait);
        Ok(())
    }

    fn choice(&self, question: &str, choices: &[&str], default: &str) -> Result<String> {
        let shown: Vec<String> = choices.iter().map(|text| (*text).to_owned()).collect();
        let start = choices.iter().position(|text| *text == default);
        let chosen = self.prompt.select(question, &shown, start.unwrap_or(0))?;
        Ok(shown.get(chosen).cloned().unwrap_or_default())
    }

    fn filters(&mut self) -> Result<()> {
        let mut filters = self.matches.list("filter").to_vec();
        if filters.is_empty() && !self.defaults {
            let text = self
                .prompt
                .text(
                    "Filter Stream by subjects (blank for all)",
                    "",
                    "Only messages on these subjects, separated by commas or blanks",
                )
                .map_err(because("could not ask for filtering subject"))?;
            filters = split_words(&text);
        }
        // Servers want to know the subjects whose last messages are meant.
        if filters.is_empty() && self.config.text("deliver_policy") == "last_per_subject" {
            filters.push(">".to_owned());
        }
        set_filters(&mut self.config, &filters);
        Ok(())
    }

    fn number(&self, question: &str, default: &str, help: &str, what: &str) -> Result<i64> {
        let text = self
            .prompt
            .text(question, default, help)
            .map_err(because(what))?;
        parse_int(text.trim()).map_err(because(what))
    }

    fn limits(&mut self) -> Result<()> {
        if !self.is_acknowledged() {
            self.config.set("max_deliver", -1);
        } else {
            let most = match self.matches.int("max-deliver") {
                0 if self.defaults => -1,
                0 => self.number(
                    "Maximum Allowed Deliveries",
                    "-1",
                    "How often a message is delivered at most; -1 stands for no limit",
                    "could not ask for maximum allowed deliveries",
                )?,
                most => most,
            };
            self.config.set("max_deliver", most);
        }
        let most = match max_pending(self.matches) {
            NO_MAX_PENDING if self.defaults || !self.is_acknowledged() => 0,
            NO_MAX_PENDING => self.number(
                "Maximum Acknowledgments Pending",
                "0",
                "Most messages on their way; 0 leaves it to the server, -1 stands for no limit",
                "could not ask for maximum outstanding acknowledgements",
            )?,
            most => most,
        };
        self.config.set("max_ack_pending", most);
        Ok(())
    }

    fn delivery(&mut self) -> Result<()> {
        if self.is_push() {
            let text = match self.matches.filled("heartbeat") {
                Some("-1") => "0".to_owned(),
                Some(text) => text.to_owned(),
                None if self.defaults => "0".to_owned(),
                None => self
                    .prompt
                    .text(
                        "Idle Heartbeat",
                        "0s",
                        "Time between signs of life when there are no messages; 0s for none",
                    )
                    .map_err(because("could not ask for idle heartbeat"))?,
            };
            let interval = parse_duration(&text).map_err(because("invalid heartbeat duration"))?;
            self.config.set("idle_heartbeat", interval);
            let flow_control = if self.matches.given("flow-control") || self.defaults {
                self.matches.on("flow-control")
            } else {
                self.prompt
                    .confirm("Enable Flow Control, ie --flow-control", false)
                    .map_err(because("could not ask flow control"))?
            };
            self.config.set("flow_control", flow_control);
        }
        let headers_only = match self.matches.switched("headers-only") {
            Some(on) => on,
            None if self.defaults => false,
            None => self
                .prompt
                .confirm("Deliver headers only without bodies", false)
                .map_err(because("could not ask headers only"))?,
        };
        self.config.set("headers_only", headers_only);
        Ok(())
    }

    fn redelivery(&mut self) -> Result<()> {
        let list = if self.matches.filled("backoff").is_some() {
            backoff(self.matches)?
        } else if self.is_acknowledged() && !self.defaults {
            self.asked_backoff()?
        } else {
            Json::Null
        };
        let count = list.list("").len();
        // Each delay needs a delivery behind it.
        if count > 0 && self.config.int("max_deliver") == -1 && self.is_acknowledged() {
            let most = i64::try_from(count).unwrap_or(i64::MAX).saturating_add(1);
            self.config.set("max_deliver", most);
        }
        self.config.set("backoff", list);
        Ok(())
    }

    fn asked_backoff(&self) -> Result<Json> {
        let prompt = &self.prompt;
        if !prompt.confirm("Add a Retry Backoff Policy", false)?
            || self.choice("Backoff policy", &["linear", "none"], "none")? == "none"
        {
            return Ok(Json::Null);
        }
        let help = "Delays grow in equal steps from the shortest to the longest";
        let least = parse_duration(&prompt.text("Minimum retry time", "1m", help)?)?;
        let most = parse_duration(&prompt.text("Maximum retry time", "10m", help)?)?;
        let steps = parse_int(&prompt.needed_text(
            "Number of steps to generate in the policy",
            "20",
            "How many delays there are",
        )?)?;
        match u64::try_from(steps) {
            Ok(steps @ 1..) => delays(steps, least, most),
            Ok(0) | Err(_) => bail!("backoff steps must be > 0"),
        }
    }

    /// What nothing is asked about.
    fn settings(&mut self) -> Result<()> {
        let push = self.is_push();
        let heartbeat = self.matches.filled("heartbeat");
        if !push && self.matches.uint("bps") > 0 {
            bail!("rate limits are only possible on Push consumers");
        }
        if !push && heartbeat.is_some_and(|text| text != "-1") {
            bail!("pull subscribers does not support idle heartbeats");
        }
        let (config, matches) = (&mut self.config, self.matches);
        if !push {
            config.set("max_waiting", matches.int("max-waiting"));
        }
        set_pull_limits(config, matches);
        set_metadata(config, matches);
        config
            .set("description", matches.text("description").unwrap_or(""))
            .set(
                "inactive_threshold",
                matches.nanos("inactive-threshold").unwrap_or_default(),
            )
            .set("rate_limit_bps", matches.uint("bps"))
            .set("num_replicas", matches.int("replicas"))
            .set("mem_storage", matches.on("memory"));
        if let Some(text) = matches.filled("pause") {
            config.set("pause_until", until(text)?);
        }
        set_priorities(config, matches)
    }
}
