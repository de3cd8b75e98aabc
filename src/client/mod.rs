//! Clients of a running server: what `smld sample`, `smld models`, `smld info` and `smld load` do.
//!
//! They know the interface as any client does, by its documents; nothing of the server's own code.
//!
//! | module | what it is |
//! |---|---|
//! | `remote`, `proxy`, `asked` | a server somewhere else, the way there, and what is asked of it |
//! | `sample`, `models`, `info` | a command each |
//! | `load` | a load generator: what is sent when, and what came of it |
//! | `target`, `print` | where an answer goes, and what is told of it |
//! | `fault` | why a command failed, as a sentence |

mod asked;
mod fault;
mod info;
mod load;
mod models;
mod print;
mod proxy;
mod remote;
mod sample;
mod target;

pub use fault::ClientError;
pub use info::Info;
pub use load::Load;
pub use models::Models;
pub use print::{note, print};
pub use sample::Sample;
