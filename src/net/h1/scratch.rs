//! One read buffer for all connections of a thread, so that waiting connections hold none.

use std::cell::Cell;

const SIZE: usize = 64 << 10;

thread_local! {
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Lends the buffer. Its contents are undefined.
pub fn with<R>(work: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut bytes = SCRATCH.take().unwrap_or_else(|| vec![0; SIZE].into_boxed_slice());
    let result = work(&mut bytes);
    SCRATCH.set(Some(bytes));
    result
}
