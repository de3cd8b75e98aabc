//! What is said of every image, whichever way it is sent.

use crate::engine::SampleRequest;
use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};
use utoipa::ToSchema;

/// Images have no transparency.
pub(super) const BACKGROUND: &str = "opaque";

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Width and height in pixels of an image of `shape` [C, H, W], as `28x28`.
pub(super) fn size(shape: &[usize]) -> String {
    shape.iter().skip(1).rev().map(ToString::to_string).collect::<Vec<_>>().join("x")
}

/// What images cost. OpenAI counts tokens, which there are none of here; what is put out is counted in evaluations.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiUsage)]
pub(super) struct Usage {
    input_tokens: u64,
    input_tokens_details: Tokens,
    output_tokens: u64,
    total_tokens: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OpenAiTokens)]
struct Tokens {
    image_tokens: u64,
    text_tokens: u64,
}

impl Usage {
    /// Of `images` of those that `request` asks for.
    pub(super) fn of(request: &SampleRequest, images: usize) -> Self {
        let evaluations = u64::from(request.sampler().evaluations()) * images as u64;
        let input_tokens_details = Tokens { image_tokens: 0, text_tokens: 0 };
        Self { input_tokens: 0, input_tokens_details, output_tokens: evaluations, total_tokens: evaluations }
    }
}
