//! Selects the proxy for an address.

use std::fmt;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;

#[derive(Clone, Default, PartialEq)]
pub enum ProxyOptions {
    #[default]
    Off,
    /// One proxy for everything.
    Url(String),
    /// From the environment variables.
    Environment { http: String, https: String, all: String, no: String },
}

/// An address may contain a password.
impl fmt::Debug for ProxyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "no proxy",
            Self::Url(_) => "a proxy",
            Self::Environment { .. } => "the environment's proxy",
        })
    }
}

pub struct Proxy(Matcher);

/// A proxy and its authorization.
pub struct ProxyHop {
    pub uri: Uri,
    pub authorization: Option<HeaderValue>,
}

impl Proxy {
    pub fn new(options: &ProxyOptions) -> Option<Self> {
        match options {
            ProxyOptions::Off => None,
            ProxyOptions::Url(url) => Some(Self(Matcher::builder().all(url.clone()).build())),
            ProxyOptions::Environment { http, https, all, .. }
                if http.is_empty() && https.is_empty() && all.is_empty() =>
            {
                None
            }
            // "*" disables proxies, by convention.
            ProxyOptions::Environment { no, .. } if no.split(',').any(|name| name.trim() == "*") => None,
            ProxyOptions::Environment { http, https, all, no } => {
                let mut builder = Matcher::builder().no(no.clone());
                if !all.is_empty() {
                    builder = builder.all(all.clone());
                }
                if !http.is_empty() {
                    builder = builder.http(http.clone());
                }
                if !https.is_empty() {
                    builder = builder.https(https.clone());
                }
                Some(Self(builder.build()))
            }
        }
    }

    pub fn hop(&self, target: &Uri) -> Option<ProxyHop> {
        let intercept = self.0.intercept(target)?;
        Some(ProxyHop { uri: intercept.uri().clone(), authorization: intercept.basic_auth().cloned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(options: &ProxyOptions, target: &str) -> Option<String> {
        Proxy::new(options)?.hop(&target.parse().expect("uri")).map(|h| h.uri.to_string())
    }

    #[test]
    fn the_environment_is_followed() {
        let options = ProxyOptions::Environment {
            http: String::new(),
            https: "http://user:pw@proxy:3128".into(),
            all: String::new(),
            no: "internal.example,127.0.0.1".into(),
        };
        assert_eq!(hop(&options, "https://api.openai.com/v1").as_deref(), Some("http://proxy:3128/"));
        assert_eq!(hop(&options, "http://api.openai.com/v1"), None);
        assert_eq!(hop(&options, "https://a.internal.example"), None);
        assert_eq!(hop(&options, "https://127.0.0.1:9"), None);
        let proxy = Proxy::new(&options).expect("set");
        let hop = proxy.hop(&"https://x.example".parse().expect("uri")).expect("proxied");
        assert!(hop.authorization.is_some_and(|a| a.is_sensitive()));
    }

    #[test]
    fn a_star_excepts_everything() {
        let options = ProxyOptions::Environment {
            http: String::new(),
            https: String::new(),
            all: "http://proxy:1".into(),
            no: "localhost, *".into(),
        };
        assert!(Proxy::new(&options).is_none());
    }

    #[test]
    fn an_explicit_one_takes_everything() {
        let options = ProxyOptions::Url("http://proxy:1".into());
        assert_eq!(hop(&options, "http://127.0.0.1:9").as_deref(), Some("http://proxy:1/"));
        assert!(Proxy::new(&ProxyOptions::Off).is_none());
    }
}
