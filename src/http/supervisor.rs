//! What a supervisor is told that waits for it: systemd, by sd_notify(3). Where there is none, nothing is.

use super::health::alive;
use super::served::Gate;
use sd_notify::{NotifyState, notify, watchdog_enabled};
use std::time::Duration;
use tokio::time::interval;

/// Requests are taken.
pub fn ready() {
    tell(NotifyState::Ready);
}

/// The server goes down.
pub fn stopping() {
    tell(NotifyState::Stopping);
}

/// Tells that work goes on, twice as often as the supervisor wants to hear it; not while there is work and no step of it has ended for
/// `stall`, so that it restarts a server that stands still. Ends at once where it does not want to hear it.
pub async fn watch(gate: Gate, stall: Duration) {
    let Some(wanted) = watchdog_enabled() else { return };
    let mut ticks = interval((wanted / 2).max(Duration::from_millis(1)));
    loop {
        ticks.tick().await;
        if alive(&gate, stall).is_ok() {
            tell(NotifyState::Watchdog);
        }
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = notify(&[state]) {
        tracing::warn!(%error, "the supervisor could not be told how the server stands");
    }
}
