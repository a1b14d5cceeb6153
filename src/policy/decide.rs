//! Decides after a failed attempt: stop, try the next candidate, or retry the same one.

use std::time::Duration;

use super::{
    backoff::Backoff,
    fault::{Fault, FaultKind, OtherCandidate, SameCandidate},
};

/// The most free retries of one candidate in one call, when it is the only one.
const MOST_FREE: u32 = 8;

/// What the decision depends on, besides the fault.
pub struct DecisionContext<'a> {
    /// Another candidate is ready that this failure does not exclude.
    pub alternative: bool,
    /// Another candidate is left that this failure does not exclude, ready or not.
    pub remaining: bool,
    /// `retry.failoverOn` lists this kind of failure.
    pub opted_in: bool,
    /// Retries of this candidate so far in this call.
    pub same_so_far: u32,
    /// Free retries of this candidate so far.
    pub free_so_far: u32,
    /// Retries left in this call.
    pub retries_left: u32,
    /// `retry.prefer` is `same`.
    pub prefer_same: bool,
    /// The longest Retry-After that `prefer_same` waits for.
    pub max_retry_after: Duration,
    pub backoff: &'a Backoff,
    pub jitter: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NextStep {
    /// The call fails with this failure.
    Stop,
    /// Try another candidate, if there is one.
    OtherCandidate,
    /// Retry the same candidate after a wait; a `free` one takes neither a retry nor retry budget.
    Retry { after: Duration, free: bool },
    /// Retry the same candidate when its cooldown is over, if the deadline allows it.
    RetryWhenReady,
}

pub fn decide(fault: &Fault, s: &DecisionContext<'_>) -> NextStep {
    let rule = fault.kind.rule();
    if rule.same == SameCandidate::Free {
        // The vendor has not processed the request, so a retry amplifies nothing: once, or several times for
        // the only candidate. A gateway that closes its connections every few requests rejects many in a row.
        // A request that may have been sent goes once to a new connection.
        let most = if s.alternative || fault.kind == FaultKind::Stale { 1 } else { MOST_FREE };
        if s.free_so_far < most {
            // The first at once; later ones after a pause, so that they do not meet the same closing
            // connection.
            let pause = if s.free_so_far == 0 { 0 } else { 1 << s.free_so_far };
            return NextStep::Retry { after: Duration::from_millis(pause), free: true };
        }
    }
    if !s.alternative
        && let Some(step) = last(rule.same, s)
    {
        return step;
    }
    let may_wait = s.retries_left > 0 && !fault.retry_forbidden;
    if may_wait
        && (!s.alternative || prefers_same(fault, s))
        && let Some(step) = retry_step(fault, rule.same, s)
    {
        return step;
    }
    next_or_stop(rule.next, s)
}

/// The retry of a later round, when no other candidate is left untried.
pub fn retry_decision(fault: &Fault, s: &DecisionContext<'_>) -> Option<NextStep> {
    let rule = fault.kind.rule();
    let charged =
        || (s.retries_left > 0 && !fault.retry_forbidden).then(|| retry_step(fault, rule.same, s)).flatten();
    last(rule.same, s).or_else(charged)
}

/// One free retry after our own `maxLatency` ended it, when no other candidate is left.
fn last(rule: SameCandidate, s: &DecisionContext<'_>) -> Option<NextStep> {
    (rule == SameCandidate::OnceIfNothingElse && s.free_so_far == 0)
        .then_some(NextStep::Retry { after: Duration::ZERO, free: true })
}

fn prefers_same(fault: &Fault, s: &DecisionContext<'_>) -> bool {
    s.prefer_same && fault.retry_after.is_none_or(|retry_after| retry_after <= s.max_retry_after)
}

fn retry_step(fault: &Fault, rule: SameCandidate, s: &DecisionContext<'_>) -> Option<NextStep> {
    let once = s.same_so_far == 0 || s.prefer_same;
    let wait = |floor| s.backoff.delay(s.same_so_far, floor, s.jitter);
    let after = match rule {
        SameCandidate::Never | SameCandidate::NewCredential | SameCandidate::OnceIfNothingElse => {
            return None;
        }
        // The free retries are used up.
        SameCandidate::Free => wait(Duration::ZERO),
        // The fault's cooldown is the wait.
        SameCandidate::AfterCooldown => return Some(NextStep::RetryWhenReady),
        SameCandidate::Once if once => fault.retry_after.unwrap_or_default(),
        SameCandidate::OnceBackoff if once => wait(Duration::ZERO).max(fault.retry_after.unwrap_or_default()),
        SameCandidate::Once | SameCandidate::OnceBackoff => return None,
    };
    Some(NextStep::Retry { after, free: false })
}

fn next_or_stop(next: OtherCandidate, s: &DecisionContext<'_>) -> NextStep {
    let moves_on = match next {
        OtherCandidate::Never => false,
        OtherCandidate::Any | OtherCandidate::OtherCredential | OtherCandidate::LargerLimit => true,
        OtherCandidate::LargerWindow => s.remaining,
        OtherCandidate::OptIn => s.opted_in && s.remaining,
    };
    if moves_on { NextStep::OtherCandidate } else { NextStep::Stop }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation(backoff: &Backoff) -> DecisionContext<'_> {
        DecisionContext {
            alternative: false,
            remaining: false,
            opted_in: false,
            same_so_far: 0,
            free_so_far: 0,
            retries_left: 2,
            prefer_same: false,
            max_retry_after: Duration::from_secs(5),
            backoff,
            jitter: 1.0,
        }
    }

    #[test]
    fn alone_and_with_an_alternative() {
        let backoff = Backoff::default();
        let ms = Duration::from_millis;
        let after = |d| NextStep::Retry { after: d, free: false };
        let free = NextStep::Retry { after: Duration::ZERO, free: true };
        use FaultKind::*;
        for (kind, alone, with_alternative) in [
            (Dns, after(ms(250)), NextStep::OtherCandidate),
            (Connect, after(ms(250)), NextStep::OtherCandidate),
            (Tls, after(ms(250)), NextStep::OtherCandidate),
            (ConnectTimeout, after(ms(250)), NextStep::OtherCandidate),
            (Unsent, free, free),
            (Stale, free, free),
            (Reset, after(ms(0)), NextStep::OtherCandidate),
            (RequestTimeout, after(ms(0)), NextStep::OtherCandidate),
            (Conflict, after(ms(250)), NextStep::OtherCandidate),
            (ServerError, after(ms(250)), NextStep::OtherCandidate),
            (Overloaded, NextStep::RetryWhenReady, NextStep::OtherCandidate),
            (RateLimited, NextStep::RetryWhenReady, NextStep::OtherCandidate),
            (TooLargeForLimit, NextStep::OtherCandidate, NextStep::OtherCandidate),
            (Quota, NextStep::OtherCandidate, NextStep::OtherCandidate),
            (Auth, NextStep::OtherCandidate, NextStep::OtherCandidate),
            (Permission, NextStep::OtherCandidate, NextStep::OtherCandidate),
            (NotFound, NextStep::OtherCandidate, NextStep::OtherCandidate),
            (BadRequest, NextStep::Stop, NextStep::Stop),
            (ContextLength, NextStep::Stop, NextStep::OtherCandidate),
            (ContentFilter, NextStep::Stop, NextStep::Stop),
            (HeadersTimeout, NextStep::OtherCandidate, NextStep::OtherCandidate),
            (FirstContentTimeout, NextStep::OtherCandidate, NextStep::OtherCandidate),
            (ContentTimeout, NextStep::OtherCandidate, NextStep::OtherCandidate),
            (LatencyLimit, free, NextStep::OtherCandidate),
            (Truncated, after(ms(250)), NextStep::OtherCandidate),
            (Malformed, after(ms(250)), NextStep::OtherCandidate),
        ] {
            let fault = Fault::new(kind, "");
            assert_eq!(decide(&fault, &situation(&backoff)), alone, "{kind:?} alone");
            let s = DecisionContext { alternative: true, remaining: true, ..situation(&backoff) };
            assert_eq!(decide(&fault, &s), with_alternative, "{kind:?} with an alternative");
        }
    }

    #[test]
    fn the_callers_mistakes_move_on_by_leave_only() {
        let backoff = Backoff::default();
        for kind in [FaultKind::BadRequest, FaultKind::ContentFilter] {
            let fault = Fault::new(kind, "");
            for (opted_in, remaining, expected) in [
                (false, true, NextStep::Stop),
                (true, true, NextStep::OtherCandidate),
                (true, false, NextStep::Stop),
            ] {
                let s =
                    DecisionContext { opted_in, remaining, alternative: remaining, ..situation(&backoff) };
                assert_eq!(decide(&fault, &s), expected, "{kind:?}");
            }
        }
    }

    #[test]
    fn should_retry_false_forbids_same_not_next() {
        let backoff = Backoff::default();
        let fault = Fault { retry_forbidden: true, ..Fault::new(FaultKind::ServerError, "") };
        assert_eq!(decide(&fault, &situation(&backoff)), NextStep::OtherCandidate);
    }

    #[test]
    fn what_a_limit_of_ours_cut_short_is_asked_again_when_nobody_else_is_left() {
        let backoff = Backoff::default();
        let slow = Fault::new(FaultKind::LatencyLimit, "");
        let free = NextStep::Retry { after: Duration::ZERO, free: true };
        // Even without a retry left: a patient client would have had its answer.
        let s = DecisionContext { retries_left: 0, ..situation(&backoff) };
        assert_eq!(retry_decision(&slow, &s), Some(free));
        let second = DecisionContext { free_so_far: 1, ..s };
        assert_eq!(
            (retry_decision(&slow, &second), decide(&slow, &second)),
            (None, NextStep::OtherCandidate)
        );
    }

    #[test]
    fn what_was_never_sent_is_sent_again() {
        let backoff = Backoff::default();
        let unsent = Fault::new(FaultKind::Unsent, "");
        let free = NextStep::Retry { after: Duration::ZERO, free: true };
        let again = |n, alternative| {
            decide(
                &unsent,
                &DecisionContext { free_so_far: n, alternative, retries_left: 0, ..situation(&backoff) },
            )
        };
        assert_eq!([again(0, true), again(1, true)], [free, NextStep::OtherCandidate]);
        let later = NextStep::Retry { after: Duration::from_millis(128), free: true };
        assert_eq!([again(7, false), again(8, false)], [later, NextStep::OtherCandidate]);
        let s = DecisionContext { free_so_far: 8, ..situation(&backoff) };
        let charged = NextStep::Retry { after: Duration::from_millis(250), free: false };
        assert_eq!(decide(&unsent, &s), charged, "retries of its own are left");
        assert_eq!(
            decide(&Fault::new(FaultKind::Stale, ""), &DecisionContext { free_so_far: 1, ..s }),
            charged
        );
    }

    #[test]
    fn the_same_one_is_asked_once_more_unless_it_is_preferred() {
        let backoff = Backoff::default();
        for kind in [FaultKind::Reset, FaultKind::ServerError] {
            for (same_so_far, prefer_same, asked) in
                [(0, false, true), (1, false, false), (0, true, true), (1, true, true)]
            {
                let s = DecisionContext { same_so_far, prefer_same, ..situation(&backoff) };
                let step = decide(&Fault::new(kind, ""), &s);
                assert_eq!(
                    matches!(step, NextStep::Retry { free: false, .. }),
                    asked,
                    "{kind:?} {same_so_far}"
                );
            }
        }
    }

    #[test]
    fn a_later_round_asks_whoever_may_be_asked_again() {
        let backoff = Backoff::default();
        let s = situation(&backoff);
        let fault = |kind| Fault::new(kind, "");
        let forbidden = Fault { retry_forbidden: true, ..fault(FaultKind::RateLimited) };
        let after = |ms| Some(NextStep::Retry { after: Duration::from_millis(ms), free: false });
        for (fault, retries_left, expected) in [
            (fault(FaultKind::RateLimited), 1, Some(NextStep::RetryWhenReady)),
            (fault(FaultKind::RateLimited), 0, None),
            (fault(FaultKind::ServerError), 1, after(250)),
            (fault(FaultKind::Reset), 1, after(0)),
            (fault(FaultKind::Quota), 1, None),
            (fault(FaultKind::HeadersTimeout), 1, None),
            (forbidden, 1, None),
        ] {
            let found = retry_decision(&fault, &DecisionContext { retries_left, ..situation(&backoff) });
            assert_eq!(found, expected, "{:?} with {retries_left} left", fault.kind);
        }
        assert_eq!(
            retry_decision(&fault(FaultKind::ServerError), &DecisionContext { same_so_far: 1, ..s }),
            None
        );
    }

    #[test]
    fn no_retries_left_means_next() {
        let backoff = Backoff::default();
        let s = DecisionContext { retries_left: 0, ..situation(&backoff) };
        assert_eq!(decide(&Fault::new(FaultKind::Connect, ""), &s), NextStep::OtherCandidate);
    }

    #[test]
    fn preferring_the_same_endpoint_honours_a_short_hint_only() {
        let backoff = Backoff::default();
        let s = DecisionContext { alternative: true, prefer_same: true, ..situation(&backoff) };
        let limited = |secs| Fault {
            retry_after: Some(Duration::from_secs(secs)),
            ..Fault::new(FaultKind::RateLimited, "")
        };
        assert_eq!(decide(&limited(4), &s), NextStep::RetryWhenReady);
        assert_eq!(decide(&limited(6), &s), NextStep::OtherCandidate);
        let twice = DecisionContext { same_so_far: 1, ..s };
        assert!(matches!(decide(&Fault::new(FaultKind::ServerError, ""), &twice), NextStep::Retry { .. }));
    }
}
