//! From a request for samples to what it asks: which samples, in which format, now or later.

use super::Bounds;
use super::accept::{Extra, Format, Whole, negotiate};
use super::body;
use super::encode::fits;
use super::metrics::Outcome;
use super::problem::Problem;
use super::served::Served;
use crate::engine::{InvalidRequest, RawSampleRequest, SampleRequest};
use crate::score::ReadyModel;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

const X_SMLD_SEED: HeaderName = HeaderName::from_static("x-smld-seed");
pub(super) const X_SMLD_MODEL_SHA256: HeaderName = HeaderName::from_static("x-smld-model-sha256");
const X_SMLD_WARNING: HeaderName = HeaderName::from_static("x-smld-warning");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// The preference for an answer before the work is done (RFC 7240, section 4.1).
pub(super) const RESPOND_ASYNC: &str = "respond-async";

/// What a request asks.
pub(super) struct Asked {
    /// As it arrived.
    pub(super) raw: RawSampleRequest,
    /// As it was understood.
    pub(super) request: SampleRequest,
    pub(super) wish: Wish,
}

/// What is to be done.
#[derive(Clone, Copy)]
pub(super) enum Wish {
    /// Only to tell what it comes to, drawn in this format.
    DryRun(Format),
    /// To draw, and to keep what was drawn until it is fetched.
    Later,
    /// To draw and to answer in a format.
    Now(Format),
}

/// Reads `request`. Some places take work for later only. What is known on the way is left in `outcome` and `provenance`, so that a failure after that carries it too:
/// the seed of a chain that diverged is what makes it diverge again.
pub(super) async fn asked(
    served: &Served,
    bounds: &Bounds,
    request: Request,
    must_be_later: bool,
    outcome: &mut Outcome,
    provenance: &mut HeaderMap,
) -> Result<Asked, Problem> {
    let headers = request.headers().clone();
    let raw: RawSampleRequest = body::parse(&body::json(request, bounds.body).await?, r#"{"n": 4}"#)?;
    let model = served.catalog.find(raw.model.as_deref())?.clone();
    outcome.model(&model.info().name);
    // Of those that must be later one may be there already, which needs no other place; a dry run needs none.
    if !must_be_later && raw.dry_run != Some(true) {
        served.engine.place(raw.priority.unwrap_or_default())?;
    }
    let wish = wish(&headers, &raw, &model, must_be_later)?;
    let request = bounds.check(&raw, model, wish)?;
    if let Wish::Now(Format::Whole(Whole::Picture(format))) | Wish::DryRun(Format::Whole(Whole::Picture(format))) = wish
    {
        fits(request.model().info(), request.n() as usize, format)?;
    }
    *provenance = self::provenance(&request);
    Ok(Asked { raw, request, wish })
}

fn wish(headers: &HeaderMap, raw: &RawSampleRequest, model: &ReadyModel, must_be_later: bool) -> Result<Wish, Problem> {
    let refuse = |field, reason| Err(InvalidRequest::new(field, reason).into());
    let is_dry = raw.dry_run.unwrap_or(false);
    if must_be_later && is_dry {
        return refuse("dry_run", "nothing would be kept under this id; POST it to /v1/samples");
    }
    if must_be_later || prefers_async(headers) && !is_dry {
        return match raw.preview {
            None => Ok(Wish::Later),
            Some(_) => refuse(
                "preview",
                "of work that is fetched later nothing is seen under way; POST it with 'accept: text/event-stream' and \
                 without 'prefer: respond-async', or leave preview out",
            ),
        };
    }
    let diagnostics = raw.diagnostics.unwrap_or(false).then_some(Extra::Diagnostics);
    let preview = raw.preview.as_ref().map(|_| Extra::Preview);
    let extras: Vec<Extra> = diagnostics.into_iter().chain(preview).collect();
    let format = negotiate(headers, model.info(), &extras)?;
    Ok(if is_dry { Wish::DryRun(format) } else { Wish::Now(format) })
}

/// Whether an answer is wanted before the work is done. Preferences may be passed over, so what else is preferred is no error.
fn prefers_async(headers: &HeaderMap) -> bool {
    let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    let mut names =
        values.flat_map(|value| value.split(',')).filter_map(|preference| preference.split([';', '=']).next());
    names.any(|name| name.trim().eq_ignore_ascii_case(RESPOND_ASYNC))
}

impl Bounds {
    /// The request that `raw` is, within the limits of what is wished. Whoever asks too much is told what would be taken, and
    /// which setting decides it.
    pub(super) fn check(
        &self,
        raw: &RawSampleRequest,
        model: ReadyModel,
        wish: Wish,
    ) -> Result<SampleRequest, Problem> {
        let is_archive = matches!(wish, Wish::Now(Format::Archive(_)) | Wish::DryRun(Format::Archive(_)));
        let (limits, [n, evaluations, deadline]) = if is_archive {
            (self.archives, ["--max-archive-n", "--max-archive-evaluations", "--archive-deadline-seconds"])
        } else {
            (self.requests, ["--max-n", "--max-evaluations", "--deadline-seconds"])
        };
        let asked = raw.n.unwrap_or(1);
        let advise = |mut invalid: InvalidRequest| {
            let setting = match invalid.field.as_str() {
                "n" if asked > limits.max_n => n,
                "n" if asked > 0 => evaluations,
                "deadline_ms" if raw.deadline_ms.is_some_and(|asked| asked > 0) => deadline,
                _ => return invalid,
            };
            let most = self.archives.max_n;
            if setting == n && !is_archive && asked <= most {
                invalid.reason += &format!(
                    "; an archive, of /v1/samples by 'accept: application/zip' or 'application/x-tar', takes up to {most}"
                );
            }
            invalid.reason += &format!("; see {setting}");
            invalid
        };
        Ok(SampleRequest::new(raw, model, limits, random_seed()?).map_err(advise)?)
    }
}

/// A seed that a program whose numbers end at 2⁵³ can send back.
fn random_seed() -> Result<u64, Problem> {
    let seed = getrandom::u64().map_err(|error| Problem::Internal { reason: format!("no randomness: {error}") })?;
    Ok(seed >> 11)
}

/// What makes the same samples again, and what to know before trusting them.
pub(super) fn provenance(request: &SampleRequest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(X_SMLD_SEED, request.seed().into());
    if let Ok(sha256) = HeaderValue::from_str(&request.model().info().sha256) {
        headers.insert(X_SMLD_MODEL_SHA256, sha256);
    }
    for warning in request.sampler().warnings() {
        if let Ok(warning) = HeaderValue::from_bytes(warning.as_bytes()) {
            headers.append(X_SMLD_WARNING, warning);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_later_only_for_those_who_prefer_it() {
        let prefers = |values: &[&'static str]| {
            prefers_async(&values.iter().map(|value| (PREFER, HeaderValue::from_static(value))).collect())
        };
        assert!(prefers(&["respond-async"]) && prefers(&["Respond-Async, wait=10"]));
        assert!(prefers(&["handling=lenient", "wait=5, respond-async; foo=bar"]));
        assert!(!prefers(&[]) && !prefers(&["wait=10"]) && !prefers(&["respond-asynchronously", "x=respond-async"]));
    }
}
