//! Who may ask: API keys, and what each may have.
//!
//! A key is 256 random bits; the server knows its SHA-256 only. That is enough: slow hashes are for words that people choose, of
//! which an attacker tries the likely ones; of 2²⁵⁶ equally likely keys none is found by trying, however fast a trial is.
//!
//! | module | what it is |
//! |---|---|
//! | `file` | the file of keys |
//! | `make` | `smld key`: a new key, and its lines in the file |
//! | `ring` | the keys in force; which of them a request brings |
//! | `holder` | what a key may have: its rate, its evaluations under way |
//! | `guard` | lets those in who may ask |

mod file;
mod guard;
mod holder;
mod make;
mod ring;

pub(crate) use guard::{Guard, guard};
pub use holder::{Asker, Share};
pub use make::MakeKey;
pub(super) use ring::X_API_KEY;
pub use ring::{Denied, Keys};
