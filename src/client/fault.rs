//! Why a client could not do what it was asked.

use crate::plot::PlotError;
use serde::Deserialize;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// A client's failure, as a sentence for a person.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is none.
    #[error("--url {url} is no address of a server: wanted is something like http://127.0.0.1:8080")]
    Url {
        /// What was given.
        url: String,
    },
    /// Nobody answers, or the connection broke.
    #[error("{url}: {source}; is a server running there? `smld serve` starts one")]
    Unreachable {
        /// Where it was sought.
        url: String,
        /// Why.
        source: ureq::Error,
    },
    /// The key is none.
    #[error("--key, or SMLD_KEY, can be no key: it has a line break or another sign that no header can hold")]
    Key,
    /// What should be a proxy is none.
    #[error(
        "{variable} names no proxy that can be used: wanted is something like http://proxy.example:3128, and NO_PROXY={host} does without"
    )]
    NoProxy {
        /// The variable of the environment.
        variable: &'static str,
        /// The server's.
        host: String,
    },
    /// Nobody answers through the proxy that is asked.
    #[error(
        "{url}: {source}; it was asked through the proxy {proxy}, which {variable} names: NO_PROXY={host} does without"
    )]
    Proxied {
        /// Where it was sought.
        url: String,
        /// Host and port.
        proxy: String,
        /// The variable of the environment that names it.
        variable: &'static str,
        /// The server's.
        host: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// The server is somewhere else.
    #[error("{url} sends on to {location}, where nothing was asked; --url names the server that is to be")]
    Moved {
        /// Who answered.
        url: String,
        /// Where it sends.
        location: String,
    },
    /// Somebody answers whose certificate does not prove who it is.
    #[error(
        "{url}: {source}; --ca names the certificates to trust, where the server's is not signed for everyone; one without TLS is \
             asked with http://"
    )]
    Untrusted {
        /// Who was asked.
        url: String,
        /// Why it is not trusted.
        source: io::Error,
    },
    /// The server's own words.
    #[error("{0}")]
    Refused(Refusal),
    /// Something else answers there.
    #[error("{url} answered, but not as smld does: {reason}")]
    Foreign {
        /// Who answered.
        url: String,
        /// What was strange.
        reason: String,
    },
    /// An answer that did not come to its end.
    #[error("{url}: the answer broke off: {reason}")]
    BrokenOff {
        /// Whose answer.
        url: String,
        /// Why.
        reason: String,
    },
    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The format cannot be known.
    #[error("{}: the name's ending chooses the format: .png, .webp, .jpeg, .json, .npy, .zip or .tar; or say it by --format", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// Not a picture of smld's.
    #[error("{}: {reason}", path.display())]
    NoRecipe {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A picture of what was measured that cannot be made.
    #[error(transparent)]
    Plot(#[from] PlotError),
    /// A request that was neither answered nor refused.
    #[error("of {sent} requests {failed} failed, the first with: {reason}")]
    Failing {
        /// How many were sent.
        sent: usize,
        /// How many failed.
        failed: usize,
        /// Why the first did.
        reason: String,
    },
    /// What was made again is something else.
    #[error("{reason}")]
    Differs {
        /// In what.
        reason: String,
    },
}

/// A problem document (RFC 9457), as far as a person wants it.
#[derive(Debug, Default, Deserialize)]
pub struct Refusal {
    /// The status of HTTP.
    #[serde(default)]
    pub status: u16,
    /// What kind of problem.
    #[serde(default)]
    pub title: String,
    /// What is wrong and what to do.
    #[serde(default)]
    pub detail: String,
    /// The field at fault.
    pub field: Option<String>,
    /// Seconds after which to ask again, from `Retry-After`.
    #[serde(skip)]
    pub retry_after: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, title, detail, field, retry_after } = self;
        write!(f, "{status} {title}")?;
        if let Some(field) = field {
            write!(f, " ({field})")?;
        }
        if !detail.is_empty() {
            write!(f, ": {detail}")?;
        }
        if let Some(seconds) = retry_after {
            write!(f, "; try again in {seconds} s")?;
        }
        Ok(())
    }
}
