//! Of what people are told, when, and where.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::Uri;
use serde_json::{Value, json};

use super::{
    alert_rules,
    connections::{read_proxy, read_tls},
    environment::Environment,
    reader::{self, Problems, Reader},
};
use crate::{
    alert::{
        KINDS, Severity,
        forward::{ForwardConfig, Policy, Receiver, Secret, Silence, When, key_in},
        rules::RulesConfig,
    },
    net::{proxy::ProxyOptions, tls::TlsOptions},
};

#[derive(Clone, Debug, Default)]
pub struct AlertOptions {
    pub rules: RulesConfig,
    pub forward: ForwardConfig,
}

/// A forwarder that has no client.
#[derive(Debug)]
pub struct Standalone {
    pub forward: ForwardConfig,
    pub proxy: ProxyOptions,
    pub tls: TlsOptions,
}

const MOST_SILENCES: usize = 256;

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
            forward: ForwardConfig { policy: read_policy(r), receivers },
        }
    })
}

/// The options of one forwarder to a service: `url`, `routingKey`, `secret` as it has them, beside the policy and the way out.
pub fn read_standalone(
    service: &str,
    options: &Value,
    environment: &Environment,
) -> Result<Standalone, Problems> {
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
        Some(Standalone { forward: ForwardConfig { policy, receivers: vec![receiver?] }, proxy, tls })
    });
    match read.flatten() {
        Some(read) if problems.is_empty() => Ok(read),
        _ => Err(problems),
    }
}

/// What each forwarder may be told of how it is to go about it.
pub fn read_policy(r: &mut Reader<'_>) -> Policy {
    let usual = Policy::default();
    let severities = [("warning", Severity::Warning), ("critical", Severity::Critical)];
    Policy {
        on: read_on(r, "on"),
        min_severity: r.one_of("minSeverity", &severities).unwrap_or(usual.min_severity),
        group_wait: r.duration("groupWait", Duration::ZERO).unwrap_or(usual.group_wait),
        group_interval: r.duration("groupInterval", Duration::ZERO).unwrap_or(usual.group_interval),
        repeat_interval: r
            .duration("repeatInterval", Duration::from_millis(100))
            .unwrap_or(usual.repeat_interval),
        silences: read_silences(r),
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

/// The address of a webhook is never quoted, whatever it is.
pub fn read_url(r: &mut Reader<'_>, name: &'static str) -> Option<Secret> {
    r.note(name, || json!({ "type": "string", "pattern": "^https?://." }));
    let value = r.raw(name)?;
    let text = value.as_str().map(str::trim);
    let uri = text.and_then(|text| text.parse::<Uri>().ok());
    let sound = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|a| {
                // What cannot be read as a port would be taken for none.
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
    // No document has a function in it.
    let value = r.raw_undescribed("forward")?;
    let number = value.get("$function").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    if number.is_none() {
        r.problem("forward", format!("must be a function, got {}", unquoted(value)));
    }
    number
}

fn read_on(r: &mut Reader<'_>, name: &'static str) -> Option<Vec<String>> {
    r.note(name, || reader::some_of(&KINDS));
    let names = r.strings(name)?;
    for given in names.iter().filter(|given| !KINDS.contains(&given.as_str())) {
        let meant = reader::nearest(given, KINDS).map(|n| format!("; did you mean '{n}'?"));
        let message = format!(
            "must hold {}, got '{}'{}",
            KINDS.join(", "),
            reader::shorten(given),
            meant.unwrap_or_default()
        );
        r.problem(name, message);
    }
    Some(names)
}

fn read_silences(r: &mut Reader<'_>) -> Vec<Silence> {
    r.note(
        "silences",
        || json!({ "type": "array", "items": reader::describe(read_silence), "maxItems": MOST_SILENCES }),
    );
    let Some(value) = r.raw("silences") else { return Vec::new() };
    let Some(items) = value.as_array().filter(|items| items.len() <= MOST_SILENCES) else {
        let message =
            format!("must be an array of at most {MOST_SILENCES} silences, got {}", reader::kind(value));
        r.problem("silences", message);
        return Vec::new();
    };
    let path = r.path_of("silences");
    let read = |(i, item): (usize, &Value)| {
        reader::object(item, &format!("{path}[{i}]"), r.problems(), read_silence)
    };
    items.iter().enumerate().filter_map(read).collect()
}

fn read_silence(r: &mut Reader<'_>) -> Silence {
    let kinds = read_on(r, "kind");
    let services = r.strings("service");
    let (from, until) = (read_time(r, "from"), read_time(r, "until"));
    let when = match (from, until) {
        (None, None) => When::Always,
        (Some(from), Some(until)) if is_empty(from, until) => {
            r.problem(
                "until",
                "must be another time than from, and no earlier moment: it would silence nothing",
            );
            When::Always
        }
        (Some(Time::Of(from)), Some(Time::Of(until))) => When::Daily(from, until),
        (from, until) => match (moment(from), moment(until)) {
            (Some(from), Some(until)) => When::Between(from, until),
            _ => {
                r.problem("from", "and until must both be moments, or both times of the day");
                When::Always
            }
        },
    };
    if !["kind", "service", "from", "until"].iter().any(|name| r.is_given(name)) {
        r.problem("kind", "is missing; a silence names at least one of kind, service, from and until");
    }
    Silence { kinds, services, when }
}

#[derive(Clone, Copy)]
enum Time {
    At(SystemTime),
    /// Seconds after midnight.
    Of(u64),
}

/// Whether nothing lies between two times.
fn is_empty(from: Time, until: Time) -> bool {
    match (from, until) {
        (Time::Of(from), Time::Of(until)) => from == until,
        (Time::At(from), Time::At(until)) => from >= until,
        _ => false,
    }
}

/// A moment, or none given; `None` for a time of the day.
fn moment(time: Option<Time>) -> Option<Option<SystemTime>> {
    match time {
        None => Some(None),
        Some(Time::At(at)) => Some(Some(at)),
        Some(Time::Of(_)) => None,
    }
}

fn read_time(r: &mut Reader<'_>, name: &'static str) -> Option<Time> {
    const ACCEPTED: &str =
        "a moment such as '2026-12-24T18:00:00Z', or a time of the day in UTC such as '22:00'";
    r.note(name, || json!({ "type": "string", "pattern": r"^\s*([0-9]{2}:[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2}T.+)\s*$" }));
    let value = r.raw(name)?;
    let text = value.as_str().map(str::trim).unwrap_or_default();
    let time = time_of_day(text)
        .map(Time::Of)
        .or_else(|| moment_of(text).filter(|at| *at >= UNIX_EPOCH).map(Time::At));
    if time.is_none() {
        r.problem(name, reader::expected(ACCEPTED, value));
    }
    time
}

/// ISO 8601 with a date and a time, in UTC (`Z`) or with what it is ahead of that (`+01:00`).
fn moment_of(text: &str) -> Option<SystemTime> {
    if let Ok(at) = humantime::parse_rfc3339(text) {
        return Some(at);
    }
    let at = text.len().checked_sub("+00:00".len())?;
    let (local, offset) = text.split_at_checked(at)?;
    let is_behind = offset.starts_with('-');
    let ahead = Duration::from_secs(time_of_day(offset.strip_prefix(['+', '-'])?)?);
    let local = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    if is_behind { local.checked_add(ahead) } else { local.checked_sub(ahead) }
}

fn time_of_day(text: &str) -> Option<u64> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |digits: &str, most: u64| {
        let number: u64 = digits.parse().ok()?;
        (digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) && number <= most).then_some(number)
    };
    Some(two(hours, 23)? * 3_600 + two(minutes, 59)? * 60)
}

/// What a secret is, without what it says.
fn unquoted(value: &Value) -> String {
    match value {
        Value::String(text) => format!("a string of {} characters", text.chars().count()),
        other => reader::kind(other),
    }
}
