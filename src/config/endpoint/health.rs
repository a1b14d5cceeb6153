//! `healthCheck` of an endpoint.

use std::time::Duration;

use serde_json::{Value, json};

use crate::config::{
    reader::{Reader, expected},
    vendors::STATUS_PAGES,
};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct EndpointHealth {
    pub enabled: Option<bool>,
    pub interval: Option<Duration>,
    pub url: Option<String>,
    /// The vendor's status page.
    pub status_page: Option<String>,
}

/// `vendor` may have a known status page.
pub fn read_health(r: &mut Reader<'_>, vendor: Option<&str>) -> Option<EndpointHealth> {
    r.object("healthCheck", |r| {
        let health = EndpointHealth {
            enabled: r.boolean("enabled"),
            interval: r.duration("interval", Duration::from_millis(1)),
            url: r.string("url"),
            status_page: read_status_page(r, vendor),
        };
        if let Some(problem) = health.url.as_deref().and_then(bad_address) {
            r.problem("url", problem);
        }
        health
    })
}

/// An address, or `true` for the vendor's own status page, if known.
fn read_status_page(r: &mut Reader<'_>, vendor: Option<&str>) -> Option<String> {
    r.note(
        "statusPage",
        || json!({ "anyOf": [{ "type": "string", "pattern": "^https?://." }, { "type": "boolean" }] }),
    );
    match r.raw("statusPage")? {
        Value::Bool(false) => None,
        Value::Bool(true) => {
            let known = STATUS_PAGES.iter().find(|(name, _)| Some(*name) == vendor);
            if known.is_none() {
                let names = STATUS_PAGES.map(|(name, _)| name).join(", ");
                r.problem("statusPage", format!("is known for {names} only; give an address"));
            }
            known.map(|(_, page)| (*page).to_owned())
        }
        Value::String(url) if bad_address(url).is_none() => Some(url.clone()),
        Value::String(_) => {
            r.problem("statusPage", "must be an http:// or https:// address without credentials");
            None
        }
        other => {
            r.problem("statusPage", expected("an address, or true for the vendor's own", other));
            None
        }
    }
}

fn bad_address(url: &str) -> Option<&'static str> {
    let Ok(uri) = url.parse::<http::Uri>() else { return Some("must be an http:// or https:// address") };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Some("must be an http:// or https:// address");
    }
    uri.authority()?.as_str().contains('@').then_some("must not carry credentials")
}
