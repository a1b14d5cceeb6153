//! Bytes as text with one character each: only text crosses to JavaScript, where such a string takes a byte
//! a character.

pub fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Characters above 255 are dropped: no text of ours has them.
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
