//! A response after its head has been read.

use crate::{
    net::{body::Body, decode::ContentDecoder},
    policy::fault::Fault,
};
use std::time::Duration;

/// A response with a success status.
pub struct Response {
    pub head: ResponseHead,
    pub body: Body,
    pub decoder: ContentDecoder,
}

pub struct ResponseHead {
    pub status: u16,
    pub reused: bool,
    pub connect_took: Option<Duration>,
    pub vendor_request_id: Option<String>,
    /// The vendor's Retry-After. The headers themselves are not kept while a stream lasts.
    pub retry_after: Option<Duration>,
    /// Response headers forwarded to passthrough callers.
    pub passed_on: Vec<(String, String)>,
}

/// An exchange that failed before a usable response head.
pub struct FailedExchange {
    pub fault: Fault,
    pub reused: bool,
}
