//! What answers the protocol, whichever wire the call came over: samples and scores of the engine, within the limits, with the
//! refusals and the counts of the native interface.

use crate::engine::ScoreRequest;
use crate::http::accept::{Format, Whole};
use crate::http::asked::{self, Wish, X_SMLD_MODEL_SHA256};
use crate::http::keys::Asker;
use crate::http::metrics::{Metrics, Outcome};
use crate::http::problem::Problem;
use crate::http::room::{self, Room};
use crate::http::served::{Gate, Served};
use crate::http::source::collected;
use crate::http::{Bounds, health, score};
use crate::oip::{Call, Output, Role, Signature, VERSION};
use crate::score::{ModelInfo, ReadyModel};
use axum::http::{HeaderMap, HeaderValue};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The models as the protocol knows them.
#[derive(Clone)]
pub struct Inference {
    gate: Gate,
    metrics: Arc<Metrics>,
    pub(super) bounds: Bounds,
}

/// A model in one of its roles.
#[derive(Clone)]
pub(crate) struct Model {
    served: Served,
    model: ReadyModel,
    role: Role,
}

/// A model in the list of all.
#[derive(Serialize, ToSchema)]
#[schema(as = InferenceIndexed)]
pub(crate) struct Entry {
    /// The name by which it is asked for.
    pub(crate) name: String,
    /// Its one version.
    pub(crate) version: &'static str,
    /// `READY` or `UNAVAILABLE`.
    pub(crate) state: &'static str,
    /// Why it takes no calls; empty where it does.
    pub(crate) reason: String,
}

/// What a call is answered.
pub(crate) struct Answer {
    /// The name by which the model was asked for.
    pub(crate) model: String,
    /// The outputs that were wanted, in that order.
    pub(crate) outputs: Vec<Output>,
    /// Until it is sent.
    pub(crate) room: Room,
}

impl Model {
    /// What it takes and gives.
    pub(crate) fn signature(&self) -> Signature {
        Signature::of(self.info(), self.role)
    }

    fn info(&self) -> &ModelInfo {
        self.model.info()
    }
}

impl Inference {
    /// What is behind `gate`, counted in `metrics`, within `bounds`.
    #[must_use]
    pub fn new(gate: &Gate, metrics: &Arc<Metrics>, bounds: Bounds) -> Self {
        Self { gate: gate.clone(), metrics: Arc::clone(metrics), bounds }
    }

    /// Whether the server gets on with its work.
    pub(crate) fn live(&self) -> Result<(), Problem> {
        health::alive(&self.gate, self.bounds.stall)
    }

    /// Whether calls should come here.
    pub(crate) fn ready(&self) -> Result<(), Problem> {
        health::takes_requests(&self.gate)
    }

    /// The model called `name`, in its one version; an empty one is any.
    pub(crate) fn model(&self, name: &str, version: &str) -> Result<Model, Problem> {
        let served = self.gate.served().ok_or(Problem::NotReady)?;
        let (found, role) = Role::of(name);
        let model = served.catalog.find(Some(found))?.clone();
        if version.is_empty() || version == VERSION {
            return Ok(Model { served: served.clone(), model, role });
        }
        Err(Problem::UnknownVersion { model: name.to_owned(), version: version.to_owned() })
    }

    /// Every model in each of its roles; where `ready` is wanted, those that take calls.
    pub(crate) fn index(&self, ready: bool) -> Result<Vec<Entry>, Problem> {
        let models = self.gate.served().ok_or(Problem::NotReady)?.catalog.models();
        let (state, reason) = match self.ready() {
            Ok(()) => ("READY", String::new()),
            Err(_) if ready => return Ok(Vec::new()),
            Err(problem) => ("UNAVAILABLE", problem.to_string()),
        };
        let names = models.iter().flat_map(|model| Role::names(model.info()));
        Ok(names.map(|name| Entry { name, version: VERSION, state, reason: reason.clone() }).collect())
    }

    /// The most bytes of a call of `model` over REST, and the setting that decides it.
    pub(crate) fn most_bytes(&self, model: &Model) -> (usize, &'static str) {
        match model.role {
            Role::Sampler => (self.bounds.body, "--body-limit"),
            Role::Score => (self.bounds.body.max(self.points(model.info(), score::JSON_NUMBER)), "--max-score-rows"),
        }
    }

    /// The same over gRPC, of any model: which one is called stands in the message.
    pub(crate) fn most_message_bytes(&self) -> (usize, &'static str) {
        /// Of a number, at most: float32, and a tag.
        const NUMBER: usize = 8;
        let models = self.gate.served().map_or(&[][..], |served| served.catalog.models());
        let most = models.iter().map(|model| self.points(model.info(), NUMBER)).max();
        (most.unwrap_or(0).max(self.bounds.body), "--max-score-rows")
    }

    /// Counts a call that came to `problem` before it was read.
    pub(crate) fn refused(&self, problem: &Problem) {
        self.metrics.uncounted().end(Err(problem));
    }

    /// The most rows of a call for scores.
    pub(crate) fn most_rows(&self) -> usize {
        self.bounds.scores.rows
    }

    fn points(&self, info: &ModelInfo, number: usize) -> usize {
        score::most_bytes(info, self.bounds.scores.rows, number)
    }

    /// What the model called `name`, in its `version`, answers `asker` to the call that `read` reads, with how many bytes a number of
    /// its answer takes. What is known on the way is left in `provenance`, as for all samples. Dropping the future cancels what is left
    /// before the next evaluation.
    pub(crate) async fn infer<F: Future<Output = Result<(Call, usize), Problem>>>(
        &self,
        asker: &Asker,
        [name, version]: [&str; 2],
        provenance: &mut HeaderMap,
        read: impl FnOnce(Model) -> F,
    ) -> Result<Answer, Problem> {
        let mut outcome = self.metrics.request();
        let answer = async {
            let model = self.model(name, version)?;
            // Scores are not counted among requests for samples, as those of the native interface are not.
            if model.role == Role::Score {
                outcome.discard();
            }
            let (call, number) = read(model.clone()).await?;
            let signature = model.signature();
            let choice = signature.choice(&call.outputs)?;
            let (outputs, room) = match model.role {
                Role::Sampler => self.sampled(asker, &model, call, number, &mut outcome, provenance).await?,
                Role::Score => self.scored(asker, &model, call, number, provenance).await?,
            };
            let mut outputs: Vec<_> = outputs.into_iter().map(Some).collect();
            let chosen = choice.into_iter().filter_map(|place| outputs[place].take()).collect();
            Ok(Answer { model: signature.name, outputs: chosen, room })
        };
        let answer = answer.await;
        outcome.end(answer.as_ref().map(drop));
        answer
    }

    async fn sampled(
        &self,
        asker: &Asker,
        model: &Model,
        call: Call,
        number: usize,
        outcome: &mut Outcome,
        provenance: &mut HeaderMap,
    ) -> Result<(Vec<Output>, Room), Problem> {
        outcome.model(&model.info().name);
        let raw = call.samples(&model.signature(), self.bounds.requests.deadline)?;
        let request = self.bounds.check(&raw, model.model.clone(), Wish::Now(Format::Whole(Whole::Npy)))?;
        *provenance = asked::provenance(&request);
        let room = model.served.answers.take("n", room::bytes(request.n(), model.info().dim(), number))?;
        let ticket = asker.submit(&model.served.engine, &request)?;
        Ok((Output::sampled(&request, &collected(ticket, request.deadline().into()).await?), room))
    }

    async fn scored(
        &self,
        asker: &Asker,
        model: &Model,
        call: Call,
        number: usize,
        provenance: &mut HeaderMap,
    ) -> Result<(Vec<Output>, Room), Problem> {
        let raw = call.scores(&model.signature(), model.info(), self.bounds.scores.deadline)?;
        let request = ScoreRequest::new(&raw, model.model.clone(), self.bounds.scores)?;
        drop(raw);
        if let Ok(sha256) = HeaderValue::from_str(&model.info().sha256) {
            provenance.insert(X_SMLD_MODEL_SHA256, sha256);
        }
        let deadline = request.deadline().into();
        let (ticket, room) = model.served.score(asker, request, number)?;
        let scores = collected(ticket, deadline).await?;
        Ok((Output::scored(model.info(), &scores), room))
    }
}
