//! Counts over a sliding span of time, in slices: exact to a thirtieth of the span, and bounded.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

const SLICES: u32 = 30;

/// Two counts: all, and the special ones among them.
#[derive(Default)]
pub struct SlidingCounts {
    slices: VecDeque<(Instant, u32, u32)>,
    total: u32,
    special: u32,
}

impl SlidingCounts {
    pub fn add(&mut self, special: bool, span: Duration, now: Instant) {
        self.forget(span, now);
        let special = u32::from(special);
        match self.slices.back_mut() {
            Some((begun, all, some)) if now.saturating_duration_since(*begun) < span / SLICES => {
                *all = all.saturating_add(1);
                *some = some.saturating_add(special);
            }
            _ => self.slices.push_back((now, 1, special)),
        }
        self.total = self.total.saturating_add(1);
        self.special = self.special.saturating_add(special);
    }

    /// Drops what is older than the span.
    pub fn forget(&mut self, span: Duration, now: Instant) {
        while let Some(&(begun, all, some)) = self.slices.front() {
            if now.saturating_duration_since(begun) < span {
                return;
            }
            self.slices.pop_front();
            self.total = self.total.saturating_sub(all);
            self.special = self.special.saturating_sub(some);
        }
    }

    /// All, and the special ones among them.
    pub fn counts(&self) -> (u32, u32) {
        (self.total, self.special)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_young_enough_and_stays_small() {
        let (begin, span) = (Instant::now(), Duration::from_secs(300));
        let mut window = SlidingCounts::default();
        for s in 0..3_000 {
            window.add(s % 10 == 0, span, begin + Duration::from_secs(s));
            assert!(window.slices.len() <= SLICES as usize + 1);
        }
        let (all, some) = window.counts();
        assert!((290..=300).contains(&all) && (29..=30).contains(&some), "{all} {some}");
        window.forget(span, begin + Duration::from_secs(4_000));
        assert_eq!(window.counts(), (0, 0));
    }
}
