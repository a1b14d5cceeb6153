//! Reads calls from JavaScript and starts them.

use std::sync::Arc;

use napi_derive::napi;

use super::{
    client::NativeClient,
    client_request,
    hub::{HubInner, refuse},
    queue,
    reply::SlotSink,
    stream_window::StreamWindow,
};
use crate::{
    call::{context::Call, error::CallError, options::CallOptions, sink::NoStream, types::CallReply},
    dialect::openai::{packed_request::PackedRequest, request::ChatRequest},
    engine::CallGuard,
    queue::Queue,
};

#[napi]
impl NativeClient {
    /// Starts a call. Its chunks and its end come through the hub.
    #[napi(catch_unwind)]
    pub fn submit(&self, slot: u32, request: &[u8], options: Option<String>) {
        let Some(packed) = PackedRequest::read(request) else {
            return refuse(&self.hub, slot, &CallError::internal("the packed request is malformed"));
        };
        // Counted now: a close that follows in the same turn waits for it.
        let Some(active) = self.shared.begin_call() else {
            return refuse(&self.hub, slot, &CallError::closed());
        };
        let (client, queue) = (self.id, self.queue.clone());
        self.hub.submit(client, slot, move |hub| start(hub, active, client, slot, &packed, options, queue));
    }

    /// Starts a call in a vendor's protocol: `header` has the dialect, the parts of the path and the caller's
    /// headers. The first chunk of a stream is the preamble, the others are bytes for the caller.
    #[napi(catch_unwind)]
    pub fn submit_vendor_request(&self, slot: u32, body: &[u8], header: String, options: Option<String>) {
        let Some(active) = self.shared.begin_call() else {
            return refuse(&self.hub, slot, &CallError::closed());
        };
        let (client, body) = (self.id, body.to_vec());
        self.hub.submit(client, slot, move |hub| {
            let read = || -> Result<_, Box<CallError>> {
                let (request, client_protocol) = client_request::read(body, &header)?;
                Ok((request, call_options(options.as_deref(), &active)?, client_protocol))
            };
            match read() {
                Ok((request, options, client_protocol)) => {
                    run(hub, client, slot, Call::new(active, request, options, Some(client_protocol)), None);
                }
                Err(error) => refuse(hub, slot, &error),
            }
        });
    }

    #[napi(catch_unwind)]
    pub fn warmup(&self, slot: u32) {
        let Some(active) = self.shared.begin_call() else {
            return refuse(&self.hub, slot, &CallError::closed());
        };
        self.hub.run(self.id, slot, None, |reply| async move {
            active.engine().warmup().await;
            reply.resolve("null".into(), String::new());
        });
    }
}

/// Runs a call, or rejects it.
fn start(
    hub: &Arc<HubInner>,
    active: CallGuard,
    client: u32,
    slot: u32,
    packed: &PackedRequest,
    options: Option<String>,
    queue: Option<Arc<Queue>>,
) {
    let request = match ChatRequest::parse(packed.json(), &hub.placeholder, &packed.contents()) {
        Ok(request) => request,
        Err(invalid) => {
            let error = CallError::bad_request(format!("{}: {}", invalid.field, invalid.problem));
            return refuse(hub, slot, &error);
        }
    };
    match call_options(options.as_deref(), &active) {
        Ok(read) => {
            let keeps = queue.map(|queue| (queue, options));
            run(hub, client, slot, Call::new(active, request, read, None), keeps);
        }
        Err(error) => refuse(hub, slot, &error),
    }
}

fn call_options(options: Option<&str>, active: &CallGuard) -> Result<CallOptions, Box<CallError>> {
    let parse = |o| CallOptions::parse(o, &active.engine().config);
    options
        .map_or_else(|| Ok(CallOptions::default()), parse)
        .map_err(|problems| Box::new(CallError::problems(problems)))
}

/// `keeps` is where a call without an available endpoint is queued.
fn run(hub: &Arc<HubInner>, client: u32, slot: u32, mut call: Call, keeps: Option<queue::QueueTarget>) {
    if call.request.is_whole_chat() {
        return hub.run(client, slot, None, |reply| async move {
            // Boxed now, not before: a task is copied on its way to the runtime.
            match Box::pin(call.run(&mut NoStream)).await {
                Ok(CallReply { body, report, .. }) => reply.resolve(body, report),
                Err(error) => queue::keep(keeps, &call, error, reply).await,
            }
        });
    }
    let window = Arc::new(StreamWindow::default());
    let mut sink = SlotSink { sink: hub.clone(), slot, window: window.clone(), first: true };
    hub.run(client, slot, Some(window), |reply| async move {
        match Box::pin(call.run(&mut sink)).await {
            Ok(CallReply { body, report, .. }) => reply.resolve(body, report),
            Err(error) => queue::keep(keeps, &call, error, reply).await,
        }
    });
}
