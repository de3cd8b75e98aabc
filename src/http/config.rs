//! Configuration: flags over environment over file.

mod access;
mod addresses;

pub use access::AccessSettings;
pub use addresses::Addresses;

use super::logging::LogFormat;
use super::{Bounds, Connections, JobLimits, Protocol, Readers};
use crate::engine::{EngineConfig, RequestLimits, ScoreLimits};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// How the server is to run. Every setting is a flag, a variable (`SMLD_` and the flag's name in capitals) and a key of the
/// configuration file (the flag's name).
#[derive(Clone, Debug, PartialEq, Args, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The address to listen on; port 0 takes a free one and says which
    #[arg(long, env = "SMLD_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The address to listen on for gRPC, the Open Inference Protocol; by default there is none
    #[arg(long, env = "SMLD_GRPC_LISTEN", value_name = "ADDRESS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc_listen: Option<SocketAddr>,
    /// A folder with .onnx and .density.json files, or the files themselves, separated by commas
    #[arg(long, env = "SMLD_MODELS", value_name = "PATH", value_delimiter = ',', default_value = "models")]
    pub models: Vec<PathBuf>,
    /// The model for requests that name none; by default the first network by name
    #[arg(long, env = "SMLD_DEFAULT_MODEL", value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_model: Option<String>,
    /// The onnxruntime library; by default it is searched for where `make run` and the system put it
    #[arg(long, env = "SMLD_ONNXRUNTIME", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub onnxruntime: Option<PathBuf>,
    /// What runs the networks: cpu, cuda, cuda:N, openvino or openvino:bf16
    #[arg(long, env = "SMLD_PROVIDER", default_value = "cpu")]
    pub provider: String,
    /// Serve on the CPU where the provider asked for cannot be had, instead of not starting
    #[arg(long, env = "SMLD_ALLOW_CPU_FALLBACK")]
    pub allow_cpu_fallback: bool,
    /// Worker threads, each with a session of its own; by default one for each core
    #[arg(long, env = "SMLD_WORKERS", value_name = "COUNT", default_value_t = cores(), hide_default_value = true)]
    pub workers: NonZero<usize>,
    /// The most rows of one step batch: a number, or auto to measure each model when it is loaded
    #[arg(long, env = "SMLD_BATCH_ROWS", value_name = "COUNT", default_value = "auto")]
    pub batch_rows: BatchRows,
    /// Room for running chains
    #[arg(long, env = "SMLD_SLOTS", value_name = "COUNT", default_value = "256")]
    pub slots: NonZero<usize>,
    /// The most samples of one request
    #[arg(long, env = "SMLD_MAX_N", value_name = "COUNT", default_value = "1000")]
    pub max_n: NonZero<u32>,
    /// The most evaluations of one request: n times the sampler's
    #[arg(long, env = "SMLD_MAX_EVALUATIONS", value_name = "COUNT", default_value = "1000000")]
    pub max_evaluations: NonZero<u64>,
    /// The most samples of one request that is answered by an archive
    #[arg(long, env = "SMLD_MAX_ARCHIVE_N", value_name = "COUNT", default_value = "100000")]
    pub max_archive_n: NonZero<u32>,
    /// The most evaluations of one request that is answered by an archive
    #[arg(long, env = "SMLD_MAX_ARCHIVE_EVALUATIONS", value_name = "COUNT", default_value = "10000000")]
    pub max_archive_evaluations: NonZero<u64>,
    /// The most evaluations queued at once, over all requests; of an archive those of the samples that may be under way
    #[arg(long, env = "SMLD_MAX_QUEUED_EVALUATIONS", value_name = "COUNT", default_value = "4000000")]
    pub max_queued_evaluations: NonZero<u64>,
    /// The most requests under way at once
    #[arg(long, env = "SMLD_MAX_REQUESTS", value_name = "COUNT", default_value = "256")]
    pub max_requests: NonZero<usize>,
    /// The most connections at once; more wait to be accepted
    #[arg(long, env = "SMLD_MAX_CONNECTIONS", value_name = "COUNT", default_value = "1024")]
    pub max_connections: NonZero<usize>,
    /// The most connections at once from one address; more are closed. By default any number, as behind a proxy all have one
    #[arg(long, env = "SMLD_MAX_CLIENT_CONNECTIONS", value_name = "COUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_client_connections: Option<NonZero<usize>>,
    /// How long a request may take that says nothing, and the most it may ask for
    #[arg(long, env = "SMLD_DEADLINE_SECONDS", value_name = "SECONDS", default_value = "600")]
    pub deadline_seconds: NonZero<u32>,
    /// The same of a request that is answered by an archive, to its last byte
    #[arg(long, env = "SMLD_ARCHIVE_DEADLINE_SECONDS", value_name = "SECONDS", default_value = "86400")]
    pub archive_deadline_seconds: NonZero<u32>,
    /// How long a client may take to read 64 KiB of an archive or an event stream before it is broken off; of any answer it must read
    /// something in twice that
    #[arg(long, env = "SMLD_READER_SECONDS", value_name = "SECONDS", default_value = "300")]
    pub reader_seconds: NonZero<u32>,
    /// How long an event stream may be silent before it says that it lives
    #[arg(long, env = "SMLD_HEARTBEAT_SECONDS", value_name = "SECONDS", default_value = "15")]
    pub heartbeat_seconds: NonZero<u32>,
    /// The most jobs at once: work to be fetched later, under way or done; what is done gives way, the oldest first
    #[arg(long, env = "SMLD_MAX_JOBS", value_name = "COUNT", default_value = "64")]
    pub max_jobs: NonZero<usize>,
    /// The most bytes of samples that all jobs keep
    #[arg(long, env = "SMLD_MAX_JOB_BYTES", value_name = "BYTES", default_value = "268435456")]
    pub max_job_bytes: NonZero<u64>,
    /// How long the samples of a job are kept after they were drawn
    #[arg(long, env = "SMLD_JOB_SECONDS", value_name = "SECONDS", default_value = "3600")]
    pub job_seconds: NonZero<u32>,
    /// The most bytes of all answers, from before their samples are drawn until their clients have read them
    #[arg(long, env = "SMLD_MAX_ANSWER_BYTES", value_name = "BYTES", default_value = "1073741824")]
    pub max_answer_bytes: NonZero<u64>,
    /// The most rows of one request for scores
    #[arg(long, env = "SMLD_MAX_SCORE_ROWS", value_name = "COUNT", default_value = "256")]
    pub max_score_rows: NonZero<usize>,
    /// How long requests under way may go on after SIGTERM
    #[arg(long, env = "SMLD_DRAIN_SECONDS", value_name = "SECONDS", default_value = "30")]
    pub drain_seconds: u32,
    /// How long work may stand still, or every run of a model fail, before /livez calls the server dead
    #[arg(long, env = "SMLD_STALL_SECONDS", value_name = "SECONDS", default_value = "60")]
    pub stall_seconds: NonZero<u32>,
    /// How long a request's headers may take to arrive, a TLS handshake may take, and a connection may idle
    #[arg(long, env = "SMLD_HEADER_SECONDS", value_name = "SECONDS", default_value = "30")]
    pub header_seconds: NonZero<u32>,
    /// The most bytes of a request's headers
    #[arg(long, env = "SMLD_HEADER_LIMIT", value_name = "BYTES", default_value = "32768")]
    pub header_limit: NonZero<usize>,
    /// The most bytes of a request's body
    #[arg(long, env = "SMLD_BODY_LIMIT", value_name = "BYTES", default_value = "65536")]
    pub body_limit: NonZero<usize>,
    /// How the log looks
    #[arg(long, env = "SMLD_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What is logged, as info or smld=debug,warn
    #[arg(long, env = "SMLD_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
    /// A group of its own, which the file does not show.
    #[command(flatten)]
    #[serde(skip)]
    pub access: AccessSettings,
}

/// The most rows of one step batch: what is measured, or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "batch-rows: \"auto\", or a number of at least 1")]
pub enum BatchRows {
    /// A number for all models.
    Pinned(NonZero<usize>),
    /// What is measured.
    Measured(Auto),
}

/// The word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    /// auto
    Auto,
}

impl BatchRows {
    /// The number, if there is one.
    #[must_use]
    pub fn pinned(self) -> Option<NonZero<usize>> {
        match self {
            Self::Pinned(rows) => Some(rows),
            Self::Measured(Auto::Auto) => None,
        }
    }
}

impl FromStr for BatchRows {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Measured(Auto::Auto)),
            number => number.parse().map(Self::Pinned).map_err(|_| "neither auto nor a number of at least 1"),
        }
    }
}

/// A configuration that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfig {
    /// A flag or a variable; clap's own words, or its help.
    #[error(transparent)]
    Flags(#[from] clap::Error),
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key of the file that is no setting.
    #[error("the configuration file {path}: unknown key `{key}`; there are {known}")]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The keys that there are.
        known: String,
    },
    /// The file is not TOML, or a key of it is of the wrong type.
    #[error("the configuration file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// The settings cannot be written as TOML.
    #[error(transparent)]
    Unwritable(#[from] toml::ser::Error),
}

fn cores() -> NonZero<usize> {
    std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

impl Settings {
    /// The settings that `matches` and, below them, the TOML file `path` name.
    ///
    /// # Errors
    /// [`InvalidConfig`].
    pub fn new(matches: &ArgMatches, path: Option<&PathBuf>) -> Result<Self, InvalidConfig> {
        let flags = Self::from_arg_matches(matches)?;
        let Some(path) = path else { return Ok(flags) };
        let fault = |source| InvalidConfig::File { path: path.clone(), source: Box::new(source) };
        let table: toml::Table = read(path)?.parse().map_err(fault)?;
        let all = Self::augment_args(Command::new("smld"));
        let known: Vec<&str> = all.get_arguments().filter_map(|argument| argument.get_long()).collect();
        if let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) {
            let (path, key, known) = (path.clone(), key.clone(), known.join(", "));
            return Err(InvalidConfig::UnknownKey { path, key, known });
        }
        let named = |key: &str| {
            let source = matches.value_source(&key.replace('-', "_"));
            matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
        };
        let given = table.into_iter().filter(|(key, _)| !named(key));
        // Each group by itself: serde knows no unknown key among groups that are flattened into one.
        let (access, rest): (toml::Table, toml::Table) = given.partition(|(key, _)| AccessSettings::has(key));
        let access = over(&flags.access, access)?.map_err(fault)?;
        Ok(Self { access, ..over(&flags, rest)?.map_err(fault)? })
    }

    /// What is in force, as a configuration file.
    ///
    /// # Errors
    /// Where a path is not Unicode.
    pub fn to_toml(&self) -> Result<String, InvalidConfig> {
        Ok(toml::to_string(self)? + &toml::to_string(&self.access)?)
    }

    /// What the engine is given.
    #[must_use]
    pub fn engine(&self) -> EngineConfig {
        EngineConfig {
            workers: self.workers.get(),
            batch_rows: self.batch_rows.pinned().map_or(1, NonZero::get),
            slots: self.slots.get(),
            max_requests: self.max_requests.get(),
            max_queued_evaluations: self.max_queued_evaluations.get(),
        }
    }

    /// What the endpoints are given.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            requests: RequestLimits {
                max_n: self.max_n.get().into(),
                max_evaluations: self.max_evaluations.get(),
                deadline: seconds(self.deadline_seconds.get()),
            },
            archives: RequestLimits {
                max_n: self.max_archive_n.get().into(),
                max_evaluations: self.max_archive_evaluations.get(),
                deadline: seconds(self.archive_deadline_seconds.get()),
            },
            scores: ScoreLimits { rows: self.max_score_rows.get(), deadline: seconds(self.deadline_seconds.get()) },
            readers: Readers {
                patience: seconds(self.reader_seconds.get()),
                heartbeat: seconds(self.heartbeat_seconds.get()),
            },
            jobs: JobLimits {
                most: self.max_jobs.get(),
                bytes: self.max_job_bytes.get(),
                retention: seconds(self.job_seconds.get()),
            },
            answers: self.max_answer_bytes.get(),
            body: self.body_limit.get(),
            stall: seconds(self.stall_seconds.get()),
        }
    }

    /// What the connections that speak `protocol` are given, before anything encrypts them.
    #[must_use]
    pub fn connections(&self, protocol: Protocol) -> Connections {
        Connections {
            most: self.max_connections.get(),
            most_from_one: self.max_client_connections,
            header_timeout: seconds(self.header_seconds.get()),
            header_bytes: self.header_limit.get(),
            // Later than those who send an answer while it is made, who tell why it is broken off.
            reader_timeout: 2 * seconds(self.reader_seconds.get()),
            protocol,
            tls: None,
        }
    }

    /// How long requests under way may go on once the server is going down.
    #[must_use]
    pub fn grace(&self) -> Duration {
        seconds(self.drain_seconds)
    }
}

fn read(path: &PathBuf) -> Result<String, InvalidConfig> {
    std::fs::read_to_string(path).map_err(|source| InvalidConfig::Unreadable { path: path.clone(), source })
}

/// `settings` with what is `given` in their place.
fn over<S: Serialize + DeserializeOwned>(
    settings: &S,
    given: toml::Table,
) -> Result<Result<S, toml::de::Error>, toml::ser::Error> {
    let mut table = toml::Table::try_from(settings)?;
    table.extend(given);
    Ok(table.try_into())
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}
