//! From the samples to the events, at the client's pace.
//!
//! While the client reads nothing, nothing is asked: samples wait within the request's window, previews are not made.

use super::lines;
use crate::engine::{Event, Failure, Forecast, Headway, Previews, SampleRequest, Watch};
use crate::http::encode::blocking;
use crate::http::growing::{Broken, Outlet, Readers, go_on, growing};
use crate::http::identify::RequestId;
use crate::http::metrics::Outcome;
use crate::http::problem::Problem;
use crate::http::source::Source;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

/// The least time from one `progress` to the next.
const PROGRESS: Duration = Duration::from_millis(250);

/// An event stream that has not begun.
pub(in crate::http) struct Stream {
    id: RequestId,
    request: Arc<SampleRequest>,
    source: Source,
    forecast: Forecast,
    /// Of samples that are drawn now: how far they are, and what chains look like.
    watch: Option<Watch>,
    previews: Option<Arc<Previews>>,
    deadline: Instant,
}

/// What there is to tell.
enum News {
    Sample(Option<Event>),
    Progress,
    Preview,
    Silence,
    Late,
}

impl Stream {
    /// Of the samples of `request`; after `deadline` no more are waited for.
    pub(in crate::http) fn new(id: RequestId, request: SampleRequest, source: Source, deadline: Instant) -> Self {
        let request = Arc::new(request);
        let (forecast, watch, previews) = match &source {
            Source::Engine(ticket) => (ticket.forecast(), Some(ticket.watch()), ticket.previews()),
            Source::Kept(..) => (Forecast::default(), None, None),
        };
        Self { id, request, source, forecast, watch, previews, deadline }
    }

    /// The answer. It goes on by itself, and so does `outcome`, as long as somebody reads it.
    pub(in crate::http) fn go_on(self, readers: Readers, outcome: Outcome) -> Response {
        let (outlet, body) = growing(readers.patience);
        go_on(self.send(outlet, readers.heartbeat), outcome);
        ([(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")], body).into_response()
    }

    /// Sends every event. What fails is the last of them, if somebody reads it.
    async fn send(self, outlet: Outlet, heartbeat: Duration) -> Result<(), Broken> {
        let id = self.id.clone();
        match self.tell(&outlet, heartbeat).await {
            Err(Broken::By(problem)) if !matches!(problem, Problem::SlowReader { .. }) => {
                outlet.send(lines::error(&id, &problem)).await?;
                outlet.end().await?;
                Err(problem.into())
            }
            Ok(()) => outlet.end().await,
            gone => gone,
        }
    }

    async fn tell(mut self, outlet: &Outlet, heartbeat: Duration) -> Result<(), Broken> {
        let mut progress = ticks(PROGRESS);
        let mut preview = self.request.preview().map(|settings| ticks(settings.every));
        let mut told = Headway::default();
        let accepted = lines::accepted(&self.id, &self.request, self.forecast)?;
        outlet.send(accepted).await?;
        let mut last = Instant::now();
        loop {
            let news = async {
                tokio::select! {
                    event = self.source.next() => News::Sample(event),
                    _ = progress.tick() => News::Progress,
                    () = tick(preview.as_mut()) => News::Preview,
                    () = sleep_until(last + heartbeat) => News::Silence,
                    () = sleep_until(self.deadline) => News::Late,
                }
            };
            let lines = match outlet.unless_closed(news).await? {
                News::Sample(event) => {
                    let (samples, summary) = self.source.ready_samples(event)?;
                    let (id, request) = (self.id.clone(), Arc::clone(&self.request));
                    let encode = move || {
                        let mut lines = lines::images(&request, &samples)?;
                        if let Some(summary) = &summary {
                            let (evaluations, n) = (request.evaluations(), request.n());
                            lines.extend(lines::progress(&request, Headway { evaluations, begun: n, ended: n })?);
                            lines.extend(lines::done(&id, &request, summary)?);
                        }
                        Ok(lines)
                    };
                    let lines = blocking(encode).await?;
                    if summary.is_some() {
                        return outlet.send(lines).await;
                    }
                    lines
                }
                News::Progress => match self.watch.as_ref().and_then(Watch::look).filter(|&headway| headway != told) {
                    Some(headway) => {
                        told = headway;
                        lines::progress(&self.request, headway)?
                    }
                    None => continue,
                },
                News::Preview => {
                    let shown = self.previews.as_ref().map(|previews| previews.ask()).unwrap_or_default();
                    if shown.is_empty() {
                        continue;
                    }
                    let request = Arc::clone(&self.request);
                    blocking(move || lines::preview(&request, &shown)).await?
                }
                News::Silence => lines::HEARTBEAT.to_vec(),
                News::Late => return Err(Failure::Deadline.into()),
            };
            outlet.send(lines).await?;
            last = Instant::now();
        }
    }
}

/// Ticks of at least `period` from one to the next, however late one was heard.
fn ticks(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The next of `ticks`; never where there are none.
async fn tick(ticks: Option<&mut Interval>) {
    match ticks {
        Some(ticks) => _ = ticks.tick().await,
        None => std::future::pending().await,
    }
}
