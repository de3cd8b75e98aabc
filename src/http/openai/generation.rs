//! The body of a request for images, and the request for samples that it is.
//!
//! What means nothing here is taken in the one value that is true of every image, `auto` mostly, and is an error in any other.

use super::picture::{BACKGROUND, size};
use crate::engine::{
    InvalidRequest, Priority, RawLabel, RawPreview, RawSampleRequest, SampleRequest, Seed, deserialize_seed,
};
use crate::http::Bounds;
use crate::http::accept::{Format, Whole};
use crate::http::asked::{self, Wish};
use crate::http::body;
use crate::http::metrics::Outcome;
use crate::http::problem::Problem;
use crate::http::served::{Catalog, Served};
use crate::pixels::PictureFormat;
use crate::sampler::SamplerSpec;
use crate::score::{ModelInfo, ReadyModel};
use axum::extract::Request;
use axum::http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

/// How often a chain is looked at that is shown under way, in milliseconds.
const LOOK_MS: u64 = 20;

/// The most partial images.
const MAX_PARTIAL: u64 = 3;

/// The body, as OpenAI's clients send it; then what is this server's own, which they send as `extra_body`.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpenAiGeneration)]
pub(super) struct Generation {
    model: Option<String>,
    /// A class's name or number; empty for none.
    prompt: Option<String>,
    n: Option<u64>,
    size: Option<String>,
    response_format: Option<String>,
    output_format: Option<String>,
    output_compression: Option<u64>,
    quality: Option<String>,
    style: Option<String>,
    background: Option<String>,
    moderation: Option<String>,
    stream: Option<bool>,
    partial_images: Option<u64>,
    /// Who asks: nobody is told.
    #[serde(rename = "user")]
    _user: Option<String>,
    #[serde(rename = "safety_identifier")]
    _safety_identifier: Option<String>,

    #[serde(default, deserialize_with = "deserialize_seed")]
    #[schema(value_type = Option<Seed>)]
    seed: Option<u64>,
    first_index: Option<u32>,
    sampler: Option<SamplerSpec>,
    label: Option<RawLabel>,
    deadline_ms: Option<u64>,
    priority: Option<Priority>,
}

/// What is to be drawn, and how it is sent.
pub(super) struct Understood {
    pub(super) request: SampleRequest,
    /// The format of the images.
    pub(super) format: PictureFormat,
    /// Of an event stream: how many partial images come before each image.
    pub(super) partial_images: Option<u32>,
}

/// Reads `request`. What is known on the way is left in `outcome` and `provenance`, as for all samples.
pub(super) async fn understood(
    served: &Served,
    bounds: &Bounds,
    request: Request,
    outcome: &mut Outcome,
    provenance: &mut HeaderMap,
) -> Result<Understood, Problem> {
    let generation: Generation = body::parse(&body::json(request, bounds.body).await?, r#"{"prompt": "", "n": 4}"#)?;
    let model = served.catalog.find(generation.model.as_deref())?.clone();
    outcome.model(&model.info().name);
    served.engine.place(Priority::default())?;
    makes_images(&served.catalog, &model)?;
    generation.check(model.info())?;
    let (format, partial_images) = (generation.format()?, generation.partial_images()?);
    let (raw, wish) = (generation.raw(model.info(), partial_images)?, Wish::Now(Format::Whole(Whole::Json)));
    let request = bounds.check(&raw, model, wish)?;
    *provenance = asked::provenance(&request);
    Ok(Understood { request, format, partial_images })
}

fn invalid(field: &str, reason: impl Into<String>) -> Problem {
    InvalidRequest::new(field, reason).into()
}

fn makes_images(catalog: &Catalog, model: &ReadyModel) -> Result<(), Problem> {
    if model.info().is_image() {
        return Ok(());
    }
    let infos = catalog.models().iter().map(ReadyModel::info);
    let others: Vec<&str> = infos.filter(|info| info.is_image()).map(|info| info.name.as_str()).collect();
    let others = if others.is_empty() { "none here does".to_owned() } else { format!("{} do", others.join(", ")) };
    let name = &model.info().name;
    Err(invalid("model", format!("'{name}' makes points, not images; {others}. POST /v1/samples draws points")))
}

impl Generation {
    /// Whether images of `info` can be as they are wanted.
    fn check(&self, info: &ModelInfo) -> Result<(), Problem> {
        let size = size(&info.shape);
        let of_size = format!("the model '{}' makes images of {size}", info.name);
        let taken: [(&str, &Option<String>, &[&str], &str); 6] = [
            ("size", &self.size, &["auto", &size], &of_size),
            ("response_format", &self.response_format, &["b64_json"], "nothing is kept that a URL could lead to"),
            ("quality", &self.quality, &["auto"], "how good images are is decided by the field sampler"),
            ("style", &self.style, &[], "there are no styles"),
            ("background", &self.background, &["auto", BACKGROUND], "images have no transparency"),
            ("moderation", &self.moderation, &["auto"], "nothing is filtered"),
        ];
        for (field, asked, values, reason) in taken {
            let Some(asked) = asked.as_deref().filter(|asked| !values.contains(asked)) else { continue };
            let values: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
            let instead = if values.is_empty() { String::new() } else { format!("send {}, or ", values.join(" or ")) };
            return Err(invalid(field, format!("is '{asked}'; {reason}: {instead}leave it out")));
        }
        Ok(())
    }

    /// The format of the images. What OpenAI calls compression is the quality of what is compressed with loss.
    fn format(&self) -> Result<PictureFormat, Problem> {
        let (field, asked) = ("output_compression", self.output_compression.unwrap_or(100));
        let quality = u8::try_from(asked).ok().filter(|&quality| quality <= 100);
        let quality = quality.ok_or_else(|| invalid(field, format!("is {asked}; it must be between 0 and 100")))?;
        let format = match self.output_format.as_deref() {
            None | Some("png") => PictureFormat::Png,
            Some("webp") => PictureFormat::Webp,
            Some("jpeg") => return Ok(PictureFormat::Jpeg { quality: quality.max(1) }),
            Some(other) => return Err(invalid("output_format", format!("is '{other}'; send 'png', 'webp' or 'jpeg'"))),
        };
        if quality == 100 {
            return Ok(format);
        }
        let reason = format!("is {asked}; {} is without loss here: send 100, or leave it out", format.name());
        Err(invalid(field, reason))
    }

    /// How many partial images come before each image of an event stream; none where there is no stream.
    fn partial_images(&self) -> Result<Option<u32>, Problem> {
        let field = "partial_images";
        match self.partial_images.unwrap_or(0) {
            asked if asked > MAX_PARTIAL => {
                Err(invalid(field, format!("is {asked}; it must be between 0 and {MAX_PARTIAL}")))
            }
            0 => Ok(self.stream.unwrap_or(false).then_some(0)),
            _ if !self.stream.unwrap_or(false) => {
                Err(invalid(field, "they come in a stream only; send 'stream: true', or leave partial_images out"))
            }
            _ if self.n.unwrap_or(1) > 1 => {
                Err(invalid(field, "nothing says which of several images they are of; send n = 1, or 0 partial_images"))
            }
            asked => Ok(Some(asked as u32)),
        }
    }

    /// The class of `info` that the prompt names.
    fn class(&self, info: &ModelInfo) -> Result<Option<RawLabel>, Problem> {
        let prompt = self.prompt.as_deref().unwrap_or_default().trim();
        match (&self.label, prompt) {
            (label, "") => Ok(label.clone()),
            (Some(_), _) => Err(invalid("label", "prompt names the class already; leave one of them empty")),
            (None, _) if info.labels.is_empty() => Err(invalid(
                "prompt",
                format!("the model '{}' has no classes to choose from; send an empty one", info.name),
            )),
            (None, prompt) => match info.label(prompt) {
                Ok(_) => Ok(Some(RawLabel::Name(prompt.to_owned()))),
                Err(unknown) => {
                    Err(invalid("prompt", format!("{}; an empty one leaves the class open", unknown.reason)))
                }
            },
        }
    }

    /// The same as a request for samples of `info`.
    fn raw(self, info: &ModelInfo, partial_images: Option<u32>) -> Result<RawSampleRequest, Problem> {
        let label = self.class(info)?;
        let preview = RawPreview { every_ms: Some(LOOK_MS), images: Some(1) };
        Ok(RawSampleRequest {
            model: self.model,
            n: self.n,
            seed: self.seed,
            first_index: self.first_index,
            sampler: self.sampler,
            label,
            deadline_ms: self.deadline_ms,
            priority: self.priority,
            diagnostics: None,
            preview: partial_images.filter(|&count| count > 0).map(|_| preview),
            dry_run: None,
        })
    }
}
