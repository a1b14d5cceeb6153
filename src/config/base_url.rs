//! The address of an endpoint, tolerant of what users paste.

use http::Uri;

use crate::dialect::codec::Dialect;

/// `https://host[:port]/path` without a trailing slash, query, fragment or credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    host: String,
    origin: String,
}

impl BaseUrl {
    /// Reads a base URL: adds the version if the dialect has one and the URL has no path; removes trailing
    /// slashes and the path of a call.
    pub fn parse(given: &str, dialect: Dialect) -> Result<Self, String> {
        let accepted = "an http:// or https:// address such as https://api.openai.com/v1";
        let given = given.trim();
        // Credentials in a URL would end up in logs; they have an option of their own.
        if given.split("//").nth(1).is_some_and(|rest| rest.split('/').next().unwrap_or("").contains('@')) {
            return Err("must not carry credentials; use apiKey or headers".into());
        }
        let uri: Uri = given.parse().map_err(|_| format!("must be {accepted}"))?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(format!("must be {accepted}"));
        };
        if !matches!(scheme, "http" | "https") {
            return Err(format!("must be {accepted}, got the scheme '{scheme}'"));
        }
        if uri.query().is_some() || given.contains('#') {
            return Err("must not have a query or a fragment".into());
        }
        let default_port = if scheme == "https" { 443 } else { 80 };
        let port = match uri.port_u16() {
            Some(port) if port != default_port => format!(":{port}"),
            _ => String::new(),
        };
        let origin = format!("{scheme}://{}{port}", host.to_ascii_lowercase());
        let mut path = uri.path().trim_end_matches('/');
        let pasted = match dialect {
            Dialect::OpenAi => path.strip_suffix("/chat/completions"),
            Dialect::Anthropic(_) => path.strip_suffix("/messages"),
            Dialect::Google | Dialect::Relay => path.find("/models").map(|at| &path[..at]),
        };
        path = pasted.unwrap_or(path).trim_end_matches('/');
        let path = match (path, dialect) {
            ("", Dialect::Google) => "/v1beta",
            ("", _) => "/v1",
            (path, Dialect::Anthropic(_)) if !path.ends_with("/v1") => &format!("{path}/v1"),
            (path, _) => path,
        };
        Ok(Self { text: format!("{origin}{path}"), host: host.to_ascii_lowercase(), origin })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// Scheme, host and port: the scope of DNS, TCP and TLS failures.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The parsed address of a path below it.
    pub fn uri(&self, path: &str) -> Uri {
        // A valid base URL with a plain path is valid.
        self.join(path).parse().unwrap_or_default()
    }

    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

/// The name of an endpoint without one: its host, and its port if it is not the default.
pub fn host_name(address: &str) -> String {
    BaseUrl::parse(address, Dialect::OpenAi)
        .map(|url| url.origin().split("://").nth(1).unwrap_or("endpoint").to_owned())
        .unwrap_or_else(|_| "endpoint".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::anthropic::write_chat::Version;

    #[test]
    fn pasted_forms() {
        for (given, expected) in [
            ("https://api.openai.com", "https://api.openai.com/v1"),
            ("https://api.openai.com/", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
            ("https://API.openai.com:443/v1//", "https://api.openai.com/v1"),
            ("https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"),
            ("https://api.openai.com/chat/completions/", "https://api.openai.com/v1"),
            ("http://localhost:11434/api/v3", "http://localhost:11434/api/v3"),
            ("http://[::1]:8080", "http://[::1]:8080/v1"),
        ] {
            assert_eq!(
                BaseUrl::parse(given, Dialect::OpenAi).map(|u| u.text),
                Ok(expected.into()),
                "{given}"
            );
        }
        let anthropic = Dialect::Anthropic(Version::New);
        for (given, dialect, expected) in [
            ("https://api.anthropic.com", anthropic, "https://api.anthropic.com/v1"),
            ("https://api.anthropic.com/v1/", anthropic, "https://api.anthropic.com/v1"),
            ("https://api.anthropic.com/v1/messages", anthropic, "https://api.anthropic.com/v1"),
            ("https://api.deepseek.com/anthropic", anthropic, "https://api.deepseek.com/anthropic/v1"),
            ("https://g.test", Dialect::Google, "https://g.test/v1beta"),
            ("https://g.test/v1", Dialect::Google, "https://g.test/v1"),
            ("https://g.test/v1beta/models/x:generateContent", Dialect::Google, "https://g.test/v1beta"),
            ("https://r.test", Dialect::Relay, "https://r.test/v1"),
            ("https://r.test/api/models/x/generate", Dialect::Relay, "https://r.test/api"),
        ] {
            assert_eq!(BaseUrl::parse(given, dialect).map(|u| u.text), Ok(expected.into()), "{given}");
        }
    }

    #[test]
    fn refused_forms_name_what_is_accepted_and_no_secret() {
        for given in [
            "",
            "api.openai.com",
            "ftp://x",
            "https://",
            "https://user:secret@host/v1",
            "https://h/v1?key=secret",
            "/v1",
            "not a url",
        ] {
            let error = BaseUrl::parse(given, Dialect::OpenAi).expect_err(given);
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
