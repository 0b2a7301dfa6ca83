//! Policies and messages that are made to be expensive. What is looked at here grows with the product of two
//! inputs, or faster, when it is done naively; the bounds on time are far above what is needed.

use super::super::{Facts, Policy, PolicyError, Scope, Value};
use super::{attributes, body};
use std::time::Duration;

use Scope::{MessageAttributes, MessageBody};

/// The longest policy, and the longest message of a topic that was not told otherwise, bytes.
const TEXT_BYTES_MAX: usize = 262_144;
const BOUND: Duration = Duration::from_secs(5);

#[track_caller]
fn soon<T>(what: impl FnOnce() -> T) -> T {
    let start = cpu_time();
    let result = what();
    let taken = cpu_time().saturating_sub(start);
    assert!(taken < BOUND, "took {taken:?}");
    result
}

/// The time that this thread has had of a processor, where the kernel tells: neighbours do not count.
fn cpu_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0))
}

fn text(text: impl Into<Box<str>>) -> Value {
    Value::String(text.into())
}

fn object(key: &str, value: Value) -> Value {
    Value::Object(vec![(key.into(), value)])
}

fn operator(name: &str, operand: Value) -> Value {
    object(name, operand)
}

fn policy(conditions: Vec<Value>, scope: Scope) -> Policy {
    Policy::compile(&object("k", Value::Array(conditions)), scope).expect("a policy")
}

#[test]
fn many_leaves_below_a_long_key_are_not_copied_with_it() {
    let leaf = Value::Array(vec![Value::Null]);
    let leaves = (0..30_000).map(|number: u32| (number.to_string().into(), leaf.clone())).collect();
    let source = object(&"k".repeat(TEXT_BYTES_MAX / 2), Value::Object(leaves));
    assert_eq!(soon(|| Policy::compile(&source, MessageBody)), Err(PolicyError::TooManyKeys));
    let same = (0..30_000).map(|_| ("".into(), leaf.clone())).collect();
    let mut source = Value::Object(same);
    for _ in 0..100 {
        source = object("a", source);
    }
    assert!(soon(|| Policy::compile(&source, MessageBody)).is_ok());
}

#[test]
fn patterns_are_bounded_also_in_lists_of_anything_but() {
    let listed = |name: &str, count: usize| {
        let patterns = (0..count).map(|number| text(format!("p{number}"))).collect();
        let refused = operator("anything-but", operator(name, Value::Array(patterns)));
        Policy::compile(&object("k", Value::Array(vec![refused])), MessageAttributes)
    };
    for name in ["prefix", "suffix", "equals-ignore-case", "wildcard"] {
        assert!(listed(name, 150).is_ok(), "{name}");
        assert_eq!(listed(name, 151), Err(PolicyError::TooComplex), "{name}");
    }
    // Texts and numbers are searched, so a list of them may be as long as a policy.
    let texts = (0..25_000).map(|number| text(format!("t{number}"))).collect();
    let policy = policy(vec![operator("anything-but", Value::Array(texts))], MessageAttributes);
    let others: Vec<_> = (0..25_000).map(|number| format!("\"t{number}\"")).collect();
    let refused = attributes(&[("k", "String.Array", &format!("[{}]", others.join(",")))]);
    soon(|| (0..20).for_each(|_| assert!(!policy.matches(&refused))));
}

#[test]
fn wildcards_take_time_in_proportion_to_the_text() {
    let long = "a".repeat(TEXT_BYTES_MAX);
    let facts = attributes(&[("k", "String", &long)]);
    // What makes a matcher that goes back exponential, or at least quadratic.
    for pattern in ["*a".repeat(60_000) + "b", "*aaaaaaaaab".repeat(10_000), "a*".repeat(100_000) + "ab"] {
        let policy = policy(vec![operator("wildcard", text(pattern))], MessageAttributes);
        soon(|| assert!(!policy.matches(&facts)));
    }
    let short = body(&format!("{{\"k\":[{}0]}}", "\"aaa\",".repeat(40_000)));
    let longer = policy(
        vec![operator("wildcard", text("*".to_owned() + &"a".repeat(TEXT_BYTES_MAX / 2) + "*"))],
        MessageBody,
    );
    soon(|| assert!(!longer.matches(&short)));
    let half = format!("*{}b*", "a".repeat(TEXT_BYTES_MAX / 2));
    let policy = policy(vec![operator("wildcard", text(half))], MessageAttributes);
    soon(|| assert!(!policy.matches(&facts)));
}

#[test]
fn many_conditions_meet_many_values() {
    let conditions = |condition: &dyn Fn(usize) -> Value| (0..150).map(condition).collect::<Vec<_>>();
    let cidrs = conditions(&|number| operator("cidr", text(format!("10.{number}.0.0/16"))));
    let folded = conditions(&|number| operator("equals-ignore-case", text(format!("É{number}"))));
    let wild = conditions(&|number| operator("wildcard", text(format!("*{number}x*"))));
    let values = |value: &str| body(&format!("{{\"k\":[{}0]}}", format!("{value},").repeat(40_000)));
    for (conditions, value) in [(cidrs, "\"::1\""), (folded, "\"é\""), (wild, "\"1y\"")] {
        let policy = policy(conditions, MessageBody);
        let facts = values(value);
        soon(|| assert!(!policy.matches(&facts)));
    }
}

/// Each of these would take seconds if every pattern were tried on every value.
#[test]
fn many_conditions_that_all_refuse_meet_many_values() {
    let conditions = |condition: &dyn Fn(usize) -> Value| (0..150).map(condition).collect::<Vec<_>>();
    let but = |operand: Value| operator("anything-but", operand);
    let listed = Value::Array((0..200).map(|number| text(format!("t{number}"))).collect());
    let pieces = ["a", "b", "ab", "ba", "aba", "bab"];
    let wild = |number: usize| {
        let [first, second, third] = [number % 6, number / 6 % 6, number / 36 % 6].map(|at| pieces[at]);
        text(format!("*{first}*{second}*{}*", &third[..1]))
    };
    let (lists, prefixes, wildcards, folded) = (
        conditions(&|_| but(listed.clone())),
        conditions(&|number| but(operator("prefix", text(["a", "aa"][number % 2])))),
        conditions(&|number| but(operator("wildcard", wild(number)))),
        conditions(&|number| operator("equals-ignore-case", text(format!("É{number}")))),
    );
    for (conditions, value) in [(lists, "t7"), (prefixes, "aa"), (wildcards, "abababababab"), (folded, "é")]
    {
        let policy = policy(conditions, MessageBody);
        let count = TEXT_BYTES_MAX / (value.len() + 3);
        let facts = body(&format!("{{\"k\":[{}\"{value}\"]}}", format!("\"{value}\",").repeat(count)));
        soon(|| (0..8).for_each(|_| assert!(!policy.matches(&facts), "{value}")));
    }
}

#[test]
fn wildcards_that_are_tried_one_by_one_are_few() {
    let wildcards = |lengths: &[usize]| {
        let patterns = lengths
            .iter()
            .enumerate()
            .map(|(number, length)| operator("wildcard", text(format!("*{number}{}*", "a".repeat(*length)))));
        Policy::compile(&object("k", Value::Array(patterns.collect())), MessageBody)
    };
    assert!(wildcards(&[5_000; 10]).is_ok());
    assert_eq!(wildcards(&[5_000; 11]), Err(PolicyError::TooComplex));
    assert!(wildcards(&[60; 150]).is_ok());
    assert_eq!(wildcards(&[500; 30]), Err(PolicyError::TooComplex));
    let refused = (0..11).map(|number| text(format!("{number}{}*", "a".repeat(600)))).collect();
    let refused = operator("anything-but", operator("wildcard", Value::Array(refused)));
    let source = object("k", Value::Array(vec![refused]));
    assert_eq!(Policy::compile(&source, MessageBody), Err(PolicyError::TooComplex));
}

#[test]
fn deep_and_wide_messages_are_walked_once_for_each_alternative() {
    let source = r#"{"$or":[{"a":{"a":{"x":[1]}}},{"a":{"a":{"y":[1]}}}],"a":{"z":[1]},"b":[1]}"#;
    let policy = super::policy(source, MessageBody);
    let nested =
        |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let deep = nested("[[{\"a\":", "}]]", 40);
    let wide = format!("{{\"b\":1,\"a\":[{}{deep}]}}", format!("{deep},").repeat(600));
    let facts = soon(|| body(&wide));
    soon(|| (0..20).for_each(|_| assert!(!policy.matches(&facts))));
}

#[test]
fn keys_of_dots_make_no_more_than_they_could_be_asked_for() {
    let many: Vec<_> = (0..1_500).map(|number| format!("\"{}{number}\":1", "a.".repeat(75))).collect();
    let facts = soon(|| body(&format!("{{{}}}", many.join(","))));
    let path = format!("{}7", "a.".repeat(75));
    let found = super::policy(&format!("{{\"{path}\":[1]}}"), MessageBody);
    soon(|| assert!(found.matches(&facts)));
    let dots = soon(|| body(&format!("{{\"{}\":1}}", ".".repeat(TEXT_BYTES_MAX))));
    assert!(!found.matches(&dots));
}

#[test]
fn other_texts_of_a_message_share_its_attributes() {
    let default = attributes(&[("k", "String", "v")]);
    let other = default.with_body(Some(super::json(r#"{"k":["w"]}"#)));
    let by_attribute = super::policy(r#"{"k":["v"]}"#, MessageAttributes);
    let by_body = super::policy(r#"{"k":["w"]}"#, MessageBody);
    assert!(by_attribute.matches(&default) && by_attribute.matches(&other));
    assert!(!by_body.matches(&default) && by_body.matches(&other));
    assert!(!by_body.matches(&other.with_body(None)) && !by_body.matches(&Facts::default()));
}
