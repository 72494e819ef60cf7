//! Until when a consumer delivers nothing.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::json::{JsonError, Place, ReadJson};
use crate::text::Timestamp;
use crate::text::time::ZERO_TIME;

/// The end of a pause as a client has set it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PauseUntil {
    /// Nobody has.
    #[default]
    Unset,
    /// The zero time: no pause either, but shown.
    Zero,
    /// This time, which may have passed.
    At(Timestamp),
}

impl PauseUntil {
    /// The time, if it is one.
    pub fn time(self) -> Option<Timestamp> {
        match self {
            Self::Unset | Self::Zero => None,
            Self::At(time) => Some(time),
        }
    }
}

impl Serialize for PauseUntil {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unset => serializer.serialize_none(),
            Self::Zero => serializer.serialize_str(ZERO_TIME),
            Self::At(time) => time.serialize(serializer),
        }
    }
}

impl ReadJson for PauseUntil {
    fn read(&mut self, value: &Value, at: &Place<'_>) -> Result<(), JsonError> {
        let mut time: Option<Timestamp> = None;
        time.read(value, at)?;
        if !value.is_null() {
            *self = time.map_or(Self::Zero, Self::At);
        }
        Ok(())
    }
}
