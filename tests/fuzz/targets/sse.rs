//! Events are the same however the bytes are cut, and those that the standard's own words make of them.

use bellwether::net::sse::{Event, Framer, TooLarge};

use super::{cuts, pieces, print};

pub const WORDS: &[&str] = &[
    "data: ",
    "data:",
    "data",
    "event: ",
    "event",
    "id: 1",
    "retry: 5",
    ": ping",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "\r\n\r\n",
    "\r\r",
    "\u{feff}",
    "[DONE]",
    "{\"a\":1}",
    "ä",
    "😀",
    "\0",
];

pub fn run(bytes: &[u8]) -> u64 {
    let mut seen = 0;
    for limit in [24, 1 << 20] {
        let expected = by_the_book(bytes, limit);
        let each: Vec<usize> = (0..bytes.len()).collect();
        for cuts in [&[][..], &cuts(bytes), &each] {
            assert_eq!(read(bytes, cuts, limit), expected, "limit {limit}, cut at {cuts:?}");
        }
        let (events, end) = expected;
        let shapes: Vec<_> = events.iter().map(|e| (e.name.is_some(), e.data.len().min(4))).take(4).collect();
        seen ^= print((shapes, end, limit));
    }
    seen
}

type Read = (Vec<Event>, Result<(), TooLarge>);

fn read(bytes: &[u8], cuts: &[usize], limit: usize) -> Read {
    let mut framer = Framer::new(limit);
    let mut events = Vec::new();
    for piece in pieces(bytes, cuts) {
        framer.push(piece);
        loop {
            match framer.next_event() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(why) => return (events, Err(why)),
            }
        }
    }
    events.extend(framer.finish());
    (events, Ok(()))
}

/// Line by line over the whole: slow and plain. An event's data and the line that comes to it share the limit.
fn by_the_book(bytes: &[u8], limit: usize) -> Read {
    let (mut events, mut name, mut data) = (Vec::new(), None, None::<Vec<u8>>);
    let mut rest = bytes;
    let mut first = true;
    loop {
        let end = rest.iter().position(|b| matches!(b, b'\r' | b'\n'));
        let line = &rest[..end.unwrap_or(rest.len())];
        if line.len() + data.as_ref().map_or(0, Vec::len) > limit {
            return (events, Err(TooLarge));
        }
        let text = if first { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        first = false;
        let mut dispatch = |name: &mut Option<String>, data: &mut Option<Vec<u8>>| {
            let name = name.take();
            if let Some(data) = data.take() {
                events.push(Event { name, data: String::from_utf8_lossy(&data).into_owned() });
            }
        };
        let (field, value) = match text.iter().position(|b| *b == b':') {
            Some(colon) => (&text[..colon], &text[colon + 1..]),
            None => (text, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"" if text.is_empty() => dispatch(&mut name, &mut data),
            b"event" => name = Some(String::from_utf8_lossy(value).into_owned()),
            b"data" => match &mut data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend(value);
                }
                None => data = Some(value.to_vec()),
            },
            _ => {}
        }
        match end {
            Some(end) if rest[end..].starts_with(b"\r\n") => rest = &rest[end + 2..],
            Some(end) => rest = &rest[end + 1..],
            None => {
                dispatch(&mut name, &mut data);
                return (events, Ok(()));
            }
        }
    }
}
