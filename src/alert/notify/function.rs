//! The user's function that receives alerts.

use crate::base::future::BoxFuture;

pub trait AlertFunction: Send + Sync + 'static {
    /// Passes an alert to the function as JSON; false when the function failed.
    fn forward(&self, function: u32, alert: String) -> BoxFuture<bool>;
}
