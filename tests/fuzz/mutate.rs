//! New inputs out of known ones: bytes changed, cut, doubled and crossed, and JSON changed as JSON, because bytes
//! changed in it mostly make it none.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// Longer inputs find nothing that shorter ones do not.
const LONGEST: usize = 4_096;

pub struct Mutator {
    rng: Rng,
    words: &'static [&'static str],
}

impl Mutator {
    pub fn new(seed: u64, words: &'static [&'static str]) -> Self {
        Self { rng: Rng::with_seed(seed), words }
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.rng.usize(..n.max(1))
    }

    pub fn make(&mut self, kept: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one_of(kept).clone();
        for _ in 0..1 + self.below(4) {
            input = match self.below(3) {
                0 => self.as_json(input, kept),
                _ => self.as_bytes(input, kept),
            };
        }
        input.truncate(LONGEST);
        input
    }

    fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    fn as_bytes(&mut self, mut input: Vec<u8>, kept: &[Vec<u8>]) -> Vec<u8> {
        let at = self.below(input.len() + 1);
        let end = (at + 1 + self.below(24)).min(input.len());
        match self.below(8) {
            0 if at < input.len() => input[at] = self.rng.u8(..),
            1 if at < input.len() => input[at] ^= 1 << self.below(8),
            2 => drop(input.drain(at.min(end)..end)),
            3 => {
                let part = input[at.min(end)..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, part);
            }
            4 => {
                let other = self.one_of(kept);
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            5 => {
                let byte = self.rng.u8(..);
                input.insert(at, byte);
            }
            _ => {
                let word = self.one_of(self.words).bytes();
                // In place of something as often as in between.
                let end = if self.rng.bool() { at } else { end.max(at) };
                input.splice(at..end, word);
            }
        }
        input
    }

    /// Changes the first JSON value in a text: behind a status line, or in an event.
    fn as_json(&mut self, input: Vec<u8>, kept: &[Vec<u8>]) -> Vec<u8> {
        let Some((before, mut value, after)) = self.json_in(&input) else { return input };
        let donor = self.one_of(kept);
        let donor = self.json_in(donor).map_or(Value::Null, |(_, value, _)| value);
        self.change(&mut value, &donor);
        [before, value.to_string().as_bytes(), after].concat()
    }

    fn json_in<'a>(&mut self, input: &'a [u8]) -> Option<(&'a [u8], Value, &'a [u8])> {
        let starts: Vec<usize> =
            (0..input.len()).filter(|i| matches!(input[*i], b'{' | b'[')).take(64).collect();
        // The outermost as often as any.
        let start = if self.rng.bool() { *starts.first()? } else { *starts.get(self.below(starts.len()))? };
        let mut values = serde_json::Deserializer::from_slice(&input[start..]).into_iter::<Value>();
        let value = values.next()?.ok()?;
        let end = start + values.byte_offset();
        Some((&input[..start], value, &input[end..]))
    }

    /// Changes one thing, somewhere in it.
    fn change(&mut self, value: &mut Value, donor: &Value) {
        let deeper = self.below(4) > 0;
        match value {
            Value::Object(members) if deeper && !members.is_empty() => {
                let at = self.below(members.len());
                if let Some((_, inner)) = members.iter_mut().nth(at) {
                    self.change(inner, donor);
                }
            }
            Value::Array(items) if deeper && !items.is_empty() => {
                let at = self.below(items.len());
                self.change(&mut items[at], donor);
            }
            Value::Object(members) => self.change_members(members, donor),
            Value::Array(items) => {
                let at = self.below(items.len() + 1);
                match self.below(3) {
                    0 if at < items.len() => drop(items.remove(at)),
                    1 if at < items.len() => items.push(items[at].clone()),
                    _ => {
                        let new = self.any(donor);
                        items.insert(at, new);
                    }
                }
            }
            other => *other = self.any(donor),
        }
    }

    fn change_members(&mut self, members: &mut Map<String, Value>, donor: &Value) {
        let names: Vec<String> = members.keys().cloned().collect();
        if names.is_empty() || self.below(3) == 0 {
            let name = self.name(donor);
            let value = self.any(donor);
            members.insert(name, value);
            return;
        }
        let name = self.one_of(&names).clone();
        let Some(value) = members.remove(&name) else { return };
        match self.below(4) {
            0 => {}
            1 => drop(members.insert(self.typo(&name), value)),
            2 => drop(members.insert(self.name(donor), value)),
            _ => drop(members.insert(name, self.any(donor))),
        }
    }

    fn typo(&mut self, name: &str) -> String {
        let mut letters: Vec<char> = name.chars().collect();
        let at = self.below(letters.len());
        if !letters.is_empty() {
            letters.remove(at);
        }
        letters.into_iter().collect()
    }

    /// A name from somewhere else.
    fn name(&mut self, donor: &Value) -> String {
        let mut names = Vec::new();
        collect_names(donor, &mut names);
        if names.is_empty() { "x".into() } else { self.one_of(&names).clone() }
    }

    /// A value from somewhere else, or one that is seldom expected.
    fn any(&mut self, donor: &Value) -> Value {
        let mut from = donor;
        while self.below(4) > 0 {
            let inner = match from {
                Value::Object(members) => members.values().nth(self.below(members.len())),
                Value::Array(items) => items.get(self.below(items.len())),
                _ => None,
            };
            let Some(inner) = inner else { break };
            from = inner;
        }
        match self.below(16) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(false),
            3 => json!(0),
            4 => json!(-1),
            5 => json!(self.rng.u64(..)),
            6 => json!(1e308),
            7 => json!(0.5),
            8 => json!(""),
            9 => json!([]),
            10 => json!({}),
            11 => json!("ä😀\u{0}\n\"\\ ".repeat(1 + self.below(80))),
            12 => json!(*self.one_of(self.words)),
            _ => from.clone(),
        }
    }
}

fn collect_names(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                names.push(name.clone());
                collect_names(inner, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|inner| collect_names(inner, names)),
        _ => {}
    }
}
