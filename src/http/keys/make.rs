//! `smld key`: a new key, and its lines in the file of keys.

use super::file::{Entries, Entry};
use clap::Args;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::num::NonZero;

/// Makes a key: its lines for the file of keys on the standard output, the key itself, which is kept nowhere, on the standard error
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  \
    smld key alice --max-evaluations 100000 --requests-per-second 5 >> keys.toml\n  \
    smld serve --keys keys.toml --listen 0.0.0.0:8080")]
pub struct MakeKey {
    /// Who gets it: letters, digits, '-', '_' and '.'
    #[arg(value_name = "NAME")]
    name: String,
    /// The most evaluations of its requests under way; by default as many as the server takes
    #[arg(long, value_name = "COUNT")]
    max_evaluations: Option<NonZero<u64>>,
    /// How many requests it may make in a second, on average; by default any number
    #[arg(long, value_name = "RATE")]
    requests_per_second: Option<f64>,
    /// How many of them at once; by default those of a second, one at least
    #[arg(long, value_name = "COUNT", requires = "requests_per_second")]
    burst: Option<NonZero<u32>>,
}

impl MakeKey {
    /// A new key, and its lines in the file.
    ///
    /// # Errors
    /// Where the name or the rate cannot be, or the system has no randomness.
    pub fn run(&self) -> Result<(String, String), String> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(|error| format!("no randomness: {error}"))?;
        // What it begins with lets people and scanners of secrets know it.
        let key = format!("smld_{}", hexadecimal(&bits));
        let entry = Entry {
            name: self.name.clone(),
            sha256: hexadecimal(&Sha256::digest(&key)),
            max_evaluations: self.max_evaluations,
            requests_per_second: self.requests_per_second,
            burst: self.burst,
        };
        entry.check()?;
        let lines = toml::to_string(&Entries { key: vec![entry] }).map_err(|error| error.to_string())?;
        Ok((key, lines))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
