//! Figures for Prometheus: recorded in process, handed out at `/metrics`.

use async_trait::async_trait;
use blocks::jobs::Job;
use db::StoreError;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the request histogram, in seconds: from a read out of the cache to a request that is cut off.
const SECONDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// Starts recording for the whole process. `None` when something records already, as in tests.
#[must_use]
pub(crate) fn record() -> Option<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets(&SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .ok()
}

/// Folds raw observations into their buckets. Without it they pile up in memory until somebody reads `/metrics`.
pub(crate) struct Upkeep(pub(crate) PrometheusHandle);

#[async_trait]
impl Job for Upkeep {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn rest_millis(&self) -> u64 {
        1_000
    }

    async fn pass(&self) -> Result<bool, StoreError> {
        self.0.run_upkeep();
        Ok(false)
    }
}
