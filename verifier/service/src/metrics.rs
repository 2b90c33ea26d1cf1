//! What is counted, in the format that Prometheus reads. Labels are routes, statuses and codes: never ids, names or figures.

use std::sync::Arc;
use std::time::{Duration, Instant};

use covenant_ledger::GroupWritten;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The media type of what [`Metrics::text`] gives.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds at which calls are divided.
const SECONDS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Seconds at which stages are divided.
const STAGE_SECONDS: [f64; 14] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];
/// Sizes at which batches and groups are divided.
const SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: String,
    route: String,
    status: u16,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: &'static str,
}

/// What an answer takes its time for, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Everything about a bundle but its proofs is judged.
    Judge,
    /// Its proofs wait for those before them to be checked.
    Queue,
    /// Proofs are decoded, a batch at a time.
    Decode,
    /// They are checked, a batch at a time.
    Verify,
    /// A verdict is signed and planned.
    Sign,
    /// From the submission of a record to the ledger until it is durable and published.
    Append,
    /// The ledger's synced write, a group at a time.
    Sync,
    /// Witnesses and mark of a group, until readers see it.
    Publish,
    /// Receipt and answer are put together.
    Answer,
}

/// A stage's label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabel {
    stage: &'static str,
}

/// A recorded verdict.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Verdict {
    outcome: &'static str,
}

/// Every metric.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Call, Counter>,
    seconds: Family<Route, Histogram>,
    in_flight: Gauge,
    refusals: Family<Code, Counter>,
    verdicts: Family<Verdict, Counter>,
    batches: Histogram,
    stages: Family<StageLabel, Histogram>,
    groups: Histogram,
    ledger_size: Gauge,
    ledger_stopped: Gauge,
    proofs_waiting: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics that have counted nothing yet.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("covenant");
        let requests = Family::default();
        registry.register("http_requests", "Calls answered", requests.clone());
        let seconds: Family<Route, Histogram> = Family::new_with_constructor(|| Histogram::new(SECONDS));
        registry.register("http_seconds", "Time until an answer was ready", seconds.clone());
        let in_flight = Gauge::default();
        registry.register("http_in_flight", "Calls that are being answered", in_flight.clone());
        let refusals = Family::default();
        registry.register("refusals", "Calls refused, by code", refusals.clone());
        let verdicts = Family::default();
        registry.register("verdicts", "Proofs judged: recorded or refused", verdicts.clone());
        let batches = Histogram::new(SIZES);
        registry.register("proof_batch_size", "Proofs that were checked together", batches.clone());
        let stages: Family<StageLabel, Histogram> = Family::new_with_constructor(|| Histogram::new(STAGE_SECONDS));
        registry.register(
            "stage_seconds",
            "Time that each stage of an answer took",
            stages.clone(),
        );
        let groups = Histogram::new(SIZES);
        registry.register(
            "ledger_group_size",
            "Entries that the ledger wrote in one synced batch",
            groups.clone(),
        );
        let ledger_size = Gauge::default();
        registry.register("ledger_entries", "Entries in the ledger", ledger_size.clone());
        let ledger_stopped = Gauge::default();
        registry.register(
            "ledger_stopped",
            "1 when the ledger does not write any more",
            ledger_stopped.clone(),
        );
        let proofs_waiting = Gauge::default();
        registry.register(
            "proofs_waiting",
            "Proofs that wait to be checked",
            proofs_waiting.clone(),
        );
        Self {
            registry: Arc::new(registry),
            requests,
            seconds,
            in_flight,
            refusals,
            verdicts,
            batches,
            stages,
            groups,
            ledger_size,
            ledger_stopped,
            proofs_waiting,
        }
    }

    /// A call has come in.
    pub fn call_began(&self) {
        self.in_flight.inc();
    }

    /// A call has been answered, or its caller has gone away.
    pub fn call_ended(&self) {
        self.in_flight.dec();
    }

    /// How a call was answered.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let call = Call {
            method: method.to_owned(),
            route: route.to_owned(),
            status,
        };
        self.requests.get_or_create(&call).inc();
        let route = Route {
            route: route.to_owned(),
        };
        self.seconds.get_or_create(&route).observe(took.as_secs_f64());
    }

    /// A call was refused with this code.
    pub fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&Code { code }).inc();
    }

    /// A proof was judged.
    pub fn judged(&self, recorded: bool) {
        let outcome = if recorded { "recorded" } else { "refused" };
        self.verdicts.get_or_create(&Verdict { outcome }).inc();
    }

    /// A batch of proofs is checked together, of which each has waited for so long.
    pub fn batch(&self, waited: &[Duration]) {
        self.batches.observe(waited.len() as f64);
        waited.iter().for_each(|waited| self.stage(Stage::Queue, *waited));
    }

    /// A group of entries was written.
    pub fn group(&self, group: GroupWritten) {
        self.groups.observe(group.entries as f64);
        self.stage(Stage::Sync, group.synced);
        self.stage(Stage::Publish, group.published);
    }

    /// A stage took so long.
    pub fn stage(&self, stage: Stage, took: Duration) {
        let stage = match stage {
            Stage::Judge => "judge",
            Stage::Queue => "queue",
            Stage::Decode => "decode",
            Stage::Verify => "verify",
            Stage::Sign => "sign",
            Stage::Append => "append",
            Stage::Sync => "sync",
            Stage::Publish => "publish",
            Stage::Answer => "answer",
        };
        self.stages
            .get_or_create(&StageLabel { stage })
            .observe(took.as_secs_f64());
    }

    /// Does some work, and counts the time for this stage.
    pub fn timed<T>(&self, stage: Stage, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = work();
        self.stage(stage, began.elapsed());
        done
    }

    /// Everything as text, with what is measured when asked.
    pub fn text(&self, ledger_size: u64, ledger_stopped: bool, proofs_waiting: usize) -> String {
        self.ledger_size.set(i64::try_from(ledger_size).unwrap_or(i64::MAX));
        self.ledger_stopped.set(i64::from(ledger_stopped));
        self.proofs_waiting
            .set(i64::try_from(proofs_waiting).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_in_the_text() {
        let metrics = Metrics::new();
        metrics.call_began();
        metrics.answered("GET", "/v1/log", 200, Duration::from_millis(3));
        metrics.refused("not-found");
        metrics.judged(true);
        metrics.batch(&[Duration::from_millis(2); 3]);
        metrics.group(GroupWritten {
            entries: 5,
            synced: Duration::from_millis(3),
            published: Duration::from_micros(30),
        });
        let text = metrics.text(17, false, 2);
        for line in [
            "covenant_http_requests_total{method=\"GET\",route=\"/v1/log\",status=\"200\"} 1",
            "covenant_http_in_flight 1",
            "covenant_http_seconds_bucket{le=\"0.005\",route=\"/v1/log\"} 1",
            "covenant_refusals_total{code=\"not-found\"} 1",
            "covenant_verdicts_total{outcome=\"recorded\"} 1",
            "covenant_proof_batch_size_bucket{le=\"4.0\"} 1",
            "covenant_stage_seconds_count{stage=\"queue\"} 3",
            "covenant_stage_seconds_bucket{le=\"0.005\",stage=\"sync\"} 1",
            "covenant_ledger_group_size_bucket{le=\"8.0\"} 1",
            "covenant_ledger_entries 17",
            "covenant_ledger_stopped 0",
            "covenant_proofs_waiting 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
