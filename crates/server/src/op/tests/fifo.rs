//! FIFO queues as clients see them (sqs 10): numbers, deduplication, whole batches and single entries, receipt
//! handles that expire, attempts that are repeated.

use super::support::Server;
use postrider_wire::Service;
use serde_json::{Value, json};

async fn server(attributes: Value) -> Server {
    let server = Server::open(1);
    let mut attributes = attributes;
    attributes["FifoQueue"] = json!("true");
    let got = server.sqs("CreateQueue", json!({"QueueName": "q.fifo", "Attributes": attributes})).await;
    assert_eq!(got.status, 200, "{}", got.body);
    server
}

fn on_queue(mut members: Value) -> Value {
    members["QueueUrl"] = json!("q.fifo");
    members
}

async fn send(server: &Server, group: &str, id: &str, body: &str) -> Value {
    let members = json!({"MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": id});
    server.sqs("SendMessage", on_queue(members)).await.json()
}

async fn receive(server: &Server, mut members: Value) -> Vec<Value> {
    members["AttributeNames"] = json!(["All"]);
    members["MaxNumberOfMessages"] = json!(10);
    let got = server.sqs("ReceiveMessage", on_queue(members)).await.json();
    got["Messages"].as_array().cloned().unwrap_or_default()
}

fn texts(entries: &[Value], member: &str) -> Vec<String> {
    entries.iter().map(|entry| entry[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repetition_gets_the_answer_of_the_first() {
    let server = server(json!({})).await;
    let first = send(&server, "g", "a", "one").await;
    let again = send(&server, "h", "a", "another body").await;
    let second = send(&server, "g", "b", "two").await;
    for member in ["MessageId", "SequenceNumber"] {
        assert_eq!(again[member], first[member]);
        assert_ne!(second[member], first[member]);
    }
    assert_ne!(again["MD5OfMessageBody"], first["MD5OfMessageBody"], "digests are of what was sent");
    let number = |sent: &Value| sent["SequenceNumber"].as_str().unwrap().to_owned();
    assert_eq!(number(&first).len(), 20);
    assert!(number(&first) < number(&second));

    let got = receive(&server, json!({})).await;
    assert_eq!(texts(&got, "Body"), ["one", "two"]);
    assert_eq!(got[0]["Attributes"]["SequenceNumber"], first["SequenceNumber"]);
    assert_eq!(got[0]["Attributes"]["MessageGroupId"], "g");
    assert_eq!(got[1]["Attributes"]["MessageDeduplicationId"], "b");
    assert!(receive(&server, json!({})).await.is_empty(), "the group is locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_content_is_an_id_where_the_queue_says_so() {
    let server =
        server(json!({"ContentBasedDeduplication": "true", "DeduplicationScope": "messageGroup"})).await;
    let send = async |group: &str| {
        let members = json!({"MessageBody": "same", "MessageGroupId": group});
        server.sqs("SendMessage", on_queue(members)).await.json()["MessageId"].clone()
    };
    let first = send("g").await;
    assert_eq!(send("g").await, first);
    assert_ne!(send("h").await, first, "the scope is the group");
    // An explicit id that equals the digest is the same id.
    let hex = "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5";
    let members = json!({"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": hex});
    assert_eq!(server.sqs("SendMessage", on_queue(members)).await.json()["MessageId"], first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_fails_as_a_whole_or_entry_by_entry() {
    let server = server(json!({})).await;
    let batch =
        async |entries: Value| server.sqs("SendMessageBatch", on_queue(json!({"Entries": entries}))).await;
    let good = |id: &str, dedup: &str| json!({"Id": id, "MessageBody": id, "MessageGroupId": "g", "MessageDeduplicationId": dedup});
    let no_group = json!({"Id": "b", "MessageBody": "m", "MessageDeduplicationId": "b"});
    let refused = batch(json!([good("a", "a"), no_group])).await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidParameterValue"));
    assert_eq!(refused.message(), "The request must contain the parameter MessageGroupId.");
    let no_id = json!({"Id": "b", "MessageBody": "m", "MessageGroupId": "g"});
    let refused = batch(json!([good("a", "a"), no_id])).await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidParameterValue"));
    assert!(refused.message().starts_with("The queue should either have ContentBasedDeduplication enabled"));
    assert!(receive(&server, json!({})).await.is_empty(), "nothing of a refused batch was sent");

    let mut late = good("c", "c");
    late["DelaySeconds"] = json!(1);
    let mut now = good("d", "d");
    now["DelaySeconds"] = json!(0);
    let sent = batch(json!([good("a", "a"), good("b", "b b"), late, now, good("e", "a")])).await.json();
    let (good, bad) = (sent["Successful"].as_array().unwrap(), sent["Failed"].as_array().unwrap());
    assert_eq!(texts(good, "Id"), ["a", "d", "e"]);
    assert_eq!(good[0]["SequenceNumber"], good[2]["SequenceNumber"], "one id, one message");
    assert_eq!(texts(bad, "Id"), ["b", "c"]);
    assert_eq!(texts(bad, "Code"), ["InvalidParameterValue"; 2]);
    assert_eq!(texts(&receive(&server, json!({})).await, "Body"), ["a", "d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_is_good_until_its_timeout_ends() {
    let server = server(json!({})).await;
    send(&server, "g", "a", "m").await;
    let got = receive(&server, json!({"VisibilityTimeout": 0})).await;
    let handle = got[0]["ReceiptHandle"].as_str().unwrap();
    let expired = format!(
        "Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    );
    let refused = server.sqs("DeleteMessage", on_queue(json!({"ReceiptHandle": handle}))).await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidParameterValue"));
    assert_eq!(refused.message(), expired);
    let entries = json!([{"Id": "a", "ReceiptHandle": handle}, {"Id": "b", "ReceiptHandle": "garbage"}]);
    let got = server.sqs("DeleteMessageBatch", on_queue(json!({"Entries": entries}))).await.json();
    let failed = got["Failed"].as_array().unwrap();
    assert_eq!(texts(failed, "Code"), ["InvalidParameterValue", "ReceiptHandleIsInvalid"]);
    assert_eq!(failed[0]["Message"], expired);
    let later = json!({"ReceiptHandle": handle, "VisibilityTimeout": 30});
    let refused = server.sqs("ChangeMessageVisibility", on_queue(later)).await;
    assert_eq!((refused.status, refused.code()), (400, "InvalidParameterValue"));

    let handle = receive(&server, json!({})).await[0]["ReceiptHandle"].clone();
    assert_eq!(server.sqs("DeleteMessage", on_queue(json!({"ReceiptHandle": handle}))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_is_repeated_gets_the_same_messages() {
    let server = server(json!({})).await;
    for id in ["a", "b"] {
        send(&server, "g", id, id).await;
    }
    let attempt = |id: &str| json!({"ReceiveRequestAttemptId": id});
    let first = receive(&server, attempt("1")).await;
    assert_eq!(texts(&first, "Body"), ["a", "b"]);
    assert!(receive(&server, attempt("2")).await.is_empty());
    let again = receive(&server, attempt("1")).await;
    assert_eq!(texts(&again, "ReceiptHandle"), texts(&first, "ReceiptHandle"));
    let handle = first[0]["ReceiptHandle"].clone();
    server.sqs("DeleteMessage", on_queue(json!({"ReceiptHandle": handle}))).await;
    assert!(
        receive(&server, attempt("1")).await.is_empty(),
        "a message was deleted, so it is another receive"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn query_tells_the_sequence_number_too() {
    let server = server(json!({})).await;
    let asked = [
        ("QueueUrl", "q.fifo"),
        ("MessageBody", "m"),
        ("MessageGroupId", "g"),
        ("MessageDeduplicationId", "d"),
    ];
    let sent = server.form(Service::Sqs, "SendMessage", &asked).await;
    assert_eq!(sent.text("SequenceNumber").len(), 20, "{}", sent.body);
    let asked = [("QueueUrl", "q.fifo"), ("AttributeName.1", "SequenceNumber")];
    let got = server.form(Service::Sqs, "ReceiveMessage", &asked).await;
    let number = sent.text("SequenceNumber");
    let expected = format!("<Attribute><Name>SequenceNumber</Name><Value>{number}</Value></Attribute>");
    assert!(got.body.contains(&expected), "{}", got.body);
}
