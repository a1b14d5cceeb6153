//! A cooldown: how long a scope gets no requests after a failure. It only ever extends.

use std::time::{Duration, Instant};

use super::{backoff::exponential, fault::CooldownScope};

#[derive(Default)]
pub struct Cooldown {
    until: Option<Instant>,
    /// When it was last set: failures of attempts that began before belong to the same episode.
    set_at: Option<Instant>,
    /// Episodes in a row without a success: the exponent without a Retry-After.
    streak: u32,
    /// A cooldown of minutes ends with a single recovery probe.
    recovery_probe: bool,
    /// The number of the running probe, and the last number given.
    probing: Option<u64>,
    probes: u64,
}

impl Cooldown {
    /// When it ends; `None` when it has ended.
    pub fn until(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| now < *until)
    }

    /// Whether it has ended and its recovery probe is running.
    pub fn probing(&self) -> bool {
        self.recovery_probe && self.probing.is_some()
    }

    /// Starts the recovery probe, if one is needed and none is running. Returns its number.
    pub fn begin_probe(&mut self) -> Option<u64> {
        if !self.recovery_probe || self.probing.is_some() {
            return None;
        }
        self.probes += 1;
        self.probing = Some(self.probes);
        self.probing
    }

    /// Ends a recovery probe. A probe from before the last extension is ignored.
    pub fn end_probe(&mut self, probe: u64) {
        self.probing = self.probing.filter(|other| *other != probe);
    }

    /// Extends the cooldown by the schedule of `scope`. `began` is when the failed attempt was sent, so that fifty
    /// calls that fail together count as one episode. Returns the new end if it moved.
    pub fn extend(
        &mut self,
        scope: CooldownScope,
        retry_after: Option<Duration>,
        began: Instant,
        now: Instant,
        jitter: f64,
    ) -> Option<Instant> {
        if scope == CooldownScope::None {
            return None;
        }
        let same_episode = self.set_at.is_some_and(|set| began < set);
        let n = if same_episode { self.streak.saturating_sub(1) } else { self.streak };
        let period = period(scope, retry_after, n, jitter.clamp(0.0, 1.0));
        if !same_episode {
            self.streak = self.streak.saturating_add(1);
            self.set_at = Some(now);
        } else if retry_after.is_none() {
            return None;
        }
        self.recovery_probe |= matches!(
            scope,
            CooldownScope::CredentialQuota | CooldownScope::CredentialAuth | CooldownScope::EndpointMissing
        );
        let end = now + period;
        if self.until.is_some_and(|until| until >= end) {
            return None;
        }
        self.until = Some(end);
        Some(end)
    }

    /// Records a success: the next episode starts from the first step. A running cooldown stays.
    /// The request was sent at `began`; a request from before the cooldown proves nothing.
    pub fn succeeded(&mut self, began: Instant) {
        if self.set_at.is_some_and(|set| began < set) {
            return;
        }
        self.streak = 0;
        self.recovery_probe = false;
        self.probing = None;
    }

    /// Lifts the cooldown: its cause is gone, as when a credential was replaced.
    pub fn lift(&mut self) {
        *self = Self { probes: self.probes, ..Self::default() };
    }
}

fn period(scope: CooldownScope, retry_after: Option<Duration>, n: u32, jitter: f64) -> Duration {
    let secs = Duration::from_secs;
    let minute = secs(60);
    match scope {
        CooldownScope::None => Duration::ZERO,
        // Our guess, not the vendor's request: short, for the breaker takes over soon.
        CooldownScope::Origin => exponential(Duration::from_millis(250), 2.0, n, secs(5)),
        CooldownScope::EndpointOverload => retry_after.map_or_else(
            || exponential(secs(2), 2.0, n, minute).mul_f64(0.5 + 0.5 * jitter),
            |retry_after| delayed(retry_after, jitter),
        ),
        CooldownScope::EndpointThrottle => retry_after
            .map_or_else(|| exponential(secs(1), 2.0, n, minute), |retry_after| delayed(retry_after, jitter)),
        CooldownScope::EndpointMissing => minute * 10,
        CooldownScope::CredentialQuota => retry_after.map_or_else(
            || exponential(minute * 5, 2.0, n, minute * 60),
            |retry_after| retry_after.max(minute * 5),
        ),
        CooldownScope::CredentialAuth => exponential(minute, 2.0, n, minute * 15),
    }
}

/// Up to a tenth later, so that no herd arrives when a Retry-After expires.
fn delayed(retry_after: Duration, jitter: f64) -> Duration {
    retry_after.mul_f64(1.0 + 0.1 * jitter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn schedules() {
        for (scope, expected) in [
            (CooldownScope::EndpointOverload, vec![2, 4, 8, 16, 32, 60, 60]),
            (CooldownScope::EndpointThrottle, vec![1, 2, 4, 8, 16, 32, 60]),
            (CooldownScope::EndpointMissing, vec![600, 600]),
            (CooldownScope::CredentialQuota, vec![300, 600, 1200, 2400, 3600, 3600]),
            (CooldownScope::CredentialAuth, vec![60, 120, 240, 480, 900, 900]),
        ] {
            let mut cooldown = Cooldown::default();
            let mut now = Instant::now();
            let mut delays = Vec::new();
            for _ in &expected {
                let end = cooldown.extend(scope, None, now, now, 1.0).expect("extends");
                delays.push((end - now).as_secs());
                now = end;
            }
            assert_eq!(delays, expected, "{scope:?}");
        }
    }

    #[test]
    fn hints_are_a_floor_and_never_early() {
        let now = Instant::now();
        for (scope, retry_after, jitter, expected) in [
            (CooldownScope::EndpointThrottle, 10, 0.0, 10_000),
            (CooldownScope::EndpointThrottle, 10, 1.0, 11_000),
            (CooldownScope::EndpointOverload, 7, 0.0, 7_000),
            (CooldownScope::EndpointOverload, 7, 1.0, 7_700),
            (CooldownScope::CredentialQuota, 10, 0.0, 300_000),
            (CooldownScope::CredentialQuota, 7200, 0.0, 7_200_000),
        ] {
            let end = Cooldown::default().extend(scope, Some(secs(retry_after)), now, now, jitter);
            assert_eq!(end.map(|e| (e - now).as_millis()), Some(expected), "{scope:?}");
        }
    }

    #[test]
    fn fifty_failures_together_are_one_episode() {
        let now = Instant::now();
        let mut cooldown = Cooldown::default();
        for i in 0..50 {
            cooldown.extend(
                CooldownScope::EndpointThrottle,
                None,
                now,
                now + Duration::from_millis(i + 1),
                0.0,
            );
        }
        assert_eq!(cooldown.until(now), Some(now + Duration::from_millis(1_001)));
    }

    #[test]
    fn what_was_sent_after_it_was_set_is_the_next_episode() {
        let now = Instant::now();
        for (began, periods) in [(now - secs(1), 1), (now, 2), (now + secs(1), 2)] {
            let mut cooldown = Cooldown::default();
            cooldown.extend(CooldownScope::EndpointThrottle, None, now, now, 0.0);
            let later = now + secs(2);
            let end = cooldown.extend(CooldownScope::EndpointThrottle, None, began, later, 0.0);
            assert_eq!(end, (periods == 2).then_some(later + secs(2)));
        }
    }

    #[test]
    fn it_is_over_at_its_end_and_when_it_is_lifted() {
        let now = Instant::now();
        let mut cooldown = Cooldown::default();
        let end = cooldown.extend(CooldownScope::CredentialAuth, None, now, now, 0.0).expect("extends");
        assert_eq!((cooldown.until(end - secs(1)), cooldown.until(end)), (Some(end), None));
        cooldown.lift();
        assert_eq!(cooldown.until(now), None);
        assert_eq!(cooldown.begin_probe(), None, "another key has nothing to show");
        assert_eq!(
            cooldown.extend(CooldownScope::CredentialAuth, None, now, now, 0.0),
            Some(end),
            "from the first step"
        );
    }

    #[test]
    fn a_later_smaller_hint_never_shortens_it() {
        let now = Instant::now();
        let mut cooldown = Cooldown::default();
        cooldown.extend(CooldownScope::EndpointThrottle, Some(secs(30)), now, now, 0.0);
        let later = now + secs(1);
        assert_eq!(cooldown.extend(CooldownScope::EndpointThrottle, Some(secs(1)), later, later, 0.0), None);
        assert_eq!(cooldown.until(later), Some(now + secs(30)));
    }

    #[test]
    fn what_was_parked_for_minutes_is_asked_by_one_first() {
        let now = Instant::now();
        for (scope, recovery_probe) in [
            (CooldownScope::CredentialQuota, true),
            (CooldownScope::CredentialAuth, true),
            (CooldownScope::EndpointMissing, true),
            (CooldownScope::EndpointThrottle, false),
            (CooldownScope::EndpointOverload, false),
            (CooldownScope::Origin, false),
        ] {
            let mut cooldown = Cooldown::default();
            assert_eq!(cooldown.begin_probe(), None, "nothing was parked");
            cooldown.extend(scope, None, now, now, 0.0);
            let first = cooldown.begin_probe();
            assert_eq!((first.is_some(), cooldown.probing()), (recovery_probe, recovery_probe), "{scope:?}");
            assert_eq!(cooldown.begin_probe(), None, "a second one");
            first.into_iter().for_each(|probe| cooldown.end_probe(probe));
            assert!(!cooldown.probing(), "nobody asks now");
            assert_eq!(cooldown.begin_probe().is_some(), recovery_probe, "the first showed nothing");
            first.into_iter().for_each(|probe| cooldown.end_probe(probe));
            assert_eq!(cooldown.probing(), recovery_probe, "its place is another's now");
            cooldown.succeeded(now);
            assert_eq!((cooldown.probing(), cooldown.begin_probe()), (false, None));
        }
    }

    #[test]
    fn only_what_was_asked_after_it_was_set_shows_that_it_is_over() {
        let now = Instant::now();
        for (before, probes) in [(true, 1), (false, 0)] {
            let mut cooldown = Cooldown::default();
            cooldown.extend(CooldownScope::CredentialQuota, None, now, now, 0.0);
            cooldown.succeeded(if before { now - secs(1) } else { now + secs(1) });
            assert_eq!(cooldown.begin_probe().into_iter().count(), probes, "asked before: {before}");
        }
    }

    #[test]
    fn a_probe_from_before_it_was_lifted_gives_nothing_back() {
        let now = Instant::now();
        let mut cooldown = Cooldown::default();
        let parked = |cooldown: &mut Cooldown| {
            cooldown.extend(CooldownScope::CredentialAuth, None, now, now, 0.0);
            cooldown.begin_probe().expect("the one place")
        };
        let old = parked(&mut cooldown);
        cooldown.lift();
        parked(&mut cooldown);
        cooldown.end_probe(old);
        assert!(cooldown.probing());
    }

    proptest! {
        #[test]
        fn it_only_extends(steps in proptest::collection::vec((0u64..5_000, proptest::option::of(0u64..90), 0.0f64..1.0), 1..100)) {
            let mut now = Instant::now();
            let mut cooldown = Cooldown::default();
            let mut end = None;
            for (wait, retry_after, jitter) in steps {
                now += Duration::from_millis(wait);
                cooldown.extend(CooldownScope::EndpointThrottle, retry_after.map(secs), now, now, jitter);
                prop_assert!(cooldown.until >= end);
                if let Some(retry_after) = retry_after {
                    prop_assert!(cooldown.until >= Some(now + secs(retry_after)));
                }
                end = cooldown.until;
            }
        }
    }
}
