//! Parses server-sent events from bytes in pieces of any size. No I/O.
//! After the WHATWG HTML standard, "Server-sent events", 9.2.6 "Interpreting an event stream".

/// One event: its name, if it has one, and its data lines joined by newlines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub name: Option<String>,
    pub data: String,
}

/// An event or a line exceeds the limit.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLarge;

pub struct Framer {
    /// Bytes of incomplete lines, from `start`.
    buffer: Vec<u8>,
    start: usize,
    /// How far the current line has been searched for its end.
    searched: usize,
    name: Option<String>,
    data: Vec<u8>,
    has_data: bool,
    at_stream_start: bool,
    /// The last line ended with a carriage return: a line feed that follows belongs to it.
    after_cr: bool,
    limit: usize,
}

impl Framer {
    /// `limit` bounds an event's data together with the current line, in bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            name: None,
            data: Vec::new(),
            has_data: false,
            at_stream_start: true,
            after_cr: false,
            limit,
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.searched -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete event.
    pub fn next_event(&mut self) -> Result<Option<Event>, TooLarge> {
        loop {
            if self.after_cr && self.start < self.buffer.len() {
                self.after_cr = false;
                if self.buffer[self.start] == b'\n' {
                    self.start += 1;
                    self.searched = self.searched.max(self.start);
                }
            }
            let Some(length) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.searched..]) else {
                self.searched = self.buffer.len();
                self.compact();
                let pending = self.buffer.len() - self.start + self.data.len();
                return if pending > self.limit { Err(TooLarge) } else { Ok(None) };
            };
            let end = self.searched + length;
            self.after_cr = self.buffer[end] == b'\r';
            let line = self.start..end;
            // The same for an incomplete line: where the bytes are split must not matter.
            if line.len() + self.data.len() > self.limit {
                return Err(TooLarge);
            }
            self.start = end + 1;
            self.searched = self.start;
            if let Some(event) = self.line(line) {
                return Ok(Some(event));
            }
        }
    }

    /// Ends the stream: a last event without its blank line still counts.
    pub fn finish(&mut self) -> Option<Event> {
        let rest = self.start..self.buffer.len();
        if !rest.is_empty() {
            self.start = self.buffer.len();
            self.searched = self.start;
            if let Some(event) = self.line(rest) {
                return Some(event);
            }
        }
        self.dispatch()
    }

    fn line(&mut self, range: std::ops::Range<usize>) -> Option<Event> {
        let mut line = &self.buffer[range];
        if std::mem::take(&mut self.at_stream_start) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(0) => return None, // a comment
            Some(colon) => {
                let value = &line[colon + 1..];
                (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"event" => self.name = Some(String::from_utf8_lossy(value).into_owned()),
            _ => {}
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        let name = self.name.take();
        if !std::mem::take(&mut self.has_data) {
            return None;
        }
        let data = String::from_utf8(std::mem::take(&mut self.data))
            .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        Some(Event { name, data })
    }

    /// Moves an incomplete line to the front when the bytes read before outweigh it.
    fn compact(&mut self) {
        if self.start > 4_096 && self.start * 2 > self.buffer.len() {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_in_pieces(bytes: &[u8], cuts: &[usize]) -> Vec<Event> {
        let mut framer = Framer::new(1 << 20);
        let mut events = Vec::new();
        let mut at = 0;
        for cut in cuts.iter().chain([&bytes.len()]) {
            let to = (*cut).clamp(at, bytes.len());
            framer.push(&bytes[at..to]);
            at = to;
            while let Some(event) = framer.next_event().expect("below the limit") {
                events.push(event);
            }
        }
        events.extend(framer.finish());
        events
    }

    fn data(text: &str) -> Event {
        Event { name: None, data: text.into() }
    }

    #[test]
    fn the_standard_and_its_corners() {
        for (stream, expected) in [
            ("data: a\n\ndata:b\n\n", vec![data("a"), data("b")]),
            ("data: a\r\n\r\ndata: b\r\n\r\n", vec![data("a"), data("b")]),
            ("data: a\r\rdata: b\r\r", vec![data("a"), data("b")]),
            ("\u{feff}data: a\n\n", vec![data("a")]),
            (": ping\n\ndata: a\n: x\ndata: b\n\n", vec![data("a\nb")]),
            ("data\n\n", vec![data("")]),
            ("event: x\n\ndata: a\n\n", vec![data("a")]),
            ("id: 1\nretry: 5\nunknown\ndata:  a\n\n", vec![data(" a")]),
            ("data: no blank line", vec![data("no blank line")]),
            ("data: one newline\n", vec![data("one newline")]),
            ("", vec![]),
        ] {
            assert_eq!(read_in_pieces(stream.as_bytes(), &[]), expected, "{stream:?}");
        }
        let named = read_in_pieces(b"event: error\ndata: {}\n\n", &[]);
        assert_eq!(named, [Event { name: Some("error".into()), data: "{}".into() }]);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut framer = Framer::new(100);
        framer.push(&[b'x'; 101]);
        assert_eq!(framer.next_event(), Err(TooLarge));
        let mut framer = Framer::new(100);
        framer.push(b"data: 0123456789\n".repeat(20).as_slice());
        assert_eq!(framer.next_event(), Err(TooLarge));
    }

    #[test]
    fn the_limit_is_the_same_however_the_bytes_are_cut() {
        for stream in ["data: 0123456789\ndata: 0123456789\n\n", ": a comment of more than 24 bytes\n\n"] {
            for cut in 0..stream.len() {
                let mut framer = Framer::new(24);
                let (before, after) = stream.as_bytes().split_at(cut);
                framer.push(before);
                let end = framer.next_event().and_then(|_| {
                    framer.push(after);
                    framer.next_event()
                });
                assert_eq!(end, Err(TooLarge), "{stream:?} cut at {cut}");
            }
        }
    }

    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let token = prop_oneof![
            Just(&b"data: "[..]),
            Just(&b"data:"[..]),
            Just(&b"event: e"[..]),
            Just(&b": c"[..]),
            Just(&b"\n"[..]),
            Just(&b"\r\n"[..]),
            Just(&b"\r"[..]),
            Just(&b"\n\n"[..]),
            Just("ä😀".as_bytes()),
            Just(&b"{\"a\":1}"[..]),
            Just(&b"\xef\xbb\xbf"[..]),
            Just(&b"\xff\x00"[..]),
        ];
        proptest::collection::vec(token, 0..60).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(bytes in pieces(), cuts in proptest::collection::vec(0usize..400, 0..20)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            prop_assert_eq!(read_in_pieces(&bytes, &cuts), read_in_pieces(&bytes, &[]));
            let each: Vec<usize> = (0..bytes.len()).collect();
            prop_assert_eq!(read_in_pieces(&bytes, &each), read_in_pieces(&bytes, &[]));
        }

        #[test]
        fn arbitrary_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            let each: Vec<usize> = (0..bytes.len()).collect();
            prop_assert_eq!(read_in_pieces(&bytes, &each), read_in_pieces(&bytes, &[]));
        }
    }
}
