//! The forms of queue URLs that clients were seen to send.

use super::*;

#[test]
fn every_form_names_the_same_queue() {
    let expected = Some(QueueRef { account: Some("210987654321".into()), name: "orders.fifo".into() });
    for url in [
        "https://sqs.us-east-1.amazonaws.com/210987654321/orders.fifo",
        "http://mq.example.test:4100/210987654321/orders.fifo",
        "https://sqs.cn-north-1.amazonaws.com.cn/210987654321/orders.fifo",
        "https://sqs-fips.us-east-1.amazonaws.com/210987654321/orders.fifo",
        "https://sqs.us-east-1.api.aws/210987654321/orders.fifo",
        "https://vpce-0a1b-c2d3.sqs.us-east-1.vpce.amazonaws.com/210987654321/orders.fifo",
        "https://us-east-1.queue.amazonaws.com/210987654321/orders.fifo?x=1",
        "https://queue.amazonaws.com/210987654321/orders.fifo",
        "http://[::1]:4566/210987654321/orders.fifo",
        "HTTP://user@HOST/210987654321/orders.fifo",
        "http://h//210987654321/orders.fifo//",
        "localhost:4566/210987654321/orders.fifo",
        "//h/210987654321/orders.fifo",
        "http://h/proxy/of/210987654321/orders%2Efifo?a=/b/c",
        "http://h/%3210987654321/%6frders.fifo",
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
    assert_eq!(parse("orders"), Some(QueueRef { account: None, name: "orders".into() }));
    assert_eq!(parse("orders?x"), Some(QueueRef { account: None, name: "orders".into() }));
}

#[test]
fn other_texts_name_no_queue() {
    for url in
        ["", "/", "http://host", "http://host/", "http://host/orders", "?a/b", "http://", "http://h/1//q"]
    {
        assert_eq!(parse(url), None, "{url}");
    }
}

#[test]
fn escapes_are_undone_after_the_path_is_cut_and_broken_ones_stay() {
    let name = |url: &str| parse(url).unwrap().name.into_owned();
    assert_eq!(name("/1/a%2Fb"), "a/b");
    assert_eq!(name("/1/a+b%3F"), "a+b?");
    for broken in ["a%", "a%4", "a%zz", "a%ff", "%"] {
        assert_eq!(name(&format!("/1/{broken}")), broken);
    }
    assert!(matches!(parse("/1/plain").unwrap().name, Cow::Borrowed("plain")));
}

#[test]
fn a_built_url_is_read_back() {
    let url = build("http://localhost:4566", "000000000000", "q");
    assert_eq!(url, "http://localhost:4566/000000000000/q");
    assert_eq!(parse(&url), Some(QueueRef { account: Some("000000000000".into()), name: "q".into() }));
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
