//! A map of bounded size: further keys are counted under one key for all others.

use std::{borrow::Borrow, collections::BTreeMap};

/// The most series of one kind that a scraper should get.
pub const MAX_KEYS: usize = 1_000;

#[derive(Debug)]
pub struct BoundedNames<K, V>(BTreeMap<K, V>);

impl<K, V> Default for BoundedNames<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V: Default> BoundedNames<K, V> {
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key)
    }

    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.0.get_mut(key)
    }

    /// Whether a key has a value of its own, or would get one.
    pub fn has_room_for(&self, key: &K) -> bool {
        self.0.len() < MAX_KEYS || self.0.contains_key(key)
    }

    /// The value of a key, or of `others` when the map is full.
    pub fn entry(&mut self, key: K, others: impl FnOnce() -> K) -> &mut V {
        let key = if self.has_room_for(&key) { key } else { others() };
        self.0.entry(key).or_default()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted_together_and_nothing_is_lost() {
        let mut map: BoundedNames<u32, u64> = BoundedNames::default();
        for n in 0..5_000 {
            *map.entry(n, || u32::MAX) += 1;
        }
        *map.entry(3, || u32::MAX) += 1;
        assert_eq!(map.get(&3), Some(&2));
        assert_eq!(map.get(&u32::MAX), Some(&(5_000 - MAX_KEYS as u64)));
        assert_eq!(map.iter().count(), MAX_KEYS + 1);
        assert_eq!(map.iter().map(|(_, n)| n).sum::<u64>(), 5_001);
    }
}
