//! A key at an origin: its source, its cooldown, and its redaction.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::gate::Gate;
use crate::config::key::{ApiKey, KeySource};

/// A refused key is tried again after the first step of the credential's cooldown.
const REFUSED_FOR: Duration = Duration::from_secs(60);
const KEYS_KEPT: usize = 8;

/// A key at an origin.
pub struct Credential {
    pub source: KeySource,
    pub gate: Mutex<Gate>,
    /// The latest keys that a function gave, the newest last: a vendor may still quote an older one.
    given: Mutex<VecDeque<ApiKey>>,
    /// The function's key that the vendor refused, and when: it is not sent again for a while.
    refused: Mutex<Option<(ApiKey, Instant)>>,
}

impl Credential {
    pub fn new(source: KeySource, now: Instant) -> Self {
        Self {
            source,
            gate: Mutex::new(Gate::new(None, now)),
            given: Mutex::default(),
            refused: Mutex::default(),
        }
    }
}

impl Credential {
    /// Replaces the key in a vendor's text by its hint.
    pub fn redact(&self, text: &mut String) {
        let given = self.given.lock();
        let fixed = match &self.source {
            KeySource::Static(key) => Some(key),
            KeySource::Function(_) | KeySource::None => None,
        };
        for key in fixed.into_iter().chain(given.iter()) {
            if text.contains(key.expose()) {
                *text = text.replace(key.expose(), &key.hint());
            }
        }
    }

    /// Notes a key that a function gave. False when the vendor has just refused it.
    pub fn accept_given(&self, key: &ApiKey, now: Instant) -> bool {
        let same = |other: &ApiKey| other.expose() == key.expose();
        if self.refused.lock().as_ref().is_some_and(|(refused, at)| same(refused) && now < *at + REFUSED_FOR)
        {
            return false;
        }
        let mut given = self.given.lock();
        given.retain(|other| !same(other));
        if given.len() == KEYS_KEPT {
            given.pop_front();
        }
        given.push_back(key.clone());
        true
    }

    /// The part of the key that users may see.
    pub fn hint(&self) -> String {
        match &self.source {
            KeySource::Static(key) => key.hint(),
            KeySource::None => "none".into(),
            KeySource::Function(_) => self.given.lock().back().map_or_else(|| "…".into(), ApiKey::hint),
        }
    }

    /// What an alert about the key is about. A function's keys change, so the alert is about the function.
    pub fn subject(&self, address: &str) -> String {
        match &self.source {
            KeySource::Function(number) => format!("{address} function {number}"),
            KeySource::Static(_) | KeySource::None => format!("{address} {}", self.hint()),
        }
    }

    /// The vendor accepted a key.
    pub(super) fn accepted(&self) {
        *self.refused.lock() = None;
    }

    /// Notes that the vendor refused this key of a function.
    pub fn record_refusal(&self, key: &ApiKey, now: Instant) {
        *self.refused.lock() = Some((key.clone(), now));
    }

    /// Whether a function gives the key and its last key is not refused.
    pub fn may_refresh(&self) -> bool {
        matches!(self.source, KeySource::Function(_)) && self.refused.lock().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trouble_of_a_functions_key_is_the_next_ones_too() {
        let now = Instant::now();
        let credential = Credential::new(KeySource::Function(3), now);
        credential.accept_given(&ApiKey::new("sk-one-0123456789-aaaa").expect("a key"), now);
        let (subject, hint) = (credential.subject("http://h"), credential.hint());
        credential.accept_given(&ApiKey::new("sk-two-0123456789-bbbb").expect("a key"), now);
        assert_eq!(credential.subject("http://h"), subject);
        assert_ne!(credential.hint(), hint);
    }
}
