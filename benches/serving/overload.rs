//! Ten times what can be served, for minutes.

use crate::ask::{Ask, anything};
use crate::exposition::Reading;
use crate::figure::{Figure, Section};
use crate::load::{Peak, image};
use crate::server::Server;
use crate::spending::{Shares, Spending};
use crate::statistics::{quantile, slope};
use crate::{Bench, Result};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How much more is offered than can be served.
const EXCESS: f64 = 10.0;
/// The most requests under way, which is the server's default.
const BOUND: u32 = 256;
/// How soon the hasty want their answer, in milliseconds: before the queue's end is through.
const HASTE: u64 = 4000;
/// How often the server is looked at.
const GLANCE: Duration = Duration::from_millis(500);

pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let server = Server::start(bench, &["--max-requests", &BOUND.to_string()])?;
    let crowds = [
        Crowd { name: "patient", span: bench.seconds(240.0, 15.0), is_alike: true, next: image },
        Crowd { name: "in haste", span: bench.seconds(60.0, 15.0), is_alike: true, next: |i| image(i).within(HASTE) },
        Crowd { name: "of every kind", span: bench.seconds(120.0, 20.0), is_alike: false, next: anything },
    ];
    let mut figures = Vec::new();
    for crowd in &crowds {
        figures.extend(crowd.measure(bench, &server)?);
    }
    Ok(Section { title: "Overload: ten times what can be served, arriving at random", figures })
}

/// Those who ask for more than there is: the first two for one image each.
struct Crowd {
    name: &'static str,
    span: Duration,
    /// Whether one request is like the next: of many sizes the allocator has what it keeps after six minutes only.
    is_alike: bool,
    next: fn(u32) -> Ask,
}

impl Crowd {
    fn measure(&self, bench: &Bench, server: &Server) -> Result<Vec<Figure>> {
        let peak = || {
            bench.wait(server.client.idle())?;
            Peak::of(bench, server, self.next)
        };
        let before = peak()?;
        let rate = EXCESS * before.rate / self.evaluations(bench)?;
        let flood = Flood::new(bench, server, rate, self)?;
        // Before and after: a machine that drifts would be taken for the server.
        Ok(flood.figures(bench, self, rate, &[before, peak()?]))
    }

    /// Evaluations of a request, in the mean.
    fn evaluations(&self, bench: &Bench) -> Result<f64> {
        const REQUESTS: u32 = 1000;
        let range = bench.info().sigma_range();
        let all = (0..REQUESTS).map(|i| (self.next)(i).evaluations(range)).sum::<Result<u32>>()?;
        Ok(f64::from(all) / f64::from(REQUESTS))
    }
}

/// What a flood of requests did.
struct Flood {
    /// Every half second: the counters, and resident memory in MiB.
    glances: Vec<(Reading, f64)>,
    shares: Shares,
    refusals: Vec<f64>,
    answers: Vec<f64>,
    /// Requests that were taken, and not answered before their deadline.
    late: usize,
}

impl Flood {
    fn new(bench: &Bench, server: &Server, rate: f64, crowd: &Crowd) -> Result<Self> {
        let mut glances = Vec::new();
        let arrivals = server.client.arrivals(rate, crowd.span, crowd.next);
        let (start, before) = (Instant::now(), Spending::now(server)?);
        while start.elapsed() < crowd.span {
            sleep(GLANCE);
            let resident = server.resident()? as f64 / f64::from(1 << 20);
            glances.push((bench.wait(server.client.read())?, resident));
        }
        let shares = Spending::now(server)?.since(&before, bench);
        let arrived = bench.wait(arrivals)??;
        let mut flood = Self { glances, shares, refusals: Vec::new(), answers: Vec::new(), late: 0 };
        for answer in arrived.so_far()? {
            let seconds = answer.latency.as_secs_f64();
            match answer.status {
                200 => flood.answers.push(seconds),
                429 => flood.refusals.push(seconds),
                504 => flood.late += 1,
                status => return Err(format!("a request was answered {status}").into()),
            }
        }
        Ok(flood)
    }

    fn figures(&self, bench: &Bench, crowd: &Crowd, rate: f64, peaks: &[Peak; 2]) -> Vec<Figure> {
        let name = crowd.name;
        // The first half fills the queue and what the allocator keeps.
        let settled = &self.glances[self.glances.len() / 2..];
        let [(first, _), .., (last, resident)] = settled else { return Vec::new() };
        let memory: Vec<[f64; 2]> = settled.iter().map(|(at, mib)| [at.since(first) / 60.0, *mib]).collect();
        let under_way =
            |(reading, _): &(Reading, f64)| reading.sum("smld_requests_running") + reading.sum("smld_requests_waiting");
        let most = self.glances.iter().map(under_way).fold(0.0, f64::max);
        let peak = |of: fn(&Peak) -> f64| 0.5 * peaks.iter().map(of).sum::<f64>();
        let (useful, left) = (last.rate(first) / peak(|peak| peak.rate), 1.0 - self.shares.clients / 100.0);
        // However fast the machine is at the moment.
        let at_work = self.shares.workers / peak(|peak| peak.shares.workers);
        let ended = self.answers.len() + self.refusals.len() + self.late;
        let late = 100.0 * self.late as f64 / (self.answers.len() + self.late) as f64;
        let figure = |what: &str, value, unit| Figure::new(format!("{name}: {what}"), value, unit);
        let growth = figure("resident memory, growth in the second half", slope(&memory), "MiB/min");
        let mut figures = vec![
            figure("offered", rate, "requests/s"),
            figure("refused", 100.0 * self.refusals.len() as f64 / ended as f64, "%"),
            figure("useful work over the peak", useful, "").at_least(0.95),
            figure("the same, of the processor time that the clients leave", useful / left, ""),
            figure("the workers' processor time over that at the peak", at_work, ""),
            figure("answers, p50", quantile(&self.answers, 0.5), "s"),
            figure("answers, p99", quantile(&self.answers, 0.99), "s"),
            figure("taken, and not answered by their deadline", late, "%"),
            figure("requests under way, the most seen", most, "").at_most(f64::from(BOUND)),
            figure("resident memory in the end", *resident, "MiB"),
            // A quick run is over before the allocator has what it keeps.
            if bench.quick || !crowd.is_alike { growth } else { growth.at_most(0.5) },
        ];
        // In a quick run few large requests may all have found a place.
        if !self.refusals.is_empty() {
            figures.push(figure("refusals, p50", 1e3 * quantile(&self.refusals, 0.5), "ms"));
            figures.push(figure("refusals, p99", 1e3 * quantile(&self.refusals, 0.99), "ms").at_most(10.0));
        }
        figures.extend(Shares::figures(&[self.shares], &format!("{name}: ")));
        figures
    }
}
