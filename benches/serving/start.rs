//! From the start of the process to its readiness.

use crate::figure::{Figure, Section};
use crate::server::Server;
use crate::statistics::Spread;
use crate::{Bench, Result};

/// Starts with the model files and the library in the system's cache: the first start, which may put them there, is left out.
pub(crate) fn measure(bench: &Bench) -> Result<Section> {
    let mut seconds = Vec::new();
    for start in 0..=bench.choose(9, 3) {
        let ready_in = Server::start(bench, &[])?.ready_in;
        if start > 0 {
            seconds.push(ready_in.as_secs_f64());
        }
    }
    let figures = vec![Figure::median("two models, warm and checked", Spread::of(&seconds), "s").at_most(1.5)];
    Ok(Section { title: "Start: from the process to its readiness", figures })
}
