//! One image when nothing else is asked for: the service's latency against the evaluations alone.

use crate::ask::{Ask, ancestral};
use crate::client::Client;
use crate::figure::{Figure, Section};
use crate::raw::Raw;
use crate::server::Server;
use crate::statistics::{Spread, median, quantile, ratios};
use crate::{Bench, Result};
use smld::sampler::SamplerSpec;
use smld::score::lone_layouts;
use tokio::runtime::{Builder, Runtime};

/// Evaluations of longer chains: of the last what a request costs besides its steps does not count.
const LONGER: [u32; 2] = [17, 100];
/// Requests one after another, and then as many chains. The first finds the caches full of what the other side did there, and
/// counts by itself.
const WINDOW: usize = 8;

pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let server = Server::start(bench, &[])?;
    let asker = Asker::new(&server)?;
    let layouts = lone_layouts(bench.cores).into_iter();
    let mut sessions =
        layouts.map(|threads| Ok((threads, Raw::open(&bench.model, threads, 1)?))).collect::<Result<Vec<_>>>()?;
    let (mut figures, ratio) = compare(bench, &asker, &mut sessions, &bench.info().sampler)?;
    figures.push(ratio.at_most(1.05));
    for steps in LONGER {
        let (longer, ratio) = compare(bench, &asker, &mut sessions, &ancestral(steps))?;
        figures.extend(longer);
        figures.push(ratio);
    }
    Ok(Section { title: "One image alone", figures })
}

/// One who asks alone, and waits on the thread that asks, as programs do: a thread of its own for what is read would have to be
/// woken, and then wake the one that waits.
struct Asker {
    client: Client,
    thread: Runtime,
}

impl Asker {
    fn new(server: &Server) -> Result<Self> {
        let thread = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { client: Client::new(server.client.address()), thread })
    }

    /// How long `ask` takes.
    fn seconds(&self, ask: Ask) -> Result<f64> {
        Ok(self.thread.block_on(self.client.clone().draw(ask))?.latency.as_secs_f64())
    }
}

/// Requests for an image by `sampler` and chains in turn, by windows, and the ratio of the two: a chain is as many evaluations of
/// one row as the request takes, and nothing else, on that of the `sessions`, each with its threads, which is the fastest for them.
fn compare(
    bench: &Bench,
    asker: &Asker,
    sessions: &mut [(usize, Raw)],
    sampler: &SamplerSpec,
) -> Result<(Vec<Figure>, Figure)> {
    let evaluations = sampler.resolve(None, bench.info().sigma_range())?.evaluations();
    let mut requests = Side::default();
    let mut chains: Vec<(usize, Side)> = sessions.iter().map(|&(threads, _)| (threads, Side::default())).collect();
    // Of the first pair everything is new to both.
    for pair in 0..=bench.choose(24, 8) {
        let ask = |seed| Ask::new(1, sampler, seed);
        let served = window(|seed| asker.seconds(ask(seed)))?;
        let raws = sessions.iter_mut().map(|(_, raw)| window(|_| Ok(raw.chain(evaluations)?.as_secs_f64())));
        let raws = raws.collect::<Result<Vec<_>>>()?;
        if pair > 0 {
            requests.add(served);
            chains.iter_mut().zip(raws).for_each(|((_, side), raw)| side.add(raw));
        }
    }
    let milliseconds = |seconds: &[f64]| Spread::of(&seconds.iter().map(|s| 1e3 * s).collect::<Vec<_>>());
    let served = format!("service: one image of {evaluations} evaluations");
    let raw = |(threads, side): &(usize, Side)| {
        let name = format!("raw: {evaluations} evaluations of one row, {threads} thread(s)");
        Figure::median(name, milliseconds(&side.settled), "ms")
    };
    let mut figures: Vec<Figure> = chains.iter().map(raw).collect();
    figures.push(Figure::median(&served, milliseconds(&requests.settled), "ms"));
    figures.push(Figure::median(format!("{served}, the first after raw chains"), milliseconds(&requests.firsts), "ms"));
    let by_median = |a: &&(usize, Side), b: &&(usize, Side)| median(&a.1.settled).total_cmp(&median(&b.1.settled));
    let (_, best) = chains.iter().min_by(by_median).ok_or("there is no session")?;
    let pairs: Vec<[f64; 2]> = requests.settled.iter().zip(&best.settled).map(|(&a, &b)| [a, b]).collect();
    let ratios = ratios(&pairs);
    // A window is short enough for the machine to disturb; the middle half says how steady the rest is.
    let spread = Spread { median: median(&ratios), low: quantile(&ratios, 0.25), high: quantile(&ratios, 0.75) };
    let name = format!("service / raw with the best layout, {evaluations} evaluations");
    Ok((figures, Figure::median(name, spread, "")))
}

/// Seconds of what was done again and again.
type Window = [f64; WINDOW];

fn window(mut timed: impl FnMut(u32) -> Result<f64>) -> Result<Window> {
    let mut seconds = [0.0; WINDOW];
    for (place, seconds) in (0..).zip(&mut seconds) {
        *seconds = timed(place)?;
    }
    Ok(seconds)
}

/// One side's seconds, by window.
#[derive(Default)]
struct Side {
    /// Of the first.
    firsts: Vec<f64>,
    /// Of those after it, the median.
    settled: Vec<f64>,
}

impl Side {
    fn add(&mut self, [first, settled @ ..]: Window) {
        self.firsts.push(first);
        self.settled.push(median(&settled));
    }
}
