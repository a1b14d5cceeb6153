//! Vendors and the relay: addresses and status pages.

/// Vendors that serve their own models only, by host; every other host is a relay of many vendors' models.
const VENDORS: [(&str, &str); 5] = [
    ("openai", "api.openai.com"),
    ("anthropic", "api.anthropic.com"),
    ("google", "generativelanguage.googleapis.com"),
    ("deepseek", "api.deepseek.com"),
    ("azure", ".openai.azure.com"),
];

/// Vendors' status pages, in the format of Atlassian's Statuspage.
pub const STATUS_PAGES: [(&str, &str); 3] = [
    ("openai", "https://status.openai.com/api/v2/status.json"),
    ("anthropic", "https://status.claude.com/api/v2/status.json"),
    ("deepseek", "https://status.deepseek.com/api/v2/status.json"),
];

pub const RELAY: &str = "holysheep";
const RELAY_DOMAIN: &str = ".holysheep.ai";

pub fn default_base_url(provider: &str) -> Option<&'static str> {
    Some(match provider {
        "openai" => "https://api.openai.com/v1",
        "deepseek" => "https://api.deepseek.com/v1",
        "anthropic" => "https://api.anthropic.com/v1",
        "google" => "https://generativelanguage.googleapis.com/v1beta",
        RELAY => "https://api.holysheep.ai/v1",
        _ => return None,
    })
}

pub fn vendor_of(host: &str) -> Option<&'static str> {
    VENDORS
        .iter()
        .find(|(_, own)| host == *own || (own.starts_with('.') && host.ends_with(own)))
        .map(|(vendor, _)| *vendor)
}

pub fn is_vendor(name: &str) -> bool {
    VENDORS.iter().any(|(vendor, _)| *vendor == name)
}

pub fn is_relay_host(host: &str) -> bool {
    host.ends_with(RELAY_DOMAIN)
}
