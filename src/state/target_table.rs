//! An endpoint's targets, a bounded number of them.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::Arc,
};

use parking_lot::Mutex;

use super::{gate::Gate, target::Target};
use crate::call::request::Service;

/// Models remembered one by one per endpoint; a caller may ask an open endpoint for any name.
const MAX_TARGETS: usize = 128;

/// By key, model and what is asked of it.
#[derive(Default)]
pub(super) struct Targets(HashMap<Key, Arc<Target>>);

type Key = (usize, Arc<str>, Service);

// === impl Targets ===

impl Targets {
    pub fn get(&self, credential: usize, model: &str, service: Service) -> Option<&Arc<Target>> {
        self.0.get(&(credential, model, service) as &dyn TargetKey)
    }

    pub fn insert(&mut self, credential: usize, target: Arc<Target>) {
        self.0.insert((credential, target.model.clone(), target.service), target);
    }

    /// The one that was least used makes room; its history is lost, a running attempt's is not.
    pub fn make_room(&mut self) {
        if self.0.len() < MAX_TARGETS {
            return;
        }
        let idle = self.0.iter().filter(|(_, target)| Arc::strong_count(target) == 1);
        let least = idle.min_by_key(|(_, target)| target.stats.lock().total).map(|(key, _)| key.clone());
        if let Some(key) = least {
            self.0.remove(&key);
        }
    }

    /// One model under several keys is one model: it is sick or well for all of them.
    pub fn model_gate(&self, credentials: usize, model: &str, service: Service) -> Option<Arc<Mutex<Gate>>> {
        (0..credentials)
            .find_map(|credential| self.get(credential, model, service))
            .map(|target| target.model_gate.clone())
    }

    /// In a stable order.
    pub fn list(&self) -> Vec<Arc<Target>> {
        let mut list: Vec<_> = self.0.iter().collect();
        list.sort_by_key(|(key, _)| *key);
        list.into_iter().map(|(_, target)| target.clone()).collect()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Lets the map be asked with a borrowed model name.
trait TargetKey {
    fn parts(&self) -> (usize, &str, Service);
}

impl TargetKey for Key {
    fn parts(&self) -> (usize, &str, Service) {
        (self.0, &self.1, self.2)
    }
}

impl TargetKey for (usize, &str, Service) {
    fn parts(&self) -> (usize, &str, Service) {
        (self.0, self.1, self.2)
    }
}

impl PartialEq for dyn TargetKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn TargetKey + '_ {}

impl Hash for dyn TargetKey + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl<'a> Borrow<dyn TargetKey + 'a> for Key {
    fn borrow(&self) -> &(dyn TargetKey + 'a) {
        self
    }
}
