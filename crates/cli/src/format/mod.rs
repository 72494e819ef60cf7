//! How durations, sizes, numbers and times are read and written (cli.md 1.5).

mod duration;
mod number;
mod pattern;
mod quote;
mod size;
mod system;
mod time;

pub use duration::{go_duration, human_duration, human_span, parse_duration};
pub use number::{
    big_commas, commas, exact_float, float, join, parse_int, parse_int64, parse_uint, rate,
};
pub use pattern::{explain, pattern};
pub use quote::quoted;
pub use size::{SizeRange, human_size, human_size_float, parse_size};
pub use system::{io_error, io_error_at};
pub use time::{
    clock, go_time, is_unset_time, local_now, local_rfc3339, local_time, local_time_of, now_nanos,
    offset_of, parse_rfc3339, rfc3339, saturated, since, span_between, stamp_micros,
};
