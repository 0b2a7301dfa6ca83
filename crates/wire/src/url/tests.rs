//! The forms of queue URLs that clients were seen to send.

use super::*;

#[test]
fn every_form_names_the_same_queue() {
    let expected = Some(QueueRef { account: Some("210987654321"), name: "orders.fifo" });
    for url in [
        "https://sqs.us-east-1.amazonaws.com/210987654321/orders.fifo",
        "http://mq.example.test:4100/210987654321/orders.fifo",
        "https://us-east-1.queue.amazonaws.com/210987654321/orders.fifo?x=1",
        "http://localhost:4566/queue/us-east-1/210987654321/orders.fifo/",
        "/210987654321/orders.fifo",
        "210987654321/orders.fifo",
        "http://h/210987654321/orders.fifo#part",
    ] {
        assert_eq!(parse(url), expected, "{url}");
    }
}

#[test]
fn a_bare_name_is_in_the_callers_account() {
    assert_eq!(parse("orders"), Some(QueueRef { account: None, name: "orders" }));
    assert_eq!(parse("orders?x"), Some(QueueRef { account: None, name: "orders" }));
}

#[test]
fn other_texts_name_no_queue() {
    for url in ["", "/", "http://host", "http://host/", "http://host/orders", "?a/b", "http://"] {
        assert_eq!(parse(url), None, "{url}");
    }
}

#[test]
fn a_built_url_is_read_back() {
    let url = build("http://localhost:4566", "000000000000", "q");
    assert_eq!(url, "http://localhost:4566/000000000000/q");
    assert_eq!(parse(&url), Some(QueueRef { account: Some("000000000000"), name: "q" }));
    assert!(is_queue_path("/000000000000/q") && !is_queue_path("/") && !is_queue_path("/q"));
}

#[test]
fn an_absent_or_malformed_url_is_a_queue_that_does_not_exist() {
    for protocol in [Protocol::Json, Protocol::Query] {
        let missing = sqs::queue_does_not_exist(protocol);
        assert_eq!(required(None, protocol), Err(missing.clone()));
        assert_eq!(required(Some(&"".into()), protocol), Err(missing));
        assert_eq!(required(Some(&"/1/q".into()), protocol).unwrap().name, "q");
    }
}
