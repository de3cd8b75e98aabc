//! Other designs of a server over the same sessions and samplers, for orientation.

use crate::ask::{Ask, ancestral, few};
use crate::client::{Answer, Client};
use crate::figure::{Figure, Section};
use crate::limit::limit;
use crate::queue::Queue;
use crate::server::Server;
use crate::statistics::{Spread, quantile, ratios};
use crate::{Bench, Result};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Clients that want a few images each; beside them is one that wants one image in few steps, again and again.
const CLIENTS: u32 = 16;
/// The steps of that image.
const STEPS: u32 = 20;
/// The most rows of a batch of whole requests.
const ROWS: usize = 32;

/// What a design did in one window: useful evaluations a second, and seconds of the requests that were answered in it.
struct Window {
    rate: f64,
    single: Vec<f64>,
    all: Vec<f64>,
}

/// How long the queue fills, and how long is measured.
#[derive(Clone, Copy)]
struct Spans {
    warm: Duration,
    window: Duration,
}

pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let mut best = limit(bench)?.best;
    let server = Server::start(bench, &[])?;
    let spans = Spans { warm: bench.seconds(10.0, 3.0), window: bench.seconds(40.0, 10.0) };
    let designs: [(&str, &dyn Fn() -> Result<Window>); 3] = [
        ("step batches (smld, over HTTP)", &|| bench.wait(step_batches(&server.client, spans))),
        ("batches of whole requests", &|| whole_requests(bench, ROWS, spans)),
        ("one request at a time on each core", &|| whole_requests(bench, 1, spans)),
    ];
    let mut figures = Vec::new();
    for (name, run) in designs {
        let (mut pairs, mut single, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..bench.choose(2, 1) {
            let raw = best.rate(bench.seconds(8.0, 2.0))?;
            let window = run()?;
            pairs.push([window.rate, raw]);
            single.extend(window.single);
            all.extend(window.all);
        }
        figures.push(Figure::median(format!("{name}: of the limit"), Spread::of(&ratios(&pairs)), ""));
        let image = format!("{name}: one image of {STEPS} steps");
        figures.push(Figure::new(format!("{image}, p50"), quantile(&single, 0.5), "s"));
        figures.push(Figure::new(format!("{image}, p99"), quantile(&single, 0.99), "s"));
        figures.push(Figure::new(format!("{name}: all requests, p99"), quantile(&all, 0.99), "s"));
    }
    Ok(Section {
        title: "Designs: 16 clients of 1 to 8 images in 20 to 100 steps, and one of one image in 20",
        figures,
    })
}

/// The server itself.
async fn step_batches(client: &Client, Spans { warm, window }: Spans) -> Result<Window> {
    let crowd = |i| {
        let (n, steps) = few(i);
        Ask::new(n, &ancestral(steps), i)
    };
    let image = |i| Ask::new(1, &ancestral(STEPS), i);
    let measured = Instant::now() + warm;
    let rate = async {
        sleep(warm).await;
        let before = client.read().await?;
        sleep(window).await;
        Result::Ok(client.read().await?.rate(&before))
    };
    let span = warm + window;
    let (crowd, single, rate) = tokio::join!(client.closed(CLIENTS, span, crowd), client.closed(1, span, image), rate);
    let (crowd, single) = (crowd?, single?);
    let seconds = |answers: &[Answer]| -> Vec<f64> {
        let late = answers.iter().filter(|answer| answer.ended >= measured);
        late.map(|answer| answer.latency.as_secs_f64()).collect()
    };
    let single = seconds(&single);
    Ok(Window { rate: rate?, all: [seconds(&crowd), single.clone()].concat(), single })
}

/// Workers that take requests whole, up to `rows` rows of them at once.
fn whole_requests(bench: &Bench, rows: usize, Spans { warm, window }: Spans) -> Result<Window> {
    let (queue, sent) = (Queue::new(), AtomicU32::new(0));
    let measured = Instant::now() + warm;
    // The seconds of the requests of one client, those that were answered within the window.
    let client = |alone: bool| -> Result<Vec<f64>> {
        let mut seconds = Vec::new();
        loop {
            let (i, begun) = (sent.fetch_add(1, Ordering::Relaxed), Instant::now());
            let (n, steps) = if alone { (1, STEPS) } else { few(i) };
            let sampler = ancestral(steps).resolve(None, bench.info().sigma_range())?;
            if queue.submit(bench, n, sampler, i).recv().is_err() {
                return Ok(seconds);
            }
            if Instant::now() >= measured {
                seconds.push(begun.elapsed().as_secs_f64());
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..bench.cores).map(|_| scope.spawn(|| queue.work(bench, rows))).collect();
        let single = scope.spawn(|| client(true));
        let crowd: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| client(false))).collect();
        std::thread::sleep(warm);
        let (begun, before) = (Instant::now(), queue.evaluations());
        std::thread::sleep(window);
        let rate = (queue.evaluations() - before) as f64 / begun.elapsed().as_secs_f64();
        queue.close();
        for worker in workers {
            worker.join().map_err(|_| "a worker panicked")??;
        }
        let single = single.join().map_err(|_| "a client panicked")??;
        let mut all = single.clone();
        for client in crowd {
            all.extend(client.join().map_err(|_| "a client panicked")??);
        }
        Ok(Window { rate, single, all })
    })
}
