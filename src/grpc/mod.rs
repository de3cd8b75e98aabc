//! The Open Inference Protocol, version 2, over gRPC: `proto/inference.proto`, with health and reflection.
//!
//! ```text
//! socket → http's listener, HTTP/2 → attend → service: message → oip → engine → oip → message
//!                                           → health, reflection
//! ```
//!
//! Who calls brings a key in the metadata `authorization` or `x-api-key`, where keys are wanted.
//!
//! Calls are answered by [`Inference`], as those over REST are: same limits, same refusals, same counts, same bytes.
//!
//! | module | what it is |
//! |---|---|
//! | `attend` | a call's id, its span, its line in the log, its problem as a status |
//! | `service` | the protocol's procedures |
//! | `parts` | how many parts a message may have |
//! | `message` | its messages to calls, and answers to messages |
//! | `deadline` | how long a client waits |
//! | `health` | `grpc.health.v1` |
//! | `status` | the one place that maps problems to statuses |

mod attend;
mod deadline;
mod health;
mod message;
mod parts;
#[expect(
    unreachable_pub,
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::enum_variant_names,
    reason = "generated from proto/inference.proto, and seen by this module alone"
)]
mod proto {
    tonic::include_proto!("inference");

    /// The file that it was generated from, as reflection tells it.
    pub(super) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/inference.bin"));
}
mod service;
mod status;

pub use health::Health;

use crate::http::{Access, Guard, Inference, Metrics, PATIENCE, Problem, Room, from_panic, guard, held, read_body};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::BodyExt;
use proto::grpc_inference_service_server::GrpcInferenceServiceServer;
use service::Calls;
use std::sync::Arc;
use tonic::codegen::Service;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

/// Descriptions of services that cannot be told.
pub type InvalidDescriptors = tonic_reflection::server::Error;

/// Every service, to be served over HTTP/2, and what tells their clients whether to come.
///
/// # Errors
/// Where reflection cannot be had.
pub async fn router(
    inference: Inference,
    access: &Access,
    metrics: &Arc<Metrics>,
) -> Result<(Router, Health), InvalidDescriptors> {
    let (health, health_service) = Health::new().await;
    let descriptors = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    // Of the body as a whole there is a bound already.
    let service = GrpcInferenceServiceServer::new(Calls(inference.clone())).max_decoding_message_size(usize::MAX);
    let router = Router::new()
        .route(
            "/inference.GRPCInferenceService/{method}",
            post(async move |request| call(&inference, service, request).await),
        )
        // What follows needs no key: it tells nothing of anyone's work.
        .route_layer(from_fn_with_state(Guard::new(access, metrics), guard))
        .merge(
            Router::new()
                .route_service("/grpc.health.v1.Health/{method}", health_service)
                .route_service("/grpc.reflection.v1.ServerReflection/{method}", descriptors().build_v1()?)
                .route_service("/grpc.reflection.v1alpha.ServerReflection/{method}", descriptors().build_v1alpha()?)
                // Who says nothing for so long has nothing to ask.
                .layer(RequestBodyTimeoutLayer::new(PATIENCE)),
        )
        .fallback(async |uri: Uri| Problem::NoSuchPath { path: uri.path().to_owned() })
        // From the outside in: a panic's answer has its id and its line too.
        .layer(ServiceBuilder::new().layer(from_fn(attend::attend)).layer(CatchPanicLayer::custom(from_panic)));
    Ok((router, health))
}

/// A call of the protocol. All of its procedures take one message, which is read here, within the bounds of bodies.
async fn call(inference: &Inference, mut service: GrpcInferenceServiceServer<Calls>, request: Request) -> Response {
    let (most, setting) = inference.most_message_bytes();
    let (parts, body) = request.into_parts();
    let bytes = read_body(body, most, setting).await.map_err(|problem| match problem {
        // How large a message may be is not known before the models are.
        Problem::BodyTooLarge { .. } => inference.ready().err().unwrap_or(problem),
        problem => problem,
    });
    match bytes.and_then(|bytes| parts::few(&bytes, inference.most_rows()).map(|()| bytes)) {
        Ok(bytes) => {
            let mut answer = service.call(Request::from_parts(parts, Body::from(bytes))).await.into_response();
            match answer.extensions_mut().remove::<Arc<Room>>() {
                Some(room) => answer.map(|body| {
                    Body::new(body.map_frame(move |part| part.map_data(|bytes| held(bytes, Arc::clone(&room)))))
                }),
                None => answer,
            }
        }
        Err(problem) => {
            inference.refused(&problem);
            problem.into_response()
        }
    }
}
