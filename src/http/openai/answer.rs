//! The images when they are all there.

use super::picture::{BACKGROUND, Usage, now, size};
use crate::http::encode::{Drawn, Unwritable, b64};
use crate::pixels::PictureFormat;
use serde::Serialize;
use utoipa::ToSchema;

/// Images in OpenAI's shape.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiImages)]
pub(super) struct Document {
    /// Seconds since 1970.
    created: u64,
    /// By rising index.
    data: Vec<Image>,
    /// `opaque`.
    background: &'static str,
    /// Their format.
    output_format: &'static str,
    /// Width and height in pixels, as `28x28`.
    size: String,
    usage: Usage,
}

/// One of them.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiImage)]
struct Image {
    /// The file in base 64.
    b64_json: String,
}

/// What was drawn, by rising index, as files of `format`.
pub(super) fn json(drawn: &Drawn, format: PictureFormat) -> Result<Vec<u8>, Unwritable> {
    let Drawn { request, samples, .. } = drawn;
    let image = |sample| Ok(Image { b64_json: b64(request, sample, format)? });
    let data = samples.samples.iter().map(image).collect::<Result<Vec<_>, Unwritable>>()?;
    let usage = Usage::of(request, data.len());
    let size = size(&request.model().info().shape);
    Ok(serde_json::to_vec(&Document {
        created: now(),
        data,
        background: BACKGROUND,
        output_format: format.name(),
        size,
        usage,
    })?)
}
