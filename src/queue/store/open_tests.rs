//! Opening files: locks, keys, versions and damage.

use super::*;

#[test]
fn what_was_under_way_when_its_owner_went_is_marked() {
    let folder = Folder::new();
    let mut store = Store::open(&config(&folder), 0).unwrap();
    let sent = put(&mut store, &draft("a")).unwrap();
    let waiting = put(&mut store, &draft("b")).unwrap();
    let seq = store.seq(&sent).unwrap();
    assert!(commit(&mut store, |s| s.claim(seq)).unwrap());
    assert!(!commit(&mut store, |s| s.claim(seq)).unwrap(), "nobody takes it twice");
    drop(store);
    let store = Store::open(&config(&folder), 0).unwrap();
    let marked = |id: &str| store.show(id).unwrap()["maybeDuplicate"] == json!(true);
    assert!(marked(&sent) && !marked(&waiting));
    assert_eq!(store.show(&sent).unwrap()["deliveries"], json!(0), "a restart makes no dead letters");
}

#[test]
fn one_file_one_owner() {
    let folder = Folder::new();
    let store = Store::open(&config(&folder), 0).unwrap();
    let refused = error(Store::open(&config(&folder), 0));
    assert!(refused.contains("another client of this process uses it"), "{refused}");
    drop(store);
    Store::open(&config(&folder), 0).unwrap();
}

#[test]
fn nothing_can_be_read_without_the_key() {
    let folder = Folder::new();
    let key = |byte| Some(QueueKey::new([byte; 32]));
    let sealed = QueueConfig { key: key(1), ..config(&folder) };
    let mut store = Store::open(&sealed, 0).unwrap();
    let id = put(&mut store, &draft("confidential")).unwrap();
    deliver(&mut store, &id, JobSettlement::Delivered { result: JobResult::pack("an answer", "{}") });
    let other = put(&mut store, &draft("confidential")).unwrap();
    for name in ["q.db", "q.db-wal"] {
        let bytes = fs::read(folder.0.join(name)).unwrap();
        for secret in [&b"confidential"[..], b"an answer"] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret), "{name}");
        }
    }
    drop(store);
    let wrong = error(Store::open(&QueueConfig { key: key(2), ..config(&folder) }, 0));
    assert!(wrong.contains("queue.encryptionKey is not the key it was created with"), "{wrong}");
    let none = error(Store::open(&config(&folder), 0));
    assert!(none.contains("created with an encryptionKey; give the same"), "{none}");
    let store = Store::open(&sealed, 0).unwrap();
    assert_eq!(store.show(&other).unwrap()["request"]["model"], "confidential");

    let folder = Folder::new();
    drop(Store::open(&config(&folder), 0).unwrap());
    let late = error(Store::open(&QueueConfig { key: key(1), ..config(&folder) }, 0));
    assert!(late.contains("created without an encryptionKey"), "{late}");
}

#[test]
fn files_that_are_no_queue_or_a_later_ones_are_refused_and_left_alone() {
    let folder = Folder::new();
    let path = folder.0.join("q.db");
    fs::write(
        &path,
        "a text that somebody needs, longer than the header of a database would be. ".repeat(20),
    )
    .unwrap();
    let before = fs::read(&path).unwrap();
    let text = error(Store::open(&config(&folder), 0));
    assert!(text.contains("it is not a queue file, or it is damaged"), "{text}");
    assert_eq!(fs::read(&path).unwrap(), before);

    fs::remove_file(&path).unwrap();
    let foreign = Connection::open(&path).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").unwrap();
    drop(foreign);
    let foreign = error(Store::open(&config(&folder), 0));
    assert!(foreign.contains("a database of another program"), "{foreign}");

    let folder = Folder::new();
    drop(Store::open(&config(&folder), 0).unwrap());
    let newer = Connection::open(folder.0.join("q.db")).unwrap();
    newer.pragma_update(None, "user_version", 9).unwrap();
    drop(newer);
    let newer = error(Store::open(&config(&folder), 0));
    assert!(
        newer.contains("written by a later version of bellwether (file version 9, this one reads 2)"),
        "{newer}"
    );
}

#[test]
fn a_damaged_file_is_named_and_a_log_cut_short_loses_no_more_than_what_was_cut() {
    let folder = Folder::new();
    let mut store = Store::open(&config(&folder), 0).unwrap();
    // Fewer than make SQLite write the log back.
    for _ in 0..80 {
        put(&mut store, &draft(&"x".repeat(400))).unwrap();
    }
    let (path, log) = (folder.0.join("q.db"), folder.0.join("q.db-wal"));
    // As after a crash: the log exists, and its owner is gone.
    let crashed = Folder::new();
    fs::copy(&path, crashed.0.join("q.db")).unwrap();
    let whole = fs::read(&log).unwrap();
    for keep in [whole.len(), whole.len() - 100, whole.len() / 2, 10, 0] {
        fs::copy(&path, crashed.0.join("q.db")).unwrap();
        fs::write(crashed.0.join("q.db-wal"), &whole[..keep]).unwrap();
        // A log shorter than its first commit leaves a file without tables, which becomes a new queue.
        let cut = Store::open(&config(&crashed), 0).unwrap();
        let kept = cut.waiting().unwrap();
        match keep {
            0 | 10 => assert_eq!(kept, 0),
            all if all == whole.len() => assert_eq!(kept, 80),
            _ => assert!(kept < 80 && cut.list(None, 1_000, None).unwrap().len() as u64 == kept),
        }
        drop(cut);
    }
    store.close();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0xAA);
    fs::write(&path, &bytes).unwrap();
    let damaged = error(Store::open(&config(&folder), 0));
    assert!(damaged.contains("it is damaged"), "{damaged}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}
