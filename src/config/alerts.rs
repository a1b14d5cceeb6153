//! `alerts`: which alerts fire, and where they are sent.

use std::time::Duration;

use http::Uri;
use serde_json::{Value, json};

use super::{
    alert_kinds, alert_rules,
    connections::{read_proxy, read_tls},
    environment::Environment,
    reader::{self, Problems, Reader},
    silences,
};
use crate::{
    alert::{
        Severity,
        dispatcher::DispatchPolicy,
        notify::{NotifyConfig, Receiver, Secret, key_in},
        rules::RulesConfig,
    },
    net::{proxy::ProxyOptions, tls::TlsOptions},
};

#[derive(Clone, Debug, Default)]
pub struct AlertOptions {
    pub rules: RulesConfig,
    pub forward: NotifyConfig,
}

/// A forwarder without a client.
#[derive(Debug)]
pub struct StandaloneForwarder {
    pub forward: NotifyConfig,
    pub proxy: ProxyOptions,
    pub tls: TlsOptions,
}

pub fn read(r: &mut Reader<'_>) -> Option<AlertOptions> {
    r.object("alerts", |r| {
        let slack = read_url(r, "slack").map(Receiver::Slack);
        let discord = read_url(r, "discord").map(Receiver::Discord);
        let pagerduty = r.object("pagerduty", read_pagerduty).flatten();
        let webhook = r.object("webhook", read_webhook).flatten();
        let function = read_function(r).map(Receiver::Function);
        let receivers = [slack, discord, pagerduty, webhook, function].into_iter().flatten().collect();
        AlertOptions {
            rules: r.object("rules", alert_rules::read).unwrap_or_default(),
            forward: NotifyConfig { policy: read_policy(r), receivers },
        }
    })
}

/// The options of one forwarder: its `url`, `routingKey` or `secret`, the policy, and proxy and TLS.
pub fn read_standalone(
    service: &str,
    options: &Value,
    environment: &Environment,
) -> Result<StandaloneForwarder, Problems> {
    let mut problems = Problems::new();
    let read = reader::object(options, "", &mut problems, |r| {
        let receiver = match service {
            "pagerduty" => read_pagerduty(r),
            "webhook" => read_webhook(r),
            _ => {
                if !r.is_given("url") {
                    r.problem("url", "is missing; give the address of a webhook");
                }
                let url = read_url(r, "url");
                url.map(
                    |url| if service == "discord" { Receiver::Discord(url) } else { Receiver::Slack(url) },
                )
            }
        };
        let policy = read_policy(r);
        let (proxy, tls) = (read_proxy(r, environment), read_tls(r, environment));
        Some(StandaloneForwarder { forward: NotifyConfig { policy, receivers: vec![receiver?] }, proxy, tls })
    });
    match read.flatten() {
        Some(read) if problems.is_empty() => Ok(read),
        _ => Err(problems),
    }
}

/// The policy of a forwarder.
pub fn read_policy(r: &mut Reader<'_>) -> DispatchPolicy {
    let defaults = DispatchPolicy::default();
    let severities = [("warning", Severity::Warning), ("critical", Severity::Critical)];
    DispatchPolicy {
        on: alert_kinds::read(r, "on"),
        min_severity: r.one_of("minSeverity", &severities).unwrap_or(defaults.min_severity),
        group_wait: r.duration("groupWait", Duration::ZERO).unwrap_or(defaults.group_wait),
        group_interval: r.duration("groupInterval", Duration::ZERO).unwrap_or(defaults.group_interval),
        repeat_interval: r
            .duration("repeatInterval", Duration::from_millis(100))
            .unwrap_or(defaults.repeat_interval),
        silences: silences::read(r),
    }
}

pub fn read_pagerduty(r: &mut Reader<'_>) -> Option<Receiver> {
    r.note_required("routingKey");
    r.note("routingKey", || json!({ "type": "string", "pattern": "^[0-9A-Za-z]{1,64}$" }));
    let url = read_url(r, "url");
    let Some(value) = r.raw("routingKey") else {
        r.problem(
            "routingKey",
            "is missing; give the integration key of a PagerDuty service (Events API v2)",
        );
        return None;
    };
    let key = value
        .as_str()
        .map(str::trim)
        .filter(|key| matches!(key.len(), 1..=64) && key.bytes().all(|b| b.is_ascii_alphanumeric()));
    if key.is_none() {
        let message = "must be an integration key of 32 letters and digits";
        r.problem("routingKey", format!("{message}, got {}", unquoted(value)));
    }
    Some(Receiver::PagerDuty { routing_key: Secret::new(key?), url })
}

pub fn read_webhook(r: &mut Reader<'_>) -> Option<Receiver> {
    r.note_required("url");
    let given = r.is_given("url");
    let url = read_url(r, "url");
    if !given {
        r.problem("url", "is missing; give the address that alerts are posted to");
    }
    r.note("secret", reader::a_string);
    let secret = r.raw("secret").and_then(|value| {
        let text = value.as_str().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            r.problem("secret", format!("must be a non-empty string, got {}", unquoted(value)));
        } else if text.and_then(key_in).is_none() {
            let message = "must be the Base64 of a key behind 'whsec_', or a text that begins otherwise";
            r.problem("secret", format!("{message}, got {}", unquoted(value)));
        }
        text.map(Secret::new)
    });
    Some(Receiver::Webhook { url: url?, secret })
}

/// The address of a webhook. Never quoted: it is a secret.
pub fn read_url(r: &mut Reader<'_>, name: &'static str) -> Option<Secret> {
    r.note(name, || json!({ "type": "string", "pattern": "^https?://." }));
    let value = r.raw(name)?;
    let text = value.as_str().map(str::trim);
    let uri = text.and_then(|text| text.parse::<Uri>().ok());
    let sound = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|a| {
                // An unreadable port would be parsed as no port.
                let port = a.as_str().strip_prefix(a.host()).unwrap_or_default();
                !a.host().is_empty()
                    && !a.as_str().contains('@')
                    && (port.is_empty() || a.port_u16().is_some_and(|port| port > 0))
            })
    });
    if !sound {
        let given = unquoted(value);
        r.problem(
            name,
            format!("must be the http:// or https:// address of a webhook, without a user, got {given}"),
        );
        return None;
    }
    text.map(Secret::new)
}

fn read_function(r: &mut Reader<'_>) -> Option<u32> {
    // Documents cannot contain functions.
    let value = r.raw_undescribed("forward")?;
    let number = value.get("$function").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    if number.is_none() {
        r.problem("forward", format!("must be a function, got {}", unquoted(value)));
    }
    number
}

/// A description of a secret that does not reveal it.
fn unquoted(value: &Value) -> String {
    match value {
        Value::String(text) => format!("a string of {} characters", text.chars().count()),
        other => reader::kind(other),
    }
}
