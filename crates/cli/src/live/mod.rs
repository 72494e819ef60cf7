//! Views that fill the terminal and are brought up to date again and again.
//!
//! A command has a [`View`], or hands captions and values to [`charts`];
//! [`show`] draws it until somebody leaves.

mod charts;
mod rates;
mod screen;
mod window;

pub use charts::{Caption, Unit, charts};
pub use rates::Counter;
pub use screen::{View, show};
pub use window::Window;
