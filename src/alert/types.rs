//! The alert as it crosses to JavaScript, and its parts.

use std::{borrow::Cow, time::SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::timestamp::iso8601;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    #[default]
    Warning,
    Critical,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    #[default]
    Firing,
    Resolved,
}

/// An alert as JSON. One that comes from JavaScript may lack any member.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Alert {
    pub severity: Severity,
    pub service: String,
    pub message: String,
    pub details: Value,
    pub recommended_action: Cow<'static, str>,
    pub status: AlertStatus,
    pub kind: Cow<'static, str>,
    pub fingerprint: String,
    pub starts_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
    pub occurrences: u32,
}

/// The advice of a resolved alert.
pub const NO_ACTION: &str = "No action is needed.";

impl Alert {
    /// The resolving alert. The advice of the firing one no longer applies.
    pub(super) fn into_resolved(self, message: String, at: SystemTime) -> Self {
        Self {
            status: AlertStatus::Resolved,
            message,
            recommended_action: NO_ACTION.into(),
            ends_at: Some(iso8601(at)),
            ..self
        }
    }

    /// The resolving alert when a reload removed its subject.
    pub(super) fn into_unwatched(self, at: SystemTime) -> Self {
        let message = format!("{}: no longer monitored since the configuration was reloaded", self.service);
        self.into_resolved(message, at)
    }
}

/// A stable id of an alert: FNV-1a over its parts (Fowler, Noll, Vo), the same in every process.
pub fn fingerprint(parts: &[&str]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.join("\u{1f}").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    format!("{hash:016x}")
}
