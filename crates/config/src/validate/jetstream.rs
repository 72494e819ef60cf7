//! JetStream with the rest (configuration.md 5.3).

use midge_subject::is_valid_subject;

use crate::error::{About as _, Invalid};
use crate::go_text::quote;
use crate::options::{Options, SYSTEM_ACCOUNT};
use crate::read::{KeyKind, is_public};

pub(super) fn check(options: &Options) -> Result<(), Invalid> {
    domain(options)?;
    default_domains(options)?;
    let js = &options.jetstream;
    if !options.jetstream_enabled || !options.cluster_enabled() {
        return Ok(());
    }
    if options.server_name.is_none() {
        return Err("jetstream cluster requires `server_name` to be set".about(["cluster"]));
    }
    if options.cluster_name().is_none() {
        return Err("jetstream cluster requires `cluster.name` to be set".about(["cluster"]));
    }
    if let Some(hint) = &js.extension_hint {
        let hint = hint.to_lowercase();
        if hint != "no_extend" && hint != "will_extend" {
            return Err(
                format!("expected 'no_extend' for string value, got '{hint}'")
                    .about(["jetstream.extension_hint"]),
            );
        }
    }
    if js.max_outstanding_catchup < 0 {
        return Err(
            "jetstream max catchup cannot be negative".about(["jetstream.max_outstanding_catchup"])
        );
    }
    Ok(())
}

fn domain(options: &Options) -> Result<(), Invalid> {
    let Some(domain) = &options.jetstream.domain else {
        return Ok(());
    };
    let subject = api_subject(domain);
    if !is_valid_subject(subject.as_bytes()) {
        return Err(format!(
            "invalid domain name: derived {} is not a valid subject",
            quote(&subject)
        )
        .about(["jetstream.domain"]));
    }
    if domain.contains(['.', '*', '>']) {
        return Err("invalid domain name: may not contain ., * or >".about(["jetstream.domain"]));
    }
    Ok(())
}

/// Where a domain's requests go.
fn api_subject(domain: &str) -> String {
    format!("$JS.{domain}.API.>")
}

fn default_domains(options: &Options) -> Result<(), Invalid> {
    let Some(domains) = &options.default_js_domain else {
        return Ok(());
    };
    let operator_mode = options.operators.as_ref().is_some_and(|o| !o.is_empty());
    for (name, domain) in domains {
        let account = options
            .accounts
            .iter()
            .find(|account| account.name == *name);
        if operator_mode {
            if !is_public(KeyKind::Account, name) {
                return Err(format!(
                    "default_js_domain contains account name {}, which is not a valid public account nkey",
                    quote(name)
                ).about(["default_js_domain"]));
            }
        } else {
            let Some(account) = account else {
                return Err(format!(
                    "in non operator mode, `default_js_domain` references non existing account {}",
                    quote(name)
                )
                .about(["default_js_domain"]));
            };
            if account.jetstream.is_some() {
                return Err(format!(
                    "default_js_domain contains account name {} with enabled JetStream",
                    quote(name)
                )
                .about(["default_js_domain"]));
            }
        }
        let system = options.system_account.as_deref().unwrap_or(SYSTEM_ACCOUNT);
        if name == system {
            return Err(format!(
                "system account {} can not be in default_js_domain",
                quote(name)
            )
            .about(["default_js_domain"]));
        }
        if !domain.is_empty() && !is_valid_subject(api_subject(domain).as_bytes()) {
            return Err(format!(
                "default_js_domain contains account {} with invalid domain name {}",
                quote(name),
                quote(domain)
            )
            .about(["default_js_domain"]));
        }
    }
    Ok(())
}
