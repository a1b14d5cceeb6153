//! `policy` on the ground floor alone: that this compiles shows that it imports nothing else.
//! `npm run mutants` copies it together with the sources, and looks for changes that no test notices.

pub mod base {
    #[path = "../../../src/base/duration.rs"]
    pub mod duration;
    #[path = "../../../src/base/rate_limit.rs"]
    pub mod rate_limit;
    #[path = "../../../src/base/reason.rs"]
    pub mod reason;
    #[path = "../../../src/base/retry_after.rs"]
    pub mod retry_after;
    #[path = "../../../src/base/vendor_error.rs"]
    pub mod vendor_error;
}
#[path = "../../src/policy/mod.rs"]
pub mod policy;
