//! Decodes `content-encoding`: gzip, deflate and br, piece by piece, so that a compressed stream stays a
//! stream.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

pub enum ContentDecoder {
    Identity,
    Gzip(Box<MultiGzDecoder<BoundedWriter>>),
    Zlib(Box<ZlibDecoder<BoundedWriter>>),
    RawDeflate(Box<DeflateDecoder<BoundedWriter>>),
    /// The first bytes, which distinguish deflate with zlib's header, as specified, from deflate without, as
    /// some servers send it.
    Deflate(Vec<u8>, usize),
    Brotli(Box<DecompressorWriter<BoundedWriter>>),
}

/// The decoders' output, bounded for each piece.
pub struct BoundedWriter {
    out: Vec<u8>,
    limit: usize,
}

impl Write for BoundedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.out.len() + bytes.len() > self.limit {
            return Err(io::Error::other("it is larger than allowed"));
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An encoding that was not requested.
#[derive(Debug)]
pub struct UnknownEncoding;

impl ContentDecoder {
    /// `limit` bounds the decoded size of one piece, in bytes: a few hundred can be a gigabyte.
    pub fn new(encoding: Option<&str>, limit: usize) -> Result<Self, UnknownEncoding> {
        let sink = BoundedWriter { out: Vec::new(), limit };
        match encoding.map(|e| e.trim().to_ascii_lowercase()).as_deref() {
            None | Some("" | "identity") => Ok(Self::Identity),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(sink)))),
            Some("deflate") => Ok(Self::Deflate(Vec::new(), limit)),
            Some("br") => Ok(Self::Brotli(Box::new(DecompressorWriter::new(sink, 4_096)))),
            Some(_) => Err(UnknownEncoding),
        }
    }

    pub fn is_identity(&self) -> bool {
        matches!(self, Self::Identity)
    }

    /// Decodes one piece as far as possible. The caller bounds the sum.
    pub fn push(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(bytes.to_vec()),
            Self::Gzip(d) => {
                d.write_all(bytes)?;
                d.flush()?;
                Ok(std::mem::take(&mut d.get_mut().out))
            }
            Self::Deflate(start, limit) => {
                start.extend_from_slice(bytes);
                let &[first, second, ..] = start.as_slice() else { return Ok(Vec::new()) };
                let start = std::mem::take(start);
                let sink = BoundedWriter { out: Vec::new(), limit: *limit };
                // RFC 1950: method 8, and a checksum over the first two bytes.
                let zlib = first & 0x0f == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31);
                *self = if zlib {
                    Self::Zlib(Box::new(ZlibDecoder::new(sink)))
                } else {
                    Self::RawDeflate(Box::new(DeflateDecoder::new(sink)))
                };
                self.push(&start)
            }
            Self::Zlib(d) => {
                d.write_all(bytes)?;
                d.flush()?;
                Ok(std::mem::take(&mut d.get_mut().out))
            }
            Self::RawDeflate(d) => {
                d.write_all(bytes)?;
                d.flush()?;
                Ok(std::mem::take(&mut d.get_mut().out))
            }
            Self::Brotli(d) => {
                d.write_all(bytes)?;
                d.flush()?;
                Ok(std::mem::take(&mut d.get_mut().out))
            }
        }
    }

    /// Ends decoding; fails when the encoded data was cut.
    pub fn finish(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(Vec::new()),
            Self::Gzip(d) => {
                d.try_finish()?;
                Ok(std::mem::take(&mut d.get_mut().out))
            }
            Self::Deflate(start, _) if start.is_empty() => Ok(Vec::new()),
            Self::Deflate(..) => Err(io::ErrorKind::UnexpectedEof.into()),
            Self::Zlib(d) => {
                d.try_finish()?;
                Ok(std::mem::take(&mut d.get_mut().out))
            }
            Self::RawDeflate(d) => {
                d.try_finish()?;
                Ok(std::mem::take(&mut d.get_mut().out))
            }
            Self::Brotli(d) => {
                d.close()?;
                Ok(std::mem::take(&mut d.get_mut().out))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // "hello hello hello hello" as each encoder writes it.
    const TEXT: &[u8] = b"hello hello hello hello";
    const BROTLI: &[u8] = &[
        0x0b, 0x0b, 0x80, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20, 0x68, 0x65,
        0x6c, 0x6c, 0x6f, 0x20, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x03,
    ];

    fn gzip() -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        e.write_all(TEXT).expect("in memory");
        e.finish().expect("in memory")
    }

    fn zlib() -> Vec<u8> {
        let mut e = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        e.write_all(TEXT).expect("in memory");
        e.finish().expect("in memory")
    }

    fn decode(encoding: &str, bytes: &[u8], piece: usize) -> io::Result<Vec<u8>> {
        let mut decoder = ContentDecoder::new(Some(encoding), 1 << 20).expect("known");
        let mut out = Vec::new();
        for part in bytes.chunks(piece) {
            out.extend(decoder.push(part)?);
        }
        out.extend(decoder.finish()?);
        Ok(out)
    }

    #[test]
    fn whole_and_byte_by_byte() {
        for (encoding, bytes) in
            [("gzip", gzip()), ("deflate", zlib()), ("br", BROTLI.to_vec()), ("identity", TEXT.to_vec())]
        {
            for piece in [1, 7, 1_000] {
                assert_eq!(decode(encoding, &bytes, piece).expect(encoding), TEXT, "{encoding} by {piece}");
            }
        }
    }

    #[test]
    fn a_bomb_is_stopped() {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        e.write_all(&vec![b' '; 8 << 20]).expect("in memory");
        assert!(decode("gzip", &e.finish().expect("in memory"), 1 << 20).is_err());
    }

    #[test]
    fn a_cut_or_corrupt_body_is_an_error() {
        let whole = gzip();
        assert!(decode("gzip", &whole[..whole.len() - 6], 5).is_err());
        assert!(decode("gzip", b"this is not gzip at all", 5).is_err());
        assert!(decode("br", &BROTLI[..BROTLI.len() - 4], 5).is_err());
        assert!(ContentDecoder::new(Some("zstd"), 1).is_err());
    }
}
