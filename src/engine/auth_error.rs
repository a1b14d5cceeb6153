//! The payload of the `authError` event.

use serde_json::json;

use crate::state::Target;
/// The `authError` payload, for calls and health checks.
pub fn auth_error(target: &Target, status: u16, message: &str) -> serde_json::Value {
    let hint = target.credential.hint();
    let (fallback, action) = if status == 403 {
        ("the key lacks permission", "Check what this key may do, and the account's region and plan.")
    } else {
        ("the key was refused", "Check the API key; reissue it if it was revoked or has expired.")
    };
    json!({
        "message": if message.is_empty() { fallback } else { message },
        "action": action,
        "endpoint": target.endpoint.config.name,
        "statusCode": if status == 403 { 403 } else { 401 },
        "keyHint": hint,
    })
}
