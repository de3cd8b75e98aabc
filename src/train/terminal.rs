//! What a command says, to whoever reads it.
//!
//! `println!` and `eprintln!` end the program where the reader is gone, as `head` is after its lines, and its work with it.

use std::io::{self, Write};

/// Writes `text` to the standard output, as far as anybody reads it.
pub fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// Writes `sentence` as a line of the standard error, where anybody reads it.
pub fn tell(sentence: &str) {
    let _ = io::stderr().write_all(format!("{sentence}\n").as_bytes());
}
