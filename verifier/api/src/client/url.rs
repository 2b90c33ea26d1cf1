//! Where a service is: the scheme and host that are allowed, in one spelling.

use std::net::IpAddr;

use covenant_policy::refusal::Refusal;
use ureq::http::Uri;
use ureq::http::uri::Authority;

use crate::refusals::{INSECURE_URL, SERVICE_URL_MALFORMED};

/// Bytes of an address.
const BYTES_MAX: usize = 500;

/// A service's address: scheme, host, port where it is not the scheme's own, and what stands before `/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    text: String,
    /// Calls stay on this machine.
    local: bool,
}

impl Base {
    /// Reads an address.
    ///
    /// # Errors
    /// `service-url-malformed`; `insecure-url` where it is http to another machine and that is not allowed.
    pub(super) fn parse(text: &str, allow_insecure: bool) -> Result<Self, Refusal> {
        // What was given may hold a password, so it is not repeated.
        let refuse = |what: &str| {
            Refusal::new(&SERVICE_URL_MALFORMED, what).expected("an address such as https://covenant.example.org")
        };
        if text.len() > BYTES_MAX || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(refuse("not 1 to 500 printable ASCII characters"));
        }
        // The parser drops fragments in silence.
        if text.contains(['#', '?']) {
            return Err(refuse("it has a query or a fragment"));
        }
        let uri: Uri = text.parse().map_err(|_| refuse("it cannot be read"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(refuse("it has no scheme or no host"));
        };
        if authority.as_str().contains('@') {
            return Err(refuse("it holds a user's name"));
        }
        let (host, port) = host_and_port(authority).ok_or_else(|| refuse("its host or port cannot be read"))?;
        let local = is_loopback(&host);
        let default = match scheme {
            "https" => 443,
            "http" => 80,
            _ => return Err(refuse("its scheme is neither https nor http")),
        };
        if scheme == "http" && !local && !allow_insecure {
            return Err(Refusal::new(&INSECURE_URL, format!("http to {host}")).expected("https"));
        }
        let port = port.filter(|port| *port != default);
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let path = uri.path().trim_end_matches('/');
        Ok(Self {
            text: format!("{scheme}://{host}{port}{path}"),
            local,
        })
    }

    /// The address.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether calls stay on this machine.
    pub(super) fn is_local(&self) -> bool {
        self.local
    }

    /// The address of a path of the service.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

/// Host and port. The parser lets other things stand where the port does.
fn host_and_port(authority: &Authority) -> Option<(String, Option<u16>)> {
    let host = authority.host();
    let port = match authority.as_str().strip_prefix(host)?.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    (!host.is_empty()).then(|| (host.to_ascii_lowercase(), port))
}

/// Whether a host is this machine: `localhost` (RFC 6761), 127.0.0.0/8, ::1.
fn is_loopback(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Result<String, &'static str> {
        Base::parse(text, false)
            .map(|base| base.as_str().to_owned())
            .map_err(|r| r.code())
    }

    #[test]
    fn an_address_has_one_spelling() {
        for (text, expected) in [
            ("https://Covenant.Example.org", "https://covenant.example.org"),
            ("https://covenant.example.org:443/", "https://covenant.example.org"),
            (
                "https://covenant.example.org:8443/a/b/",
                "https://covenant.example.org:8443/a/b",
            ),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost:8080/", "http://localhost:8080"),
        ] {
            assert_eq!(base(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for text in [
            "",
            "covenant.example.org",
            "/v1",
            "ftp://covenant.example.org",
            "https://user:secret@covenant.example.org",
            "https://covenant.example.org?token=secret",
            "https://covenant.example.org#secret",
            "https://covenant.example.org:secret",
            "https://covenant.example.org:70000",
            "https://covenant.example.org/secret path",
            "https://",
        ] {
            let refusal = Base::parse(text, true).unwrap_err();
            assert_eq!(refusal.code(), "service-url-malformed", "{text}");
            assert!(!refusal.to_string().contains("secret"), "{refusal}");
        }
    }

    #[test]
    fn http_stays_on_this_machine() {
        for text in [
            "http://covenant.example.org",
            "http://10.0.0.1",
            "http://localhost.example.org",
            "http://128.0.0.1",
            "http://0.0.0.0:8080",
            "http://[::2]",
        ] {
            assert_eq!(base(text), Err("insecure-url"), "{text}");
            assert_eq!(Base::parse(text, true).map(|base| base.is_local()), Ok(false));
        }
        assert_eq!(
            Base::parse("http://127.9.9.9", false).map(|base| base.is_local()),
            Ok(true)
        );
    }
}
