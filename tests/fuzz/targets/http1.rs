//! HTTP/1.1 answers: heads and chunks are the same however they arrive, and nothing is taken that is not theirs.

use bellwether::net::h1::{
    framing::Framing,
    head::{self, Head},
};

use super::{cuts, pieces, print};

pub const HEAD_WORDS: &[&str] = &[
    "HTTP/1.1 200 OK",
    "HTTP/1.0 200 OK",
    "HTTP/1.1 204",
    "HTTP/1.1 304",
    "HTTP/1.1 100 Continue",
    "\r\n",
    "\n",
    "\r\n\r\n",
    "\n\n",
    "content-length: 5",
    "content-length: 0",
    "content-length: 18446744073709551615",
    "content-length: 5, 6",
    "transfer-encoding: chunked",
    "transfer-encoding: gzip, chunked",
    "transfer-encoding: chunked, gzip",
    "connection: close",
    "Connection: keep-alive",
    ": ",
    ",",
    " ",
    "\t",
    "x: y",
    "ä",
];
pub const BODY_WORDS: &[&str] = &[
    "0",
    "5",
    "a",
    "F",
    "00",
    "ffffffffffffffff",
    "10000000000000000",
    ";",
    ";a=b",
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    "hello",
    "0\r\n\r\n",
    "5\r\nhello\r\n",
    "0\r\nTrailer: x\r\n\r\n",
    "-",
    "+",
    "0x5",
];

pub fn head(bytes: &[u8]) -> u64 {
    let whole = take(bytes, &[]);
    let each: Vec<usize> = (0..bytes.len()).collect();
    for cuts in [cuts(bytes), each] {
        match (&whole, take(bytes, &cuts)) {
            (Some(whole), Some(cut)) => assert_eq!(*whole, cut, "cut at {cuts:?}"),
            (None, None) => {}
            // What is wrong may be seen only when there is more to look at, but is never sound then.
            (Some(Err(_)), None) => {}
            (whole, cut) => panic!("{whole:?} whole and {cut:?} cut at {cuts:?}"),
        }
    }
    let Some(Ok((status, keep_alive, _, rest))) = &whole else { return print(whole.map(|w| w.is_ok())) };
    assert!(bytes.ends_with(rest), "what follows is left as it was");
    let mut received = bytes.to_vec();
    let Ok(Some(mut head)) = head::take(&mut received) else { panic!("it was sound a moment ago") };
    let end = match &head.framing {
        Framing::Length(n) => Some(*n),
        _ => None,
    };
    let mut payload = Vec::new();
    let taken = head.framing.decode(&received, &mut payload);
    if let (Some(length), Ok(taken)) = (end, &taken) {
        assert_eq!((*taken as u64, &payload[..]), (length.min(received.len() as u64), &received[..*taken]));
    }
    // A connection whose end is the body's cannot serve again.
    assert!(!(matches!(head.framing, Framing::Close) && *keep_alive));
    print((status / 100, keep_alive, end.map(|n| n.min(3)), taken.is_ok(), head.framing.is_done()))
}

type Seen = (u16, bool, String, Vec<u8>);

/// As a call reads it: looks for an end first, and only at what is new.
fn take(bytes: &[u8], cuts: &[usize]) -> Option<Result<Seen, String>> {
    let (mut received, mut searched) = (Vec::new(), 0);
    for (i, piece) in pieces(bytes, cuts).enumerate() {
        received.extend_from_slice(piece);
        if !head::is_complete(&received, searched) {
            let mut copy = received.clone();
            assert!(!matches!(head::take(&mut copy), Ok(Some(_))), "an end that nobody saw");
        } else {
            match head::take(&mut received) {
                Ok(None) => {}
                Ok(Some(head)) => {
                    let rest = cuts.get(i).map_or(&[][..], |at| &bytes[*at..]);
                    return Some(Ok((
                        head.status,
                        head.keep_alive,
                        shown(&head),
                        [&received, rest].concat(),
                    )));
                }
                Err(why) => return Some(Err(why)),
            }
        }
        searched = received.len();
    }
    None
}

fn shown(head: &Head) -> String {
    let named = ["content-type", "retry-after", "x-request-id", ""].map(|n| head.fields.all(n).next());
    let mut all = Vec::new();
    head.fields.each(|name, value| all.push((name, value)));
    format!("{:?} {named:?} {all:?}", head.framing)
}

pub fn body(bytes: &[u8]) -> u64 {
    let whole = decode(bytes, &[]);
    let each: Vec<usize> = (0..bytes.len()).collect();
    for cuts in [cuts(bytes), each] {
        assert_eq!(decode(bytes, &cuts), whole, "cut at {cuts:?}");
    }
    let (payload, taken, end) = whole;
    assert!(payload.len() <= taken.unwrap_or(bytes.len()));
    if end == Ok(true) {
        // A body of the same payload in one chunk is the same.
        let again = match payload.len() {
            0 => b"0\r\n\r\n".to_vec(),
            n => [format!("{n:x}\r\n").as_bytes(), &payload[..], b"\r\n0\r\n\r\n"].concat(),
        };
        assert_eq!(decode(&again, &[]), (payload.clone(), Some(again.len()), Ok(true)));
    }
    print((payload.len().min(4), taken.map(|taken| taken == bytes.len()), end))
}

/// The payload, how many bytes belonged to the body where it ended, and whether it did.
fn decode(bytes: &[u8], cuts: &[usize]) -> (Vec<u8>, Option<usize>, Result<bool, &'static str>) {
    let mut head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let Ok(Some(Head { mut framing, .. })) = head::take(&mut head) else { panic!("a sound head") };
    let (mut payload, mut total) = (Vec::new(), 0);
    for piece in pieces(bytes, cuts) {
        match framing.decode(piece, &mut payload) {
            Ok(taken) => {
                total += taken;
                if framing.is_done() {
                    return (payload, Some(total), Ok(true));
                }
                assert_eq!(taken, piece.len(), "a body that goes on takes all there is");
            }
            Err(why) => return (payload, None, Err(why)),
        }
    }
    assert!(framing.close().is_err(), "chunks that never ended");
    (payload, None, Ok(false))
}
