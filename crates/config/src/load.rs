//! From a file and flags to options.

use std::path::Path;

use crate::error::{ConfigError, Problem};
use crate::flags::{self, FlagSet, Scope};
use crate::options::Options;
use crate::read;

/// Options and what was said while reading them.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// With all defaults.
    pub options: Options,
    /// The server prints them and starts.
    pub warnings: Vec<Problem>,
    /// `sha256:…` of the file; empty without one.
    pub digest: String,
}

impl Loaded {
    fn new(mut options: Options, warnings: Vec<Problem>) -> Self {
        options.apply_defaults();
        Loaded {
            digest: options.config_digest.clone(),
            warnings,
            options,
        }
    }
}

/// Reads a file as `-t` does: the language, every option, the files that
/// options name. What only makes sense together is checked by
/// [`validate`](crate::validate).
///
/// # Errors
/// Everything that is wrong with it, in the words tools know.
pub fn load_file(path: &Path) -> Result<Loaded, ConfigError> {
    let mut options = Options::unset();
    let warnings = read::read_file(path, &mut options)?;
    Ok(Loaded::new(options, warnings))
}

/// Options of a start: flags over the file over the defaults
/// (configuration.md 7.3). With [`FlagSet::test_config`] the flags are not
/// checked against the file.
///
/// # Errors
/// As [`load_file`], and flags that make no sense.
pub fn resolve(flags: &FlagSet) -> Result<Loaded, ConfigError> {
    let mut options = Options::unset();
    flags::apply(flags, &mut options, Scope::BeforeFile).map_err(ConfigError::Other)?;
    let warnings = match &flags.config {
        Some(path) if !path.as_os_str().is_empty() => read::read_file(path, &mut options)?,
        _ => Vec::new(),
    };
    if !flags.test_config {
        flags::apply(flags, &mut options, Scope::Start).map_err(ConfigError::Other)?;
    }
    Ok(Loaded::new(options, warnings))
}

/// Options of a reload: the file again, and those flags over it that count
/// then (configuration.md 8.4).
///
/// # Errors
/// As [`resolve`]; without a file,
/// `can only reload config when a file is provided using -c or --config`.
pub fn resolve_for_reload(flags: &FlagSet) -> Result<Loaded, ConfigError> {
    let Some(path) = flags.config.as_ref().filter(|p| !p.as_os_str().is_empty()) else {
        return Err(ConfigError::Other(
            "can only reload config when a file is provided using -c or --config".to_owned(),
        ));
    };
    let mut options = Options::unset();
    let warnings = read::read_file(path, &mut options)?;
    flags::apply(flags, &mut options, Scope::Reload).map_err(ConfigError::Other)?;
    Ok(Loaded::new(options, warnings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::{self, Command};
    use crate::options::FeatureKind;

    fn start(file: &str, args: &[&str]) -> Result<Options, String> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!(
            "midge-config-load-{}-{}.conf",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        std::fs::write(&path, file).unwrap();
        let name = path.to_string_lossy().into_owned();
        let args: Vec<&str> = ["-c", &name].iter().chain(args).copied().collect();
        let Command::Run(flags) = flags::parse(&args) else {
            panic!("{args:?}");
        };
        let result = resolve(&flags).map_err(|e| e.to_string().replace(&name, "FILE"));
        std::fs::remove_file(&path).unwrap();
        result.map(|loaded| loaded.options)
    }

    /// 55.
    #[test]
    fn flags_win_over_the_file() {
        let file =
            "port: 4333, debug: true, jetstream: true, cluster {port: 5, routes: [\"nats://a:1\"]}";
        let options = start(
            file,
            &[
                "-p",
                "4444",
                "-D=false",
                "-js=false",
                "--routes",
                "nats://b:2, nats://c:3",
            ],
        )
        .unwrap();
        assert_eq!(options.port, 4444);
        assert!(!options.debug && !options.jetstream_enabled);
        let routes: Vec<String> = options
            .cluster
            .iter()
            .flat_map(|c| c.routes.iter().map(ToString::to_string))
            .collect();
        assert_eq!(routes, ["nats://b:2", "nats://c:3"]);
        assert_eq!(start(file, &[]).unwrap().port, 4333);
        assert!(
            !start(file, &["--cluster", "", "--routes", ""])
                .unwrap()
                .cluster_enabled()
        );
    }

    /// 35, 56.
    #[test]
    fn flags_that_make_no_sense_are_refused() {
        for (file, args, text) in [
            (
                "",
                &["--routes", "nats://a:1"][..],
                "solicited routes require cluster capabilities, e.g. --cluster",
            ),
            (
                "",
                &["--cluster", "nats://127.0.0.1"],
                "address 127.0.0.1: missing port in address",
            ),
            (
                "",
                &["--cluster", "nats://u@127.0.0.1:5"],
                "expected cluster password to be set",
            ),
            (
                "",
                &["--tls"],
                "TLS Server certificate must be present and valid",
            ),
            (
                "",
                &["--tlscert", "x"],
                "TLS Server private key must be present and valid",
            ),
            (
                "jetstream { store_dir: x }",
                &["-sd", "/tmp/y"],
                "FILE:1:12: Duplicate 'store_dir' configuration\nFILE:1:24: \"jetstream.store_dir\": \
                 found the string \"x\", expected the name of a folder, given once: here, at the \
                 top level or by -sd\n",
            ),
        ] {
            assert_eq!(start(file, args).unwrap_err(), text);
        }
    }

    #[test]
    fn a_cluster_flag_sets_address_and_credentials() {
        let options = start("", &["-cluster", "nats-route://u:p@127.0.0.1:-1"]).unwrap();
        let cluster = options.cluster.unwrap();
        assert_eq!((cluster.host.as_str(), cluster.port), ("127.0.0.1", -1));
        assert_eq!(cluster.authorization.password.as_deref(), Some("p"));
    }

    /// 58: the first user's file.
    #[test]
    fn the_seed_scenario_reads() {
        for file in [
            "jetstream { store_dir: \"/d\", max_mem_store: 1Gb, max_file_store: 10Gb }",
            "jetstream {\n  store_dir: \"/d\"\n  max_mem_store: 1Gb\n  max_file_store: 10Gb\n}\n",
        ] {
            for args in [&[][..], &["-js"]] {
                let options = start(file, args).unwrap();
                assert!(options.jetstream_enabled);
                assert_eq!((options.host.as_str(), options.port), ("0.0.0.0", 4222));
                let js = &options.jetstream;
                assert_eq!(js.store_dir.as_deref(), Some("/d"));
                assert_eq!(js.max_memory_store, Some(1 << 30));
                assert_eq!(js.max_file_store, Some(10 << 30));
                assert_eq!(crate::validate(&options), Ok(()));
            }
        }
    }

    #[test]
    fn features_are_named_with_their_place() {
        let options = start("port: 4222\nmqtt {port: 1883}\nleaf {port: 7422}", &["-js"]).unwrap();
        let mqtt = options.feature(FeatureKind::Mqtt).unwrap().to_string();
        assert!(mqtt.ends_with(":2:1: \"mqtt\""), "{mqtt}");
        let js = options.feature(FeatureKind::JetStream).unwrap().to_string();
        assert_eq!(js, "flag -js");
        assert!(options.feature(FeatureKind::Gateway).is_none());
    }

    #[test]
    fn timeouts_follow_tls() {
        assert_eq!(start("", &[]).unwrap().authorization.timeout, 2.0);
        let options = start("tls {timeout: 5}", &[]).unwrap();
        assert_eq!(options.authorization.timeout, 6.0);
        let options = start("tls {}, authorization {timeout: 1}", &[]).unwrap();
        assert_eq!(options.authorization.timeout, 1.0);
    }
}
