//! Small requests beside large ones: their latency, over what it is among their like.

use crate::ask::{Ask, ancestral};
use crate::client::Client;
use crate::figure::{Figure, Section};
use crate::server::Server;
use crate::statistics::{Spread, quantile, ratios};
use crate::{Bench, Result};
use std::time::Duration;

/// A crowd of small requests in a closed loop, and the company that it has for half of the time.
struct Case {
    name: String,
    /// Clients that ask for the small, beside the company and among their like.
    clients: [u32; 2],
    small: fn(u32) -> Ask,
    company: (u32, fn(u32) -> Ask),
    bar: Option<f64>,
}

pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let server = Server::start(bench, &[])?;
    let mut figures = Vec::new();
    // Among their like one has all cores, and beside the large one no more than one of them; four are to have four fifths of
    // the rows; with sixteen the steps are full in both cases.
    let images = [1, 4, 16].map(|clients| Case {
        name: format!("{clients} × n=1 beside one of n=1000"),
        clients: [clients, clients],
        small: |i| Ask::new(1, &ancestral(50), i),
        company: (1, |i| Ask::new(1000, &ancestral(50), i)),
        bar: Some(1.5),
    });
    let short = Case {
        name: "4 × 18 evaluations beside 12 × 1000".to_owned(),
        clients: [4, 16],
        small: |i| Ask::new(1, &ancestral(18), i),
        company: (12, |i| Ask::new(1, &ancestral(1000), i)),
        bar: None,
    };
    for case in images.into_iter().chain([short]) {
        figures.extend(compare(bench, &server.client, &case)?);
    }
    Ok(Section { title: "Fairness: small requests beside large ones, over the same among their like", figures })
}

/// Windows with and without the company in turn.
fn compare(bench: &Bench, client: &Client, case: &Case) -> Result<Vec<Figure>> {
    let (warm, window) = (bench.seconds(2.0, 1.0), bench.seconds(15.0, 5.0));
    let mut all = [Vec::new(), Vec::new()];
    let mut pairs = [Vec::new(), Vec::new()];
    for _ in 0..bench.choose(3, 2) {
        let beside = {
            let mut company = client.saturate(case.company.0, case.company.1);
            let beside = latencies(bench, client, (case.clients[0], case.small), warm, window)?;
            company.check()?;
            beside
        };
        let among = latencies(bench, client, (case.clients[1], case.small), warm, window)?;
        for (pairs, share) in pairs.iter_mut().zip([0.5, 0.99]) {
            pairs.push([quantile(&beside, share), quantile(&among, share)]);
        }
        all[0].extend(beside);
        all[1].extend(among);
    }
    let name = &case.name;
    let mut figures = Vec::new();
    for (share, label, pairs) in [(0.5, "p50", &pairs[0]), (0.99, "p99", &pairs[1])] {
        let [beside, among] = [0, 1].map(|side: usize| quantile(&all[side], share));
        figures.push(Figure::new(format!("{name}: {label}"), 1e3 * beside, "ms"));
        figures.push(Figure::new(format!("{name}: {label} among their like"), 1e3 * among, "ms"));
        let Spread { low, high, .. } = Spread::of(&ratios(pairs));
        let ratio = Figure::median(format!("{name}: {label}, ratio"), Spread { median: beside / among, low, high }, "");
        figures.push(match case.bar {
            Some(bar) if share > 0.5 => ratio.at_most(bar),
            _ => ratio,
        });
    }
    Ok(figures)
}

/// Seconds of the requests of a crowd in a window, after a warm-up.
fn latencies(
    bench: &Bench,
    client: &Client,
    (clients, small): (u32, fn(u32) -> Ask),
    warm: Duration,
    window: Duration,
) -> Result<Vec<f64>> {
    bench.wait(async {
        client.closed(clients, warm, small).await?;
        let answers = client.closed(clients, window, small).await?;
        Ok(answers.iter().map(|answer| answer.latency.as_secs_f64()).collect())
    })
}
