//! `policy` and what it imports, as a crate of its own: that this compiles shows that it imports nothing else.
//! `npm run mutants` copies it together with the sources, and looks for changes that no test notices.

#[path = "../../../src/base"]
pub mod base {
    pub mod duration;
    pub mod rate_limit;
    pub mod reason;
    pub mod retry_after;
    pub mod vendor_error;
}
#[path = "../../../src/policy/mod.rs"]
pub mod policy;
