//! When nobody can be asked at once: who may be asked all the same, who is worth waiting for, and how long.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time;

use super::{
    context::Call,
    error::CallError,
    report::AttemptOutcome,
    select::{
        candidates::Candidate,
        selector::{Availability, Selection, Selector, SkippedCandidate},
    },
};
use crate::{
    base::clock::now,
    config::call_policy::OnUnavailable,
    policy::decide::{self, NextStep},
    state::{
        BlockReason, Blockage,
        wait_queue::{MAX_WAITING, WaitTicket},
    },
};

/// The longest a call waits for an endpoint to become well. A rate budget comes back for certain, and is
/// waited for as long as the deadline allows.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Somebody was ready and was not taken, which may happen once in a while and must not become a busy loop.
const LEAST_WAIT: Duration = Duration::from_millis(1);

impl Call {
    /// The next candidate: `first` if it is ready, an untried one that is, a retry of a tried one, an early
    /// probe, or whatever becomes ready first.
    pub(super) async fn next_pick(
        &mut self,
        picker: &mut Selector,
        mut first: Option<usize>,
    ) -> Result<Selection, CallError> {
        let mut place = None;
        loop {
            // One that it throttled may have become ready while another was asked.
            self.reopen(picker);
            let again = first.take().and_then(|index| picker.this(self.asker(), index));
            let pick = again.or_else(|| self.pick_untried(picker)).or_else(|| picker.early(self.asker()));
            if let Some(pick) = pick {
                self.tell_skips(picker, pick.index);
                self.tell_again(picker, pick.index);
                return Ok(pick);
            }
            first = self.pick_again(picker, &mut place).await;
            if first.is_none() {
                self.wait(picker, &mut place).await?;
            }
        }
    }

    fn pick_untried(&mut self, picker: &mut Selector) -> Option<Selection> {
        let continues = |c: &Candidate| self.continues_at(&c.target);
        let pick = if self.cut.is_some() { picker.untried(self.asker(), false, continues) } else { None };
        pick.or_else(|| picker.untried(self.asker(), false, |_| true))
            .or_else(|| picker.untried(self.asker(), true, |_| true))
    }

    /// Somebody is asked: what became of the attempts before is known, and listeners hear. If it is a candidate
    /// that has failed this call, its attempt before says so.
    fn tell_again(&self, picker: &Selector, index: usize) {
        let (target, standing) = (&picker.candidates[index].target, &picker.standings[index]);
        let again = standing.number.zip(standing.failed_at);
        {
            let mut trail = self.trail.lock();
            if let Some((number, _)) = again {
                trail.change(number, |a| a.outcome = AttemptOutcome::Retry);
            }
            self.tell_attempts(&mut trail);
        }
        let Some((_, failed_at)) = again else { return };
        target.retries.fetch_add(1, Ordering::Relaxed);
        target.meter.retried();
        self.tell_retry(target, now().saturating_duration_since(failed_at), standing.fault.as_ref());
    }

    /// Notes in the trail who was passed over for the one that was picked.
    pub(super) fn tell_skips(&self, picker: &mut Selector, picked: usize) {
        for (index, (candidate, standing)) in picker.candidates.iter().zip(&mut picker.standings).enumerate()
        {
            if index == picked {
                standing.skipped = None;
            } else if let Some(SkippedCandidate { reason, .. }) = standing.skipped
                && standing.asked == 0
                && !std::mem::replace(&mut standing.told, true)
            {
                let skip = self.blank(&candidate.target, AttemptOutcome::Skipped, Some(reason));
                self.trail.lock().skip(skip);
            }
        }
    }

    /// Everyone was asked: the first whose failure allows it may be asked once more.
    async fn pick_again(&mut self, picker: &mut Selector, place: &mut Option<WaitTicket>) -> Option<usize> {
        for index in 0..picker.candidates.len() {
            let standing = &picker.standings[index];
            let Some(fault) = standing.fault.as_ref().filter(|_| standing.closed) else { continue };
            let step = decide::again(fault, &self.situation(standing.same, standing.free, false));
            if let Some(NextStep::Same { after, free }) = step
                && self.again(picker, index, after, free, place).await
            {
                return Some(index);
            }
        }
        None
    }

    /// Waits until a candidate may be ready, if that is allowed and soon enough. `place` is the call's place
    /// among those who wait.
    async fn wait(&mut self, picker: &mut Selector, place: &mut Option<WaitTicket>) -> Result<(), CallError> {
        if self.on_unavailable() != OnUnavailable::Wait {
            return Err(self.give_up(picker));
        }
        // A throttled candidate that this call has met may be asked again: that is a retry.
        let throttled = self.retries_left > 0;
        let began = now();
        let deadline = self.deadline();
        let unpaced = (began + MAX_WAIT.saturating_sub(self.unpaced)).min(deadline);
        // The only endpoint a caller has is worth waiting for as long as the caller does.
        let alone = picker.candidates.len() == 1;
        let limit = |outlook: &Availability| {
            let certain = outlook.paced || (alone && outlook.invited);
            if certain { deadline } else { unpaced }
        };
        let outlooks = picker.outlooks(self.asker(), throttled);
        // What is certain to come too late is no reason to wait.
        let worth = |(_, o): &&(usize, Availability)| o.at.map_or(limit(o) > began, |at| at < limit(o));
        let Some(until) = outlooks.iter().filter(worth).map(|(_, o)| limit(o)).max() else {
            return Err(self.give_up(picker));
        };
        let soonest = outlooks.iter().filter(worth).min_by_key(|(_, o)| (o.at.is_none(), o.at));
        if let Some((index, Availability { throttled: true, .. })) = soonest
            && !picker.standings[*index].paid
        {
            // A retry is paid for before it is waited for: who cannot pay does not wait in vain.
            let index = *index;
            let target = picker.candidates[index].target.clone();
            let paid = self.charge(&target, picker.standings[index].fault.as_ref());
            let standing = &mut picker.standings[index];
            (standing.paid, standing.unpaid) = (paid, !paid);
            return Ok(());
        }
        // Everyone this call would take counts: who comes after it must know what it stands in line for.
        let wants = picker.wanted(throttled).map(|i| picker.candidates[i].target.id());
        let Some(place) = place else {
            *place = Some(self.engine.room.enter(self.rank, wants).map_err(|_| {
                CallError::queue_full(format!("{MAX_WAITING} calls wait already; this one is not queued"))
            })?);
            // Something may have changed before anyone could ring for it.
            return Ok(());
        };
        place.want(wants);
        let next = outlooks.iter().filter_map(|(_, o)| o.at.or(o.latest)).filter(|at| *at > began).min();
        let wake = next.unwrap_or(until).min(until).max(began + LEAST_WAIT);
        let paced = outlooks.iter().filter(worth).any(|(_, o)| o.paced);
        tokio::select! {
            biased;
            () = time::sleep_until(wake.into()) => {}
            () = place.bell.notified() => {}
        }
        let waited = now().saturating_duration_since(began);
        self.waited += waited;
        if !paced {
            self.unpaced += waited;
        }
        Ok(())
    }

    /// Throttled candidates that are ready again and paid for may be asked.
    fn reopen(&mut self, picker: &mut Selector) {
        for index in 0..picker.candidates.len() {
            let standing = &picker.standings[index];
            // A breaker that opened meanwhile is no cooldown: it may be tested early, by this call as by any.
            let cooling = |b: Blockage| b.obstacle != BlockReason::Breaker;
            let parked = picker.candidates[index].target.parked(now());
            if standing.paid && standing.closed && !parked.is_some_and(cooling) {
                picker.reopen(index, false);
            }
        }
    }
}
