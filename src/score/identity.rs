//! What a model's file is known by: its name and its digest.

use sha2::{Digest, Sha256};

/// Whether models can be called so: `[a-z0-9][a-z0-9-]*`.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(plain) && text.chars().all(|c| plain(c) || c == '-')
}

/// SHA-256 of a file's bytes, in hexadecimal.
pub(super) fn sha256(file: &[u8]) -> String {
    Sha256::digest(file).iter().map(|byte| format!("{byte:02x}")).collect()
}
