//! Views that fill the terminal and are brought up to date again and again:
//! graphs and tables.
//!
//! A command has a [`View`], or hands captions and values to [`charts`] or a
//! function that makes a [`Grid`] to [`grids`]; [`show`] draws it until
//! somebody leaves.

mod charts;
mod grid;
mod rates;
mod screen;
mod window;

pub use charts::{Caption, Unit, charts};
pub use grid::{Column, Grid, grids};
pub use rates::Counter;
pub use screen::{View, show};
pub use window::Window;
