//! The offline trainer.

use clap::Parser;
use smld::train::cli::Cli;
use smld::train::terminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::tell(&format!("smld-train: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
