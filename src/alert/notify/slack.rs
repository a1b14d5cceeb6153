//! Slack's incoming webhooks, in Block Kit: <https://docs.slack.dev/reference/block-kit/blocks>. Text escapes three
//! characters: <https://docs.slack.dev/messaging/formatting-message-text#escaping>.

use serde_json::{Value, json};

use super::text::{escaped, heading, plain, severity, times};
use crate::alert::types::{Alert, AlertStatus, Severity};

/// A message has at most 50 blocks, and an alert is four of them.
pub const MOST_ALERTS: usize = 10;
const HEADER: usize = 150;
const SECTION: usize = 3_000;
const FIELD: usize = 2_000;
/// Slack itself truncates a message's text after this many characters.
const TEXT: usize = 4_000;

pub fn body(alerts: &[Alert]) -> String {
    let mut blocks = Vec::new();
    for alert in alerts {
        if !blocks.is_empty() {
            blocks.push(json!({ "type": "divider" }));
        }
        blocks.extend(of(alert));
    }
    let lines: Vec<String> = alerts.iter().map(heading).collect();
    json!({ "text": mrkdwn(&lines.join("\n"), TEXT), "blocks": blocks }).to_string()
}

fn of(alert: &Alert) -> [Value; 3] {
    let sign = match (alert.status, alert.severity) {
        (AlertStatus::Resolved, _) => "🟢",
        (_, Severity::Critical) => "🔴",
        (_, Severity::Warning) => "🟡",
    };
    let title = format!("{sign} {} – {}", alert.service, alert.kind);
    // Plain text has no escapes and needs none, except for control characters.
    let title = escaped(&title, HEADER, |c, out| out.push(plain(c)));
    let text =
        |summary: &str, most| json!({ "type": "mrkdwn", "text": mrkdwn(summary, most), "verbatim": true });
    let named = |name: &str, summary: &str| json!({ "type": "mrkdwn", "text": format!("*{name}*\n{}", mrkdwn(summary, FIELD - 100)), "verbatim": true });
    let summary = match alert.status {
        AlertStatus::Firing => heading(alert) + "\n" + &alert.recommended_action,
        AlertStatus::Resolved => heading(alert),
    };
    [
        json!({ "type": "header", "text": { "type": "plain_text", "text": title, "emoji": false } }),
        json!({ "type": "section", "text": text(&summary, SECTION) }),
        json!({ "type": "section", "fields": [
            named("Severity", severity(alert)),
            named("Occurrences", &alert.occurrences.to_string()),
            named("Time", &times(alert)),
            named("Fingerprint", &alert.fingerprint),
        ] }),
    ]
}

/// A name must not become a link, a mention or an entity.
fn mrkdwn(text: &str, most: usize) -> String {
    escaped(text, most, |c, out| match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '\n' => out.push('\n'),
        c => out.push(plain(c)),
    })
}
