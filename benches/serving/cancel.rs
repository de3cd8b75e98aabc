//! Clients that go away before their answer.

use crate::ask::{Ask, ancestral, few};
use crate::client::Client;
use crate::draws::Draws;
use crate::figure::{Figure, Section};
use crate::server::Server;
use crate::statistics::{Spread, quantile};
use crate::{Bench, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How many of the requests are cut off.
const CUT: f64 = 0.3;
const CLIENTS: u32 = 32;

fn ask(i: u32) -> Ask {
    let (n, steps) = few(i);
    Ask::new(n, &ancestral(steps), i)
}

pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let server = Server::start(bench, &[])?;
    let client = &server.client;
    let calm = bench.wait(client.closed(CLIENTS, bench.seconds(10.0, 4.0), ask))?;
    let calm: Vec<f64> = calm.iter().map(|answer| answer.latency.as_secs_f64()).collect();
    let (before, usual) = (bench.wait(client.read())?, Duration::from_secs_f64(quantile(&calm, 0.5)));
    let (sent, cut) = bench.wait(cutting(client, bench.seconds(30.0, 8.0), usual))?;
    let after = bench.wait(client.idle())?;
    let grown = |metric| after.grown(&before, metric);
    let wasted = 100.0 * grown("smld_cancelled_evaluations_total") / grown("smld_score_evaluations_total");
    let trials = (0..bench.choose(20, 5)).map(|i| afterwards(bench, client, i)).collect::<Result<Vec<f64>>>()?;
    let figures = vec![
        Figure::new("requests", f64::from(sent), ""),
        Figure::new("cut off at a random moment", 100.0 * f64::from(cut) / f64::from(sent), "%"),
        Figure::new("evaluations made for those who went away, of all", wasted, "%"),
        Figure::median("evaluations after a request of n=64 is cut off", Spread::of(&trials), ""),
        Figure::new("slots leaked", after.sum("smld_slots_used"), "").at_most(0.0),
    ];
    Ok(Section { title: "Cancel: clients that go away", figures })
}

/// A closed loop in which requests are cut off, each at a moment up to `usual` after it was sent. How many were sent and how
/// many were cut off.
async fn cutting(client: &Client, span: Duration, usual: Duration) -> Result<(u32, u32)> {
    let end = Instant::now() + span;
    let counts = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let mut loops = JoinSet::new();
    for _ in 0..CLIENTS {
        let (client, counts) = (client.clone(), Arc::clone(&counts));
        loops.spawn(async move {
            let (sent, cut) = &*counts;
            while Instant::now() < end {
                let i = sent.fetch_add(1, Ordering::Relaxed);
                // Another row of draws than that of the request.
                let mut draws = Draws::new(u32::MAX - i);
                let answer = client.clone().draw(ask(i));
                if draws.next() >= CUT {
                    answer.await?;
                } else if timeout(usual.mul_f64(draws.next()), answer).await.is_err() {
                    cut.fetch_add(1, Ordering::Relaxed);
                }
            }
            Result::Ok(())
        });
    }
    while let Some(ended) = loops.join_next().await {
        ended??;
    }
    let count = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
    Ok((count(&counts.0), count(&counts.1)))
}

/// Cuts off a large request on an idle server. The evaluations from just before until nothing is left of it.
fn afterwards(bench: &Bench, client: &Client, i: u32) -> Result<f64> {
    let request = tokio::spawn(client.clone().draw(Ask::new(64, &ancestral(1000), i)));
    sleep(Duration::from_millis(500) + Duration::from_millis(7) * i);
    let before = bench.wait(client.read())?;
    request.abort();
    let after = bench.wait(client.idle())?;
    Ok(after.grown(&before, "smld_score_evaluations_total"))
}
