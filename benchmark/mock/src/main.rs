//! A vendor that answers every request with the same bytes, at the least cost that sockets allow: client and
//! vendor share the machine, and what the vendor uses the client does not get. Whoever starts it writes the
//! answer to its standard input and keeps that open; it prints its port, and ends when its input does.

use std::{
    error::Error,
    io::{self, ErrorKind, Read, Write},
    thread,
};

use mio::{
    Events, Interest, Poll, Token,
    net::{TcpListener, TcpStream},
};

const LISTENER: Token = Token(usize::MAX);
const ROOM: usize = 64 << 10;

struct Connection {
    stream: TcpStream,
    /// A request that has not come to its end yet.
    pending: Vec<u8>,
    /// Answers that the socket did not take yet.
    unsent: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut length = [0; 4];
    io::stdin().read_exact(&mut length)?;
    let mut answer = vec![0; u32::from_le_bytes(length) as usize];
    io::stdin().read_exact(&mut answer)?;
    thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(0);
    });

    let mut listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
    println!("{}", listener.local_addr()?.port());
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(256);
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut scratch = vec![0; ROOM];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    stream.set_nodelay(true)?;
                    let free = connections.iter().position(Option::is_none);
                    let at = free.unwrap_or(connections.len());
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut stream, Token(at), interest)?;
                    let connection = Connection { stream, pending: Vec::new(), unsent: Vec::new() };
                    match free {
                        Some(at) => connections[at] = Some(connection),
                        None => connections.push(Some(connection)),
                    }
                }
            } else if let Some(place) = connections.get_mut(event.token().0)
                && let Some(connection) = place
                && !matches!(connection.serve(&mut scratch, &answer), Ok(true))
            {
                *place = None;
            }
        }
    }
}

impl Connection {
    /// Reads and answers until there is nothing to read; false at the end of the connection.
    fn serve(&mut self, scratch: &mut [u8], answer: &[u8]) -> io::Result<bool> {
        self.flush()?;
        loop {
            let read = match self.stream.read(scratch) {
                Ok(0) => return Ok(false),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            };
            let mut whole = &scratch[..read];
            if !self.pending.is_empty() {
                self.pending.extend_from_slice(whole);
                whole = &self.pending;
            }
            let mut at = 0;
            let mut answers = 0;
            while let Some(length) = request_length(&whole[at..]) {
                at += length;
                answers += 1;
            }
            self.pending = whole[at..].to_vec();
            for _ in 0..answers {
                self.unsent.extend_from_slice(answer);
            }
            self.flush()?;
            // A short read has emptied the socket; whatever comes later is another event.
            if read < scratch.len() {
                return Ok(true);
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(sent) => drop(self.unsent.drain(..sent)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The length of the request that `bytes` begin with, once it is complete.
fn request_length(bytes: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut length = 0;
    let mut start = 0;
    while let Some(end) = bytes[start..].iter().position(|b| *b == b'\n') {
        let line = bytes[start..start + end].trim_ascii();
        start += end + 1;
        if line.is_empty() {
            return (bytes.len() >= start + length).then_some(start + length);
        }
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            length = std::str::from_utf8(line[NAME.len()..].trim_ascii()).ok()?.parse().ok()?;
        }
    }
    None
}
