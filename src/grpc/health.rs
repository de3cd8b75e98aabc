//! `grpc.health.v1`: whether calls should come, of the server as a whole and of its service.

use super::proto::grpc_inference_service_server::SERVICE_NAME;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server;
use tonic_health::server::{HealthReporter, health_reporter};

/// What the clients of the health service are told. It begins with not serving.
pub struct Health(HealthReporter);

/// The whole, and the service.
const SERVICES: [&str; 2] = ["", SERVICE_NAME];

impl Health {
    pub(super) async fn new() -> (Self, health_server::HealthServer<impl health_server::Health>) {
        let (reporter, service) = health_reporter();
        let health = Self(reporter);
        health.tell(ServingStatus::NotServing).await;
        (health, service)
    }

    /// The models are warm.
    pub async fn serving(&self) {
        self.tell(ServingStatus::Serving).await;
    }

    /// The server is going down: what is under way is finished, and nothing new is taken.
    pub async fn draining(&self) {
        self.tell(ServingStatus::NotServing).await;
    }

    /// Nothing more will be told: those who watch are let go, as their connections are about to end.
    pub async fn end(mut self) {
        for service in SERVICES {
            self.0.clear_service_status(service).await;
        }
    }

    async fn tell(&self, status: ServingStatus) {
        for service in SERVICES {
            self.0.set_service_status(service, status).await;
        }
    }
}
