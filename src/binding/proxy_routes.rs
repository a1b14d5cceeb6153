//! The network routes of a configuration's endpoints, for `bellwether doctor`, which follows them step by
//! step.

use napi_derive::napi;
use serde_json::{Map, Value, json};

use super::config::read;
use crate::{config::ClientConfig, net::proxy::Proxy};

/// `{ca, systemCa, proxies}` as JSON: trusted certificates beside Mozilla's roots, and each endpoint's proxy
/// with its authorization, which is secret. Takes what `create` takes.
#[napi(catch_unwind)]
pub fn proxy_routes(options: String, document: Option<&[u8]>) -> String {
    match read(&options, document, false) {
        Ok(loaded) => routes(&loaded.config).to_string(),
        Err(problems) => format!(r#"{{"problems":{problems}}}"#),
    }
}

fn routes(config: &ClientConfig) -> Value {
    let proxy = Proxy::new(&config.proxy);
    let proxies: Map<String, Value> = config
        .endpoints
        .iter()
        .filter_map(|endpoint| {
            let hop = proxy.as_ref()?.hop(&endpoint.base_url.as_str().parse().ok()?)?;
            let authorization = hop.authorization.as_ref().and_then(|value| value.to_str().ok());
            let way = json!({ "url": hop.uri.to_string(), "authorization": authorization });
            Some((endpoint.name.to_string(), way))
        })
        .collect();
    json!({ "ca": config.tls.ca, "systemCa": config.tls.system_ca, "proxies": proxies })
}
