//! What a call does when it is slow, interrupted, or has no ready endpoint. Calls can override it.

use std::time::Duration;

use serde_json::{Value, json};

use super::reader::{self, Reader, expected};

/// When a stream's content is delivered, and what happens when it breaks after that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streams {
    pub on_cut: OnCut,
    /// Nothing is delivered before the end, so every break can be retried unseen.
    pub commit_at_end: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnCut {
    #[default]
    Error,
    /// Another candidate answers from the beginning, announced in the stream.
    Restart,
    /// Another candidate continues the text where that is sound; otherwise it restarts.
    Continue,
}

/// Hedging: a second request when the first is slow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hedge {
    pub after: HedgeAfter,
    /// Extra requests for each call.
    pub max_extra_load: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HedgeAfter {
    Fixed(Duration),
    /// The 95th percentile of the endpoint's time to first content.
    P95,
}

/// What a call does when no endpoint is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnavailable {
    Wait,
    Error,
    Fallback,
    Queue,
}

/// The fallback response.
#[derive(Clone, Debug, PartialEq)]
pub enum Fallback {
    Text(String),
    /// A function of the user, by its number.
    Function(u32),
}

const UNAVAILABLE: &str = "The service is temporarily unavailable. Please try again shortly.";
pub const EXTRA_LOAD: f64 = 0.05;

impl Default for Fallback {
    fn default() -> Self {
        Self::Text(UNAVAILABLE.into())
    }
}

/// `streams`; missing members come from `base`.
pub fn read_streams(r: &mut Reader<'_>, base: Streams) -> Streams {
    const ON_CUT: [(&str, OnCut); 3] =
        [("error", OnCut::Error), ("restart", OnCut::Restart), ("continue", OnCut::Continue)];
    r.object("streams", |r| Streams {
        on_cut: r.one_of("onCut", &ON_CUT).unwrap_or(base.on_cut),
        commit_at_end: r
            .one_of("commit", &[("firstContent", false), ("end", true)])
            .unwrap_or(base.commit_at_end),
    })
    .unwrap_or(base)
}

/// `hedge`: `None` when missing, `Some(None)` for `false`.
pub fn read_hedge(r: &mut Reader<'_>) -> Option<Option<Hedge>> {
    r.note("hedge", || json!({ "anyOf": [{ "const": false }, reader::describe(hedge_members)] }));
    match r.raw("hedge")? {
        Value::Bool(false) => Some(None),
        value if reader::members(value).is_some() => r.object("hedge", hedge_members),
        other => {
            r.problem("hedge", expected("false, or { after, maxExtraLoad }", other));
            None
        }
    }
}

fn hedge_members(r: &mut Reader<'_>) -> Option<Hedge> {
    r.note("after", || json!({ "anyOf": [reader::a_duration(Duration::ZERO), { "const": "p95" }] }));
    r.note_required("after");
    let after = match r.raw("after") {
        Some(Value::String(text)) if text == "p95" => Some(HedgeAfter::P95),
        Some(value) => {
            let after = reader::read_duration(value).map(HedgeAfter::Fixed);
            if after.is_none() {
                r.problem("after", expected("a duration, or 'p95'", value));
            }
            after
        }
        None => {
            r.problem("after", "is missing; give a duration, or 'p95'");
            None
        }
    };
    let max_extra_load = r.number("maxExtraLoad", 0.0, 1.0).unwrap_or(EXTRA_LOAD);
    after.map(|after| Hedge { after, max_extra_load })
}

pub fn read_on_unavailable(r: &mut Reader<'_>) -> Option<OnUnavailable> {
    r.one_of(
        "onUnavailable",
        &[
            ("wait", OnUnavailable::Wait),
            ("error", OnUnavailable::Error),
            ("fallback", OnUnavailable::Fallback),
            ("queue", OnUnavailable::Queue),
        ],
    )
}

/// `fallbackResponse`: `true`, a text, or a function.
pub fn read_fallback(r: &mut Reader<'_>) -> Option<Fallback> {
    r.note("fallbackResponse", || json!({ "anyOf": [{ "const": true }, reader::a_string()] }));
    let value = r.raw("fallbackResponse")?;
    let fallback = match value {
        Value::Bool(true) => Some(Fallback::default()),
        Value::String(text) if !text.trim().is_empty() => Some(Fallback::Text(text.clone())),
        other => other.get("$function").and_then(Value::as_u64).map(|n| Fallback::Function(n as u32)),
    };
    if fallback.is_none() {
        r.problem("fallbackResponse", expected("true, a non-empty string, or a function", value));
    }
    fallback
}

/// `onUnavailable: 'queue'` needs a queue.
pub fn require_queue(r: &mut Reader<'_>, on_unavailable: Option<OnUnavailable>, is_there: bool) {
    if on_unavailable == Some(OnUnavailable::Queue) && !is_there {
        r.problem("onUnavailable", "must not be 'queue' without the client's option queue; give it { path }");
    }
}
