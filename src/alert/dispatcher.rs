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
const MAX_ALERTS: usize = 1_024;
/// How often silences are checked for their end.
const SILENCE_RECHECK: Duration = Duration::from_secs(30);

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
    arrivals: u64,
}

struct AlertState {
    alert: Alert,
    /// It has to be sent.
    pending: bool,
    /// When it was last sent as firing.
    last_sent: Option<Instant>,
    /// Its position in the order of arrival.
    arrival: u64,
}

impl Dispatcher {
    pub fn new(policy: DispatchPolicy) -> Self {
        Self { policy, known: BTreeMap::new(), due: None, last: None, arrivals: 0 }
    }

    pub fn reconfigure(&mut self, policy: DispatchPolicy) {
        self.policy = policy;
    }

    /// Takes a firing or resolved alert. False when there is no room for it.
    pub fn take(&mut self, alert: Alert, now: Instant) -> bool {
        self.arrivals += 1;
        let arrival = self.arrivals;
        let critical = alert.severity == Severity::Critical && alert.status == AlertStatus::Firing;
        let known = self.known.get_mut(&alert.fingerprint);
        match (alert.status, known) {
            (AlertStatus::Resolved, None) => return true,
            // It ended before it was sent.
            (AlertStatus::Resolved, Some(AlertState { last_sent: None, .. })) => {
                self.known.remove(&alert.fingerprint);
                return true;
            }
            (AlertStatus::Resolved, Some(known)) => {
                *known = AlertState { alert, pending: true, arrival, ..*known };
            }
            // It has become more severe than what was sent.
            (AlertStatus::Firing, Some(known)) if critical && known.alert.severity < alert.severity => {
                *known = AlertState { alert, pending: true, ..*known };
            }
            // Receivers still have it as firing.
            (AlertStatus::Firing, Some(known)) => {
                let pending = known.pending && (known.last_sent.is_none() || known.fires());
                *known = AlertState { alert, pending, ..*known };
                return true;
            }
            (AlertStatus::Firing, None) => {
                let told_of = |on: &Vec<String>| on.iter().any(|kind| *kind == alert.kind);
                if alert.severity < self.policy.min_severity || !self.policy.on.as_ref().is_none_or(told_of) {
                    return true;
                }
                if self.known.len() >= MAX_ALERTS {
                    return false;
                }
                let known = AlertState { pending: true, last_sent: None, arrival, alert };
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
        let repeat =
            self.known.values().filter(|known| known.fires()).filter_map(|known| known.last_sent).min();
        self.due.into_iter().chain(repeat.map(|sent| sent + self.policy.repeat_interval)).min()
    }

    /// The alerts to send now, in order of arrival.
    pub fn ready(&mut self, now: Instant, wall: SystemTime) -> Vec<Alert> {
        let repeat = |known: &AlertState| {
            let since = known.last_sent.map(|sent| now.saturating_duration_since(sent));
            known.fires() && since.is_some_and(|since| since >= self.policy.repeat_interval)
        };
        let any = self.due.is_some_and(|due| due <= now) || self.known.values().any(repeat);
        if any { self.take_due(now, wall) } else { Vec::new() }
    }

    /// All waiting alerts at once, before the client closes.
    pub fn flush(&mut self, now: Instant, wall: SystemTime) -> Vec<Alert> {
        self.take_due(now, wall)
    }

    fn take_due(&mut self, now: Instant, wall: SystemTime) -> Vec<Alert> {
        let Self { policy, known, .. } = self;
        let mut sent = Vec::new();
        let (mut silent, mut resolved) = (false, Vec::new());
        for (fingerprint, one) in known.iter_mut() {
            let repeat = one.fires()
                && one
                    .last_sent
                    .is_some_and(|at| now.saturating_duration_since(at) >= policy.repeat_interval);
            if !one.pending && !repeat {
                continue;
            }
            // Receivers that got the beginning get the end.
            if one.alert.status == AlertStatus::Firing
                && policy.silences.iter().any(|s| s.covers(&one.alert, wall))
            {
                silent |= one.pending;
                if repeat {
                    one.last_sent = Some(now);
                }
                continue;
            }
            one.pending = false;
            one.last_sent = Some(now);
            sent.push((one.arrival, one.alert.clone()));
            if one.alert.status == AlertStatus::Resolved {
                resolved.push(fingerprint.clone());
            }
        }
        resolved.iter().for_each(|fingerprint| drop(known.remove(fingerprint)));
        self.due = silent.then(|| now + SILENCE_RECHECK);
        if !sent.is_empty() {
            self.last = Some(now);
        }
        sent.sort_unstable_by_key(|(arrival, _)| *arrival);
        sent.into_iter().map(|(_, alert)| alert).collect()
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
        fn sent_until(&mut self, until: u64) -> String {
            let mut sent = Vec::new();
            while let Some(at) = self.dispatcher.next_at().filter(|at| *at <= self.at(until).0) {
                let secs = at.saturating_duration_since(self.begin).as_secs();
                let (now, wall) = self.at(secs);
                let ready = self.dispatcher.ready(now, wall);
                if !ready.is_empty() {
                    let name = |a: &Alert| {
                        format!("{}{}", a.fingerprint, if a.status == Resolved { "/" } else { "" })
                    };
                    sent.push(format!("{secs}:{}", ready.iter().map(name).collect::<Vec<_>>().join("+")));
                }
            }
            sent.join(" ")
        }
    }

    use AlertStatus::{Firing, Resolved};
    use Severity::{Critical, Warning};

    #[test]
    fn alerts_wait_for_company_and_critical_ones_for_nobody() {
        let mut play = Play::new(DispatchPolicy::default());
        play.alert(0, "a", Warning, Firing);
        play.alert(3, "b", Warning, Firing);
        assert_eq!(play.sent_until(9), "");
        assert_eq!(play.sent_until(20), "10:a+b");
        // Only after the group interval, except with a critical one, which takes the others along.
        play.alert(20, "c", Warning, Firing);
        assert_eq!(play.sent_until(69), "");
        play.alert(69, "d", Critical, Firing);
        assert_eq!(play.sent_until(69), "69:c+d");
        play.alert(80, "a", Warning, Resolved);
        assert_eq!(play.sent_until(1_000), "129:a/");
    }

    #[test]
    fn what_fires_is_told_again_and_what_is_over_once() {
        let mut play = Play::new(DispatchPolicy::default());
        play.alert(0, "a", Critical, Firing);
        play.alert(0, "a", Critical, Firing);
        assert_eq!(play.sent_until(40_000), "0:a 14400:a 28800:a");
        play.alert(40_000, "a", Critical, Resolved);
        play.alert(40_000, "a", Critical, Resolved);
        assert_eq!(play.sent_until(90_000), "40010:a/");
        assert_eq!(play.dispatcher.next_at(), None);
    }

    #[test]
    fn what_nobody_heard_of_has_no_end_and_what_comes_back_at_once_none_either() {
        let mut play = Play::new(DispatchPolicy::default());
        play.alert(0, "a", Warning, Firing);
        play.alert(5, "a", Warning, Resolved);
        play.alert(5, "b", Warning, Resolved);
        assert_eq!(play.sent_until(100), "");
        play.alert(200, "c", Critical, Firing);
        assert_eq!(play.sent_until(200), "200:c");
        play.alert(201, "c", Critical, Resolved);
        play.alert(202, "c", Critical, Firing);
        assert_eq!(play.sent_until(5_000), "");
    }

    #[test]
    fn what_becomes_critical_is_told_at_once() {
        let mut play = Play::new(DispatchPolicy::default());
        play.alert(0, "a", Warning, Firing);
        play.alert(1, "a", Critical, Firing);
        assert_eq!(play.sent_until(1), "1:a");
        play.alert(100, "b", Warning, Firing);
        assert_eq!(play.sent_until(120), "110:b");
        // The same if it ended in between and was not sent yet.
        play.alert(121, "b", Warning, Resolved);
        play.alert(122, "b", Critical, Firing);
        play.alert(123, "b", Critical, Firing);
        assert_eq!(play.sent_until(5_000), "122:b");
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
        assert_eq!(play.sent_until(1_000), "0:a 120:b");
        // A silence does not hide an end.
        play.dispatcher.policy.silences = vec![silence("a", When::Always)];
        play.alert(1_000, "a", Critical, Resolved);
        assert_eq!(play.sent_until(1_100), "1010:c+a/");
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut play = Play::new(DispatchPolicy::default());
        let fits = (0..5_000).filter(|n| play.alert(0, &format!("{n}"), Warning, Firing)).count();
        assert_eq!((fits, play.sent_until(10).split('+').count()), (MAX_ALERTS, MAX_ALERTS));
    }
}
