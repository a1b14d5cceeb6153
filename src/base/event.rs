//! What the client tells its listeners while it works.

/// The names listeners subscribe to; the position is the number that crosses the boundary.
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

/// Where events go. Implementations never block; what does not fit is dropped and counted by them.
pub trait EventSink: Send + Sync + 'static {
    /// Whether anyone listens, so that nobody pays for an event that nobody reads.
    fn wants(&self, kind: EventKind) -> bool;
    /// Hands over one event as JSON text.
    fn emit(&self, kind: EventKind, json: String);
}

/// Emits lazily: `build` runs only when somebody listens.
pub fn emit<T: serde::Serialize>(sink: &dyn EventSink, kind: EventKind, build: impl FnOnce() -> T) {
    if sink.wants(kind) {
        // Serialising our own plain structs has no failing case; losing an event would be the mildest outcome.
        if let Ok(json) = serde_json::to_string(&build()) {
            sink.emit(kind, json);
        }
    }
}

/// A sink for engines without listeners.
pub struct NoEvents;

impl EventSink for NoEvents {
    fn wants(&self, _: EventKind) -> bool {
        false
    }
    fn emit(&self, _: EventKind, _: String) {}
}
