use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::*;
use crate::{
    config::queue::QueueKey,
    queue::job::{JobDraft, JobFailure, JobSettlement},
};

/// A folder that is removed after the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("bellwether-file-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn config(&self) -> QueueConfig {
        QueueConfig::at(self.0.join("q.db"))
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn put(store: &Store) -> String {
    let draft = JobDraft {
        payload: r#"{"request":{"model":"m","messages":"CANARY"},"options":null}"#.into(),
        priority: 0,
        idempotency_key: None,
        maybe_duplicate: false,
        lane: "one".into(),
    };
    store.begin().unwrap();
    let (id, _) = store.enqueue(&draft, now_ms()).unwrap();
    store.commit().unwrap();
    id
}

fn kill(store: &Store, id: &str) {
    let seq = store.seq(id).unwrap();
    let failure = JobFailure { at: String::new(), reason: "serverError".into(), status: None, counted: true };
    let over = JobSettlement::Over { state: JobState::Dead, error: b"{}".to_vec(), failure, counted: true };
    assert!(store.claim(seq).unwrap());
    store.settle(seq, over, now_ms()).unwrap();
}

#[test]
fn a_file_that_somebody_has_is_looked_at_and_not_changed() {
    let folder = Folder::new();
    let store = Store::open(&folder.config(), 0).unwrap();
    let ids: Vec<String> = (0..3).map(|_| put(&store)).collect();
    assert!(store.claim(store.seq(&ids[1]).unwrap()).unwrap());
    let (before, log) =
        (fs::read(folder.config().path).unwrap(), fs::read(folder.0.join("q.db-wal")).unwrap());
    let file = QueueFile::new(folder.config());
    let listed = file.list(None, 100, None).unwrap();
    let seen: Vec<_> = listed["jobs"].as_array().unwrap().iter().map(|j| (&j["id"], &j["state"])).collect();
    let states = ["queued", "delivering", "queued"].map(|state| json!(state));
    let ids_json: Vec<Value> = ids.iter().map(|id| json!(id)).collect();
    assert_eq!(seen, ids_json.iter().zip(&states).collect::<Vec<_>>());
    assert_eq!(listed["counts"]["queued"], 2);
    assert_eq!(file.show(&ids[0]).unwrap()["request"]["messages"], "CANARY");
    let refused = [
        file.retry(&ids).map(|_| ()),
        file.retry_dead().map(|_| ()),
        file.throw_away(&ids).map(|_| ()),
        file.purge(None, 0).map(|_| ()),
    ];
    for refused in refused {
        let said = refused.unwrap_err().to_string();
        assert!(
            said.contains("another client of this process uses it; ask the client that has it"),
            "{said}"
        );
    }
    assert_eq!(fs::read(folder.config().path).unwrap(), before);
    assert_eq!(fs::read(folder.0.join("q.db-wal")).unwrap(), log);
    assert_eq!(store.waiting().unwrap(), 3);
}

#[test]
fn a_file_that_nobody_has_is_put_in_order() {
    let folder = Folder::new();
    let store = Store::open(&folder.config(), 0).unwrap();
    let ids: Vec<String> = (0..4).map(|_| put(&store)).collect();
    ids[..3].iter().for_each(|id| kill(&store, id));
    store.close();
    let file = QueueFile::new(folder.config());
    let done = file.retry(&[ids[0].clone(), ids[3].clone(), "q-1".into()]).unwrap();
    assert_eq!(done.done, [ids[0].clone()]);
    let refused = [
        (ids[3].clone(), "is queued".to_owned()),
        ("q-1".to_owned(), "is not a job of this queue".to_owned()),
    ];
    assert_eq!(done.refused, refused);
    assert_eq!(file.retry_dead().unwrap(), 2);
    let listed = file.list(Some(JobState::Queued), 100, None).unwrap();
    assert_eq!(listed["jobs"].as_array().unwrap().len(), 4);
    assert_eq!(file.throw_away(&ids[..1]).unwrap().done, ids[..1]);
    assert_eq!(file.purge(None, 0).unwrap(), 0, "nothing is over");
    assert_eq!(file.purge(Some(JobState::Queued), 3_600_000).unwrap(), 0, "nothing is so old");
    assert_eq!(file.purge(Some(JobState::Queued), 0).unwrap(), 3);
    assert_eq!(file.list(None, 100, None).unwrap()["jobs"], json!([]));
}

#[test]
fn without_its_key_a_sealed_file_is_counted_and_not_read() {
    let folder = Folder::new();
    let with = || QueueConfig { key: Some(QueueKey::new([7; 32])), ..folder.config() };
    let store = Store::open(&with(), 0).unwrap();
    let id = put(&store);
    kill(&store, &id);
    store.close();
    let file = QueueFile::new(folder.config());
    let listed = file.list(None, 100, None).unwrap();
    assert_eq!((&listed["sealed"], &listed["jobs"][0]["state"]), (&json!(true), &json!("dead")));
    let job = file.show(&id).unwrap();
    assert_eq!((&job["sealed"], &job["request"]), (&json!(true), &json!(null)));
    assert!(!job.to_string().contains("CANARY"));
    assert_eq!(file.retry_dead().unwrap(), 1);
    let opened = QueueFile::new(with());
    assert_eq!(opened.show(&id).unwrap()["request"]["messages"], "CANARY");
    let wrong = QueueFile::new(QueueConfig { key: Some(QueueKey::new([8; 32])), ..folder.config() });
    assert!(wrong.show(&id).unwrap_err().to_string().contains("is not the key it was created with"));
    assert_eq!(Store::open(&with(), 0).unwrap().waiting().unwrap(), 1);
}

#[test]
fn what_is_not_there_or_no_queue_is_named_and_left_alone() {
    let folder = Folder::new();
    let file = QueueFile::new(folder.config());
    let all = |file: &QueueFile| {
        [file.list(None, 1, None).map(|_| ()), file.retry_dead().map(|_| ()), file.purge(None, 0).map(|_| ())]
            .map(|done| done.unwrap_err().to_string())
    };
    for said in all(&file) {
        assert!(said.contains("q.db cannot be used: the file does not exist"), "{said}");
    }
    assert_eq!(folder.names(), [""; 0]);
    fs::write(folder.config().path, "").unwrap();
    for said in all(&file) {
        assert!(said.contains("it is empty, so it is not a queue file"), "{said}");
    }
    assert_eq!(folder.names(), ["q.db"]);
    let text = "somebody's notes\n".repeat(500);
    fs::write(folder.config().path, &text).unwrap();
    for said in all(&file) {
        assert!(said.contains("it is not a queue file"), "{said}");
    }
    assert_eq!(fs::read_to_string(folder.config().path).unwrap(), text);
    let here = QueueFile::new(QueueConfig::at(folder.0.clone()));
    assert!(all(&here).iter().all(|said| said.contains("it is not a file")));
}

/// Jobs are added and removed in pairs, one commit each, fast enough for the log to restart again and again:
/// an inconsistent copy would have an odd number of them, or be damaged.
#[test]
fn what_is_looked_at_is_of_one_moment() {
    let folder = Folder::new();
    let store = Store::open(&folder.config(), 0).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let stop = done.clone();
    let writing = std::thread::spawn(move || {
        let mut commits = 0_u32;
        while !stop.load(Ordering::Acquire) {
            store.begin().unwrap();
            let draft = |size: usize| JobDraft {
                payload: format!(r#"{{"request":"{}","options":null}}"#, "x".repeat(size)),
                priority: 0,
                idempotency_key: None,
                maybe_duplicate: false,
                lane: "one".into(),
            };
            if commits % 8 == 7 {
                store.purge(Some(JobState::Queued), i64::MAX).unwrap();
            }
            for size in [90_000, 120_000] {
                store.enqueue(&draft(size), 0).unwrap();
            }
            store.commit().unwrap();
            commits += 1;
        }
        commits
    });
    let file = QueueFile::new(folder.config());
    let mut looks = 0;
    while looks < 60 {
        match file.list(None, 1_000, None) {
            Ok(listed) => {
                let jobs = listed["jobs"].as_array().unwrap().len();
                assert_eq!(jobs % 2, 0, "{jobs}");
                looks += 1;
            }
            // The first moments.
            Err(error) => assert!(error.to_string().contains("faster than it can be copied"), "{error}"),
        }
    }
    done.store(true, Ordering::Release);
    assert!(writing.join().unwrap() > 60);
}
