//! The board behind its lock, and the bell for those who wait at it.

use super::board::{Board, Done, Next, Row};
use super::pool::Batch;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What the handle and the workers share. The lock is never held during an evaluation.
pub(super) struct Shared {
    board: Mutex<Board>,
    changed: Condvar,
    workers: AtomicUsize,
}

impl Shared {
    pub(super) fn new(board: Board, workers: usize) -> Self {
        Self { board: Mutex::new(board), changed: Condvar::new(), workers: AtomicUsize::new(workers) }
    }

    /// Counts a worker out. Whether it was the last.
    pub(super) fn last_worker_leaves(&self) -> bool {
        self.workers.fetch_sub(1, Ordering::AcqRel) == 1
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the board, and wakes those who wait where that leaves them something.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut Board) -> T) -> T {
        let mut board = self.lock();
        let answer = change(&mut board);
        let has_news = board.has_news();
        // Who is woken takes the lock at once.
        drop(board);
        if has_news {
            self.changed.notify_all();
        }
        answer
    }

    /// What `worker` is to do now.
    pub(super) fn next(&self, worker: usize, rows: &mut Vec<Row>) -> Next {
        self.lock().next(worker, Instant::now(), rows)
    }

    /// Gives back what `worker` has `done`, and waits for its next batch; none at the end. With it, since when the worker has
    /// had work: since its last step, unless it had to wait.
    pub(super) fn wait(&self, worker: usize, rows: &mut Vec<Row>, mut done: Option<Done>) -> Option<(Batch, Instant)> {
        let mut busy_since = done.as_ref().map(|done| done.now);
        let mut board = self.lock();
        loop {
            match self.turn(&mut board, worker, rows, done.take()) {
                Next::Step(batch) => return Some((batch, busy_since.unwrap_or_else(Instant::now))),
                Next::End => return None,
                Next::Wait => {
                    busy_since = None;
                    board = self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// A worker's turn at the board. Others are woken only for what it leaves them: a bell at each step would take the
    /// processor from a lone chain's session.
    fn turn(&self, board: &mut Board, worker: usize, rows: &mut Vec<Row>, done: Option<Done>) -> Next {
        if let Some(done) = done {
            board.settle(done, rows);
        }
        let next = board.next(worker, Instant::now(), rows);
        if board.has_news() {
            self.changed.notify_all();
        }
        next
    }
}
