//! The images as an event stream.

use super::fault;
use super::picture::{BACKGROUND, Usage, now, size};
use crate::engine::{Forecast, Headway, Preview, SampleRequest, Summary};
use crate::http::encode::{Sample, Unwritable, b64, b64_preview};
use crate::http::events::{Voice, event};
use crate::http::problem::Problem;
use crate::pixels::PictureFormat;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// `image_generation.partial_image` at equal parts of a chain's way, then `image_generation.completed`; or `error`.
#[derive(Clone)]
pub(super) struct Told {
    request: Arc<SampleRequest>,
    partial_images: u32,
    format: PictureFormat,
    /// How many were sent.
    sent: u32,
    /// The part of the way that the latest was of, from 1.
    part: u32,
}

/// The data of both events.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiEvent)]
pub(in crate::http) struct Image<'a> {
    r#type: &'static str,
    b64_json: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_image_index: Option<u32>,
    created_at: u64,
    background: &'a str,
    output_format: &'a str,
    quality: &'a str,
    size: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

impl Told {
    /// The images of `request`, as files of `format`, each after `partial_images` of it where its way is long enough to be seen.
    pub(super) fn new(request: SampleRequest, partial_images: u32, format: PictureFormat) -> Self {
        Self { request: Arc::new(request), partial_images, format, sent: 0, part: 0 }
    }

    fn image(&self, r#type: &'static str, b64_json: String, partial: Option<u32>) -> Result<Vec<u8>, Unwritable> {
        let image = Image {
            r#type,
            b64_json,
            partial_image_index: partial,
            created_at: now(),
            background: BACKGROUND,
            output_format: self.format.name(),
            quality: "auto",
            size: size(&self.request.model().info().shape),
            usage: partial.is_none().then(|| Usage::of(&self.request, 1)),
        };
        event(r#type, &image)
    }
}

impl Voice for Told {
    fn request(&self) -> &SampleRequest {
        &self.request
    }

    fn accepted(&self, _: Forecast) -> Result<Vec<u8>, Unwritable> {
        Ok(Vec::new())
    }

    fn progress(&self, _: Headway) -> Result<Vec<u8>, Unwritable> {
        Ok(Vec::new())
    }

    /// The chain, if it has gone a further of `partial_images` + 1 equal parts of its way, and has not come to its end.
    fn chosen(&mut self, mut seen: Vec<Preview>) -> Vec<Preview> {
        let (parts, all) = (u64::from(self.partial_images) + 1, u64::from(self.request.sampler().evaluations()));
        let part = |preview: &Preview| (u64::from(preview.evaluation) * parts / all) as u32;
        seen.retain(|preview| (self.part + 1..=self.partial_images).contains(&part(preview)));
        if let Some(preview) = seen.first() {
            self.part = part(preview);
            self.sent += 1;
        }
        seen
    }

    fn preview(&self, chains: &[Preview]) -> Result<Vec<u8>, Unwritable> {
        let mut lines = Vec::new();
        for chain in chains {
            let b64_json = b64_preview(&self.request, chain, self.format)?;
            lines.extend(self.image("image_generation.partial_image", b64_json, Some(self.sent - 1))?);
        }
        Ok(lines)
    }

    fn images(&self, samples: &[Sample]) -> Result<Vec<u8>, Unwritable> {
        let mut lines = Vec::new();
        for sample in samples {
            lines.extend(self.image("image_generation.completed", b64(&self.request, sample, self.format)?, None)?);
        }
        Ok(lines)
    }

    fn done(&self, _: &Summary) -> Result<Vec<u8>, Unwritable> {
        Ok(Vec::new())
    }

    fn error(&self, problem: &Problem) -> Vec<u8> {
        format!("event: error\ndata: {}\n\n", fault::body(problem)).into_bytes()
    }
}
