//! When nobody can be asked at once: who may be asked all the same, who is worth waiting for, and how long.

use std::{sync::Arc, time::Duration};

use tokio::time;

use super::Call;
use crate::{
    clock::now,
    config::behaviour::OnUnavailable,
    engine::{
        error::CallError,
        pick::{Outlook, Pick, Picker},
        plan::Candidate,
        report::AttemptOutcome,
        room::{MAX_WAITING, Place},
    },
    policy::decide::{self, Step},
};

/// The longest a call waits for an endpoint to become well. A rate budget comes back for certain, and is
/// waited for as long as the deadline allows.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Somebody was ready and was not taken, which may happen once in a while and must not become a busy loop.
const LEAST_WAIT: Duration = Duration::from_millis(1);

impl Call {
    /// The next candidate: an untried one that is ready, a retry of a tried one, an early probe, or
    /// whatever becomes ready first.
    pub(super) async fn next_pick(&mut self, picker: &mut Picker) -> Result<Pick, CallError> {
        let mut place = None;
        loop {
            if let Some(pick) = self.pick_untried(picker) {
                return Ok(pick);
            }
            if let Some(pick) = picker.early(self.asker()) {
                self.tell_skips(picker, pick.index);
                return Ok(pick);
            }
            if let Some(pick) = self.pick_again(picker, &mut place).await {
                return Ok(pick);
            }
            self.wait(picker, &mut place).await?;
        }
    }

    fn pick_untried(&mut self, picker: &mut Picker) -> Option<Pick> {
        let continues = |c: &Candidate| self.continues_at(&c.target);
        let pick = if self.cut.is_some() { picker.untried(self.asker(), false, continues) } else { None };
        let pick = pick
            .or_else(|| picker.untried(self.asker(), false, |_| true))
            .or_else(|| picker.untried(self.asker(), true, |_| true))?;
        self.tell_skips(picker, pick.index);
        Some(pick)
    }

    /// Notes in the trail who was passed over for the one that was picked.
    pub(super) fn tell_skips(&self, picker: &mut Picker, picked: usize) {
        for (index, (candidate, standing)) in picker.candidates.iter().zip(&mut picker.standings).enumerate()
        {
            if index == picked {
                standing.skipped = None;
            } else if let Some((reason, _)) = standing.skipped
                && standing.attempts == 0
                && !std::mem::replace(&mut standing.told, true)
            {
                let skip = self.blank(&candidate.target, AttemptOutcome::Skipped, Some(reason));
                self.trail.lock().skip(skip);
            }
        }
    }

    /// Everyone was asked: those whose failure allows it are asked once more, in order.
    async fn pick_again(&mut self, picker: &mut Picker, place: &mut Option<Place>) -> Option<Pick> {
        for index in 0..picker.candidates.len() {
            let standing = &picker.standings[index];
            let Some(fault) = standing.fault.as_ref().filter(|_| standing.attempts > 0) else { continue };
            let step = decide::again(fault, &self.situation(standing.same, standing.free, false));
            if let Some(Step::Same { after, free }) = step
                && let Some(pick) = self.same(picker, index, after, free, place).await
            {
                return Some(pick);
            }
        }
        None
    }

    /// Waits until a candidate may be ready, if that is allowed and soon enough. `place` is the call's place
    /// among those who wait.
    async fn wait(&mut self, picker: &mut Picker, place: &mut Option<Place>) -> Result<(), CallError> {
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
        let limit = |outlook: &Outlook| {
            let certain = outlook.paced || (alone && outlook.throttled);
            if certain { deadline } else { unpaced }
        };
        let mut outlooks = picker.outlooks(self.asker(), throttled);
        // What is certain to come too late is not waited for.
        outlooks.retain(|(_, o)| o.at.map_or(limit(o) > began, |at| at < limit(o)));
        let Some(until) = outlooks.iter().map(|(_, o)| limit(o)).max() else {
            return Err(self.give_up(picker));
        };
        let soonest =
            outlooks.iter().min_by_key(|(_, o)| (o.at.is_none(), o.at)).map(|(i, o)| (*i, o.throttled));
        if let Some((index, true)) = soonest
            && !picker.standings[index].paid
        {
            // A retry is paid for before it is waited for: who cannot pay does not wait in vain.
            let target = picker.candidates[index].target.clone();
            let paid = self.charge(&target, picker.standings[index].fault.as_ref());
            let standing = &mut picker.standings[index];
            (standing.paid, standing.unpaid) = (paid, !paid);
            return Ok(());
        }
        if place.is_none() {
            let wants: Vec<_> =
                picker.wanted(throttled).map(|i| picker.candidates[i].target.clone()).collect();
            *place = Some(self.engine.room.enter(self.rank, &wants).map_err(|_| {
                CallError::queue_full(format!("{MAX_WAITING} calls wait already; this one is not queued"))
            })?);
            // Something may have changed before anyone could ring for it.
            return Ok(());
        }
        // Only the first who waits for a target watches the clock for it.
        let first = outlooks.iter().filter(|(_, o)| o.ahead == 0).filter_map(|(_, o)| o.at).min();
        let wake = first.unwrap_or(until).min(until).max(began + LEAST_WAIT);
        let bell = place.as_ref().map(|p| p.bell.clone()).unwrap_or_default();
        tokio::select! {
            biased;
            () = time::sleep_until(wake.into()) => {}
            () = bell.notified() => {}
        }
        let waited = now().saturating_duration_since(began);
        self.waited += waited;
        if !outlooks.iter().any(|(_, o)| o.paced) {
            self.unpaced += waited;
        }
        self.reopen(picker);
        Ok(())
    }

    /// Throttled candidates that are ready again and paid for count as untried.
    fn reopen(&mut self, picker: &mut Picker) {
        for index in 0..picker.candidates.len() {
            let target: Arc<_> = picker.candidates[index].target.clone();
            let standing = &mut picker.standings[index];
            if !standing.paid || standing.attempts == 0 || target.parked(now()).is_some() {
                continue;
            }
            standing.paid = false;
            standing.same += 1;
            standing.attempts = 0;
            let fault = standing.fault.as_ref();
            self.tell_retry(&target, self.waited, fault);
            self.trail.lock().amend_last(AttemptOutcome::Retry);
        }
    }
}
