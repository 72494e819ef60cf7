//! One run of a command: its values, its context, its connection.

use std::sync::Arc;
use std::time::Duration;

use crate::client::{Connection, Endpoint, Event, Options, Requester, TlsOptions};
use crate::context::{DEFAULT_URL, Record, Store, plain_path, resolve, resolve_text};
use crate::failure::Result;
use crate::jetstream::Api;
use crate::model::{CONNECTION_NAME, Command};
use crate::output::{full_screen, style};
use crate::parse::Matches;
use crate::prompt::Prompt;
use crate::{bail, fail, log};

/// Time for which commands wait for answers if nothing is said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time between the end of a connection for good and the end of the program,
/// in which a command may say more.
const CLOSED_PATIENCE: Duration = Duration::from_secs(1);

/// One run of a command.
#[derive(Debug)]
pub struct Session {
    /// The command, and the groups it is in.
    pub path: Vec<&'static Command>,
    /// Values of its flags and arguments.
    pub matches: Matches,
    context: Option<Context>,
    requester: Option<Requester>,
}

/// The settings in force: the context with the flags laid over it.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Name; empty if none is in use.
    pub name: String,
    /// Settings.
    pub record: Record,
}

impl Session {
    /// For a command and its values.
    pub fn new(path: Vec<&'static Command>, matches: Matches) -> Self {
        Self {
            path,
            matches,
            context: None,
            requester: None,
        }
    }

    /// Sets what output depends on.
    pub fn prepare(&mut self) -> Result<()> {
        if let Some(name) = self
            .matches
            .given("colors")
            .then(|| self.matches.text("colors"))
            .flatten()
        {
            style::set_scheme(name);
        }
        Ok(())
    }

    /// The words of the command: `stream ls`.
    pub fn path_text(&self) -> String {
        let names: Vec<&str> = self.path.iter().map(|command| command.name).collect();
        names.join(" ")
    }

    /// How long to wait for answers.
    pub fn timeout(&self) -> Duration {
        self.matches.duration("timeout").unwrap_or(DEFAULT_TIMEOUT)
    }

    /// Whether to log API traffic and connection events.
    pub fn trace(&self) -> bool {
        self.matches.on("trace")
    }

    /// Asks questions.
    pub fn prompt(&self) -> Prompt {
        Prompt {
            context: self
                .context
                .as_ref()
                .map(|c| c.name.clone())
                .unwrap_or_default(),
        }
    }

    /// The settings in force.
    pub fn context(&mut self) -> Result<&Context> {
        let context = match self.context.take() {
            Some(context) => context,
            None => {
                let mut context = self.chosen_context()?;
                self.lay_flags_over(&mut context.record);
                if !context.record.color_scheme.is_empty() {
                    style::set_scheme(&context.record.color_scheme);
                }
                context
            }
        };
        Ok(self.context.insert(context))
    }

    /// The context that flags, environment or selection name (cli.md 2.3).
    fn chosen_context(&self) -> Result<Context> {
        if self.matches.on("no-context") {
            return Ok(Context::default());
        }
        let store = Store::open()?;
        let named = self.matches.filled("context");
        if let Some(name) = named {
            let path = std::path::Path::new(name);
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
                && path.is_file()
            {
                let stem = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                return Ok(Context {
                    record: Store::load_file(path)
                        .map_err(|why| why.context("context not found"))?,
                    name: stem,
                });
            }
            if !store.is_known(name) {
                bail!("context not found: {name:?}");
            }
            return Ok(Context {
                name: name.to_owned(),
                record: store
                    .load(name)
                    .map_err(|why| why.context("context not found"))?,
            });
        }
        let Some(name) = store.selected() else {
            return Ok(Context::default());
        };
        let why = if store.is_known(&name) {
            match store.load(&name) {
                Ok(record) => return Ok(Context { name, record }),
                Err(failure) => format!(": {failure}"),
            }
        } else {
            String::new()
        };
        print!("The selected context {name:?} was not found, unselecting it\n\n");
        store.unselect()?;
        bail!("context not found{why}");
    }

    /// Takes these settings instead of a context's.
    pub fn use_record(&mut self, record: Record) {
        self.context = Some(Context {
            name: String::new(),
            record,
        });
    }

    /// Flags and environment win over the context.
    pub fn lay_flags_over(&self, record: &mut Record) {
        let matches = &self.matches;
        for (flag, field) in [
            ("server", &mut record.url),
            ("user", &mut record.user),
            ("password", &mut record.password),
            ("token", &mut record.token),
            ("creds", &mut record.creds),
            ("nkey", &mut record.nkey),
            ("jwt", &mut record.user_jwt),
            ("seed", &mut record.user_seed),
            ("tlscert", &mut record.cert),
            ("tlskey", &mut record.key),
            ("tlsca", &mut record.ca),
            ("socks-proxy", &mut record.socks_proxy),
            ("js-api-prefix", &mut record.jetstream_api_prefix),
            ("js-event-prefix", &mut record.jetstream_event_prefix),
            ("js-domain", &mut record.jetstream_domain),
            ("inbox-prefix", &mut record.inbox_prefix),
        ] {
            // An empty value is none.
            if matches.given(flag)
                && let Some(value) = matches.filled(flag)
            {
                value.clone_into(field);
            }
        }
        if matches.given("colors") {
            matches
                .text("colors")
                .unwrap_or_default()
                .clone_into(&mut record.color_scheme);
        }
        if let Some(first) = matches.switched("tlsfirst") {
            record.tls_first = first;
        }
        if !record.user.is_empty() && record.password.is_empty() {
            record.token = std::mem::take(&mut record.user);
        }
    }

    /// How to connect with the settings in force.
    pub fn options(&mut self) -> Result<Options> {
        let record = self.context()?.record.clone();
        let url = if record.url.is_empty() {
            DEFAULT_URL
        } else {
            &record.url
        };
        let secure = !record.ca.is_empty() || !record.cert.is_empty() || record.tls_first;
        let url = if secure {
            with_tls(url)
        } else {
            url.to_owned()
        };
        let mut options = Options::new(Endpoint::parse_list(&url)?);
        self.matches
            .filled("connection-name")
            .unwrap_or(CONNECTION_NAME)
            .clone_into(&mut options.name);
        options.auth.user.clone_from(&record.user);
        resolve_secrets(&record, &mut options).map_err(|why| why.context(BAD_SETTINGS))?;
        options.tls = TlsOptions {
            certificate: plain_path("cert", &record.cert)?,
            key: plain_path("key", &record.key)?,
            authorities: plain_path("ca", &record.ca)?,
            first: record.tls_first,
            staple: None,
        };
        options.tls.check()?;
        let prefix = &record.inbox_prefix;
        if prefix.contains(['>', '*']) || prefix.ends_with('.') {
            bail!("nats: invalid custom prefix");
        }
        if !prefix.is_empty() {
            prefix.clone_into(&mut options.inbox_prefix);
        }
        options.set_proxy(&record.socks_proxy)?;
        options.dial_timeout = match self.timeout() {
            Duration::ZERO => NO_DIAL_TIMEOUT,
            timeout => timeout,
        };
        let trace = self.trace();
        options.events = Arc::new(move |event| log_event(event, trace));
        Ok(options)
    }

    /// The connection; made with the first call.
    pub fn connect(&mut self) -> Result<Connection> {
        if let Some(requester) = &self.requester {
            return Ok(requester.connection()?);
        }
        let connection = Connection::connect(self.options()?)?;
        self.requester = Some(Requester::over(connection.clone()));
        Ok(connection)
    }

    /// The connection, for commands that only ask and wait for answers; made
    /// with the first call.
    pub fn requester(&mut self) -> Result<Requester> {
        if let Some(requester) = &self.requester {
            return Ok(requester.clone());
        }
        if self.trace() {
            // It tells more of a connection than the library knows.
            self.connect()?;
        } else {
            self.requester = Some(Requester::connect(&self.options()?)?);
        }
        self.requester()
    }

    /// Closes the connection; the next call that needs one makes another.
    pub fn disconnect(&mut self) {
        if let Some(requester) = self.requester.take() {
            requester.close();
        }
    }

    /// Another connection with the same settings.
    pub fn connect_another(&mut self) -> Result<Connection> {
        Ok(Connection::connect(self.options()?)?)
    }

    /// The JetStream API, for commands that send or receive messages.
    pub fn jetstream(&mut self) -> Result<Api> {
        self.connect()?;
        self.management()
    }

    /// The JetStream API, for commands that only ask and wait for answers.
    pub fn management(&mut self) -> Result<Api> {
        let requester = self.requester()?;
        self.api(requester)
    }

    /// The JetStream API over another connection.
    pub fn jetstream_with(&mut self, connection: Connection) -> Result<Api> {
        self.api(Requester::over(connection))
    }

    fn api(&mut self, requester: Requester) -> Result<Api> {
        let timeout = self.timeout();
        let trace = self.trace();
        let record = &self.context()?.record;
        Ok(Api::new(
            requester,
            &record.jetstream_domain,
            &record.jetstream_api_prefix,
            &record.jetstream_event_prefix,
            timeout,
            trace,
        ))
    }

    /// Fails unless the server's JetStream has an API level.
    pub fn need_api_level(&mut self, level: i64, what: &str) -> Result<()> {
        if self.requester()?.api_level() < level {
            return Err(fail!("{what}"));
        }
        Ok(())
    }
}

/// Time for a connect when the one that is given is none: longer than systems
/// try.
const NO_DIAL_TIMEOUT: Duration = Duration::from_secs(3600);

/// Before what is wrong with the settings.
const BAD_SETTINGS: &str = "configuration error";

/// Resolves what is used to log in: the token, and the first of the other kinds
/// that is set.
fn resolve_secrets(record: &Record, options: &mut Options) -> Result<()> {
    let auth = &mut options.auth;
    auth.token = resolve_text("token", &record.token)?;
    if !record.user.is_empty() {
        auth.password = resolve_text("password", &record.password)?;
    } else if !record.creds.is_empty() {
        auth.credentials = resolve("creds", &record.creds)?;
    } else if !record.nkey.is_empty() {
        auth.nkey = resolve("nkey", &record.nkey)?;
        if let Some(nkey) = &auth.nkey {
            nkey.seed()?;
        }
    } else {
        auth.jwt = resolve_text("user_jwt", &record.user_jwt)?;
        auth.seed = resolve_text("user_seed", &record.user_seed)?;
    }
    Ok(())
}

/// URLs that do not say how to connect, for connections that have to be
/// encrypted.
fn with_tls(urls: &str) -> String {
    let urls: Vec<String> = urls
        .split(',')
        .map(str::trim)
        .map(|url| match url.contains("://") || url.is_empty() {
            true => url.to_owned(),
            false => format!("tls://{url}"),
        })
        .collect();
    urls.join(",")
}

fn log_event(event: &Event, trace: bool) {
    match event {
        Event::Disconnected(why) => {
            log!(">>> Disconnected due to: {why}, will attempt reconnect");
        }
        Event::Closed(why) => {
            // A command that closed the connection itself is at its end.
            std::thread::sleep(CLOSED_PATIENCE);
            full_screen::leave();
            log!(">>> Connection is closed: {why}");
            std::process::exit(1);
        }
        _ if !trace => {}
        Event::Connected(url, address) => log!(">>> Connected to {url} ({address})"),
        Event::Reconnected(url, address) => log!(">>> Reconnected to {url} ({address})"),
        Event::Discovered(servers) => {
            log!(
                ">>> Discovered new servers, known servers are now {}",
                servers.join(", ")
            );
        }
        Event::ReconnectDelay(delay) => {
            log!(
                ">>> Setting reconnect delay to {}",
                crate::format::human_span(*delay)
            );
        }
        Event::ReconnectFailed(why) => log!(">>> Reconnect error: {why}"),
        Event::Error(error) => log!(">>> Unexpected NATS error: {error}"),
    }
}
