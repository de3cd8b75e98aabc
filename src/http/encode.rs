//! Samples to bytes. Where they are many it takes a while, so it runs off the async threads.

use super::accept::Whole;
use super::identify::RequestId;
use super::problem::Problem;
use super::room::Room;
use crate::engine::{ChainDiagnostics, Moments, Preview, SampleRequest, Samples, Summary};
use crate::pixels::{EncodeError, Picture, PictureFormat};
use crate::plot::{self, PlotError};
use crate::sampler::{Sampler, SamplerSpec};
use crate::score::ModelInfo;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use npyz::WriterBuilder;
use serde::Serialize;
use utoipa::ToSchema;

/// What a request asked for, drawn.
pub(super) struct Drawn {
    pub(super) id: RequestId,
    pub(super) request: SampleRequest,
    pub(super) samples: Samples,
    /// Where they are kept to be fetched later.
    pub(super) _room: Option<Room>,
}

/// A sample: its index and x.
pub(super) type Sample = (u32, Vec<f32>);

/// Samples that could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unwritable {
    #[error(transparent)]
    Picture(#[from] EncodeError),
    #[error("the samples could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the samples could not be written: {0}")]
    Bytes(#[from] std::io::Error),
    #[error(transparent)]
    Plot(#[from] PlotError),
}

/// The body of the request that makes the same again, and what it was made with.
#[derive(Serialize)]
struct Recipe<'a> {
    model: &'a str,
    seed: u64,
    first_index: u32,
    n: usize,
    sampler: &'a Sampler,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<i64>,
    sha256: &'a str,
    version: &'static str,
}

/// What was drawn, how, and what it took.
#[derive(Serialize, ToSchema)]
pub(super) struct Account<'a> {
    /// The request's id.
    id: &'a str,
    /// The model's name.
    model: &'a str,
    /// A JSON number, exact to 2⁶⁴ − 1. Programs whose numbers end at 2⁵³ read the header instead.
    seed: u64,
    /// The sampler with every parameter.
    #[schema(value_type = SamplerSpec)]
    sampler: &'a Sampler,
    /// The name of the class of all samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    /// Evaluations made.
    evaluations: u64,
    /// From being taken to the first evaluation.
    queue_seconds: f64,
    /// From the first evaluation to the last.
    sampling_seconds: f64,
    /// What is likely not meant.
    warnings: Vec<String>,
}

/// The answer as JSON.
#[derive(Serialize, ToSchema)]
#[schema(as = Samples)]
pub(super) struct Document<'a> {
    #[serde(flatten)]
    account: Account<'a>,
    #[serde(flatten)]
    samples: Listed<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnostics: Option<Diagnostics<'a>>,
}

/// What the chains and the samples were like.
#[derive(Serialize, ToSchema)]
struct Diagnostics<'a> {
    chains: &'a [ChainDiagnostics],
    #[serde(flatten)]
    samples: Moments,
}

/// The samples, by what they are.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ListedSamples)]
enum Listed<'a> {
    /// By rising index.
    Images(Vec<One<'a>>),
    /// By rising index.
    Points(Vec<One<'a>>),
}

/// A sample in JSON.
#[derive(Serialize, ToSchema)]
#[schema(as = Sample)]
pub(super) struct One<'a> {
    /// Its index.
    index: u32,
    /// The name of its class.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(flatten)]
    looks: Looks<'a>,
}

/// A chain under way in JSON.
#[derive(Serialize, ToSchema)]
#[schema(as = ChainUnderWay)]
pub(super) struct Shown<'a> {
    /// The sample's index.
    index: u32,
    /// How many evaluations it has had.
    evaluation: u32,
    /// The noise level of the last.
    sigma: f32,
    #[serde(flatten)]
    looks: Looks<'a>,
}

/// An image as a picture; anything else as its numbers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Looks<'a> {
    /// A PNG in base 64.
    B64Png(String),
    /// In the model's own scale.
    X(&'a [f32]),
}

impl<'a> Account<'a> {
    pub(super) fn new(id: &'a RequestId, request: &'a SampleRequest, summary: &Summary) -> Self {
        let info = request.model().info();
        Self {
            id: id.as_str(),
            model: &info.name,
            seed: request.seed(),
            sampler: request.sampler(),
            label: request.label_name(),
            evaluations: summary.evaluations,
            queue_seconds: summary.queued.as_secs_f64(),
            sampling_seconds: summary.sampling.as_secs_f64(),
            warnings: request.sampler().warnings(),
        }
    }
}

impl Drawn {
    /// How much there is to encode in `format`, as [`encoded`] takes it: points are plotted, over their density, however few they are.
    pub(super) fn numbers(&self, format: Whole) -> usize {
        match format {
            Whole::Picture(_) if !self.request.model().info().is_image() => usize::MAX,
            _ => numbers(&self.samples.samples),
        }
    }

    /// The samples in `format`.
    pub(super) fn encode(&self, format: Whole) -> Result<Vec<u8>, Unwritable> {
        let samples = &self.samples.samples;
        match format {
            Whole::Picture(format) => picture(&self.request, samples, format),
            Whole::Json => self.json(),
            Whole::Npy => {
                let shape = [&[samples.len()], self.request.model().info().shape.as_slice()].concat();
                npy(&shape, samples.iter().flat_map(|(_, x)| x.iter().copied()))
            }
        }
    }

    fn json(&self) -> Result<Vec<u8>, Unwritable> {
        let Samples { samples: drawn, chains, summary } = &self.samples;
        let diagnostics = self.request.diagnostics().then(|| Diagnostics { chains, samples: Moments::of(drawn) });
        let listed = drawn.iter().map(|sample| one(&self.request, sample)).collect::<Result<_, _>>()?;
        let is_image = self.request.model().info().is_image();
        let samples = if is_image { Listed::Images(listed) } else { Listed::Points(listed) };
        let account = Account::new(&self.id, &self.request, summary);
        Ok(serde_json::to_vec(&Document { account, samples, diagnostics })?)
    }
}

/// A sample of `request` in JSON: the picture is the PNG that it is alone.
pub(super) fn one<'a>(request: &'a SampleRequest, sample: &'a Sample) -> Result<One<'a>, Unwritable> {
    let looks = if request.model().info().is_image() {
        Looks::B64Png(b64(request, sample, PictureFormat::Png)?)
    } else {
        Looks::X(&sample.1)
    };
    Ok(One { index: sample.0, label: request.label_name_of(sample.0), looks })
}

/// A chain of `request` under way in JSON; a picture has no recipe, as nobody can ask for it again.
pub(super) fn shown<'a>(request: &SampleRequest, preview: &'a Preview) -> Result<Shown<'a>, Unwritable> {
    let Preview { index, evaluation, sigma, denoised } = preview;
    let looks = if request.model().info().is_image() {
        Looks::B64Png(b64_preview(request, preview, PictureFormat::Png)?)
    } else {
        Looks::X(denoised)
    };
    Ok(Shown { index: *index, evaluation: *evaluation, sigma: *sigma, looks })
}

/// A sample of `request` as the file that it is alone, in base 64.
pub(super) fn b64(request: &SampleRequest, sample: &Sample, format: PictureFormat) -> Result<String, Unwritable> {
    Ok(STANDARD.encode(picture(request, std::slice::from_ref(sample), format)?))
}

/// A chain of `request` under way as a file in base 64, without a recipe.
pub(super) fn b64_preview(
    request: &SampleRequest,
    preview: &Preview,
    format: PictureFormat,
) -> Result<String, Unwritable> {
    let picture = plot::picture(request.model(), preview.sigma, std::iter::once(preview.denoised.as_slice()))?;
    Ok(STANDARD.encode(picture.encode(format, None)?))
}

/// So many numbers take less time to encode than to hand to another thread and back: an image of a small model.
const FEW: usize = 4096;

/// What `encode` makes of so many `numbers`: at once where they are few, else off the async threads.
pub(super) async fn encoded<T: Send + 'static>(
    numbers: usize,
    encode: impl FnOnce() -> Result<T, Unwritable> + Send + 'static,
) -> Result<T, Problem> {
    if numbers <= FEW { Ok(encode()?) } else { blocking(encode).await }
}

/// What `make` makes, off the async threads.
pub(super) async fn blocking<T: Send + 'static, E: Into<Problem> + Send + 'static>(
    make: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(make).await.map_err(|_| Problem::unforeseen())?.map_err(Into::into)
}

/// How many numbers `samples` are.
pub(super) fn numbers(samples: &[Sample]) -> usize {
    samples.iter().map(|(_, x)| x.len()).sum()
}

/// Whether `count` samples of a model make a picture that `format` has room for: found out before they are drawn.
pub(super) fn fits(info: &ModelInfo, count: usize, format: PictureFormat) -> Result<(), Problem> {
    let size = match info.shape[..] {
        [_, height, width] => Picture::size_of_grid(count, [height, width]),
        _ => return Ok(()),
    };
    Ok(format.holds(size).map_err(Unwritable::from)?)
}

/// `samples` of `request`, which follow one another, as one picture; with its recipe, where the format has a place for it.
pub(super) fn picture(
    request: &SampleRequest,
    samples: &[Sample],
    format: PictureFormat,
) -> Result<Vec<u8>, Unwritable> {
    let info = request.model().info();
    // One sample is of one class, whoever chose it.
    let label = match samples {
        [(index, _)] => Some(request.label_of(*index)),
        _ => request.label(),
    };
    let recipe = Recipe {
        model: &info.name,
        seed: request.seed(),
        first_index: samples[0].0,
        n: samples.len(),
        sampler: request.sampler(),
        label: label.filter(|_| !info.labels.is_empty()),
        sha256: &info.sha256,
        version: env!("CARGO_PKG_VERSION"),
    };
    let samples = samples.iter().map(|(_, x)| x.as_slice());
    let picture = plot::picture(request.model(), request.sampler().last_sigma(), samples)?;
    Ok(picture.encode(format, Some(&serde_json::to_string(&recipe)?))?)
}

/// `numbers`, in the model's own scale, as an array of `shape`: float32.
pub(super) fn npy(shape: &[usize], numbers: impl Iterator<Item = f32>) -> Result<Vec<u8>, Unwritable> {
    let shape: Vec<u64> = shape.iter().map(|&n| n as u64).collect();
    let mut file = Vec::new();
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(&shape).writer(&mut file).begin_nd()?;
    writer.extend(numbers)?;
    writer.finish()?;
    Ok(file)
}
