//! Removes secrets from what a vendor answered.

use super::types::AttemptEnd;
use crate::{policy::fault::Fault, state::Target};
/// Removes secrets from an attempt's fault: vendors may quote the key.
pub(super) fn redacted(target: &Target, mut ended: AttemptEnd) -> AttemptEnd {
    match &mut ended {
        AttemptEnd::Answered(_) | AttemptEnd::Expired(_) => {}
        AttemptEnd::Failed(fault) => redact(target, fault),
        AttemptEnd::Interrupted(interruption) => redact(target, &mut interruption.fault),
    }
    ended
}

pub(super) fn redacted_fault(target: &Target, mut fault: Fault) -> Fault {
    redact(target, &mut fault);
    fault
}

fn redact(target: &Target, fault: &mut Fault) {
    target.redact(&mut fault.message);
    for text in [&mut fault.code, &mut fault.vendor_request_id].into_iter().flatten() {
        target.redact(text);
    }
}
