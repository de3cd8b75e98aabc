//! The server's interface, held without a socket and with one.
#![cfg(feature = "serve")]

mod deploy;
mod disconnect;
mod formats;
mod health;
mod probe;
mod problems;
mod reproducible;
mod support;
