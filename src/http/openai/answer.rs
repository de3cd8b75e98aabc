//! The images when they are all there.

use super::picture::{BACKGROUND, FORMAT, Usage, now, size};
use crate::http::encode::{Drawn, Unwritable, b64_png};
use serde::Serialize;

#[derive(Serialize)]
struct Document {
    created: u64,
    data: Vec<Image>,
    background: &'static str,
    output_format: &'static str,
    size: String,
    usage: Usage,
}

#[derive(Serialize)]
struct Image {
    b64_json: String,
}

/// What was drawn, by rising index.
pub(super) fn json(drawn: &Drawn) -> Result<Vec<u8>, Unwritable> {
    let Drawn { request, samples, .. } = drawn;
    let image = |sample| Ok(Image { b64_json: b64_png(request, sample)? });
    let data = samples.samples.iter().map(image).collect::<Result<Vec<_>, Unwritable>>()?;
    let usage = Usage::of(request, data.len());
    let size = size(&request.model().info().shape);
    Ok(serde_json::to_vec(&Document {
        created: now(),
        data,
        background: BACKGROUND,
        output_format: FORMAT,
        size,
        usage,
    })?)
}
