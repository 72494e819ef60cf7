//! `nats errors lookup`.

use super::definitions::{error_code, load};
use crate::bail;
use crate::failure::Result;
use crate::output::Columns;
use crate::output::style::bold;
use crate::session::Session;

/// Explains an error code.
pub fn lookup(session: &mut Session) -> Result<()> {
    let code = error_code(session.matches.required_arg("code"))?;
    let entries = load(session)?;
    let Some(entry) = entries.iter().find(|entry| entry.int("error_code") == code) else {
        bail!("no error matches code {code}");
    };
    let mut c = Columns::new(format!("NATS Error Code: {}", bold(&code.to_string())));
    c.row("Description", entry.text("description"));
    c.row_filled("Comment", entry.text("comment"));
    c.row("HTTP Code", entry.int("code").to_string());
    c.row("Go Index Constant", entry.text("constant"));
    c.row_filled("Help URL", entry.text("url"));
    c.text("");
    c.text(match entry.text("help") {
        "" => "No further information available",
        help => help,
    });
    c.print();
    Ok(())
}
