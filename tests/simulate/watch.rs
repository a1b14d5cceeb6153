//! Looks every so often whether a call waits for a target that it might ask.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bellwether::{
    base::clock::now,
    call::request::CallRequest,
    dialect::openai::request::ChatRequest,
    engine::Engine,
    state::{Target, wait_queue::WaitOrder},
};
use tokio::time;

use crate::log::Log;

const EVERY: Duration = Duration::from_millis(25);
/// So many looks in a row are a tenth of a second. Looks are counted, for a clock may jump between two.
const TOO_MANY: u32 = 5;

pub async fn watch(engine: Arc<Engine>, log: Arc<Log>) {
    // As large as any call of a scenario, so that what has refilled for this one has for all.
    let body =
        r#"{ "model": "m", "messages": [{ "role": "user", "content": "as long as the longest name" }] }"#;
    let request: CallRequest = ChatRequest::parse(body, "", &[]).expect("a request").into();
    let mut seen = BTreeMap::new();
    loop {
        time::sleep(EVERY).await;
        seen =
            if engine.wait_queue.is_empty() { BTreeMap::new() } else { look(&engine, &request, &seen, &log) };
    }
}

/// The first call in the wait queue for a ready target, and at how many samples that was so.
type Seen = BTreeMap<(WaitOrder, usize), u32>;

fn look(engine: &Engine, request: &CallRequest, before: &Seen, log: &Log) -> Seen {
    let mut seen = Seen::new();
    for target in engine.endpoints.iter().flat_map(|e| engine.targets.chat(e)) {
        let Some(first) = engine.wait_queue.first(target.id()) else { continue };
        if target.blockage_for(now(), &|| request.estimated_demand(), 0).is_some() {
            continue;
        }
        let who = (first, Arc::as_ptr(&target).addr());
        let looks = before.get(&who).map_or(1, |looks| looks + 1);
        if looks == TOO_MANY {
            log.waits_in_vain(describe(&target, log));
        }
        seen.insert(who, looks);
    }
    seen
}

fn describe(target: &Target, log: &Log) -> String {
    let at = now().saturating_duration_since(log.start);
    format!("at {at:?} a call waits for {} {}, which is ready", target.endpoint.name, target.model)
}
