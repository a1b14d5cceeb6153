//! The address of an endpoint, forgiving what people paste.

use http::Uri;

/// `https://host[:port]/path` without a trailing slash, query, fragment or credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    host: String,
    origin: String,
}

impl BaseUrl {
    /// Reads an OpenAI-compatible base URL: `/v1` is added when there is no path, a pasted
    /// `/chat/completions` and trailing slashes are removed.
    pub fn parse(given: &str) -> Result<Self, String> {
        let accepted = "an http:// or https:// address such as https://api.openai.com/v1";
        let given = given.trim();
        // Credentials in a URL end up in logs; they have a place of their own.
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
        path = path.strip_suffix("/chat/completions").unwrap_or(path).trim_end_matches('/');
        let path = if path.is_empty() { "/v1" } else { path };
        Ok(Self { text: format!("{origin}{path}"), host: host.to_ascii_lowercase(), origin })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// Scheme, host and port: what DNS, TCP and TLS failures are about.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The address of something below it, parsed.
    pub fn uri(&self, path: &str) -> Uri {
        // A base URL that was parsed stays one with a plain path behind it.
        self.join(path).parse().unwrap_or_default()
    }

    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(BaseUrl::parse(given).map(|u| u.text), Ok(expected.into()), "{given}");
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
            let error = BaseUrl::parse(given).expect_err(given);
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
