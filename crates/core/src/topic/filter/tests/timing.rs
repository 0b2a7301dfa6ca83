//! How long one evaluation takes. Prints and asserts nothing, because machines differ; run it in release
//! mode with `--ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use super::super::{Facts, Policy, Scope};
use super::{attributes, json, policy};

const ROUNDS: u32 = 1_000_000;

fn time(name: &str, policy: &Policy, facts: &Facts) {
    let start = Instant::now();
    let matched = (0..ROUNDS).filter(|_| black_box(policy).matches(black_box(facts))).count();
    let each = start.elapsed().as_nanos() / u128::from(ROUNDS);
    let outcome = if matched == 0 { "no match" } else { "match" };
    println!("{each:>6} ns  {outcome:<8}  {name}");
}

#[test]
#[ignore = "prints timings"]
fn evaluations() {
    let of = |amount, kind| {
        attributes(&[
            ("kind", "String", kind),
            ("amount", "Number", amount),
            ("region", "String", "eu-central-1"),
            ("tags", "String.Array", r#"["a","b","c"]"#),
        ])
    };
    let exact = policy(r#"{"kind":["invoice","refund","reminder","order"]}"#, Scope::MessageAttributes);
    time("attributes, one key, exact", &exact, &of("99", "refund"));
    time("attributes, one key, exact", &exact, &of("99", "nothing"));
    let mixed = policy(
        r#"{"kind":[{"prefix":"in"},{"wildcard":"*fu*d"}],"amount":[{"numeric":[">",0,"<=",100]}],
            "region":[{"anything-but":["us-east-1","us-west-2"]}],"tags":["x","c"]}"#,
        Scope::MessageAttributes,
    );
    time("attributes, four keys", &mixed, &of("99", "refund"));
    time("attributes, four keys", &mixed, &of("111", "refund"));
    let message = r#"{"version":"0","id":"abc","detail":{"status":"open","total":12.5,"customer":{"tier":"gold"}},
        "Records":[{"name":"Removed:X","s3":{"key":"home-1"}},{"name":"Created:Put","s3":{"key":"auto-1"}}],
        "time":"2024-01-01T00:00:00Z","source":"shop"}"#;
    let start = Instant::now();
    for _ in 0..10_000 {
        black_box(Facts::new(vec![], Some(json(black_box(message)))));
    }
    println!(
        "{:>6} ns  reading a body of {} bytes (test reader)",
        start.elapsed().as_nanos() / 10_000,
        message.len()
    );
    let body = Facts::new(vec![], Some(json(message)));
    let nested = |key: &str| {
        let source = format!(
            r#"{{"detail":{{"status":["open"],"customer":{{"tier":["gold"]}}}},
                "Records":{{"name":[{{"prefix":"Created:"}}],"s3":{{"key":[{{"prefix":"{key}"}}]}}}}}}"#
        );
        policy(&source, Scope::MessageBody)
    };
    time("body, four keys, array of objects", &nested("auto-"), &body);
    time("body, four keys, array of objects", &nested("home-"), &body);
    let or = policy(
        r#"{"$or":[{"source":["bank"]},{"detail":{"total":[{"numeric":[">",10]}]}}],"version":["0"]}"#,
        Scope::MessageBody,
    );
    time("body, $or beside a key", &or, &body);
    let cidr = policy(r#"{"ip":[{"cidr":"2001:db8::/32"}]}"#, Scope::MessageAttributes);
    time("attributes, cidr", &cidr, &attributes(&[("ip", "String", "2001:db8:0:1:2:3:4:5")]));
}
