//! Text in the form and length that a service accepts.

use crate::alert::types::{Alert, AlertStatus, Severity};

/// As much of a text, each character written by `escape`, as fits into `most` UTF-16 units, with an ellipsis
/// when it is truncated. An escape is never cut in two.
pub fn escaped(text: &str, most: usize, escape: impl Fn(char, &mut String)) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    let (mut used, mut fits) = (0, 0);
    let mut one = String::new();
    for c in text.chars() {
        one.clear();
        escape(c, &mut one);
        used += units(&one);
        if used > most {
            out.truncate(fits);
            out.push('…');
            return out;
        }
        out.push_str(&one);
        if used < most {
            fits = out.len();
        }
    }
    out
}

pub fn cut(text: &str, most: usize) -> String {
    escaped(text, most, |c, out| out.push(c))
}

/// The length in UTF-16 units, as JavaScript and most services count.
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Replaces control characters, so that a name cannot make lines or colours.
pub fn plain(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// `FIRING critical: …`, `RESOLVED: …`
pub fn heading(alert: &Alert) -> String {
    match alert.status {
        AlertStatus::Firing => format!("FIRING {}: {}", severity(alert), alert.message),
        AlertStatus::Resolved => format!("RESOLVED: {}", alert.message),
    }
}

pub fn severity(alert: &Alert) -> &'static str {
    match alert.severity {
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// When the alert began and ended.
pub fn times(alert: &Alert) -> String {
    match &alert.ends_at {
        Some(end) => format!("{} – {end}", alert.starts_at),
        None => format!("since {}", alert.starts_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters_and_never_within_an_escape() {
        let amp = |c: char, out: &mut String| match c {
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        };
        for (text, most, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("a&b", 7, "a&amp;b"),
            ("a&b", 6, "a…"),
            ("a&&", 7, "a&amp;…"),
            ("𝄞𝄞", 4, "𝄞𝄞"),
            ("𝄞𝄞", 3, "𝄞…"),
            ("", 0, ""),
        ] {
            let cut = escaped(text, most, amp);
            assert_eq!(cut, expected, "{text} to {most}");
            assert!(units(&cut) <= most);
        }
    }
}
