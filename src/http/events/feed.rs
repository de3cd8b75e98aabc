//! From the samples to the events, at the client's pace.
//!
//! While the client reads nothing, nothing is asked: samples wait within the request's window, previews are not made.

use super::voice::{HEARTBEAT, Voice};
use crate::engine::{Event, Failure, Forecast, Headway, Previews, Watch};
use crate::http::encode::{encoded, numbers};
use crate::http::growing::{Broken, Outlet, Readers, go_on, growing};
use crate::http::metrics::Outcome;
use crate::http::problem::Problem;
use crate::http::room::Room;
use crate::http::source::Source;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

/// The least time from one `progress` to the next.
const PROGRESS: Duration = Duration::from_millis(250);

/// An event stream that has not begun.
pub(in crate::http) struct Stream<V> {
    voice: V,
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

impl<V: Voice> Stream<V> {
    /// Of the samples of `source`, told by `voice`; after `deadline` no more are waited for.
    pub(in crate::http) fn new(voice: V, source: Source, deadline: Instant) -> Self {
        let (forecast, watch, previews) = match &source {
            Source::Engine(ticket) => (ticket.forecast(), Some(ticket.watch()), ticket.previews()),
            Source::Kept(..) => (Forecast::default(), None, None),
        };
        Self { voice, source, forecast, watch, previews, deadline }
    }

    /// The answer. It goes on by itself, and so does `outcome`, as long as somebody reads it.
    pub(in crate::http) fn go_on(self, readers: Readers, outcome: Outcome, room: Room) -> Response {
        let (outlet, body) = growing(readers.patience, room);
        go_on(self.send(outlet, readers.heartbeat), outcome);
        ([(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")], body).into_response()
    }

    /// Sends every event. What fails is the last of them, if somebody reads it.
    async fn send(self, outlet: Outlet, heartbeat: Duration) -> Result<(), Broken> {
        let voice = self.voice.clone();
        match self.tell(&outlet, heartbeat).await {
            Err(Broken::By(problem)) if !matches!(problem, Problem::SlowReader { .. }) => {
                outlet.send(voice.error(&problem)).await?;
                outlet.end().await?;
                Err(problem.into())
            }
            Ok(()) => outlet.end().await,
            gone => gone,
        }
    }

    async fn tell(mut self, outlet: &Outlet, heartbeat: Duration) -> Result<(), Broken> {
        let mut progress = ticks(PROGRESS);
        let mut preview = self.voice.request().preview().map(|settings| ticks(settings.every));
        let mut told = Headway::default();
        outlet.send(self.voice.accepted(self.forecast)?).await?;
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
                    let voice = self.voice.clone();
                    let numbers = numbers(&samples);
                    let encode = move || {
                        let mut lines = voice.images(&samples)?;
                        if let Some(summary) = &summary {
                            let (evaluations, n) = (voice.request().evaluations(), voice.request().n());
                            lines.extend(voice.progress(Headway { evaluations, begun: n, ended: n })?);
                            lines.extend(voice.done(summary)?);
                        }
                        Ok(lines)
                    };
                    let lines = encoded(numbers, encode).await?;
                    if summary.is_some() {
                        return outlet.send(lines).await;
                    }
                    lines
                }
                News::Progress => match self.watch.as_ref().and_then(Watch::look).filter(|&headway| headway != told) {
                    Some(headway) => {
                        told = headway;
                        self.voice.progress(headway)?
                    }
                    None => continue,
                },
                News::Preview => {
                    let seen = self.previews.as_ref().map(|previews| previews.ask()).unwrap_or_default();
                    let chosen = self.voice.chosen(seen);
                    if chosen.is_empty() {
                        continue;
                    }
                    let voice = self.voice.clone();
                    let numbers = chosen.iter().map(|chain| chain.denoised.len()).sum();
                    encoded(numbers, move || voice.preview(&chosen)).await?
                }
                News::Silence => HEARTBEAT.to_vec(),
                News::Late => return Err(Failure::Deadline.into()),
            };
            if !lines.is_empty() {
                outlet.send(lines).await?;
                last = Instant::now();
            }
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
