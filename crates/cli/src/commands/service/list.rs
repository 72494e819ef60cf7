//! `nats service list`.

use super::discover::ask;
use crate::failure::Result;
use crate::output::{Json, Table};
use crate::session::Session;

/// Lists services, or the instances of one.
pub fn list(session: &mut Session) -> Result<()> {
    let connection = session.connect()?;
    let name = session
        .matches
        .arg("service")
        .unwrap_or_default()
        .to_owned();
    let found = ask(&connection, "INFO", &name, "", session.timeout())?;
    if session.matches.on("json") {
        Json::List(found.into_iter().map(|(json, _)| json).collect()).print();
        return Ok(());
    }
    let title = if name.is_empty() {
        "All Services".to_owned()
    } else {
        format!("{name} Service Instances")
    };
    let mut table = Table::new(title, &["Name", "Version", "ID", "Description"]);
    let (mut last_name, mut last_version) = (String::new(), String::new());
    for (json, _) in found {
        let (name, version) = (json.text("name"), json.text("version"));
        let repeats = name == last_name;
        table.row(vec![
            if repeats { "" } else { name }.into(),
            if repeats && version == last_version {
                ""
            } else {
                version
            }
            .into(),
            json.text("id").into(),
            json.text("description").into(),
        ]);
        name.clone_into(&mut last_name);
        version.clone_into(&mut last_version);
    }
    table.print();
    Ok(())
}
