//! `baseURL` of an endpoint, and its dialect.

use http::{HeaderName, HeaderValue};

use super::inherited::InheritedOptions;
use crate::{
    config::{
        base_url::BaseUrl,
        reader::Reader,
        vendors::{default_base_url, vendor_of},
    },
    dialect::{anthropic::write_chat::Version, codec::Dialect},
};

/// The header with the version of Anthropic's API, and the default version.
pub const ANTHROPIC_VERSION: &str = "anthropic-version";
pub const DEFAULT_VERSION: &str = "2026-10-21";

pub fn read_base_url(
    r: &mut Reader<'_>,
    provider: Option<&str>,
    dialect: Option<&str>,
    inherited: &InheritedOptions<'_>,
) -> Option<BaseUrl> {
    let given = r.string("baseURL");
    let by_environment = provider.and_then(|p| inherited.environment.base_url(p));
    let by_provider = by_environment.as_deref().or(provider.and_then(default_base_url));
    let Some(text) = given.as_deref().or(inherited.base_url).or(by_provider) else {
        r.problem("baseURL", "is missing; give the endpoint's address, or a known provider");
        return None;
    };
    let mut parse = |dialect| BaseUrl::parse(text, dialect).map_err(|e| r.problem("baseURL", e)).ok();
    match dialect.or(provider) {
        Some(word) => parse(dialect_of(Some(word), &[])),
        // The dialect may follow from the host, and only a parsed address has a host.
        None => {
            let host = BaseUrl::parse(text, Dialect::OpenAi).ok();
            parse(dialect_of(host.as_ref().and_then(|url| vendor_of(url.host())), &[]))
        }
    }
}

/// The default dialect, with Anthropic's version from the headers.
pub fn dialect_of(word: Option<&str>, headers: &[(HeaderName, HeaderValue)]) -> Dialect {
    match word {
        Some("anthropic") => {
            let version = headers.iter().find(|(name, _)| name == ANTHROPIC_VERSION);
            let version = version.and_then(|(_, value)| value.to_str().ok());
            Dialect::Anthropic(Version::of(version.unwrap_or(DEFAULT_VERSION)))
        }
        Some("google") => Dialect::Google,
        Some("relay") => Dialect::Relay,
        _ => Dialect::OpenAi,
    }
}
