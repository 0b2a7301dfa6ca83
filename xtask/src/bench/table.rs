//! The table of `cargo x bench`: medians, and the ratios that count.

use super::{CONTENDERS, Contender, Measured, machine};
use std::fmt::Write as _;

/// A ratio that the project has promised to keep.
struct Target {
    text: &'static str,
    over: (Contender, fn(&Measured) -> f64),
    under: (Contender, fn(&Measured) -> f64),
    least: f64,
}

const TARGETS: [Target; 4] = [
    Target {
        text: "SendMessage to the ceiling with fdatasync, requests/s",
        over: (Contender::Send, |m| m.requests_per_s),
        under: (Contender::CeilingSync, |m| m.requests_per_s),
        least: 0.7,
    },
    Target {
        text: "SendMessageBatch of 10 to SendMessage, messages/s",
        over: (Contender::SendBatch, |m| m.messages_per_s),
        under: (Contender::Send, |m| m.messages_per_s),
        least: 5.0,
    },
    Target {
        text: "receive and delete to SendMessage, requests/s",
        over: (Contender::ReceiveDelete, |m| m.requests_per_s),
        under: (Contender::Send, |m| m.requests_per_s),
        least: 0.5,
    },
    Target {
        text: "copies of a publish to 100 queues to SendMessage, messages/s",
        over: (Contender::FanOut, |m| m.messages_per_s),
        under: (Contender::Send, |m| m.messages_per_s),
        least: 20.0,
    },
];

/// The whole report in Markdown.
pub(super) fn render(
    measured: &[Measured],
    rounds: usize,
    seconds: u32,
    connections: u32,
    rate: Option<&str>,
) -> String {
    let loop_kind = rate.map_or("closed loop".to_owned(), |rate| format!("open loop at {rate} requests/s"));
    let mut text = format!(
        "# bench\n\n{}; {connections} connections, {loop_kind}, median of {rounds} rounds of {seconds} s.\n\n",
        machine()
    );
    text.push_str(
        "| what | requests/s | messages/s | p50 us | p99 us | fdatasync/s | server CPU us/request | of the ceiling |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let ceiling = median(measured, Contender::CeilingSync, |m| m.requests_per_s);
    for contender in CONTENDERS {
        let of = |value: fn(&Measured) -> f64| median(measured, contender, value);
        let Some(requests) = of(|m| m.requests_per_s) else { continue };
        let ratio = ceiling.map_or("".to_owned(), |ceiling| format!("{:.2}", requests / ceiling));
        let _ = writeln!(
            text,
            "| {} | {requests:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1} | {ratio} |",
            contender.name(),
            of(|m| m.messages_per_s).unwrap_or_default(),
            of(|m| m.p50_us).unwrap_or_default(),
            of(|m| m.p99_us).unwrap_or_default(),
            of(|m| m.syncs_per_s).unwrap_or_default(),
            of(|m| m.cpu_us_per_request).unwrap_or_default(),
        );
    }
    if let Some(drained) = median(measured, Contender::FanOut, |m| m.drained_per_s) {
        let log = median(measured, Contender::FanOut, |m| m.log_bytes_per_message).unwrap_or_default();
        let _ = writeln!(
            text,
            "\nThe copies of the fan-out were received and deleted at {drained:.0}/s; the log grew by {log:.1} bytes a copy."
        );
    }
    text.push_str("\n| ratio | wanted | measured | |\n|---|---:|---:|---|\n");
    for target in &TARGETS {
        let Some(ratio) = ratio(measured, target) else { continue };
        let verdict = if ratio >= target.least { "kept" } else { "MISSED" };
        let _ = writeln!(text, "| {} | {:.1} | {ratio:.2} | {verdict} |", target.text, target.least);
    }
    text
}

fn ratio(measured: &[Measured], target: &Target) -> Option<f64> {
    let over = median(measured, target.over.0, target.over.1)?;
    let under = median(measured, target.under.0, target.under.1)?;
    Some(over / under)
}

/// The median of one value over the rounds of a contender.
fn median(measured: &[Measured], contender: Contender, value: impl Fn(&Measured) -> f64) -> Option<f64> {
    median_of(measured.iter().filter(|m| m.contender == contender).map(value).collect())
}

/// The median, if there is anything.
pub(super) fn median_of(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(contender: Contender, requests_per_s: f64, messages_per_s: f64) -> Measured {
        Measured {
            contender,
            requests_per_s,
            messages_per_s,
            p50_us: 1.0,
            p99_us: 2.0,
            syncs_per_s: 3.0,
            cpu_us_per_request: 4.0,
            drained_per_s: 0.0,
            log_bytes_per_message: 0.0,
            errors: 0.0,
        }
    }

    #[test]
    fn medians_do_not_follow_outliers() {
        let sends = [1.0, 9000.0, 3.0, 2.0, 4.0].map(|rate| one(Contender::Send, rate, rate));
        assert_eq!(median(&sends, Contender::Send, |m| m.requests_per_s), Some(3.0));
        assert_eq!(median(&sends[..2], Contender::Send, |m| m.requests_per_s), Some(4500.5));
        assert_eq!(median(&sends, Contender::Publish, |m| m.requests_per_s), None);
    }

    #[test]
    fn targets_are_judged() {
        let measured = [
            one(Contender::CeilingSync, 1000.0, 1000.0),
            one(Contender::Send, 650.0, 650.0),
            one(Contender::SendBatch, 400.0, 4000.0),
            one(Contender::ReceiveDelete, 600.0, 300.0),
        ];
        let text = render(&measured, 1, 10, 64, None);
        assert!(
            text.contains("| SendMessage to the ceiling with fdatasync, requests/s | 0.7 | 0.65 | MISSED |")
        );
        assert!(text.contains("| SendMessageBatch of 10 to SendMessage, messages/s | 5.0 | 6.15 | kept |"));
        assert!(text.contains("| receive and delete to SendMessage, requests/s | 0.5 | 0.92 | kept |"));
        assert!(text.contains("| send | 650 | 650 | 1 | 2 | 3 | 4.0 | 0.65 |"));
        assert!(!text.contains("publish"));
    }
}
