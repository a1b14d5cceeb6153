//! Discord's webhooks: <https://discord.com/developers/docs/resources/webhook#execute-webhook>, limits of embeds:
//! <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>.

use serde_json::{Value, json};

use super::text::{escaped, heading, plain, severity, times};
use crate::alert::types::{Alert, AlertStatus, Severity};

/// A message has at most 10 embeds of 6,000 characters together: five of 1,200.
pub const MOST_ALERTS: usize = 5;
const TITLE: usize = 200;
const DESCRIPTION: usize = 500;
const FIELD: usize = 90;
const SERVICE: usize = 60;

pub fn body(alerts: &[Alert]) -> String {
    let embeds: Vec<Value> = alerts.iter().map(of).collect();
    // Names must not mention users or roles.
    json!({ "embeds": embeds, "allowed_mentions": { "parse": [] } }).to_string()
}

fn of(alert: &Alert) -> Value {
    let colour = match (alert.status, alert.severity) {
        (AlertStatus::Resolved, _) => 0x2e_a0_43,
        (_, Severity::Critical) => 0xd7_3a_49,
        (_, Severity::Warning) => 0xdb_ab_09,
    };
    let field = |name: &str, value: &str, most| {
        let value = markdown(value, most);
        // Discord refuses empty values.
        json!({ "name": name, "value": if value.trim().is_empty() { "–" } else { &*value }, "inline": true })
    };
    let summary = match alert.status {
        AlertStatus::Firing => heading(alert) + "\n" + &alert.recommended_action,
        AlertStatus::Resolved => heading(alert),
    };
    json!({
        "title": markdown(&format!("{} – {}", alert.service, alert.kind), TITLE),
        "description": markdown(&summary, DESCRIPTION),
        "color": colour,
        "fields": [
            field("Service", &alert.service, SERVICE),
            field("Severity", severity(alert), FIELD),
            field("Occurrences", &alert.occurrences.to_string(), FIELD),
            field("Time", &times(alert), FIELD),
        ],
        "footer": { "text": escaped(&alert.fingerprint, FIELD, |c, out| out.push(plain(c))) },
    })
}

/// Escapes Discord's Markdown by backslashes.
fn markdown(text: &str, most: usize) -> String {
    escaped(text, most, |c, out| match c {
        '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '[' | ']' | '(' | ')' | '#' | '@' | ':' => {
            out.push('\\');
            out.push(c);
        }
        '\n' => out.push('\n'),
        c => out.push(plain(c)),
    })
}
