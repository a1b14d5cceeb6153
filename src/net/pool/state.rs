//! The state of a pool: connections, those being opened, and waiting calls.

use std::{collections::VecDeque, sync::Arc, task::Waker, time::Duration};

use tokio::{sync::oneshot, task::AbortHandle, time::Instant};

use super::{
    dial_policy::DialDemand,
    idle_waker::IdleWaker,
    lease::{H1Lease, H2Lease, Lease, LeaseOwner},
    shared_connection::SharedConnection,
};
use crate::net::{conn::Conn, failure::NetworkFailure};

/// Shorter than the minute after which common load balancers close idle connections.
pub(super) const IDLE: Duration = Duration::from_secs(50);
/// How long a handshake may take before later calls do not count on it.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct PoolState {
    pub(super) closed: bool,
    /// The most recently used is last.
    pub(super) idle: Vec<(Conn, Instant)>,
    pub(super) shared_connections: Vec<SharedConnection>,
    pub(super) next_connection_id: u64,
    pub(super) waiters: VecDeque<PoolWaiter>,
    pub(super) next_waiter: u64,
    /// Connections being opened: number and start.
    pub(super) dialing: Vec<(u64, Instant)>,
    pub(super) next_dial: u64,
    /// The protocol of the last handshake.
    pub(super) speaks_h2: bool,
    /// The streams that the peer last allowed on a connection: new ones do not announce it at once.
    pub(super) allowed: Option<usize>,
    pub(super) reaper: Option<AbortHandle>,
}

/// A call that waits for a connection.
pub(super) struct PoolWaiter {
    pub(super) id: u64,
    /// It needs a new connection.
    pub(super) fresh: bool,
    pub(super) offer: oneshot::Sender<Result<Lease, NetworkFailure>>,
}

// === impl PoolState ===

impl PoolState {
    pub(super) fn take(&mut self, owner: &Arc<dyn LeaseOwner>) -> Option<Lease> {
        while let Some((mut conn, since)) = self.idle.pop() {
            if since.elapsed() < IDLE && conn.is_quiet(Waker::noop()) {
                return Some(Lease::H1(H1Lease::new(owner.clone(), conn)));
            }
        }
        self.take_stream(owner).map(Lease::H2)
    }

    pub(super) fn take_stream(&mut self, owner: &Arc<dyn LeaseOwner>) -> Option<H2Lease> {
        let allowed = self.allowed;
        let free = |l: &&mut SharedConnection| l.in_use < l.streams(allowed) && !l.sender.is_closed();
        self.shared_connections.iter_mut().find(free).map(|connection| connection.lease(owner))
    }

    /// Whether the shared connections have a stream for every waiting call, and one more.
    pub(super) fn has_room(&self) -> bool {
        let free = |l: &SharedConnection| l.streams(self.allowed).saturating_sub(l.in_use);
        let open = self.shared_connections.iter().filter(|l| !l.sender.is_closed());
        open.fold(0usize, |sum, l| sum.saturating_add(free(l))) > self.waiters.len()
    }

    pub(super) fn is_warm(&mut self, idle_waker: &Arc<IdleWaker>) -> bool {
        let waker = Waker::from(idle_waker.clone());
        self.shared_connections.iter().any(|l| !l.sender.is_closed())
            || self.idle.last_mut().is_some_and(|(conn, _)| conn.is_quiet(&waker))
    }

    /// Whether another connection should be opened.
    pub(super) fn may_dial(&self) -> bool {
        let now = Instant::now();
        let demand = DialDemand {
            waiting: self.waiters.len(),
            // A slow handshake may never end: later calls do not count on it.
            dialing: self.dialing.iter().filter(|(_, since)| *since + PATIENCE > now).count(),
            streams: self.speaks_h2.then(|| self.shared_connections.last().map(|l| l.streams(self.allowed))),
            connections: self.shared_connections.len() + self.dialing.len(),
        };
        demand.may_dial()
    }

    pub(super) fn next_waiter(&mut self, takes: impl Fn(&PoolWaiter) -> bool) -> Option<PoolWaiter> {
        self.waiters.retain(|w| !w.offer.is_closed());
        self.waiters.iter().position(takes).and_then(|at| self.waiters.remove(at))
    }

    /// Notes that a connection is being opened; returns its number.
    pub(super) fn begin_dial(&mut self) -> u64 {
        self.next_dial += 1;
        self.dialing.push((self.next_dial, Instant::now()));
        self.next_dial
    }
}
