#![no_main]
//! Command line arguments, and the URLs and durations that values are made of
//! (configuration.md 7).
//!
//! Input: one argument a line.

use libfuzzer_sys::fuzz_target;
use midge_config::flags::{Command, parse, redacted};
use midge_config::go_text::{duration, parse_duration, quote};
use midge_config::url::Url;
use midge_config::{resolve, validate};

fn url(text: &str) {
    match Url::parse(text) {
        Ok(url) => {
            assert!(url.hostname().len() <= url.host.len() && url.port().len() <= url.host.len());
            let plain = url.without_user().to_string();
            let shown = url.redacted();
            if let Some(password) = url.password.as_deref()
                && password.len() >= 6
                && password.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && text.matches(password).count() == 1
            {
                assert!(
                    !shown.contains(password) && !plain.contains(password),
                    "{shown}"
                );
            }
        }
        Err(reason) => assert!(reason.starts_with("parse \"")),
    }
}

fn time(text: &str) {
    if let Ok(nanos) = parse_duration(text) {
        assert_eq!(
            parse_duration(&duration(nanos)),
            Ok(nanos),
            "{}",
            duration(nanos)
        );
    }
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let args: Vec<&str> = text.split('\n').collect();
    assert_eq!(redacted(&args).len(), args.len());
    for arg in &args {
        url(arg);
        time(arg);
        assert!(!quote(arg).contains('\n'));
    }
    match parse(&args) {
        Command::Run(flags) if flags.config.is_none() => {
            // Files that flags name are not for a fuzzer to read.
            if [&flags.tlscert, &flags.tlskey, &flags.tlscacert]
                .iter()
                .any(|file| file.is_some())
            {
                return;
            }
            if let Ok(loaded) = resolve(&flags) {
                let _ = validate(&loaded.options);
            }
        }
        Command::FlagError(text) | Command::Failure(text) => assert!(!text.is_empty()),
        Command::Run(_)
        | Command::Version
        | Command::Help
        | Command::HelpTls
        | Command::Signal { .. } => {}
    }
});
