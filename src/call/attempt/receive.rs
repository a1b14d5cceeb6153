//! Reads an answer that is not streamed.

use super::{body::read_whole, faults::no_answer_fault, response::Response};
use crate::{
    call::{context::Call, types::CallAnswer},
    policy::fault::{Fault, FaultKind},
    state::admission::Admission,
};
/// Reads a whole answer that is not streamed.
pub async fn receive(call: &Call, admission: &Admission, answer: Response) -> Result<CallAnswer, Fault> {
    let Response { head, mut body, mut decoder } = answer;
    let mut bytes = read_whole(call, admission.began, &mut body, &mut decoder).await?;
    // `JSON.parse` refuses a byte order mark.
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    let body = String::from_utf8(bytes)
        .map_err(|_| Fault::new(FaultKind::Malformed, "the answer is not UTF-8").maybe_billed())?;
    let dialect = admission.target.endpoint.config.dialect;
    match dialect.read_answer(&body, || call.response_defaults(&admission.target)) {
        Ok(sound) => Ok(CallAnswer {
            body: match &call.client_protocol {
                None => sound.body.unwrap_or(body),
                Some(client_protocol) => client_protocol.answer(dialect, body, sound.body),
            },
            usage: sound.usage,
            first_content: None,
            connect_took: head.connect_took,
            skipped_events: 0,
        }),
        Err(no_answer) => Err(no_answer_fault(no_answer, &head, &admission.target)),
    }
}
