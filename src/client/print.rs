//! What a person or the next program reads.

use super::fault::ClientError;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Writes `text` to standard output. A reader who has gone has what he wanted.
///
/// # Errors
/// [`ClientError::File`] where it cannot be written for another reason, as that the disk is full.
pub fn print(text: impl Display) -> Result<(), ClientError> {
    let mut out = io::stdout();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(ClientError::File { path: "standard output".into(), source })
        }
        _ => Ok(()),
    }
}

/// A line for the person who waits, on standard error. That nobody reads it is no reason to fail.
pub fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}
