//! Sessions that were opened and run nothing now.

use super::ScoreSession;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Sessions by their threads, kept from the checks and the warm-up for the workers: opening one takes longer than many of its
/// runs.
#[derive(Default)]
pub(super) struct Idle(Mutex<Vec<(usize, Box<dyn ScoreSession>)>>);

impl Idle {
    /// Keeps a session of `threads` threads.
    pub(super) fn keep(&self, threads: usize, session: Box<dyn ScoreSession>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((threads, session));
    }

    /// Gives one of `threads` threads away, if there is one.
    pub(super) fn take(&self, threads: usize) -> Option<Box<dyn ScoreSession>> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = sessions.iter().position(|&(of, _)| of == threads)?;
        Some(sessions.swap_remove(place).1)
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").finish_non_exhaustive()
    }
}
