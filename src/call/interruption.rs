//! A stream that broke after content was delivered, and what may be done about it. Never a silent splice:
//! whatever goes on is announced in the stream.

use super::types::Interruption;

use super::{context::Call, error::CallError};
use crate::{
    base::reason::Reason,
    config::call_policy::OnCut,
    policy::fault::{BlameScope, Fault},
};

impl Call {
    /// Whether a cut is made good, and the fault to go on with. The one that broke off is not asked again.
    pub(super) fn after_interruption(
        &mut self,
        interruption: Box<Interruption>,
    ) -> Result<Fault, Box<CallError>> {
        let fault = Fault { retry_forbidden: true, ..interruption.fault.clone() };
        // Who takes over is announced in a chunk, for which other dialects have none.
        if self.client_protocol.is_some()
            || self.streams.on_cut == OnCut::Error
            || fault.kind.rule().scope == BlameScope::Request
        {
            return Err(Box::new(interruption.into_error(None)));
        }
        self.interruption = Some(interruption);
        Ok(fault)
    }

    /// The error of a call whose cut could not be made good: what was delivered is what its caller must know.
    pub(super) fn interruption_error(&mut self, error: CallError) -> CallError {
        let Some(interruption) = self.interruption.take() else { return error };
        if error.interrupted.is_some() {
            return error;
        }
        let total = (error.reason == Reason::TimeoutTotal).then_some(self.timeouts.total);
        let of = interruption.into_error(total);
        let message = format!("{}; nobody took over: {}", of.message, error.message);
        CallError { message, errors: error.errors, ..of }
    }
}
