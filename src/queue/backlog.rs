//! Watches how many jobs wait, and for how long, for the backlog alert.

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
        // A short threshold is checked often enough.
        every = EVERY.min(rule.oldest / 2).max(Duration::from_millis(100));
        let jobs = this.gauge.waiting.load(Ordering::Acquire);
        if jobs == 0 && empty {
            continue;
        }
        empty = jobs == 0;
        // With too many jobs the alert fires anyway; finding the oldest would read them all.
        let mut oldest = Duration::ZERO;
        if jobs <= rule.jobs {
            // Problems with the file are reported elsewhere.
            let Ok(created) = this.store_thread.ask(|store| store.oldest()).await else { continue };
            let age = created.map_or(0, |created| this.now_ms().saturating_sub(created));
            oldest = Duration::from_millis(u64::try_from(age).unwrap_or_default());
        }
        engine.recorder.alert_manager.on_backlog(QueueBacklog { jobs, oldest });
    }
}
