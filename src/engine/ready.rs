//! When a call could be sent, for those who hold calls back until then.

use std::time::Instant;

use super::{
    client::Engine,
    fit::{self, Unfit},
    options::CallOptions,
    pick::{Asker, Picker},
    plan,
    question::Question,
};
use crate::clock::now;

/// What a call would meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// Somebody would take it, or it is so wrong that it fails at once.
    Now,
    At(Instant),
    /// When something ends that is under way, or somebody is let in again: the room's watcher hears of it.
    Later,
}

pub fn ready(engine: &Engine, question: &Question, options: &CallOptions) -> Ready {
    let now = now();
    let Ok(candidates) = plan::candidates(engine, question, options, now) else { return Ready::Now };
    let sla = options.rule.as_ref().and_then(|rule| rule.latency_sla);
    let fits = |index: usize, picker: &Picker| {
        let unfit = fit::unfit(engine, question, &picker.candidates[index].target, sla, now);
        !matches!(unfit, Some(Unfit::Never(_) | Unfit::Unspeakable(_)))
    };
    let picker = Picker::new(candidates, None, now, || 0.0);
    if !(0..picker.candidates.len()).any(|index| fits(index, &picker)) {
        return Ready::Now;
    }
    let rank = engine.room.rank(options.queue_priority);
    let outlooks = picker.outlooks(Asker { engine, question, room: &engine.room, rank, sla, now }, false);
    let soonest = outlooks
        .iter()
        .filter(|(index, _)| fits(*index, &picker))
        .filter_map(|(_, o)| o.at.or(o.latest))
        .min();
    match soonest {
        Some(at) if at <= now => Ready::Now,
        Some(at) => Ready::At(at),
        None => Ready::Later,
    }
}
