//! Work that is fetched later: `POST /v1/samples` with `Prefer: respond-async`, and `/v1/samples/{id}`.
//!
//! | request | answer |
//! |---|---|
//! | `POST`, `prefer: respond-async` | 202, where it will be, and how it stands |
//! | `PUT` under an id of the client's | the same; once more with the same body, it is the same work; with another, 409 |
//! | `GET` | 202 and how it stands; when it is done, what the `POST` would have been answered, in any format |
//! | `DELETE` | cancels it before its next evaluation, and forgets its samples |
//!
//! A job belongs to the key that made it, and to nobody else there is one. Where no keys are wanted, whoever knows an id has the
//! samples: ids are 128 random bits, or as hard to guess as the client that chose one made it.
//!
//! | module | what it is |
//! |---|---|
//! | `id` | what a job is called |
//! | `store` | the jobs that are held, within bounds of number, bytes and time |
//! | `state` | how a job stands |

mod id;
mod state;
mod store;

pub(super) use state::Document;
pub use store::JobLimits;
pub(super) use store::Jobs;

use super::accept::{Extra, negotiate};
use super::asked::{Asked, RESPOND_ASYNC, asked, provenance};
use super::encode::Document as Samples;
use super::identify::RequestId;
use super::keys::Asker;
use super::metrics::Outcome;
use super::named::Named;
use super::openapi::{
    Accepting, Asking, Body, Choosing, Entering, Finding, Keeping, Naming, Program, Spending, Told as Problems, Working,
};
use super::problem::Problem;
use super::samples::Service;
use super::served::Served;
use super::source::Source;
use crate::engine::RawSampleRequest;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use id::JobId;
use store::{Found, Told};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

pub(super) fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new().routes(routes!(fetch, put, delete))
}

type PutProblems = Problems<(Entering, Spending, (Body, Asking, Naming, Choosing, Keeping, Working))>;
type FetchProblems = Problems<(Entering, Finding, Accepting, Asking, Working)>;
type DeleteProblems = Problems<(Entering, Finding, Program)>;

/// Draws samples for later, under an id of the client's
///
/// Sent again with a body that says the same, it is the same work, and nothing is drawn twice.
#[utoipa::path(
    put,
    path = "/v1/samples/{id}",
    tag = "samples",
    params(("id" = String, Path, description = "16 to 64 letters, digits, - and _, hard to guess.", example = json!("8d0c1a52-digits-of-seed-2"))),
    request_body(content = RawSampleRequest, example = json!({"model": "mnist", "n": 500, "seed": 2})),
    responses(
        (status = 200, description = "It is over.", body = Document<'_>, headers(("Location" = String, description = "Where the samples are."))),
        (status = 202, description = "Taken, or under way.", body = Document<'_>, headers(("Location" = String, description = "Where the samples will be."))),
        PutProblems,
    ),
)]
async fn put(
    State(service): State<Service>,
    Named(name): Named<String>,
    Extension(id): Extension<RequestId>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Response {
    let mut outcome = service.metrics.request();
    let mut provenance = HeaderMap::new();
    let Some(served) = service.gate.served() else { return outcome.fail(Problem::NotReady) };
    let name = match JobId::chosen(&asker, name) {
        Ok(name) => name,
        Err(problem) => return outcome.fail(problem),
    };
    let answer = match asked(served, &service.bounds, request, true, &mut outcome, &mut provenance).await {
        Ok(asked) => service.keep(served, &asker, name, id, asked, outcome),
        Err(problem) => outcome.fail(problem),
    };
    // Work that was taken says whose it is by itself: where it was there before, it has another seed than this request was given.
    if answer.status().is_success() { answer } else { (provenance, answer).into_response() }
}

/// Fetches samples that were drawn for later
///
/// Until they are drawn the answer is 202 and how they stand; then what the `POST` would have been answered.
#[utoipa::path(
    get,
    path = "/v1/samples/{id}",
    tag = "samples",
    params(
        ("id" = String, Path, description = "The job's id."),
        ("Accept" = Option<String>, Header, description = "The format of the answer."),
    ),
    responses(
        (
            status = 200,
            description = "The samples, in the format that `Accept` names.",
            content(
                (Samples<'_> = "application/json"),
                ("image/png"),
                ("image/webp"),
                ("image/jpeg"),
                ("application/x-npy"),
                ("application/zip"),
                ("application/x-tar"),
                ("text/event-stream"),
            ),
        ),
        (status = 202, description = "Not drawn yet.", body = Document<'_>),
        FetchProblems,
    ),
)]
async fn fetch(
    State(service): State<Service>,
    Named(id): Named<String>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
) -> Response {
    let outcome = service.metrics.uncounted();
    let Some(served) = service.gate.served() else { return outcome.fail(Problem::NotReady) };
    let drawn = match service.jobs.find(&JobId::asked(&asker, id)) {
        Ok(Found::Done(drawn)) => drawn,
        Ok(Found::UnderWay(told)) => return told.into_response(),
        Ok(Found::Failed(request, problem)) => return (provenance(&request), outcome.fail(problem)).into_response(),
        Err(problem) => return outcome.fail(problem),
    };
    let provenance = provenance(&drawn.request);
    let extras: &[Extra] = if drawn.request.diagnostics() { &[Extra::Diagnostics] } else { &[] };
    // The samples have theirs, and each answer that is made of them.
    let format = negotiate(&headers, drawn.request.model().info(), extras);
    let answer = match format.and_then(|format| Ok((format, served.room(&drawn.request, format)?))) {
        Ok((format, room)) => {
            let (id, request) = (drawn.id.clone(), drawn.request.clone());
            service.send(id, request, Source::Kept(drawn, 0), room, format, outcome).await
        }
        Err(problem) => outcome.fail(problem),
    };
    (provenance, answer).into_response()
}

/// Cancels and forgets samples that were to be drawn for later
#[utoipa::path(
    delete,
    path = "/v1/samples/{id}",
    tag = "samples",
    params(("id" = String, Path, description = "The job's id.")),
    responses((status = 204, description = "Cancelled before the next evaluation, and forgotten."), DeleteProblems),
)]
async fn delete(
    State(service): State<Service>,
    Named(id): Named<String>,
    Extension(asker): Extension<Asker>,
) -> Result<StatusCode, Problem> {
    service.jobs.delete(&JobId::asked(&asker, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Service {
    /// Takes what is asked, for later, under an id that nobody guesses.
    pub(super) fn later(
        &self,
        served: &Served,
        asker: &Asker,
        id: RequestId,
        asked: Asked,
        outcome: Outcome,
    ) -> Response {
        match JobId::random(asker) {
            Ok(name) => {
                let answer = self.keep(served, asker, name, id, asked, outcome);
                if answer.status().is_success() {
                    return ([(PREFERENCE_APPLIED, RESPOND_ASYNC)], answer).into_response();
                }
                answer
            }
            Err(problem) => outcome.fail(problem),
        }
    }

    /// Takes what is asked under the id `name`, or finds it taken.
    fn keep(
        &self,
        served: &Served,
        asker: &Asker,
        name: JobId,
        id: RequestId,
        asked: Asked,
        outcome: Outcome,
    ) -> Response {
        let location = format!("/v1/samples/{}", name.as_str());
        match self.jobs.take(name, id, asked, |request| asker.submit(&served.engine, request), outcome) {
            Ok(told) => ([(LOCATION, location)], told).into_response(),
            Err(problem) => problem.into_response(),
        }
    }
}

/// How a job stands; not yet done, it is worth another look in a second.
impl IntoResponse for Told {
    fn into_response(self) -> Response {
        let (whose, json) = (provenance(&self.request), [(CONTENT_TYPE, "application/json")]);
        if self.is_over {
            (whose, json, self.state).into_response()
        } else {
            (StatusCode::ACCEPTED, whose, json, [(RETRY_AFTER, "1")], self.state).into_response()
        }
    }
}
