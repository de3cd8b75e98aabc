//! The service under saturation, against raw sessions on the same cores.

use crate::ask::anything;
use crate::exposition::Reading;
use crate::figure::{Figure, Section};
use crate::layout::Layout;
use crate::limit::{Limit, limit};
use crate::server::Server;
use crate::spending::{Shares, Spending};
use crate::statistics::{Spread, ratios};
use crate::{Bench, Result, flops, peak};
use smld::score::onnx::{OnnxScore, Provider};
use std::thread::sleep;
use std::time::Duration;

/// Concurrent requests: far more chains than the server's workers can take at once.
const CLIENTS: u32 = 64;
/// Rows of a matrix product that are enough to reach the peak.
const PEAK_ROWS: usize = 256;

pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let product = OnnxScore::from_bytes(&bench.runtime, peak::file(), Provider::Cpu, false)?;
    let mut peak = Layout::open(&product, bench.cores, 1, PEAK_ROWS)?;
    let Limit { mut best, mut figures } = limit(bench)?;
    // No request may grow too old while the server stands still, nor be refused because a step seemed to last as long as that.
    let server = Server::start(bench, &["--deadline-seconds", "1000000000"])?;
    let mut clients = server.client.saturate(CLIENTS, anything);
    sleep(bench.seconds(5.0, 2.0));
    server.pause()?;

    let window = bench.seconds(8.0, 3.0);
    let (mut pairs, mut peaks, mut services) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..bench.choose(9, 5) {
        // In the other order each second time, so that a machine that drifts favours neither.
        let (raw, service) = if pair % 2 == 0 {
            let raw = best.rate(window)?;
            (raw, Service::window(bench, &server, window)?)
        } else {
            let service = Service::window(bench, &server, window)?;
            (best.rate(window)?, service)
        };
        peaks.push([raw, peak.rate(window / 4)?]);
        pairs.push([service.rate, raw]);
        services.push(service);
    }
    server.resume()?;
    clients.check()?;

    let cost = flops::of_one_row(&bench.runtime, &bench.file, bench.info())? as f64;
    let of_peak: Vec<f64> =
        peaks.iter().map(|[raw, rows]| 100.0 * raw * cost / (rows * peak::flops() as f64)).collect();
    let products: Vec<f64> = peaks.iter().map(|[_, rows]| rows * peak::flops() as f64 / 1e9).collect();
    let of = |f: fn(&Service) -> f64| Spread::of(&services.iter().map(f).collect::<Vec<_>>());
    let side = |place: usize| Spread::of(&pairs.iter().map(|pair| pair[place]).collect::<Vec<_>>());
    figures.extend([
        Figure::new("arithmetic of one evaluation", cost / 1e6, "MFLOP"),
        Figure::median("matrix products (sgemm), all cores", Spread::of(&products), "GFLOP/s"),
        Figure::median("raw sessions, of the matrix products' arithmetic", Spread::of(&of_peak), "%"),
        Figure::median(format!("limit: {}", best.name), side(1), "evaluations/s"),
        Figure::median(format!("service: {CLIENTS} requests of every kind"), side(0), "evaluations/s"),
        Figure::median("service / limit", Spread::of(&ratios(&pairs)), "").at_least(0.97),
        Figure::median("rows of a step", of(|service| service.rows), ""),
        Figure::median("time that the workers are in a step", of(|service| service.stepping), "%"),
    ]);
    let shares: Vec<Shares> = services.iter().map(|service| service.shares).collect();
    figures.extend(Shares::figures(&shares, ""));
    Ok(Section { title: "Throughput: the service under saturation against raw sessions", figures })
}

/// What one window of the service gave.
struct Service {
    /// Useful evaluations a second.
    rate: f64,
    /// Rows of a step, in the mean.
    rows: f64,
    /// Per cent of the workers' time.
    stepping: f64,
    /// Who had the processor.
    shares: Shares,
}

impl Service {
    /// Lets the server go on for a window, and pauses it again.
    fn window(bench: &Bench, server: &Server, window: Duration) -> Result<Self> {
        server.resume()?;
        sleep(Duration::from_secs(1));
        let look =
            || -> Result<(Reading, Spending)> { Ok((bench.wait(server.client.read())?, Spending::now(server)?)) };
        let (before, spent_before) = look()?;
        sleep(window);
        let (after, spent) = look()?;
        server.pause()?;
        let grown = |metric| after.grown(&before, metric);
        Ok(Self {
            rate: after.rate(&before),
            rows: grown("smld_score_evaluations_total") / grown("smld_step_duration_seconds_count"),
            stepping: 100.0 * grown("smld_step_duration_seconds_sum") / (after.since(&before) * bench.cores as f64),
            shares: spent.since(&spent_before, bench),
        })
    }
}
