//! The board behind its lock, and the bells for those who wait at it.

use super::Message;
use super::board::{Board, Done, Next, Row};
use super::pool::Batch;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long the first worker stays awake when there is nothing to do: who asks again at once need not wait until it is woken.
const LINGER: Duration = Duration::from_micros(200);

/// What the handle and the workers share. The lock is never held during an evaluation.
pub(super) struct Shared {
    desk: Mutex<Desk>,
    /// By worker.
    bells: Vec<Bell>,
    workers: AtomicUsize,
}

struct Desk {
    board: Board,
    /// By worker: how it waits, if it does and was not called.
    waiting: Vec<Option<Wait>>,
}

/// How a worker waits.
#[derive(Clone, Copy)]
enum Wait {
    /// It looks at its bell.
    Awake,
    /// Its bell wakes it.
    Asleep,
}

/// What calls a worker that waits.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    alarm: Condvar,
}

impl Bell {
    fn ring(&self, wait: Wait) {
        match wait {
            Wait::Awake => self.rung.store(true, Ordering::Release),
            Wait::Asleep => self.alarm.notify_one(),
        }
    }

    /// Returns when it is rung, or after [`LINGER`]. Any other thread that is to run on this processor goes first.
    fn linger(&self) {
        let start = Instant::now();
        while !self.rung.swap(false, Ordering::Acquire) && start.elapsed() < LINGER {
            thread::yield_now();
        }
    }
}

/// Whose bell is to be rung.
enum Call {
    Nobody,
    One(usize, Wait),
    Everybody,
}

impl Desk {
    /// Who is to come. One is enough where there are rows, for it calls the next if it leaves some: who is woken in vain takes the
    /// processor from a lone chain's session. The first comes first, as a lone chain is for it.
    fn call(&mut self) -> Call {
        if self.board.is_over() {
            return Call::Everybody;
        }
        if !self.board.has_rows() {
            return Call::Nobody;
        }
        let mut waiting = self.waiting.iter_mut().enumerate();
        waiting.find_map(|(worker, wait)| Some(Call::One(worker, wait.take()?))).unwrap_or(Call::Nobody)
    }
}

impl Shared {
    pub(super) fn new(board: Board, workers: usize) -> Self {
        let desk = Mutex::new(Desk { board, waiting: vec![None; workers] });
        let bells = (0..workers).map(|_| Bell::default()).collect();
        Self { desk, bells, workers: AtomicUsize::new(workers) }
    }

    /// Counts a worker out. Whether it was the last.
    pub(super) fn last_worker_leaves(&self) -> bool {
        self.workers.fetch_sub(1, Ordering::AcqRel) == 1
    }

    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the lock back, then wakes who is called and sends what there is to send: who is woken may take the processor, and
    /// the lock, at once.
    fn leave(&self, mut desk: MutexGuard<'_, Desk>, call: &Call) {
        let messages = desk.board.take_messages();
        drop(desk);
        match *call {
            Call::Nobody => {}
            Call::One(worker, wait) => self.bells[worker].ring(wait),
            Call::Everybody => self.bells.iter().for_each(|bell| bell.ring(Wait::Asleep)),
        }
        messages.into_iter().for_each(Message::send);
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        look(&self.lock().board)
    }

    /// Changes the board, and calls who waits where that leaves something to do.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut Board) -> T) -> T {
        let mut desk = self.lock();
        let answer = change(&mut desk.board);
        let call = desk.call();
        self.leave(desk, &call);
        answer
    }

    /// What `worker` is to do now.
    pub(super) fn next(&self, worker: usize, rows: &mut Vec<Row>) -> Next {
        let mut desk = self.lock();
        let next = desk.board.next(worker, Instant::now(), rows);
        self.leave(desk, &Call::Nobody);
        next
    }

    /// Gives back what `worker` has `done`, and waits for its next batch; none at the end. With it, since when the worker has
    /// had work: since its last step, unless it had to wait.
    pub(super) fn wait(&self, worker: usize, rows: &mut Vec<Row>, done: Option<Done>) -> Option<(Batch, Instant)> {
        let mut busy_since = done.as_ref().map(|done| done.now);
        let mut desk = self.lock();
        if let Some(done) = done {
            desk.board.settle(done, rows);
        }
        loop {
            let next = desk.board.next(worker, Instant::now(), rows);
            let waits = matches!(next, Next::Wait);
            // Rows that a worker is not given are a lone chain, which is for the first.
            let call = if waits && desk.waiting[0].is_none() { Call::Nobody } else { desk.call() };
            match next {
                Next::Step(batch) => {
                    self.leave(desk, &call);
                    return Some((batch, busy_since.unwrap_or_else(Instant::now)));
                }
                Next::End => {
                    self.leave(desk, &call);
                    return None;
                }
                // There may be something to do by then.
                Next::Wait if desk.board.has_messages() || !matches!(call, Call::Nobody) => {
                    self.leave(desk, &call);
                    desk = self.lock();
                }
                Next::Wait => {
                    // Once after each step: what is there is looked at again before it sleeps.
                    let worked = busy_since.take().is_some();
                    desk = self.rest(worker, desk, if worked && worker == 0 { Wait::Awake } else { Wait::Asleep });
                }
            }
        }
    }

    /// Gives the lock back until `worker` may have something to do.
    fn rest<'a>(&'a self, worker: usize, mut desk: MutexGuard<'a, Desk>, wait: Wait) -> MutexGuard<'a, Desk> {
        let bell = &self.bells[worker];
        desk.waiting[worker] = Some(wait);
        desk = match wait {
            Wait::Awake => {
                drop(desk);
                bell.linger();
                self.lock()
            }
            Wait::Asleep => bell.alarm.wait(desk).unwrap_or_else(PoisonError::into_inner),
        };
        desk.waiting[worker] = None;
        desk
    }
}
