//! The socket under a connection, asked past the runtime: what the kernel has received and the reactor has not
//! looked at yet.

use std::mem::MaybeUninit;
#[cfg(unix)]
use std::os::fd::{AsRawFd, BorrowedFd, RawFd as Raw};
#[cfg(windows)]
use std::os::windows::io::{AsRawSocket, BorrowedSocket, RawSocket as Raw};

use socket2::SockRef;
use tokio::net::TcpStream;

/// A socket's number. It belongs to a stream that is held elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Socket(Raw);

impl Socket {
    pub fn of(stream: &TcpStream) -> Self {
        #[cfg(unix)]
        return Self(stream.as_raw_fd());
        #[cfg(windows)]
        return Self(stream.as_raw_socket());
    }

    /// Whether neither an end nor a reset has arrived, and with `silent` no byte either: below TLS there may be some.
    ///
    /// # Safety
    ///
    /// The stream must still be open: its number may be another's by now otherwise.
    pub unsafe fn stands(self, silent: bool) -> bool {
        // SAFETY: the caller vouches for the stream, and the borrow ends with this call.
        #[cfg(unix)]
        let socket = unsafe { BorrowedFd::borrow_raw(self.0) };
        // SAFETY: as above.
        #[cfg(windows)]
        let socket = unsafe { BorrowedSocket::borrow_raw(self.0) };
        // The runtime's sockets do not block, so that this returns at once.
        let peeked = SockRef::from(&socket).peek(&mut [MaybeUninit::uninit(); 1]);
        match peeked {
            Ok(bytes) => bytes > 0 && !silent,
            Err(e) => e.kind() == std::io::ErrorKind::WouldBlock,
        }
    }
}
