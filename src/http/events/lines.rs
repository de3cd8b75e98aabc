//! What is in an event, and how it is written: a name, and data in one line of JSON.

use crate::engine::{Forecast, Headway, Preview, SampleRequest, Summary};
use crate::http::encode::{Account, Sample, Shown, Unwritable, one, shown};
use crate::http::identify::RequestId;
use crate::http::plan::Plan;
use crate::http::problem::Problem;
use serde::Serialize;

/// A comment, which clients pass over: the stream lives.
pub(super) const HEARTBEAT: &[u8] = b":\n\n";

/// An event. JSON has no line break but for looks.
fn event(name: &str, data: &impl Serialize) -> Result<Vec<u8>, Unwritable> {
    let mut line = format!("event: {name}\ndata: ").into_bytes();
    serde_json::to_writer(&mut line, data)?;
    line.extend_from_slice(b"\n\n");
    Ok(line)
}

/// What `request` comes to.
pub(super) fn accepted(id: &RequestId, request: &SampleRequest, forecast: Forecast) -> Result<Vec<u8>, Unwritable> {
    #[derive(Serialize)]
    struct Accepted<'a> {
        id: &'a str,
        #[serde(flatten)]
        plan: Plan<'a>,
    }
    event("accepted", &Accepted { id: id.as_str(), plan: Plan::new(request, forecast) })
}

/// How far `request` is.
pub(super) fn progress(request: &SampleRequest, headway: Headway) -> Result<Vec<u8>, Unwritable> {
    #[derive(Serialize)]
    struct Progress {
        evaluations_made: u64,
        evaluations: u64,
        images_drawn: u32,
        n: u32,
    }
    let Headway { evaluations: evaluations_made, ended: images_drawn, .. } = headway;
    let (evaluations, n) = (request.evaluations(), request.n());
    event("progress", &Progress { evaluations_made, evaluations, images_drawn, n })
}

/// What chains of `request` look like under way.
pub(super) fn preview(request: &SampleRequest, previews: &[Preview]) -> Result<Vec<u8>, Unwritable> {
    #[derive(Serialize)]
    struct Previewed<'a> {
        chains: Vec<Shown<'a>>,
    }
    let chains = previews.iter().map(|preview| shown(request, preview)).collect::<Result<_, _>>()?;
    event("preview", &Previewed { chains })
}

/// Samples of `request`, an event each.
pub(super) fn images(request: &SampleRequest, samples: &[Sample]) -> Result<Vec<u8>, Unwritable> {
    let mut lines = Vec::new();
    for sample in samples {
        lines.extend(event("image", &one(request, sample)?)?);
    }
    Ok(lines)
}

/// What it took.
pub(super) fn done(id: &RequestId, request: &SampleRequest, summary: &Summary) -> Result<Vec<u8>, Unwritable> {
    event("done", &Account::new(id, request, summary))
}

/// Why there is no more.
pub(super) fn error(id: &RequestId, problem: &Problem) -> Vec<u8> {
    format!("event: error\ndata: {}\n\n", problem.body(id.as_str())).into_bytes()
}
