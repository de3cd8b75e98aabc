//! What a supervisor is told that waits for it: systemd, by sd_notify(3). Where there is none, nothing is.

use super::health::alive;
use super::served::Gate;
use sd_notify::{NotifyState, notify, watchdog_enabled};
use std::env;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Whoever supervises the process.
pub struct Supervisor(Option<SyncSender<NotifyState<'static>>>);

/// How many states there are to tell, from the beginning to the end.
const STATES: usize = 2;

impl Supervisor {
    /// Begins to tell that work goes on, twice as often as the supervisor wants to hear it; not while there is work behind `gate` of which
    /// no step has ended well for `stall`, so that it restarts a server that stands still. On a thread of its own: telling waits where
    /// nobody listens.
    ///
    /// # Errors
    /// Where the system has no thread to give.
    pub fn find(gate: Gate, stall: Duration) -> io::Result<Self> {
        if env::var_os("NOTIFY_SOCKET").is_none() {
            return Ok(Self(None));
        }
        let (sender, states) = sync_channel(STATES);
        let every = watchdog_enabled().map_or(Duration::MAX, |wanted| wanted / 2);
        let talk = move || talk(&states, every, || alive(&gate, stall).is_ok());
        thread::Builder::new().name("smld-notify".to_owned()).spawn(talk)?;
        Ok(Self(Some(sender)))
    }

    /// Requests are taken.
    pub fn ready(&self) {
        self.tell(NotifyState::Ready);
    }

    /// The server goes down.
    pub fn stopping(&self) {
        self.tell(NotifyState::Stopping);
    }

    fn tell(&self, state: NotifyState<'static>) {
        if let Some(sender) = &self.0 {
            // Whoever does not listen any more is not told.
            let _ = sender.try_send(state);
        }
    }
}

/// Tells every one of `states` as it comes, and in between that work goes on, while it does.
fn talk(states: &Receiver<NotifyState<'_>>, every: Duration, goes_on: impl Fn() -> bool) {
    loop {
        let state = match states.recv_timeout(every) {
            Ok(state) => state,
            Err(RecvTimeoutError::Timeout) if goes_on() => NotifyState::Watchdog,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if let Err(error) = notify(&[state]) {
            tracing::warn!(%error, "the supervisor could not be told how the server stands");
        }
    }
}
