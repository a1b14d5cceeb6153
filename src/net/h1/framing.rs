//! Finds the payload and the end of a body. RFC 9112, sections 6.3 and 7.1.

use crate::net::fields::HeaderFields;

/// The most bytes of extensions and trailers, which are skipped.
const MAX_ASIDE: usize = 16 << 10;
const MAX_SIZE_DIGITS: u8 = 16;

#[derive(Debug, PartialEq, Eq)]
pub enum Framing {
    Done,
    Length(u64),
    Chunked(ChunkedDecoder),
    /// Ends when the connection closes.
    Close,
}

#[derive(Debug, PartialEq, Eq)]
pub struct ChunkedDecoder {
    state: ChunkState,
    /// Bytes of extensions and trailers so far.
    aside: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChunkState {
    Size { value: u64, digits: u8 },
    AfterSize { value: u64 },
    Extension { value: u64 },
    SizeLf { value: u64 },
    Data(u64),
    DataCr,
    DataLf,
    LineStart,
    Trailer,
    TrailerLf,
    LastLf,
}

impl Framing {
    /// The framing of the body after a head.
    pub fn of(status: u16, fields: &HeaderFields) -> Result<Self, &'static str> {
        if status == 204 || status == 304 {
            return Ok(Self::Done);
        }
        let mut codings = fields.all("transfer-encoding").peekable();
        if codings.peek().is_some() {
            let last = codings.last().unwrap_or_default().rsplit(|b| *b == b',').next().unwrap_or_default();
            return Ok(if last.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                Self::Chunked(ChunkedDecoder { state: ChunkState::Size { value: 0, digits: 0 }, aside: 0 })
            } else {
                Self::Close
            });
        }
        let mut length = None;
        for value in fields.all("content-length").flat_map(|v| v.split(|b| *b == b',')) {
            let value = number(value.trim_ascii()).ok_or("the response's content-length is not a number")?;
            if length.is_some_and(|l| l != value) {
                return Err("the response has two different content-length headers");
            }
            length = Some(value);
        }
        Ok(match length {
            Some(0) => Self::Done,
            Some(length) => Self::Length(length),
            None => Self::Close,
        })
    }

    /// Appends the payload in `bytes` to `out`. Returns how many bytes belong to this body.
    pub fn decode(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<usize, &'static str> {
        match self {
            Self::Done => Ok(0),
            Self::Close => {
                out.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Self::Length(left) => {
                let taken = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
                out.extend_from_slice(&bytes[..taken]);
                *left -= taken as u64;
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok(taken)
            }
            Self::Chunked(chunked) => {
                let (taken, done) = chunked.decode(bytes, out)?;
                if done {
                    *self = Self::Done;
                }
                Ok(taken)
            }
        }
    }

    pub fn is_done(&self) -> bool {
        *self == Self::Done
    }

    /// Ends a body whose connection was closed; fails when that is not a proper end.
    pub fn close(&mut self) -> Result<(), &'static str> {
        match self {
            Self::Done => Ok(()),
            Self::Close => {
                *self = Self::Done;
                Ok(())
            }
            Self::Length(_) | Self::Chunked(_) => {
                Err("the connection was closed before the end of the response")
            }
        }
    }
}

impl ChunkedDecoder {
    fn decode(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(usize, bool), &'static str> {
        const BAD: &str = "the chunked response body is malformed";
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if let ChunkState::Data(left) = self.state {
                let there = &bytes[at..];
                let taken = usize::try_from(left).map_or(there.len(), |left| left.min(there.len()));
                out.extend_from_slice(&there[..taken]);
                at += taken;
                let left = left - taken as u64;
                self.state = if left == 0 { ChunkState::DataCr } else { ChunkState::Data(left) };
                continue;
            }
            at += 1;
            self.state = match (self.state, byte) {
                (ChunkState::Size { value, digits }, _) if byte.is_ascii_hexdigit() => {
                    if digits == MAX_SIZE_DIGITS {
                        return Err(BAD);
                    }
                    let digit = (byte as char).to_digit(16).unwrap_or_default();
                    ChunkState::Size { value: value << 4 | u64::from(digit), digits: digits + 1 }
                }
                (ChunkState::Size { digits: 0, .. }, _) => return Err(BAD),
                (ChunkState::Size { value, .. } | ChunkState::AfterSize { value }, b' ' | b'\t') => {
                    self.count_overhead()?;
                    ChunkState::AfterSize { value }
                }
                (ChunkState::Size { value, .. } | ChunkState::AfterSize { value }, b';') => {
                    ChunkState::Extension { value }
                }
                (
                    ChunkState::Size { value, .. }
                    | ChunkState::AfterSize { value }
                    | ChunkState::Extension { value },
                    b'\r',
                ) => ChunkState::SizeLf { value },
                (ChunkState::Extension { value }, _) if byte != b'\n' => {
                    self.count_overhead()?;
                    ChunkState::Extension { value }
                }
                (ChunkState::SizeLf { value: 0 }, b'\n') => ChunkState::LineStart,
                (ChunkState::SizeLf { value }, b'\n') => ChunkState::Data(value),
                (ChunkState::DataCr, b'\r') => ChunkState::DataLf,
                (ChunkState::DataLf, b'\n') => ChunkState::Size { value: 0, digits: 0 },
                (ChunkState::LineStart, b'\r') => ChunkState::LastLf,
                (ChunkState::LastLf, b'\n') => return Ok((at, true)),
                (ChunkState::Trailer, b'\r') => ChunkState::TrailerLf,
                (ChunkState::TrailerLf, b'\n') => ChunkState::LineStart,
                (ChunkState::LineStart | ChunkState::Trailer, _) if byte != b'\n' => {
                    self.count_overhead()?;
                    ChunkState::Trailer
                }
                _ => return Err(BAD),
            };
        }
        Ok((at, false))
    }

    fn count_overhead(&mut self) -> Result<(), &'static str> {
        self.aside += 1;
        if self.aside > MAX_ASIDE {
            Err("the chunked response body has too much data outside its chunks")
        } else {
            Ok(())
        }
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn fields(of: &[(&'static str, &'static str)]) -> HeaderFields {
        let mut map = HeaderMap::new();
        for (name, value) in of {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        HeaderFields::Map(map)
    }

    #[test]
    fn the_framing_follows_from_the_head() {
        let chunked =
            || Framing::Chunked(ChunkedDecoder { state: ChunkState::Size { value: 0, digits: 0 }, aside: 0 });
        for (status, head, expected) in [
            (200, &[("content-length", "5")][..], Ok(Framing::Length(5))),
            (200, &[("content-length", "5"), ("content-length", "5")], Ok(Framing::Length(5))),
            (200, &[("content-length", "5, 5")], Ok(Framing::Length(5))),
            (200, &[("content-length", "0")], Ok(Framing::Done)),
            (200, &[("transfer-encoding", "chunked")], Ok(chunked())),
            (200, &[("transfer-encoding", "gzip, Chunked")], Ok(chunked())),
            (200, &[("transfer-encoding", "chunked"), ("content-length", "5")], Ok(chunked())),
            (200, &[("transfer-encoding", "gzip")], Ok(Framing::Close)),
            (200, &[], Ok(Framing::Close)),
            (204, &[("content-length", "5")], Ok(Framing::Done)),
        ] {
            assert_eq!(Framing::of(status, &fields(head)), expected, "{head:?}");
        }
        for bad in ["5, 6", "-1", "+5", "5x", "", "99999999999999999999999"] {
            assert!(Framing::of(200, &fields(&[("content-length", bad)])).is_err(), "{bad:?}");
        }
    }

    fn decode(bytes: &[u8], cuts: &[usize]) -> (Vec<u8>, usize, Result<bool, &'static str>) {
        let mut framing = Framing::of(200, &fields(&[("transfer-encoding", "chunked")])).expect("chunked");
        let (mut out, mut at) = (Vec::new(), 0);
        for cut in cuts.iter().chain([&bytes.len()]) {
            let mut to = (*cut).clamp(at, bytes.len());
            while at < to && !framing.is_done() {
                match framing.decode(&bytes[at..to], &mut out) {
                    Ok(taken) => at += taken,
                    Err(why) => return (out, at, Err(why)),
                }
            }
            to = to.max(at);
            at = if framing.is_done() { at } else { to };
        }
        (out, at, Ok(framing.is_done()))
    }

    #[test]
    fn chunks_are_read_as_the_standard_says() {
        for (text, payload, used) in [
            ("5\r\nhello\r\n0\r\n\r\nnext", "hello", 15),
            ("5;a=b\r\nhello\r\n00\r\n\r\n", "hello", 20),
            ("5 \t;x\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: x\r\nB: y\r\n\r\n", "hello!", 43),
            ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 20),
        ] {
            let (out, at, end) = decode(text.as_bytes(), &[]);
            assert_eq!(
                (String::from_utf8(out).expect("ascii").as_str(), at, end),
                (payload, used, Ok(true)),
                "{text:?}"
            );
        }
        for bad in [
            "\r\n",
            "x\r\n",
            "5\nhello",
            "5\r\nhelloX",
            "5\r\nhello\rX",
            "11111111111111111\r\n",
            "0\r\n\n",
            "-5\r\n",
            "5;a\nb",
        ] {
            assert!(decode(bad.as_bytes(), &[]).2.is_err(), "{bad:?}");
        }
        let endless = format!("5;{}", "a".repeat(MAX_ASIDE + 1));
        assert!(decode(endless.as_bytes(), &[]).2.is_err());
    }

    #[test]
    fn a_closed_connection_ends_only_what_has_no_other_end() {
        assert!(Framing::Close.close().is_ok());
        assert!(Framing::Length(1).close().is_err());
        assert!(
            Framing::of(200, &fields(&[("transfer-encoding", "chunked")])).expect("chunked").close().is_err()
        );
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..8),
            mut cuts in proptest::collection::vec(0usize..400, 0..20),
            rest in proptest::collection::vec(any::<u8>(), 0..10),
        ) {
            let mut bytes = Vec::new();
            for chunk in &chunks {
                bytes.extend(format!("{:X}\r\n", chunk.len()).into_bytes());
                bytes.extend(chunk);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\n\r\n");
            let end = bytes.len();
            bytes.extend(rest);
            cuts.sort_unstable();
            let each: Vec<usize> = (0..bytes.len()).collect();
            for cuts in [&cuts, &each] {
                let (out, at, done) = decode(&bytes, cuts);
                prop_assert_eq!(done, Ok(true));
                prop_assert_eq!(at, end);
                prop_assert_eq!(&out, &chunks.concat());
            }
        }

        #[test]
        fn arbitrary_bytes_are_survived_alike_however_they_are_cut(bytes in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'0'), Just(b'2'), Just(b';'), any::<u8>()], 0..80)) {
            let each: Vec<usize> = (0..bytes.len()).collect();
            let (whole, pieces) = (decode(&bytes, &[]), decode(&bytes, &each));
            prop_assert_eq!(whole.2, pieces.2);
            if whole.2.is_ok() {
                prop_assert_eq!(whole.0, pieces.0);
            }
        }
    }
}
