use proptest::prelude::*;

use super::*;

const FAILURE: AttemptVerdict = AttemptVerdict::Failed(BreakerWeight::Failure);

fn after(start: Instant, ms: u64) -> Instant {
    start + Duration::from_millis(ms)
}

fn opened(start: Instant) -> Breaker {
    let mut breaker = Breaker::new(BreakerConfig::default(), start);
    for _ in 0..3 {
        let permit = breaker.admit(start).expect("closed admits");
        breaker.record(permit, FAILURE, start, 1.0);
    }
    assert_eq!(breaker.state(start), BreakerState::Open);
    breaker
}

#[test]
fn opens_on_three_consecutive_failures_only() {
    let now = Instant::now();
    let mut breaker = Breaker::new(BreakerConfig::default(), now);
    for verdict in [FAILURE, FAILURE, AttemptVerdict::Success, FAILURE, FAILURE] {
        let permit = breaker.admit(now).expect("closed admits");
        assert_eq!(breaker.record(permit, verdict, now, 0.5), None);
    }
    let permit = breaker.admit(now).expect("closed admits");
    assert_eq!(breaker.record(permit, FAILURE, now, 0.5), Some(BreakerState::Open));
}

#[test]
fn ratio_failures_open_it_at_half_of_ten() {
    let now = Instant::now();
    let mut breaker = Breaker::new(BreakerConfig::default(), now);
    for i in 0..9 {
        let permit = breaker.admit(now).expect("closed admits");
        let verdict =
            if i % 2 == 0 { AttemptVerdict::Failed(BreakerWeight::Ratio) } else { AttemptVerdict::Success };
        assert_eq!(breaker.record(permit, verdict, now, 0.5), None);
    }
    let permit = breaker.admit(now).expect("closed admits");
    assert_eq!(
        breaker.record(permit, AttemptVerdict::Failed(BreakerWeight::Ratio), now, 0.5),
        Some(BreakerState::Open)
    );
}

#[test]
fn four_failures_of_ten_are_not_half() {
    let now = Instant::now();
    let mut breaker = Breaker::new(BreakerConfig::default(), now);
    for i in 0..10 {
        let permit = breaker.admit(now).expect("closed admits");
        let verdict =
            if i < 6 { AttemptVerdict::Success } else { AttemptVerdict::Failed(BreakerWeight::Ratio) };
        assert_eq!(breaker.record(permit, verdict, now, 0.5), None);
    }
}

#[test]
fn what_it_says_of_itself() {
    let start = Instant::now();
    let mut breaker = opened(start);
    let until = after(start, 5_000);
    assert_eq!(breaker.consecutive_failures(), 3);
    assert_eq!(
        (breaker.state(after(start, 4_999)), breaker.state(until)),
        (BreakerState::Open, BreakerState::HalfOpen)
    );
    assert!(!breaker.probing(until), "nobody has asked");
    let probe = breaker.admit(until).expect("the period is over");
    assert!(breaker.probing(until) && breaker.probing(until + PERMIT_DEADLINE - Duration::from_millis(1)));
    assert!(!breaker.probing(until + PERMIT_DEADLINE), "it is lost");
    breaker.record(probe, AttemptVerdict::Success, until, 0.5);
    assert_eq!(breaker.state(until), BreakerState::Closed);
    assert!(!breaker.probing(until) && !breaker.admit(until).expect("closed admits").is_probe());
}

#[test]
fn proof_from_outside_closes_it() {
    let now = Instant::now();
    let mut breaker = opened(now);
    assert_eq!(breaker.proven(now), Some(BreakerState::Closed));
    assert!(breaker.admit(now).is_ok() && breaker.is_ramping(now));
    assert_eq!(breaker.proven(now), None, "it was closed");
    // Failures before the proof of health no longer count.
    for expected in [None, None] {
        let permit = breaker.admit(now).expect("closed admits");
        assert_eq!(breaker.record(permit, FAILURE, now, 0.5), expected);
    }
    breaker.proven(now);
    let permit = breaker.admit(now).expect("closed admits");
    assert_eq!(breaker.record(permit, FAILURE, now, 0.5), None);
}

#[test]
fn the_lower_half_of_an_open_period_is_fixed() {
    let now = Instant::now();
    for (jitter, ms) in [(0.0, 2_500), (0.5, 3_750), (1.0, 5_000), (7.0, 5_000)] {
        let mut breaker = Breaker::new(BreakerConfig::default(), now);
        for _ in 0..3 {
            let permit = breaker.admit(now).expect("closed admits");
            breaker.record(permit, FAILURE, now, jitter);
        }
        assert_eq!(breaker.ready_at(now), Some(after(now, ms)), "{jitter}");
    }
}

#[test]
fn a_period_that_is_over_needs_no_leave_to_be_early() {
    let start = Instant::now();
    let config = BreakerConfig {
        failure_threshold: 1,
        recovery_timeout: Duration::from_secs(1),
        ..Default::default()
    };
    let mut breaker = Breaker::new(config, start);
    let permit = breaker.admit(start).expect("closed admits");
    breaker.record(permit, FAILURE, start, 1.0);
    let early = breaker.admit_early(start).expect("never tried early");
    breaker.record(early, FAILURE, start, 1.0);
    assert!(breaker.admit_early(after(start, 1_999)).is_none(), "the last early probe was two seconds ago");
    assert!(breaker.admit_early(after(start, 2_000)).is_some(), "its time has come");
}

#[test]
fn neutral_outcomes_change_nothing() {
    let now = Instant::now();
    let mut breaker = Breaker::new(BreakerConfig::default(), now);
    for _ in 0..100 {
        let permit = breaker.admit(now).expect("closed admits");
        assert_eq!(breaker.record(permit, AttemptVerdict::Failed(BreakerWeight::Neutral), now, 0.5), None);
    }
    assert_eq!(breaker.consecutive_failures(), 0);
}

#[test]
fn one_probe_at_a_time_and_success_closes() {
    let start = Instant::now();
    let mut breaker = opened(start);
    assert!(breaker.admit(after(start, 4_999)).is_err());
    let now = after(start, 5_000);
    let probe = breaker.admit(now).expect("the period is over");
    assert!(probe.is_probe());
    for _ in 0..50 {
        assert!(breaker.admit(now).is_err(), "a second probe");
    }
    assert_eq!(breaker.record(probe, AttemptVerdict::Success, now, 0.5), Some(BreakerState::Closed));
    assert!(breaker.admit(now).is_ok());
}

#[test]
fn an_aborted_probe_does_not_lock_it() {
    let start = Instant::now();
    let mut breaker = opened(start);
    let now = after(start, 5_000);
    let probe = breaker.admit(now).expect("the period is over");
    breaker.release(probe);
    assert!(breaker.admit(now).expect("probe-ready again").is_probe());
}

#[test]
fn an_early_probe_that_is_aborted_leaves_it_open() {
    let start = Instant::now();
    let mut breaker = opened(start);
    let now = after(start, 100);
    let probe = breaker.admit_early(now).expect("not tested yet");
    breaker.release(probe);
    assert_eq!((breaker.state(now), breaker.ready_at(now)), (BreakerState::Open, Some(after(start, 5_000))));
    assert!(breaker.admit(now).is_err(), "regular calls wait as before");
    assert!(breaker.admit_early(now).expect("it was not tested").is_probe());
}

#[test]
fn a_lost_permit_expires() {
    let start = Instant::now();
    let mut breaker = opened(start);
    let now = after(start, 5_000);
    let lost = breaker.admit(now).expect("the period is over");
    let later = now + PERMIT_DEADLINE;
    let second = breaker.admit(later).expect("the lost permit expired");
    assert_eq!(
        breaker.record(lost, AttemptVerdict::Success, later, 0.5),
        None,
        "a straggler decides nothing"
    );
    assert_eq!(breaker.record(second, AttemptVerdict::Success, later, 0.5), Some(BreakerState::Closed));
}

#[test]
fn failed_probes_double_the_period_to_the_cap() {
    let start = Instant::now();
    let mut breaker = opened(start);
    let mut now = start;
    let mut periods = Vec::new();
    for _ in 0..6 {
        let until = breaker.ready_at(now).expect("open");
        periods.push((until - now).as_secs());
        now = until;
        let probe = breaker.admit(now).expect("the period is over");
        assert_eq!(
            breaker.record(probe, AttemptVerdict::Failed(BreakerWeight::Ratio), now, 1.0),
            Some(BreakerState::Open)
        );
    }
    assert_eq!(periods, [5, 10, 20, 40, 60, 60]);
}

#[test]
fn load_comes_back_in_steps() {
    let start = Instant::now();
    let mut breaker = opened(start);
    let closed = after(start, 5_000);
    let probe = breaker.admit(closed).expect("the period is over");
    breaker.record(probe, AttemptVerdict::Success, closed, 0.5);
    let admitted =
        |breaker: &mut Breaker, ms| (0..100).filter(|_| breaker.ramp_admits(after(closed, ms))).count();
    assert_eq!(admitted(&mut breaker, 0), 10);
    assert_eq!(admitted(&mut breaker, 4_999), 10);
    assert_eq!(admitted(&mut breaker, 5_000), 50);
    assert!(breaker.is_ramping(after(closed, 9_999)));
    assert_eq!(admitted(&mut breaker, 10_000), 100);
    assert!(!breaker.is_ramping(after(closed, 10_000)));
    assert!(!Breaker::new(BreakerConfig::default(), start).is_ramping(start), "it was never open");
}

#[test]
fn one_that_flaps_is_left_alone_longer_each_time() {
    let start = Instant::now();
    let mut breaker = opened(start);
    let mut now = start;
    let mut periods = Vec::new();
    for wait in [0, 0, 0, 10] {
        let until = breaker.ready_at(now).expect("open");
        periods.push((until - now).as_secs());
        now = until;
        let probe = breaker.admit(now).expect("the period is over");
        breaker.record(probe, AttemptVerdict::Success, now, 1.0);
        // The last time it stays healthy until the ramp is over.
        now += Duration::from_secs(wait);
        for _ in 0..3 {
            let permit = breaker.admit(now).expect("closed admits");
            breaker.record(permit, FAILURE, now, 1.0);
        }
    }
    periods.push((breaker.ready_at(now).expect("open") - now).as_secs());
    assert_eq!(periods, [5, 10, 20, 40, 5]);
}

#[test]
fn an_early_probe_comes_once_in_five_seconds() {
    let start = Instant::now();
    let mut breaker = opened(start);
    let early = breaker.admit_early(after(start, 10)).expect("never tried early");
    assert!(breaker.admit_early(after(start, 11)).is_none(), "one at a time");
    breaker.record(early, FAILURE, after(start, 20), 1.0);
    assert!(breaker.admit(after(start, 30)).is_err());
    assert!(breaker.admit_early(after(start, 30)).is_none(), "the last early probe was 20 ms ago");
    assert!(breaker.admit_early(after(start, 5_010)).is_some());
}

#[test]
fn stragglers_of_the_closed_state_do_not_extend_an_open_one() {
    let start = Instant::now();
    let mut breaker = Breaker::new(BreakerConfig::default(), start);
    let permits: Vec<_> = (0..50).map(|_| breaker.admit(start).expect("closed admits")).collect();
    let mut changes = 0;
    for permit in permits {
        changes += usize::from(breaker.record(permit, FAILURE, start, 1.0).is_some());
    }
    assert_eq!(changes, 1);
    assert_eq!(breaker.ready_at(start), Some(after(start, 5_000)));
}

proptest! {
    // Whatever happened before, a request is admitted after finite time without traffic, and two live probes
    // never run at once.
    #[test]
    fn it_never_locks(steps in proptest::collection::vec((0u64..20_000, 0u8..5, any::<bool>()), 0..300)) {
        let start = Instant::now();
        let mut breaker = Breaker::new(BreakerConfig::default(), start);
        let mut now = start;
        let mut out: Vec<Permit> = Vec::new();
        for (wait, action, early) in steps {
            now += Duration::from_millis(wait);
            let given = if early { breaker.admit_early(now) } else { breaker.admit(now).ok() };
            out.extend(given);
            let current = out.iter().filter(|p| p.is_probe() && p.epoch == breaker.epoch).count();
            prop_assert!(current <= 1);
            if let Some(permit) = (!out.is_empty()).then(|| out.remove(0)) {
                match action {
                    0 => { breaker.record(permit, AttemptVerdict::Success, now, 0.5); }
                    1 => { breaker.record(permit, FAILURE, now, 0.5); }
                    2 => { breaker.record(permit, AttemptVerdict::Failed(BreakerWeight::Ratio), now, 0.5); }
                    3 => breaker.release(permit),
                    _ => {} // lost
                }
            }
        }
        prop_assert!(breaker.admit(now + PERMIT_DEADLINE + Duration::from_secs(60)).is_ok());
    }
}

#[test]
fn other_settings_change_what_comes_and_not_where_it_stands() {
    let start = Instant::now();
    let mut breaker = Breaker::new(BreakerConfig { failure_threshold: 1, ..BreakerConfig::default() }, start);
    let permit = breaker.admit(start).expect("closed");
    breaker.record(permit, AttemptVerdict::Failed(BreakerWeight::Failure), start, 0.5);
    assert_eq!(breaker.state(start), BreakerState::Open);
    let ready = breaker.ready_at(start);
    let patient =
        BreakerConfig { failure_threshold: 2, window: Duration::from_secs(5), ..BreakerConfig::default() };
    breaker.reconfigure(&patient, start);
    assert_eq!((breaker.state(start), breaker.ready_at(start)), (BreakerState::Open, ready));
    let mut closed = Breaker::new(BreakerConfig { failure_threshold: 1, ..BreakerConfig::default() }, start);
    closed.reconfigure(&patient, start);
    for expected in [BreakerState::Closed, BreakerState::Open] {
        let permit = closed.admit(start).expect("closed");
        closed.record(permit, AttemptVerdict::Failed(BreakerWeight::Failure), start, 0.5);
        assert_eq!(closed.state(start), expected);
    }
}
