//! The rules over time, one episode after the other.

use super::*;
use crate::alert::{
    rules::config::{
        BacklogRule, ErrorRateRule, ExceededRule, FailoverRule, LatencyRule, LatencyStatistic,
        RateLimitedRule,
    },
    types::AlertStatus,
};

const START: u64 = 1_000_000;

struct Play {
    begin: Instant,
    rules: RuleSet,
    alerts: Vec<String>,
}

fn place(endpoint: &str) -> TargetKey {
    (endpoint.into(), "m".into())
}

impl Play {
    fn new(config: RulesConfig) -> Self {
        Self { begin: Instant::now(), rules: RuleSet::new(config), alerts: Vec::new() }
    }

    fn at(&self, secs: u64) -> (Instant, SystemTime) {
        let after = Duration::from_secs(secs);
        (self.begin + after, SystemTime::UNIX_EPOCH + Duration::from_secs(START) + after)
    }

    fn note(&mut self, secs: u64, alerts: impl IntoIterator<Item = Alert>) {
        for alert in alerts {
            let sign = if alert.status == AlertStatus::Firing { '+' } else { '-' };
            self.alerts.push(format!("{secs}{sign}{}", alert.kind));
        }
    }

    fn attempt(&mut self, secs: u64, failure: Option<Reason>, latency_ms: u64, limit_ms: Option<u64>) {
        let (now, at) = self.at(secs);
        let latency = Duration::from_millis(latency_ms);
        let observation = AttemptObservation {
            place: place("a"),
            at,
            now,
            took: latency,
            failure,
            blames: failure.is_some(),
        };
        let limit = limit_ms.map(Duration::from_millis);
        let alerts = self.rules.on_attempt(&observation, AttemptLatency { latency, limit });
        self.note(secs, alerts);
    }

    fn on_failover(&mut self, secs: u64) {
        let (now, at) = self.at(secs);
        let alerts = self.rules.on_failover(&place("a"), &place("b"), Reason::ServerError, now, at);
        self.note(secs, alerts);
    }

    fn backlog(&mut self, secs: u64, jobs: u64, oldest: u64) {
        let alerts = self
            .rules
            .on_backlog(QueueBacklog { jobs, oldest: Duration::from_secs(oldest) }, self.at(secs).1);
        self.note(secs, alerts);
    }

    /// Lets time pass as the owner would.
    fn pass(&mut self, from: u64, until: u64) {
        let mut secs = from;
        while let Some(wait) = self.rules.wakes_in(self.at(secs).1) {
            secs += wait.as_secs().max(1);
            if secs > until {
                return;
            }
            let (now, at) = self.at(secs);
            let alerts = self.rules.expire(now, at);
            self.note(secs, alerts);
        }
    }

    fn summary(&self) -> String {
        self.alerts.join(" ")
    }
}

/// Only the given rules.
fn only(set: impl FnOnce(&mut RulesConfig)) -> RulesConfig {
    let mut config = RulesConfig {
        latency: None,
        error_rate: None,
        rate_limited: None,
        failover_triggered: None,
        latency_exceeded: None,
        cost_threshold_exceeded: false,
        queue_backlog: None,
    };
    set(&mut config);
    config
}

const DOWN: Option<Reason> = Some(Reason::ServerError);

#[test]
fn latency_takes_enough_answers_and_does_not_flap_at_its_threshold() {
    let mut play = Play::new(only(|c| c.latency = Some(LatencyRule::default())));
    (0..9).for_each(|n| play.attempt(n, None, 9_000, None));
    assert_eq!(play.summary(), "", "nine are not enough");
    play.attempt(9, None, 9_000, None);
    assert_eq!(play.summary(), "9+latency");
    // Failures are not answers, and a mean around the threshold changes nothing.
    play.attempt(10, DOWN, 1, None);
    (11..60).for_each(|n| play.attempt(n, None, 4_100 + (n % 2) * 1_500, None));
    assert_eq!(play.summary(), "9+latency");
    (60..160).for_each(|n| play.attempt(n, None, 10, None));
    let summary = play.summary();
    assert!(
        summary.starts_with("9+latency ") && summary.ends_with("-latency") && play.alerts.len() == 2,
        "{summary}"
    );
}

#[test]
fn latency_by_the_percentile_sees_what_the_mean_hides() {
    for (of, fires) in [(LatencyStatistic::Mean, false), (LatencyStatistic::P95, true)] {
        let mut play = Play::new(only(|c| c.latency = Some(LatencyRule { of, ..LatencyRule::default() })));
        (0..50).for_each(|n| play.attempt(n, None, if n % 10 == 0 { 20_000 } else { 10 }, None));
        assert_eq!(!play.alerts.is_empty(), fires, "{of:?}: {}", play.summary());
    }
}

#[test]
fn latency_ends_when_nothing_is_known_any_more() {
    let mut play = Play::new(only(|c| c.latency = Some(LatencyRule::default())));
    (0..10).for_each(|n| play.attempt(n, None, 9_000, None));
    play.pass(9, 2_000);
    assert_eq!(play.summary(), "9+latency 309-latency");
}

#[test]
fn error_rate_needs_requests_and_ends_at_half_its_threshold() {
    let mut play = Play::new(only(|c| c.error_rate = Some(ErrorRateRule::default())));
    (0..19).for_each(|n| play.attempt(n, DOWN, 10, None));
    assert_eq!(play.summary(), "", "nineteen are not enough");
    play.attempt(19, None, 10, None);
    assert_eq!(play.summary(), "19+error_rate");
    play.pass(19, 4_000);
    assert_eq!(play.alerts.len(), 2);

    // At the threshold: 5 % is not above 5 %, and a firing alert stays until 2.5 %.
    let mut play = Play::new(only(|c| {
        c.error_rate =
            Some(ErrorRateRule { window: Duration::from_secs(100_000), ..ErrorRateRule::default() })
    }));
    (0..95).for_each(|n| play.attempt(n, None, 10, None));
    (95..100).for_each(|n| play.attempt(n, DOWN, 10, None));
    assert_eq!(play.summary(), "");
    play.attempt(100, DOWN, 10, None);
    assert_eq!(play.summary(), "100+error_rate");
    for n in 101..200 {
        play.attempt(n, None, 10, None);
    }
    assert_eq!(play.summary(), "100+error_rate", "3 %");
    for n in 200..260 {
        play.attempt(n, None, 10, None);
    }
    assert_eq!(play.summary(), "100+error_rate 239-error_rate");
}

#[test]
fn callers_mistakes_are_no_errors() {
    let mut play = Play::new(RulesConfig::default());
    for secs in 0..100 {
        let (now, at) = play.at(secs);
        let observation = AttemptObservation {
            place: place("a"),
            at,
            now,
            took: Duration::ZERO,
            failure: Some(Reason::BadRequest),
            blames: false,
        };
        let alerts =
            play.rules.on_attempt(&observation, AttemptLatency { latency: Duration::ZERO, limit: None });
        play.note(secs, alerts);
    }
    assert_eq!(play.summary(), "");
}

#[test]
fn five_429s_within_the_window_fire_and_fewer_than_half_end_it() {
    let mut play = Play::new(only(|c| c.rate_limited = Some(RateLimitedRule::default())));
    [0, 100, 200, 301, 302].into_iter().for_each(|n| play.attempt(n, Some(Reason::RateLimited), 1, None));
    assert_eq!(play.summary(), "", "the first one is too old");
    play.attempt(303, Some(Reason::RateLimited), 1, None);
    assert_eq!(play.summary(), "303+rate_limited");
    play.attempt(304, DOWN, 1, None);
    play.pass(304, 3_000);
    let summary = play.summary();
    assert!(play.alerts.len() == 2 && summary.ends_with("-rate_limited"), "{summary}");
}

#[test]
fn failover_is_told_once_while_it_lasts() {
    let mut play = Play::new(only(|c| c.failover_triggered = Some(FailoverRule::default())));
    for secs in 0..10 {
        play.attempt(secs, DOWN, 1, None);
        play.on_failover(secs);
    }
    // It answers some calls and fails others: one episode.
    for secs in 10..50 {
        play.attempt(secs, None, 1, None);
        play.attempt(secs, DOWN, 1, None);
        play.on_failover(secs);
    }
    assert_eq!(play.summary(), "0+failover_triggered");
    // Without an answer it does not resolve, however long that takes.
    play.pass(50, 10_000);
    assert_eq!(play.alerts.len(), 1);
    play.attempt(10_000, None, 1, None);
    play.attempt(10_001, None, 1, None);
    assert_eq!(play.summary(), "0+failover_triggered 10000-failover_triggered");
    // After a failover, an answer resolves it once it has been quiet.
    play.attempt(20_000, DOWN, 1, None);
    play.on_failover(20_000);
    play.attempt(20_001, None, 1, None);
    play.pass(20_001, 30_000);
    assert_eq!(play.alerts[2..], ["20000+failover_triggered", "20031-failover_triggered"]);
}

#[test]
fn a_move_within_an_endpoint_is_none() {
    let mut play = Play::new(RulesConfig::default());
    play.attempt(0, DOWN, 1, None);
    let (now, at) = play.at(0);
    let to: TargetKey = ("a".into(), "other".into());
    assert!(play.rules.on_failover(&place("a"), &to, Reason::ServerError, now, at).is_none());
}

#[test]
fn what_is_later_than_its_limit_fires_until_five_in_a_row_are_in_time() {
    let mut play = Play::new(only(|c| c.latency_exceeded = Some(ExceededRule::default())));
    play.attempt(0, None, 1_000, Some(1_000));
    play.attempt(1, None, 1_001, None);
    assert_eq!(play.summary(), "");
    play.attempt(2, None, 1_001, Some(1_000));
    (3..7).for_each(|n| play.attempt(n, None, 10, Some(1_000)));
    play.attempt(7, Some(Reason::LatencyLimit), 1_000, Some(1_000));
    (8..12).for_each(|n| play.attempt(n, None, 10, Some(1_000)));
    assert_eq!(play.summary(), "2+latency_exceeded");
    play.attempt(12, None, 10, Some(1_000));
    assert_eq!(play.summary(), "2+latency_exceeded 12-latency_exceeded");
    play.attempt(13, Some(Reason::LatencyLimit), 1_000, Some(1_000));
    play.pass(13, 5_000);
    assert_eq!(play.alerts[2..], ["13+latency_exceeded", "313-latency_exceeded"]);
}

#[test]
fn shares_of_a_budget_are_told_once_a_period() {
    let mut play = Play::new(only(|c| c.cost_threshold_exceeded = true));
    let crossed = |share, renews_in: u64| BudgetThreshold {
        budget: "day".into(),
        share,
        spent_usd: share * 10.0,
        limit_usd: 10.0,
        per: "day",
        renews_at: (START + renews_in) * 1_000,
    };
    let mut severities = Vec::new();
    for (secs, share) in [(0, 0.5), (1, 0.8), (2, 0.8), (3, 1.0)] {
        let alerts = play.rules.on_budget(&crossed(share, 500), play.at(secs).1);
        severities.extend(alerts.iter().map(|alert| alert.severity));
        play.note(secs, alerts);
    }
    use Severity::{Critical, Warning};
    assert_eq!(severities, [Warning, Warning, Critical]);
    play.pass(3, 499);
    assert_eq!(play.alerts.len(), 3);
    play.pass(499, 600);
    assert_eq!(play.alerts.len(), 6);
    assert!(
        play.alerts[3..].iter().all(|alerts| alerts == "500-cost_threshold_exceeded"),
        "{}",
        play.summary()
    );
    assert!(play.rules.wakes_in(play.at(600).1).is_none(), "nothing is left to look at");
}

#[test]
fn a_backlog_by_number_and_by_age() {
    let mut play = Play::new(only(|c| c.queue_backlog = Some(BacklogRule::default())));
    for (secs, jobs, oldest) in [
        (0, 1_000, 900),
        (1, 1_001, 0),
        (2, 999, 0),
        (3, 501, 0),
        (4, 500, 0),
        (5, 1, 901),
        (6, 1, 800),
        (7, 1, 720),
    ] {
        play.backlog(secs, jobs, oldest);
    }
    assert_eq!(play.summary(), "1+queue_backlog 4-queue_backlog 5+queue_backlog 7-queue_backlog");
}

#[test]
fn a_reload_keeps_what_fires_and_ends_what_is_gone() {
    let mut play = Play::new(RulesConfig::default());
    play.attempt(0, DOWN, 1, None);
    play.on_failover(0);
    let at = play.at(1).1;
    let alerts = play.rules.reconfigure(RulesConfig::default(), &["a", "b"], &[], at);
    assert!(alerts.is_empty());
    play.on_failover(1);
    assert_eq!(play.summary(), "0+failover_triggered");
    let alerts = play.rules.reconfigure(RulesConfig::default(), &["b"], &[], at);
    play.note(2, alerts);
    assert_eq!(play.summary(), "0+failover_triggered 2-failover_triggered");

    // A rule that is switched off resolves its alerts once.
    play.attempt(3, DOWN, 1, None);
    play.on_failover(3);
    let alerts = play.rules.reconfigure(only(|_| ()), &["a", "b"], &[], at);
    play.note(4, alerts);
    play.on_failover(5);
    assert_eq!(play.alerts[2..], ["3+failover_triggered", "4-failover_triggered"]);
}

#[test]
fn episodes_and_endpoints_are_bounded() {
    let mut play = Play::new(RulesConfig::default());
    for n in 0..3_000 {
        let (now, at) = play.at(n);
        let observation = AttemptObservation {
            place: place(&n.to_string()),
            at,
            now,
            took: Duration::ZERO,
            failure: DOWN,
            blames: true,
        };
        play.rules.on_attempt(&observation, AttemptLatency { latency: Duration::ZERO, limit: None });
        let alerts =
            play.rules.on_failover(&place(&n.to_string()), &place("other"), Reason::ServerError, now, at);
        play.note(n, alerts);
    }
    assert_eq!((play.rules.endpoints.len(), play.alerts.len()), (MOST_ENDPOINTS, 1_024));
}

proptest::proptest! {
    /// In any order of events, each episode begins once, then ends once, and may then begin again.
    #[test]
    fn firing_and_resolved_alternate(steps in proptest::collection::vec((0_u64..40, 0_u8..6), 1..400)) {
        let mut play = Play::new(RulesConfig::default());
        let mut secs = 0;
        for (wait, what) in steps {
            let before = secs;
            secs += wait;
            play.pass(before, secs);
            match what {
                0 => { play.attempt(secs, DOWN, 100, Some(1_000)); play.on_failover(secs); }
                1 => play.attempt(secs, Some(Reason::RateLimited), 10, Some(1_000)),
                2 => play.attempt(secs, None, 12_000, Some(1_000)),
                3 => play.attempt(secs, None, 100, Some(1_000)),
                4 => play.backlog(secs, wait * 100, wait * 50),
                _ => { play.attempt(secs, DOWN, 100, None); }
            }
        }
        let mut firing = std::collections::BTreeSet::new();
        for alerts in &play.alerts {
            let (_, kind) = alerts.split_once(['+', '-']).expect("a sign");
            let changed = if alerts.contains('+') { firing.insert(kind) } else { firing.remove(kind) };
            proptest::prop_assert!(changed, "{}", play.summary());
        }
    }
}
