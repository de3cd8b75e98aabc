//! The keys in force, and which of them a request brings.

use super::file::Entries;
use super::holder::{Asker, Holder};
use crate::http::reload::{Fresh, Unusable};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use subtle::ConstantTimeEq;

pub(in crate::http) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Who may ask: those who have a key of a file, which is read again when it changes; or everyone. Cheap to clone.
#[derive(Clone, Default)]
pub struct Keys(Option<Arc<Fresh<Ring>>>);

/// The keys of a file.
struct Ring(Vec<Arc<Holder>>);

/// Why a request is not let in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Denied {
    /// It brings no key.
    #[error("a key is wanted: send it in the header 'authorization: Bearer KEY' or 'x-api-key: KEY'")]
    NoKey,
    /// It brings one that is not in the file.
    #[error("this key is not known here, or not any longer")]
    UnknownKey,
    /// The key is used too often.
    #[error("the key '{key}' may ask {per_second} times a second; see requests-per-second in the file of keys")]
    TooOften {
        /// Its name.
        key: Arc<str>,
        /// Its rate.
        per_second: f64,
        /// After how long the next request is let in.
        retry_after: Duration,
    },
    /// The key's requests under way leave no room for this one.
    #[error(
        "the key '{key}' may have {most} evaluations under way and has {used}; this request takes {asked}; see \
         max-evaluations in the file of keys"
    )]
    Busy {
        /// Its name.
        key: Arc<str>,
        /// The most it may have.
        most: u64,
        /// How many it has.
        used: u64,
        /// How many this request takes.
        asked: u64,
    },
    /// The request takes more than the key may ever have.
    #[error(
        "the key '{key}' may have {most} evaluations under way, and this request takes {asked}: ask for ranges of \
         first_index, one after the other; see max-evaluations in the file of keys"
    )]
    TooMuch {
        /// Its name.
        key: Arc<str>,
        /// The most it may have.
        most: u64,
        /// How many this request takes.
        asked: u64,
    },
}

impl Denied {
    /// The name of the key, where it is known.
    #[must_use]
    pub fn key(&self) -> Option<&Arc<str>> {
        match self {
            Self::NoKey | Self::UnknownKey => None,
            Self::TooOften { key, .. } | Self::Busy { key, .. } | Self::TooMuch { key, .. } => Some(key),
        }
    }
}

impl Keys {
    /// The keys of the file `path`.
    ///
    /// # Errors
    /// Where it cannot be read or has no sound keys.
    pub fn read(path: &Path) -> Result<Self, Unusable> {
        Ok(Self(Some(Arc::new(Fresh::new(vec![path.to_owned()], Ring::make)?))))
    }

    /// Whether a key is wanted at all.
    #[must_use]
    pub fn are_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Who sends a request with `headers`; one of the key's rate is taken.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn check(&self, headers: &HeaderMap) -> Result<Asker, Denied> {
        let Some(ring) = &self.0 else { return Ok(Asker::default()) };
        let key = presented(headers).ok_or(Denied::NoKey)?;
        let holder = ring.get().find(key).ok_or(Denied::UnknownKey)?;
        holder.ask(Instant::now())?;
        Ok(Asker::new(holder))
    }

    /// Reads the file again if it has changed. Whether what it has now is in force; nothing where there is no file.
    pub fn look(&self) -> Option<bool> {
        self.0.as_ref().map(|ring| ring.look())
    }
}

/// The key of a request: the bearer's token (RFC 6750, section 2.1), or else the header `x-api-key`.
fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked("bearer ".len())?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
    });
    bearer.or_else(|| headers.get(X_API_KEY).map(|value| value.as_bytes().trim_ascii())).filter(|key| !key.is_empty())
}

impl Ring {
    fn make(contents: &[Vec<u8>], before: Option<&Self>) -> Result<Self, String> {
        let text = contents.first().map(Vec::as_slice).unwrap_or_default();
        let same = |name: &str| before.and_then(|before| before.0.iter().find(|holder| **holder.name() == *name));
        let holders = Entries::parse(text)?.into_iter().map(|entry| {
            let before = same(&entry.name).map(AsRef::as_ref);
            Ok(Arc::new(Holder::new(&entry, before)?))
        });
        holders.collect::<Result<_, String>>().map(Self)
    }

    /// Who has `key`. Digests are compared, whole, with every holder's: how long that takes tells nothing of how near a guess
    /// was.
    fn find(&self, key: &[u8]) -> Option<Arc<Holder>> {
        let digest: [u8; 32] = Sha256::digest(key).into();
        let mut found = None;
        for holder in &self.0 {
            if bool::from(digest[..].ct_eq(&holder.digest()[..])) {
                found = Some(Arc::clone(holder));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_brought_as_a_bearers_token_or_in_its_own_header() {
        let brought = |headers: &[(&'static str, &'static str)]| {
            let headers = headers.iter().map(|&(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
            presented(&headers.collect()).map(|key| String::from_utf8(key.to_vec()).unwrap())
        };
        assert_eq!(brought(&[("authorization", "Bearer k")]).as_deref(), Some("k"));
        assert_eq!(brought(&[("authorization", "bearer  k ")]).as_deref(), Some("k"));
        assert_eq!(brought(&[("x-api-key", "k")]).as_deref(), Some("k"));
        assert_eq!(brought(&[("authorization", "Basic dTpw"), ("x-api-key", "k")]).as_deref(), Some("k"));
        assert_eq!(brought(&[("authorization", "Bearer a"), ("x-api-key", "b")]).as_deref(), Some("a"));
        for nothing in ["", "Bearer", "Bearer ", "Basic dTpw", "Bearerk"] {
            assert_eq!(brought(&[("authorization", nothing)]), None, "{nothing}");
        }
    }
}
