//! What can go wrong at an endpoint: the problems themselves, told as it would tell them.

use crate::engine::{Bound, Failure, Refused};
use crate::http::inference;
use crate::http::keys::Denied;
use crate::http::openai;
use crate::http::problem::{self, Problem};
use crate::http::served::UnknownModel;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

const SOON: Duration = Duration::from_secs(3);
const LATE: Duration = Duration::from_secs(10);

/// Things that go wrong together.
pub(in crate::http) trait Fault {
    /// One of each.
    fn problems() -> Vec<Problem>;
}

macro_rules! faults {
    ($($(#[$doc:meta])+ $name:ident { $($problem:expr),+ $(,)? })+) => {$(
        $(#[$doc])+
        pub(in crate::http) struct $name;

        impl Fault for $name {
            fn problems() -> Vec<Problem> {
                vec![$($problem),+]
            }
        }
    )+};
}

/// What a key may have, in the examples.
const RATE: f64 = 5.0;
const MOST: u64 = 100_000;

faults! {
    /// Of who asks, where keys are wanted.
    Entering {
        Problem::from(Denied::NoKey),
        Problem::from(Denied::TooOften { key: "alice".into(), per_second: RATE, retry_after: SOON }),
    }
    /// Of what a key may have.
    Spending {
        Problem::from(Denied::Busy { key: "alice".into(), most: MOST, used: MOST / 2, asked: MOST }),
        Problem::from(Denied::TooMuch { key: "alice".into(), most: MOST, asked: 2 * MOST }),
    }
    /// Of a body.
    Body {
        Problem::NotJson { reason: "EOF while parsing an object at line 1 column 1".to_owned() },
        Problem::Truncated { reason: "connection closed before message completed".to_owned() },
        Problem::SlowBody { within: LATE },
        Problem::BodyTooLarge { setting: "--body-limit" },
        Problem::NotJsonType,
        Problem::NoRoomForBody,
    }
    /// Of what the body asks.
    Asking {
        Problem::Invalid {
            field: Some("n".to_owned()),
            reason: "n: is 2000; it must be between 1 and 1000; see --max-n".to_owned(),
        },
    }
    /// Of a model's name.
    Naming {
        Problem::from(UnknownModel {
            name: "digits".to_owned(),
            known: vec!["fashion-mnist".to_owned(), "mnist".to_owned()],
        }),
    }
    /// Of a model's version.
    Versioning { Problem::UnknownVersion { model: "mnist".to_owned(), version: "2".to_owned() } }
    /// Of the format that is asked for.
    Accepting {
        Problem::NotAcceptable {
            reason: "scores are numbers: accept application/json or application/x-npy; the request accepts text/html".to_owned(),
        },
    }
    /// Of work that the engine does.
    Working {
        Problem::from(Refused::AtCapacity {
            bound: Bound::Requests,
            reason: "256 requests are under way".to_owned(),
            retry_after: SOON,
        }),
        Problem::NoRoomForAnswer { most: 1 << 30 },
        Problem::from(Refused::Draining),
        Problem::NotReady,
        Problem::from(Failure::Stopped),
        Problem::from(Failure::Deadline),
        Problem::from(Failure::Model { reason: "the score model 'mnist' failed".to_owned() }),
        Problem::unforeseen(),
    }
    /// Of chains.
    Chains { Problem::from(Failure::Diverged { index: 0, sigma: 0.01, tau: Some(0.1), evaluation: 12 }) }
    /// Of rows whose score is asked for.
    Rows { Problem::from(Failure::NotFinite { row: 0, sigma: 0.01 }) }
    /// Of room for work that is fetched later.
    Keeping { Problem::TooManyJobs { reason: "64 jobs are under way".to_owned() } }
    /// Of an id that the client chose.
    Choosing { Problem::Conflict }
    /// Of samples that are looked for.
    Finding { Problem::NoSuchSamples }
    /// Of a server whose models are not warm.
    Starting { Problem::NotReady }
    /// Of a server that goes down.
    Leaving { Problem::from(Refused::Draining) }
    /// Of a server that stands still.
    Standing { Problem::Stalled { since: LATE } }
    /// Of this program.
    Program { Problem::unforeseen() }
}

macro_rules! together {
    ($($fault:ident)+) => {
        impl<$($fault: Fault),+> Fault for ($($fault,)+) {
            fn problems() -> Vec<Problem> {
                [$($fault::problems()),+].concat()
            }
        }
    };
}
together!(A B);
together!(A B C);
together!(A B C D);
together!(A B C D E);
together!(A B C D E F);
together!(A B C D E F G);

/// The answers to `F`, as `application/problem+json`.
pub(in crate::http) struct Told<F>(PhantomData<F>);

/// The answers to `F`, in OpenAI's shape.
pub(in crate::http) struct ToldToOpenAi<F>(PhantomData<F>);

/// The answers to `F`, in the shape of the Open Inference Protocol.
pub(in crate::http) struct ToldToInference<F>(PhantomData<F>);

impl<F: Fault> IntoResponses for Told<F> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = problem::Document::name();
        responses(&F::problems(), "application/problem+json", &schema, Problem::status, |problem| problem.body("5f0c"))
    }
}

impl<F: Fault> IntoResponses for ToldToOpenAi<F> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = openai::FaultDocument::name();
        responses(&F::problems(), "application/json", &schema, openai::status, openai::body)
    }
}

impl<F: Fault> IntoResponses for ToldToInference<F> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = inference::FaultDocument::name();
        responses(&F::problems(), "application/json", &schema, Problem::status, inference::body)
    }
}

/// An answer for each status that `problems` have, with an example of each.
fn responses(
    problems: &[Problem],
    media_type: &str,
    schema: &str,
    status: impl Fn(&Problem) -> StatusCode,
    body: impl Fn(&Problem) -> String,
) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status = BTreeMap::<_, Vec<&Problem>>::new();
    for problem in problems {
        by_status.entry(status(problem)).or_default().push(problem);
    }
    let response = |problems: Vec<&Problem>| {
        let mut content = Content::new(Some(Ref::from_schema_name(schema)));
        let mut titles = Vec::new();
        for title in problems.iter().map(|problem| problem.title()) {
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
        let mut response = ResponseBuilder::new().description(titles.join("; "));
        if problems.iter().any(|problem| problem.retry_after().is_some()) {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer);
            let header =
                HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds after which to come back."));
            response = response.header("Retry-After", header.build());
        }
        for problem in problems {
            let value = serde_json::from_str(&body(problem)).ok();
            let example = ExampleBuilder::new().summary(problem.title()).value(value).build();
            content.examples.insert(problem.slug().to_owned(), example.into());
        }
        RefOr::T(response.content(media_type, content).build())
    };
    by_status.into_iter().map(|(status, problems)| (status.as_str().to_owned(), response(problems))).collect()
}
