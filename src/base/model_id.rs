//! Model ids: vendor prefixes and date suffixes.

/// The id without its vendor: `anthropic/claude-sonnet-4` becomes `claude-sonnet-4`.
pub fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// The id without its date, if it has one: `claude-sonnet-4-20250514`, `gpt-4.1-2025-04-14`,
/// `claude-3-5-sonnet-latest`, `gemini-2.5-flash-preview-05-20`.
pub fn undated(id: &str) -> Option<&str> {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let (name, last) = id.rsplit_once('-')?;
    if matches!(last, "latest" | "preview") || digits(last, 8) {
        return Some(name);
    }
    // Read the date from its end.
    let mut rest = id;
    for width in [2, 2, 4] {
        match rest.rsplit_once('-') {
            Some((before, part)) if digits(part, width) => rest = before,
            _ => break,
        }
    }
    let rest = rest.strip_suffix("-preview").unwrap_or(rest);
    // A single number belongs to a version.
    (id.len() >= rest.len() + "-05-20".len()).then_some(rest)
}

/// Whether an id names a model, exactly or with a date.
pub fn is(id: &str, model: &str) -> bool {
    let id = bare(id);
    id == model || undated(id) == Some(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_no_part_of_a_name() {
        for (id, expected) in [
            ("claude-sonnet-4-20250514", Some("claude-sonnet-4")),
            ("gpt-4.1-2025-04-14", Some("gpt-4.1")),
            ("claude-3-5-sonnet-latest", Some("claude-3-5-sonnet")),
            ("gemini-2.5-flash-preview-05-20", Some("gemini-2.5-flash")),
            ("gemini-2.5-flash-preview", Some("gemini-2.5-flash")),
            ("gemini-2.0-flash-001", None),
            ("claude-sonnet-4-5", None),
            ("claude-3-5", None),
            ("gpt-4o-mini", None),
            ("o3", None),
            ("-", None),
            ("", None),
        ] {
            assert_eq!(undated(id), expected, "{id}");
        }
        assert!(is("anthropic/claude-sonnet-4-20250514", "claude-sonnet-4"));
        assert!(!is("claude-sonnet-4-5", "claude-sonnet-4") && !is("gpt-4.1-mini", "gpt-4.1"));
        assert_eq!((bare("a/b/c"), bare("c"), bare("a/")), ("c", "c", ""));
    }
}
