//! What a `compression` value means (configuration.md 4.4).

use std::fmt;
use std::time::Duration;

use super::links::Compression;
use crate::go_text;

/// A checked compression mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressionMode {
    /// Not even offered.
    NotSupported,
    /// Never.
    Off,
    /// If the other side asks for it.
    Accept,
    /// The level follows the round-trip time.
    S2Auto,
    /// S2 without compression of what does not compress.
    S2Uncompressed,
    /// S2 fast.
    S2Fast,
    /// S2 better.
    S2Better,
    /// S2 best.
    S2Best,
}

impl fmt::Display for CompressionMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CompressionMode::NotSupported => "not supported",
            CompressionMode::Off => "off",
            CompressionMode::Accept => "accept",
            CompressionMode::S2Auto => "s2_auto",
            CompressionMode::S2Uncompressed => "s2_uncompressed",
            CompressionMode::S2Fast => "s2_fast",
            CompressionMode::S2Better => "s2_better",
            CompressionMode::S2Best => "s2_best",
        })
    }
}

/// Steps of the automatic mode, if none are configured.
const DEFAULT_THRESHOLDS: [Duration; 3] = [
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(100),
];

/// Levels below the last one.
const MAX_THRESHOLDS: usize = 4;

impl Compression {
    /// The mode, and the round-trip steps if it is automatic. `on` is what
    /// `on`, `enabled` and `true` mean in this block.
    ///
    /// # Errors
    /// The texts of configuration.md 4.4.
    pub fn resolve(&self, on: CompressionMode) -> Result<(CompressionMode, Vec<Duration>), String> {
        let mode = match self.mode.to_lowercase().as_str() {
            "off" | "disabled" | "false" => CompressionMode::Off,
            "accept" => CompressionMode::Accept,
            "on" | "enabled" | "true" => on,
            "auto" | "s2_auto" => CompressionMode::S2Auto,
            "fast" | "s2_fast" => CompressionMode::S2Fast,
            "better" | "s2_better" => CompressionMode::S2Better,
            "best" | "s2_best" => CompressionMode::S2Best,
            "not_supported" | "not supported" => CompressionMode::NotSupported,
            _ => {
                return Err(format!(
                    "unsupported compression mode {}",
                    go_text::quote(&self.mode)
                ));
            }
        };
        if mode != CompressionMode::S2Auto {
            return Ok((mode, Vec::new()));
        }
        if self.rtt_thresholds.is_empty() {
            return Ok((mode, DEFAULT_THRESHOLDS.to_vec()));
        }
        let shown = || {
            let items: Vec<String> = self
                .rtt_thresholds
                .iter()
                .map(|d| go_text::duration_text(*d))
                .collect();
            go_text::list(&items)
        };
        let mut last = Duration::ZERO;
        let mut kept = self.rtt_thresholds.clone();
        for step in &kept {
            if step.is_zero() {
                continue;
            }
            if *step < last {
                return Err(format!(
                    "RTT threshold values {} should be in ascending order",
                    shown()
                ));
            }
            last = *step;
        }
        while kept.last().is_some_and(Duration::is_zero) {
            kept.pop();
        }
        if kept.len() > MAX_THRESHOLDS {
            return Err(format!(
                "compression mode {} should have no more than {MAX_THRESHOLDS} RTT thresholds: {}",
                go_text::quote(&self.mode),
                shown()
            ));
        }
        if kept.is_empty() {
            return Err(format!(
                "compression mode {} requires at least one RTT threshold",
                go_text::quote(&self.mode)
            ));
        }
        Ok((mode, kept))
    }
}
