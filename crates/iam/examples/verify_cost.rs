//! How long checking one signature takes: `cargo run --release -p postrider-iam --example verify_cost`.

use std::hint::black_box;
use std::time::Instant;

use postrider_iam::sigv4::{Place, Request, sign};
use postrider_iam::{Account, Credential, Credentials, Gate, Secret};

const ROUNDS: u32 = 300_000;
const NOW_S: i64 = 1_767_323_045;

fn main() {
    let credential = Credential::root("AKIDEXAMPLE", Secret::new("made-up-secret"), Account::DEFAULT);
    let body = [b'a'; 350];
    let mut headers: Vec<(&str, &[u8])> = vec![
        ("content-type", b"application/x-amz-json-1.0"),
        ("host", b"127.0.0.1:4566"),
        ("x-amz-target", b"AmazonSQS.SendMessage"),
    ];
    let request = Request { method: "POST", path: "/", query: "", headers: &headers, body: &body };
    let added = sign(&request, &credential, Place { region: "us-east-1", service: "sqs" }, NOW_S);
    let agent: &[u8] = b"aws-sdk-rust/1.0 os/linux lang/rust";
    headers.extend([("user-agent", agent), ("content-length", b"350"), ("accept", b"*/*")]);
    headers.extend(added.iter().map(|(name, value)| (*name, value.as_bytes())));
    let request = Request { method: "POST", path: "/", query: "", headers: &headers, body: &body };

    let gate = Gate::enforcing(Credentials::new().with(credential));
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            black_box(gate.check(black_box(&request), None, NOW_S)).expect("it was signed a moment ago");
        }
        println!("{} ns for one request of 350 bytes", start.elapsed().as_nanos() / u128::from(ROUNDS));
    }
}
