//! Outages with known figures.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::{
    lifecycle::{MAX_ENDPOINTS, MAX_TIMELINE_ENTRIES},
    *,
};
use crate::{
    cost::price::Money,
    observe::observation::{AnswerObservation, CallOutcome, TargetKey},
};

/// Plays attempts and calls on its own clock.
struct Play {
    begin: Instant,
    incidents: Incidents,
    transitions: Vec<(u64, IncidentTransition)>,
}

fn place(name: &str) -> TargetKey {
    (name.into(), "m".into())
}

impl Play {
    fn new() -> Self {
        Self {
            begin: Instant::now(),
            incidents: Incidents::new(IncidentConfig::default()),
            transitions: Vec::new(),
        }
    }

    fn at(&self, ms: u64) -> (Instant, SystemTime) {
        let after = Duration::from_millis(ms);
        (self.begin + after, SystemTime::UNIX_EPOCH + after)
    }

    /// An attempt that ends at a moment after `took`.
    fn attempt(&mut self, ms: u64, took: u64, endpoint: &str, failure: Option<Reason>) {
        let (now, at) = self.at(ms);
        let observation = AttemptObservation {
            place: place(endpoint),
            at,
            now,
            took: Duration::from_millis(took),
            failure,
            blames: true,
        };
        let transitions = self
            .incidents
            .record_attempt(&observation)
            .into_iter()
            .filter(|turn| *turn != IncidentTransition::Joined);
        self.transitions.extend(transitions.map(|turn| (ms, turn)));
    }

    fn out(&mut self, ms: u64, endpoint: &str, until: u64) {
        let (now, until) = (self.at(ms).0, self.at(until).0);
        self.incidents.record_ejection(&endpoint.into(), None, Some(Reason::ServerError), until, now);
    }

    /// A call for the primary `a`: which endpoint answered, and how `a` failed.
    fn call(
        &mut self,
        ms: u64,
        took: u64,
        answered: Option<&str>,
        without_failover: Option<Reason>,
        user: &str,
    ) {
        let (now, at) = self.at(ms);
        let dollars = |name: &str| Money::of_usd(if name == "a" { 0.01 } else { 0.03 });
        let observation = CallObservation {
            id: String::new(),
            at,
            now,
            took: Duration::from_millis(took),
            primary: Some(place("a")),
            without_failover,
            attempts: 1,
            outcome: if answered.is_some() {
                CallOutcome::Answered
            } else {
                CallOutcome::Failed(Reason::ServerError)
            },
            outage: answered.is_none(),
            answer: answered.map(|name| AnswerObservation {
                place: place(name),
                failover: name != "a",
                first_content: None,
                cost: Some(dollars(name)),
                usual_cost: Some(dollars("a")),
            }),
            user: Some(user.to_owned()),
        };
        let transitions = self.incidents.record_call(&observation);
        self.transitions.extend(transitions.into_iter().map(|turn| (ms, turn)));
    }

    fn reports(&self, ms: u64) -> Vec<Value> {
        self.incidents.all().map(|incident| incident.report(self.at(ms).0)).collect()
    }
}

const DOWN: Option<Reason> = Some(Reason::ServerError);

/// `a` works until 10 s, fails three times, is ejected, fails a probe at 15 s, and answers again at 20 s.
fn outage() -> Play {
    let mut play = Play::new();
    for second in 1..10 {
        play.attempt(second * 1_000, 100, "a", None);
        play.call(second * 1_000, 100, Some("a"), None, "ann");
    }
    for n in 0..3 {
        play.attempt(10_020 + n, 20, "a", DOWN);
    }
    play.out(10_022, "a", 15_000);
    for n in 0..3 {
        play.attempt(10_320 + n, 300, "b", None);
        play.call(10_320 + n, 320, Some("b"), DOWN, ["bob", "cid", "bob"][n as usize]);
    }
    play.call(12_000, 200, Some("b"), Some(Reason::BreakerOpen), "dan");
    play.call(13_000, 500, None, Some(Reason::BreakerOpen), "eve");
    play.attempt(15_100, 100, "a", DOWN);
    play.out(15_100, "a", 20_000);
    play.call(15_400, 400, Some("b"), DOWN, "ann");
    play.attempt(20_100, 100, "a", None);
    play.call(20_100, 100, Some("a"), None, "ann");
    for second in 21..30 {
        play.attempt(second * 1_000, 80, "a", None);
        play.call(second * 1_000, 80, Some("a"), None, "ann");
    }
    play
}

#[test]
fn an_outage_whose_figures_are_known() {
    let mut play = outage();
    let open = play.reports(30_000).remove(0);
    assert_eq!((&open["status"], &open["endedAt"]), (&json!("open"), &json!("1970-01-01T00:00:20.100Z")));
    play.call(81_000, 80, Some("a"), None, "ann");
    assert_eq!(
        play.transitions,
        [(10_020, IncidentTransition::Opened), (81_000, IncidentTransition::Closed)]
    );
    let report = play.reports(90_000).remove(0);
    assert_eq!(
        json!([
            report["status"],
            report["startedAt"],
            report["endedAt"],
            report["durationMs"],
            report["detectionMs"],
            report["recoveryMs"]
        ]),
        json!(["closed", "1970-01-01T00:00:10.000Z", "1970-01-01T00:00:20.100Z", 10_100.0, 22.0, 320.0])
    );
    // The last answer is that of the call whose probe of `a` succeeded.
    assert_eq!(
        json!([report["requests"], report["failed"], report["rescued"], report["affectedUsers"]]),
        json!([6, 1, 5, 1])
    );
    assert_eq!(
        report["withoutFailover"],
        json!({ "requests": 6, "failed": 6, "failedShare": 1.0, "recoveryMs": 10_100.0, "affectedUsers": 5 })
    );
    assert_eq!(report["latencyMs"], json!({ "before": 100.0, "during": 312.0, "after": 82.0 }));
    assert_eq!(report["extraCostUsd"], json!(0.1));
    assert_eq!(report["endpoints"][0]["reasons"], json!({ "serverError": 4 }));
    assert_eq!(report["endpoints"][0]["backAt"], "1970-01-01T00:00:20.100Z");
    let timeline: Vec<_> =
        report["timeline"].as_array().into_iter().flatten().map(|m| (&m["what"], &m["afterMs"])).collect();
    assert_eq!(
        json!(timeline),
        json!([
            ["failed", 20.0],
            ["out", 22.0],
            ["rescued", 320.0],
            ["lost", 3_000.0],
            ["back", 10_100.0],
            ["over", 10_100.0]
        ])
    );
    let series = &report["series"];
    let sum =
        |name: &str| series[name].as_array().into_iter().flatten().filter_map(Value::as_u64).sum::<u64>();
    assert_eq!((sum("answered"), sum("rescued"), sum("failed"), sum("withoutFailoverFailed")), (10, 5, 1, 6));
}

#[test]
fn who_never_served_opens_none_and_a_callers_mistake_neither() {
    let mut play = Play::new();
    play.attempt(1_000, 10, "a", DOWN);
    play.attempt(2_000, 10, "b", None);
    let (now, at) = play.at(3_000);
    let mistake = AttemptObservation {
        place: place("b"),
        at,
        now,
        took: Duration::ZERO,
        failure: Some(Reason::BadRequest),
        blames: false,
    };
    assert_eq!(play.incidents.record_attempt(&mistake), []);
    assert_eq!(play.incidents.all().count(), 0);
}

#[test]
fn troubles_that_overlap_are_one_and_such_that_do_not_are_two() {
    let mut play = Play::new();
    for name in ["a", "b"] {
        play.attempt(0, 0, name, None);
    }
    play.attempt(1_000, 0, "a", DOWN);
    play.attempt(50_000, 0, "b", DOWN);
    play.attempt(105_000, 0, "a", None);
    play.attempt(109_000, 0, "b", None);
    assert_eq!(play.incidents.all().count(), 1);
    play.attempt(168_999, 0, "b", None);
    play.attempt(169_000, 0, "a", DOWN);
    let transitions: Vec<_> = play.transitions.iter().map(|(_, turn)| *turn).collect();
    assert_eq!(
        transitions,
        [IncidentTransition::Opened, IncidentTransition::Closed, IncidentTransition::Opened]
    );
    let reports = play.reports(170_000);
    assert_eq!(reports[0]["endpoints"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&reports[0]["endedAt"], &reports[1]["status"]),
        (&json!("1970-01-01T00:01:49.000Z"), &json!("open"))
    );
}

#[test]
fn one_who_is_left_out_for_long_is_not_over_before_it_may_be_asked() {
    let mut play = Play::new();
    play.attempt(0, 0, "a", None);
    play.attempt(1_000, 0, "a", Some(Reason::Quota));
    play.out(1_000, "a", 600_000);
    assert_eq!(play.incidents.expire(play.at(659_999).0), []);
    assert_eq!(play.incidents.expire(play.at(660_000).0), [IncidentTransition::Closed]);
}

#[test]
fn what_fails_again_within_the_quiet_time_goes_on() {
    let mut play = outage();
    play.attempt(75_000, 50, "a", DOWN);
    play.attempt(76_000, 50, "a", None);
    let report = play.reports(80_000).remove(0);
    // Calls answered meanwhile count as during the incident.
    assert_eq!((&report["requests"], &report["endpoints"][0]["failures"]), (&json!(16), &json!(5)));
    assert_eq!(report["endedAt"], "1970-01-01T00:01:16.000Z");
}

#[test]
fn an_answer_to_what_was_sent_before_the_failure_is_no_return() {
    let mut play = Play::new();
    play.attempt(0, 0, "a", None);
    play.attempt(1_000, 0, "a", DOWN);
    play.attempt(1_500, 1_400, "a", None);
    assert_eq!(play.reports(2_000)[0]["endedAt"], Value::Null);
    play.attempt(1_900, 100, "a", None);
    assert_eq!(play.reports(2_000)[0]["endedAt"], "1970-01-01T00:00:01.900Z");
}

#[test]
fn everything_is_bounded_however_long_it_lasts() {
    let mut play = Play::new();
    for n in 0..100 {
        play.attempt(0, 0, &format!("e{n}"), None);
    }
    for n in 0..200_000u64 {
        let name = format!("e{}", n % 100);
        play.attempt(n * 500, 0, &name, (n % 3 != 0).then_some(Reason::ServerError));
        play.call(n * 500, 5, None, DOWN, &format!("user {n}"));
    }
    let report = play.reports(100_000_000).remove(0);
    let lengths = ["endpoints", "timeline"].map(|name| report[name].as_array().map_or(0, Vec::len));
    assert_eq!(lengths, [MAX_ENDPOINTS, MAX_TIMELINE_ENTRIES]);
    assert!(report["series"]["failed"].as_array().is_some_and(|s| s.len() <= 240));
    assert_eq!(report["withoutFailover"]["affectedUsers"], json!(10_000));
    for n in 0..300u64 {
        play.attempt(200_000_000 + n * 100_000, 0, "e1", DOWN);
    }
    assert_eq!(play.incidents.all().count(), 101);
}

#[test]
fn one_that_is_over_can_be_told_though_none_is_kept() {
    let mut play = outage();
    play.incidents.reconfigure(IncidentConfig { keep: 0, ..IncidentConfig::default() });
    let (now, _) = play.at(200_000);
    assert_eq!(play.incidents.expire(now), [IncidentTransition::Closed]);
    assert_eq!(play.reports(200_000), [] as [Value; 0]);
    let over = play.incidents.latest(IncidentTransition::Closed).map(|incident| incident.report(now));
    assert_eq!(over.map(|report| report["status"].clone()), Some(json!("closed")));
}
