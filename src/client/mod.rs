//! Clients of a running server: what `smld sample`, `smld models` and `smld info` do.
//!
//! They know the interface as any client does, by its documents; nothing of the server's own code.

mod fault;
mod info;
mod models;
mod remote;
mod sample;

pub use fault::ClientError;
pub use info::Info;
pub use models::Models;
pub use remote::{Remote, RemoteArgs};
pub use sample::Sample;
