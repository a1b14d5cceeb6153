//! `timeout`: the time limits of a call and its phases.

use std::time::Duration;

use serde_json::json;

use super::reader::{self, Reader};

/// The time limits of a call. The optional ones have defaults for streams only: without `stream`, vendors
/// send headers when the answer is complete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeouts {
    pub total: Duration,
    pub connect: Duration,
    pub headers: Option<Duration>,
    pub first_content: Option<Duration>,
    pub content: Option<Duration>,
}

impl Timeouts {
    pub const HEADERS: Duration = Duration::from_secs(30);
    pub const FIRST_CONTENT: Duration = Duration::from_secs(60);
    pub const CONTENT: Duration = Duration::from_secs(60);
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(600),
            connect: Duration::from_secs(10),
            headers: None,
            first_content: None,
            content: None,
        }
    }
}

/// `timeout`: one duration for the whole call, or one for each phase; missing ones come from `base`.
pub fn read_timeouts(r: &mut Reader<'_>, base: Timeouts) -> Timeouts {
    let ms = Duration::from_millis(1);
    let phases = |r: &mut Reader<'_>| Timeouts {
        total: r.duration("total", ms).unwrap_or(base.total),
        connect: r.duration("connect", ms).unwrap_or(base.connect),
        headers: r.duration("headers", ms).or(base.headers),
        first_content: r.duration("firstContent", ms).or(base.first_content),
        content: r.duration("content", ms).or(base.content),
    };
    r.note("timeout", || json!({ "anyOf": [reader::a_duration(ms), reader::describe(phases)] }));
    match r.raw("timeout") {
        None => base,
        Some(value) if reader::members(value).is_some() => r.object("timeout", phases).unwrap_or(base),
        Some(_) => Timeouts { total: r.duration("timeout", ms).unwrap_or(base.total), ..base },
    }
}
