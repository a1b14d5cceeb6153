//! The budget of hedging: extra requests as a share of calls, saved up call by call.

/// The most that can be saved: a quiet hour does not allow a burst.
const MAX_SAVED: f64 = 10.0;

pub struct HedgeBudget {
    share: f64,
    saved: f64,
}

impl HedgeBudget {
    /// `share` extra requests per call. The first is free, so that rare calls can be hedged.
    pub fn new(share: f64) -> Self {
        Self { share, saved: 1.0 }
    }

    pub fn call(&mut self) {
        self.saved = (self.saved + self.share).min(MAX_SAVED);
    }

    /// Returns a request that was not sent.
    pub fn give_back(&mut self) {
        self.saved = (self.saved + 1.0).min(MAX_SAVED);
    }

    pub fn take(&mut self) -> bool {
        // A sum of twenty twentieths is slightly less than one.
        let enough = self.saved >= 1.0 - 1e-9;
        if enough {
            self.saved -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twentieth_of_the_calls_and_one() {
        let mut allowance = HedgeBudget::new(0.05);
        let extra = (0..1_000).filter(|_| {
            allowance.call();
            allowance.take()
        });
        assert_eq!(extra.count(), 51);
    }

    #[test]
    fn what_is_given_back_is_there_again() {
        let mut allowance = HedgeBudget::new(0.0);
        assert!(allowance.take() && !allowance.take());
        allowance.give_back();
        assert!(allowance.take() && !allowance.take());
        (0..20).for_each(|_| allowance.give_back());
        assert_eq!((0..100).filter(|_| allowance.take()).count(), 10);
    }

    #[test]
    fn a_quiet_hour_buys_ten() {
        let mut allowance = HedgeBudget::new(0.05);
        (0..10_000).for_each(|_| allowance.call());
        assert_eq!((0..100).filter(|_| allowance.take()).count(), 10);
    }
}
