//! Histories that must never be, by name.

use std::time::Duration;

use bellwether::base::event::EventKind;
use serde_json::json;

use crate::{
    Named,
    drill::{answered, plan, run, scenario, secs, steady, vendor},
    log::{Outcome, Told},
    scenario::{CallPlan, Jump},
    vendor::Behaviour,
};

pub const ALL: [Named; 14] = [
    ("fifty calls at the instant a breaker half-opens reach the vendor once", fifty_at_half_open),
    ("an aborted probe does not lock the breaker", aborted_probe),
    ("a later, smaller hint never shortens a cooldown", smaller_hint),
    ("a sound answer after 20 s is delivered, whatever maxLatency the only endpoint has", slow_and_alone),
    ("a wall clock that is set expires nothing and refills nothing", wall_clock),
    ("a machine that slept for an hour goes on", suspended),
    ("a call that cannot make its deadline in the queue fails at once", no_hope),
    ("higher priorities go first, then who came first", priorities),
    ("a quota is tried again by one call, not by all", one_after_quota),
    ("a slow reader who was told the end is answered, whether or not the usage was read", told_the_end),
    ("a throttled endpoint that became ready while another was asked is not waited for", ready_meanwhile),
    ("a failure that shows an origin to be well lets in who waits for another model", well_for_others),
    ("who waits for a slot after a throttle is let in when the throttle is forgotten", throttle_forgotten),
    ("a call that a model's breaker turns away leaves its origin's as it was", turned_away),
];

fn fifty_at_half_open() -> Result<String, String> {
    let mut a = vendor("a", vec![(Duration::ZERO, Behaviour::ServerError), (secs(2.0), Behaviour::Healthy)]);
    a.latency = secs(3.0);
    let b = vendor("b", Vec::new());
    let mut calls = steady(10.0, 0.0, 1.0);
    // After the open period: the first call is the probe, the other 49 go to b.
    calls.extend((0..50).map(|i| plan(format!("burst{i}"), secs(6.5))));
    let ran = run(&scenario(vec![a, b], calls, json!({})))?;
    let burst = |name: &str| {
        ran.log.hits().iter().filter(|h| h.endpoint == name && h.call.starts_with("burst")).count()
    };
    let (a, b) = (burst("a"), burst("b"));
    if (a, b) == (1, 49) { Ok(String::new()) } else { Err(format!("a saw {a}, b saw {b}")) }
}

fn aborted_probe() -> Result<String, String> {
    let mut a = vendor("a", vec![(Duration::ZERO, Behaviour::ServerError), (secs(2.0), Behaviour::Healthy)]);
    a.latency = secs(3.0);
    let mut calls = steady(10.0, 0.0, 1.0);
    let mut probe = plan("probe".into(), secs(8.0));
    probe.abort_after = Some(secs(1.0));
    calls.push(probe);
    calls.push(plan("after".into(), secs(9.5)));
    let ran = run(&scenario(vec![a], calls, json!({})))?;
    let after = ran.log.hits().iter().any(|h| h.call == "after" && h.status == Some(200));
    if after { Ok(String::new()) } else { Err("the call after it was not answered".into()) }
}

fn smaller_hint() -> Result<String, String> {
    let mut a = vendor(
        "a",
        vec![
            (Duration::ZERO, Behaviour::Throttled(Some(secs(10.0)))),
            (secs(0.005), Behaviour::Throttled(Some(secs(1.0)))),
            (secs(0.05), Behaviour::Healthy),
        ],
    );
    let b = vendor("b", Vec::new());
    a.dial = Duration::ZERO;
    // The second is on its way when the first is told to wait for ten seconds.
    let mut calls = vec![plan("first".into(), Duration::ZERO), plan("second".into(), secs(0.01))];
    calls.extend(steady(10.0, 1.0, 15.0));
    let ran = run(&scenario(vec![a, b], calls, json!({})))?;
    let start = ran.log.start;
    let back =
        ran.log.hits().iter().find(|h| h.endpoint == "a" && h.at > start + secs(0.5)).map(|h| h.at - start);
    match back {
        Some(at) if at >= secs(10.0) && at < secs(11.5) => Ok(String::new()),
        other => Err(format!("asked again after {other:?}")),
    }
}

fn slow_and_alone() -> Result<String, String> {
    let a = vendor("a", vec![(Duration::ZERO, Behaviour::Slow(secs(20.0)))]);
    let calls = steady(0.5, 0.0, 120.0);
    let ran = run(&scenario(vec![a], calls, json!({ "endpoint": { "maxLatency": "1s" } })))?;
    let (good, all) = answered(&ran);
    if good == all { Ok(format!("{good} of {all}")) } else { Err(format!("{good} of {all}")) }
}

fn wall_clock() -> Result<String, String> {
    let mut told = Vec::new();
    for by in [-86_400 * 400, -3_600, 3_600, 86_400 * 400] {
        let throttled =
            vec![(secs(1.0), Behaviour::Throttled(Some(secs(30.0)))), (secs(1.9), Behaviour::Healthy)];
        let (a, b) = (vendor("a", throttled), vendor("b", Vec::new()));
        let mut scenario =
            scenario(vec![a, b], steady(4.0, 0.0, 50.0), json!({ "endpoint": { "limits": { "rpm": 6 } } }));
        scenario.jumps.push(Jump::Wall { at: secs(5.0), by });
        let ran = run(&scenario)?;
        let start = ran.log.start;
        let hits: Vec<f64> = ran
            .log
            .hits()
            .iter()
            .filter(|h| h.endpoint == "a")
            .map(|h| (h.at - start).as_secs_f64())
            .collect();
        let early = hits.iter().filter(|at| **at > 2.0 && **at < 31.0).count();
        // Six at once, and six a minute from then on.
        if early > 0 || hits.len() > 6 + 6 {
            return Err(format!("set by {by} s: asked {early} times too early, {} in all", hits.len()));
        }
        told.push(hits.len());
    }
    Ok(format!("{told:?} requests"))
}

fn suspended() -> Result<String, String> {
    let timetable = vec![(secs(10.0), Behaviour::Refused), (secs(3_000.0), Behaviour::Healthy)];
    let (a, b) = (vendor("a", timetable), vendor("b", Vec::new()));
    let mut calls = steady(4.0, 0.0, 40.0);
    calls.extend(steady(4.0, 3_700.0, 3_720.0).into_iter().map(|mut c| {
        c.name = format!("later-{}", c.name);
        c
    }));
    let mut scenario = scenario(vec![a, b], calls, json!({}));
    scenario.jumps.push(Jump::Suspend { at: secs(30.0), by: secs(3_600.0) });
    let ran = run(&scenario)?;
    let later = ran.log.with_ended(|ended| {
        let of = |good: bool| {
            ended
                .iter()
                .filter(|e| {
                    e.call.starts_with("later") && matches!(e.outcome, Outcome::Answered { .. }) == good
                })
                .count()
        };
        (of(true), of(false))
    });
    let back = ran.log.hits().iter().any(|h| h.endpoint == "a" && h.call.starts_with("later"));
    if later.1 == 0 && back {
        Ok(format!("{} answered after it", later.0))
    } else {
        Err(format!("{later:?}, back: {back}"))
    }
}

fn no_hope() -> Result<String, String> {
    let a = vendor("a", Vec::new());
    let mut calls: Vec<_> = (0..10).map(|i| plan(format!("call{i}"), Duration::ZERO)).collect();
    // The budget is used up; a second later there is one more, a tenth of a minute after that.
    calls.iter_mut().for_each(|c| c.timeout = secs(120.0));
    let mut hopeless = plan("hopeless".into(), secs(1.0));
    hopeless.timeout = secs(5.0);
    calls.push(hopeless);
    let ran = run(&scenario(vec![a], calls, json!({ "endpoint": { "limits": { "rpm": 10 } } })))?;
    let start = ran.log.start;
    ran.log.with_ended(|ended| {
        let hopeless = ended.iter().find(|e| e.call == "hopeless").ok_or("it did not end")?;
        let at = (hopeless.at - start).as_secs_f64();
        match &hopeless.outcome {
            Outcome::Failed(error) if error["reason"] == "limiter" && at < 1.1 => Ok(String::new()),
            Outcome::Failed(error) => Err(format!("{} after {at} s", error["reason"])),
            _ => Err("it was answered".into()),
        }
    })
}

fn priorities() -> Result<String, String> {
    let a = vendor("a", Vec::new());
    let mut calls: Vec<_> = (0..60).map(|i| plan(format!("first{i}"), Duration::ZERO)).collect();
    for i in 0..10 {
        let mut call = plan(format!("low{i}"), secs(0.1 + f64::from(i) / 100.0));
        call.timeout = secs(60.0);
        calls.push(call);
    }
    for i in 0..10 {
        let mut call = plan(format!("high{i}"), secs(0.3 + f64::from(i) / 100.0));
        call.options = json!({ "queuePriority": 9 });
        call.timeout = secs(60.0);
        calls.push(call);
    }
    let ran = run(&scenario(vec![a], calls, json!({ "endpoint": { "limits": { "rpm": 60 } } })))?;
    let order: Vec<String> =
        ran.log.hits().iter().filter(|h| !h.call.starts_with("first")).map(|h| h.call.clone()).collect();
    // One place comes free each second: the first of them before the high ones are there.
    let expected: Vec<String> =
        (0..10).map(|i| format!("high{i}")).chain((0..10).map(|i| format!("low{i}"))).collect();
    if order == expected { Ok(String::new()) } else { Err(format!("{order:?}")) }
}

fn one_after_quota() -> Result<String, String> {
    let mut a = vendor("a", vec![(Duration::ZERO, Behaviour::Quota)]);
    a.latency = secs(2.0);
    let b = vendor("b", Vec::new());
    // Parked for five minutes, then ten.
    let ran = run(&scenario(vec![a, b], steady(20.0, 0.0, 700.0), json!({})))?;
    let start = ran.log.start;
    let hits: Vec<u64> =
        ran.log.hits().iter().filter(|h| h.endpoint == "a").map(|h| (h.at - start).as_secs()).collect();
    let alerts = ran.log.with_told(|told| {
        told.iter().filter(|t| t.kind == EventKind::Alert && t.value["kind"] == "quota").count()
    });
    if hits.len() <= 2 && hits.get(1).is_some_and(|at| (300..302).contains(at)) && alerts == 1 {
        Ok(format!("asked at {hits:?} s, {alerts} alert"))
    } else {
        Err(format!("asked at {hits:?} s, {alerts} alerts"))
    }
}

fn told_the_end() -> Result<String, String> {
    let mut a = vendor("a", Vec::new());
    a.pace = Duration::ZERO;
    let mut calls: Vec<_> = (0..60).map(|i| plan(format!("call{i}"), secs(f64::from(i)))).collect();
    for (i, call) in calls.iter_mut().enumerate() {
        call.stream = true;
        call.reads_every = secs(1.0);
        // From before the end is read to long after the usage is.
        call.timeout = secs(8.05 + i as f64 / 10.0);
    }
    let ran = run(&scenario(vec![a], calls, json!({})))?;
    let (good, all) = answered(&ran);
    // The role at 0.3 s, then eight words and the end, one a second: before 9.3 s the end is not known.
    if good == all - 13 { Ok(format!("{good} of {all}")) } else { Err(format!("{good} of {all}")) }
}

fn ready_meanwhile() -> Result<String, String> {
    let a = vendor(
        "a",
        vec![(Duration::ZERO, Behaviour::Throttled(Some(secs(1.0)))), (secs(0.5), Behaviour::Healthy)],
    );
    let b = vendor("b", vec![(Duration::ZERO, Behaviour::Hang)]);
    let call = plan("call".into(), Duration::ZERO);
    let ran = run(&scenario(vec![a, b], vec![call], json!({ "timeout": { "firstContent": 3_000 } })))?;
    let start = ran.log.start;
    let back =
        ran.log.hits().iter().find(|h| h.endpoint == "a" && h.at > start + secs(1.0)).map(|h| h.at - start);
    match back {
        Some(at) if at < secs(3.2) => Ok(String::new()),
        other => Err(format!("asked again after {other:?}")),
    }
}

fn well_for_others() -> Result<String, String> {
    let mut a = vendor("a", vec![(Duration::ZERO, Behaviour::Refused), (secs(2.0), Behaviour::NoModel)]);
    a.sick = Some("m");
    // Long after the breaker's first period: the first is the probe, and the second waits for what it shows.
    let mut calls = steady(4.0, 0.0, 1.5);
    calls.iter_mut().for_each(|c| c.timeout = secs(0.5));
    calls.push(plan("probe".into(), secs(8.0)));
    let mut other = plan("other".into(), secs(8.005));
    other.model = "n";
    calls.push(other);
    let ran = run(&scenario(vec![a], calls, json!({})))?;
    let start = ran.log.start;
    let hits = ran.log.hits();
    let at = |call: &str| hits.iter().find(|h| h.call == call).map(|h| h.at - start);
    match (at("probe"), at("other")) {
        (Some(probe), Some(other)) if other < probe + secs(0.1) => Ok(String::new()),
        other => Err(format!("asked after {other:?}")),
    }
}

fn throttle_forgotten() -> Result<String, String> {
    let timetable = [
        (Duration::ZERO, Behaviour::Throttled(Some(secs(1.0)))),
        (secs(0.5), Behaviour::Healthy),
        (secs(50.0), Behaviour::Hang),
        (secs(55.0), Behaviour::Healthy),
    ];
    let a = vendor("a", timetable.into());
    // Two are too many at once; a minute later the one that was sent into silence has the only slot still.
    let at = [0.0, 0.0, 52.0, 58.0];
    let calls = at.into_iter().enumerate().map(|(i, at)| plan(format!("call{i}"), secs(at)));
    let timeout = json!({ "firstContent": 20_000 });
    let ran = run(&scenario(vec![a], calls.collect(), json!({ "maxRetries": 0, "timeout": timeout })))?;
    let start = ran.log.start;
    let last = ran.log.hits().iter().find(|h| h.call == "call3").map(|h| h.at - start);
    match last {
        Some(at) if at > secs(59.0) && at < secs(60.5) => Ok(String::new()),
        other => Err(format!("asked after {other:?}")),
    }
}

fn turned_away() -> Result<String, String> {
    let timetable = vec![
        (Duration::ZERO, Behaviour::Reset),
        (secs(1.0), Behaviour::Blackhole),
        (secs(30.0), Behaviour::Healthy),
    ];
    let call = |name: &str, model, at| CallPlan { model, ..plan(name.into(), secs(at)) };
    let mut calls: Vec<_> = (0..3).map(|i| call(&format!("reset{i}"), "n", f64::from(i) / 10.0)).collect();
    // At 9 s the origin's breaker opens, while a probe of the other model is still on its way.
    calls.extend((0..3).map(|i| call(&format!("silent{i}"), "m", 6.0)));
    calls.push(call("probe", "n", 7.0));
    // The origin could be tested early, but for its model's probe.
    calls.push(call("turned away", "n", 9.5));
    let options = json!({ "maxRetries": 0, "timeout": { "connect": 3_000 } });
    let ran = run(&scenario(vec![vendor("a", timetable)], calls, options))?;
    let probes = ran.log.with_told(|told| {
        let half_open = |t: &&Told| t.kind == EventKind::Breaker && t.value["state"] == "halfOpen";
        told.iter().filter(half_open).map(|t| (t.at - ran.log.start).as_secs()).collect::<Vec<_>>()
    });
    // The other model's, and when that has ended, an early one of both.
    match probes[..] {
        [7, 10] => Ok(String::new()),
        _ => Err(format!("half open at {probes:?} s")),
    }
}
