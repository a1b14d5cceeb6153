//! The state of a client as JSON.

use napi_derive::napi;

use super::client::NativeClient;
use crate::{base::timestamp::epoch_ms, call::select::candidates, cost::calendar, engine::status};

#[napi]
impl NativeClient {
    #[napi(catch_unwind)]
    pub fn endpoint_status(&self) -> String {
        status::endpoints(&self.shared.engine()).to_string()
    }

    #[napi(catch_unwind)]
    pub fn summary(&self) -> String {
        status::summary(&self.shared.engine()).to_string()
    }

    /// The models that aliases and endpoints name.
    #[napi(catch_unwind)]
    pub fn models(&self) -> Vec<String> {
        candidates::named_models(&self.shared.engine()).into_iter().map(str::to_owned).collect()
    }

    /// The models for a task, in order.
    #[napi(catch_unwind)]
    pub fn suited_models(&self, task: Option<String>, priority: Option<String>) -> Vec<String> {
        candidates::models_for_task(&self.shared.engine(), task.as_deref(), priority.as_deref())
    }

    #[napi(catch_unwind)]
    pub fn optimal_model(&self) -> Option<String> {
        status::optimal_model(&self.shared.engine())
    }

    #[napi(catch_unwind)]
    pub fn health_report(&self) -> String {
        status::health_report(&self.shared.engine()).to_string()
    }

    /// The costs between two days since 1970, both included; up to the last day without `to`.
    #[napi(catch_unwind)]
    pub fn costs(&self, from: Option<u32>, to: Option<u32>) -> String {
        let engine = self.shared.engine();
        let today = calendar::day(epoch_ms(engine.wall()));
        engine.accountant.report(from.unwrap_or(0), to.unwrap_or(today)).to_string()
    }

    /// Every budget with its remaining amount.
    #[napi(catch_unwind)]
    pub fn budgets(&self) -> String {
        let engine = self.shared.engine();
        engine.accountant.budgets(epoch_ms(engine.wall())).to_string()
    }
}
