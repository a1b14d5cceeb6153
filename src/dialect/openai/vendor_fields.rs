//! Removes fields that vendors left in a conversation for themselves: Gemini's signatures, DeepSeek's
//! reasoning, generated images. Another vendor may refuse a request because of them.

use std::borrow::Cow;

use serde_json::Value;

use crate::dialect::members::{self, JsonMembers};

/// A member as it is written in JSON, and the vendor that knows it.
type VendorMember = (&'static str, &'static str);
/// Members of assistant messages, and of their calls.
const MESSAGE: [VendorMember; 2] = [(r#""reasoning_content""#, "deepseek"), (r#""images""#, "")];
const CALL: VendorMember = (r#""extra_content""#, "google");

/// Vendors that accept only their own fields. All others get what the caller wrote.
const STRICT: [&str; 4] = ["openai", "azure", "deepseek", "google"];

/// The request without other vendors' fields, for an endpoint of this vendor.
pub fn without<'t>(text: &'t str, vendor: Option<&str>) -> Cow<'t, str> {
    let Some(vendor) = vendor.filter(|vendor| STRICT.contains(vendor)) else { return text.into() };
    let foreign = |(name, own): &VendorMember| *own != vendor && text.contains(name);
    // Nearly all requests have no such field, and are not parsed.
    if !MESSAGE.iter().chain([&CALL]).any(foreign) {
        return text.into();
    }
    stripped(text, vendor).map_or(text.into(), Cow::Owned)
}

fn stripped(text: &str, vendor: &str) -> Option<String> {
    let members = JsonMembers::read(text).ok()?;
    let mut messages: Value = serde_json::from_str(members.get("messages")?).ok()?;
    for message in messages.as_array_mut()? {
        let Some(message) =
            message.as_object_mut().filter(|m| m.get("role").is_some_and(|r| r == "assistant"))
        else {
            continue;
        };
        for (name, own) in MESSAGE {
            if own != vendor {
                message.shift_remove(name.trim_matches('"'));
            }
        }
        for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(call) = call.as_object_mut().filter(|_| CALL.1 != vendor) {
                call.shift_remove(CALL.0.trim_matches('"'));
            }
        }
    }
    members::with(text, members.place("messages", text)?, &messages.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"messages":[{"role":"user","content":"\"images\""},{"role":"assistant","content":null,"reasoning_content":"hm","images":[],"tool_calls":[{"id":"a","extra_content":{"google":1},"type":"function"}]}],"zz": 1.0}"#;

    #[test]
    fn each_vendor_keeps_its_own() {
        for (vendor, kept) in [
            (Some("openai"), [false, false, false]),
            (Some("azure"), [false, false, false]),
            (Some("deepseek"), [true, false, false]),
            (Some("google"), [false, true, false]),
            // A relay may serve any vendor.
            (None, [true, true, true]),
            (Some("mistral"), [true, true, true]),
        ] {
            let sent = without(TEXT, vendor);
            let holds =
                ["reasoning_content\":", "extra_content\":", "images\":"].map(|name| sent.contains(name));
            assert_eq!(holds, kept, "{vendor:?}: {sent}");
            assert!(sent.ends_with(r#","zz": 1.0}"#) && sent.contains(r#""id":"a""#), "{sent}");
        }
    }

    #[test]
    fn a_request_with_nothing_of_the_kind_is_not_touched() {
        for text in [r#"{"messages":[ {"role":"user","content":"hi"} ]}"#, "{", r#"{"messages":"images"}"#] {
            assert!(matches!(without(text, Some("openai")), Cow::Borrowed(same) if same == text));
        }
    }
}
