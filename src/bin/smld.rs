//! `smld`: samples of score-based generative models over HTTP and gRPC, served and asked for.

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use smld::client::{Info, Load, Models, Sample, note, print};
use smld::engine::{Worker, engine};
use smld::grpc;
use smld::http::config::{Addresses, InvalidConfig, Settings};
use smld::http::logging::{Log, LogFormat};
use smld::http::probe::probe;
use smld::http::{
    self, Access, Answers, Catalog, Connections, Drained, Front, Gate, Inference, MakeKey, Metrics, Protocol, Served,
    Supervisor, Working,
};
use smld::score::onnx::Provider;
use smld::score::{Kind, Loader, ReadyModel, model_files, ready_models};
use std::env;
use std::error::Error;
use std::future::pending;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout};

/// Serves score-based generative models, sampled by Langevin dynamics, and asks a server for samples.
#[derive(Parser)]
#[command(name = "smld", version, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(Box<Serve>),
    Health(Health),
    Key(MakeKey),
    Sample(Sample),
    Models(Models),
    Info(Info),
    Load(Load),
    Completions(Completions),
    Man(Man),
}

/// Serves models over HTTP
#[derive(Args)]
#[command(after_help = "Example:\n  \
    smld serve --models models/ --listen 127.0.0.1:8080\n  \
    curl -s 127.0.0.1:8080/v1/samples -H 'accept: image/png' -H 'content-type: application/json' -d '{\"n\":64}' -o grid.png\n\n\
    A flag goes before its variable (SMLD_LISTEN), a variable before the file's key (listen = \"127.0.0.1:8080\").")]
struct Serve {
    /// A TOML file with the settings below, by their names
    #[arg(long, env = "SMLD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the settings in force as such a file, and exit
    #[arg(long)]
    check_config: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Asks a server on this machine whether it is ready; fails where it is not
#[derive(Args)]
struct Health {
    /// The server's TOML file, for the addresses that are not given here
    #[arg(long, env = "SMLD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The address it listens on [default: 127.0.0.1:8080]
    #[arg(long, env = "SMLD_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The address that it has for such questions, where it has one: that is asked then
    #[arg(long, env = "SMLD_METRICS_LISTEN", value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
}

impl Health {
    fn address(&self) -> Result<SocketAddr, InvalidConfig> {
        let file = self.config.as_ref().map_or(Ok(Addresses::default()), Addresses::read)?;
        let listen = self.listen.or(file.listen).unwrap_or((Ipv4Addr::LOCALHOST, 8080).into());
        Ok(self.metrics_listen.or(file.metrics_listen).unwrap_or(listen))
    }
}

/// Prints the completions of a shell: `source <(smld completions bash)`
#[derive(Args)]
struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes the manual's pages, one for each command
#[derive(Args)]
struct Man {
    /// The folder to write to
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

type Fault = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    match obey(&matches) {
        Ok(code) => code,
        Err(error) => {
            note(format_args!("smld: {}", error.to_string().trim_end()));
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked. Of settings it is asked too where they come from, so their matches are kept.
fn obey(matches: &ArgMatches) -> Result<ExitCode, Fault> {
    match Cli::from_arg_matches(matches)?.command {
        Command::Serve(command) => {
            let Some((_, matches)) = matches.subcommand() else { return Ok(ExitCode::SUCCESS) };
            let settings = Settings::new(matches, command.config.as_ref())?;
            if !command.check_config {
                return run(settings);
            }
            for variable in unknown_variables() {
                note(format_args!("smld: {variable} is in the environment, and no setting of a server"));
            }
            print(settings.to_toml()?)?;
        }
        Command::Health(health) => probe(health.address()?)?,
        Command::Key(key) => {
            let (key, lines) = key.run()?;
            // First of all: without it the lines are of no use.
            writeln!(io::stderr(), "the key, which is shown this once: {key}")?;
            print(lines)?;
        }
        Command::Sample(sample) => sample.run()?,
        Command::Models(models) => models.run()?,
        Command::Info(info) => info.run()?,
        Command::Load(load) => load.run()?,
        Command::Completions(Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "smld", &mut script);
            print(String::from_utf8(script)?)?;
        }
        Command::Man(Man { folder }) => {
            std::fs::create_dir_all(&folder)?;
            clap_mangen::generate_to(Cli::command(), folder)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The variables whose names are like those of a server's settings, and which are none: they may be misspelt.
fn unknown_variables() -> Vec<String> {
    let serve = Serve::augment_args(clap::Command::new("serve"));
    let known: Vec<_> = serve.get_arguments().filter_map(clap::Arg::get_env).collect();
    let unknown = env::vars_os().map(|(name, _)| name).filter(|name| !known.contains(&name.as_os_str()));
    unknown.filter_map(|name| name.into_string().ok()).filter(|name| name.starts_with("SMLD_")).collect()
}

fn run(settings: Settings) -> Result<ExitCode, Fault> {
    // To the end, when it writes what still waits.
    let log = http::logging::start(settings.log_format, &settings.log)?;
    for variable in unknown_variables() {
        tracing::warn!(
            variable,
            "is in the environment, and no setting of a server: `smld serve --help` names them all"
        );
    }
    let is_json = settings.log_format == LogFormat::Json;
    // The workers have the cores; what is async only passes bytes on, and of two threads for that each would wake the other. But
    // messages of gRPC are decoded there. Blocking threads encode.
    let passing = 1 + thread::available_parallelism().map_or(1, NonZero::get) / CORES_BY_ASYNC_THREAD;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(passing + usize::from(settings.grpc_listen.is_some()))
        .max_blocking_threads(settings.workers.get() + 1)
        .enable_all()
        .build()?;
    let ended = runtime.block_on(serve(settings, &log));
    // What still blocks, as the loading of a model, is not waited for.
    runtime.shutdown_background();
    match ended {
        // Whoever collects the log reads nothing else.
        Err(reason) if is_json && tracing::enabled!(tracing::Level::ERROR) => {
            tracing::error!(%reason, "the server cannot go on");
            Ok(ExitCode::FAILURE)
        }
        ended => ended.map(|()| ExitCode::SUCCESS),
    }
}

/// How many cores one async thread passes bytes on for.
const CORES_BY_ASYNC_THREAD: usize = 8;

/// From the first socket to the last: listens, loads, serves, drains.
async fn serve(settings: Settings, log: &Log) -> Result<(), Fault> {
    let mut stop = Stop::new()?;
    let addresses: Vec<_> = [settings.listen].into_iter().chain(settings.grpc_listen).collect();
    http::raise_open_files((settings.max_connections.get() * addresses.len() + SUPERVISORS + FILES) as u64);
    let access = Access::new(&settings.access, &addresses)?;
    let listener = listen(settings.listen, "--listen").await?;
    let calls = match settings.grpc_listen {
        Some(address) => Some(listen(address, "--grpc-listen").await?),
        None => None,
    };
    let secure = if access.tls.is_some() { "s" } else { "" };
    let url = format!("http{secure}://{}", listener.local_addr()?);
    let grpc_address = calls.as_ref().map(TcpListener::local_addr).transpose()?;
    let beside = grpc_address.map(|address| format!(" and grpc{secure}://{address}")).unwrap_or_default();
    say(&format!("smld listens on {url}{beside} and loads its models"));

    let (gate, metrics) = (Gate::default(), Arc::new(Metrics::new(log.lost_lines())?));
    let mut metrics_url = url.clone();
    if let Some(address) = settings.access.metrics_listen {
        let listener = listen(address, "--metrics-listen").await?;
        metrics_url = format!("http://{}", listener.local_addr()?);
        let router = http::supervision(&gate, &metrics, settings.bounds());
        let few = Connections { most: SUPERVISORS, ..settings.connections(Protocol::Http1) };
        // To the end of the process: draining is to be watched.
        tokio::spawn(http::serve(listener, router, few, pending()));
    }
    let connections = |protocol| Connections { tls: access.tls.clone(), ..settings.connections(protocol) };
    let router = http::router(&gate, &metrics, settings.bounds(), &access);
    let server = Front::open(listener, router, connections(Protocol::Http1));
    let calls = match calls {
        Some(listener) => {
            let inference = Inference::new(&gate, &metrics, settings.bounds());
            let (router, health) = grpc::router(inference, &access, &metrics).await?;
            Some((Front::open(listener, router, connections(Protocol::Http2)), health))
        }
        None => None,
    };
    let keys_are_wanted = access.keys.are_wanted();
    look_again(access, Arc::clone(&metrics))?;
    let supervisor = Supervisor::find(gate.clone(), settings.bounds().stall)?;

    let (grace, observer) = (settings.grace(), Arc::clone(&metrics));
    let mut loading = tokio::task::spawn_blocking(move || load(&settings, observer));
    let (served, workers) = tokio::select! {
        loaded = &mut loading => loaded??,
        () = stop.asked() => {
            // onnxruntime takes itself apart when the process ends, and whoever is still within it falls.
            let _ = timeout(LAST_LOAD, loading).await;
            return Ok(());
        }
    };
    let mut working = Working::start(workers)?;
    gate.open(served.clone());
    if let Some((_, health)) = &calls {
        health.serving().await;
    }
    supervisor.ready();
    say(&http::invitation(&url, Some(&metrics_url), served.catalog.default_model().info()));
    if keys_are_wanted {
        say("a key is wanted: add -H \"authorization: Bearer $SMLD_KEY\"");
    }

    stop.asked().await;
    let over = Instant::now() + grace;
    tracing::info!(
        grace_seconds = grace.as_secs(),
        "going down: new requests are refused, those under way are finished"
    );
    supervisor.stopping();
    // Before it is told: who hears of it is refused.
    served.engine.drain();
    if let Some((_, health)) = &calls {
        health.draining().await;
    }
    // A connection of gRPC lasts, and with it the replica that it leads to.
    let left = async {
        match &calls {
            Some((calls, _)) => calls.leave().await,
            None => pending().await,
        }
    };
    let drained = tokio::select! {
        drained = http::drain(&served.engine, &mut working, grace, stop.asked()) => drained,
        never = left => match never {},
    };
    match drained {
        Drained::Finished => tracing::info!("every request was finished"),
        Drained::Stopped { unfinished } => tracing::warn!(unfinished, "requests were stopped before their end"),
    }
    let ends = async {
        match calls {
            Some((calls, health)) => {
                health.end().await;
                tokio::join!(server.close(), calls.close());
            }
            None => server.close().await,
        }
    };
    if !http::send_last(drained, over, stop.asked(), ends).await {
        tracing::warn!("connections were cut off before their answer was read");
    }
    Ok(())
}

/// Listens on `address`, which `flag` names.
async fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, Fault> {
    let bound = TcpListener::bind(address).await;
    Ok(bound.map_err(|error| format!("cannot listen on {address}: {error}; choose another with {flag}"))?)
}

/// Looks at the files of keys and certificates now and then, and at once on SIGHUP. On a thread of its own: others may have much to encode.
fn look_again(access: Access, metrics: Arc<Metrics>) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let (ring, bell) = std::sync::mpsc::sync_channel(1);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            // A bell that was rung already is enough.
            let _ = ring.try_send(());
        }
    });
    thread::Builder::new().name("smld-look".to_owned()).spawn(move || {
        loop {
            // A panic in it is in the log; the next look comes.
            let _ = catch_unwind(AssertUnwindSafe(|| access.look(&metrics)));
            if bell.recv_timeout(LOOKS) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    })?;
    Ok(())
}

/// How often the files of keys and certificates are looked at.
const LOOKS: Duration = Duration::from_secs(5);

/// How many connections those who supervise the server may have.
const SUPERVISORS: usize = 64;

/// How many files there are besides, at most: the log, the models while they are read, what wakes threads.
const FILES: usize = 64;

/// A line for the person who started the server. That nobody reads it is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// How long the loading of models is waited for when the server is stopped meanwhile.
const LAST_LOAD: Duration = Duration::from_secs(10);

/// Loads, warms up and measures the models, and makes their engine.
fn load(settings: &Settings, metrics: Arc<Metrics>) -> Result<(Served, Vec<Worker>), Fault> {
    let provider: Provider = settings.provider.parse()?;
    let loader = Loader::new(settings.onnxruntime.clone(), provider, settings.allow_cpu_fallback);
    let files = model_files(&settings.models)?;
    let models = ready_models(&loader, &files, settings.workers.get(), settings.batch_rows.pinned())?;
    models.iter().for_each(|model| announce(model, provider));
    let catalog = Catalog::new(models, settings.default_model.as_deref())?;
    let answers = Answers::new(settings.bounds().answers, &metrics);
    let (engine, workers) = engine(catalog.models(), settings.engine(), metrics)?;
    Ok((Served { catalog, engine, answers }, workers))
}

fn announce(model: &ReadyModel, provider: Provider) {
    let info = model.info();
    let tuning = model.tuning().map(ToString::to_string);
    tracing::info!(
        model = info.name,
        provider = info.provider,
        batch_invariant = model.batch_invariant(),
        tuning,
        "warm"
    );
    if let Some(rows) = model.fixed_rows() {
        tracing::warn!(
            model = info.name,
            "its bytes depend on the size of a batch: it is run {rows} rows at a time, fewer being filled up with copies"
        );
    }
    if !model.reproducible() {
        tracing::warn!(
            model = info.name,
            "its bytes depend on the batch, whatever its size: the same seed may give images that differ in the last bits"
        );
    }
    if info.kind == Kind::Network && info.provider != provider.name() {
        tracing::warn!(model = info.name, "{provider} cannot be had; --allow-cpu-fallback puts the model on the CPU");
    }
}

/// The signals by which a person or a supervisor stops the server.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next of them.
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
