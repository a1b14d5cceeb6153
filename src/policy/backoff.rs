//! Exponential backoff with full jitter: a uniform draw between zero and the exponential bound.
//! Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (Brooker, 2015).

use std::time::Duration;

#[derive(Clone, Debug, PartialEq)]
pub enum Backoff {
    Exponential {
        initial: Duration,
        max: Duration,
        factor: f64,
    },
    /// The user's own list, without jitter; the last entry repeats.
    Steps(Vec<Duration>),
}

impl Default for Backoff {
    fn default() -> Self {
        Self::Exponential { initial: Duration::from_millis(250), max: Duration::from_secs(20), factor: 2.0 }
    }
}

impl Backoff {
    /// The wait before retry `n`; 0 is the first. `floor` raises the start of the exponential: throttles
    /// begin at a second.
    pub fn delay(&self, n: u32, floor: Duration, jitter: f64) -> Duration {
        match self {
            Self::Steps(steps) => steps.get(n as usize).or(steps.last()).copied().unwrap_or(Duration::ZERO),
            Self::Exponential { initial, max, factor } => {
                exponential((*initial).max(floor), *factor, n, *max).mul_f64(jitter.clamp(0.0, 1.0))
            }
        }
    }
}

/// `initial · factorⁿ`, at most `max`, without overflow.
pub fn exponential(initial: Duration, factor: f64, n: u32, max: Duration) -> Duration {
    let secs = initial.as_secs_f64() * factor.max(1.0).powi(n.min(64) as i32);
    if secs >= max.as_secs_f64() { max } else { Duration::from_secs_f64(secs) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_its_cap() {
        let backoff = Backoff::default();
        let bounds: Vec<_> = (0..9).map(|n| backoff.delay(n, Duration::ZERO, 1.0).as_millis()).collect();
        assert_eq!(bounds, [250, 500, 1000, 2000, 4000, 8000, 16000, 20000, 20000]);
        assert_eq!(backoff.delay(3, Duration::ZERO, 0.0), Duration::ZERO);
        assert_eq!(backoff.delay(0, Duration::from_secs(1), 1.0), Duration::from_secs(1));
        assert_eq!(backoff.delay(u32::MAX, Duration::ZERO, 1.0), Duration::from_secs(20));
    }

    #[test]
    fn steps_are_kept_to_the_letter() {
        let steps = Backoff::Steps([1, 2, 4].map(Duration::from_secs).to_vec());
        let delays: Vec<_> = (0..5).map(|n| steps.delay(n, Duration::ZERO, 0.3).as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 4, 4]);
    }
}
