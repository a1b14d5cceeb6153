//! `silences`: alerts that are not sent, and when.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{
    alert_kinds,
    reader::{self, Reader},
};
use crate::alert::silence::{Silence, When};

const MOST_SILENCES: usize = 256;

pub fn read(r: &mut Reader<'_>) -> Vec<Silence> {
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
    let kinds = alert_kinds::read(r, "kind");
    let services = r.strings("service");
    let (from, until) = (read_time(r, "from"), read_time(r, "until"));
    let when = match (from, until) {
        (None, None) => When::Always,
        (Some(from), Some(until)) if is_empty(from, until) => {
            r.problem(
                "until",
                "must differ from from and must not be earlier; otherwise the silence never applies",
            );
            When::Always
        }
        (Some(SilenceTime::Of(from)), Some(SilenceTime::Of(until))) => When::Daily(from, until),
        (from, until) => match (moment(from), moment(until)) {
            (Some(from), Some(until)) => When::Between(from, until),
            _ => {
                r.problem("from", "and until must both be dates with a time, or both times of the day");
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
enum SilenceTime {
    At(SystemTime),
    /// Seconds after midnight.
    Of(u64),
}

/// Whether the span between two times is empty.
fn is_empty(from: SilenceTime, until: SilenceTime) -> bool {
    match (from, until) {
        (SilenceTime::Of(from), SilenceTime::Of(until)) => from == until,
        (SilenceTime::At(from), SilenceTime::At(until)) => from >= until,
        _ => false,
    }
}

/// A moment, or none given; `None` for a time of day.
fn moment(time: Option<SilenceTime>) -> Option<Option<SystemTime>> {
    match time {
        None => Some(None),
        Some(SilenceTime::At(at)) => Some(Some(at)),
        Some(SilenceTime::Of(_)) => None,
    }
}

fn read_time(r: &mut Reader<'_>, name: &'static str) -> Option<SilenceTime> {
    const ACCEPTED: &str =
        "a date with a time such as '2026-12-24T18:00:00Z', or a time of the day in UTC such as '22:00'";
    r.note(name, || json!({ "type": "string", "pattern": r"^\s*([0-9]{2}:[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2}T.+)\s*$" }));
    let value = r.raw(name)?;
    let text = value.as_str().map(str::trim).unwrap_or_default();
    let time = time_of_day(text)
        .map(SilenceTime::Of)
        .or_else(|| moment_of(text).filter(|at| *at >= UNIX_EPOCH).map(SilenceTime::At));
    if time.is_none() {
        r.problem(name, reader::expected(ACCEPTED, value));
    }
    time
}

/// An ISO 8601 date and time, in UTC (`Z`) or with an offset (`+01:00`).
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
