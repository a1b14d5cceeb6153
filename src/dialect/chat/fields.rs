//! Reads members of a JSON object by name. A wrong type is reported with its path.

use serde_json::{Map, Value};

use super::Untranslatable;

/// The most dropped fields that are reported.
const MOST_LOST: usize = 64;
const LONGEST_LOST: usize = 200;

/// Fields that are not translated, by path without indexes, each once.
#[derive(Default)]
pub struct DroppedFields(Vec<String>);

impl DroppedFields {
    pub fn record(&mut self, path: &str) {
        let mut name = String::with_capacity(path.len());
        let mut inside = false;
        for c in path.chars() {
            inside = c == '[' || inside && c.is_ascii_digit();
            if !inside || c == '[' {
                name.push(c);
            }
        }
        // A request may have any number of unknown names.
        name.truncate(name.floor_char_boundary(LONGEST_LOST));
        if self.0.len() < MOST_LOST && !self.0.contains(&name) {
            self.0.push(name);
        }
    }

    pub fn names(self) -> Vec<String> {
        self.0
    }
}

pub struct ChatFields<'v> {
    path: String,
    object: &'v Map<String, Value>,
}

impl<'v> ChatFields<'v> {
    pub fn of(value: &'v Value, path: impl Into<String>) -> Result<Self, Untranslatable> {
        let path = path.into();
        match value {
            Value::Object(object) => Ok(Self { path, object }),
            other => Err(wrong(if path.is_empty() { "request" } else { &path }, "an object", other)),
        }
    }

    /// A member that is present and not null.
    pub fn get(&self, name: &str) -> Option<&'v Value> {
        self.object.get(name).filter(|v| !v.is_null())
    }

    pub fn names(&self) -> impl Iterator<Item = &'v String> + use<'v> {
        self.object.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name)
    }

    /// Reports members with other names than these.
    pub fn record_unknown(&self, known: &[&str], lost: &mut DroppedFields) {
        self.names()
            .filter(|name| !known.contains(&name.as_str()))
            .for_each(|name| lost.record(&self.path(name)));
    }

    pub fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn read<T>(
        &self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, Untranslatable> {
        let Some(value) = self.get(name) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| wrong(&self.path(name), kind, value))
    }

    pub fn text(&self, name: &str) -> Result<Option<&'v str>, Untranslatable> {
        self.read(name, "a string", Value::as_str)
    }

    pub fn needed_text(&self, name: &str) -> Result<&'v str, Untranslatable> {
        self.text(name)?.ok_or_else(|| self.missing(name, "a string"))
    }

    pub fn owned_text(&self, name: &str) -> Result<Option<String>, Untranslatable> {
        Ok(self.text(name)?.map(str::to_owned))
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, Untranslatable> {
        self.read(name, "a boolean", Value::as_bool)
    }

    pub fn number(&self, name: &str) -> Result<Option<f64>, Untranslatable> {
        self.read(name, "a number", Value::as_f64)
    }

    pub fn integer(&self, name: &str) -> Result<Option<i64>, Untranslatable> {
        let whole =
            |v: &Value| v.as_i64().or_else(|| v.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as i64));
        self.read(name, "a whole number", whole)
    }

    pub fn count(&self, name: &str) -> Result<Option<u64>, Untranslatable> {
        // JavaScript has one kind of number, and some clients write counts as 1024.0.
        let whole = |v: &Value| {
            v.as_u64().or_else(|| v.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).map(|n| n as u64))
        };
        self.read(name, "a whole number", whole)
    }

    pub fn list(&self, name: &str) -> Result<&'v [Value], Untranslatable> {
        Ok(self.read(name, "an array", Value::as_array)?.map_or(&[], Vec::as_slice))
    }

    pub fn texts(&self, name: &str) -> Result<Vec<String>, Untranslatable> {
        let text = |(i, v): (usize, &Value)| {
            v.as_str()
                .map(str::to_owned)
                .ok_or_else(|| wrong(&format!("{}[{i}]", self.path(name)), "a string", v))
        };
        self.list(name)?.iter().enumerate().map(text).collect()
    }

    /// An object with the caller's own contents, such as a JSON schema.
    pub fn theirs(&self, name: &str) -> Result<Option<&'v Value>, Untranslatable> {
        self.read(name, "an object", |value| Some(value).filter(|v| v.is_object()))
    }

    pub fn objects(&self, name: &str) -> Result<Vec<ChatFields<'v>>, Untranslatable> {
        let object = |(i, v)| ChatFields::of(v, format!("{}[{i}]", self.path(name)));
        self.list(name)?.iter().enumerate().map(object).collect()
    }

    pub fn object(&self, name: &str) -> Result<Option<ChatFields<'v>>, Untranslatable> {
        self.get(name).map(|value| ChatFields::of(value, self.path(name))).transpose()
    }

    pub fn missing(&self, name: &str, kind: &str) -> Untranslatable {
        Untranslatable::new(self.path(name), format!("is missing; {kind} is required"))
    }
}

/// The error for a value of the wrong type.
pub fn wrong(path: &str, kind: &str, value: &Value) -> Untranslatable {
    let quoted: String = value.to_string().chars().take(60).collect();
    Untranslatable::new(path, format!("must be {kind}, got {quoted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_told_once_and_without_numbers() {
        let mut lost = DroppedFields::default();
        for i in 0..3 {
            lost.record(&format!("messages[{i}].content[1{i}].x2"));
        }
        assert_eq!(lost.0, ["messages[].content[].x2"]);
        (0..1_000).for_each(|i| lost.record(&format!("x{i}")));
        assert_eq!(lost.names().len(), MOST_LOST);
    }
}
