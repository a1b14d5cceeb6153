//! After a failed attempt: stop, go to the next candidate, or ask the same one again.

use std::time::Duration;

use super::{
    backoff::Backoff,
    fault::{Fault, Kind, Next, Same},
};

/// Free retries of one candidate in one call, when it is the only one.
const MOST_FREE: u32 = 8;

/// What the call knows when an attempt has failed.
pub struct Situation<'a> {
    /// Another candidate is ready that this failure does not rule out.
    pub alternative: bool,
    /// One is left that this failure does not rule out, ready or not.
    pub remaining: bool,
    /// The user wants another candidate asked after a failure of this kind.
    pub opted_in: bool,
    /// Retries of this candidate so far in this call.
    pub same_so_far: u32,
    /// Free retries of this candidate so far.
    pub free_so_far: u32,
    /// Retries left in this call.
    pub retries_left: u32,
    /// The user prefers the same endpoint to the next.
    pub prefer_same: bool,
    /// The longest hint that `prefer_same` honours.
    pub max_retry_after: Duration,
    pub backoff: &'a Backoff,
    pub jitter: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// The failure is the call's result.
    Stop,
    /// Another candidate, if there is one.
    Next,
    /// The same candidate, after a wait; `free` costs neither a retry nor budget.
    Same { after: Duration, free: bool },
    /// The same candidate once its cooldown is over, if the deadline allows it.
    SameWhenReady,
}

pub fn decide(fault: &Fault, s: &Situation<'_>) -> Step {
    let rule = fault.kind.rule();
    if rule.same == Same::Free {
        // The vendor saw nothing, so that asking again amplifies nothing: once, or more often when there is
        // nobody else. A gateway that ends its connections every few requests turns many away in a row.
        // What may have been sent goes once to a new connection.
        let most = if s.alternative || fault.kind == Kind::Stale { 1 } else { MOST_FREE };
        if s.free_so_far < most {
            // At once; later ones a moment apart, so that they do not meet the same dying connection.
            let pause = if s.free_so_far == 0 { 0 } else { 1 << s.free_so_far };
            return Step::Same { after: Duration::from_millis(pause), free: true };
        }
    }
    if !s.alternative
        && let Some(step) = last(rule.same, s)
    {
        return step;
    }
    let may_wait = s.retries_left > 0 && !fault.same_forbidden;
    if may_wait
        && (!s.alternative || prefers_same(fault, s))
        && let Some(step) = same(fault, rule.same, s)
    {
        return step;
    }
    next_or_stop(rule.next, s)
}

/// The wait before asking again on a later round, when no other candidate is left untried.
pub fn again(fault: &Fault, s: &Situation<'_>) -> Option<Step> {
    let rule = fault.kind.rule();
    let charged =
        || (s.retries_left > 0 && !fault.same_forbidden).then(|| same(fault, rule.same, s)).flatten();
    last(rule.same, s).or_else(charged)
}

/// Nobody else is left for what a limit of ours cut short.
fn last(rule: Same, s: &Situation<'_>) -> Option<Step> {
    (rule == Same::Last && s.free_so_far == 0).then_some(Step::Same { after: Duration::ZERO, free: true })
}

fn prefers_same(fault: &Fault, s: &Situation<'_>) -> bool {
    s.prefer_same && fault.hint.is_none_or(|hint| hint <= s.max_retry_after)
}

fn same(fault: &Fault, rule: Same, s: &Situation<'_>) -> Option<Step> {
    let once = s.same_so_far == 0 || s.prefer_same;
    let wait = |floor| s.backoff.delay(s.same_so_far, floor, s.jitter);
    let after = match rule {
        Same::Never | Same::NewCredential | Same::Last => return None,
        // The free ones are used up.
        Same::Free => wait(Duration::ZERO),
        // Parked by the same fault: the cooldown is the wait.
        Same::AfterCooldown => return Some(Step::SameWhenReady),
        Same::Once if once => fault.hint.unwrap_or_default(),
        Same::OnceBackoff if once => wait(Duration::ZERO).max(fault.hint.unwrap_or_default()),
        Same::Once | Same::OnceBackoff => return None,
    };
    Some(Step::Same { after, free: false })
}

fn next_or_stop(next: Next, s: &Situation<'_>) -> Step {
    let moves_on = match next {
        Next::No => false,
        Next::Yes | Next::OtherCredential | Next::LargerLimit => true,
        Next::LargerWindow => s.remaining,
        Next::OptIn => s.opted_in && s.remaining,
    };
    if moves_on { Step::Next } else { Step::Stop }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation(backoff: &Backoff) -> Situation<'_> {
        Situation {
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
        let after = |d| Step::Same { after: d, free: false };
        let free = Step::Same { after: Duration::ZERO, free: true };
        use Kind::*;
        for (kind, alone, with_alternative) in [
            (Dns, after(ms(250)), Step::Next),
            (Connect, after(ms(250)), Step::Next),
            (Tls, after(ms(250)), Step::Next),
            (ConnectTimeout, after(ms(250)), Step::Next),
            (Unsent, free, free),
            (Stale, free, free),
            (Reset, after(ms(0)), Step::Next),
            (RequestTimeout, after(ms(0)), Step::Next),
            (Conflict, after(ms(250)), Step::Next),
            (ServerError, after(ms(250)), Step::Next),
            (Overloaded, Step::SameWhenReady, Step::Next),
            (RateLimited, Step::SameWhenReady, Step::Next),
            (TooLargeForLimit, Step::Next, Step::Next),
            (Quota, Step::Next, Step::Next),
            (Auth, Step::Next, Step::Next),
            (Permission, Step::Next, Step::Next),
            (NotFound, Step::Next, Step::Next),
            (BadRequest, Step::Stop, Step::Stop),
            (ContextLength, Step::Stop, Step::Next),
            (ContentFilter, Step::Stop, Step::Stop),
            (HeadersTimeout, Step::Next, Step::Next),
            (FirstContentTimeout, Step::Next, Step::Next),
            (ContentTimeout, Step::Next, Step::Next),
            (LatencyLimit, free, Step::Next),
            (Truncated, after(ms(250)), Step::Next),
            (Malformed, after(ms(250)), Step::Next),
        ] {
            let fault = Fault::new(kind, "");
            assert_eq!(decide(&fault, &situation(&backoff)), alone, "{kind:?} alone");
            let s = Situation { alternative: true, remaining: true, ..situation(&backoff) };
            assert_eq!(decide(&fault, &s), with_alternative, "{kind:?} with an alternative");
        }
    }

    #[test]
    fn the_callers_mistakes_move_on_by_leave_only() {
        let backoff = Backoff::default();
        for kind in [Kind::BadRequest, Kind::ContentFilter] {
            let fault = Fault::new(kind, "");
            for (opted_in, remaining, expected) in
                [(false, true, Step::Stop), (true, true, Step::Next), (true, false, Step::Stop)]
            {
                let s = Situation { opted_in, remaining, alternative: remaining, ..situation(&backoff) };
                assert_eq!(decide(&fault, &s), expected, "{kind:?}");
            }
        }
    }

    #[test]
    fn should_retry_false_forbids_same_not_next() {
        let backoff = Backoff::default();
        let fault = Fault { same_forbidden: true, ..Fault::new(Kind::ServerError, "") };
        assert_eq!(decide(&fault, &situation(&backoff)), Step::Next);
    }

    #[test]
    fn what_a_limit_of_ours_cut_short_is_asked_again_when_nobody_else_is_left() {
        let backoff = Backoff::default();
        let slow = Fault::new(Kind::LatencyLimit, "");
        let free = Step::Same { after: Duration::ZERO, free: true };
        // Even without a retry left: a patient client would have had its answer.
        let s = Situation { retries_left: 0, ..situation(&backoff) };
        assert_eq!(again(&slow, &s), Some(free));
        let second = Situation { free_so_far: 1, ..s };
        assert_eq!((again(&slow, &second), decide(&slow, &second)), (None, Step::Next));
    }

    #[test]
    fn what_was_never_sent_is_sent_again() {
        let backoff = Backoff::default();
        let unsent = Fault::new(Kind::Unsent, "");
        let free = Step::Same { after: Duration::ZERO, free: true };
        let again = |n, alternative| {
            decide(
                &unsent,
                &Situation { free_so_far: n, alternative, retries_left: 0, ..situation(&backoff) },
            )
        };
        assert_eq!([again(0, true), again(1, true)], [free, Step::Next]);
        let later = Step::Same { after: Duration::from_millis(128), free: true };
        assert_eq!([again(7, false), again(8, false)], [later, Step::Next]);
        let s = Situation { free_so_far: 8, ..situation(&backoff) };
        let charged = Step::Same { after: Duration::from_millis(250), free: false };
        assert_eq!(decide(&unsent, &s), charged, "retries of its own are left");
        assert_eq!(decide(&Fault::new(Kind::Stale, ""), &Situation { free_so_far: 1, ..s }), charged);
    }

    #[test]
    fn the_same_one_is_asked_once_more_unless_it_is_preferred() {
        let backoff = Backoff::default();
        for kind in [Kind::Reset, Kind::ServerError] {
            for (same_so_far, prefer_same, asked) in
                [(0, false, true), (1, false, false), (0, true, true), (1, true, true)]
            {
                let s = Situation { same_so_far, prefer_same, ..situation(&backoff) };
                let step = decide(&Fault::new(kind, ""), &s);
                assert_eq!(matches!(step, Step::Same { free: false, .. }), asked, "{kind:?} {same_so_far}");
            }
        }
    }

    #[test]
    fn a_later_round_asks_whoever_may_be_asked_again() {
        let backoff = Backoff::default();
        let s = situation(&backoff);
        let fault = |kind| Fault::new(kind, "");
        let forbidden = Fault { same_forbidden: true, ..fault(Kind::RateLimited) };
        let after = |ms| Some(Step::Same { after: Duration::from_millis(ms), free: false });
        for (fault, retries_left, expected) in [
            (fault(Kind::RateLimited), 1, Some(Step::SameWhenReady)),
            (fault(Kind::RateLimited), 0, None),
            (fault(Kind::ServerError), 1, after(250)),
            (fault(Kind::Reset), 1, after(0)),
            (fault(Kind::Quota), 1, None),
            (fault(Kind::HeadersTimeout), 1, None),
            (forbidden, 1, None),
        ] {
            let found = again(&fault, &Situation { retries_left, ..situation(&backoff) });
            assert_eq!(found, expected, "{:?} with {retries_left} left", fault.kind);
        }
        assert_eq!(again(&fault(Kind::ServerError), &Situation { same_so_far: 1, ..s }), None);
    }

    #[test]
    fn no_retries_left_means_next() {
        let backoff = Backoff::default();
        let s = Situation { retries_left: 0, ..situation(&backoff) };
        assert_eq!(decide(&Fault::new(Kind::Connect, ""), &s), Step::Next);
    }

    #[test]
    fn preferring_the_same_endpoint_honours_a_short_hint_only() {
        let backoff = Backoff::default();
        let s = Situation { alternative: true, prefer_same: true, ..situation(&backoff) };
        let limited =
            |secs| Fault { hint: Some(Duration::from_secs(secs)), ..Fault::new(Kind::RateLimited, "") };
        assert_eq!(decide(&limited(4), &s), Step::SameWhenReady);
        assert_eq!(decide(&limited(6), &s), Step::Next);
        let twice = Situation { same_so_far: 1, ..s };
        assert!(matches!(decide(&Fault::new(Kind::ServerError, ""), &twice), Step::Same { .. }));
    }
}
