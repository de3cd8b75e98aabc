//! The protocol's procedures.

use super::deadline::within;
use super::message::{self, Form};
use super::proto::grpc_inference_service_server::GrpcInferenceService;
use super::proto::repository_index_response::ModelIndex;
use super::proto::{
    ModelInferRequest, ModelInferResponse, ModelMetadataRequest, ModelMetadataResponse, ModelReadyRequest,
    ModelReadyResponse, RepositoryIndexRequest, RepositoryIndexResponse, ServerLiveRequest, ServerLiveResponse,
    ServerMetadataRequest, ServerMetadataResponse, ServerReadyRequest, ServerReadyResponse,
};
use super::status::status;
use crate::engine::InvalidRequest;
use crate::http::{Answer, Asker, Inference, NUMBER, Problem};
use crate::oip::{EXTENSIONS, SERVER};
use axum::http::HeaderMap;
use std::sync::Arc;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

/// The procedures over what answers them.
pub(super) struct Calls(pub(super) Inference);

/// The status of a problem before anything is known of samples.
fn early(problem: impl Into<Problem>) -> Status {
    status(&problem.into(), HeaderMap::new())
}

#[tonic::async_trait]
impl GrpcInferenceService for Calls {
    async fn server_live(&self, _: Request<ServerLiveRequest>) -> Result<Response<ServerLiveResponse>, Status> {
        Ok(Response::new(ServerLiveResponse { live: self.0.live().is_ok() }))
    }

    async fn server_ready(&self, _: Request<ServerReadyRequest>) -> Result<Response<ServerReadyResponse>, Status> {
        Ok(Response::new(ServerReadyResponse { ready: self.0.ready().is_ok() }))
    }

    async fn model_ready(&self, request: Request<ModelReadyRequest>) -> Result<Response<ModelReadyResponse>, Status> {
        let ModelReadyRequest { name, version } = request.into_inner();
        match self.0.model(&name, &version) {
            Ok(_) => Ok(Response::new(ModelReadyResponse { ready: self.0.ready().is_ok() })),
            // Which models there will be is not known yet.
            Err(Problem::NotReady) => Ok(Response::new(ModelReadyResponse { ready: false })),
            Err(problem) => Err(early(problem)),
        }
    }

    async fn server_metadata(
        &self,
        _: Request<ServerMetadataRequest>,
    ) -> Result<Response<ServerMetadataResponse>, Status> {
        Ok(Response::new(ServerMetadataResponse {
            name: SERVER.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            extensions: EXTENSIONS.map(str::to_owned).to_vec(),
        }))
    }

    async fn model_metadata(
        &self,
        request: Request<ModelMetadataRequest>,
    ) -> Result<Response<ModelMetadataResponse>, Status> {
        let ModelMetadataRequest { name, version } = request.into_inner();
        let model = self.0.model(&name, &version).map_err(early)?;
        Ok(Response::new(message::metadata(model.signature())))
    }

    async fn model_infer(&self, request: Request<ModelInferRequest>) -> Result<Response<ModelInferResponse>, Status> {
        let within = within(request.metadata()).map_err(early)?;
        let asker = request.extensions().get::<Asker>().cloned().unwrap_or_default();
        let mut request = request.into_inner();
        let (name, version) = (std::mem::take(&mut request.model_name), std::mem::take(&mut request.model_version));
        let (id, form) = (std::mem::take(&mut request.id), Form::of(&request));
        let mut provenance = HeaderMap::new();
        // Numbers are four bytes, typed or not.
        let read = async move |_| Ok((message::read(request, within)?, NUMBER));
        match self.0.infer(&asker, [&name, &version], &mut provenance, read).await {
            Ok(Answer { model, outputs, room }) => {
                let mut response = Response::new(message::write(model, outputs, id, form));
                response.extensions_mut().insert(Arc::new(room));
                *response.metadata_mut() = MetadataMap::from_headers(provenance);
                Ok(response)
            }
            Err(problem) => Err(status(&problem, provenance)),
        }
    }

    async fn repository_index(
        &self,
        request: Request<RepositoryIndexRequest>,
    ) -> Result<Response<RepositoryIndexResponse>, Status> {
        let RepositoryIndexRequest { repository_name, ready } = request.into_inner();
        if !repository_name.is_empty() {
            let reason = "there is one repository, without a name; leave it empty";
            return Err(early(InvalidRequest::new("repository_name", reason)));
        }
        let models = self.0.index(ready).map_err(early)?;
        let models = models.into_iter().map(|model| ModelIndex {
            name: model.name,
            version: model.version.to_owned(),
            state: model.state.to_owned(),
            reason: model.reason,
        });
        Ok(Response::new(RepositoryIndexResponse { models: models.collect() }))
    }
}
