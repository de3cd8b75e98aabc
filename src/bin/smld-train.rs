//! The offline trainer.

use clap::Parser;
use smld::train::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("smld-train: {error:#}");
            ExitCode::FAILURE
        }
    }
}
