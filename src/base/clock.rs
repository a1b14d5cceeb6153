//! The two clocks. Deadlines, cooldowns and refills use the monotonic clock only. The wall clock dates what
//! users read, and is the reference of a vendor's HTTP date when the response has no `Date`.

use std::time::{Instant, SystemTime};

/// The monotonic clock; simulated under a paused runtime.
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The wall clock, which users and time servers may set.
pub trait WallClock: Send + Sync + 'static {
    fn now(&self) -> SystemTime;
}

/// The system clock.
pub struct SystemClock;

impl WallClock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
