//! What people and scripts see: tables, columns, JSON, log lines, progress,
//! colours (cli.md 1.4 to 1.9).

mod box_lines;
pub mod columns;
pub mod full_screen;
pub mod graph;
pub mod json;
mod json_syntax;
pub mod log;
pub mod progress;
pub mod style;
pub mod table;
pub mod terminal;
pub mod yaml;
pub mod yaml_sorted;

pub use columns::Columns;
pub use json::Json;
pub use table::Table;
