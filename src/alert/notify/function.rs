//! The user's function that alerts are handed to.

use crate::base::future::BoxFuture;

pub trait AlertFunction: Send + Sync + 'static {
    /// Hands over an alert; false when the function failed.
    fn forward(&self, function: u32, alert: String) -> BoxFuture<bool>;
}
