//! In which words a stream tells what happens: each interface has its own.

use crate::engine::{Forecast, Headway, Preview, SampleRequest, Summary};
use crate::http::encode::{Sample, Unwritable};
use crate::http::problem::Problem;
use serde::Serialize;

/// A comment, which clients pass over: the stream lives.
pub(super) const HEARTBEAT: &[u8] = b":\n\n";

/// What is sent when something happens to the samples of a request; nothing where that is empty.
pub(in crate::http) trait Voice: Clone + Send + 'static {
    /// Whose samples they are.
    fn request(&self) -> &SampleRequest;

    /// What the request comes to.
    fn accepted(&self, forecast: Forecast) -> Result<Vec<u8>, Unwritable>;

    /// How far it is.
    fn progress(&self, headway: Headway) -> Result<Vec<u8>, Unwritable>;

    /// Of chains that were seen under way those that are to be shown.
    fn chosen(&mut self, seen: Vec<Preview>) -> Vec<Preview>;

    /// What these chains look like.
    fn preview(&self, chains: &[Preview]) -> Result<Vec<u8>, Unwritable>;

    /// Samples, an event each.
    fn images(&self, samples: &[Sample]) -> Result<Vec<u8>, Unwritable>;

    /// What it took.
    fn done(&self, summary: &Summary) -> Result<Vec<u8>, Unwritable>;

    /// Why there is no more.
    fn error(&self, problem: &Problem) -> Vec<u8>;
}

/// An event. JSON has no line break but for looks.
pub(in crate::http) fn event(name: &str, data: &impl Serialize) -> Result<Vec<u8>, Unwritable> {
    let mut line = format!("event: {name}\ndata: ").into_bytes();
    serde_json::to_writer(&mut line, data)?;
    line.extend_from_slice(b"\n\n");
    Ok(line)
}
