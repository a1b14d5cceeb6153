//! PagerDuty's Events API v2: <https://developer.pagerduty.com/docs/send-alert-event>. One event for each alert.

use serde_json::{Value, json};

use super::text::{cut, severity, units};
use crate::alert::types::{Alert, AlertStatus};

pub const URL: &str = "https://events.pagerduty.com/v2/enqueue";
const SUMMARY: usize = 1_024;
const DEDUP_KEY: usize = 255;
const SOURCE: usize = 255;
/// An event may have 512 KB; this leaves room. In bytes.
const DETAILS: usize = 64 << 10;

pub fn body(alert: &Alert, routing_key: &str) -> String {
    let dedup_key = cut(&alert.fingerprint, DEDUP_KEY);
    if alert.status == AlertStatus::Resolved {
        return json!({ "routing_key": routing_key, "event_action": "resolve", "dedup_key": dedup_key })
            .to_string();
    }
    let source = if alert.service.trim().is_empty() { "bellwether" } else { &*alert.service };
    let summary = if alert.message.trim().is_empty() { &*alert.kind } else { &*alert.message };
    let details =
        if units(&alert.details.to_string()) <= DETAILS { alert.details.clone() } else { Value::Null };
    let mut payload = json!({
        "summary": cut(if summary.is_empty() { source } else { summary }, SUMMARY),
        "source": cut(source, SOURCE),
        "severity": severity(alert),
        "component": cut(source, SOURCE),
        "class": cut(&alert.kind, SOURCE),
        "custom_details": {
            "details": details, "recommendedAction": &*alert.recommended_action,
            "occurrences": alert.occurrences,
        },
    });
    if !alert.starts_at.is_empty() {
        payload["timestamp"] = alert.starts_at.clone().into();
    }
    json!({
        "routing_key": routing_key, "event_action": "trigger", "dedup_key": dedup_key, "payload": payload,
        "client": "bellwether",
    })
    .to_string()
}
