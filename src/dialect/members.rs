//! The top-level members of a JSON object, by their position in its text.

use std::{borrow::Cow, fmt, ops::Range};

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// In order, duplicates included.
pub struct JsonMembers<'t>(pub Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'t> JsonMembers<'t> {
    /// The error describes the problem with the text, bounded.
    pub fn read(text: &'t str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|e| {
            // The parser quotes unexpected input of any length.
            let why: String = e.to_string().chars().take(200).collect();
            format!("must be a JSON object: {why}")
        })
    }

    /// A member as JSON. Of duplicates the last counts.
    pub fn get(&self, name: &str) -> Option<&'t str> {
        self.0.iter().rev().find(|(k, _)| k == name).map(|(_, v)| v.get())
    }

    /// The position of a member's value in the text that was read.
    pub fn place(&self, name: &str, text: &str) -> Option<Range<usize>> {
        self.0.iter().rev().find(|(k, _)| k == name).map(|(_, v)| place_of(v, text))
    }
}

/// A borrowed value is a part of the text, so the difference of addresses is its position.
pub fn place_of(value: &RawValue, text: &str) -> Range<usize> {
    let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + value.get().len()
}

/// The text with a value replaced by a string.
pub fn replaced(text: &str, place: Range<usize>, by: &str) -> Option<String> {
    with(text, place, &json_string(by))
}

/// The text with a value replaced by other JSON.
pub fn with(text: &str, place: Range<usize>, json: &str) -> Option<String> {
    let (before, after) = (text.get(..place.start)?, text.get(place.end..)?);
    Some(format!("{before}{json}{after}"))
}

pub fn json_string(text: &str) -> String {
    // Writing a string into a string cannot fail; the fallback keeps the JSON valid.
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".into())
}

/// A name, borrowed from the text or unescaped.
#[derive(Deserialize)]
struct Name<'t>(#[serde(borrow)] Cow<'t, str>);

impl<'t> Deserialize<'t> for JsonMembers<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'t> Visitor<'t> for Object {
            type Value = JsonMembers<'t>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<JsonMembers<'t>, A::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some((Name(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(JsonMembers(fields))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
