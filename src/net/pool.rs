//! The connections to one origin. A call that finds none free opens its own and takes whichever comes
//! first: its own, or one that another call has done with. HTTP/2 connections are shared instead.

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
    task::AbortHandle,
    time::{Instant, sleep_until},
};

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

pub struct Pool {
    target: Uri,
    connector: Connector,
    state: Mutex<State>,
    disturbed: Arc<Disturbed>,
}

#[derive(Default)]
struct State {
    closed: bool,
    /// The one used last is last.
    idle: Vec<(Conn, Instant)>,
    lines: Vec<Line>,
    next_line: u64,
    waiting: VecDeque<oneshot::Sender<Offer>>,
    dialing: usize,
    /// What the last handshake agreed on.
    speaks_h2: bool,
    reaper: Option<AbortHandle>,
}

/// An HTTP/2 connection and how much of it is in use.
struct Line {
    id: u64,
    sender: Sender,
    in_use: usize,
    uses: u64,
    idle_since: Instant,
}

/// What a waiting call gets.
enum Offer {
    Lease(Lease),
    /// Nobody dials for you any more.
    Dial(Dialing),
    Failed(Failure),
}

/// A connection for one exchange.
pub enum Lease {
    H1(H1Lease),
    H2(H2Lease),
}

/// A connection of one's own. It is closed when dropped, unless it was never used or is free again.
pub struct H1Lease {
    pool: Arc<Pool>,
    conn: Option<Conn>,
    used: bool,
}

/// A stream on a shared connection.
pub struct H2Lease {
    pool: Weak<Pool>,
    line: u64,
    pub sender: Sender,
    pub reused: bool,
}

/// The right to open one connection. Whoever drops it lets the next one try.
struct Dialing(Arc<Pool>);

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
        Arc::new(Self { target, connector, state: Mutex::default(), disturbed: Arc::default() })
    }

    pub fn is_for(&self, uri: &Uri) -> bool {
        self.target.scheme() == uri.scheme() && self.target.authority() == uri.authority()
    }

    /// A connection that is free, or will be first.
    pub async fn checkout(self: &Arc<Self>) -> Result<Lease, Failure> {
        let mut dialing = None;
        loop {
            let mut offer = {
                let mut state = self.state.lock();
                if state.closed {
                    return Err(closed());
                }
                if let Some(lease) = state.take(self) {
                    return Ok(lease);
                }
                let (sender, receiver) = oneshot::channel();
                state.waiting.retain(|w| !w.is_closed());
                state.waiting.push_back(sender);
                if dialing.is_none() && state.may_dial() {
                    state.dialing += 1;
                    dialing = Some(Dialing(self.clone()));
                }
                receiver
            };
            let offered = match dialing.take() {
                None => offer.await.map_err(|_| closed())?,
                Some(dialing) => {
                    let dialed = tokio::select! {
                        biased;
                        offered = &mut offer => Err(offered.map_err(|_| closed())?),
                        dialed = dialing.dial() => Ok(dialed),
                    };
                    match dialed {
                        Err(offered) => offered,
                        Ok(dialed) => {
                            drop(offer);
                            let lease = self.arrived(dialed);
                            drop(dialing);
                            return lease;
                        }
                    }
                }
            };
            match offered {
                Offer::Lease(lease) => return Ok(lease),
                Offer::Failed(failure) => return Err(failure),
                Offer::Dial(duty) => dialing = Some(duty),
            }
        }
    }

    /// Opens a connection ahead of need, unless one is free.
    pub async fn warm(self: &Arc<Self>) -> Result<(), Failure> {
        let dialing = {
            let mut state = self.state.lock();
            if state.closed || state.is_warm(&self.disturbed) {
                return Ok(());
            }
            state.dialing += 1;
            Dialing(self.clone())
        };
        let mut opened = dialing.dial().await?;
        if let Opened::H1(conn) = &mut opened {
            // To the call that finds it, it is a connection that stood already.
            conn.uses = 1;
        }
        if let Lease::H2(lease) = self.arrived(Ok(opened))?
            && let Some(line) = self.state.lock().lines.iter_mut().find(|l| l.id == lease.line)
        {
            line.uses = line.uses.max(1);
        }
        Ok(())
    }

    /// Closes what is idle and takes nothing back; what is in use ends with its user.
    pub fn close(&self) {
        let (idle, lines, waiting) = {
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
        drop((idle, lines, waiting));
    }

    /// Puts a new connection to use: the lease is the opener's own.
    fn arrived(self: &Arc<Self>, opened: Result<Opened, Failure>) -> Result<Lease, Failure> {
        match opened {
            Ok(Opened::H1(conn)) => {
                self.state.lock().speaks_h2 = false;
                Ok(Lease::H1(H1Lease { pool: self.clone(), conn: Some(conn), used: false }))
            }
            Ok(Opened::H2(id, sender)) => {
                let lease = {
                    let mut state = self.state.lock();
                    if state.closed {
                        return Err(closed());
                    }
                    state.speaks_h2 = true;
                    let line = Line { id, sender, in_use: 0, uses: 0, idle_since: Instant::now() };
                    state.lines.push(line);
                    state.lines.last_mut().map(|line| line.lease(self))
                };
                self.serve();
                self.watch();
                lease.map(Lease::H2).ok_or_else(closed)
            }
            Err(failure) => {
                let failed = {
                    let mut state = self.state.lock();
                    // Those who share connections waited for this one.
                    if state.speaks_h2 && state.dialing <= 1 && state.lines.is_empty() {
                        std::mem::take(&mut state.waiting)
                    } else {
                        VecDeque::new()
                    }
                };
                for waiting in failed {
                    let _ = waiting.send(Offer::Failed(failure.clone()));
                }
                Err(failure)
            }
        }
    }

    /// Takes a connection that nobody uses any more.
    fn park(self: &Arc<Self>, mut conn: Conn) {
        let waker = Waker::from(self.disturbed.clone());
        // Dropped outside the lock, whatever it is.
        let _unfit = {
            let mut state = self.state.lock();
            if state.closed || !conn.is_quiet(&waker) {
                Some(conn)
            } else if let Some(waiting) = state.next_waiting() {
                drop(state);
                let lease = H1Lease { pool: self.clone(), conn: Some(conn), used: false };
                // Should the waiting call be gone, the lease comes back here.
                let _ = waiting.send(Offer::Lease(Lease::H1(lease)));
                return;
            } else {
                state.idle.push((conn, Instant::now()));
                (state.idle.len() > MAX_IDLE).then(|| state.idle.remove(0).0)
            }
        };
        self.watch();
    }

    /// Hands out what is free to those who wait, and has them dial for what is missing.
    fn serve(self: &Arc<Self>) {
        loop {
            let (waiting, offer) = {
                let mut state = self.state.lock();
                state.waiting.retain(|w| !w.is_closed());
                if state.closed || state.waiting.is_empty() {
                    return;
                }
                let offer = match state.take_line(self) {
                    Some(lease) => Offer::Lease(Lease::H2(lease)),
                    None if state.may_dial() => {
                        state.dialing += 1;
                        Offer::Dial(Dialing(self.clone()))
                    }
                    None => return,
                };
                (state.next_waiting(), offer)
            };
            if let Some(waiting) = waiting {
                let _ = waiting.send(offer);
            }
        }
    }

    fn line_changed(self: &Arc<Self>, id: u64, ended: bool) {
        if ended {
            let mut state = self.state.lock();
            let at = state.lines.iter().position(|l| l.id == id);
            let line = at.map(|at| state.lines.swap_remove(at));
            drop(state);
            drop(line);
        }
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
                return Some(Lease::H1(H1Lease { pool: pool.clone(), conn: Some(conn), used: false }));
            }
        }
        self.take_line(pool).map(Lease::H2)
    }

    fn take_line(&mut self, pool: &Arc<Pool>) -> Option<H2Lease> {
        let free = |l: &&mut Line| l.in_use < l.sender.streams() && !l.sender.is_closed();
        self.lines.iter_mut().find(free).map(|line| line.lease(pool))
    }

    fn is_warm(&mut self, disturbed: &Arc<Disturbed>) -> bool {
        let waker = Waker::from(disturbed.clone());
        self.lines.iter().any(|l| !l.sender.is_closed())
            || self.idle.last_mut().is_some_and(|(conn, _)| conn.is_quiet(&waker))
    }

    /// Whether one more connection is wanted than are being opened.
    fn may_dial(&self) -> bool {
        if !self.speaks_h2 {
            return self.dialing < self.waiting.len();
        }
        let streams = self.lines.last().map_or(usize::MAX, |l| l.sender.streams());
        self.dialing < self.waiting.len().div_ceil(streams) && self.lines.len() + self.dialing < MAX_LINES
    }

    fn next_waiting(&mut self) -> Option<oneshot::Sender<Offer>> {
        while let Some(waiting) = self.waiting.pop_front() {
            if !waiting.is_closed() {
                return Some(waiting);
            }
        }
        None
    }
}

impl Line {
    fn lease(&mut self, pool: &Arc<Pool>) -> H2Lease {
        self.in_use += 1;
        self.uses += 1;
        let sender = self.sender.clone();
        H2Lease { pool: Arc::downgrade(pool), line: self.id, sender, reused: self.uses > 1 }
    }
}

// === impl Dialing ===

/// A connection, ready to speak on.
enum Opened {
    H1(Conn),
    H2(u64, Sender),
}

impl Dialing {
    async fn dial(&self) -> Result<Opened, Failure> {
        let conn = self.0.connector.open(self.0.target.clone()).await?;
        if !conn.h2 {
            return Ok(Opened::H1(conn));
        }
        let id = {
            let mut state = self.0.state.lock();
            state.next_line += 1;
            state.next_line
        };
        let pool = Arc::downgrade(&self.0);
        let changed = move |ended| {
            if let Some(pool) = pool.upgrade() {
                pool.line_changed(id, ended);
            }
        };
        Ok(Opened::H2(id, Sender::new(conn, changed).await?))
    }
}

impl Drop for Dialing {
    fn drop(&mut self) {
        let shared = {
            let mut state = self.0.state.lock();
            state.dialing -= 1;
            state.speaks_h2
        };
        // Who does not share dials for himself.
        if shared {
            self.0.serve();
        }
    }
}

// === impl leases ===

impl H1Lease {
    pub fn conn(&mut self) -> &mut Conn {
        self.used = true;
        #[expect(clippy::expect_used, reason = "taken by free and drop alone, which end the lease")]
        self.conn.as_mut().expect("a lease has its connection until it ends")
    }

    /// The exchange is over and the connection may carry another.
    pub fn free(mut self) {
        self.used = false;
    }
}

impl Drop for H1Lease {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take()
            && !self.used
        {
            self.pool.park(conn);
        }
    }
}

impl Drop for H2Lease {
    fn drop(&mut self) {
        let Some(pool) = self.pool.upgrade() else { return };
        {
            let mut state = pool.state.lock();
            if let Some(line) = state.lines.iter_mut().find(|l| l.id == self.line) {
                line.in_use -= 1;
                line.idle_since = Instant::now();
            }
        }
        pool.serve();
    }
}
