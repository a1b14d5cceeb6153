//! A request as the façade packs it: its JSON, and beside it the contents that the JSON has placeholders for.

/// The façade's `lib/call/encode.js`: the number of contents, then the lengths of the JSON and of each content.
const MOST: usize = 254;
const HEAD_BYTES: usize = (MOST + 2) * 4;

pub struct Parcel {
    bytes: Vec<u8>,
    /// Where the JSON and each content end in them.
    ends: Vec<usize>,
}

impl Parcel {
    pub fn read(given: &[u8]) -> Option<Self> {
        let (head, bytes) = given.split_at_checked(HEAD_BYTES)?;
        let number = |at: usize| {
            let bytes = head.get(at * 4..at * 4 + 4)?.try_into().ok()?;
            usize::try_from(u32::from_ne_bytes(bytes)).ok()
        };
        let count = number(0).filter(|count| *count <= MOST)?;
        let mut end = 0usize;
        let mut ends = Vec::with_capacity(count + 1);
        for at in 0..=count {
            end = end.checked_add(number(at + 1)?)?;
            ends.push(end);
        }
        Some(Self { bytes: bytes.get(..end)?.to_vec(), ends })
    }

    pub fn json(&self) -> &str {
        self.part(0)
    }

    pub fn contents(&self) -> Vec<&str> {
        (1..self.ends.len()).map(|at| self.part(at)).collect()
    }

    fn part(&self, at: usize) -> &str {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        // The façade writes UTF-8 and nothing else.
        std::str::from_utf8(&self.bytes[start..self.ends[at]]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(parts: &[&str]) -> Vec<u8> {
        let mut bytes = vec![0; HEAD_BYTES];
        let lengths = parts.iter().map(|p| p.len());
        for (at, number) in std::iter::once(parts.len() - 1).chain(lengths).enumerate() {
            bytes[at * 4..at * 4 + 4].copy_from_slice(&(number as u32).to_ne_bytes());
        }
        bytes.extend(parts.concat().bytes());
        bytes
    }

    #[test]
    fn parts_come_out_as_they_went_in() {
        let mut bytes = packed(&["{}", "eins", "", "zwei"]);
        bytes.extend(b"what another call left behind");
        let parcel = Parcel::read(&bytes).expect("sound");
        assert_eq!((parcel.json(), parcel.contents()), ("{}", vec!["eins", "", "zwei"]));
    }

    #[test]
    fn a_parcel_that_is_too_short_is_refused() {
        let bytes = packed(&["{}", "content"]);
        for end in 0..bytes.len() {
            assert!(Parcel::read(&bytes[..end]).is_none(), "{end}");
        }
    }
}
