//! The limit on bytes, and its counts.

use super::*;
use crate::queue::store::capacity::StoreTotals;

/// The totals, counted row by row.
pub(super) fn counted(store: &Store) -> StoreTotals {
    let size = |bytes: Option<Vec<u8>>| bytes.map_or(0, |bytes| bytes.len() as u64);
    let rows = store.rows("SELECT state, payload, result FROM jobs", [], |row| {
        Ok((row.get::<_, i64>(0)?, size(row.get(1)?) + size(row.get(2)?)))
    });
    let mut totals = StoreTotals::default();
    for (state, size) in rows.unwrap() {
        let state = JobState::of_number(state).unwrap();
        totals.waiting += u64::from(!state.is_over());
        match state {
            JobState::Queued | JobState::Delivering | JobState::Dead => {
                totals.held_jobs += 1;
                totals.held += size;
            }
            JobState::Delivered | JobState::Failed | JobState::Expired => {
                totals.kept_jobs += 1;
                totals.kept += size;
            }
        }
    }
    totals
}

/// Held and kept bytes, checked against a recount.
fn bytes(store: &Store) -> (u64, u64) {
    let totals = store.totals().unwrap();
    assert_eq!(totals, counted(store));
    (totals.held, totals.kept)
}

/// A draft with a payload of exactly `size` bytes.
fn of_size(size: usize) -> JobDraft {
    let mut draft = draft("");
    let name = "x".repeat(size - draft.payload.len());
    draft.payload = tests::draft(&name).payload;
    assert_eq!(draft.payload.len(), size);
    draft
}

fn bounded(folder: &Folder, max_bytes: u64) -> QueueConfig {
    QueueConfig { max_bytes, ..config(folder) }
}

fn answer(store: &mut Store, id: &str, size: usize) {
    let body = "y".repeat(size - 8);
    deliver(store, id, JobSettlement::Delivered { result: JobResult::pack(&body, "") });
}

fn full(held: u64, size: u64, max: u64) -> Result<String> {
    Err(QueueError::FullOfBytes { held, size, max })
}

#[test]
fn the_last_byte_has_room_and_the_next_has_not() {
    let folder = Folder::new();
    let mut store = Store::open(&bounded(&folder, 1_000), 0).unwrap();
    put(&mut store, &of_size(600)).unwrap();
    assert_eq!(put(&mut store, &of_size(401)), full(600, 401, 1_000));
    put(&mut store, &of_size(400)).unwrap();
    assert_eq!(bytes(&store), (1_000, 0));
    let refused = put(&mut store, &of_size(100));
    assert_eq!(refused, full(1_000, 100, 1_000));
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("it holds 1000 bytes, and 100 more would exceed queue.maxBytes (1000)"), "{said}");
    assert_eq!(store.waiting().unwrap(), 2);
}

#[test]
fn what_is_refused_is_not_counted_and_makes_nothing_give_way() {
    let folder = Folder::new();
    let mut store = Store::open(&bounded(&folder, 1_000), 0).unwrap();
    let id = put(&mut store, &of_size(100)).unwrap();
    answer(&mut store, &id, 700);
    assert_eq!(put(&mut store, &of_size(1_001)), full(0, 1_001, 1_000));
    assert_eq!(bytes(&store), (0, 700));
    assert!(store.result(&id).is_ok());
}

#[test]
fn answers_count_and_the_oldest_give_way_to_what_waits() {
    let folder = Folder::new();
    let mut store = Store::open(&bounded(&folder, 1_000), 0).unwrap();
    let ids: Vec<String> = (0..3).map(|_| put(&mut store, &of_size(100)).unwrap()).collect();
    for id in &ids {
        answer(&mut store, id, 300);
    }
    assert_eq!(bytes(&store), (0, 900));
    put(&mut store, &of_size(100)).unwrap();
    assert_eq!(bytes(&store), (100, 900), "it fits as it is");
    put(&mut store, &of_size(301)).unwrap();
    assert_eq!(bytes(&store), (401, 300));
    let kept: Vec<bool> = ids.iter().map(|id| store.result(id).is_ok()).collect();
    assert_eq!(kept, [false, false, true]);
}

#[test]
fn an_answer_is_kept_however_large_and_what_ended_before_it_gives_way() {
    let folder = Folder::new();
    let mut store = Store::open(&bounded(&folder, 1_000), 0).unwrap();
    let ids: Vec<String> = (0..2).map(|_| put(&mut store, &of_size(100)).unwrap()).collect();
    answer(&mut store, &ids[0], 500);
    answer(&mut store, &ids[1], 2_000);
    assert_eq!(bytes(&store), (0, 2_000));
    assert!(store.result(&ids[0]).is_err() && store.result(&ids[1]).is_ok());
    put(&mut store, &of_size(100)).unwrap();
    assert_eq!(bytes(&store), (100, 0));
}

#[test]
fn dead_letters_take_room_until_they_are_thrown_away() {
    let folder = Folder::new();
    let mut store = Store::open(&bounded(&folder, 1_000), 0).unwrap();
    let id = put(&mut store, &of_size(900)).unwrap();
    let settlement = JobSettlement::Over {
        state: JobState::Dead,
        error: vec![b'e'; 50],
        failure: failure(true),
        counted: true,
    };
    deliver(&mut store, &id, settlement);
    assert_eq!(bytes(&store), (950, 0));
    assert_eq!(put(&mut store, &of_size(100)), full(950, 100, 1_000));
    assert_eq!(commit(&mut store, |s| s.purge(Some(JobState::Dead), i64::MAX)).unwrap(), 1);
    assert_eq!(bytes(&store), (0, 0));
    put(&mut store, &of_size(1_000)).unwrap();
}

#[test]
fn what_expires_leaves_room_and_takes_it_again_when_it_is_retried() {
    let folder = Folder::new();
    let ttl = Some(Duration::from_millis(10));
    let mut store = Store::open(&QueueConfig { ttl, ..bounded(&folder, 1_000) }, 0).unwrap();
    let id = put(&mut store, &of_size(900)).unwrap();
    commit(&mut store, |s| s.due(10)).unwrap();
    assert_eq!(bytes(&store), (0, 900));
    assert!(commit(&mut store, |s| s.retry(&id, 20)).unwrap());
    assert_eq!(bytes(&store), (900, 0));
    commit(&mut store, |s| s.due(30)).unwrap();
    put(&mut store, &of_size(900)).unwrap();
    assert_eq!(bytes(&store), (900, 0));
    assert!(store.show(&id).is_err(), "it gave way");
}

#[test]
fn sealed_bytes_are_counted_as_they_are_kept() {
    let folder = Folder::new();
    let key = Some(QueueKey::new([1; 32]));
    let mut store = Store::open(&QueueConfig { key, ..bounded(&folder, 1_000) }, 0).unwrap();
    // A nonce of 12 bytes and a tag of 16.
    assert_eq!(put(&mut store, &of_size(973)), full(0, 1_001, 1_000));
    put(&mut store, &of_size(972)).unwrap();
    assert_eq!(bytes(&store), (1_000, 0));
}

#[test]
fn a_file_from_before_the_bound_is_weighed_when_it_is_opened() {
    let folder = Folder::new();
    let mut store = Store::open(&config(&folder), 0).unwrap();
    let id = put(&mut store, &of_size(100)).unwrap();
    answer(&mut store, &id, 300);
    put(&mut store, &of_size(200)).unwrap();
    store.close();
    let before = Connection::open(folder.0.join("q.db")).unwrap();
    let undo =
        "DROP TRIGGER totals_in; DROP TRIGGER totals_out; DROP TRIGGER totals_moved; DROP TABLE totals";
    before.execute_batch(undo).unwrap();
    before.pragma_update(None, "user_version", 1).unwrap();
    drop(before);
    let mut store = Store::open(&config(&folder), 0).unwrap();
    assert_eq!(bytes(&store), (200, 300));
    put(&mut store, &of_size(100)).unwrap();
    assert_eq!(bytes(&store), (300, 300));
}
