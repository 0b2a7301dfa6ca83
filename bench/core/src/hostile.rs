//! What the most expensive filters cost: policies within all limits that are made to be slow, and messages that make
//! them look at everything and pass nothing.
//!
//! One evaluation is one subscription of one publication, in the thread of the shard, so 200 of them are what a topic
//! can do to all queues beside it. Each kind is measured with a body of 256 KiB, the largest by default, and of 1 MiB.

use postrider_core::topic::filter::{Facts, Number, Policy, Scope, Value};
use std::hint::black_box;
use std::time::Duration;

/// Bytes of the bodies, as JSON.
const BODIES: [usize; 2] = [256 << 10, 1 << 20];
/// A kind is evaluated until this has passed.
const TIME: Duration = Duration::from_millis(150);
/// Conditions of one policy, as many as combinations are allowed.
const CONDITIONS: usize = 150;

/// A kind of policy, and what it is slow on.
struct Kind {
    name: &'static str,
    policy: fn() -> Value,
    /// Of the nth value of the message: all that stands under the policy's key is an array of these.
    value: fn(usize) -> Value,
    /// One value as large as the body instead, which repeats the first ones.
    is_one_text: bool,
}

const fn many(name: &'static str, policy: fn() -> Value, value: fn(usize) -> Value) -> Kind {
    Kind { name, policy, value, is_one_text: false }
}

const fn long(name: &'static str, policy: fn() -> Value, value: fn(usize) -> Value) -> Kind {
    Kind { name, policy, value, is_one_text: true }
}

const KINDS: [Kind; 24] = [
    many("texts", || under_k(|nth| text(format!("b{nth:03}"))), |nth| text(short(nth))),
    many("prefix", || under_k(|nth| one("prefix", text(format!("b{nth:03}")))), |_| text("c")),
    many(
        "prefix, alike",
        || under_k(|nth| one("prefix", text(fibonacci(nth, 12, "bb")))),
        |nth| text(fibonacci(nth, 8, "")),
    ),
    many("suffix", || under_k(|nth| one("suffix", text(format!("{nth:03}b")))), |_| text("c")),
    many(
        "equals-ignore-case",
        || under_k(|nth| one("equals-ignore-case", text(format!("B{nth:03}")))),
        |_| text("B99x"),
    ),
    many(
        "equals-ignore-case, é",
        || under_k(|nth| one("equals-ignore-case", text(format!("É{nth}")))),
        |_| text("é"),
    ),
    many("numeric", || under_k(range), |_| number(-1)),
    many("cidr", || under_k(|nth| one("cidr", text(format!("10.{nth}.0.0/16")))), |_| text("9.9.9.9")),
    many("cidr, v6", || under_k(|nth| one("cidr", text(format!("fe80:{nth}::/32")))), |_| text("::1")),
    many("wildcard a*b", || under_k(|nth| one("wildcard", text(format!("a*{nth:03}")))), |_| text("ab")),
    many(
        "wildcard *ab*",
        || under_k(|nth| one("wildcard", inside(nth, 8))),
        |nth| text(fibonacci(nth, 10, "")),
    ),
    many("wildcard *a*b*", || under_k(|nth| one("wildcard", twice(nth))), |nth| text(fibonacci(nth, 10, ""))),
    many(
        "wildcard *ab*, 60 characters",
        || under_k(|nth| one("wildcard", inside(nth, 60))),
        |nth| text(fibonacci(nth, 70, "")),
    ),
    long(
        "wildcard *ab*, one text",
        || under_k(|nth| one("wildcard", inside(nth, 8))),
        |nth| text(fibonacci(nth, 10, "")),
    ),
    long(
        "wildcard *a*b*, one text",
        || under_k(|nth| one("wildcard", twice(nth))),
        |nth| text(fibonacci(nth, 10, "")),
    ),
    long(
        "wildcard, 60 characters, one text",
        || under_k(|nth| one("wildcard", inside(nth, 60))),
        |nth| text(fibonacci(nth, 70, "")),
    ),
    long("wildcard, 470 and 5,000 characters, one text", long_ones, |nth| text(fibonacci(nth, 70, ""))),
    many(
        "anything-but, lists",
        || under_k(|_| but(list((0..200).map(|nth| text(short(nth)))))),
        |nth| text(short(nth % 200)),
    ),
    many("anything-but, one long list", long_list, |nth| text(format!("{:05}", nth * 7919 % 25_000))),
    many(
        "anything-but prefix",
        || under_k(|nth| but(one("prefix", text("a".repeat(nth + 1))))),
        |nth| text("a".repeat(CONDITIONS + nth % 2)),
    ),
    many(
        "anything-but prefix, two",
        || under_k(|nth| but(one("prefix", text(["a", "aa"][nth % 2])))),
        |_| text("aa"),
    ),
    many(
        "anything-but wildcard",
        || under_k(|nth| but(one("wildcard", text(around(nth))))),
        |nth| text(format!("{}{}", "ab".repeat(6), nth % 10)),
    ),
    many("$or of one key", five_times, |_| text("")),
    many("nested", nested, |_| object([("b", text("c"))])),
];

/// Measures all kinds, and prints for each `name milliseconds milliseconds` of one evaluation.
pub fn measure() {
    for kind in &KINDS {
        let policy = Policy::compile(&(kind.policy)(), Scope::MessageBody)
            .unwrap_or_else(|error| panic!("{}: {error}", kind.name));
        let times = BODIES.map(|bytes| {
            let facts = Facts::new(Vec::new(), Some(body(kind, bytes)));
            let (start, mut rounds) = (cpu_time(), 0);
            while rounds == 0 || cpu_time() - start < TIME {
                assert!(!policy.matches(black_box(&facts)), "{} is refused", kind.name);
                rounds += 1;
            }
            (cpu_time() - start).as_secs_f64() * 1e3 / f64::from(rounds)
        });
        println!("{}\t{:.2}\t{:.2}", kind.name, times[0], times[1]);
    }
}

/// The time that this thread has had of a processor: neighbours count less than with a clock.
fn cpu_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a kernel that tells");
    Duration::from_nanos(told.split(' ').next().and_then(|first| first.parse().ok()).expect("a number"))
}

/// A body of about so many bytes.
fn body(kind: &Kind, bytes: usize) -> Value {
    let mut size = "{\"k\":[]}".len();
    let mut values = Vec::new();
    for nth in 0.. {
        let value = (kind.value)(nth);
        size += length(&value) + 1;
        if size > bytes {
            break;
        }
        values.push(value);
    }
    if kind.is_one_text {
        // An `a` between them, as a `b` at an end must not meet another.
        let texts = values.iter().map(|value| if let Value::String(text) = value { text } else { "" });
        let mut all: String = texts.flat_map(|text| [text, "a"]).collect();
        all.truncate(bytes - 8);
        return object([("k", text(all))]);
    }
    object([("k", Value::Array(values))])
}

/// Bytes of a value as JSON, where nothing has to be escaped.
fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Number(_) => 2,
        Value::Object(members) => {
            1 + members.iter().map(|(key, value)| key.len() + 4 + length(value)).sum::<usize>()
        }
        Value::Null | Value::Bool(_) => 5,
        Value::Array(items) => 1 + items.iter().map(|item| length(item) + 1).sum::<usize>(),
    }
}

/// One key with as many conditions as there may be.
fn under_k(condition: fn(usize) -> Value) -> Value {
    object([("k", list((0..CONDITIONS).map(condition)))])
}

/// One key in each of five alternatives.
fn five_times() -> Value {
    let part = |part: usize| {
        object([("k", list((0..30).map(|nth| one("prefix", text(format!("{part}{nth:02}"))))))])
    };
    object([("$or", list((0..5).map(part)))])
}

/// As many as fit into a walk, and as many that do not as there may be.
fn long_ones() -> Value {
    let patterns = (0..30).map(|nth| one("wildcard", inside(nth, if nth < 20 { 470 } else { 5_000 })));
    object([("k", list(patterns))])
}

fn nested() -> Value {
    let conditions = list((0..CONDITIONS / 2).map(|nth| one("prefix", text(format!("b{nth:03}")))));
    object([("k", object([("b", conditions)]))])
}

fn long_list() -> Value {
    object([("k", list([but(list((0..25_000).map(|nth| text(format!("{nth:05}")))))]))])
}

fn range(nth: usize) -> Value {
    one("numeric", list([text(">="), number(nth as i64 * 2), text("<"), number(nth as i64 * 2 + 1)]))
}

/// Letters `a` and `b` that differ from one number to the next, never two `b` in a row, and then an ending.
fn fibonacci(nth: usize, characters: usize, ending: &str) -> String {
    let mut bits = (nth as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut made = String::new();
    while made.len() + ending.len() < characters {
        let after_b = made.ends_with('b');
        made.push(if bits & 1 == 1 && !after_b { 'b' } else { 'a' });
        bits = bits.rotate_left(7).wrapping_add(nth as u64);
    }
    made + ending
}

/// What no such letters have inside them.
fn inside(nth: usize, characters: usize) -> Value {
    text(format!("*{}*", fibonacci(nth, characters, "bb")))
}

/// The same behind something that they have.
fn twice(nth: usize) -> Value {
    text(format!("*a*{}*", fibonacci(nth, 6, "bb")))
}

/// What `abababababab` and a digit have inside them.
fn around(nth: usize) -> String {
    let pieces = ["a", "b", "ab", "ba", "aba", "bab"];
    let [first, second, third] = [nth % 6, nth / 6 % 6, nth / 36 % 6].map(|at| pieces[at]);
    format!("*{first}*{second}*{}*", &third[..1])
}

fn short(nth: usize) -> String {
    let letter = |at: usize| char::from(b'c' + (at % 20) as u8);
    [letter(nth), letter(nth / 20)].into_iter().collect()
}

fn but(operand: Value) -> Value {
    one("anything-but", operand)
}

fn one(operator: &str, operand: Value) -> Value {
    object([(operator, operand)])
}

fn text(text: impl Into<Box<str>>) -> Value {
    Value::String(text.into())
}

fn number(whole: i64) -> Value {
    Value::Number(Number::from(whole))
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::Array(items.into_iter().collect())
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}
