use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use proptest::prelude::*;
use serde_json::json;

use super::{due::MAX_LANES, *};
use crate::{
    config::queue::{QueueConfig, QueueKey},
    queue::{
        disk,
        job::{JobFailure, JobResult, JobSettlement, JobState},
    },
};

#[path = "capacity_tests.rs"]
mod capacity_tests;
#[path = "open_tests.rs"]
mod open_tests;

/// A folder that is removed after the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name =
            format!("bellwether-store-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn config(folder: &Folder) -> QueueConfig {
    QueueConfig { max_jobs: 100, ..QueueConfig::at(folder.0.join("q.db")) }
}

fn draft(name: &str) -> JobDraft {
    JobDraft {
        payload: format!(r#"{{"request":{{"model":"{name}"}},"options":null}}"#),
        priority: 0,
        idempotency_key: None,
        maybe_duplicate: false,
        lane: "one".into(),
    }
}

/// Runs an operation in a commit of its own, as the store thread does.
fn commit<T>(store: &mut Store, act: impl FnOnce(&mut Store) -> Result<T>) -> Result<T> {
    store.begin()?;
    let result = store.within(act);
    match store.commit() {
        Ok(()) => result,
        Err(error) => {
            store.roll_back();
            Err(error)
        }
    }
}

fn put(store: &mut Store, draft: &JobDraft) -> Result<String> {
    commit(store, |s| s.enqueue(draft, 0)).map(|(id, _)| id)
}

fn next(store: &mut Store, now_ms: i64) -> Vec<String> {
    let due = commit(store, |s| s.due(now_ms)).unwrap();
    due.heads.into_iter().map(|head| head.id).collect()
}

fn failure(counted: bool) -> JobFailure {
    JobFailure { at: String::new(), reason: "serverError".into(), status: Some(500), counted }
}

fn again(after_ms: i64) -> JobSettlement {
    JobSettlement::Again { after_ms, failure: failure(true), counted: true, maybe_duplicate: false }
}

fn deliver(store: &mut Store, id: &str, settlement: JobSettlement) {
    let seq = store.seq(id).unwrap();
    assert!(commit(store, |s| s.claim(seq)).unwrap(), "{id} was not there to be delivered");
    commit(store, |s| s.settle(seq, settlement, 0)).unwrap();
}

fn error(result: Result<Store>) -> String {
    result.err().map(|e| e.to_string()).unwrap_or_default()
}

#[test]
fn the_file_is_in_wal_mode_and_synced_in_full() {
    let folder = Folder::new();
    let store = Store::open(&config(&folder), 0).unwrap();
    let pragma = |name: &str| {
        let sql = format!("PRAGMA {name}");
        store.connection.query_row(&sql, [], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap()
    };
    assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
    assert_eq!(pragma("synchronous"), 2.into(), "FULL");
    assert_eq!(pragma("locking_mode"), "exclusive".to_owned().into());
    assert_eq!(pragma("user_version"), 2.into());
}

/// Every operation for a job uses an index: a queue of ten thousand is as fast as one of ten.
#[test]
fn nothing_that_is_done_for_a_job_looks_at_the_others() {
    let folder = Folder::new();
    let mut store = Store::open(&QueueConfig { max_jobs: 10_000, ..config(&folder) }, 0).unwrap();
    let one = |store: &mut Store| {
        let before = store.steps.get();
        let id = put(store, &draft("m")).unwrap();
        let head = commit(store, |s| s.due(1)).unwrap().heads.remove(0);
        let settlement = JobSettlement::Delivered { result: JobResult::pack("{}", "{}") };
        commit(store, |s| s.claim(head.seq)).unwrap();
        commit(store, |s| s.settle(head.seq, settlement, 1)).unwrap();
        assert!(store.waiting().is_ok() && store.result(&id).is_ok());
        store.steps.get() - before
    };
    let alone = one(&mut store);
    commit(&mut store, |s| (0..500).try_for_each(|_| s.enqueue(&draft("m"), 0).map(|_| ()))).unwrap();
    for _ in 0..500 {
        one(&mut store);
    }
    let among = one(&mut store);
    assert!(
        among < alone + 200,
        "{alone} steps alone, {among} among 500 that wait and as many that are over"
    );
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let mut store = Store::open(&config(&folder), 0).unwrap();
    put(&mut store, &draft("a")).unwrap();
    for name in ["q.db", "q.db-wal"] {
        assert_eq!(fs::metadata(folder.0.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn every_commit_is_synced_before_it_is_told_and_one_commit_serves_many() {
    disk::install();
    let folder = Folder::new();
    let counted = QueueConfig { path: disk::counted(&folder.0), ..config(&folder) };
    let mut store = Store::open(&counted, 0).unwrap();
    put(&mut store, &draft("first")).unwrap();
    for _ in 0..10 {
        let before = disk::syncs();
        put(&mut store, &draft("one")).unwrap();
        assert_eq!(disk::syncs() - before, 1, "a commit is one sync of the log");
    }
    let before = disk::syncs();
    store.begin().unwrap();
    for _ in 0..50 {
        store.within(|s| s.enqueue(&draft("many"), 0)).unwrap();
    }
    assert_eq!(disk::syncs(), before);
    store.commit().unwrap();
    assert_eq!(disk::syncs() - before, 1);
    let before = disk::syncs();
    assert_eq!(next(&mut store, 0).len(), 1);
    assert_eq!(disk::syncs(), before, "looking costs the disk nothing");

    // A full disk: the operation fails, existing jobs stay, and later ones are stored.
    disk::set_full(true);
    let refused = put(&mut store, &draft("lost")).unwrap_err();
    disk::set_full(false);
    assert!(refused.to_string().contains("the disk is full"), "{refused}");
    assert_eq!(store.waiting().unwrap(), 61);
    put(&mut store, &draft("kept")).unwrap();
    drop(store);
    assert_eq!(Store::open(&counted, 0).unwrap().waiting().unwrap(), 62);
}

#[test]
fn jobs_come_by_priority_then_age_and_lanes_do_not_block_each_other() {
    let folder = Folder::new();
    let mut store = Store::open(&config(&folder), 0).unwrap();
    let low = put(&mut store, &JobDraft { priority: -1, ..draft("a") }).unwrap();
    let first = put(&mut store, &draft("b")).unwrap();
    let second = put(&mut store, &draft("c")).unwrap();
    let high = put(&mut store, &JobDraft { priority: 7, ..draft("d") }).unwrap();
    let elsewhere = put(&mut store, &JobDraft { lane: "two".into(), priority: 3, ..draft("e") }).unwrap();
    let mut order = Vec::new();
    while let Some(id) = next(&mut store, 0).first().cloned() {
        deliver(&mut store, &id, JobSettlement::Delivered { result: JobResult::pack("{}", "{}") });
        order.push(id);
    }
    assert_eq!(order, [high, elsewhere, first, second, low]);
}

#[test]
fn every_lane_is_looked_at_however_many_there_are() {
    let folder = Folder::new();
    let mut store = Store::open(&config(&folder), 0).unwrap();
    let mut all: Vec<String> =
        (0..90).map(|n| put(&mut store, &JobDraft { lane: n.to_string(), ..draft("a") }).unwrap()).collect();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let due = commit(&mut store, |s| s.due(0)).unwrap();
        assert!(due.more && due.heads.len() <= MAX_LANES);
        seen.extend(due.heads.into_iter().map(|head| head.id));
    }
    seen.sort();
    seen.dedup();
    all.sort();
    assert_eq!(seen, all);
}

#[test]
fn a_job_waits_for_its_turn_and_is_hurried() {
    let folder = Folder::new();
    let mut store = Store::open(&config(&folder), 0).unwrap();
    let id = put(&mut store, &draft("a")).unwrap();
    deliver(&mut store, &id, again(1_000));
    let due = commit(&mut store, |s| s.due(999)).unwrap();
    assert_eq!((due.heads.len(), due.next_at), (0, Some(1_000)));
    assert_eq!(next(&mut store, 1_000), std::slice::from_ref(&id));
    commit(&mut store, |s| s.reset_due(500)).unwrap();
    assert_eq!(next(&mut store, 500), std::slice::from_ref(&id));
    let job = store.show(&id).unwrap();
    assert_eq!((&job["deliveries"], &job["failures"][0]["reason"]), (&json!(1), &json!("serverError")));
}

#[test]
fn a_key_is_queued_once() {
    let folder = Folder::new();
    let mut store = Store::open(&config(&folder), 0).unwrap();
    let keyed = JobDraft { idempotency_key: Some("order-7".into()), ..draft("a") };
    let id = put(&mut store, &keyed).unwrap();
    assert_eq!(put(&mut store, &keyed).unwrap(), id);
    deliver(&mut store, &id, JobSettlement::Delivered { result: JobResult::pack("{}", "{}") });
    assert_eq!(put(&mut store, &keyed).unwrap(), id, "also once it is over");
    assert_eq!(store.waiting().unwrap(), 0);
    assert!(!fs::read(folder.0.join("q.db-wal")).unwrap().windows(7).any(|w| w == b"order-7"));
}

#[test]
fn a_full_queue_refuses_and_dead_letters_take_room() {
    let folder = Folder::new();
    let mut store = Store::open(&QueueConfig { max_jobs: 2, ..config(&folder) }, 0).unwrap();
    let id = put(&mut store, &draft("a")).unwrap();
    put(&mut store, &draft("b")).unwrap();
    assert_eq!(put(&mut store, &draft("c")), Err(QueueError::Full(2)));
    let dead =
        |state| JobSettlement::Over { state, error: b"{}".to_vec(), failure: failure(true), counted: true };
    deliver(&mut store, &id, dead(JobState::Dead));
    assert_eq!(put(&mut store, &draft("c")), Err(QueueError::Full(2)));
    assert_eq!(commit(&mut store, |s| s.purge(Some(JobState::Dead), 0)).unwrap(), 1);
    put(&mut store, &draft("c")).unwrap();
}

#[test]
fn what_waits_too_long_expires_and_comes_back_when_it_is_retried() {
    let folder = Folder::new();
    let ttl = QueueConfig { ttl: Some(Duration::from_millis(100)), ..config(&folder) };
    let mut store = Store::open(&ttl, 0).unwrap();
    let id = put(&mut store, &draft("a")).unwrap();
    let due = commit(&mut store, |s| s.due(99)).unwrap();
    assert_eq!((due.heads.len(), due.next_at), (1, Some(100)));
    let due = commit(&mut store, |s| s.due(100)).unwrap();
    assert_eq!((due.heads.len(), due.expired), (0, vec![id.clone()]));
    assert_eq!(store.result(&id), Ok((JobState::Expired, None)));
    assert!(commit(&mut store, |s| s.retry(&id, 200)).unwrap());
    assert!(!commit(&mut store, |s| s.retry(&id, 200)).unwrap(), "it waits already");
    assert_eq!(next(&mut store, 299), [id]);
}

#[test]
fn results_are_kept_up_to_a_bound_and_told_in_the_order_of_ends() {
    let folder = Folder::new();
    let mut store = Store::open(&QueueConfig { max_jobs: 3, ..config(&folder) }, 0).unwrap();
    let mut ids = Vec::new();
    for n in 0..5 {
        let id = put(&mut store, &draft("a")).unwrap();
        deliver(&mut store, &id, JobSettlement::Delivered { result: JobResult::pack(&n.to_string(), "{}") });
        ids.push(id);
    }
    let mut told = Vec::new();
    let mut place = 0;
    while let Some(outcome) = store.ended_after(place).unwrap() {
        place = outcome.position;
        told.push(outcome.id);
    }
    assert_eq!(told, ids[2..]);
    assert_eq!(store.result(&ids[0]), Err(QueueError::Unknown(ids[0].clone())));
    assert!(matches!(store.result(&ids[4]).unwrap().1, Some(JobResult::Answer { body, .. }) if body == "4"));
}

#[test]
fn lists_come_in_pages() {
    let folder = Folder::new();
    let mut store = Store::open(&config(&folder), 0).unwrap();
    let ids: Vec<String> = (0..5).map(|_| put(&mut store, &draft("a")).unwrap()).collect();
    let page = |state, limit, after: Option<&str>| {
        let jobs = store.list(state, limit, after).unwrap();
        jobs.into_iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2, None), ids[..2]);
    assert_eq!(page(Some(JobState::Queued), 10, Some(&ids[1])), ids[2..]);
    assert_eq!(page(Some(JobState::Dead), 10, None), Vec::<String>::new());
    for id in ["", "q", "q00000000-1", &ids[0][..9], "q\u{fc}-1"] {
        assert!(matches!(store.seq(id), Err(QueueError::Unknown(_))), "{id}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put { priority: i32, lane: u8 },
    Take { counted: bool, outcome: u8 },
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (-2..3, 0..3_u8).prop_map(|(priority, lane)| Step::Put { priority, lane }),
        3 => (any::<bool>(), 0..4_u8).prop_map(|(counted, outcome)| Step::Take { counted, outcome }),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever happens, an accepted job exists, in exactly one state, until it is over.
    #[test]
    fn no_history_loses_or_doubles_a_job(steps in steps()) {
        let folder = Folder::new();
        let mut store = Store::open(&config(&folder), 0).unwrap();
        let mut open: Vec<(i32, String)> = Vec::new();
        for step in steps {
            match step {
                Step::Put { priority, lane } => {
                    let id = put(&mut store, &JobDraft { priority, lane: lane.to_string(), ..draft("a") }).unwrap();
                    open.push((priority, id));
                }
                Step::Take { counted, outcome } => {
                    let Some(id) = next(&mut store, 0).first().cloned() else { continue };
                    let best = open.iter().map(|(priority, _)| *priority).max();
                    let at = open.iter().position(|(_, other)| *other == id).expect("it was taken in");
                    prop_assert_eq!(Some(open[at].0), best);
                    let over = |state| JobSettlement::Over { state, error: b"{}".to_vec(), failure: failure(counted), counted };
                    let settlement = match outcome {
                        0 => JobSettlement::Delivered { result: JobResult::pack("{}", "{}") },
                        1 => over(JobState::Dead),
                        2 => over(JobState::Failed),
                        _ => JobSettlement::Again { after_ms: 0, failure: failure(counted), counted, maybe_duplicate: false },
                    };
                    if outcome < 3 {
                        open.remove(at);
                    }
                    deliver(&mut store, &id, settlement);
                }
                Step::Reopen => {
                    drop(store);
                    store = Store::open(&config(&folder), 0).unwrap();
                }
            }
            prop_assert_eq!(store.waiting().unwrap(), open.len() as u64);
            prop_assert_eq!(store.totals().unwrap(), capacity_tests::counted(&store));
        }
        let mut found: Vec<String> = store.list(Some(JobState::Queued), 1_000, None).unwrap()
            .into_iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect();
        let mut expected: Vec<String> = open.into_iter().map(|(_, id)| id).collect();
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }
}
