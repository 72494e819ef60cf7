//! `nats service list`.

use super::discover::{Wait, ask};
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
    let timeout = session.timeout();
    let found = ask(&connection, "INFO", &name, "", Wait::All, timeout)?;
    if session.matches.on("json") {
        if found.is_empty() {
            Json::Null.print();
        } else {
            Json::List(found).print();
        }
        return Ok(());
    }
    if found.is_empty() {
        println!("No results received");
        return Ok(());
    }
    let title = if name.is_empty() {
        "All Services".to_owned()
    } else {
        format!("{name} Service Instances")
    };
    let mut table = Table::new(title, &["Name", "Version", "ID", "Description"]);
    // What a row shares with the one above is left out.
    let mut above = [""; 3];
    for json in &found {
        let values = [
            json.text("name"),
            json.text("version"),
            json.text("description"),
        ];
        let mut shown = values;
        for (value, above) in shown.iter_mut().zip(above) {
            if *value == above {
                *value = "";
            }
        }
        let [name, version, description] = shown;
        table.row(vec![
            name.into(),
            version.into(),
            json.text("id").into(),
            description.into(),
        ]);
        above = values;
    }
    table.print();
    Ok(())
}
