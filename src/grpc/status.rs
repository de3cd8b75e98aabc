//! The one place that maps problems to statuses.

use crate::engine::{Failure, Refused};
use crate::http::{Denied, Problem};
use axum::http::{HeaderMap, HeaderName};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

/// After how many milliseconds a client that tries again by itself is to do so.
const PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// The status that `problem` is, with what is known of the samples it came instead of.
pub(super) fn status(problem: &Problem, mut metadata: HeaderMap) -> Status {
    if let Some(wait) = problem.retry_after() {
        metadata.insert(PUSHBACK, (wait.as_millis() as u64).into());
    }
    Status::with_metadata(code(problem), problem.told(), MetadataMap::from_headers(metadata))
}

fn code(problem: &Problem) -> Code {
    match problem {
        Problem::NotJson { .. }
        | Problem::Truncated { .. }
        | Problem::NotAcceptable { .. }
        | Problem::NotJsonType
        | Problem::Invalid { .. }
        | Problem::Refused(Refused::Invalid(_)) => Code::InvalidArgument,
        // The call chose the steps and the points.
        Problem::Failed(Failure::Diverged { .. } | Failure::NotFinite { .. }) => Code::InvalidArgument,
        Problem::Denied(Denied::NoKey | Denied::UnknownKey) => Code::Unauthenticated,
        Problem::Denied(Denied::TooOften { .. } | Denied::Busy { .. } | Denied::TooMuch { .. }) => {
            Code::ResourceExhausted
        }
        Problem::NoSuchPath { .. } | Problem::MethodNotAllowed { .. } => Code::Unimplemented,
        Problem::UnknownModel(_) | Problem::UnknownVersion { .. } | Problem::NoSuchSamples => Code::NotFound,
        Problem::Conflict => Code::AlreadyExists,
        Problem::BodyTooLarge { .. }
        | Problem::NoRoomForBody
        | Problem::NoRoomForAnswer { .. }
        | Problem::Refused(Refused::AtCapacity { .. })
        | Problem::TooManyJobs { .. } => Code::ResourceExhausted,
        Problem::SlowBody { .. } | Problem::SlowReader { .. } | Problem::Failed(Failure::Deadline) => {
            Code::DeadlineExceeded
        }
        Problem::Refused(Refused::Draining)
        | Problem::Failed(Failure::Stopped)
        | Problem::NotReady
        | Problem::Stalled { .. } => Code::Unavailable,
        Problem::Failed(Failure::Model { .. }) | Problem::Internal { .. } => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Bound;
    use std::time::Duration;

    #[test]
    fn at_capacity_a_client_is_told_when_to_come_again() {
        let retry_after = Duration::from_secs(7);
        let refused = Refused::AtCapacity { bound: Bound::Queue, reason: "full".to_owned(), retry_after };
        let status = status(&Problem::Refused(refused), HeaderMap::new());
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status.metadata().get(PUSHBACK.as_str()).unwrap(), "7000");
        assert!(status.message().contains("try again in 7 s"));
    }
}
