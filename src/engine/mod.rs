//! The engine: step batches over the chains of every request.
//!
//! [`engine`] gives a handle and as many workers as there are threads to run them; spawning is the caller's. Between two
//! evaluations a worker asks the policy which rows come next, so a chain joins or leaves a batch at any step.
//!
//! ```text
//! SampleRequest → handle ─submit→ board ─next→ worker: gather → score → advance ─settle→ board → Ticket
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `request`, `score` | what may be asked, samples or scores: valid by construction |
//! | `work` | what both are to chains |
//! | `handle` | [`Engine`]: submit, look, drain, stop |
//! | `ticket` | a request under way, as those who wait for it hold it |
//! | `event` | what a [`Ticket`] hears |
//! | `board` | the requests under way |
//! | `shared` | the board's lock, never held during an evaluation |
//! | `pool` | the policy: who is evaluated next |
//! | `admission` | the policy: who is let in |
//! | `outlook` | when a newcomer would be done, and those who are under way |
//! | `pace` | how long steps take |
//! | `priority` | the policy: who yields |
//! | `chain` | one sample under way |
//! | `preview` | what chains under way look like, for those who ask |
//! | `diagnostics` | what chains and samples were like, for those who ask |
//! | `worker` | the loop of gather, score, advance |
//! | `lone` | the session of a chain that runs alone: one thread or all |
//! | `station` | the session it runs on, opened anew after a failure |
//! | `observer` | what is told of all this |

mod admission;
mod board;
mod chain;
mod diagnostics;
mod event;
mod handle;
mod lone;
mod observer;
mod outlook;
mod pace;
mod pool;
mod preview;
mod priority;
mod request;
mod score;
mod shared;
mod station;
mod ticket;
mod work;
mod worker;

pub use diagnostics::{ChainDiagnostics, Moments};
pub use event::{Bound, Event, Failure, Forecast, Headway, Refused, Summary};
use event::{Message, Word};
pub use handle::{Engine, EngineConfig, engine};
pub use observer::{Observer, Snapshot};
pub use preview::{Preview, PreviewSettings, Previews};
pub use priority::Priority;
pub use request::{InvalidRequest, RawLabel, RawPreview, RawSampleRequest, RequestLimits, SampleRequest};
#[cfg(feature = "serve")]
pub(crate) use request::{Seed, seed as deserialize_seed};
pub use score::{OneOrEach, RawScoreRequest, ScoreLimits, ScoreRequest};
pub use ticket::{Samples, Ticket, Watch};
pub use worker::Worker;
