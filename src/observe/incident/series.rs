//! How calls ended over an incident, in steps that grow with it, so that there are at most two hundred or
//! so.

use std::time::Duration;

use serde::Serialize;

use crate::observe::observation::CallObservation;

const FIRST_STEP: Duration = Duration::from_millis(50);
const MOST_STEPS: usize = 240;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeriesStep {
    /// Answered by the primary.
    pub answered: u64,
    pub rescued: u64,
    pub failed: u64,
    pub failed_without_failover: u64,
}

#[derive(Clone, Debug)]
pub struct IncidentSeries {
    step: Duration,
    steps: Vec<SeriesStep>,
}

/// As columns, for charts.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SeriesColumns {
    pub step_ms: f64,
    pub answered: Vec<u64>,
    pub rescued: Vec<u64>,
    pub failed: Vec<u64>,
    pub without_failover_failed: Vec<u64>,
}

impl Default for IncidentSeries {
    fn default() -> Self {
        Self { step: FIRST_STEP, steps: Vec::new() }
    }
}

impl IncidentSeries {
    pub fn add(&mut self, after: Duration, call: &CallObservation) {
        while self.index(after) >= MOST_STEPS {
            let pairs = self.steps.chunks(2);
            let sum = |pair: &[SeriesStep]| {
                pair.iter().fold(SeriesStep::default(), |sum, step| SeriesStep {
                    answered: sum.answered + step.answered,
                    rescued: sum.rescued + step.rescued,
                    failed: sum.failed + step.failed,
                    failed_without_failover: sum.failed_without_failover + step.failed_without_failover,
                })
            };
            self.steps = pairs.map(sum).collect();
            self.step *= 2;
        }
        let index = self.index(after);
        if self.steps.len() <= index {
            self.steps.resize(index + 1, SeriesStep::default());
        }
        let Some(step) = self.steps.get_mut(index) else { return };
        if call.is_rescued() {
            step.rescued += 1;
        } else if call.answer.is_some() {
            step.answered += 1;
        } else if call.is_failed() {
            step.failed += 1;
        }
        step.failed_without_failover += u64::from(call.failed_without_failover());
    }

    fn index(&self, after: Duration) -> usize {
        (after.as_nanos() / self.step.as_nanos()) as usize
    }

    pub fn columns(&self) -> SeriesColumns {
        let column = |of: fn(&SeriesStep) -> u64| self.steps.iter().map(of).collect();
        SeriesColumns {
            step_ms: crate::base::duration::millis(self.step),
            answered: column(|s| s.answered),
            rescued: column(|s| s.rescued),
            failed: column(|s| s.failed),
            without_failover_failed: column(|s| s.failed_without_failover),
        }
    }
}
