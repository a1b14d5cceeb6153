//! The work that JavaScript has submitted: waiting, starting, running. One lock for all of it, so that an
//! abort always finds the work it aborts.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::stream_window::StreamWindow;

/// Starts a piece of work in its context.
type StartWork<C> = Box<dyn FnOnce(&Arc<C>) + Send>;

pub struct Submissions<C>(Mutex<SubmissionState<C>>);

struct SubmissionState<C> {
    slots: Vec<Option<SlotEntry>>,
    /// Submissions that the runtime has not taken yet.
    intake: VecDeque<Submission<C>>,
    tickets: u64,
}

/// Work that waits for the runtime.
pub struct Submission<C> {
    pub slot: u32,
    /// Distinguishes submissions: the slot may be reused before the runtime takes this one.
    ticket: u64,
    pub begin: StartWork<C>,
}

struct SlotEntry {
    /// The client that owns it.
    client: u32,
    state: SlotState,
}

enum SlotState {
    /// Submitted with this ticket.
    Submitted(u64),
    /// Being started, and perhaps aborted meanwhile.
    Beginning { aborted: bool },
    /// The handle that aborts it, and the window of its stream.
    Running { abort: AbortHandle, window: Option<Arc<StreamWindow>> },
}

impl<C> Default for Submissions<C> {
    fn default() -> Self {
        Self(Mutex::new(SubmissionState { slots: Vec::new(), intake: VecDeque::new(), tickets: 0 }))
    }
}

impl<C> Submissions<C> {
    /// Submits work; true when the runtime has to be woken.
    pub fn submit(&self, client: u32, slot: u32, begin: StartWork<C>) -> bool {
        let mut inner = self.0.lock();
        inner.tickets += 1;
        let ticket = inner.tickets;
        *inner.slot(slot) = Some(SlotEntry { client, state: SlotState::Submitted(ticket) });
        inner.intake.push_back(Submission { slot, ticket, begin });
        inner.intake.len() == 1
    }

    pub fn take(&self) -> VecDeque<Submission<C>> {
        std::mem::take(&mut self.0.lock().intake)
    }

    /// Starts a submission; false when it was aborted.
    pub fn begin(&self, submission: &Submission<C>) -> bool {
        let mut inner = self.0.lock();
        let entry = inner.slot(submission.slot).as_mut();
        let submitted =
            |e: &&mut SlotEntry| matches!(e.state, SlotState::Submitted(t) if t == submission.ticket);
        entry.filter(submitted).map(|e| e.state = SlotState::Beginning { aborted: false }).is_some()
    }

    /// Registers what `spawn` starts, before it can end. Does not spawn what was aborted meanwhile.
    pub fn run(
        &self,
        client: u32,
        slot: u32,
        window: Option<Arc<StreamWindow>>,
        spawn: impl FnOnce() -> AbortHandle,
    ) {
        let mut inner = self.0.lock();
        let place = inner.slot(slot);
        if matches!(place, Some(SlotEntry { state: SlotState::Beginning { aborted: true }, .. })) {
            return;
        }
        let state = SlotState::Running { abort: spawn(), window };
        *place = Some(SlotEntry { client, state });
    }

    pub fn ended(&self, slot: u32) {
        if let Some(place) = self.0.lock().slots.get_mut(slot as usize) {
            *place = None;
        }
    }

    /// Aborts one slot's work. True when it had not started: then the caller reports its end.
    pub fn abort(&self, slot: u32) -> bool {
        self.0.lock().slots.get_mut(slot as usize).is_some_and(SlotEntry::abort)
    }

    /// Aborts all work of one client but `except`; returns the slots of work that had not started.
    pub fn abort_all(&self, client: u32, except: Option<u32>) -> Vec<u32> {
        let mut inner = self.0.lock();
        let slots = inner.slots.iter_mut().zip(0u32..);
        slots
            .filter(|(entry, slot)| {
                entry.as_ref().is_some_and(|e| e.client == client) && except != Some(*slot)
            })
            .filter_map(|(entry, slot)| SlotEntry::abort(entry).then_some(slot))
            .collect()
    }

    /// Aborts everything without reporting it.
    pub fn abandon(&self) {
        let intake = {
            let mut inner = self.0.lock();
            for entry in &mut inner.slots {
                SlotEntry::abort(entry);
            }
            std::mem::take(&mut inner.intake)
        };
        drop(intake);
    }

    pub fn credit(&self, slot: u32, chunks: u32) {
        let inner = self.0.lock();
        let entry = inner.slots.get(slot as usize).and_then(Option::as_ref);
        if let Some(SlotState::Running { window: Some(window), .. }) = entry.map(|e| &e.state) {
            window.credit(chunks);
        }
    }
}

impl<C> SubmissionState<C> {
    fn slot(&mut self, slot: u32) -> &mut Option<SlotEntry> {
        let at = slot as usize;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        &mut self.slots[at]
    }
}

impl SlotEntry {
    /// Aborts it; true when it had not started.
    fn abort(entry: &mut Option<Self>) -> bool {
        match entry.as_mut().map(|e| &mut e.state) {
            None => false,
            Some(SlotState::Beginning { aborted }) => {
                *aborted = true;
                false
            }
            Some(SlotState::Running { abort, .. }) => {
                abort.abort();
                false
            }
            Some(SlotState::Submitted(_)) => {
                *entry = None;
                true
            }
        }
    }
}
