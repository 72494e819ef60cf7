//! `nats errors lookup`.

use super::definitions::load;
use crate::bail;
use crate::failure::Result;
use crate::format::parse_int;
use crate::output::Columns;
use crate::session::Session;

/// Explains an error code.
pub fn lookup(session: &mut Session) -> Result<()> {
    let code = parse_int(session.matches.required_arg("code"))?;
    let entries = load(session)?;
    let Some(entry) = entries.iter().find(|entry| entry.int("error_code") == code) else {
        bail!("no error matches code {code}");
    };
    let mut c = Columns::new(format!("NATS Error Code: {code}"));
    c.row("Description", entry.text("description"));
    c.row_filled("Comment", entry.text("comment"));
    c.row("HTTP Code", entry.int("code").to_string());
    c.row("Go Index Constant", entry.text("constant"));
    c.row_filled("Help URL", entry.text("url"));
    c.print();
    match entry.text("help") {
        "" => println!("\n No further information available"),
        help => println!("\n{help}"),
    }
    Ok(())
}
