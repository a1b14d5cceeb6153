//! Replaces placeholders in a JSON text by the contents they stand for.

use memchr::memmem;

/// Bytes that are examined together.
const BLOCK: usize = 32;

/// A text with its placeholders replaced.
pub struct FilledText {
    pub text: Vec<u8>,
    /// Where each placeholder began, and by how much the text has grown behind it.
    grown: Vec<(usize, isize)>,
}

impl FilledText {
    /// The position in the new text for one in the text with placeholders.
    pub fn place(&self, at: usize) -> usize {
        let grown = self.grown.iter().rev().find(|(start, _)| *start < at).map_or(0, |(_, by)| *by);
        at.saturating_add_signed(grown)
    }
}

/// Replaces the strings that are `placeholder` by `contents`, in order. `None` unless their numbers match.
pub fn fill(text: &str, placeholder: &str, contents: &[&str]) -> Option<FilledText> {
    let size: usize = contents.iter().map(|c| c.len() + c.len() / 16).sum();
    let mut filled = FilledText { text: Vec::with_capacity(text.len() + size), grown: Vec::new() };
    let bytes = text.as_bytes();
    let finder = memmem::Finder::new(placeholder);
    let mut from = 0;
    for content in contents {
        let at = from + finder.find(&bytes[from..])?;
        filled.text.extend_from_slice(&bytes[from..at]);
        escape(&mut filled.text, content);
        from = at + placeholder.len();
        filled.grown.push((at, filled.text.len() as isize - from as isize));
    }
    filled.text.extend_from_slice(&bytes[from..]);
    Some(filled)
}

/// Writes the inside of a JSON string. RFC 8259, section 7.
fn escape(out: &mut Vec<u8>, text: &str) {
    for block in text.as_bytes().chunks(BLOCK) {
        // Without branches, so that the compiler compares the block at once.
        let special = block.iter().fold(false, |any, b| any | (*b < 0x20) | (*b == b'"') | (*b == b'\\'));
        if special {
            block.iter().for_each(|b| escape_byte(out, *b));
        } else {
            out.extend_from_slice(block);
        }
    }
}

fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        0..0x20 => {
            let [high, low] = [byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]);
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
        }
        _ => return out.push(byte),
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn filling_is_what_writing_the_whole_would_have_been(contents in proptest::collection::vec(
            prop_oneof![any::<String>(), "[a-z\\\\\"\n\r\t\u{0}-\u{1f}\u{7f}ä]{0,90}"], 0..6)) {
            let hollow: Vec<&str> = contents.iter().map(|_| "@here@").collect();
            let text = serde_json::json!({ "a": "x", "m": hollow, "model": "gpt" }).to_string();
            let whole = serde_json::json!({ "a": "x", "m": contents, "model": "gpt" }).to_string();
            let parts: Vec<&str> = contents.iter().map(String::as_str).collect();
            let filled = fill(&text, "@here@", &parts).expect("as many");
            let result = std::str::from_utf8(&filled.text).expect("UTF-8");
            prop_assert_eq!(result, &whole);
            for mark in ["\"a\"", "\"model\""] {
                let at = text.find(mark).expect("there");
                prop_assert!(result[filled.place(at)..].starts_with(mark));
            }
        }
    }

    #[test]
    fn a_missing_placeholder_is_noticed() {
        assert!(fill("[]", "@here@", &["x"]).is_none());
    }
}
