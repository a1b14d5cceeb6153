//! A silence: alerts of a kind or service that are not sent at some time.

use std::time::{SystemTime, UNIX_EPOCH};

use super::types::Alert;

const DAY: u64 = 86_400;

/// All given parts must match.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Silence {
    pub kinds: Option<Vec<String>>,
    pub services: Option<Vec<String>>,
    pub when: When,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum When {
    #[default]
    Always,
    /// Between two moments; either may be missing.
    Between(Option<SystemTime>, Option<SystemTime>),
    /// Daily between two times, in seconds after midnight UTC; over midnight when the first is later.
    Daily(u64, u64),
}

impl Silence {
    pub fn covers(&self, alert: &Alert, wall: SystemTime) -> bool {
        let among = |list: &Option<Vec<String>>, given: &str| {
            list.as_ref().is_none_or(|list| list.iter().any(|one| one == given))
        };
        among(&self.kinds, &alert.kind) && among(&self.services, &alert.service) && self.when.covers(wall)
    }
}

impl When {
    fn covers(self, wall: SystemTime) -> bool {
        match self {
            Self::Always => true,
            Self::Between(from, until) => {
                from.is_none_or(|from| wall >= from) && until.is_none_or(|until| wall < until)
            }
            Self::Daily(from, until) => {
                let time = wall.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() % DAY);
                if from <= until { (from..until).contains(&time) } else { time >= from || time < until }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn kinds_services_and_times() {
        let at = |secs| UNIX_EPOCH + Duration::from_secs(secs);
        let alert = Alert { kind: "latency".into(), service: "a".into(), ..Alert::default() };
        let names = |list: &[&str]| Some(list.iter().map(|s| (*s).to_owned()).collect());
        let of = |kinds, services, when| Silence { kinds, services, when };
        for (silence, time, expected) in [
            (of(None, None, When::Always), 0, true),
            (of(names(&["quota", "latency"]), None, When::Always), 0, true),
            (of(names(&["quota"]), None, When::Always), 0, false),
            (of(names(&["latency"]), names(&["b"]), When::Always), 0, false),
            (of(None, names(&["a"]), When::Between(Some(at(10)), Some(at(20)))), 9, false),
            (of(None, names(&["a"]), When::Between(Some(at(10)), Some(at(20)))), 10, true),
            (of(None, None, When::Between(None, Some(at(20)))), 20, false),
            (of(None, None, When::Daily(3_600, 7_200)), DAY * 9 + 3_600, true),
            (of(None, None, When::Daily(3_600, 7_200)), DAY * 9 + 7_200, false),
            (of(None, None, When::Daily(80_000, 3_600)), DAY * 9 + 10, true),
            (of(None, None, When::Daily(80_000, 3_600)), DAY * 9 + 3_600, false),
            (of(None, None, When::Daily(80_000, 3_600)), DAY * 9 + 80_000, true),
        ] {
            assert_eq!(silence.covers(&alert, at(time)), expected, "{silence:?} at {time}");
        }
    }
}
