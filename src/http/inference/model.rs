//! The endpoints of a model: what it takes and gives, whether it is ready, a call of it.

use super::answer::{self, Form};
use super::body;
use super::described::ModelReady;
use super::{Inference, Model};
use crate::http::encode::blocking;
use crate::http::keys::Asker;
use crate::http::named::Named;
use crate::http::openapi::{
    Asking, Body, Chains, Entering, Leaving, Naming, Rows, Spending, Starting, ToldToInference, Versioning, Working,
};
use crate::http::problem::Problem;
use crate::oip::{Signature, VERSION};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{PathItem, Required};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Inference> {
    OpenApiRouter::new()
        .routes(versioned(routes!(described)))
        .routes(versioned(routes!(ready)))
        .routes(versioned(routes!(infer)))
}

/// The routes of a model, also where its version is named.
fn versioned((schemas, mut paths, route): UtoipaMethodRouter<Inference>) -> UtoipaMethodRouter<Inference> {
    let named = |(path, item): (&String, &PathItem)| {
        let mut item = item.clone();
        for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
            operation.parameters.get_or_insert_default().push(version().into());
            operation.operation_id = operation.operation_id.take().map(|id| id + "_of_version");
        }
        (path.replace("{model}", "{model}/versions/{version}"), item)
    };
    let named: Vec<_> = paths.paths.iter().map(named).collect();
    paths.paths.extend(named);
    (schemas, paths, route)
}

/// The version in a path.
fn version() -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    ParameterBuilder::new()
        .name("version")
        .parameter_in(ParameterIn::Path)
        .description(Some("Its one version."))
        .required(Required::True)
        .schema(Some(text))
        .example(Some(VERSION.into()))
        .build()
}

/// Which model a path names.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
struct Called {
    /// The sampler, or its score network: `{name}.score`.
    #[param(example = "mnist")]
    model: String,
    #[serde(default)]
    #[param(ignore)]
    version: String,
}

type DescribedProblems = ToldToInference<(Entering, Naming, Versioning, Starting)>;
type ModelReadyProblems = ToldToInference<(Entering, Naming, Versioning, Starting, Leaving)>;
type InferProblems = ToldToInference<(Entering, Spending, Body, (Asking, Naming, Versioning), Working, Chains, Rows)>;

/// What a model takes and gives
#[utoipa::path(
    get,
    path = "/v2/models/{model}",
    tag = "inference",
    operation_id = "inference_model",
    params(Called),
    responses((status = 200, description = "Its tensors.", body = Signature), DescribedProblems),
)]
async fn described(
    State(inference): State<Inference>,
    Named(Called { model, version }): Named<Called>,
) -> Result<Json<Signature>, Problem> {
    Ok(Json(inference.model(&model, &version)?.signature()))
}

/// Whether calls of a model should come here
#[utoipa::path(
    get,
    path = "/v2/models/{model}/ready",
    tag = "inference",
    operation_id = "inference_model_ready",
    params(Called),
    responses((status = 200, description = "They should.", body = ModelReady), ModelReadyProblems),
)]
async fn ready(
    State(inference): State<Inference>,
    Named(Called { model, version }): Named<Called>,
) -> Result<Json<ModelReady>, Problem> {
    inference.model(&model, &version)?;
    inference.ready().map(|()| Json(ModelReady { name: model, ready: true }))
}

/// Calls a model
///
/// A sampler takes `n`, `seed`, `sampler` and its like, as inputs or as parameters, and gives `images` (or `samples`, of points) and the
/// `seed`; a score network takes `x`, `sigma` and `label`, and gives the `score`. Tensors stand in the JSON, or as bytes behind it, whose
/// length `Inference-Header-Content-Length` is then.
#[utoipa::path(
    post,
    path = "/v2/models/{model}/infer",
    tag = "inference",
    operation_id = "inference_infer",
    params(
        Called,
        ("Inference-Header-Content-Length" = Option<usize>, Header, description = "How many bytes of the body are JSON; all, where it is left out."),
    ),
    request_body(content(
        (body::Document = "application/json", example = json!({
            "inputs": [{"name": "n", "datatype": "INT64", "shape": [1], "data": [4]}], "parameters": {"seed": 7}, "outputs": [{"name": "images"}]
        })),
        ("application/octet-stream"),
    )),
    responses(
        (
            status = 200,
            description = "The outputs.",
            content((answer::Document<'_> = "application/json"), ("application/octet-stream")),
            headers(
                ("Inference-Header-Content-Length" = usize, description = "How many bytes of the body are JSON, where tensors stand behind it."),
                ("X-Smld-Seed" = String, description = "The seed, of samples."),
                ("X-Smld-Model-Sha256" = String, description = "The SHA-256 of the model's file."),
            ),
        ),
        InferProblems,
    ),
)]
async fn infer(
    State(inference): State<Inference>,
    Named(Called { model, version }): Named<Called>,
    Extension(asker): Extension<Asker>,
    request: Request,
) -> Response {
    let (mut provenance, mut form) = (HeaderMap::new(), Form::default());
    let read = async |model: Model| {
        let (call, wanted) = body::read(request, inference.most_bytes(&model)).await?;
        form = wanted;
        Ok((call, form.number()))
    };
    let answer = inference.infer(&asker, [&model, &version], &mut provenance, read).await;
    let written = match answer {
        Ok(answer) => blocking(move || form.write(answer)).await,
        Err(problem) => Err(problem),
    };
    (provenance, written).into_response()
}
