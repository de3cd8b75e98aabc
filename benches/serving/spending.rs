//! Who has the processor: the server's workers, the rest of the server, those who ask.

use crate::figure::Figure;
use crate::server::Server;
use crate::statistics::Spread;
use crate::{Bench, Result, process};
use std::time::Instant;

/// Processor time up to a moment, in seconds.
pub(crate) struct Spending {
    at: Instant,
    workers: f64,
    server: f64,
    clients: f64,
}

/// Shares of the machine's time, in per cent.
#[derive(Clone, Copy)]
pub(crate) struct Shares {
    pub(crate) workers: f64,
    pub(crate) rest: f64,
    pub(crate) clients: f64,
}

impl Spending {
    pub(crate) fn now(server: &Server) -> Result<Self> {
        let at = Instant::now();
        let (threads, own) = (process::times(server.pid())?, process::times(std::process::id())?);
        let workers = threads.get("worker").copied().unwrap_or(0.0);
        Ok(Self { at, workers, server: threads.values().sum(), clients: own.values().sum() })
    }

    /// What was spent since `before`.
    pub(crate) fn since(&self, before: &Self, bench: &Bench) -> Shares {
        let machine = (self.at - before.at).as_secs_f64() * bench.cores as f64;
        let share = |of: fn(&Self) -> f64| 100.0 * (of(self) - of(before)) / machine;
        Shares {
            workers: share(|spent| spent.workers),
            rest: share(|spent| spent.server - spent.workers),
            clients: share(|spent| spent.clients),
        }
    }
}

impl Shares {
    /// The figures of windows; their names begin with `name`.
    pub(crate) fn figures(windows: &[Self], name: &str) -> [Figure; 3] {
        let figure = |who: &str, of: fn(&Self) -> f64| {
            let spread = Spread::of(&windows.iter().map(of).collect::<Vec<_>>());
            Figure::median(format!("{name}processor time: {who}"), spread, "%")
        };
        [
            figure("the workers", |shares| shares.workers),
            figure("the rest of the server", |shares| shares.rest),
            figure("the clients", |shares| shares.clients),
        ]
    }
}
