//! The page that Prometheus reads.
//!
//! Everything is read when somebody looks: the counters where they are, and the messages of each queue by
//! asking for the queue as an operation would. So that neither the page nor the work for it grows without
//! bound, only so many queues are asked for.

use super::{Attempt, BOUNDS_NS, Class, Fate, Latency, Reason};
use crate::context::Context;
use postrider_core::Arn;
use postrider_core::reply::{Counts, FairCounts};
use postrider_runtime::ShardHandle;
use postrider_wire::Action;
use postrider_wire::operation::Status;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

/// Queues that are asked at the same time.
pub(crate) const QUEUES_AT_ONCE: usize = 100;

/// Queues with their messages by state, and whether there are more queues.
pub(crate) struct Queues {
    /// As many as were asked for.
    pub(crate) counted: Vec<Counted>,
    /// Queues were left out.
    pub(crate) complete: Complete,
}

/// One queue.
pub(crate) struct Counted {
    /// Which.
    pub(crate) queue: Arn,
    /// Its messages by state.
    pub(crate) messages: Counts,
    /// What its groups do, on a standard queue.
    pub(crate) groups: Option<FairCounts>,
}

/// Whether a list holds everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Complete {
    /// It does.
    Yes,
    /// Something was left out.
    No,
}

/// Renders the page.
pub(crate) fn page(context: Arc<Context>, queues: Queues) -> String {
    let mut registry = Registry::with_prefix("postrider");
    registry.register_collector(Box::new(Snapshot { context, queues }));
    let mut text = String::with_capacity(16 << 10);
    prometheus_client::encoding::text::encode(&mut text, &registry).expect("a String takes any text");
    text
}

struct Snapshot {
    context: Arc<Context>,
    queues: Queues,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Snapshot({} queues)", self.queues.counted.len())
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.requests(&mut encoder)?;
        self.messages(&mut encoder)?;
        self.groups(&mut encoder)?;
        self.shards(&mut encoder)?;
        self.deliveries(&mut encoder)?;
        self.process(&mut encoder)
    }
}

fn labels(shard: &ShardHandle) -> [(&'static str, u64); 1] {
    [("shard", u64::from(shard.index()))]
}

impl Snapshot {
    fn requests(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let names = Action::ALL.iter().map(|action| (action.name(), action.status() == Status::Built));
        let names: Vec<_> = names.chain([("none", true)]).collect();
        let rows = || names.iter().zip(&self.context.metrics.rows).filter(|((_, built), _)| *built);

        let help = "Requests answered, by action and class of the status; action none is for all others";
        let mut family = encoder.encode_descriptor("requests", help, None, MetricType::Counter)?;
        for ((action, _), row) in rows() {
            for (class, count) in Class::ALL.iter().zip(&row.answers) {
                let labels = [("action", *action), ("status", class.label())];
                let mut counter = family.encode_family(&labels)?;
                counter.encode_counter::<NoLabelSet, u64, f64>(&count.load(Relaxed), None)?;
            }
        }
        let help = "Seconds from a request's head to its answer; those of ReceiveMessage include its wait";
        let mut family = encoder.encode_descriptor("request_seconds", help, None, MetricType::Histogram)?;
        for ((action, _), row) in rows() {
            let (sum_s, count, buckets) = read(&row.latency);
            if count > 0 {
                let labels = [("action", *action)];
                let mut histogram = family.encode_family(&labels)?;
                histogram.encode_histogram::<NoLabelSet>(sum_s, count, &buckets, None)?;
            }
        }
        Ok(())
    }

    fn messages(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Messages, by queue and state";
        let mut family = encoder.encode_descriptor("messages", help, None, MetricType::Gauge)?;
        for Counted { queue, messages, groups: _ } in &self.queues.counted {
            by_state(&mut family, queue, [messages.available, messages.in_flight, messages.delayed])?;
        }
        let help = "1 if there are more queues than the setting metrics_queues_max lets be counted";
        let left_out = match self.queues.complete {
            Complete::Yes => 0,
            Complete::No => 1,
        };
        gauge(encoder, "messages_incomplete", help, left_out)
    }

    /// What CloudWatch knows of fair queues (sqs 12), for every standard queue.
    fn groups(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let groups = || self.queues.counted.iter().filter_map(|of| Some((&of.queue, of.groups.as_ref()?)));
        let help = "Message groups that take more than their share of a standard queue, by queue";
        let mut family = encoder.encode_descriptor("noisy_groups", help, None, MetricType::Gauge)?;
        for (queue, groups) in groups() {
            let labels = [("queue", queue.as_str())];
            family.encode_family(&labels)?.encode_gauge(&(groups.noisy_groups as u64))?;
        }
        let help = "Messages of a standard queue that are of no noisy group, by queue and state";
        let mut family = encoder.encode_descriptor("quiet_group_messages", help, None, MetricType::Gauge)?;
        for (queue, groups) in groups() {
            let counts = [groups.quiet_available, groups.quiet_in_flight, groups.quiet_delayed];
            by_state(&mut family, queue, counts)?;
        }
        Ok(())
    }

    fn shards(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        type Gauged = (&'static str, &'static str, fn(&ShardHandle) -> &AtomicU64);
        let gauges: [Gauged; 6] = [
            ("log_bytes", "Bytes of the log from its trim point to its tail", |s| &s.gauges().log_bytes),
            ("log_live_bytes", "About how many bytes of the log are alive", |s| &s.gauges().live_bytes),
            ("resident_bytes", "Bytes of message bodies in memory", |s| &s.gauges().resident_bytes),
            ("long_polls", "Receives that wait for a message", |s| &s.gauges().parked),
            ("outbox_deliveries", "Deliveries owed to other shards", |s| &s.gauges().owed),
            ("endpoint_deliveries_owed", "Deliveries owed to endpoints", |s| &s.gauges().due),
        ];
        for (name, help, read) in gauges {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for shard in self.context.node.shards() {
                let labels = labels(shard);
                family.encode_family(&labels)?.encode_gauge(&read(shard).load(Relaxed))?;
            }
        }
        type Counted = (&'static str, &'static str, fn(&ShardHandle) -> u64);
        let counters: [Counted; 5] = [
            ("log_appends", "Groups of entries appended to the log", |s| s.log_stats().appends()),
            ("log_entries", "Entries appended to the log", |s| s.log_stats().entries()),
            ("log_written_bytes", "Bytes of entries appended to the log", |s| s.log_stats().bytes()),
            ("log_syncs", "Times that the log was synced to disk", |s| s.log_stats().syncs()),
            ("deliveries_dropped", "Deliveries refused for good", |s| s.gauges().dropped.load(Relaxed)),
        ];
        for (name, help, read) in counters {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for shard in self.context.node.shards() {
                let labels = labels(shard);
                let mut counter = family.encode_family(&labels)?;
                counter.encode_counter::<NoLabelSet, u64, f64>(&read(shard), None)?;
            }
        }
        let help = "Seconds that syncs of the log took";
        let mut family = encoder.encode_descriptor("log_sync_seconds", help, None, MetricType::Histogram)?;
        for shard in self.context.node.shards() {
            let (sum_s, count) = (seconds(shard.log_stats().sync_ns()), shard.log_stats().syncs());
            let labels = labels(shard);
            let mut histogram = family.encode_family(&labels)?;
            histogram.encode_histogram::<NoLabelSet>(sum_s, count, &[(f64::INFINITY, count)], None)?;
        }
        Ok(())
    }

    /// Deliveries to endpoints, over all shards.
    fn deliveries(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let counted = &self.context.metrics.deliveries;
        let help = "Attempts at endpoints that ended, by how they did";
        let mut family = encoder.encode_descriptor("endpoint_attempts", help, None, MetricType::Counter)?;
        for attempt in Attempt::ALL {
            let labels = [("outcome", attempt.label())];
            let mut counter = family.encode_family(&labels)?;
            counter.encode_counter::<NoLabelSet, u64, f64>(&counted.attempts(attempt), None)?;
        }
        let help = "Deliveries to endpoints that were given up, by reason and by where they went";
        let mut family =
            encoder.encode_descriptor("endpoint_deliveries_given_up", help, None, MetricType::Counter)?;
        for reason in Reason::ALL {
            for fate in Fate::ALL {
                let labels = [("reason", reason.label()), ("to", fate.label())];
                let mut counter = family.encode_family(&labels)?;
                counter.encode_counter::<NoLabelSet, u64, f64>(&counted.ended(reason, fate), None)?;
            }
        }
        let help = "Attempts at endpoints under way";
        gauge(encoder, "endpoint_attempts_in_flight", help, counted.in_flight())?;
        let help = "Entries of the delivery status log that are in no file";
        let mut lost = encoder.encode_descriptor("delivery_status_lost", help, None, MetricType::Counter)?;
        lost.encode_counter::<NoLabelSet, u64, f64>(&self.context.statuses.left_out(), None)
    }

    fn process(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let metrics = &self.context.metrics;
        gauge(encoder, "connections", "Open connections of the API", metrics.connections.load(Relaxed))?;
        let started = metrics.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let help = "When the process started, in seconds since the Unix epoch";
        gauge(encoder, "process_start_time_seconds", help, started.as_secs())
    }
}

/// Messages of a queue: available, in flight, delayed.
fn by_state(family: &mut MetricEncoder<'_>, queue: &Arn, counts: [usize; 3]) -> fmt::Result {
    for (state, count) in ["available", "in_flight", "delayed"].into_iter().zip(counts) {
        let labels = [("queue", queue.as_str()), ("state", state)];
        family.encode_family(&labels)?.encode_gauge(&(count as u64))?;
    }
    Ok(())
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
}

/// Sum in seconds, count, and the buckets by their upper bound in seconds.
fn read(latency: &Latency) -> (f64, u64, Vec<(f64, u64)>) {
    let bounds = BOUNDS_NS.iter().map(|bound| seconds(*bound)).chain([f64::INFINITY]);
    let counts = latency.buckets.iter().map(|count| count.load(Relaxed));
    let buckets: Vec<_> = bounds.zip(counts).collect();
    let count = buckets.iter().map(|(_, count)| count).sum();
    (seconds(latency.sum_ns.load(Relaxed)), count, buckets)
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
