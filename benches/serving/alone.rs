//! One image when nothing else is asked for: the service's latency against the evaluations alone.

use crate::ask::Ask;
use crate::figure::{Figure, Section};
use crate::raw::Raw;
use crate::server::Server;
use crate::statistics::{Spread, median, quantile, ratios};
use crate::{Bench, Result};

/// Requests and chains in turn: a chain is as many evaluations of one row as the request takes, and nothing else, on the
/// layout that is the fastest for them.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let evaluations = bench.evaluations()?;
    let server = Server::start(bench, &[])?;
    let mut sessions =
        [1, bench.cores].into_iter().map(|threads| Raw::open(&bench.model, threads, 1)).collect::<Result<Vec<_>>>()?;
    let mut chains = vec![Vec::new(); sessions.len()];
    let mut requests = Vec::new();
    const WARM_UP: u32 = 3;
    for i in 0..WARM_UP + bench.choose(60, 15) {
        let ask = Ask::new(1, &bench.info().sampler, i);
        let request = bench.wait(server.client.clone().draw(ask))?.latency.as_secs_f64();
        let times = sessions.iter_mut().map(|session| Ok(session.chain(evaluations)?.as_secs_f64()));
        let times = times.collect::<Result<Vec<f64>>>()?;
        if i >= WARM_UP {
            requests.push(request);
            chains.iter_mut().zip(times).for_each(|(chains, time)| chains.push(time));
        }
    }
    let best = if median(&chains[0]) <= median(&chains[1]) { 0 } else { 1 };
    let pairs: Vec<[f64; 2]> = requests.iter().zip(&chains[best]).map(|(&a, &b)| [a, b]).collect();
    let milliseconds = |seconds: &[f64]| Spread::of(&seconds.iter().map(|s| 1e3 * s).collect::<Vec<_>>());
    let raw = |threads: usize| format!("raw: {evaluations} evaluations of one row, {threads} thread(s)");
    let ratios = ratios(&pairs);
    let figures = vec![
        Figure::median(raw(1), milliseconds(&chains[0]), "ms"),
        Figure::median(raw(bench.cores), milliseconds(&chains[1]), "ms"),
        Figure::median("service: a request for one image", milliseconds(&requests), "ms"),
        // One pair is short enough for the machine to disturb; the middle half says how steady the rest is.
        Figure::median(
            "service / raw with the best layout",
            Spread { median: median(&ratios), low: quantile(&ratios, 0.25), high: quantile(&ratios, 0.75) },
            "",
        )
        .at_most(1.05),
    ];
    Ok(Section { title: "One image alone", figures })
}
