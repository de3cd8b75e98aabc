//! The file of keys: TOML, a table `[[key]]` for each.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::num::NonZero;

/// The most keys of a file: every request is compared with all of them.
const MOST: usize = 1000;

/// A key, as it stands in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Entry {
    /// Who has it: in the log, in the metrics, and the owner of jobs.
    pub(super) name: String,
    /// The SHA-256 of the key, in hexadecimal.
    pub(super) sha256: String,
    /// The most evaluations of its requests under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_evaluations: Option<NonZero<u64>>,
    /// How many requests it may make in a second, on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) requests_per_second: Option<f64>,
    /// How many of them at once; by default those of a second, one at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) burst: Option<NonZero<u32>>,
}

/// All of them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entries {
    #[serde(default)]
    pub(super) key: Vec<Entry>,
}

impl Entries {
    /// The keys in `text`: at least one, each sound, no name or digest twice.
    pub(super) fn parse(text: &[u8]) -> Result<Vec<Entry>, String> {
        let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
        // Not its Display, which shows the line: a key may stand there by mistake.
        let told = |error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("line {line}: {}", error.message())
        };
        let Self { key: entries } = toml::from_str(text).map_err(told)?;
        if entries.is_empty() {
            return Err("there is no key in it: `smld key NAME` prints the lines of one".to_owned());
        }
        if entries.len() > MOST {
            return Err(format!("it has {} keys; {MOST} are the most", entries.len()));
        }
        let (mut names, mut digests) = (BTreeSet::new(), BTreeSet::new());
        for entry in &entries {
            entry.check()?;
            if !names.insert(&entry.name) || !digests.insert(entry.digest()?) {
                return Err(format!("the key '{}' is there twice, by its name or its sha256", entry.name));
            }
        }
        Ok(entries)
    }
}

impl Entry {
    /// Whether it can be.
    pub(super) fn check(&self) -> Result<(), String> {
        let is_sane = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let name = &self.name;
        if !(1..=64).contains(&name.len()) || !name.bytes().all(is_sane) {
            return Err(format!("the name {name:?} must be 1 to 64 letters, digits, '-', '_' and '.'"));
        }
        self.digest()?;
        match self.requests_per_second {
            Some(rate) if !(rate > 0.0 && rate <= 1e6) => {
                Err(format!("'{name}': requests-per-second is {rate}; it must be above 0, and 1000000 at most"))
            }
            None if self.burst.is_some() => Err(format!("'{name}': burst means nothing without requests-per-second")),
            _ => Ok(()),
        }
    }

    /// The digest of the key.
    pub(super) fn digest(&self) -> Result<[u8; 32], String> {
        let fault = || format!("'{}': sha256 must be the 64 hexadecimal digits that `smld key` prints", self.name);
        let mut digest = [0; 32];
        if self.sha256.len() != 64 || !self.sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(fault());
        }
        for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&self.sha256[at..at + 2], 16).map_err(|_| fault())?;
        }
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_is_told_why_and_shows_no_key() {
        let digest = "a1".repeat(32);
        let key = |more: &str| format!("[[key]]\nname = \"a\"\nsha256 = \"{digest}\"\n{more}");
        for (text, expected) in [
            (String::new(), "there is no key in it"),
            ("[[key]]\nname = \"a\"\n".to_owned(), "line 1: missing field `sha256`"),
            ("[[key]]\nname = \"a\"\nsha256 = \"smld_secret\"".to_owned(), "'a': sha256 must be the 64"),
            ("[[key]]\nname = \"a\"\nkey = \"smld_secret\"".to_owned(), "line 3: unknown field `key`"),
            (key("").replace("\"a\"", "\"a b\""), "1 to 64 letters"),
            (key("burst = 2"), "burst means nothing"),
            (key("requests-per-second = 0.0"), "it must be above 0"),
            (key("requests-per-second = nan"), "it must be above 0"),
            (key("max-evaluations = 0"), "line 4: "),
            (key("") + &key(""), "the key 'a' is there twice"),
            (key("") + &key("").replace("\"a\"", "\"b\""), "the key 'b' is there twice"),
        ] {
            let reason = Entries::parse(text.as_bytes()).unwrap_err();
            assert!(reason.contains(expected) && !reason.contains("secret"), "{text}\n{reason}");
        }
        let entries =
            Entries::parse(key("requests-per-second = 0.5\nburst = 3\nmax-evaluations = 10").as_bytes()).unwrap();
        assert_eq!((entries.len(), entries[0].digest().unwrap()), (1, [0xa1; 32]));
    }
}
