//! The order of candidates within a tier: power of two choices, weights, or a sticky key. Mitzenmacher, "The
//! Power of Two Choices in Randomized Load Balancing" (2001); Efraimidis and Spirakis, "Weighted random
//! sampling with a reservoir" (2006); Thaler and Ravishankar, "Using name-based mappings to increase hit
//! rates" (1998), with weights as there.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Puts the less loaded of two random items first; the rest keep their order.
/// `draw` returns uniform numbers in `0.0..1.0`.
pub fn power_of_two<T>(items: &mut [T], load: impl Fn(&T) -> f64, mut draw: impl FnMut() -> f64) {
    let n = items.len();
    if n < 2 {
        return;
    }
    let pick = |bound: usize, unit: f64| ((unit * bound as f64) as usize).min(bound - 1);
    let first = pick(n, draw());
    let mut second = pick(n - 1, draw());
    if second >= first {
        second += 1;
    }
    let winner = if load(&items[second]) < load(&items[first]) { second } else { first };
    items[..=winner].rotate_right(1);
}

/// A random order in which each item comes first in proportion to its weight; items of weight zero come
/// last.
pub fn weighted<T>(items: &mut [T], weight: impl Fn(&T) -> f64, mut draw: impl FnMut() -> f64) {
    by_lot(items, weight, |_| draw());
}

/// The order that a key always has, also when items are added or removed. Weights determine how many keys
/// each item has first.
pub fn sticky<T>(items: &mut [T], key: &str, name: impl Fn(&T) -> &str, weight: impl Fn(&T) -> f64) {
    let lot = |item: &T| {
        // With fixed keys: the same in every process.
        let mut hasher = DefaultHasher::new();
        (key, name(item)).hash(&mut hasher);
        // 53 bits are a number in `0.0..1.0`.
        (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64
    };
    by_lot(items, weight, lot);
}

/// Orders by exponential draws: the smallest first, at a rate of the weight.
fn by_lot<T>(items: &mut [T], weight: impl Fn(&T) -> f64, mut lot: impl FnMut(&T) -> f64) {
    // A draw of zero would come first whatever its weight.
    let mut rings: Vec<f64> =
        items.iter().map(|item| -lot(item).max(f64::MIN_POSITIVE).ln() / weight(item).max(0.0)).collect();
    // Weight zero never comes first; zero divided by zero is undefined.
    rings.iter_mut().filter(|ring| ring.is_nan()).for_each(|ring| *ring = f64::INFINITY);
    // A tier is short.
    for at in 1..items.len() {
        for i in (1..=at).rev() {
            if rings[i] >= rings[i - 1] {
                break;
            }
            rings.swap(i, i - 1);
            items.swap(i, i - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_permutes_and_never_leads_with_the_worst(loads in proptest::collection::vec(0.0f64..10.0, 2..8), a in 0.0f64..1.0, b in 0.0f64..1.0) {
            let mut order: Vec<usize> = (0..loads.len()).collect();
            let mut draws = [a, b].into_iter();
            power_of_two(&mut order, |i| loads[*i], || draws.next().unwrap_or(0.0));
            let worst = loads.iter().copied().fold(f64::MIN, f64::max);
            let best_of_rest = loads.iter().filter(|l| **l < worst).count();
            prop_assert!(loads[order[0]] < worst || best_of_rest == 0 || loads.iter().filter(|l| **l == worst).count() > 1);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..loads.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_pair_can_be_drawn_and_the_first_wins_a_draw() {
        for (draws, leads, follows) in [
            ([0.0, 0.0], 0, 1),
            ([0.5, 0.0], 2, 0),
            ([0.25, 0.99], 1, 3),
            ([0.99, 0.99], 3, 2),
            // What rounding can make of a draw.
            ([1.0, 1.0], 3, 2),
        ] {
            let order_by = |load: fn(usize, usize) -> f64| {
                let mut order = [0, 1, 2, 3];
                let mut draws = draws.into_iter();
                power_of_two(&mut order, |i| load(*i, leads), || draws.next().expect("two draws"));
                order[0]
            };
            assert_eq!(order_by(|_, _| 1.0), leads, "{draws:?}");
            assert_eq!(order_by(|i, leads| if i == leads { 2.0 } else { 1.0 }), follows, "{draws:?}");
        }
    }

    #[test]
    fn the_lighter_of_two_always_leads() {
        for unit in [0.0, 0.3, 0.6, 0.999] {
            let mut order = vec!["slow", "fast"];
            power_of_two(&mut order, |name| if *name == "fast" { 1.0 } else { 2.0 }, || unit);
            assert_eq!(order, ["fast", "slow"]);
        }
    }
}
