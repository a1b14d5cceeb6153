//! The connections to one origin. A call that finds none free has one opened and takes whichever comes
//! first: that one, or one that another call has done with. HTTP/2 connections are shared instead.

mod demand;
mod lease;

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
    task::{Wake, Waker},
    time::Duration,
};

use http::Uri;
use parking_lot::Mutex;
use tokio::{
    runtime::Handle,
    sync::{Notify, oneshot},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};

use self::demand::Demand;
pub use self::lease::{H1Lease, H2Lease, Lease};
use super::{
    conn::Conn,
    connector::Connector,
    failure::{Failure, FailureKind},
    h2::Sender,
};

/// Shorter than the minute after which common load balancers close what is idle.
const IDLE: Duration = Duration::from_secs(50);
const MAX_IDLE: usize = 512;
/// HTTP/2 connections to one origin; beyond it, calls wait for a stream.
const MAX_LINES: usize = 32;
/// How long a handshake may take before calls that come later have another one made.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct Pool {
    target: Uri,
    connector: Connector,
    state: Mutex<State>,
    /// The tasks that open connections. Locked by itself: a runtime that ends drops what it is given.
    dials: Mutex<JoinSet<()>>,
    disturbed: Arc<Disturbed>,
}

#[derive(Default)]
struct State {
    closed: bool,
    /// The one used last is last.
    idle: Vec<(Conn, Instant)>,
    lines: Vec<Line>,
    next_line: u64,
    waiting: VecDeque<Waiting>,
    next_waiting: u64,
    /// Connections being opened: which, and since when.
    dialing: Vec<(u64, Instant)>,
    next_dial: u64,
    /// What the last handshake agreed on.
    speaks_h2: bool,
    /// Streams that the peer was last known to allow on a connection: new ones do not say at once.
    allowed: Option<usize>,
    reaper: Option<AbortHandle>,
}

/// An HTTP/2 connection and how much of it is in use.
struct Line {
    id: u64,
    sender: Sender,
    in_use: usize,
    uses: u64,
    /// An exchange has ended on it, so the peer has said what it allows.
    settled: bool,
    idle_since: Instant,
}

/// A call that waits for a connection.
struct Waiting {
    id: u64,
    /// Only a new connection will do.
    fresh: bool,
    offer: oneshot::Sender<Result<Lease, Failure>>,
}

/// One connection being opened, for a call that may be served by another before it is.
struct Dialing {
    pool: Arc<Pool>,
    id: u64,
    wanted_by: u64,
}

/// Rings when an idle connection stirs. Not the pool itself: sockets hold it, and the pool holds them.
#[derive(Default)]
struct Disturbed(Notify);

impl Wake for Disturbed {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        self.0.notify_one();
    }
}

// === impl Pool ===

impl Pool {
    pub fn new(target: Uri, connector: Connector) -> Arc<Self> {
        Arc::new(Self {
            target,
            connector,
            state: Mutex::default(),
            dials: Mutex::default(),
            disturbed: Arc::default(),
        })
    }

    pub fn target(&self) -> &Uri {
        &self.target
    }

    pub fn is_for(&self, uri: &Uri) -> bool {
        self.target.scheme() == uri.scheme() && self.target.authority() == uri.authority()
    }

    /// A connection that is free, or will be first; with `fresh`, one that nobody has used. Must be called on
    /// the runtime.
    pub async fn checkout(self: &Arc<Self>, fresh: bool) -> Result<Lease, Failure> {
        let (offer, dialing) = {
            let mut state = self.state.lock();
            if state.closed {
                return Err(closed());
            }
            let found = if fresh { state.take_line(self).map(Lease::H2) } else { state.take(self) };
            if let Some(lease) = found {
                return Ok(lease);
            }
            let (offer, receiver) = oneshot::channel();
            state.waiting.retain(|w| !w.offer.is_closed());
            state.next_waiting += 1;
            let id = state.next_waiting;
            state.waiting.push_back(Waiting { id, fresh, offer });
            (receiver, state.may_dial().then(|| state.dialing(self, id)))
        };
        self.dial(dialing);
        offer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Opens a connection ahead of need, unless one is free.
    pub async fn warm(self: &Arc<Self>) -> Result<(), Failure> {
        {
            let mut state = self.state.lock();
            if state.closed || state.is_warm(&self.disturbed) {
                return Ok(());
            }
        }
        let opened = self.open().await?;
        self.opened(opened);
        Ok(())
    }

    /// Closes what is idle and takes nothing back; what is in use ends with its user.
    pub fn close(&self) {
        let dropped = {
            let mut state = self.state.lock();
            state.closed = true;
            if let Some(reaper) = state.reaper.take() {
                reaper.abort();
            }
            (
                std::mem::take(&mut state.idle),
                std::mem::take(&mut state.lines),
                std::mem::take(&mut state.waiting),
            )
        };
        drop(dropped);
        self.dials.lock().abort_all();
    }

    async fn open(self: &Arc<Self>) -> Result<Opened, Failure> {
        let conn = self.connector.open(self.target.clone()).await?;
        if !conn.h2 {
            return Ok(Opened::H1(conn));
        }
        let id = {
            let mut state = self.state.lock();
            state.next_line += 1;
            state.next_line
        };
        let pool = Arc::downgrade(self);
        let ended = move || {
            if let Some(pool) = pool.upgrade() {
                pool.line_ended(id);
            }
        };
        Ok(Opened::H2(id, Sender::new(conn, ended).await?))
    }

    /// Puts a new connection to use.
    fn opened(self: &Arc<Self>, opened: Opened) {
        let shared = matches!(opened, Opened::H2(..));
        self.state.lock().speaks_h2 = shared;
        match opened {
            Opened::H1(conn) => {
                self.give(conn);
                self.serve();
            }
            Opened::H2(id, sender) => {
                let unneeded = {
                    let mut state = self.state.lock();
                    // Before it is known that connections are shared, every call has one opened.
                    let unneeded = state.closed || state.has_room() || state.lines.len() >= MAX_LINES;
                    if unneeded {
                        Some(sender)
                    } else {
                        state.lines.push(Line::new(id, sender));
                        None
                    }
                };
                drop(unneeded);
                self.serve();
                self.watch();
            }
        }
    }

    /// A connection could not be opened: whoever waited for it hears why.
    fn failed(&self, failure: &Failure, wanted_by: u64) {
        let failed = {
            let mut state = self.state.lock();
            let others = state.dialing.len().saturating_sub(1);
            // Those who share connections waited for this one alike, or they would have a stream. Otherwise
            // it is one who loses his: the caller, or the next in line when the caller got that one's.
            let all = state.speaks_h2 && others == 0;
            let caller = state.waiting.iter().position(|w| w.id == wanted_by);
            let short = !state.speaks_h2 && state.waiting.len() > others;
            match caller.or(short.then_some(0)) {
                _ if all => std::mem::take(&mut state.waiting),
                Some(at) => state.waiting.remove(at).into_iter().collect(),
                None => VecDeque::new(),
            }
        };
        for waiting in failed {
            let _ = waiting.offer.send(Err(failure.clone()));
        }
    }

    /// Gives a new connection to a call that waits. Whatever it says is that call's to hear: one that is hung
    /// up on at once is a failure, and not for us to replace in silence.
    fn give(self: &Arc<Self>, conn: Conn) {
        let waiting = self.state.lock().next_waiting(|_| true);
        match waiting {
            Some(waiting) => self.hand(conn, waiting),
            None => self.park(conn),
        }
    }

    fn hand(self: &Arc<Self>, conn: Conn, waiting: Waiting) {
        // Should the waiting call be gone, the lease comes back.
        let _ = waiting.offer.send(Ok(Lease::H1(H1Lease::new(self.clone(), conn))));
    }

    /// Takes a connection that nobody uses any more.
    fn park(self: &Arc<Self>, mut conn: Conn) {
        let waker = Waker::from(self.disturbed.clone());
        // Dropped outside the lock, whatever it is.
        let _unfit = {
            let mut state = self.state.lock();
            if state.closed || !conn.is_quiet(&waker) {
                Some(conn)
            } else if let Some(waiting) = state.next_waiting(|w| !w.fresh) {
                drop(state);
                return self.hand(conn, waiting);
            } else {
                // To the call that finds it, it is a connection that stood already.
                conn.uses = conn.uses.max(1);
                state.idle.push((conn, Instant::now()));
                (state.idle.len() > MAX_IDLE).then(|| state.idle.remove(0).0)
            }
        };
        self.watch();
    }

    /// Hands out streams to those who wait, and opens what connections are missing for the others.
    fn serve(self: &Arc<Self>) {
        loop {
            let (waiting, lease) = {
                let mut state = self.state.lock();
                state.waiting.retain(|w| !w.offer.is_closed());
                if state.closed || state.waiting.is_empty() {
                    return;
                }
                match state.take_line(self) {
                    Some(lease) => (state.waiting.pop_front(), lease),
                    None => break,
                }
            };
            if let Some(waiting) = waiting {
                let _ = waiting.offer.send(Ok(Lease::H2(lease)));
            }
        }
        loop {
            let dialing = {
                let mut state = self.state.lock();
                let first = state.waiting.front().map(|w| w.id);
                first.filter(|_| state.may_dial()).map(|id| state.dialing(self, id))
            };
            if !self.dial(dialing) {
                return;
            }
        }
    }

    /// Opens a connection. It is opened to its end: half a handshake helps nobody, and the next call may
    /// want it. False without one to open, or without a runtime.
    fn dial(&self, dialing: Option<Dialing>) -> bool {
        let (Some(dialing), Ok(runtime)) = (dialing, Handle::try_current()) else { return false };
        let mut dials = self.dials.lock();
        while dials.try_join_next().is_some() {}
        dials.spawn_on(dialing.run(), &runtime);
        true
    }

    /// Closes what is idle.
    fn drop_idle(&self) {
        let idle = std::mem::take(&mut self.state.lock().idle);
        drop(idle);
    }

    /// A stream is over.
    fn release(self: &Arc<Self>, line: u64) {
        {
            let mut state = self.state.lock();
            if let Some(line) = state.lines.iter_mut().find(|l| l.id == line) {
                line.in_use -= 1;
                line.settled = true;
                line.idle_since = Instant::now();
                let allowed = line.sender.streams();
                state.allowed = Some(allowed);
            }
        }
        self.serve();
    }

    fn line_ended(self: &Arc<Self>, id: u64) {
        let line = {
            let mut state = self.state.lock();
            let at = state.lines.iter().position(|l| l.id == id);
            at.map(|at| state.lines.swap_remove(at))
        };
        drop(line);
        self.serve();
    }

    /// Sees to it that what is idle does not stay for ever.
    fn watch(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.reaper.is_some() || state.closed || (state.idle.is_empty() && state.lines.is_empty()) {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => {
                let task = runtime.spawn(reap(Arc::downgrade(self), self.disturbed.clone()));
                state.reaper = Some(task.abort_handle());
            }
            // The runtime is going away, and everything with it.
            Err(_) => state.idle.clear(),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(reaper) = self.state.get_mut().reaper.take() {
            reaper.abort();
        }
    }
}

/// Closes idle connections when their time is over or their peer hangs up; ends when there are none.
async fn reap(pool: Weak<Pool>, disturbed: Arc<Disturbed>) {
    let waker = Waker::from(disturbed.clone());
    loop {
        let Some(strong) = pool.upgrade() else { return };
        let next = {
            let mut state = strong.state.lock();
            let now = Instant::now();
            state.idle.retain_mut(|(conn, since)| *since + IDLE > now && conn.is_quiet(&waker));
            state.lines.retain(|l| !l.sender.is_closed() && (l.in_use > 0 || l.idle_since + IDLE > now));
            let lines = state.lines.iter().map(|l| if l.in_use > 0 { now } else { l.idle_since });
            let Some(oldest) = state.idle.iter().map(|(_, since)| *since).chain(lines).min() else {
                state.reaper = None;
                return;
            };
            oldest + IDLE
        };
        drop(strong);
        tokio::select! {
            biased;
            () = sleep_until(next) => {}
            () = disturbed.0.notified() => {}
        }
    }
}

fn closed() -> Failure {
    Failure::new(FailureKind::Unsent, "the client is closed")
}

// === impl State ===

impl State {
    fn take(&mut self, pool: &Arc<Pool>) -> Option<Lease> {
        while let Some((mut conn, since)) = self.idle.pop() {
            if since.elapsed() < IDLE && conn.is_quiet(Waker::noop()) {
                return Some(Lease::H1(H1Lease::new(pool.clone(), conn)));
            }
        }
        self.take_line(pool).map(Lease::H2)
    }

    fn take_line(&mut self, pool: &Arc<Pool>) -> Option<H2Lease> {
        let allowed = self.allowed;
        let free = |l: &&mut Line| l.in_use < l.streams(allowed) && !l.sender.is_closed();
        self.lines.iter_mut().find(free).map(|line| line.lease(pool))
    }

    /// Whether the lines there are have a stream for everyone who waits, and one more.
    fn has_room(&self) -> bool {
        let free = |l: &Line| l.streams(self.allowed).saturating_sub(l.in_use);
        let open = self.lines.iter().filter(|l| !l.sender.is_closed());
        open.fold(0usize, |sum, l| sum.saturating_add(free(l))) > self.waiting.len()
    }

    fn is_warm(&mut self, disturbed: &Arc<Disturbed>) -> bool {
        let waker = Waker::from(disturbed.clone());
        self.lines.iter().any(|l| !l.sender.is_closed())
            || self.idle.last_mut().is_some_and(|(conn, _)| conn.is_quiet(&waker))
    }

    /// Whether one more connection is wanted than are being opened.
    fn may_dial(&self) -> bool {
        let now = Instant::now();
        let demand = Demand {
            waiting: self.waiting.len(),
            // One that takes this long may never come: others do not count on it.
            dialing: self.dialing.iter().filter(|(_, since)| *since + PATIENCE > now).count(),
            streams: self.speaks_h2.then(|| self.lines.last().map(|l| l.streams(self.allowed))),
            lines: self.lines.len() + self.dialing.len(),
        };
        demand.may_dial()
    }

    fn next_waiting(&mut self, takes: impl Fn(&Waiting) -> bool) -> Option<Waiting> {
        self.waiting.retain(|w| !w.offer.is_closed());
        self.waiting.iter().position(takes).and_then(|at| self.waiting.remove(at))
    }

    fn dialing(&mut self, pool: &Arc<Pool>, wanted_by: u64) -> Dialing {
        self.next_dial += 1;
        self.dialing.push((self.next_dial, Instant::now()));
        Dialing { pool: pool.clone(), id: self.next_dial, wanted_by }
    }
}

impl Line {
    fn new(id: u64, sender: Sender) -> Self {
        Self { id, sender, in_use: 0, uses: 0, settled: false, idle_since: Instant::now() }
    }

    fn streams(&self, allowed: Option<usize>) -> usize {
        let streams = self.sender.streams();
        allowed.filter(|_| !self.settled).map_or(streams, |allowed| allowed.min(streams))
    }

    fn lease(&mut self, pool: &Arc<Pool>) -> H2Lease {
        self.in_use += 1;
        self.uses += 1;
        let sender = self.sender.clone();
        H2Lease::new(pool, self.id, sender, self.uses > 1)
    }
}

/// A connection, ready to speak on.
enum Opened {
    H1(Conn),
    H2(u64, Sender),
}

impl Dialing {
    async fn run(self) {
        match self.pool.open().await {
            Ok(opened) => {
                let pool = self.pool.clone();
                drop(self);
                pool.opened(opened);
            }
            Err(failure) => self.pool.failed(&failure, self.wanted_by),
        }
    }
}

impl Drop for Dialing {
    fn drop(&mut self) {
        self.pool.state.lock().dialing.retain(|(id, _)| *id != self.id);
    }
}
