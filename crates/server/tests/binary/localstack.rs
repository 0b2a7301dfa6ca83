//! LocalStack's own paths: what they show, to whom, and that they change nothing.

use crate::client::{Answer, Client};
use crate::server::Launch;
use crate::signer::sign_get;
use serde_json::{Value, json};

const JSON: &str = "accept: application/json\r\n";

fn open() -> Launch {
    Launch::new(&["--memory", "--extensions-localstack"])
}

/// The messages that a path shows in JSON.
fn shown(client: &mut Client, path: &str) -> Vec<Value> {
    let answer = client.fetch(path, JSON);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("x-amzn-requestid").is_some());
    // One message is no array, and none is nothing.
    let messages = &answer.json()["ReceiveMessageResponse"]["ReceiveMessageResult"]["Message"];
    match messages.as_array() {
        Some(several) => several.clone(),
        None => messages.as_object().map(|_| messages.clone()).into_iter().collect(),
    }
}

fn bodies(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["Body"].as_str().unwrap()).collect()
}

fn attribute<'m>(message: &'m Value, name: &str) -> &'m str {
    let named = message["Attribute"].as_array().unwrap().iter().find(|attribute| attribute["Name"] == name);
    named.unwrap_or_else(|| panic!("{name} is not in {message}"))["Value"].as_str().unwrap()
}

fn send(client: &mut Client, url: &str, body: &str, more: Value) {
    let mut input = json!({ "QueueUrl": url, "MessageBody": body });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.ok("SendMessage", &input);
}

fn post(client: &mut Client, path: &str, content_type: &str, body: &str) -> Answer {
    let (host, length) = (client.host.clone(), body.len());
    client.write(
        format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\
             \r\n\r\n{body}"
        )
        .as_bytes(),
    );
    client.read().unwrap()
}

#[test]
fn unless_asked_for_these_paths_are_like_any_other() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    for path in ["/_localstack/health", "/_aws/sqs/messages", "/_aws/sqs/messages/us-east-1/000000000000/q"] {
        let same_kind = path.replacen("/_", "/x", 1);
        for query in [String::new(), format!("?QueueUrl={url}")] {
            let (answer, other) =
                (client.get(&format!("{path}{query}")), client.get(&format!("{same_kind}{query}")));
            assert_ne!(answer.status, 200);
            assert_eq!((answer.status, other.status), (other.status, answer.status), "{path}{query}");
        }
    }
}

#[test]
fn the_health_page_says_that_the_services_run() {
    let launch = open();
    let server = launch.start();
    let health = server.client().get("/_localstack/health");
    assert_eq!((health.status, health.header("content-type")), (200, Some("application/json")));
    assert_eq!(health.json()["services"], json!({ "sqs": "running", "sns": "running" }));
    assert!(health.json()["version"].is_string());
}

#[test]
fn a_look_changes_nothing() {
    let launch = open();
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    let path = format!("/_aws/sqs/messages?QueueUrl={url}");
    assert_eq!(shown(&mut client, &path), [] as [Value; 0]);
    let attributes = json!({
        "colour": { "DataType": "String", "StringValue": "blue & <green>" },
        "key": { "DataType": "Binary", "BinaryValue": "AAEC" },
    });
    send(&mut client, &url, "one \"1\" & <1>", json!({ "MessageAttributes": attributes }));
    send(&mut client, &url, "two", json!({}));
    for _ in 0..3 {
        let messages = shown(&mut client, &path);
        assert_eq!(bodies(&messages), ["one \"1\" & <1>", "two"]);
        assert_eq!(attribute(&messages[0], "ApproximateReceiveCount"), "0");
        assert_eq!(attribute(&messages[0], "SenderId"), "000000000000");
        assert_eq!(messages[1]["MD5OfBody"], "b8a9f715dbb64fd5c56e7783c6820a61");
        assert_eq!(messages[0]["MessageAttribute"][0]["Value"]["StringValue"], "blue & <green>");
        assert_eq!(messages[0]["MessageAttribute"][1]["Value"]["BinaryValue"], "AAEC");
    }
    let handle = shown(&mut client, &path)[0]["ReceiptHandle"].clone();
    let delete = client.sqs("DeleteMessage", &json!({ "QueueUrl": url, "ReceiptHandle": handle }));
    assert_eq!(delete.json()["__type"], "com.amazonaws.sqs#ReceiptHandleIsInvalid");

    let receive = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0, "AttributeNames": ["All"] });
    let received = client.ok("ReceiveMessage", &receive);
    assert_eq!(received["Messages"].as_array().unwrap().len(), 2);
    assert_eq!(received["Messages"][0]["Attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(attribute(&shown(&mut client, &path)[1], "ApproximateReceiveCount"), "1");
}

#[test]
fn what_is_not_available_is_shown_on_demand() {
    let launch = open();
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    let path = format!("/_aws/sqs/messages?QueueUrl={url}");
    send(&mut client, &url, "first", json!({}));
    client.ok("ReceiveMessage", &json!({ "QueueUrl": url }));
    send(&mut client, &url, "second", json!({}));
    send(&mut client, &url, "third", json!({ "DelaySeconds": 900 }));
    for (more, expected) in [
        ("", vec!["second"]),
        ("&ShowInvisible=false&ShowDelayed=0", vec!["second"]),
        ("&ShowInvisible=true", vec!["first", "second"]),
        ("&ShowDelayed=True", vec!["second", "third"]),
        ("&ShowDelayed=1&ShowInvisible=1", vec!["first", "second", "third"]),
    ] {
        assert_eq!(bodies(&shown(&mut client, &format!("{path}{more}"))), expected, "{more}");
    }
    let all = shown(&mut client, &format!("{path}&ShowDelayed=true&ShowInvisible=true"));
    let said = |at: usize| (attribute(&all[at], "IsVisible"), attribute(&all[at], "IsDelayed"));
    assert_eq!([said(0), said(1), said(2)], [("false", "false"), ("true", "false"), ("false", "true")]);
}

/// In a message group what is behind a message in flight is not available either.
#[test]
fn a_group_is_invisible_behind_what_is_in_flight() {
    let launch = open();
    let server = launch.start();
    let mut client = server.client();
    let attributes = json!({ "FifoQueue": "true", "ContentBasedDeduplication": "true" });
    let made = client.ok("CreateQueue", &json!({ "QueueName": "q.fifo", "Attributes": attributes }));
    let url = made["QueueUrl"].as_str().unwrap().to_owned();
    let path = format!("/_aws/sqs/messages?QueueUrl={url}");
    for (body, group) in [("1", "a"), ("2", "a"), ("3", "b"), ("4", "b")] {
        send(&mut client, &url, body, json!({ "MessageGroupId": group }));
    }
    let messages = shown(&mut client, &path);
    assert_eq!(bodies(&messages), ["1", "2", "3", "4"]);
    assert_eq!(attribute(&messages[2], "MessageGroupId"), "b");
    assert_eq!(attribute(&messages[2], "SequenceNumber").len(), 20);

    let received = client.ok("ReceiveMessage", &json!({ "QueueUrl": url }));
    assert_eq!(received["Messages"][0]["Body"], "1");
    assert_eq!(bodies(&shown(&mut client, &path)), ["3", "4"]);
    let all = shown(&mut client, &format!("{path}&ShowInvisible=true"));
    let visible: Vec<_> = all.iter().map(|message| attribute(message, "IsVisible")).collect();
    assert_eq!(visible, ["false", "false", "true", "true"]);
}

#[test]
fn more_than_a_page_of_messages_is_shown() {
    let launch = open();
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    for batch in 0..25 {
        let entries: Vec<Value> = (0..10)
            .map(|at| json!({ "Id": at.to_string(), "MessageBody": format!("{}", 10 * batch + at) }))
            .collect();
        client.ok("SendMessageBatch", &json!({ "QueueUrl": url, "Entries": entries }));
    }
    let messages = shown(&mut client, &format!("/_aws/sqs/messages?QueueUrl={url}"));
    let expected: Vec<String> = (0..250).map(|number| number.to_string()).collect();
    assert_eq!(bodies(&messages), expected);
}

#[test]
fn it_speaks_what_clients_of_the_queue_speak() {
    let launch = open();
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    send(&mut client, &url, "m", json!({}));
    let path = "/_aws/sqs/messages";
    let xml = client.get(&format!("{path}?QueueUrl={url}"));
    assert_eq!(xml.header("content-type"), Some("text/xml"));
    let start = "<?xml version=\"1.0\"?><ReceiveMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">";
    assert!(xml.body.starts_with(start) && xml.body.contains("<Body>m</Body>"), "{xml:?}");

    // As SDKs ask whose endpoint is this path. The number asked for does not count.
    let form = "application/x-www-form-urlencoded";
    let body = format!("Action=ReceiveMessage&Version=2012-11-05&QueueUrl={url}&MaxNumberOfMessages=1");
    assert!(post(&mut client, path, form, &body).body.contains("<Body>m</Body>"));
    assert!(post(&mut client, path, form, &format!("QueueUrl={url}")).body.contains("<Body>m</Body>"));
    let json = "application/x-amz-json-1.0\r\nx-amz-target: AmazonSQS.ReceiveMessage";
    let answer = post(&mut client, path, json, &json!({ "QueueUrl": url }).to_string());
    assert_eq!(answer.json()["Messages"][0]["Body"], "m");
    assert_eq!(answer.json()["Messages"][0]["Attributes"]["ApproximateReceiveCount"], "0");

    let other = post(&mut client, path, form, &format!("Action=PurgeQueue&QueueUrl={url}"));
    assert_eq!(other.status, 400);
    assert!(other.body.contains("<Code>InvalidAction</Code>"), "{other:?}");
    assert_eq!(shown(&mut client, &format!("{path}?QueueUrl={url}")).len(), 1, "nothing was purged");
}

#[test]
fn the_path_may_name_region_account_and_queue() {
    let launch = open();
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    send(&mut client, &url, "m", json!({}));
    let of = |region: &str| format!("/_aws/sqs/messages/{region}/000000000000/q");
    assert_eq!(bodies(&shown(&mut client, &of("us-east-1"))), ["m"]);
    for path in
        [&of("us-east-2"), "/_aws/sqs/messages", "/_aws/sqs/messages?QueueUrl=http://a/000000000000/none"]
    {
        let missing = client.fetch(path, JSON);
        assert_eq!(missing.status, 400, "{missing:?}");
        let error = &missing.json()["ErrorResponse"]["Error"];
        assert_eq!(error["Code"], "AWS.SimpleQueueService.NonExistentQueue");
    }
}

#[test]
fn a_look_needs_the_right_to_receive() {
    let (id, secret) = ("AKIDPOSTRIDERTEST001", "made-up-secret/for+tests");
    let launch = Launch::new(&["--memory", "--extensions-localstack", "--access-key-id", id])
        .with_environment("POSTRIDER_SECRET_ACCESS_KEY", secret);
    let server = launch.start();
    let mut client = server.client();
    let path = "/_aws/sqs/messages/us-east-1/000000000000/q";
    let host = client.host.clone();
    for more in [String::new(), sign_get(&host, path, (id, "wrong"))] {
        let refused = client.fetch(path, &more);
        assert_eq!(refused.status, 403, "{refused:?}");
    }
    let answer = client.fetch(path, &sign_get(&host, path, (id, secret)));
    assert_eq!(answer.status, 400, "let in, and told that there is no such queue: {answer:?}");
    assert_eq!(client.get("/_localstack/health").status, 200, "health asks nobody");
}

#[test]
fn pages_of_other_sites_may_not_look() {
    let launch = open();
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    let path = format!("/_aws/sqs/messages?QueueUrl={url}");
    for more in ["sec-fetch-site: cross-site\r\n", "origin: http://elsewhere.example\r\n"] {
        assert_eq!(client.fetch(&path, more).status, 403);
    }
    assert_eq!(client.fetch(&path, "sec-fetch-site: none\r\n").status, 200);
}
