//! Of what people are told, and where. Read and checked; who tells them reads it here.

use std::fmt;

use http::Uri;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::reader::{self, Reader};

#[derive(Clone, Debug, Default)]
pub struct AlertOptions {
    pub slack: Option<Webhook>,
    /// What to tell of; everything where it is not given.
    pub on: Option<Vec<AlertKind>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertKind {
    FailoverTriggered,
    LatencyExceeded,
    CostThresholdExceeded,
}

/// The address of a webhook is all that it takes to post there.
#[derive(Clone)]
pub struct Webhook(SecretString);

const KINDS: [(&str, AlertKind); 3] = [
    ("failover_triggered", AlertKind::FailoverTriggered),
    ("latency_exceeded", AlertKind::LatencyExceeded),
    ("cost_threshold_exceeded", AlertKind::CostThresholdExceeded),
];

impl Webhook {
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[webhook]")
    }
}

pub fn read(r: &mut Reader<'_>) -> Option<AlertOptions> {
    r.object("alerts", |r| AlertOptions { slack: read_slack(r), on: read_on(r) })
}

/// It is never quoted, whatever it is.
fn read_slack(r: &mut Reader<'_>) -> Option<Webhook> {
    r.note("slack", || json!({ "type": "string", "pattern": "^https?://." }));
    let value = r.raw("slack")?;
    let text = value.as_str().map(str::trim);
    let uri = text.and_then(|text| text.parse::<Uri>().ok());
    let sound = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    if !sound {
        let given = reader::kind(value);
        r.problem("slack", format!("must be the http:// or https:// address of a webhook, got {given}"));
        return None;
    }
    text.map(|text| Webhook(SecretString::from(text)))
}

fn read_on(r: &mut Reader<'_>) -> Option<Vec<AlertKind>> {
    r.note("on", || reader::some_of(&KINDS.map(|(name, _)| name)));
    let names = r.strings("on")?;
    let mut kinds = Vec::with_capacity(names.len());
    for name in &names {
        match KINDS.iter().find(|(known, _)| known == name) {
            Some((_, kind)) => kinds.push(*kind),
            None => {
                let known = KINDS.map(|(name, _)| name);
                let meant = reader::nearest(name, known).map(|n| format!("; did you mean '{n}'?"));
                let message = format!(
                    "must hold {}, got '{}'{}",
                    known.join(", "),
                    reader::shorten(name),
                    meant.unwrap_or_default()
                );
                r.problem("on", message);
            }
        }
    }
    Some(kinds)
}
