//! Clients of a running server: what `smld sample`, `smld models`, `smld info` and `smld load` do.
//!
//! They know the interface as any client does, by its documents; nothing of the server's own code.
//!
//! | module | what it is |
//! |---|---|
//! | `remote`, `asked` | a server somewhere else, and what is asked of it |
//! | `sample`, `models`, `info` | a command each |
//! | `load` | a load generator: what is sent when, and what came of it |
//! | `fault` | why a command failed, as a sentence |

mod asked;
mod fault;
mod info;
mod load;
mod models;
mod remote;
mod sample;

pub use fault::ClientError;
pub use info::Info;
pub use load::Load;
pub use models::Models;
pub use remote::{Remote, RemoteArgs};
pub use sample::Sample;
