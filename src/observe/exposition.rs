//! Metrics as text: OpenMetrics 1.0, and the Prometheus text format 0.0.4 made from it.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text::encode},
    metrics::MetricType,
    registry::{Registry, Unit},
};
use serde::Serialize;

use super::buckets::HistogramBuckets;

/// The metrics of one name. Names have neither the unit's nor the counter's suffix.
#[derive(Clone, Debug, Serialize)]
pub struct MetricFamily {
    pub name: &'static str,
    pub help: &'static str,
    pub kind: MetricKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    pub series: Vec<MetricSeries>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

#[derive(Clone, Debug, Serialize)]
pub struct MetricSeries {
    pub labels: Labels,
    pub value: MetricValue,
}

pub type Labels = Vec<(&'static str, String)>;

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum MetricValue {
    Whole(u64),
    Real(f64),
    Times(HistogramSample),
}

/// A histogram as scrapers read it.
#[derive(Clone, Debug, Serialize)]
pub struct HistogramSample {
    pub sum: f64,
    pub count: u64,
    /// Upper bounds in seconds with the count of each bucket alone. The last has no bound.
    pub buckets: Vec<(Option<f64>, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpositionFormat {
    Prometheus,
    OpenMetrics,
}

/// The prefix of every name.
pub const PREFIX: &str = "bellwether";

impl MetricFamily {
    pub const fn new(kind: MetricKind, name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind, unit: None, series: Vec::new() }
    }

    pub const fn in_unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    pub fn push(&mut self, labels: Labels, value: impl Into<MetricValue>) {
        self.series.push(MetricSeries { labels, value: value.into() });
    }
}

impl From<u64> for MetricValue {
    fn from(n: u64) -> Self {
        Self::Whole(n)
    }
}

impl From<f64> for MetricValue {
    fn from(n: f64) -> Self {
        Self::Real(n)
    }
}

impl From<&HistogramBuckets> for MetricValue {
    fn from(buckets: &HistogramBuckets) -> Self {
        let each = buckets.each().into_iter();
        Self::Times(HistogramSample {
            sum: buckets.sum(),
            count: buckets.count(),
            buckets: each.map(|(bound, n)| (bound.is_finite().then_some(bound), n)).collect(),
        })
    }
}

/// The text of all families that have series.
pub fn text(families: Vec<MetricFamily>, format: ExpositionFormat) -> String {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(MetricFamilies(families)));
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = encode(&mut text, &registry);
    match format {
        ExpositionFormat::OpenMetrics => text,
        ExpositionFormat::Prometheus => as_prometheus(&text),
    }
}

#[derive(Debug)]
struct MetricFamilies(Vec<MetricFamily>);

impl Collector for MetricFamilies {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in self.0.iter().filter(|family| !family.series.is_empty()) {
            let unit = family.unit.map(|unit| Unit::Other(unit.to_owned()));
            let kind = match family.kind {
                MetricKind::Counter => MetricType::Counter,
                MetricKind::Gauge => MetricType::Gauge,
                MetricKind::Histogram => MetricType::Histogram,
            };
            let mut metric = encoder.encode_descriptor(family.name, family.help, unit.as_ref(), kind)?;
            for MetricSeries { labels, value } in &family.series {
                if labels.is_empty() {
                    write(&mut metric, family.kind, value)?;
                } else {
                    write(&mut metric.encode_family(&labels.as_slice())?, family.kind, value)?;
                }
            }
        }
        Ok(())
    }
}

fn write(metric: &mut MetricEncoder<'_>, kind: MetricKind, value: &MetricValue) -> fmt::Result {
    match (kind, value) {
        (MetricKind::Counter, MetricValue::Whole(n)) => metric.encode_counter::<NoLabelSet, _, f64>(n, None),
        (MetricKind::Counter, MetricValue::Real(n)) => metric.encode_counter::<NoLabelSet, _, f64>(n, None),
        (_, MetricValue::Whole(n)) => metric.encode_gauge(n),
        (_, MetricValue::Real(n)) => metric.encode_gauge(n),
        (_, MetricValue::Times(times)) => {
            let buckets = times.buckets.iter().map(|(bound, n)| (bound.unwrap_or(f64::INFINITY), *n));
            let buckets: Vec<_> = buckets.collect();
            metric.encode_histogram::<NoLabelSet>(times.sum, times.count, &buckets, None)
        }
    }
}

/// The older format has no units and no end marker, and has the counter's suffix in HELP and TYPE.
fn as_prometheus(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        if line.starts_with("# UNIT ") || line == "# EOF" {
            continue;
        }
        if line.starts_with("# HELP ") {
            // The name depends on the type, which follows.
            help = Some(line);
            continue;
        }
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let suffix = if typed.ends_with(" counter") { "_total" } else { "" };
            let described = help.take().and_then(|help| help.strip_prefix("# HELP "));
            for (word, rest) in described.map(|rest| ("HELP", rest)).into_iter().chain([("TYPE", typed)]) {
                let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                text.push_str(&format!("# {word} {name}{suffix} {rest}\n"));
            }
            continue;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn families() -> Vec<MetricFamily> {
        let mut requests = MetricFamily::new(MetricKind::Counter, "requests", "Calls.");
        requests.push(vec![("model", "a\"b\\c\nd".into()), ("reason", String::new())], 3);
        let mut cost = MetricFamily::new(MetricKind::Counter, "cost", "What it cost.").in_unit("usd");
        cost.push(vec![], 0.25);
        let mut buckets = HistogramBuckets::default();
        buckets.record(Duration::from_millis(30));
        buckets.record(Duration::from_secs(1_000));
        let mut wait = MetricFamily::new(MetricKind::Histogram, "wait", "Waiting.").in_unit("seconds");
        wait.push(vec![], &buckets);
        vec![requests, cost, MetricFamily::new(MetricKind::Gauge, "nobody", "Is empty."), wait]
    }

    #[test]
    fn open_metrics() {
        let text = text(families(), ExpositionFormat::OpenMetrics);
        for expected in [
            "# TYPE bellwether_requests counter\nbellwether_requests_total{model=\"a\\\"b\\\\c\\nd\",reason=\"\"} 3\n",
            "# TYPE bellwether_cost_usd counter\n# UNIT bellwether_cost_usd usd\nbellwether_cost_usd_total 0.25\n",
            "bellwether_wait_seconds_bucket{le=\"0.02\"} 0\nbellwether_wait_seconds_bucket{le=\"0.04\"} 1\n",
            "bellwether_wait_seconds_bucket{le=\"+Inf\"} 2\n",
        ] {
            assert!(text.contains(expected), "{expected}\nis not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n") && !text.contains("nobody"), "{text}");
    }

    #[test]
    fn prometheus() {
        let text = text(families(), ExpositionFormat::Prometheus);
        for expected in [
            "# HELP bellwether_requests_total Calls.\n# TYPE bellwether_requests_total counter\nbellwether_requests_total{",
            "# TYPE bellwether_cost_usd_total counter\nbellwether_cost_usd_total 0.25\n",
            "# TYPE bellwether_wait_seconds histogram\nbellwether_wait_seconds_sum 1000.03\nbellwether_wait_seconds_count 2\n",
        ] {
            assert!(text.contains(expected), "{expected}\nis not in\n{text}");
        }
        assert!(!text.contains("UNIT") && !text.contains("EOF"), "{text}");
    }
}
