//! Bytes as a text of one character each: only texts cross to JavaScript, and such a one takes no more room there.

pub fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// What is no byte was none of ours.
pub fn bytes(text: &str) -> Vec<u8> {
    text.chars().filter_map(|c| u8::try_from(c).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes(&text(&all)), all);
        assert_eq!(text(&all).chars().count(), 256);
        assert_eq!(bytes("a€b"), b"ab");
    }
}
