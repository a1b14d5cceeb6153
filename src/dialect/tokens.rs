//! Estimates the tokens of a text by its script, for budgets and limits; vendors' counts correct it model by
//! model.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// The beginning of a data URL in JSON.
static DATA_URL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"data:"));
/// The estimate for an embedded image, audio or file: its bytes are not text.
const ATTACHMENT: u64 = 1_000;

/// The tokens of a JSON text: four ASCII characters to a token, two of other alphabets, one of Chinese,
/// Japanese and Korean. Data URLs count as attachments.
pub fn estimate(json: &[u8]) -> u64 {
    let mut tokens = 0;
    let mut rest = json;
    while let Some(at) = DATA_URL.find(rest) {
        tokens += of_text(&rest[..at]) + ATTACHMENT;
        let url = &rest[at + DATA_URL.needle().len()..];
        rest = &url[memchr::memchr(b'"', url).unwrap_or(url.len())..];
    }
    tokens + of_text(rest)
}

fn of_text(text: &[u8]) -> u64 {
    // The common case, and much faster than counting.
    if text.is_ascii() {
        return (text.len() as u64).div_ceil(4);
    }
    // Four bytes in UTF-8 are emoji and rare characters; three are East Asian, with few exceptions.
    let (mut ascii, mut two, mut three, mut four) = (0u64, 0u64, 0u64, 0u64);
    for byte in text {
        match byte {
            0..=0x7f => ascii += 1,
            0xc0..=0xdf => two += 1,
            0xe0..=0xef => three += 1,
            0xf0..=0xff => four += 1,
            _ => {}
        }
    }
    ascii.div_ceil(4) + two.div_ceil(2) + three + four * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_script() {
        for (text, tokens) in [
            ("", 0),
            ("abcdefgh", 2),
            ("你好世界", 4),
            ("こんにちは", 5),
            ("Привет", 3),
            ("😀", 2),
            ("abcd你", 2),
        ] {
            assert_eq!(estimate(text.as_bytes()), tokens, "{text}");
        }
    }

    #[test]
    fn an_image_is_not_its_bytes() {
        let image = format!(r#"{{"url":"data:image/png;base64,{}"}}"#, "A".repeat(400_000));
        assert_eq!(estimate(image.as_bytes()), 1_000 + 2 + 1);
        assert_eq!(estimate(b"\"data:"), 1_000);
    }
}
