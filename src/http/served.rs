//! What is served, once it is warm.

use super::accept::Format;
use super::answers::{Answers, of_answer};
use super::keys::Asker;
use super::problem::Problem;
use super::room::{self, NUMBER, Room};
use crate::engine::{Engine, SampleRequest, ScoreRequest, Ticket};
use crate::score::{Kind, ReadyModel};
use std::sync::{Arc, OnceLock};

/// The models by their names. At least one.
#[derive(Clone)]
pub struct Catalog {
    models: Arc<[ReadyModel]>,
    default: usize,
}

/// Models that cannot be served together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCatalog {
    /// There is nothing to serve.
    #[error("there are no models to serve: --models names a folder with .onnx or .density.json files, or the files")]
    Empty,
    /// A request could not tell two models apart.
    #[error(
        "two models are called '{0}': serve one of them, or give one another name, a network in its \
             smld.name, a density by its file's"
    )]
    Twice(String),
    /// The default is not among the models.
    #[error("--default-model: {0}")]
    NoDefault(#[from] UnknownModel),
}

/// A model that is not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no model '{name}'; there is {}", known.join(", "))]
pub struct UnknownModel {
    /// The name asked for.
    pub name: String,
    /// The names that there are.
    pub known: Vec<String>,
}

impl Catalog {
    /// The catalogue of `models`, in the order of their names. Requests that name no model get `default`, or else the
    /// first network, or where there is none the first density.
    ///
    /// # Errors
    /// [`InvalidCatalog`].
    pub fn new(mut models: Vec<ReadyModel>, default: Option<&str>) -> Result<Self, InvalidCatalog> {
        models.sort_by(|a, b| a.info().name.cmp(&b.info().name));
        if let Some(pair) = models.windows(2).find(|pair| pair[0].info().name == pair[1].info().name) {
            return Err(InvalidCatalog::Twice(pair[0].info().name.clone()));
        }
        if models.is_empty() {
            return Err(InvalidCatalog::Empty);
        }
        let first = models.iter().position(|model| model.info().kind == Kind::Network).unwrap_or(0);
        let mut catalog = Self { models: models.into(), default: first };
        if let Some(name) = default {
            catalog.default = catalog.place(name)?;
        }
        Ok(catalog)
    }

    /// Every model, in the order of their names.
    #[must_use]
    pub fn models(&self) -> &[ReadyModel] {
        &self.models
    }

    /// The model for requests that name none.
    #[must_use]
    pub fn default_model(&self) -> &ReadyModel {
        &self.models[self.default]
    }

    /// The model called `name`, or the default one.
    ///
    /// # Errors
    /// With the names that there are.
    pub fn find(&self, name: Option<&str>) -> Result<&ReadyModel, UnknownModel> {
        name.map_or(Ok(self.default_model()), |name| Ok(&self.models[self.place(name)?]))
    }

    fn place(&self, name: &str) -> Result<usize, UnknownModel> {
        self.models.iter().position(|model| model.info().name == name).ok_or_else(|| UnknownModel {
            name: name.to_owned(),
            known: self.models.iter().map(|model| model.info().name.clone()).collect(),
        })
    }
}

/// Warm models, the engine that runs them, and room for what they answer.
#[derive(Clone)]
pub struct Served {
    /// The models.
    pub catalog: Catalog,
    /// The engine.
    pub engine: Engine,
    /// The room of all answers.
    pub answers: Answers,
}

impl Served {
    /// Room for the answer to `request` in `format`.
    pub(super) fn room(&self, request: &SampleRequest, format: Format) -> Result<Room, Problem> {
        self.answers.take("n", of_answer(request, format, self.engine.window()))
    }

    /// Has the engine take `request`, on the account of `asker`, where there is room for its answer in `format`.
    pub(super) fn submit(
        &self,
        asker: &Asker,
        request: &SampleRequest,
        format: Format,
    ) -> Result<(Ticket, Room), Problem> {
        let room = self.room(request, format)?;
        Ok((asker.submit(&self.engine, request)?, room))
    }

    /// The same of scores, a number of whose answer takes so many bytes; the points that they are of are held too.
    pub(super) fn score(&self, asker: &Asker, request: ScoreRequest, number: usize) -> Result<(Ticket, Room), Problem> {
        let bytes = room::bytes(request.rows(), request.model().info().dim(), NUMBER + number);
        let room = self.answers.take("x", bytes)?;
        Ok((asker.score(&self.engine, request)?, room))
    }
}

/// Between the endpoints and what is served: shut while models load, then open for good.
#[derive(Clone, Default)]
pub struct Gate(Arc<OnceLock<Served>>);

impl Gate {
    /// Opens the gate: from here on the server is ready. A gate opens once; what comes later is dropped.
    pub fn open(&self, served: Served) {
        // A second opening loses to the first.
        let _ = self.0.set(served);
    }

    /// What is served, if it is warm.
    #[must_use]
    pub fn served(&self) -> Option<&Served> {
        self.0.get()
    }
}
