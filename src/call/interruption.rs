//! Handles a stream that broke after content was delivered. Never a silent splice:
//! resuming is announced in the stream.

use super::{context::Call, error::CallError, types::Interruption};
use crate::{
    base::reason::Reason,
    config::call_policy::OnCut,
    policy::fault::{BlameScope, Fault},
};

impl Call {
    /// Decides whether another attempt resumes the stream, and returns the fault to go on with. The broken
    /// candidate is not retried.
    pub(super) fn after_interruption(
        &mut self,
        interruption: Box<Interruption>,
    ) -> Result<Fault, Box<CallError>> {
        let fault = Fault { retry_forbidden: true, ..interruption.fault.clone() };
        // The notice is a chunk, which other protocols do not have.
        if self.client_protocol.is_some()
            || self.streams.on_cut == OnCut::Error
            || fault.kind.rule().scope == BlameScope::Request
        {
            return Err(Box::new(interruption.into_error(None)));
        }
        self.interruption = Some(interruption);
        Ok(fault)
    }

    /// The error of an interrupted call that no attempt resumed. It carries what was delivered.
    pub(super) fn interruption_error(&mut self, error: CallError) -> CallError {
        let Some(interruption) = self.interruption.take() else { return error };
        if error.interrupted.is_some() {
            return error;
        }
        let total = (error.reason == Reason::TimeoutTotal).then_some(self.timeouts.total);
        let of = interruption.into_error(total);
        let message = format!("{}; no other endpoint could take over: {}", of.message, error.message);
        CallError { message, errors: error.errors, ..of }
    }
}
