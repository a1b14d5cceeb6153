//! A hint is what was said, and never longer than a duration may be. Three lines: `retry-after-ms`, `retry-after`,
//! `date`; and the whole as a message.

use std::time::{Duration, SystemTime};

use bellwether::retry_after::{self, HintHeaders};

use super::print;

pub const WORDS: &[&str] = &[
    "try again in ",
    "retry in ",
    "retry after ",
    "1.5s",
    "20ms",
    "6m0s",
    "1h2m3.5s",
    " seconds",
    " minutes",
    "\n",
    "Tue, 14 Nov 2023 22:13:30 GMT",
    "Tue, 14 Nov 2023 22:13:27 GMT",
    "-1",
    "NaN",
    "inf",
    "1e400",
    "0",
    ".",
    "İ",
];

const LONGEST: Duration = Duration::from_secs(366 * 86_400);

pub fn run(bytes: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let headers = HintHeaders { retry_after_ms: lines.next(), retry_after: lines.next(), date: lines.next() };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let by_header = retry_after::from_headers(headers, now);
    let seconds = headers.retry_after.and_then(|v| v.trim().parse::<f64>().ok());
    if let (None, Some(seconds)) = (headers.retry_after_ms.filter(|v| !v.trim().is_empty()), seconds) {
        let expected = Duration::try_from_secs_f64(seconds).ok().filter(|d| *d <= LONGEST);
        assert_eq!(by_header, expected, "{text:?}");
    }
    let by_message = retry_after::from_message(&text);
    assert!(by_message.is_none() || text.bytes().any(|b| b.is_ascii_digit()), "{text:?} is {by_message:?}");
    let found = [by_header, by_message, retry_after::from_proto(&text)];
    for hint in found.iter().flatten() {
        assert!(*hint <= LONGEST, "{text:?} is {hint:?}");
    }
    print(found.map(|hint| hint.map(|h| h.as_millis().checked_ilog2())))
}
