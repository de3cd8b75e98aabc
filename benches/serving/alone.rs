//! One image when nothing else is asked for: the service's latency against the evaluations alone.

use crate::ask::{Ask, ancestral};
use crate::figure::{Figure, Section};
use crate::raw::Raw;
use crate::server::Server;
use crate::statistics::{Spread, median, quantile, ratios};
use crate::{Bench, Result};
use smld::sampler::SamplerSpec;

/// Evaluations of a chain that is so long that what a request costs besides its steps does not count.
const LONG: u32 = 100;
const WARM_UP: u32 = 3;

pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let server = Server::start(bench, &[])?;
    let mut sessions =
        [1, bench.cores].into_iter().map(|threads| Raw::open(&bench.model, threads, 1)).collect::<Result<Vec<_>>>()?;
    let (mut figures, ratio) = compare(bench, &server, &mut sessions, &bench.info().sampler)?;
    figures.push(ratio.at_most(1.05));
    let (long, ratio) = compare(bench, &server, &mut sessions, &ancestral(LONG))?;
    figures.extend(long);
    figures.push(ratio);
    Ok(Section { title: "One image alone", figures })
}

/// Requests for an image by `sampler` and chains in turn, and the ratio of the two: a chain is as many evaluations of one row as the
/// request takes, and nothing else, on that of the `sessions` which is the fastest for them.
fn compare(
    bench: &Bench,
    server: &Server,
    sessions: &mut [Raw],
    sampler: &SamplerSpec,
) -> Result<(Vec<Figure>, Figure)> {
    let evaluations = sampler.resolve(None, bench.info().sigma_range())?.evaluations();
    let mut chains = vec![Vec::new(); sessions.len()];
    let mut requests = Vec::new();
    for i in 0..WARM_UP + bench.choose(60, 15) {
        let request = bench.wait(server.client.clone().draw(Ask::new(1, sampler, i)))?.latency.as_secs_f64();
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
        Figure::median(format!("service: one image of {evaluations} evaluations"), milliseconds(&requests), "ms"),
    ];
    // One pair is short enough for the machine to disturb; the middle half says how steady the rest is.
    let spread = Spread { median: median(&ratios), low: quantile(&ratios, 0.25), high: quantile(&ratios, 0.75) };
    let name = format!("service / raw with the best layout, {evaluations} evaluations");
    Ok((figures, Figure::median(name, spread, "")))
}
