//! Reads a JSON object member by member and collects every problem with its path. Members that are not read
//! are refused, with the nearest known name.

mod description;
mod messages;

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use self::{description::SchemaDescription, messages::none_of};
pub use self::{
    description::{a_duration, a_string, some_names, some_of, some_strings},
    messages::{MOST_NAMES, expected, foreign_type, kind, nearest, shorten, too_many},
};
use crate::base::duration;

/// One problem with the options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `endpoints[1].baseURL`
    pub path: String,
    /// What was given and what is accepted.
    pub message: String,
}

/// Collects problems while reading.
pub type Problems = Vec<Problem>;

pub struct Reader<'a> {
    path: String,
    members: &'a Map<String, Value>,
    known: Vec<&'static str>,
    problems: &'a mut Problems,
    /// Set while the reader collects its schema.
    description: Option<SchemaDescription>,
}

/// The schema of the objects that `read` reads: it runs on an empty object and each member it reads is noted.
/// A member without a note has the schema `null`, which must not remain.
pub fn describe<T>(read: impl FnOnce(&mut Reader<'_>) -> T) -> Value {
    let (members, mut problems) = (Map::new(), Problems::new());
    let description = Some(SchemaDescription::default());
    let mut reader = Reader {
        path: String::new(),
        members: &members,
        known: Vec::new(),
        problems: &mut problems,
        description,
    };
    read(&mut reader);
    let SchemaDescription { properties, required } = reader.description.unwrap_or_default();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// Reads `value` as an object with `read`, then refuses members that `read` did not read.
pub fn object<T>(
    value: &Value,
    path: &str,
    problems: &mut Problems,
    read: impl FnOnce(&mut Reader<'_>) -> T,
) -> Option<T> {
    object_or(value, path, "an object", problems, read)
}

/// Like `object`, for a value that may be something else, which `what` names.
pub fn object_or<T>(
    value: &Value,
    path: &str,
    what: &str,
    problems: &mut Problems,
    read: impl FnOnce(&mut Reader<'_>) -> T,
) -> Option<T> {
    let Some(members) = members(value) else {
        let path = if path.is_empty() { "options" } else { path }.into();
        problems.push(Problem { path, message: none_of(what, value) });
        return None;
    };
    let mut reader = Reader { path: path.into(), members, known: Vec::new(), problems, description: None };
    let result = read(&mut reader);
    reader.refuse_unknown();
    Some(result)
}

/// The members of an object given by the user.
pub fn members(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().filter(|_| foreign_type(value).is_none())
}

impl<'a> Reader<'a> {
    pub fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) }
    }

    pub fn problem(&mut self, name: &str, message: impl Into<String>) {
        let path = self.path_of(name);
        self.problems.push(Problem { path, message: message.into() });
    }

    pub fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// Notes the schema of a member that is read in a special way. Costs nothing unless the schema is
    /// collected.
    pub fn note(&mut self, name: &'static str, schema: impl FnOnce() -> Value) {
        let Some(description) = &mut self.description else { return };
        let place = description.properties.entry(name).or_insert(Value::Null);
        // The first note is more exact: a general way of reading may follow.
        if place.is_null() {
            *place = schema();
        }
    }

    /// Notes that a member is required.
    pub fn note_required(&mut self, name: &'static str) {
        if let Some(description) = &mut self.description {
            description.required.push(name);
        }
    }

    fn note_read(&mut self, name: &'static str) {
        self.known.push(name);
        if let Some(description) = &mut self.description {
            description.properties.entry(name).or_insert(Value::Null);
        }
    }

    /// The member unchanged; `null` counts as missing, like `undefined` in JavaScript.
    pub fn raw(&mut self, name: &'static str) -> Option<&'a Value> {
        self.note_read(name);
        self.members.get(name).filter(|v| !v.is_null())
    }

    /// Like `raw`, for members that documents cannot contain: left out of the schema.
    pub fn raw_undescribed(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.members.get(name).filter(|v| !v.is_null())
    }

    /// Like `raw`, but distinguishes `null` from missing.
    pub fn raw_or_null(&mut self, name: &'static str) -> Option<&'a Value> {
        self.note_read(name);
        self.members.get(name)
    }

    /// Whether the member is neither missing, `null` nor `false`.
    pub fn is_given(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null() && *value != false)
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        what: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.raw(name)?;
        let result = read(value);
        if result.is_none() {
            self.problem(name, expected(what, value));
        }
        result
    }

    pub fn string(&mut self, name: &'static str) -> Option<String> {
        self.note(name, a_string);
        self.read(name, "a non-empty string", |v| {
            v.as_str().filter(|s| !s.trim().is_empty()).map(str::to_owned)
        })
    }

    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        self.note(name, || json!({ "type": "boolean" }));
        self.read(name, "true or false", Value::as_bool)
    }

    pub fn one_of<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Option<T> {
        self.note(name, || json!({ "enum": choices.iter().map(|(n, _)| *n).collect::<Vec<_>>() }));
        let names: Vec<String> = choices.iter().map(|(n, _)| format!("'{n}'")).collect();
        self.read(name, &format!("one of {}", names.join(", ")), |v| {
            let given = v.as_str()?;
            choices.iter().find(|(n, _)| *n == given).map(|(_, t)| *t)
        })
    }

    pub fn integer(&mut self, name: &'static str, min: u64, max: u64) -> Option<u64> {
        self.note(name, || json!({ "type": "integer", "minimum": min, "maximum": max }));
        self.read(name, &format!("a whole number from {min} to {max}"), |v| {
            v.as_f64().filter(|n| n.fract() == 0.0 && *n >= min as f64 && *n <= max as f64).map(|n| n as u64)
        })
    }

    /// A whole number that may be negative.
    pub fn whole(&mut self, name: &'static str, min: i32, max: i32) -> Option<i32> {
        self.note(name, || json!({ "type": "integer", "minimum": min, "maximum": max }));
        self.read(name, &format!("a whole number from {min} to {max}"), |v| {
            let fits = |n: &f64| n.fract() == 0.0 && (f64::from(min)..=f64::from(max)).contains(n);
            v.as_f64().filter(fits).map(|n| n as i32)
        })
    }

    pub fn number(&mut self, name: &'static str, min: f64, max: f64) -> Option<f64> {
        self.note(name, || json!({ "type": "number", "minimum": min, "maximum": max }));
        self.read(name, &format!("a number from {min} to {max}"), |v| {
            v.as_f64().filter(|n| (min..=max).contains(n))
        })
    }

    pub fn duration(&mut self, name: &'static str, min: Duration) -> Option<Duration> {
        self.note(name, || a_duration(min));
        let what = if min.is_zero() {
            duration::ACCEPTED.to_owned()
        } else {
            format!("at least {} ms: {}", min.as_millis(), duration::ACCEPTED)
        };
        self.read(name, &what, |v| read_duration(v).filter(|d| *d >= min))
    }

    /// While the schema is collected, `read` runs only for its notes.
    pub fn object<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Reader<'_>) -> T) -> Option<T> {
        if self.description.is_some() {
            let schema = describe(read);
            self.note(name, || schema);
            return None;
        }
        let value = self.raw(name)?;
        let path = self.path_of(name);
        object(value, &path, self.problems, read)
    }

    /// The members of a record with the user's own keys.
    pub fn record(&mut self, name: &'static str) -> Vec<(&'a str, String, &'a Value)> {
        let Some(value) = self.raw(name) else { return Vec::new() };
        let Some(members) = members(value) else {
            self.problem(name, none_of("an object", value));
            return Vec::new();
        };
        members.iter().map(|(k, v)| (k.as_str(), format!("{}.{k}", self.path_of(name)), v)).collect()
    }

    /// A list of strings, or one string for a list of one.
    pub fn strings(&mut self, name: &'static str) -> Option<Vec<String>> {
        self.note(name, some_strings);
        let value = self.raw(name)?;
        let path = self.path_of(name);
        strings_of(value, &path, "a non-empty string or an array of them", self.problems)
    }

    /// Like `strings`, for lists that are searched for each call.
    pub fn names(&mut self, name: &'static str) -> Option<Vec<String>> {
        self.note(name, some_names);
        let list = self.strings(name)?;
        if list.len() > MOST_NAMES {
            self.problem(name, too_many(list.len()));
            return None;
        }
        Some(list)
    }

    fn refuse_unknown(&mut self) {
        for given in self.members.keys() {
            if self.known.contains(&given.as_str()) {
                continue;
            }
            let known = self.known.iter().copied();
            let message = match nearest(given, known) {
                Some(name) => format!("is not an option; did you mean '{name}'?"),
                None => format!("is not an option; accepted are {}", self.known.join(", ")),
            };
            // An empty name is a name too, and a path is never empty.
            let path = self.path_of(if given.is_empty() { "''" } else { given });
            self.problems.push(Problem { path, message });
        }
    }
}

pub fn read_duration(value: &Value) -> Option<Duration> {
    match value {
        Value::Number(n) => n.as_f64().and_then(duration::from_millis),
        Value::String(s) => duration::parse(s),
        _ => None,
    }
}

/// A list of strings, or one string for a list of one. An item that is not a string is named by its index.
pub fn strings_of(value: &Value, path: &str, what: &str, problems: &mut Problems) -> Option<Vec<String>> {
    let one = |v: &Value| v.as_str().filter(|s| !s.trim().is_empty()).map(str::to_owned);
    let Some(items) = value.as_array().filter(|items| !items.is_empty()) else {
        let list = one(value).map(|s| vec![s]);
        if list.is_none() {
            problems.push(Problem { path: path.into(), message: expected(what, value) });
        }
        return list;
    };
    let list: Vec<String> = items.iter().filter_map(one).collect();
    if list.len() == items.len() {
        return Some(list);
    }
    problems.extend(items.iter().enumerate().filter(|(_, item)| one(item).is_none()).map(|(i, item)| {
        Problem { path: format!("{path}[{i}]"), message: expected("a non-empty string", item) }
    }));
    None
}

#[cfg(test)]
mod tests;
