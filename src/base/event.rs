//! The events of a client.

/// The events; the position is the number that crosses the native boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    Attempt,
    Retry,
    Failover,
    Breaker,
    Cooldown,
    RateLimit,
    Config,
    Budget,
    Queue,
    Incident,
    HealthCheck,
    Alert,
    AuthError,
    Forward,
}

/// Every kind, in the order of its number.
pub const KINDS: [(EventKind, &str); 14] = [
    (EventKind::Attempt, "attempt"),
    (EventKind::Retry, "retry"),
    (EventKind::Failover, "failover"),
    (EventKind::Breaker, "breaker"),
    (EventKind::Cooldown, "cooldown"),
    (EventKind::RateLimit, "rateLimit"),
    (EventKind::Config, "config"),
    (EventKind::Budget, "budget"),
    (EventKind::Queue, "queue"),
    (EventKind::Incident, "incident"),
    (EventKind::HealthCheck, "healthCheck"),
    (EventKind::Alert, "alert"),
    (EventKind::AuthError, "authError"),
    (EventKind::Forward, "forward"),
];

/// Takes events. Implementations never block; they drop and count what does not fit.
pub trait EventSink: Send + Sync + 'static {
    /// Whether the event has a listener; without one it is not built.
    fn wants(&self, kind: EventKind) -> bool;
    /// Takes one event as JSON.
    fn emit(&self, kind: EventKind, json: String);
}

/// Emits an event; `build` runs only when it has a listener.
pub fn emit<T: serde::Serialize>(sink: &dyn EventSink, kind: EventKind, build: impl FnOnce() -> T) {
    if sink.wants(kind) {
        // Serialising these plain structs cannot fail.
        if let Ok(json) = serde_json::to_string(&build()) {
            sink.emit(kind, json);
        }
    }
}

/// Takes no events.
pub struct NoEvents;

impl EventSink for NoEvents {
    fn wants(&self, _: EventKind) -> bool {
        false
    }
    fn emit(&self, _: EventKind, _: String) {}
}
