//! What a job is called: all that says whose it is.

use crate::engine::InvalidRequest;
use crate::http::keys::Asker;
use crate::http::problem::Problem;
use std::sync::Arc;

/// The id of a job, as it stands in a path, among those of one asker: two keys may choose the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct JobId {
    /// The name of the key; none where no key is wanted.
    owner: Option<Arc<str>>,
    id: String,
}

impl JobId {
    /// An id that nobody guesses: 128 random bits.
    pub(super) fn random(asker: &Asker) -> Result<Self, Problem> {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).map_err(|error| Problem::Internal { reason: format!("no randomness: {error}") })?;
        Ok(Self::asked(asker, format!("{:032x}", u128::from_ne_bytes(bits))))
    }

    /// An id that a client chose. The shortest is long enough for 64 random bits in hexadecimal.
    pub(super) fn chosen(asker: &Asker, id: String) -> Result<Self, Problem> {
        let is_sane = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if (16..=64).contains(&id.len()) && id.bytes().all(is_sane) {
            return Ok(Self::asked(asker, id));
        }
        let reason = "it must be 16 to 64 letters, digits, '-' and '_', which nobody else would choose, as a UUID";
        Err(InvalidRequest::new("id", reason).into())
    }

    /// An id that is looked for, whatever it is.
    pub(super) fn asked(asker: &Asker, id: String) -> Self {
        Self { owner: asker.name().cloned(), id }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.id
    }
}
