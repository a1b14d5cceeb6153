//! A response whose head has been read.

use crate::{
    net::{body::Body, decode::ContentDecoder},
    policy::fault::Fault,
};
use std::time::Duration;

/// An answer whose head says success.
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
    /// When the vendor wants us back. Not the headers themselves: a stream has no use for them while it lasts.
    pub retry_after: Option<Duration>,
    /// What of it a caller hears who is answered in the vendor's own words.
    pub passed_on: Vec<(String, String)>,
}

/// An exchange that came to no sound head.
pub struct FailedExchange {
    pub fault: Fault,
    pub reused: bool,
}
