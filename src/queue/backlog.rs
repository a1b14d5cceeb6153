//! How many jobs wait, and for how long: looked at from time to time, for those who tell people.

use std::{
    sync::{Weak, atomic::Ordering},
    time::Duration,
};

use tokio::time;

use super::shared::QueueShared;
use crate::alert::rules::QueueBacklog;

const EVERY: Duration = Duration::from_secs(5);

/// Ended by its owner.
pub async fn watch(shared: Weak<QueueShared>) {
    let mut empty = true;
    let mut every = EVERY;
    loop {
        time::sleep(every).await;
        let Some(this) = shared.upgrade() else { return };
        let engine = this.engine();
        let rules = engine.config.alerts.as_ref().map(|alerts| alerts.rules.clone()).unwrap_or_default();
        let Some(rule) = rules.queue_backlog else { continue };
        // One that is to be told of soon is looked for often enough.
        every = EVERY.min(rule.oldest / 2).max(Duration::from_millis(100));
        let jobs = this.gauge.waiting.load(Ordering::Acquire);
        if jobs == 0 && empty {
            continue;
        }
        empty = jobs == 0;
        // Too many are told of without a look at how old they are: it would look at them all.
        let mut oldest = Duration::ZERO;
        if jobs <= rule.jobs {
            // The file's own troubles are told by others.
            let Ok(created) = this.worker.ask(|store| store.oldest()).await else { continue };
            let age = created.map_or(0, |created| this.now_ms().saturating_sub(created));
            oldest = Duration::from_millis(u64::try_from(age).unwrap_or_default());
        }
        engine.recorder.alert_manager.backlog(QueueBacklog { jobs, oldest });
    }
}
