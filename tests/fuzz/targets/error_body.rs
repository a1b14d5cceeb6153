//! Every body is a failure, with a bounded message and no wait without a Retry-After. The status is the first
//! line; the rest is the body.

use std::time::Duration;

use bellwether::{base::retry_after, dialect::error_body, policy::classify::classify};

use super::print;

pub const WORDS: &[&str] = &[
    "200\n",
    "400\n",
    "403\n",
    "429\n",
    "500\n",
    "{\"error\":",
    "\"message\":",
    "\"code\":",
    "\"type\":",
    "\"status\":",
    "\"detail\":",
    "\"details\":[",
    "\"retry_after\":",
    "\"@type\":\"RetryInfo\"",
    "\"retryDelay\":\"34s\"",
    "\"innererror\":",
    "\"@type\":\"ErrorInfo\"",
    "\"reason\":",
    "\"metadata\":",
    "\"quota_limit\":",
    "\"violations\":[",
    "\"quotaId\":\"PerDay\"",
    "\"insufficient_quota\"",
    "\"rate_limit_exceeded\"",
    "\"try again in 7m0s\"",
    "\"limit: 0\"",
    "<html>",
    "</html>",
    "null",
    "[",
    "]",
    "{",
    "}",
    ",",
    "1e99",
    "429",
    "\"\"",
    "\\ud83d",
];

/// A wait of more than a day is not meant seriously.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

pub fn run(bytes: &[u8]) -> u64 {
    let line = bytes.iter().position(|b| *b == b'\n').unwrap_or(0);
    let status = std::str::from_utf8(&bytes[..line]).ok().and_then(|s| s.parse::<u16>().ok());
    let (status, body) = status.map_or((500, bytes), |status| (status, &bytes[line + 1..]));
    let error = error_body::read(body);
    assert!(error.status.is_none_or(|s| (400..=599).contains(&s)));
    let mut seen = 0;
    for header in [None, Some(Duration::from_secs(7)), Some(Duration::from_secs(200_000))] {
        let fault = classify(status, header, &error);
        assert_eq!(fault.status, Some(status));
        assert!(fault.message.len() <= 2_003, "a message of {} bytes", fault.message.len());
        assert!(
            fault.code.as_ref().is_none_or(|c| c.len() <= 203),
            "a code of {:?} bytes",
            fault.code.map(|c| c.len())
        );
        let said = [header, error.retry_after, retry_after::from_message(&error.message)];
        assert!(
            fault.retry_after.is_none() || said.contains(&fault.retry_after),
            "{:?} is none of {said:?}",
            fault.retry_after
        );
        assert!(fault.retry_after.is_none_or(|hint| hint <= LONGEST), "{:?}", fault.retry_after);
        assert_eq!(
            fault.retry_after.is_some(),
            said.iter().flatten().any(|hint| *hint <= LONGEST),
            "{said:?}"
        );
        seen ^=
            print((fault.kind, fault.retry_after.is_some(), error.code.is_some(), error.quota_id.is_some()));
    }
    seen
}
