//! What two workers say at once comes in either order.

use super::*;
use crate::engine::board::Board;
use crate::engine::pool::{Demand, Pool, PoolConfig};
use crate::engine::{EngineConfig, Priority};
use std::time::Duration;
use tokio::sync::mpsc;

const SUMMARY: Summary = Summary { evaluations: 6, queued: Duration::ZERO, sampling: Duration::ZERO };

/// What a ticket for samples 4, 5 and 6 gives that hears `words`.
fn heard(words: Vec<Word>) -> Vec<Event> {
    let config = EngineConfig { workers: 1, batch_rows: 1, slots: 1, max_requests: 1, max_queued_evaluations: 1 };
    let shared = Arc::new(Shared::new(Board::new(config, &[], Vec::new(), Arc::new(())), 1));
    let (said, receiver) = mpsc::channel(words.len());
    words.into_iter().for_each(|word| assert!(said.try_send(word).is_ok()));
    drop(said);
    let (forecast, previews) = (Forecast::default(), None);
    let (batch_rows, least_rows, wide) = (vec![1], vec![1], vec![false]);
    let mut pool = Pool::<()>::new(PoolConfig { workers: 1, batch_rows, least_rows, slots: 1, window: 1, wide });
    let key = pool.admit(Demand { priority: Priority::Interactive, model: 0, chains: 3, evaluations: 1 });
    let taken = Taken { words: receiver, key, windowed: false, first_index: 4, chains: 3, forecast, previews };
    let mut ticket = Ticket::new(shared, taken);
    std::iter::from_fn(|| ticket.blocking_next()).collect()
}

fn word(index: u32, done: Option<Summary>) -> Word {
    Word { event: sample(index), done }
}

fn sample(index: u32) -> Event {
    Event::Sample { index, x: Vec::new(), diagnostics: None }
}

#[test]
fn the_end_waits_for_samples_that_are_heard_after_it() {
    let events = heard(vec![word(5, None), word(6, Some(SUMMARY)), word(4, None)]);
    assert_eq!(events, [sample(4), sample(5), sample(6), Event::Done(SUMMARY)]);
}

#[test]
fn after_a_failure_there_is_nothing_whatever_is_heard() {
    let events = heard(vec![word(4, None), word(6, None), Failure::Stopped.into(), word(5, None)]);
    assert_eq!(events, [sample(4), Event::Failed(Failure::Stopped)]);
}
