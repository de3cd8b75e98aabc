//! The board behind its lock, and the bells for those who wait at it.

use super::Message;
use super::board::{Board, Done, Next, Row};
use super::pool::Batch;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long the first worker stays awake when there is nothing to do: who asks again at once need not wait until it is woken.
const LINGER: Duration = Duration::from_micros(200);

/// What the handle and the workers share. The lock is never held during an evaluation.
pub(super) struct Shared {
    desk: Mutex<Desk>,
    /// By worker.
    bells: Vec<Condvar>,
    workers: AtomicUsize,
}

struct Desk {
    board: Board,
    /// By worker: whether it waits and was not called.
    waiting: Vec<bool>,
}

/// Whose bell is to be rung.
enum Call {
    Nobody,
    One(usize),
    Everybody,
}

impl Desk {
    /// Who is to come. One is enough where there are rows, for it calls the next if it leaves some: who is woken in vain takes the
    /// processor from a lone chain's session. The first comes first, as a lone chain is for it.
    fn call(&mut self) -> Call {
        if self.board.is_over() {
            return Call::Everybody;
        }
        let first = self.waiting.iter().position(|&waits| waits).filter(|_| self.board.has_rows());
        first.map_or(Call::Nobody, |worker| {
            self.waiting[worker] = false;
            Call::One(worker)
        })
    }
}

impl Shared {
    pub(super) fn new(board: Board, workers: usize) -> Self {
        let desk = Mutex::new(Desk { board, waiting: vec![false; workers] });
        let bells = (0..workers).map(|_| Condvar::new()).collect();
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
            Call::One(worker) => self.bells[worker].notify_one(),
            Call::Everybody => self.bells.iter().for_each(Condvar::notify_one),
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
            let call = if waits && !desk.waiting[0] { Call::Nobody } else { desk.call() };
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
                    let lingers = busy_since.take().is_some() && worker == 0;
                    desk.waiting[worker] = true;
                    desk = if lingers {
                        self.linger(desk)
                    } else {
                        self.bells[worker].wait(desk).unwrap_or_else(PoisonError::into_inner)
                    };
                    desk.waiting[worker] = false;
                }
            }
        }
    }

    /// Has the first worker wait until it is called, or for [`LINGER`]. Any other thread that is to run on its processor goes first.
    fn linger<'a>(&'a self, mut desk: MutexGuard<'a, Desk>) -> MutexGuard<'a, Desk> {
        let start = Instant::now();
        while desk.waiting[0] && start.elapsed() < LINGER {
            drop(desk);
            thread::yield_now();
            desk = self.lock();
        }
        desk
    }
}
