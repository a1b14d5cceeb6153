//! Emits the events of a call.

use crate::{base::timestamp::iso8601, engine::auth_error::auth_error, policy::fault::FaultKind};
use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{attempt_log::AttemptLog, context::Call, report::Attempt};
use crate::{
    base::event::{self, EventKind},
    policy::fault::Fault,
    state::Target,
};

impl Call {
    /// Emits the attempts that have ended and whose outcome is known, and the skipped candidates.
    pub(super) fn emit_attempts(&self, attempt_log: &mut AttemptLog) {
        attempt_log.unreported().for_each(|attempt| {
            self.count_attempt(attempt);
            self.emit_attempt(attempt);
        });
    }

    fn emit_attempt(&self, attempt: &Attempt) {
        event::emit(&*self.engine.events, EventKind::Attempt, || {
            let mut value = json!(attempt);
            value["requestId"] = json!(self.id);
            if !self.options.tags.is_empty() {
                value["tags"] = self.options.tags.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
            }
            value
        });
    }

    pub(super) fn emit_retry(&self, target: &Target, after: Duration, fault: Option<&Fault>) {
        event::emit(&*self.engine.events, EventKind::Retry, || {
            json!({
                "requestId": self.id, "endpoint": target.endpoint.config.name, "model": &*target.model,
                "delayMs": crate::base::duration::millis(after), "reason": fault.map(|f| f.kind.reason()),
                "retryAfterMs": fault.and_then(|f| f.retry_after).map(crate::base::duration::millis),
            })
        });
    }

    pub(super) fn emit_failover(&self, from: &Arc<Target>, to: &Arc<Target>, fault: &Fault) {
        if Arc::ptr_eq(from, to) {
            return;
        }
        self.record_failover(from, to, fault);
        event::emit(&*self.engine.events, EventKind::Failover, || {
            json!({
                "requestId": self.id,
                "from": { "endpoint": from.endpoint.config.name, "model": &*from.model },
                "to": { "endpoint": to.endpoint.config.name, "model": &*to.model },
                "reason": fault.kind.reason(), "status": fault.status,
            })
        });
    }

    /// Emits `rateLimit` and `authError` for the faults that mean those.
    pub(super) fn emit_limit_or_auth_error(&self, target: &Target, fault: &Fault) {
        let name = &target.endpoint.config.name;
        match fault.kind {
            FaultKind::RateLimited | FaultKind::TooLargeForLimit | FaultKind::Quota => {
                event::emit(&*self.engine.events, EventKind::RateLimit, || {
                    json!({
                        "endpoint": name, "model": &*target.model, "reason": fault.kind.reason(),
                        "retryAfterMs": fault.retry_after.map(crate::base::duration::millis),
                        "at": iso8601(self.engine.wall()),
                    })
                });
            }
            FaultKind::Auth | FaultKind::Permission => {
                event::emit(&*self.engine.events, EventKind::AuthError, || {
                    auth_error(target, fault.status.unwrap_or(401), &fault.message)
                });
            }
            _ => {}
        }
    }
}
