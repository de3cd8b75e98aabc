//! Who is let in: bounds on what is under way, and promises that can be kept.

use super::outlook::Outlook;
use super::pool::{Demand, Left, Pool};
use super::{Bound, EngineConfig, InvalidRequest, Priority, Refused};
use std::time::Duration;

/// The part of its time by whose end anyone is to be foretold done: what is foretold is not exact, and steps take longer when
/// more is asked.
const NEED: f64 = 0.8;

/// How many times its time a request must be foretold to need by itself, for that to be its own fault and not the moment's: the machine may be
/// slow for a while.
const HOPELESS: f64 = 2.0;

/// The time of a request with a deadline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    /// From when it was taken.
    pub(super) whole: Duration,
    /// From now.
    pub(super) left: Duration,
    /// Whether the request is larger than a window, so that it is done no sooner than its reader lets it.
    pub(super) windowed: bool,
}

impl Term {
    /// Seconds that it may be foretold to need from now. A part of the whole is kept, not of what is left: of that newcomers
    /// would take a little again and again, until nothing was kept.
    fn bound(self) -> f64 {
        self.left.as_secs_f64() - (1.0 - NEED) * self.whole.as_secs_f64()
    }
}

/// Whether there is room for one more request of `priority`. `backlog` tells the seconds of all the work before it, where there is not.
///
/// # Errors
/// [`Refused::AtCapacity`] where requests are too many.
pub(super) fn place<C>(
    pool: &Pool<C>,
    config: &EngineConfig,
    priority: Priority,
    backlog: impl FnOnce() -> f64,
) -> Result<(), Refused> {
    for Bounds { of, most, held } in bounds(config.max_requests as u64, priority, |held| pool.requests(held) as u64) {
        if held >= most {
            let reason = format!("{held} {of}requests are under way, {most} are the most");
            return full(Bound::Requests, backlog() / held.max(1) as f64, reason);
        }
    }
    Ok(())
}

/// Whether there is room for the evaluations of one more, as [`place`] tells it of requests.
///
/// # Errors
/// [`Refused::AtCapacity`] where evaluations are too many, [`Refused::Invalid`] where its own are.
pub(super) fn room<C>(
    pool: &Pool<C>,
    config: &EngineConfig,
    newcomer: Demand,
    backlog: impl FnOnce() -> f64,
) -> Result<(), Refused> {
    let work = pool.reach(newcomer);
    for Bounds { of, most, held } in bounds(config.max_queued_evaluations, newcomer.priority, |held| pool.queued(held))
    {
        if work > most {
            let reason = format!(
                "makes {work} evaluations that wait at once, and {most} {of}evaluations are the most: ask for fewer samples \
                 at a time, or for fewer steps; see --max-queued-evaluations"
            );
            return Err(Refused::Invalid(InvalidRequest::new("n", reason)));
        }
        let excess = (held + work).saturating_sub(most);
        if excess > 0 {
            let part = (excess as f64 / held.max(1) as f64).min(1.0);
            let reason =
                format!("{held} {of}evaluations are queued, this request asks for {work}, {most} are the most");
            return full(Bound::Queue, backlog() * part, reason);
        }
    }
    Ok(())
}

/// How much those may hold together, a newcomer being one of them.
struct Bounds {
    /// Whose they are, in a sentence.
    of: &'static str,
    most: u64,
    /// What they hold without it.
    held: u64,
}

/// The bounds on a newcomer of `priority` where there is `most` for all: bulk has its own, narrower ones before those of all.
fn bounds(most: u64, priority: Priority, held: impl Fn(Priority) -> u64) -> impl Iterator<Item = Bounds> {
    let [interactive, bulk] = Priority::ALL.map(held);
    let own = Bounds { of: "bulk ", most: Priority::Bulk.part(most), held: bulk };
    let all = Bounds { of: "", most, held: interactive + bulk };
    [Some(own).filter(|_| priority == Priority::Bulk), Some(all)].into_iter().flatten()
}

/// Whether a newcomer of `term` would be in time, and leave in time those of its priority who are under way: `others`, what each
/// still wants and its term. Who is late without it has no say, nor has who waits for a reader, nor who was read so slowly that by now
/// more is to be done than was promised. `alone` tells the newcomer's seconds if nothing else were under way.
///
/// # Errors
/// [`Refused::AtCapacity`] where somebody would be late, [`Refused::Invalid`] where the newcomer would be by itself.
pub(super) fn time(
    outlook: &Outlook,
    alone: impl FnOnce() -> Option<f64>,
    term: Term,
    others: impl IntoIterator<Item = (Left, Term)>,
) -> Result<(), Refused> {
    let Some(seconds) = outlook.seconds() else { return Ok(()) };
    let excess = seconds - term.bound();
    if excess > 0.0 {
        let left = term.left.as_secs_f64();
        let bound = HOPELESS * left;
        if seconds > bound
            && let Some(alone) = alone().filter(|&alone| alone > bound)
        {
            let reason = format!(
                "leaves {left:.1} s, and it would take about {alone:.1} s if nothing else were under way: give it more time, or \
                 ask for less; see --deadline-seconds"
            );
            return Err(Refused::Invalid(InvalidRequest::new("deadline_ms", reason)));
        }
        let reason =
            format!("it would take about {seconds:.1} s now, and its deadline is in {left:.1} s, too near to promise");
        return full(Bound::Deadline, excess.min(outlook.backlog()), reason);
    }
    for (other, term) in others {
        let [without, beside] = outlook.of_another(other);
        let left = term.left.as_secs_f64();
        let had_say = without <= if term.windowed { term.bound() } else { left };
        if had_say && other.evaluations > 0 && beside > term.bound() {
            let reason = format!(
                "a request under way whose deadline is in {left:.1} s would need about {beside:.1} s beside it, too \
                 much to keep what was promised"
            );
            // When that one is done it has no more say.
            return full(Bound::Deadline, without, reason);
        }
    }
    Ok(())
}

fn full(bound: Bound, seconds: f64, reason: String) -> Result<(), Refused> {
    let retry_after = Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(Duration::MAX);
    Err(Refused::AtCapacity { bound, reason, retry_after: retry_after.max(Duration::from_secs(1)) })
}

#[cfg(test)]
mod tests;
