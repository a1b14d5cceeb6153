use proptest::prelude::*;

use super::*;
use crate::base::rate_limit::Quota;

const SMALL: Demand = Demand { input: 100, max_output: Some(100) };

fn small() -> Demand {
    SMALL
}

fn limiter(rpm: Option<u32>, tpm: Option<u64>, max_concurrent: Option<u32>, now: Instant) -> Limiter {
    Limiter::new(RateLimits { rpm, tpm, max_concurrent }, now)
}

#[test]
fn nothing_configured_binds_nothing() {
    let now = Instant::now();
    let mut limiter = limiter(None, None, None, now);
    for _ in 0..10_000 {
        assert_eq!(limiter.shortage(|| unreachable!("no one counts tokens here"), 0, now), None);
        let _under_way = limiter.take(|| unreachable!("no one counts tokens here"), now);
    }
}

#[test]
fn requests_and_those_ahead_wait_their_turn() {
    let now = Instant::now();
    let mut limiter = limiter(Some(60), None, None, now);
    for _ in 0..60 {
        let _sent = limiter.take(small, now);
    }
    let wait = |ahead| match limiter.shortage(small, ahead, now) {
        Some(Shortage::For(wait)) => (wait.as_secs_f64() * 10.0).round() / 10.0,
        other => panic!("{other:?}"),
    };
    assert_eq!([wait(0), wait(1), wait(9)], [1.0, 2.0, 10.0]);
}

#[test]
fn what_is_left_shortens_the_queue() {
    let now = Instant::now();
    let mut limiter = limiter(Some(60), None, None, now);
    for _ in 0..57 {
        let _sent = limiter.take(small, now);
    }
    let wait = |ahead| limiter.shortage(small, ahead, now);
    assert_eq!([wait(0), wait(2)], [None, None]);
    assert!(matches!(wait(4), Some(Shortage::For(wait)) if wait.as_millis() == 2_000), "{:?}", wait(4));
}

#[test]
fn the_largest_request_is_what_fits_into_a_minute() {
    let now = Instant::now();
    assert_eq!(limiter(Some(60), None, None, now).largest(), None);
    let mut limiter = limiter(None, Some(1_000), None, now);
    assert_eq!(limiter.largest(), Some(1_000.0));
    let tokens = Quota { limit: 400.0, remaining: 400.0, reset: None };
    limiter.observe(ObservedLimits { requests: None, tokens: Some(tokens) }, now);
    assert_eq!(limiter.largest(), Some(400.0));
}

#[test]
fn an_estimate_learns_a_fifth_of_the_difference_and_nothing_from_nothing() {
    let now = Instant::now();
    let unlimited_answer = |input| Demand { input, max_output: None };
    for (input, used, factor, output) in [
        (100, (200, 20), 1.2, 404.0),
        // A factor of ten at most, in both directions.
        (100, (100_000, 500), 2.8, 500.0),
        (100, (1, 500), 0.82, 500.0),
        // Without an estimate, or without counted input.
        (0, (200, 500), 1.0, 500.0),
        (100, (0, 500), 1.0, 500.0),
    ] {
        let mut limiter = limiter(None, Some(1_000_000), None, now);
        let grant = limiter.take(|| unlimited_answer(input), now);
        limiter.settle(grant, GrantSettlement::Used(Some(used)), now);
        let cost = limiter.cost(unlimited_answer(1_000));
        assert!((cost - (1_000.0 * factor + output)).abs() < 1e-6, "{input} {used:?}: {cost}");
    }
}

#[test]
fn a_slot_is_waited_for() {
    let now = Instant::now();
    let mut limiter = limiter(None, None, Some(2), now);
    let first = limiter.take(small, now);
    assert_eq!(limiter.shortage(small, 0, now), None);
    assert_eq!(limiter.shortage(small, 1, now), Some(Shortage::Slot));
    let _second = limiter.take(small, now);
    assert_eq!(limiter.shortage(small, 0, now), Some(Shortage::Slot));
    limiter.settle(first, GrantSettlement::Unknown, now);
    assert_eq!(limiter.shortage(small, 0, now), None);
}

#[test]
fn settlements() {
    let now = Instant::now();
    for (settlement, requests, tokens) in [
        (GrantSettlement::Used(Some((30, 20))), 9.0, 950.0),
        (GrantSettlement::Used(Some((300, 200))), 9.0, 500.0),
        (GrantSettlement::Used(None), 9.0, 800.0),
        (GrantSettlement::RequestOnly, 9.0, 1_000.0),
        (GrantSettlement::Nothing, 10.0, 1_000.0),
        (GrantSettlement::Unknown, 9.0, 800.0),
    ] {
        let mut limiter = limiter(Some(10), Some(1_000), None, now);
        let grant = limiter.take(small, now);
        limiter.settle(grant, settlement, now);
        let [r, t] = limiter.levels(now).map(|l| l.expect("limited").1);
        assert_eq!((r, t), (requests, tokens), "{settlement:?}");
        assert_eq!(limiter.in_flight, 0);
    }
}

#[test]
fn what_was_sent_before_a_limit_was_known_is_not_charged_to_it() {
    let now = Instant::now();
    let mut limiter = limiter(None, None, None, now);
    let grant = limiter.take(small, now);
    let quota = Quota { limit: 1_000.0, remaining: 900.0, reset: None };
    limiter.observe(ObservedLimits { requests: None, tokens: Some(quota) }, now);
    limiter.settle(grant, GrantSettlement::Used(Some((300, 200))), now);
    assert_eq!(limiter.levels(now), [None, Some((1_000.0, 900.0))]);
}

#[test]
fn a_throttle_is_recent_for_a_minute() {
    let now = Instant::now();
    let mut limiter = limiter(None, None, None, now);
    assert!(!limiter.recently_throttled(now));
    limiter.throttled(now, now);
    let after = |ms| limiter.recently_throttled(now + Duration::from_millis(ms));
    assert_eq!([after(0), after(59_999), after(60_000), after(60_001)], [true, true, false, false]);
}

#[test]
fn answers_widen_what_a_throttle_narrowed() {
    let now = Instant::now();
    let mut limiter = limiter(None, None, None, now);
    let _under_way: Vec<Grant> = (0..10).map(|_| limiter.take(small, now)).collect();
    limiter.throttled(now, now);
    assert_eq!(limiter.concurrency(now), Some(1));
    limiter.answered(None, now);
    assert_eq!(limiter.concurrency(now), Some(2));
}

#[test]
fn usage_corrects_the_estimate() {
    let now = Instant::now();
    let mut limiter = limiter(None, Some(1_000_000), None, now);
    assert_eq!(limiter.expected(Demand { input: 100, max_output: None }), (100, 500));
    assert_eq!(limiter.cost(Demand { input: 100, max_output: None }), 600.0);
    for _ in 0..60 {
        let grant = limiter.take(|| Demand { input: 100, max_output: None }, now);
        limiter.settle(grant, GrantSettlement::Used(Some((150, 20))), now);
    }
    assert_eq!(limiter.expected(Demand { input: 200, max_output: None }), (300, 20));
    assert_eq!(limiter.expected(Demand { input: 200, max_output: Some(7) }), (300, 7));
}

#[test]
fn headers_teach_a_limit_that_nobody_configured() {
    let now = Instant::now();
    let mut limiter = limiter(None, None, None, now);
    let quota = Quota { limit: 10.0, remaining: 0.0, reset: Some(Duration::from_secs(60)) };
    limiter.observe(ObservedLimits { requests: Some(quota), tokens: None }, now);
    let Some(Shortage::For(wait)) = limiter.shortage(small, 0, now) else { panic!("not limited") };
    assert_eq!(wait.as_secs(), 6);
    assert_eq!(limiter.shortage(small, 0, now + wait), None);
    limiter.answered(None, now + Duration::from_secs(1));
    assert!(
        limiter.shortage(small, 0, now + Duration::from_secs(1)).is_some(),
        "what was taught lately binds"
    );
    let later = now + Duration::from_secs(11);
    let mut taken = |now| {
        limiter.answered(None, now);
        (0..20).map(|_| limiter.take(small, now)).for_each(drop);
        limiter.shortage(small, 0, now)
    };
    assert_eq!(taken(later), None, "what is not repeated does not");
}

#[test]
fn a_throttle_narrows_and_is_forgotten() {
    let now = Instant::now();
    let mut limiter = limiter(None, None, Some(100), now);
    let mut grants: Vec<Grant> = (0..10).map(|_| limiter.take(small, now)).collect();
    limiter.throttled(now, now);
    for grant in grants.drain(..) {
        limiter.settle(grant, GrantSettlement::RequestOnly, now);
    }
    assert_eq!(limiter.concurrency(now), Some(1));
    let ends = now + Duration::from_secs(60);
    assert_eq!((limiter.throttle_ends(now), limiter.throttle_ends(ends)), (Some(ends), None));
    assert_eq!(limiter.concurrency(ends), Some(100));
}

#[test]
fn a_guess_that_turns_requests_away_gives_way() {
    let now = Instant::now();
    let mut limiter = limiter(None, None, None, now);
    let guess = |limiter: &Limiter| limiter.expected(Demand::default()).1;
    let long = limiter.take(small, now);
    limiter.settle(long, GrantSettlement::Used(Some((1, 20_500))), now);
    assert_eq!(guess(&limiter), 4_500);
    limiter.doubt();
    assert_eq!(guess(&limiter), 4_300);
    (0..500).for_each(|_| limiter.doubt());
    assert_eq!(guess(&limiter), 500);
    let short = limiter.take(small, now);
    limiter.settle(short, GrantSettlement::Used(Some((1, 0))), now);
    limiter.doubt();
    assert_eq!(guess(&limiter), 400, "what is below the first guess turns nobody away by it");
    let absurd = limiter.take(small, now);
    limiter.settle(absurd, GrantSettlement::Used(Some((1, u64::MAX))), now);
    assert_eq!(guess(&limiter), 200_320);
    assert_eq!(limiter.in_flight(), 0);
    let _three = [(); 3].map(|()| limiter.take(small, now));
    assert_eq!(limiter.in_flight(), 3);
}

#[test]
fn a_long_stream_keeps_nobody_out_after_a_throttle() {
    let now = Instant::now();
    let mut limiter = limiter(None, None, None, now);
    let mut stream = limiter.take(small, now);
    limiter.answered(Some(&mut stream), now);
    let throttled = limiter.take(small, now);
    limiter.throttled(now, now);
    limiter.settle(throttled, GrantSettlement::RequestOnly, now);
    assert_eq!(limiter.concurrency(now), Some(1));
    assert_eq!(limiter.shortage(small, 0, now), None, "the stream is no request that waits");
    assert_eq!(limiter.shortage(small, 1, now), Some(Shortage::Slot), "whoever is before takes the place");
    let asked = limiter.take(small, now);
    assert_eq!(limiter.shortage(small, 0, now), Some(Shortage::Slot), "one at a time");
    // First content counts once, however often it is reported.
    limiter.answered(Some(&mut stream), now);
    assert_eq!((limiter.in_flight, limiter.pending), (2, 1));
    limiter.settle(asked, GrantSettlement::Used(None), now);
    limiter.settle(stream, GrantSettlement::Used(None), now);
    assert_eq!((limiter.in_flight, limiter.pending), (0, 0));
}

#[derive(Clone, Debug)]
enum Action {
    Send(u64, Option<u64>),
    End(u8, u64),
    Wait(u64),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        (1u64..300, proptest::option::of(1u64..300)).prop_map(|(i, o)| Action::Send(i, o)),
        (0u8..4, 0u64..600).prop_map(|(how, used)| Action::End(how, used)),
        (0u64..20_000).prop_map(Action::Wait),
    ];
    proptest::collection::vec(action, 0..200)
}

proptest! {
    // Against a naive recount: running requests never exceed the limit, grants never exceed the refill, and a
    // reported shortage ends when it says.
    #[test]
    fn equals_a_naive_recount(actions in actions()) {
        let start = Instant::now();
        let mut now = start;
        let (rpm, tpm, most) = (30u32, 3_000u64, 5u32);
        let mut limiter = limiter(Some(rpm), Some(tpm), Some(most), now);
        let mut under_way: Vec<(Grant, Demand)> = Vec::new();
        let mut requests = 0.0;
        for action in actions {
            match action {
                Action::Wait(ms) => now += Duration::from_millis(ms),
                Action::Send(input, max_output) => {
                    let demand = Demand { input, max_output };
                    match limiter.shortage(|| demand, 0, now) {
                        None => {
                            under_way.push((limiter.take(|| demand, now), demand));
                            requests += 1.0;
                        }
                        Some(Shortage::Slot) => prop_assert_eq!(under_way.len(), most as usize),
                        Some(Shortage::For(wait)) => {
                            let later = limiter.shortage(|| demand, 0, now + wait);
                            prop_assert!(matches!(later, None | Some(Shortage::Slot)), "{later:?}");
                        }
                    }
                }
                Action::End(how, used) => {
                    let Some((grant, _)) = (!under_way.is_empty()).then(|| under_way.remove(0)) else { continue };
                    let settlement = match how {
                        0 => GrantSettlement::Used(Some((used / 2, used / 2))),
                        1 => GrantSettlement::RequestOnly,
                        2 => { requests -= 1.0; GrantSettlement::Nothing }
                        _ => GrantSettlement::Unknown,
                    };
                    limiter.settle(grant, settlement, now);
                }
            }
            prop_assert_eq!(limiter.in_flight as usize, under_way.len());
            let [r, t] = limiter.levels(now).map(|l| l.expect("limited"));
            prop_assert!(r.1 <= f64::from(rpm) && t.1 <= tpm as f64);
            let flowed = f64::from(rpm) * (1.0 + now.duration_since(start).as_secs_f64() / 60.0);
            prop_assert!(requests <= flowed + 1e-3);
        }
    }
}
