//! `policy` on the ground floor alone: that this compiles shows that it imports nothing else.
//! `npm run mutants` copies it together with the sources, and looks for changes that no test notices.

#[path = "../../../src/duration.rs"]
pub mod duration;
#[path = "../../../src/policy/mod.rs"]
pub mod policy;
#[path = "../../../src/rate_limit.rs"]
pub mod rate_limit;
#[path = "../../../src/reason.rs"]
pub mod reason;
#[path = "../../../src/retry_after.rs"]
pub mod retry_after;
#[path = "../../../src/vendor_error.rs"]
pub mod vendor_error;
