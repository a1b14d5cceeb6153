//! What JavaScript has asked for: handed in, begun, ended. One lock for all of it, so that an abort always
//! finds what it is meant for.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::task::AbortHandle;

use super::stream_window::StreamWindow;

/// Begins a piece of work, given what it runs in.
type StartWork<C> = Box<dyn FnOnce(&Arc<C>) + Send>;

pub struct Submissions<C>(Mutex<SubmissionState<C>>);

struct SubmissionState<C> {
    slots: Vec<Option<SlotEntry>>,
    /// What the runtime has not looked at.
    intake: VecDeque<Submission<C>>,
    tickets: u64,
}

/// Work that waits for the runtime.
pub struct Submission<C> {
    pub slot: u32,
    /// A slot may be somebody else's by the time it is looked at.
    ticket: u64,
    pub begin: StartWork<C>,
}

struct SlotEntry {
    /// Whose it is, so that a client that closes ends its own.
    client: u32,
    state: SlotState,
}

enum SlotState {
    /// Handed in, by this ticket.
    Submitted(u64),
    /// Being begun, and perhaps aborted meanwhile.
    Beginning { aborted: bool },
    /// How to end it, and how far its stream may run.
    Running { abort: AbortHandle, gate: Option<Arc<StreamWindow>> },
}

impl<C> Default for Submissions<C> {
    fn default() -> Self {
        Self(Mutex::new(SubmissionState { slots: Vec::new(), intake: VecDeque::new(), tickets: 0 }))
    }
}

impl<C> Submissions<C> {
    /// Hands work in; true when the runtime has to be told.
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

    /// Whether it is to be begun still: nobody has taken it back.
    pub fn begin(&self, submission: &Submission<C>) -> bool {
        let mut inner = self.0.lock();
        let entry = inner.slot(submission.slot).as_mut();
        let submitted =
            |e: &&mut SlotEntry| matches!(e.state, SlotState::Submitted(t) if t == submission.ticket);
        entry.filter(submitted).map(|e| e.state = SlotState::Beginning { aborted: false }).is_some()
    }

    /// Registers what `spawn` begins, before it can end. Does not spawn what was aborted meanwhile.
    pub fn run(
        &self,
        client: u32,
        slot: u32,
        gate: Option<Arc<StreamWindow>>,
        spawn: impl FnOnce() -> AbortHandle,
    ) {
        let mut inner = self.0.lock();
        let place = inner.slot(slot);
        if matches!(place, Some(SlotEntry { state: SlotState::Beginning { aborted: true }, .. })) {
            return;
        }
        let state = SlotState::Running { abort: spawn(), gate };
        *place = Some(SlotEntry { client, state });
    }

    pub fn ended(&self, slot: u32) {
        if let Some(place) = self.0.lock().slots.get_mut(slot as usize) {
            *place = None;
        }
    }

    /// Ends one slot's work. True when it had not begun: then nobody else says that it is over.
    pub fn abort(&self, slot: u32) -> bool {
        self.0.lock().slots.get_mut(slot as usize).is_some_and(SlotEntry::abort)
    }

    /// Ends everything of one client but `except`; returns the slots of what had not begun.
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

    /// Ends everything, for good: nobody is left to hear of it.
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
        if let Some(SlotState::Running { gate: Some(gate), .. }) = entry.map(|e| &e.state) {
            gate.credit(chunks);
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
    /// Ends it; true when it had not begun.
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
