//! `transport`, `proxy`, `tls`: how connections are made.

use serde_json::{Value, json};

use super::{
    environment::Environment,
    reader::{self, Reader, expected},
};
use crate::net::{
    proxy::ProxyOptions,
    tls::{self, TlsOptions},
};

/// The number of the platform's fetch among the user's functions.
const GLOBAL_FETCH: u32 = u32::MAX;

/// `transport`: a function that makes the exchanges over its own connections.
pub fn read_transport(r: &mut Reader<'_>) -> Option<u32> {
    r.note("transport", || json!({ "enum": ["native", "fetch"] }));
    let value = r.raw("transport")?;
    if value == "native" {
        return None;
    }
    let given = value.get("$function").and_then(Value::as_u64).map(|n| n as u32);
    let function = given.or((value == "fetch").then_some(GLOBAL_FETCH));
    if function.is_none() {
        r.problem("transport", expected("'native', 'fetch', or a function like fetch", value));
    }
    for name in ["proxy", "tls"] {
        if function.is_some() && r.is_given(name) {
            r.problem(name, "is not accepted with a transport function, which opens its own connections");
        }
    }
    function
}

/// The given value is not quoted: a proxy's address may contain a password.
const PROXY: &str = "must be 'env', false, or the proxy's http:// or https:// address";

pub fn read_proxy(r: &mut Reader<'_>, environment: &Environment) -> ProxyOptions {
    r.note("proxy", || json!({ "anyOf": [{ "const": false }, { "const": "env" }, { "type": "string", "pattern": "^https?://." }] }));
    let options = match r.raw("proxy") {
        None => environment.proxy(),
        Some(Value::Bool(false)) => ProxyOptions::Off,
        Some(Value::String(s)) if s == "env" => environment.proxy(),
        Some(Value::String(s)) => ProxyOptions::Url(s.clone()),
        Some(other) => {
            let given = reader::kind(other);
            r.problem("proxy", format!("{PROXY}, got {given}"));
            return ProxyOptions::Off;
        }
    };
    match &options {
        ProxyOptions::Url(url) if !is_proxy(url) => r.problem("proxy", PROXY),
        ProxyOptions::Environment { http, https, all, .. } => {
            for (name, url) in [("HTTP_PROXY", http), ("HTTPS_PROXY", https), ("ALL_PROXY", all)] {
                let full = if url.contains("://") { url.clone() } else { format!("http://{url}") };
                if !url.is_empty() && !is_proxy(&full) {
                    r.problem(
                        "proxy",
                        format!("{name} in the environment must be an http:// or https:// address"),
                    );
                }
            }
        }
        ProxyOptions::Url(_) | ProxyOptions::Off => {}
    }
    options
}

fn is_proxy(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|h| !h.is_empty())
}

pub fn read_tls(r: &mut Reader<'_>, environment: &Environment) -> TlsOptions {
    let mut options = r
        .object("tls", |r| {
            let ca = r.strings("ca").unwrap_or_default();
            for pem in &ca {
                if let Err(e) = tls::certificates(pem) {
                    r.problem("ca", format!("must be PEM text: {e}"));
                }
            }
            TlsOptions { ca, system_ca: r.boolean("systemCa").unwrap_or(false) }
        })
        .unwrap_or_default();
    // The contents of NODE_EXTRA_CA_CERTS; Node only warns about an invalid one.
    if let Some(pem) = environment.value("NODE_EXTRA_CA_CERTS")
        && tls::certificates(&pem).is_ok()
    {
        options.ca.push(pem);
    }
    options
}
