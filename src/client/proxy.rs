//! The proxy on the way to a server, as the environment names it.

use super::fault::ClientError;
use std::net::IpAddr;
use ureq::http::Uri;
use ureq::{Proxy, ProxyProtocol};

/// A proxy, and who named it.
pub(super) struct Named {
    pub(super) proxy: Proxy,
    /// The variable of the environment.
    pub(super) variable: &'static str,
    /// The server's, as it would have to be excepted.
    pub(super) host: String,
}

/// The proxy on the way to `uri`, where there is one. `variable` gives a variable's value. Nothing between this machine and itself
/// wants one.
///
/// # Errors
/// [`ClientError::NoProxy`] where the variable names none that can be used.
pub(super) fn on_the_way(uri: &Uri, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Named>, ClientError> {
    let said = |name: &&'static str| Some((*name, variable(name).filter(|value| !value.is_empty())?));
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
    let local = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    if local || ["no_proxy", "NO_PROXY"].iter().find_map(said).is_some_and(|(_, list)| excepts(&list, &host)) {
        return Ok(None);
    }
    let names = match uri.scheme_str() {
        Some("https") => ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        _ => ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
    };
    let Some((variable, value)) = names.iter().find_map(said) else { return Ok(None) };
    let known = |proxy: &Proxy| matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https);
    match Proxy::new(&value).ok().filter(known) {
        Some(proxy) => Ok(Some(Named { proxy, variable, host })),
        // Without the value, which may hold a password.
        None => Err(ClientError::NoProxy { variable, host }),
    }
}

/// Whether `list` has `host`, or a domain that it is in.
fn excepts(list: &str, host: &str) -> bool {
    let mut entries = list.split([',', ' ']).map(str::to_ascii_lowercase).filter(|entry| !entry.is_empty());
    entries.any(|entry| {
        let domain = entry.trim_start_matches('*').trim_start_matches('.');
        // Of * nothing is left, and every host ends with it.
        host.strip_suffix(domain).is_some_and(|rest| domain.is_empty() || rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Host, port and variable of the proxy to `url` where `variables` are set.
    fn found(url: &str, variables: &[(&str, &str)]) -> Option<String> {
        let value = |name: &str| Some(variables.iter().find(|(known, _)| *known == name)?.1.to_owned());
        let named = on_the_way(&url.parse().unwrap(), value).unwrap()?;
        Some(format!("{}:{} {}", named.proxy.host(), named.proxy.port(), named.variable))
    }

    #[test]
    fn a_proxy_is_for_the_protocol_that_its_variable_names() {
        let both = [("http_proxy", "http://a:1"), ("HTTPS_PROXY", "b:2"), ("ALL_PROXY", "http://c:3")];
        assert_eq!(found("http://far.example", &both).unwrap(), "a:1 http_proxy");
        assert_eq!(found("https://far.example", &both).unwrap(), "b:2 HTTPS_PROXY");
        assert_eq!(found("https://far.example", &both[2..]).unwrap(), "c:3 ALL_PROXY");
        assert_eq!(found("http://far.example", &both[1..2]), None);
        assert_eq!(found("http://far.example", &[("http_proxy", "")]), None);
    }

    #[test]
    fn no_proxy_is_asked_for_this_machine_and_for_whom_no_proxy_names() {
        let to = |url: &str, except: &str| found(url, &[("all_proxy", "http://c:3"), ("NO_PROXY", except)]);
        for url in ["http://127.0.0.1:8080", "https://[::1]:1", "http://LocalHost:8080", "http://127.9.9.9"] {
            assert_eq!(to(url, ""), None, "{url}");
        }
        for except in ["*", "far.example", "near, .Example", "*.example", "example"] {
            assert_eq!(to("http://far.example:1", except), None, "{except}");
        }
        for except in ["ar.example", "b.far.example", "example.org", " , "] {
            assert!(to("http://far.example:1", except).is_some(), "{except}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_is_told_by_its_variable_and_without_its_password() {
        for value in ["socks5://me:secret@c:3", "http://", "me:secret@"] {
            let uri = "http://far.example".parse().unwrap();
            let fault =
                on_the_way(&uri, |name| (name == "ALL_PROXY").then(|| value.to_owned())).err().unwrap().to_string();
            assert!(fault.contains("ALL_PROXY") && !fault.contains("secret"), "{fault}");
        }
    }
}
