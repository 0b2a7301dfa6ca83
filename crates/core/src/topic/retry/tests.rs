//! Schedules against tables worked out by hand, and policies section by section.

use super::*;
use crate::topic::subscription::Form;
use std::num::NonZeroU32;

fn phases(retries: u32, min_s: u32, max_s: u32, backoff: Backoff) -> Phases {
    Phases {
        min_delay_ms: min_s * 1_000,
        max_delay_ms: max_s * 1_000,
        retries,
        no_delay_retries: 0,
        min_delay_retries: 0,
        max_delay_retries: 0,
        backoff,
    }
}

/// All delays of a schedule, milliseconds.
fn delays(schedule: Schedule) -> Vec<u64> {
    (1..).map_while(|failures| schedule.delay_ms(failures)).collect()
}

fn new(phases: Phases) -> Schedule {
    Schedule::new(phases).unwrap()
}

/// Retries, shortest and longest delay in seconds, function, and every delay in milliseconds: the formulas of
/// sns 10, worked out with exact fractions.
const CURVES: [(u32, u32, u32, Backoff, &[u64]); 12] = [
    (10, 1, 20, Backoff::Linear, &[1000, 3111, 5222, 7333, 9444, 11556, 13667, 15778, 17889, 20000]),
    (10, 1, 20, Backoff::Arithmetic, &[1000, 1422, 2267, 3533, 5222, 7333, 9867, 12822, 16200, 20000]),
    (10, 1, 20, Backoff::Geometric, &[1000, 1395, 1946, 2714, 3786, 5282, 7368, 10278, 14337, 20000]),
    (10, 1, 20, Backoff::Exponential, &[1000, 1037, 1112, 1260, 1558, 2153, 3342, 5722, 10481, 20000]),
    (6, 5, 300, Backoff::Linear, &[5000, 64000, 123_000, 182_000, 241_000, 300_000]),
    (6, 5, 300, Backoff::Arithmetic, &[5000, 24667, 64000, 123_000, 201_667, 300_000]),
    (6, 5, 300, Backoff::Geometric, &[5000, 11340, 25718, 58326, 132_279, 300_000]),
    (6, 5, 300, Backoff::Exponential, &[5000, 14516, 33548, 71613, 147_742, 300_000]),
    (2, 7, 70, Backoff::Geometric, &[7000, 70000]),
    (1, 7, 70, Backoff::Exponential, &[7000]),
    (3, 20, 20, Backoff::Linear, &[20000, 20000, 20000]),
    (0, 1, 20, Backoff::Linear, &[]),
];

#[test]
fn curves_are_those_of_the_formulas() {
    for (retries, min_s, max_s, backoff, expected) in CURVES {
        let schedule = new(phases(retries, min_s, max_s, backoff));
        assert_eq!(delays(schedule), expected, "{backoff:?} {min_s}..{max_s}");
        assert_eq!(schedule.total_ms(), expected.iter().sum::<u64>());
    }
}

#[test]
fn curves_of_tenths_of_seconds_are_as_exact() {
    let short = |backoff| new(Phases { min_delay_ms: 100, max_delay_ms: 900, ..phases(5, 0, 0, backoff) });
    assert_eq!(delays(short(Backoff::Linear)), [100, 300, 500, 700, 900]);
    assert_eq!(delays(short(Backoff::Arithmetic)), [100, 180, 340, 580, 900]);
    assert_eq!(delays(short(Backoff::Geometric)), [100, 173, 300, 520, 900]);
    assert_eq!(delays(short(Backoff::Exponential)), [100, 153, 260, 473, 900]);
}

#[test]
fn the_longest_curves_are_exact() {
    for (backoff, second, middle, sum) in [
        (Backoff::Linear, 1_596, 30_202, 3_050_000),
        (Backoff::Arithmetic, 1_012, 15_601, 2_086_339),
        (Backoff::Geometric, 1_042, 7_587, 1_457_302),
        (Backoff::Exponential, 1_000, 1_000, 217_999),
    ] {
        let schedule = new(phases(100, 1, 60, backoff));
        let all = delays(schedule);
        assert_eq!((all.len(), all[0], all[1], all[49], all[99]), (100, 1_000, second, middle, 60_000));
        assert_eq!(schedule.total_ms(), sum, "{backoff:?}");
        assert!(all.is_sorted(), "{backoff:?}");
    }
    let steep =
        Phases { min_delay_ms: 1, max_delay_ms: 3_590_000, ..phases(100, 0, 0, Backoff::Exponential) };
    // The last two delays alone are over an hour; the arithmetic is exact all the same.
    assert_eq!(Schedule::new(steep), Err(Flaw::Total));
}

#[test]
fn phases_follow_each_other() {
    // The seconds at which attempts are made, counted from the first, if each fails at once.
    let schedule = new(Phases {
        no_delay_retries: 2,
        min_delay_retries: 3,
        max_delay_retries: 2,
        ..phases(11, 2, 30, Backoff::Arithmetic)
    });
    let mut at_ms = 0;
    let times: Vec<u64> = delays(schedule)
        .into_iter()
        .map(|delay| {
            at_ms += delay;
            at_ms
        })
        .collect();
    assert_eq!(times, [0, 0, 2_000, 4_000, 6_000, 8_000, 14_667, 30_667, 60_667, 90_667, 120_667]);
    // Only one phase each.
    let only = |no, min, max| {
        let three = phases(3, 2, 30, Backoff::Linear);
        let counts = Phases { no_delay_retries: no, min_delay_retries: min, max_delay_retries: max, ..three };
        delays(new(counts))
    };
    assert_eq!(only(3, 0, 0), [0, 0, 0]);
    assert_eq!(only(0, 3, 0), [2_000, 2_000, 2_000]);
    assert_eq!(only(0, 0, 3), [30_000, 30_000, 30_000]);
    assert_eq!(only(1, 1, 1), [0, 2_000, 30_000]);
    assert_eq!(only(1, 0, 1), [0, 2_000, 30_000]);
}

#[test]
fn the_example_of_the_guide_takes_37_minutes() {
    let schedule = new(Phases {
        no_delay_retries: 3,
        min_delay_retries: 2,
        max_delay_retries: 35,
        ..phases(50, 1, 60, Backoff::Exponential)
    });
    let all = delays(schedule);
    assert_eq!(all[..6], [0, 0, 0, 1_000, 1_000, 1_000]);
    assert_eq!(all[6..16], [1115, 1346, 1808, 2732, 4579, 8274, 15663, 30442, 60000, 60000]);
    assert_eq!((all.len(), schedule.total_ms()), (50, 2_228_959));
}

#[test]
fn the_services_own_schedules_are_those_of_the_table() {
    assert_eq!(delays(Schedule::HTTP), [20_000; 3]);
    let managed = delays(Schedule::AWS_MANAGED);
    assert_eq!(managed[..5], [0, 0, 0, 1_000, 1_000]);
    assert_eq!(managed[5..15], [1000, 1037, 1112, 1260, 1558, 2153, 3342, 5722, 10481, 20000]);
    assert!(managed[15..].iter().all(|delay| *delay == 20_000));
    // 100,015 times, over 23 days.
    assert_eq!((managed.len(), Schedule::AWS_MANAGED.total_ms() / 86_400_000), (100_015, 23));
    let customer = delays(Schedule::CUSTOMER_MANAGED);
    assert_eq!(customer[..4], [10_000, 10_000, 10_000, 11_155]);
    assert_eq!(customer[11], 600_000);
    // 50 times, over 6 hours.
    assert_eq!((customer.len(), Schedule::CUSTOMER_MANAGED.total_ms() / 3_600_000), (50, 6));
    assert_eq!(Schedule::new(*Schedule::HTTP.phases()), Ok(Schedule::HTTP));
}

#[test]
fn what_never_failed_or_failed_too_often_is_not_tried_again() {
    for schedule in [Schedule::HTTP, Schedule::AWS_MANAGED, Schedule::CUSTOMER_MANAGED] {
        assert_eq!(schedule.delay_ms(0), None);
        assert_eq!(schedule.delay_ms(schedule.phases().retries + 1), None);
        assert_eq!(schedule.delay_ms(u32::MAX), None);
    }
}

#[test]
fn bounds_are_kept() {
    let fine = phases(3, 20, 20, Backoff::Linear);
    for (phases, flaw) in [
        (Phases { min_delay_ms: 0, ..fine }, Some(Flaw::MinDelay)),
        (Phases { min_delay_ms: 20_001, ..fine }, Some(Flaw::MinDelay)),
        (Phases { min_delay_ms: 1, ..fine }, None),
        (Phases { max_delay_ms: 3_600_001, ..fine }, Some(Flaw::MaxDelay)),
        (Phases { max_delay_ms: u32::MAX, ..fine }, Some(Flaw::MaxDelay)),
        (Phases { max_delay_ms: 3_600_000, retries: 1, ..fine }, None),
        (Phases { max_delay_ms: 3_600_000, ..fine }, Some(Flaw::Total)),
        (Phases { retries: 0, ..fine }, None),
        (Phases { retries: 100, ..fine }, None),
        (Phases { retries: 101, ..fine }, Some(Flaw::Retries)),
        (Phases { retries: u32::MAX, ..fine }, Some(Flaw::Retries)),
        (Phases { no_delay_retries: 3, ..fine }, None),
        (Phases { no_delay_retries: 4, ..fine }, Some(Flaw::Phases)),
        (Phases { no_delay_retries: 1, min_delay_retries: 1, max_delay_retries: 1, ..fine }, None),
        (
            Phases { no_delay_retries: 1, min_delay_retries: 2, max_delay_retries: 1, ..fine },
            Some(Flaw::Phases),
        ),
        (Phases { max_delay_retries: u32::MAX, min_delay_retries: u32::MAX, ..fine }, Some(Flaw::Phases)),
        // 3,600 s and not one more.
        (phases(100, 36, 36, Backoff::Linear), None),
        (phases(100, 36, 37, Backoff::Linear), Some(Flaw::Total)),
        (phases(60, 60, 60, Backoff::Geometric), None),
        (phases(61, 60, 60, Backoff::Geometric), Some(Flaw::Total)),
        (Phases { no_delay_retries: 1, ..phases(61, 60, 60, Backoff::Geometric) }, None),
    ] {
        assert_eq!(Schedule::new(phases).err(), flaw, "{phases:?}");
    }
}

#[test]
fn sections_come_from_the_subscription_then_the_topic_then_the_server() {
    let schedule = |retries| Some(new(phases(retries, 1, 2, Backoff::Linear)));
    let policy = |retries: Option<u32>, per_s: Option<u32>, content_type: Option<&str>| Policy {
        schedule: retries.and_then(schedule),
        attempts_per_s_max: per_s.and_then(NonZeroU32::new),
        content_type: content_type.and_then(ContentType::new),
    };
    let topic = TopicPolicy {
        policy: policy(Some(7), Some(70), Some("application/json")),
        overrides: Overrides::Allowed,
    };
    let shown = |topic: &TopicPolicy, own: &Policy, form| {
        let effective = Effective::of(Schedule::HTTP, topic, own, form);
        let per_s = effective.attempts_per_s_max.map(NonZeroU32::get);
        (effective.schedule.phases().retries, per_s, effective.content_type.as_str().to_owned())
    };
    let text = "text/plain; charset=UTF-8";
    let nothing = (TopicPolicy::default(), Policy::default());
    assert_eq!(shown(&nothing.0, &nothing.1, Form::Envelope), (3, None, text.into()));
    assert_eq!(shown(&topic, &nothing.1, Form::Envelope), (7, Some(70), "application/json".into()));
    let own = policy(Some(9), None, Some("text/csv"));
    assert_eq!(shown(&topic, &own, Form::Raw), (9, Some(70), "text/csv".into()));
    assert_eq!(shown(&topic, &own, Form::Envelope), (9, Some(70), "application/json".into()));
    assert_eq!(shown(&nothing.0, &own, Form::Envelope), (9, None, text.into()));
    let strict = TopicPolicy { overrides: Overrides::Disabled, ..topic };
    let own = policy(Some(9), Some(90), Some("application/xml"));
    assert_eq!(shown(&strict, &own, Form::Envelope), (7, Some(70), "application/json".into()));
    let strict = TopicPolicy { overrides: Overrides::Disabled, ..nothing.0 };
    assert_eq!(shown(&strict, &own, Form::Envelope), (3, None, text.into()));
}

#[test]
fn content_types_are_those_of_the_list() {
    for text in ["application/json", "text/plain", "application/xml", "text/plain; charset=UTF-8"] {
        let content_type = ContentType::new(text).unwrap();
        assert!(content_type.suits(Form::Envelope) && content_type.suits(Form::Raw), "{text}");
    }
    for text in RAW_ONLY {
        let content_type = ContentType::new(text).unwrap();
        assert!(!content_type.suits(Form::Envelope) && content_type.suits(Form::Raw), "{text}");
    }
    let long = format!("text/plain; x={}", "y".repeat(256));
    for text in ["", "image/png", "text", "text/plain;\r\nX-Evil: 1", "text/plain; a=\u{e4}", &long] {
        assert_eq!(ContentType::new(text), None, "{text}");
    }
}

const RAW_ONLY: [&str; 8] = [
    "text/css",
    "text/csv",
    "text/html",
    "text/xml; charset=utf-8",
    "application/atom+xml",
    "application/octet-stream",
    "application/soap+xml",
    "application/x-www-form-urlencoded",
];
