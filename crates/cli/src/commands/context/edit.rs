//! `nats context edit`.

use super::info::show;
use crate::context::{Record, Store};
use crate::failure::Result;
use crate::output::{Json, yaml};
use crate::session::Session;
use crate::{bail, editor, fail};

/// What the fields mean, for the file that is edited.
fn about(field: &str) -> Option<&'static str> {
    Some(match field {
        "description" => "Shown in lists",
        "url" => "Server URLs, separated by commas",
        "socks_proxy" => "SOCKS5 proxy, such as socks5://proxy.example:1080",
        "token" => "Token",
        "user" => "User and password",
        "creds" => "Credentials file, or where to find one: op://, env://, nsc://, data:;base64,",
        "nkey" => "File with the seed of an nkey",
        "cert" => "TLS: certificate and key of the client, authorities to trust",
        "jetstream_domain" => "JetStream: domain, prefixes of the API and of events",
        "inbox_prefix" => "Prefix of inboxes",
        "user_jwt" => "User JWT and its seed",
        "color_scheme" => "Style of tables",
        "tls_first" => "Make the TLS handshake before anything else",
        "windows_cert_store" => "Certificate store, on Windows",
        _ => return None,
    })
}

/// Changes a context in the user's editor.
pub fn edit(session: &mut Session) -> Result<()> {
    let name = session.matches.required_arg("name").to_owned();
    let store = Store::open()?;
    if !store.is_known(&name) {
        bail!("unknown context {name:?}");
    }
    if std::env::var_os("EDITOR").is_none_or(|editor| editor.is_empty()) {
        bail!("set EDITOR environment variable to your chosen editor");
    }
    let record = store.load(&name)?;
    let head = format!("# Context {name}: change values, save and leave the editor\n");
    let text = editor::edit(
        &format!("{head}{}", yaml::write(&Json::of(&record), &about)),
        "yaml",
    )?;
    let edited = yaml::parse(&text)?;
    let record: Record = serde_json::from_str(&edited.compact())
        .map_err(|error| fail!("the edited context cannot be read: {error}"))?;
    store.save(&name, &record)?;
    show(session, &store, &name, false).map(|_| ())
}
