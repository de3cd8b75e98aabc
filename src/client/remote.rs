//! A server somewhere else.

use super::fault::{ClientError, Refusal};
use super::proxy::{self, Named};
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::http::{HeaderValue, Response, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::typestate::WithBody;
use ureq::{Agent, Body, BodyReader, RequestBuilder};

/// Which server is asked.
#[derive(Args, Debug)]
pub(super) struct RemoteArgs {
    /// The server's address
    #[arg(long, env = "SMLD_URL", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(super) url: String,
    /// The key that the server wants; by the variable rather than the flag, which others on this machine may see
    #[arg(long, env = "SMLD_KEY", hide_env_values = true, value_name = "KEY")]
    pub(super) key: Option<String>,
    /// Certificates to trust in place of the system's, as PEM: of a server whose certificate nobody else has signed
    #[arg(long, env = "SMLD_CA", value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

/// A server that is asked.
pub(super) struct Remote {
    http: Agent,
    url: String,
    /// The header that shows the key.
    key: Option<HeaderValue>,
    proxy: Option<Named>,
}

/// What a server answered, before its body is read.
pub(super) struct Answer(Response<Body>);

/// How long a server may take to accept a connection. How long it may draw is its own affair.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most requests that one program has under way, each on a connection that is kept for the next.
pub(super) const MOST: usize = 512;

/// How long it may take for a document, from the connection to the last byte.
const DOCUMENT_PATIENCE: Duration = Duration::from_secs(30);

impl Remote {
    /// The server at the address; without a protocol HTTP is meant.
    ///
    /// # Errors
    /// Where it is no address, the key or the proxy on the way can be none, or the certificates cannot be read.
    pub(super) fn new(args: &RemoteArgs) -> Result<Self, ClientError> {
        let url = if args.url.contains("://") { args.url.clone() } else { format!("http://{}", args.url) };
        let known = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
        let Some(uri) = url.parse().ok().filter(known) else {
            return Err(ClientError::Url { url: args.url.clone() });
        };
        let bearer = |key: &String| HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ClientError::Key);
        let key = args.key.as_ref().map(bearer).transpose()?;
        let proxy = proxy::on_the_way(&uri, |name| std::env::var(name).ok())?;
        let roots = args.ca.as_deref().map_or(Ok(RootCerts::PlatformVerifier), trusted)?;
        let tls = TlsConfig::builder().root_certs(roots).build();
        let config = Agent::config_builder()
            .timeout_connect(Some(PATIENCE))
            .max_idle_connections(MOST)
            .max_idle_connections_per_host(MOST)
            .http_status_as_error(false)
            // A request with a body would be sent on as one without, and the key not at all.
            .max_redirects(0)
            .proxy(proxy.as_ref().map(|named| named.proxy.clone()))
            .tls_config(tls)
            .user_agent(concat!("smld/", env!("CARGO_PKG_VERSION")));
        Ok(Self { http: config.build().new_agent(), url: url.trim_end_matches('/').to_owned(), key, proxy })
    }

    /// The document at `path`.
    ///
    /// # Errors
    /// Where nobody answers, or not with a document.
    pub(super) fn document(&self, path: &str) -> Result<Value, ClientError> {
        let request = self.keyed(self.http.get(format!("{}{path}", self.url)));
        self.read(self.understood(bounded(request).call())?)
    }

    /// What `POST /v1/samples` answers to `body` in the format `accept`.
    ///
    /// # Errors
    /// Where nobody answers, or with a problem.
    pub(super) fn samples(&self, body: &impl Serialize, accept: &str) -> Result<Answer, ClientError> {
        let answer = self.understood(self.asking(accept).send_json(body))?;
        let found = answer.header("content-type").unwrap_or_default();
        let is_asked_for = found.split(';').next().is_some_and(|found| found.trim().eq_ignore_ascii_case(accept));
        // Whatever stands at the address instead, as a page to log in, is not to replace a file.
        if !is_asked_for || answer.header("x-smld-seed").is_none() {
            return Err(self.foreign(&format!("'{found}' in place of samples as {accept}")));
        }
        Ok(answer)
    }

    /// What would be drawn for `body`, which asks for a dry run, in the format `accept`.
    ///
    /// # Errors
    /// As [`samples`](Self::samples).
    pub(super) fn plan(&self, body: &impl Serialize, accept: &str) -> Result<Value, ClientError> {
        self.read(self.understood(bounded(self.asking(accept)).send_json(body))?)
    }

    fn asking(&self, accept: &str) -> RequestBuilder<WithBody> {
        self.keyed(self.http.post(format!("{}/v1/samples", self.url))).header("accept", accept)
    }

    /// `request` with the key, where there is one.
    fn keyed<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.key {
            Some(key) => request.header("authorization", key),
            None => request,
        }
    }

    /// Something that answers, and is not smld.
    pub(super) fn foreign(&self, reason: &str) -> ClientError {
        ClientError::Foreign { url: self.url.clone(), reason: reason.to_owned() }
    }

    /// An answer that did not come to its end.
    pub(super) fn broken_off(&self, reason: &str) -> ClientError {
        ClientError::BrokenOff { url: self.url.clone(), reason: reason.to_owned() }
    }

    /// The document that `answer` is.
    fn read<T: DeserializeOwned>(&self, answer: Answer) -> Result<T, ClientError> {
        serde_json::from_reader(answer.body()).map_err(|error| {
            let reason = error.to_string();
            if error.is_io() { self.broken_off(&reason) } else { self.foreign(&reason) }
        })
    }

    /// Why nothing came.
    fn unanswered(&self, source: ureq::Error) -> ClientError {
        let url = self.url.clone();
        match (source, &self.proxy) {
            (ureq::Error::Io(source), _) if source.kind() == io::ErrorKind::InvalidData => {
                ClientError::Untrusted { url, source }
            }
            (source, Some(Named { proxy, variable, host })) => {
                let proxy = format!("{}:{}", proxy.host(), proxy.port());
                ClientError::Proxied { url, proxy, variable, host: host.clone(), source: Box::new(source) }
            }
            (source, None) => ClientError::Unreachable { url, source },
        }
    }

    fn understood(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Answer, ClientError> {
        let answer = answer.map(Answer).map_err(|source| self.unanswered(source))?;
        let status = answer.0.status();
        if status.is_success() {
            return Ok(answer);
        }
        if let Some(location) = answer.header("location").filter(|_| status.is_redirection()) {
            return Err(ClientError::Moved { url: self.url.clone(), location });
        }
        let retry_after = answer.header("retry-after");
        let refusal: Refusal = serde_json::from_reader(answer.body())
            .map_err(|_| self.foreign(&format!("status {status}, without a problem document")))?;
        Err(ClientError::Refused(Refusal { status: status.as_u16(), retry_after, ..refusal }))
    }
}

/// `request`, which is for a document and not waited for without end.
fn bounded<B: 'static>(request: RequestBuilder<B>) -> RequestBuilder<B> {
    request.config().timeout_global(Some(DOCUMENT_PATIENCE)).build()
}

/// The certificates in the file `path`.
fn trusted(path: &Path) -> Result<RootCerts, ClientError> {
    let file = |source| ClientError::File { path: path.to_owned(), source };
    let pem = std::fs::read(path).map_err(file)?;
    let items = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
        Ok(_) => None,
        Err(error) => Some(Err(io::Error::new(io::ErrorKind::InvalidData, error))),
    });
    let certificates = items.collect::<Result<Vec<Certificate<'static>>, _>>().map_err(file)?;
    if certificates.is_empty() {
        return Err(file(io::Error::new(io::ErrorKind::InvalidData, "there is no certificate in it")));
    }
    Ok(RootCerts::from(certificates))
}

impl Answer {
    /// The value of the header `name`, where there is one that is text.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        Some(self.0.headers().get(name)?.to_str().ok()?.to_owned())
    }

    /// The values of all headers called `name`.
    pub(super) fn headers(&self, name: &str) -> impl Iterator<Item = String> {
        self.0.headers().get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// What follows the headers, however long it is.
    pub(super) fn body(self) -> BodyReader<'static> {
        self.0.into_body().into_with_config().limit(u64::MAX).reader()
    }
}
