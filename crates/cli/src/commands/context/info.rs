//! `nats context info` and `validate`.

use crate::bail;
use crate::client::Connection;
use crate::context::{Record, Store, file_path, is_inline, is_reference, plain_path};
use crate::failure::Result;
use crate::output::style::Color;
use crate::output::{Columns, Json};
use crate::parse::Matches;
use crate::session::Session;

/// Variables that win over what a context says.
const OVERRIDES: &[&str] = &[
    "NATS_URL",
    "NATS_USER",
    "NATS_PASSWORD",
    "NATS_CREDS",
    "NATS_NKEY",
    "NATS_CERT",
    "NATS_KEY",
    "NATS_CA",
    "NATS_TIMEOUT",
    "NATS_SOCKS_PROXY",
    "NATS_COLOR",
];

/// Shows a context.
pub fn info(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let name = match session.matches.arg("name").filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => selected(&store)?,
    };
    if session.matches.on("json") {
        json(&name, &store.load(&name)?).print();
        return Ok(());
    }
    let connects = session.matches.on("connect");
    show(session, &store, &name, connects).map(|_| ())
}

/// Name of the selected context; an error without one.
pub fn selected(store: &Store) -> Result<String> {
    match store.selected() {
        Some(name) => Ok(name),
        None => bail!("no default context and no name supplied"),
    }
}

/// Shows one or all contexts and fails if one is not in order.
pub fn validate(session: &mut Session) -> Result<()> {
    let store = Store::open()?;
    let names = match session.matches.arg("name") {
        Some(name) => vec![name.to_owned()],
        None => store.names(),
    };
    let connects = session.matches.on("connect");
    let mut good = true;
    for name in names {
        match show(session, &store, &name, connects) {
            Ok(fine) => good &= fine,
            // As the original has it, this is no error.
            Err(failure) => {
                let why = Color::Red.paint(&failure.to_string());
                println!("Could not load {name}: {why}\n");
            }
        }
        println!();
    }
    if good {
        Ok(())
    } else {
        bail!("validation failed")
    }
}

/// A context as JSON, with its name.
pub fn json(name: &str, record: &Record) -> Json {
    let mut out = Json::object().with("name", name);
    for (key, value) in Json::of(record).entries("") {
        out.set(key, value);
    }
    out
}

/// Shows a context; gives whether everything is in order.
pub fn show(session: &mut Session, store: &Store, name: &str, connects: bool) -> Result<bool> {
    let record = store.load(name)?;
    let mut good = record.validate().is_ok();
    let mut columns = Columns::new(format!("NATS Configuration Context {name:?}"));
    columns.row_filled("Description", &*record.description);
    columns.row_filled("Server URLs", &*record.url);
    columns.row_filled("SOCKS5 Proxy", &*record.socks_proxy);
    columns.row_filled("Username", &*record.user);
    columns.row_filled("Password", "*".repeat(record.password.len()));
    columns.row_filled("Token", &*record.token);
    let mut checked = |columns: &mut Columns, label: &str, value: &str, only_files: bool| {
        if value.is_empty() {
            return;
        }
        let (text, fine) = about_secret(value, only_files);
        good &= fine;
        columns.row(label, text);
    };
    checked(&mut columns, "Credentials", &record.creds, false);
    checked(&mut columns, "User JWT", &record.user_jwt, false);
    checked(&mut columns, "User Seed", &record.user_seed, false);
    checked(&mut columns, "NKey", &record.nkey, false);
    if record.windows_cert_store.is_empty() {
        checked(&mut columns, "Certificate", &record.cert, true);
        checked(&mut columns, "Key", &record.key, true);
    } else {
        columns.row("Certificate Store", &*record.windows_cert_store);
        columns.row_filled("Certificate Store Match", &*record.windows_cert_match);
        columns.row_filled("Certificate Store Match By", &*record.windows_cert_match_by);
        if let Some(matches) = &record.windows_ca_certs_match {
            columns.row_filled("Certificate Store CA Match", matches.join(", "));
        }
    }
    checked(&mut columns, "CA", &record.ca, true);
    if record.tls_first {
        columns.row("TLS First", "true");
    }
    columns.row_filled("JS API Prefix", &*record.jetstream_api_prefix);
    columns.row_filled("JS Event Prefix", &*record.jetstream_event_prefix);
    columns.row_filled("JS Domain", &*record.jetstream_domain);
    columns.row_filled("Inbox Prefix", &*record.inbox_prefix);
    columns.row("Path", store.path(name).display().to_string());
    columns.row_filled("Color Scheme", &*record.color_scheme);
    if connects {
        let outcome = try_to_connect(session, &record);
        good &= outcome.is_none();
        let text = match outcome {
            Some(why) => Color::Red.paint(&why),
            None => Color::Green.paint("OK"),
        };
        columns.row("Connection", text);
    }
    columns.print();
    println!();
    let overrides: Vec<&str> = OVERRIDES
        .iter()
        .copied()
        .filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
        .collect();
    if !overrides.is_empty() {
        println!(
            "{}: Shell environment overrides in place using {}",
            Color::BrightRed.paint("WARNING"),
            overrides.join(", ")
        );
    }
    Ok(good)
}

/// The error of an attempt to connect with just this context.
fn try_to_connect(session: &Session, record: &Record) -> Option<String> {
    let flags = session.matches.declared_flags().to_vec();
    let mut alone = Session::new(session.path.clone(), Matches::new(flags, &[]));
    alone.use_record(record.clone());
    match alone
        .options()
        .and_then(|options| Ok(Connection::connect(options)?))
    {
        Ok(connection) => {
            connection.close();
            None
        }
        Err(failure) => Some(failure.to_string()),
    }
}

/// Where a secret comes from, and whether it is there.
fn about_secret(value: &str, only_files: bool) -> (String, bool) {
    let path = if only_files {
        plain_path("file", value).ok().flatten()
    } else {
        file_path(value)
    };
    let (color, word, fine) = if let Some(path) = path {
        match std::fs::File::open(path) {
            Ok(_) => (Color::Green, "OK", true),
            Err(_) => (Color::Red, "ERROR", false),
        }
    } else if is_inline(value) {
        return ("embedded data".to_owned(), true);
    } else if value.starts_with("op://") {
        (Color::Cyan, "1Password", true)
    } else if value.starts_with("nsc://") {
        (Color::Cyan, "nsc", true)
    } else if value.starts_with("env://") {
        (Color::Cyan, "runtime environment", true)
    } else {
        (Color::Red, "ERROR", !is_reference(value))
    };
    (format!("{value} ({})", color.paint(word)), fine)
}
