//! Throughput and latency against the offered load, plotted.

use crate::ask::{Ask, ancestral};
use crate::client::Client;
use crate::figure::{Figure, Section};
use crate::server::Server;
use crate::spending::{Shares, Spending};
use crate::statistics::quantile;
use crate::{Bench, Result};
use smld::plot::{Axis, Panel, Style, palette};
use std::fs;
use std::thread::sleep;

/// Evaluations of a request: one image.
pub(crate) const EVALUATIONS: u32 = 50;
/// The offered load, as shares of the peak.
const SHARES: [f64; 9] = [0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.5, 2.0, 4.0];
const FEW_SHARES: [f64; 4] = [0.5, 0.9, 1.1, 2.0];

/// Request `i` for one image.
pub(crate) fn image(i: u32) -> Ask {
    Ask::new(1, &ancestral(EVALUATIONS), i)
}

/// What the server does with more requests than it can work on at once.
pub(crate) struct Peak {
    /// Useful evaluations a second.
    pub(crate) rate: f64,
    pub(crate) shares: Shares,
}

impl Peak {
    /// Of requests `next(i)`.
    pub(crate) fn of(bench: &Bench, server: &Server, next: fn(u32) -> Ask) -> Result<Self> {
        const CLIENTS: u32 = 64;
        let client = &server.client;
        let mut clients = client.saturate(CLIENTS, next);
        sleep(bench.seconds(5.0, 2.0));
        let (before, spent) = (bench.wait(client.read())?, Spending::now(server)?);
        sleep(bench.seconds(15.0, 4.0));
        let (after, shares) = (bench.wait(client.read())?, Spending::now(server)?.since(&spent, bench));
        clients.check()?;
        drop(clients);
        // What was evaluated for the last of them was for nothing; it must not be counted against those who come next.
        bench.wait(client.idle())?;
        Ok(Self { rate: after.rate(&before), shares })
    }
}

/// What was offered and what came of it.
struct Point {
    /// Images a second, as the other two.
    offered: f64,
    answered: f64,
    refused: f64,
    /// Seconds of the answered: the median, and what one in a hundred exceeds.
    p50: f64,
    p99: f64,
}

pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    // Each window ends with the queue being worked off: in a quick run it is short.
    let server = Server::start(bench, bench.choose(&[], &["--max-requests", "64"]))?;
    let peak = Peak::of(bench, &server, image)?.rate / f64::from(EVALUATIONS);
    let shares = bench.choose(&SHARES[..], &FEW_SHARES[..]).iter();
    let points = shares.map(|share| offer(bench, &server.client, share * peak)).collect::<Result<Vec<_>>>()?;
    draw(bench, peak, &points)?;
    let mut figures = vec![Figure::new("peak, in a closed loop of 64", peak, "images/s")];
    for point in &points {
        let name = |what: &str| format!("offered {:.1} images/s: {what}", point.offered);
        figures.push(Figure::new(name("answered"), point.answered, "images/s"));
        figures.push(Figure::new(name("refused"), point.refused, "images/s"));
        figures.push(Figure::new(name("p50"), point.p50, "s"));
        figures.push(Figure::new(name("p99"), point.p99, "s"));
    }
    Ok(Section { title: "Load: requests for one image, arriving at random whatever became of those before", figures })
}

/// An open loop of `rate` images a second, and what became of every request of it.
fn offer(bench: &Bench, client: &Client, rate: f64) -> Result<Point> {
    let span = bench.seconds(20.0, 5.0);
    let before = bench.wait(client.read())?;
    let arrivals = client.arrivals(rate, span, image);
    sleep(span);
    let after = bench.wait(client.read())?;
    let asked = bench.wait(async { arrivals.await??.all().await })?;
    let seconds: Vec<f64> =
        asked.iter().filter(|answer| answer.status == 200).map(|answer| answer.latency.as_secs_f64()).collect();
    let refused = asked.iter().filter(|answer| answer.status == 429).count();
    if seconds.len() + refused < asked.len() {
        return Err("a request was neither answered by samples nor refused by 429".into());
    }
    let a_second = |count: usize| count as f64 / span.as_secs_f64();
    Ok(Point {
        offered: a_second(asked.len()),
        answered: after.rate(&before) / f64::from(EVALUATIONS),
        refused: a_second(refused),
        p50: quantile(&seconds, 0.5),
        p99: quantile(&seconds, 0.99),
    })
}

/// Both against the offered load, as load.svg and load.png.
fn draw(bench: &Bench, peak: f64, points: &[Point]) -> Result<()> {
    let of = |f: fn(&Point) -> f64| points.iter().map(|point| [point.offered, f(point)]).collect::<Vec<_>>();
    let most = |values: &[[f64; 2]], axis: usize| values.iter().map(|value| value[axis]).fold(0.0, f64::max);
    let offered = || Axis::named([0.0, 1.05 * most(&of(|point| point.offered), 0)], "offered, images/s");
    let (answered, p50, p99) = (of(|point| point.answered), of(|point| point.p50), of(|point| point.p99));
    let all = |label: &str| Style::new(palette::GREY, 1.5).labelled(label);
    let throughput = Panel::new([380, 260], offered(), Axis::named([0.0, 1.4 * peak], "answered, images/s"))
        .line(vec![[0.0, 0.0], [1.4 * peak, 1.4 * peak]], all("all that is offered"))
        .points(answered.clone(), Style::new(palette::BLUE, 2.5))
        .line(answered, Style::new(palette::BLUE, 2.0).labelled("answered"));
    let low = p50.iter().map(|point| point[1]).fold(f64::INFINITY, f64::min);
    let seconds = Axis::named([0.7 * low, 3.0 * most(&p99, 1)], "latency, s").logarithmic();
    let latency = Panel::new([380, 260], offered(), seconds)
        .points(p99.clone(), Style::new(palette::VERMILION, 2.5))
        .line(p99, Style::new(palette::VERMILION, 2.0).labelled("p99"))
        .points(p50.clone(), Style::new(palette::BLUE, 2.5))
        .line(p50, Style::new(palette::BLUE, 2.0).labelled("p50"));
    let figure = smld::plot::Figure::row(vec![throughput, latency]);
    fs::write(bench.out.join("load.svg"), figure.svg()?)?;
    fs::write(bench.out.join("load.png"), figure.picture(2.0)?.png(None)?)?;
    Ok(())
}
