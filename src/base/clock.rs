//! The two clocks. Deadlines, cooldowns and refills are counted on the monotonic one alone; the wall clock only
//! dates what people read, and a vendor's HTTP date when the vendor does not say its own time.

use std::time::{Instant, SystemTime};

/// The monotonic clock; under a paused runtime it is the simulated one.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The wall clock, which people and time servers move.
pub trait WallClock: Send + Sync + 'static {
    fn now(&self) -> SystemTime;
}

/// The system's own.
pub struct SystemClock;

impl WallClock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
