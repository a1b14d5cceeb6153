//! Timestamps in the formats of users and JavaScript.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub fn epoch_ms(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64)
}

/// `2026-11-21T03:07:45.123Z`. Days to civil date after Howard Hinnant's `civil_from_days`.
pub fn iso8601(at: SystemTime) -> String {
    let total = epoch_ms(at);
    let (days, ms) = (total / 86_400_000, total % 86_400_000);
    let z = days + 719_468;
    let era = z / 146_097;
    let doe = z % 146_097;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    // Written digit by digit for speed: every report has several.
    let mut out = String::with_capacity(24);
    let mut digits = |n: u64, width: u32, after: char| {
        for digit in (0..width).rev() {
            out.push(char::from(b'0' + (n / 10_u64.pow(digit) % 10) as u8));
        }
        out.push(after);
    };
    digits(year, 4, '-');
    digits(month, 2, '-');
    digits(day, 2, 'T');
    digits(hour, 2, ':');
    digits(minute, 2, ':');
    digits(second, 2, '.');
    digits(ms % 1_000, 3, 'Z');
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn iso_dates() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (1_700_000_000_000, "2023-11-14T22:13:20.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        ] {
            assert_eq!(iso8601(UNIX_EPOCH + Duration::from_millis(ms)), text);
        }
    }
}
