//! The limit: what raw sessions give on all cores, with the best layout.

use crate::figure::Figure;
use crate::layout::Layout;
use crate::statistics::{Spread, median};
use crate::{Bench, Result};

/// Rows of a run of the one-thread sessions.
const ROWS: [usize; 4] = [4, 8, 16, 32];
/// Rows of a run of the session that has all cores.
const WIDE_ROWS: usize = 8;

/// The raw side.
pub(crate) struct Limit {
    /// The layout with the highest median.
    pub(crate) best: Layout,
    /// What every layout gave.
    pub(crate) figures: Vec<Figure>,
}

/// Measures one-thread sessions on every core, and one session on all of them, in turn and several times.
pub(crate) fn limit(bench: &Bench) -> Result<Limit> {
    let narrow = ROWS.map(|rows| Layout::open(&bench.model, bench.cores, 1, rows));
    let wide = Layout::open(&bench.model, 1, bench.cores, WIDE_ROWS);
    let mut layouts = narrow.into_iter().chain([wide]).collect::<Result<Vec<_>>>()?;
    let mut rates = vec![Vec::new(); layouts.len()];
    for _ in 0..bench.choose(5, 3) {
        for (layout, rates) in layouts.iter_mut().zip(&mut rates) {
            rates.push(layout.rate(bench.seconds(2.0, 0.5))?);
        }
    }
    let figure = |(layout, rates): (&Layout, &Vec<f64>)| {
        Figure::median(format!("raw: {}", layout.name), Spread::of(rates), "evaluations/s")
    };
    let figures = layouts.iter().zip(&rates).map(figure).collect();
    let best = (0..layouts.len()).max_by(|&a, &b| median(&rates[a]).total_cmp(&median(&rates[b]))).unwrap_or(0);
    Ok(Limit { best: layouts.swap_remove(best), figures })
}
