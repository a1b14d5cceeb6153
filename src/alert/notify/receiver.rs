//! The receivers of alerts, and the requests for them.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use http::Uri;
use secrecy::{ExposeSecret, SecretString};

use super::{discord, pagerduty, slack, webhook};
use crate::{
    alert::types::Alert,
    base::timestamp::{epoch_ms, iso8601},
};

/// An address, a key or a secret. Whoever has a webhook's address can post there, so the address is a
/// secret too.
#[derive(Clone)]
pub struct Secret(SecretString);

#[derive(Clone, Debug, PartialEq)]
pub enum Receiver {
    Slack(Secret),
    Discord(Secret),
    PagerDuty {
        routing_key: Secret,
        url: Option<Secret>,
    },
    Webhook {
        url: Secret,
        secret: Option<Secret>,
    },
    /// A function of the user, by its number.
    Function(u32),
}

/// A request to a service. It holds secrets.
pub struct HttpMessage {
    pub uri: Uri,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Secret {
    pub fn new(text: &str) -> Self {
        Self(SecretString::from(text))
    }

    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Receiver {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Slack(_) => "slack",
            Self::Discord(_) => "discord",
            Self::PagerDuty { .. } => "pagerduty",
            Self::Webhook { .. } => "webhook",
            Self::Function(_) => "function",
        }
    }

    /// The most alerts in one message.
    pub fn most_alerts(&self) -> usize {
        match self {
            Self::Slack(_) => slack::MOST_ALERTS,
            Self::Discord(_) => discord::MOST_ALERTS,
            Self::Webhook { .. } => webhook::MOST_ALERTS,
            Self::PagerDuty { .. } | Self::Function(_) => 1,
        }
    }

    /// The shortest time between two messages, as the services require: Slack one a second, Discord five in
    /// two seconds, PagerDuty 120 a minute for each key.
    pub fn min_interval(&self) -> Duration {
        match self {
            Self::Slack(_) => Duration::from_secs(1),
            Self::Discord(_) => Duration::from_millis(400),
            Self::PagerDuty { .. } => Duration::from_millis(500),
            Self::Webhook { .. } | Self::Function(_) => Duration::ZERO,
        }
    }

    /// The request for some alerts; `None` for a function, or for an invalid address. A retry keeps `id`.
    pub fn http_message(&self, alerts: &[Alert], id: &str, wall: SystemTime) -> Option<HttpMessage> {
        let (url, body) = match self {
            Self::Slack(url) => (url.expose(), slack::body(alerts)),
            Self::Discord(url) => (url.expose(), discord::body(alerts)),
            Self::PagerDuty { routing_key, url } => {
                let url = url.as_ref().map_or(pagerduty::URL, Secret::expose);
                (url, pagerduty::body(alerts.first()?, routing_key.expose()))
            }
            Self::Webhook { url, .. } => (url.expose(), webhook::body(alerts, &iso8601(wall))),
            Self::Function(_) => return None,
        };
        let mut headers = Vec::new();
        if let Self::Webhook { secret, .. } = self {
            let timestamp = epoch_ms(wall) / 1_000;
            headers.push(("webhook-id", id.to_owned()));
            headers.push(("webhook-timestamp", timestamp.to_string()));
            if let Some(secret) = secret {
                let signature = webhook::signature(secret.expose(), id, timestamp, &body);
                headers.push(("webhook-signature", signature));
            }
        }
        Some(HttpMessage { uri: url.parse().ok()?, headers, body })
    }

    /// Whether a text contains a secret: eight characters of it, or all of a shorter one.
    pub fn is_betrayed_by(&self, text: &str) -> bool {
        let path = |url: &Secret| url.expose().splitn(4, '/').nth(3).unwrap_or_default().to_owned();
        let secrets = match self {
            Self::Slack(url) | Self::Discord(url) => vec![path(url)],
            Self::PagerDuty { routing_key, url } => {
                let own = url.as_ref().map(path);
                own.into_iter().chain([routing_key.expose().to_owned()]).collect()
            }
            Self::Webhook { url, secret } => {
                let secret = secret.as_ref().map(|secret| secret.expose().to_owned());
                secret.into_iter().chain([path(url)]).collect()
            }
            Self::Function(_) => Vec::new(),
        };
        secrets.iter().filter(|secret| !secret.is_empty()).any(|secret| {
            let chars: Vec<char> = secret.chars().collect();
            chars.windows(8.min(chars.len())).any(|part| text.contains(&part.iter().collect::<String>()))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::alert::types::{AlertStatus, Severity};

    /// Longer than any limit, and full of special characters.
    fn hostile(status: AlertStatus) -> Alert {
        let name = "<!channel> @everyone &lt; [x](http://evil) *b* `c` \\ \u{1b}[31m 𝄞".repeat(200);
        Alert {
            severity: Severity::Critical,
            service: name.clone(),
            message: name.clone(),
            details: Value::String(name.clone()),
            recommended_action: name.clone().into(),
            status,
            kind: name.clone().into(),
            fingerprint: name,
            starts_at: "2026-11-22T00:00:00.000Z".into(),
            ends_at: None,
            occurrences: 3,
        }
    }

    fn render(receiver: &Receiver, alerts: &[Alert]) -> Value {
        let letter = receiver.http_message(alerts, "msg_1", SystemTime::UNIX_EPOCH).expect("a request");
        serde_json::from_str(&letter.body).expect("JSON")
    }

    fn length(value: &Value) -> usize {
        value.as_str().expect("a text").encode_utf16().count()
    }

    #[test]
    fn slack_takes_every_length_and_no_mention() {
        let slack = Receiver::Slack(Secret::new("https://hooks.slack.com/services/T/B/x"));
        let body = render(&slack, &vec![hostile(AlertStatus::Firing); slack.most_alerts()]);
        let blocks = body["blocks"].as_array().expect("blocks");
        assert!(blocks.len() <= 50 && length(&body["text"]) <= 4_000, "{}", blocks.len());
        for block in blocks {
            match block["type"].as_str() {
                Some("header") => assert!(length(&block["text"]["text"]) <= 150),
                Some("section") if block["fields"].is_array() => {
                    let fields = block["fields"].as_array().expect("fields");
                    assert!(fields.len() <= 10 && fields.iter().all(|f| length(&f["text"]) <= 2_000));
                    assert!(!fields.iter().any(|f| f["text"].to_string().contains("<!")));
                }
                Some("section") => {
                    assert!(length(&block["text"]["text"]) <= 3_000);
                    assert!(!block["text"]["text"].to_string().contains("<!"));
                }
                other => assert_eq!(other, Some("divider")),
            }
        }
        assert!(!body["text"].to_string().contains('<') && !body.to_string().contains("\\u001b"));
    }

    #[test]
    fn discord_takes_every_length_and_calls_nobody() {
        let discord = Receiver::Discord(Secret::new("https://discord.com/api/webhooks/1/x"));
        let body = render(&discord, &vec![hostile(AlertStatus::Firing); discord.most_alerts()]);
        assert_eq!(body["allowed_mentions"], serde_json::json!({ "parse": [] }));
        let embeds = body["embeds"].as_array().expect("embeds");
        let mut all = 0;
        for embed in embeds {
            assert!(length(&embed["title"]) <= 256 && length(&embed["description"]) <= 4_096);
            all += length(&embed["title"]) + length(&embed["description"]) + length(&embed["footer"]["text"]);
            for field in embed["fields"].as_array().expect("fields") {
                assert!(length(&field["name"]) <= 256 && length(&field["value"]) <= 1_024);
                all += length(&field["name"]) + length(&field["value"]);
            }
            assert!(!embed["description"].to_string().contains("[x](http"));
        }
        assert!(embeds.len() <= 10 && all <= 6_000, "{all}");
    }

    #[test]
    fn pagerduty_resolves_what_it_triggered() {
        let key = "0123456789abcdef0123456789abcdef";
        let pagerduty = Receiver::PagerDuty { routing_key: Secret::new(key), url: None };
        let firing = render(&pagerduty, &[hostile(AlertStatus::Firing)]);
        let resolved = render(&pagerduty, &[hostile(AlertStatus::Resolved)]);
        assert_eq!(
            (&firing["event_action"], &resolved["event_action"]),
            (&"trigger".into(), &"resolve".into())
        );
        assert_eq!(firing["dedup_key"], resolved["dedup_key"]);
        assert!(length(&firing["dedup_key"]) <= 255 && length(&firing["payload"]["summary"]) <= 1_024);
        let bare = render(&pagerduty, &[Alert::default()]);
        assert_eq!(bare["payload"]["source"], "bellwether");
        assert!(length(&bare["payload"]["summary"]) > 0);
    }

    #[test]
    fn a_text_that_quotes_a_secret_is_known() {
        let url = || Secret::new("https://hooks.slack.com/services/T000/B000/CANARYcanary");
        let webhook = Receiver::Webhook {
            url: Secret::new("http://h/x"),
            secret: Some(Secret::new("longsecretvalue")),
        };
        for (receiver, text, betrayed) in [
            (Receiver::Slack(url()), "invalid_blocks", false),
            (Receiver::Slack(url()), "no such hook …/CANARYcanary", true),
            (webhook.clone(), "bad signature for longsecr", true),
            (webhook, "nothing known", false),
        ] {
            assert_eq!(receiver.is_betrayed_by(text), betrayed, "{text}");
        }
        assert_eq!(format!("{:?}", Receiver::Slack(url())), "Slack([secret])");
    }
}
