//! Builds the result of a call: the answer with its report, or the error.

use super::types::CallReply;
use std::sync::Arc;

use super::{
    attempt_log::AttemptLog,
    context::Call,
    error::{CallError, EndpointError},
    report::{CallLatency, CallReport},
    select::selector::{Selector, SkippedCandidate},
    types::CallAnswer,
};
use crate::{
    base::{clock::now, reason::Reason, timestamp::epoch_ms},
    cost::{ledger::LedgerEntry, price::Money},
    dialect::{codec::Dialect, usage::Usage},
    observe::{counters::TokenCounts, observation::AnswerObservation},
    state::Target,
};

impl Call {
    pub(super) fn reply(
        &self,
        selector: &Selector,
        index: usize,
        target: &Target,
        answered: CallAnswer,
    ) -> CallReply {
        let mut attempt_log = self.attempt_log.lock();
        attempt_log.cost_recorded = true;
        let (cost, usual_cost) = self.record_cost(selector, target, answered.usage, &attempt_log);
        let failover = is_failover(selector, index);
        let first_content = answered.first_content.map(|at| at.saturating_duration_since(self.started));
        let report = CallReport {
            request_id: &self.id,
            endpoint: &target.endpoint.config.name,
            provider: &target.endpoint.config.provider,
            model: &target.model,
            attempts: attempt_log.attempts(),
            usage: answered.usage,
            cost_usd: cost.map(Money::usd),
            latency: CallLatency {
                total_ms: now().saturating_duration_since(self.started),
                first_content_ms: first_content,
                queue_ms: self.waited,
            },
            failover,
            hedged: attempt_log.hedged,
            degraded: false,
            skipped_events: answered.skipped_events,
            dropped_fields: self.dropped_fields(target),
        };
        let report = serde_json::to_string(&report).unwrap_or_else(|_| "{}".into());
        let answer = AnswerObservation { place: target.key(), failover, first_content, cost, usual_cost };
        CallReply { body: answered.body, report, answer: Some(answer) }
    }

    /// Records what an answer cost. Returns its cost and what the primary would have cost, where known.
    fn record_cost(
        &self,
        selector: &Selector,
        target: &Target,
        usage: Option<Usage>,
        attempt_log: &AttemptLog,
    ) -> (Option<Money>, Option<Money>) {
        let engine = &self.engine;
        let price = |t: &Target| engine.price(&t.endpoint, &t.model);
        let own = price(target);
        let cost = usage.and_then(|usage| own.map(|price| price.cost(&usage)));
        let first = &*selector.candidates[0].target;
        let billed = attempt_log.attempts().iter().filter(|attempt| attempt.maybe_billed).count();
        let entry = LedgerEntry {
            at: epoch_ms(engine.wall()),
            endpoint: &target.endpoint.config.name,
            model: &target.model,
            tags: &self.options.tags,
            usage,
            cost,
            list: usage.and_then(|usage| own?.list_cost(&usage)),
            primary: usage.and_then(|usage| Some(price(first)?.cost(&usage))),
            maybe_billed: billed as u64,
        };
        let crossed = engine.accountant.record(&entry, &*engine.events, engine.wall_clock());
        engine.recorder.alert_manager.on_budget(&crossed);
        target.counters.answered(usage.as_ref().map(tokens), cost);
        (cost, entry.primary)
    }

    /// The caller's fields that the answering endpoint was not sent.
    fn dropped_fields(&self, target: &Target) -> Vec<String> {
        let dialect = target.endpoint.config.dialect;
        if dialect == Dialect::OpenAi {
            return Vec::new();
        }
        let written = self.request.chat().and_then(|chat| chat.in_dialect(dialect, &target.model).ok());
        written.map_or_else(Vec::new, |written| written.dropped.clone())
    }

    /// Builds the error when no candidate is left.
    pub(super) fn give_up(&self, selector: &mut Selector) -> CallError {
        self.log_skips(selector, usize::MAX);
        let mut errors = Vec::new();
        let mut telling: Option<((bool, bool), CallError)> = None;
        for (candidate, state) in selector.candidates.iter().zip(&selector.states) {
            let name = &candidate.target.endpoint.config.name;
            let error = match (&state.fault, state.skipped) {
                (Some(fault), _) => CallError::of_fault(name, fault),
                (None, Some(SkippedCandidate { full: true, .. })) => {
                    let target = &candidate.target;
                    let configured = target.endpoint.config.limits.max_concurrent;
                    CallError::of_full(name, target.limiter.lock().concurrency(now()), configured)
                }
                (None, Some(SkippedCandidate { cause, .. })) => CallError::of_skip(name, cause),
                (None, None) => continue,
            };
            errors.push(EndpointError {
                endpoint: name.clone(),
                model: candidate.target.model.to_string(),
                reason: error.reason,
                status: error.status,
                message: error.message.clone(),
            });
            // A failure is more informative than a skip, and a failure with a status more than one without.
            let weight = (state.fault.is_some(), error.status.is_some());
            if telling.as_ref().is_none_or(|(heaviest, _)| weight > *heaviest) {
                telling = Some((weight, error));
            }
        }
        let ready_in = selector.ready_in(self.selection_context());
        let Some((_, telling)) = telling else { return CallError::internal("a call had no candidates") };
        // When no candidate can express the request, the caller has to change it.
        if errors.len() == 1 || errors.iter().all(|e| e.reason == Reason::BadRequest) {
            let retry_after_ms = telling.retry_after_ms.or(ready_in.map(|d| d.as_millis() as u64));
            return CallError { retry_after_ms, ..telling };
        }
        CallError::all_failed(telling, errors, self.engine.wall(), ready_in)
    }
}

fn tokens(usage: &Usage) -> TokenCounts {
    TokenCounts {
        input: usage.input_tokens,
        cached: usage.cached_tokens.unwrap_or(0),
        cache_write: usage.cache_write_tokens.unwrap_or(0),
        output: usage.output_tokens,
        reasoning: usage.reasoning_tokens.unwrap_or(0),
    }
}

/// Whether another candidate answered than the primary.
fn is_failover(selector: &Selector, index: usize) -> bool {
    let first = &selector.candidates[0].target;
    let answered = &selector.candidates[index].target;
    let shares_tier = selector.candidates[index].rank == selector.candidates[0].rank;
    let first_failed = selector.states[0].fault.is_some() || selector.states[0].skipped.is_some();
    !Arc::ptr_eq(first, answered) && (!shares_tier || first_failed)
}
