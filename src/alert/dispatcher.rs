//! Decides when alerts are sent: groups them, repeats firing ones, and sends the end of those that were
//! sent.
//! After Prometheus' Alertmanager, including its terms.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use super::{
    silence::Silence,
    types::{Alert, AlertStatus, Severity},
};

/// The most alerts held at once.
const MOST: usize = 1_024;
/// How often silences are checked for their end.
const LOOK: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, PartialEq)]
pub struct DispatchPolicy {
    /// The kinds that are sent; all when `None`.
    pub on: Option<Vec<String>>,
    pub min_severity: Severity,
    /// How long the first alert of a group waits for others. Critical alerts do not wait.
    pub group_wait: Duration,
    /// The shortest time between two messages, unless one is critical.
    pub group_interval: Duration,
    /// How often a firing alert is sent again.
    pub repeat_interval: Duration,
    pub silences: Vec<Silence>,
}

impl Default for DispatchPolicy {
    fn default() -> Self {
        Self {
            on: None,
            min_severity: Severity::Warning,
            group_wait: Duration::from_secs(10),
            group_interval: Duration::from_secs(60),
            repeat_interval: Duration::from_secs(4 * 3_600),
            silences: Vec::new(),
        }
    }
}

pub struct Dispatcher {
    policy: DispatchPolicy,
    known: BTreeMap<String, AlertState>,
    /// When the waiting alerts are sent.
    due: Option<Instant>,
    last: Option<Instant>,
    came: u64,
}

struct AlertState {
    alert: Alert,
    /// It has to be sent.
    waits: bool,
    /// When it was last sent as firing.
    told: Option<Instant>,
    /// Its position in the order of arrival.
    place: u64,
}

impl Dispatcher {
    pub fn new(policy: DispatchPolicy) -> Self {
        Self { policy, known: BTreeMap::new(), due: None, last: None, came: 0 }
    }

    pub fn reconfigure(&mut self, policy: DispatchPolicy) {
        self.policy = policy;
    }

    /// Takes a firing or resolved alert. False when there is no room for it.
    pub fn take(&mut self, alert: Alert, now: Instant) -> bool {
        self.came += 1;
        let place = self.came;
        let critical = alert.severity == Severity::Critical && alert.status == AlertStatus::Firing;
        let known = self.known.get_mut(&alert.fingerprint);
        match (alert.status, known) {
            (AlertStatus::Resolved, None) => return true,
            // It ended before it was sent.
            (AlertStatus::Resolved, Some(AlertState { told: None, .. })) => {
                self.known.remove(&alert.fingerprint);
                return true;
            }
            (AlertStatus::Resolved, Some(known)) => {
                *known = AlertState { alert, waits: true, place, ..*known };
            }
            // It has become more severe than what was sent.
            (AlertStatus::Firing, Some(known)) if critical && known.alert.severity < alert.severity => {
                *known = AlertState { alert, waits: true, ..*known };
            }
            // Receivers still have it as firing.
            (AlertStatus::Firing, Some(known)) => {
                let waits = known.waits && (known.told.is_none() || known.fires());
                *known = AlertState { alert, waits, ..*known };
                return true;
            }
            (AlertStatus::Firing, None) => {
                let told_of = |on: &Vec<String>| on.iter().any(|kind| *kind == alert.kind);
                if alert.severity < self.policy.min_severity || !self.policy.on.as_ref().is_none_or(told_of) {
                    return true;
                }
                if self.known.len() >= MOST {
                    return false;
                }
                let known = AlertState { waits: true, told: None, place, alert };
                self.known.insert(known.alert.fingerprint.clone(), known);
            }
        }
        let due = if critical {
            now
        } else {
            let next = self.last.map(|last| last + self.policy.group_interval);
            next.into_iter().fold(now + self.policy.group_wait, Instant::max)
        };
        self.due = Some(self.due.map_or(due, |known| known.min(due)));
        true
    }

    /// When `ready` may return alerts.
    pub fn next_at(&self) -> Option<Instant> {
        let again = self.known.values().filter(|known| known.fires()).filter_map(|known| known.told).min();
        self.due.into_iter().chain(again.map(|told| told + self.policy.repeat_interval)).min()
    }

    /// The alerts to send now, in order of arrival.
    pub fn ready(&mut self, now: Instant, wall: SystemTime) -> Vec<Alert> {
        let again = |known: &AlertState| {
            let since = known.told.map(|told| now.saturating_duration_since(told));
            known.fires() && since.is_some_and(|since| since >= self.policy.repeat_interval)
        };
        let any = self.due.is_some_and(|due| due <= now) || self.known.values().any(again);
        if any { self.tell(now, wall) } else { Vec::new() }
    }

    /// All waiting alerts at once, before the client closes.
    pub fn flush(&mut self, now: Instant, wall: SystemTime) -> Vec<Alert> {
        self.tell(now, wall)
    }

    fn tell(&mut self, now: Instant, wall: SystemTime) -> Vec<Alert> {
        let Self { policy, known, .. } = self;
        let mut told = Vec::new();
        let (mut silent, mut over) = (false, Vec::new());
        for (fingerprint, one) in known.iter_mut() {
            let again = one.fires()
                && one.told.is_some_and(|at| now.saturating_duration_since(at) >= policy.repeat_interval);
            if !one.waits && !again {
                continue;
            }
            // Receivers that got the beginning get the end.
            if one.alert.status == AlertStatus::Firing
                && policy.silences.iter().any(|s| s.covers(&one.alert, wall))
            {
                silent |= one.waits;
                if again {
                    one.told = Some(now);
                }
                continue;
            }
            one.waits = false;
            one.told = Some(now);
            told.push((one.place, one.alert.clone()));
            if one.alert.status == AlertStatus::Resolved {
                over.push(fingerprint.clone());
            }
        }
        over.iter().for_each(|fingerprint| drop(known.remove(fingerprint)));
        self.due = silent.then(|| now + LOOK);
        if !told.is_empty() {
            self.last = Some(now);
        }
        told.sort_unstable_by_key(|(place, _)| *place);
        told.into_iter().map(|(_, alert)| alert).collect()
    }
}

impl AlertState {
    fn fires(&self) -> bool {
        self.alert.status == AlertStatus::Firing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::silence::When;

    struct Play {
        begin: Instant,
        dispatcher: Dispatcher,
    }

    impl Play {
        fn new(policy: DispatchPolicy) -> Self {
            Self { begin: Instant::now(), dispatcher: Dispatcher::new(policy) }
        }

        fn at(&self, secs: u64) -> (Instant, SystemTime) {
            let after = Duration::from_secs(secs);
            (self.begin + after, SystemTime::UNIX_EPOCH + after)
        }

        fn alert(&mut self, secs: u64, id: &str, severity: Severity, status: AlertStatus) -> bool {
            let (kind, service) = (id.to_owned().into(), id.to_owned());
            let alert = Alert { fingerprint: id.into(), kind, service, severity, status, ..Alert::default() };
            self.dispatcher.take(alert, self.at(secs).0)
        }

        /// What is sent until then, as `second:id`, with a stroke for resolved ones.
        fn told(&mut self, until: u64) -> String {
            let mut told = Vec::new();
            while let Some(at) = self.dispatcher.next_at().filter(|at| *at <= self.at(until).0) {
                let secs = at.saturating_duration_since(self.begin).as_secs();
                let (now, wall) = self.at(secs);
                let ready = self.dispatcher.ready(now, wall);
                if !ready.is_empty() {
                    let name = |a: &Alert| {
                        format!("{}{}", a.fingerprint, if a.status == Resolved { "/" } else { "" })
                    };
                    told.push(format!("{secs}:{}", ready.iter().map(name).collect::<Vec<_>>().join("+")));
                }
            }
            told.join(" ")
        }
    }

    use AlertStatus::{Firing, Resolved};
    use Severity::{Critical, Warning};

    #[test]
    fn alerts_wait_for_company_and_critical_ones_for_nobody() {
        let mut play = Play::new(DispatchPolicy::default());
        play.alert(0, "a", Warning, Firing);
        play.alert(3, "b", Warning, Firing);
        assert_eq!(play.told(9), "");
        assert_eq!(play.told(20), "10:a+b");
        // Only after the group interval, except with a critical one, which takes the others along.
        play.alert(20, "c", Warning, Firing);
        assert_eq!(play.told(69), "");
        play.alert(69, "d", Critical, Firing);
        assert_eq!(play.told(69), "69:c+d");
        play.alert(80, "a", Warning, Resolved);
        assert_eq!(play.told(1_000), "129:a/");
    }

    #[test]
    fn what_fires_is_told_again_and_what_is_over_once() {
        let mut play = Play::new(DispatchPolicy::default());
        play.alert(0, "a", Critical, Firing);
        play.alert(0, "a", Critical, Firing);
        assert_eq!(play.told(40_000), "0:a 14400:a 28800:a");
        play.alert(40_000, "a", Critical, Resolved);
        play.alert(40_000, "a", Critical, Resolved);
        assert_eq!(play.told(90_000), "40010:a/");
        assert_eq!(play.dispatcher.next_at(), None);
    }

    #[test]
    fn what_nobody_heard_of_has_no_end_and_what_comes_back_at_once_none_either() {
        let mut play = Play::new(DispatchPolicy::default());
        play.alert(0, "a", Warning, Firing);
        play.alert(5, "a", Warning, Resolved);
        play.alert(5, "b", Warning, Resolved);
        assert_eq!(play.told(100), "");
        play.alert(200, "c", Critical, Firing);
        assert_eq!(play.told(200), "200:c");
        play.alert(201, "c", Critical, Resolved);
        play.alert(202, "c", Critical, Firing);
        assert_eq!(play.told(5_000), "");
    }

    #[test]
    fn what_becomes_critical_is_told_at_once() {
        let mut play = Play::new(DispatchPolicy::default());
        play.alert(0, "a", Warning, Firing);
        play.alert(1, "a", Critical, Firing);
        assert_eq!(play.told(1), "1:a");
        play.alert(100, "b", Warning, Firing);
        assert_eq!(play.told(120), "110:b");
        // The same if it ended in between and was not sent yet.
        play.alert(121, "b", Warning, Resolved);
        play.alert(122, "b", Critical, Firing);
        play.alert(123, "b", Critical, Firing);
        assert_eq!(play.told(5_000), "122:b");
    }

    #[test]
    fn kinds_severities_and_silences_hold_back() {
        let silence =
            |service: &str, when| Silence { services: Some(vec![service.into()]), kinds: None, when };
        let until = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let mut play = Play::new(DispatchPolicy {
            on: Some(vec!["a".into(), "b".into(), "c".into()]),
            min_severity: Critical,
            silences: vec![silence("c", When::Always), silence("b", When::Between(None, Some(until)))],
            ..DispatchPolicy::default()
        });
        for id in ["a", "b", "c", "d"] {
            play.alert(0, id, Critical, Firing);
        }
        play.alert(0, "a2", Warning, Firing);
        // After the silence, alerts that still fire are sent.
        assert_eq!(play.told(1_000), "0:a 120:b");
        // A silence does not hide an end.
        play.dispatcher.policy.silences = vec![silence("a", When::Always)];
        play.alert(1_000, "a", Critical, Resolved);
        assert_eq!(play.told(1_100), "1010:c+a/");
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut play = Play::new(DispatchPolicy::default());
        let fits = (0..5_000).filter(|n| play.alert(0, &format!("{n}"), Warning, Firing)).count();
        assert_eq!((fits, play.told(10).split('+').count()), (MOST, MOST));
    }
}
