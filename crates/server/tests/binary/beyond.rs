//! What goes beyond AWS, or leaves out what it imposes: only where a setting asks for it.

use crate::client::{Answer, Client};
use crate::server::{Launch, run, text};
use serde_json::{Value, json};

fn assert_refused(answer: &Answer, json_type: &str, message: &str) {
    assert_eq!(answer.status, 400, "{answer:?}");
    let error = answer.json();
    assert!(error["__type"].as_str().unwrap().ends_with(json_type), "{error}");
    assert_eq!(error["message"], message);
}

fn entries(count: usize, body: &str) -> Value {
    (0..count).map(|at| json!({ "Id": at.to_string(), "MessageBody": body })).collect()
}

fn send(client: &mut Client, url: &str, body: &str) -> Answer {
    client.sqs("SendMessage", &json!({ "QueueUrl": url, "MessageBody": body }))
}

fn delayed(client: &mut Client, url: &str, delay_s: i64) -> Answer {
    client.sqs("SendMessage", &json!({ "QueueUrl": url, "MessageBody": "m", "DelaySeconds": delay_s }))
}

const LARGE: usize = 1 << 20;

#[test]
fn without_settings_the_limits_are_those_of_aws() {
    let launch = Launch::new(&["--memory"]);
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    let batch = client.sqs("SendMessageBatch", &json!({ "QueueUrl": url, "Entries": entries(11, "m") }));
    let text = "Maximum number of entries per request are 10. You have sent 11.";
    assert_refused(&batch, "#TooManyEntriesInBatchRequest", text);
    let received = client.sqs("ReceiveMessage", &json!({ "QueueUrl": url, "MaxNumberOfMessages": 11 }));
    let text = "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.";
    assert_refused(&received, "#InvalidParameterValueException", text);
    let text = "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.";
    assert_refused(&send(&mut client, &url, &"a".repeat(LARGE + 1)), "#InvalidParameterValueException", text);
    let raise = json!({ "QueueUrl": url, "Attributes": { "MaximumMessageSize": "1048577" } });
    let text = "Invalid value for the parameter MaximumMessageSize.";
    assert_refused(&client.sqs("SetQueueAttributes", &raise), "#InvalidAttributeValue", text);
    let text =
        "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.";
    assert_refused(&delayed(&mut client, &url, 901), "#InvalidParameterValueException", text);
}

#[test]
fn batches_may_have_more_entries_if_that_is_set() {
    let launch = Launch::new(&["--memory", "--limits-batch-entries-max", "25", "--limits-receive-max", "30"]);
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    let sent = client.ok("SendMessageBatch", &json!({ "QueueUrl": url, "Entries": entries(25, "m") }));
    assert_eq!(sent["Successful"].as_array().unwrap().len(), 25);
    let batch = client.sqs("SendMessageBatch", &json!({ "QueueUrl": url, "Entries": entries(26, "m") }));
    let text = "Maximum number of entries per request are 25. You have sent 26.";
    assert_refused(&batch, "#TooManyEntriesInBatchRequest", text);

    let receive = |max: u32| json!({ "QueueUrl": url, "MaxNumberOfMessages": max });
    let received = client.ok("ReceiveMessage", &receive(30));
    let messages = received["Messages"].as_array().unwrap();
    assert_eq!(messages.len(), 25);
    let text = "Value 31 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 30, if provided.";
    assert_refused(&client.sqs("ReceiveMessage", &receive(31)), "#InvalidParameterValueException", text);
    let handles = messages
        .iter()
        .enumerate()
        .map(|(at, message)| json!({ "Id": at.to_string(), "ReceiptHandle": message["ReceiptHandle"] }));
    let delete = json!({ "QueueUrl": url, "Entries": handles.collect::<Vec<_>>() });
    let deleted = client.ok("DeleteMessageBatch", &delete);
    assert_eq!(deleted["Successful"].as_array().unwrap().len(), 25);
}

#[test]
fn messages_may_be_larger_if_that_is_set() {
    let launch = Launch::new(&["--limits-message-bytes-max", "2MiB"]);
    let server = launch.start();
    let mut client = server.client();
    let url = client.queue("q");
    // A queue that says nothing is as at AWS; a batch may be as large as a message.
    assert_eq!(send(&mut client, &url, &"a".repeat(LARGE + 1)).status, 400);
    let half = "a".repeat(LARGE);
    let batch = |entries: Value| json!({ "QueueUrl": url, "Entries": entries });
    assert_eq!(client.sqs("SendMessageBatch", &batch(entries(2, &half))).status, 200);
    let sum = 3 * LARGE;
    let text = format!("Batch requests cannot be longer than 2097152 bytes. You have sent {sum} bytes.");
    assert_refused(&client.sqs("SendMessageBatch", &batch(entries(3, &half))), "#BatchRequestTooLong", &text);

    let set =
        |bytes: usize| json!({ "QueueUrl": url, "Attributes": { "MaximumMessageSize": bytes.to_string() } });
    assert_eq!(client.sqs("SetQueueAttributes", &set(2 * LARGE + 1)).status, 400);
    client.ok("SetQueueAttributes", &set(2 * LARGE));
    client.ok("PurgeQueue", &json!({ "QueueUrl": url }));
    // Three bytes of the request for each of the message: the bound of requests follows the limit.
    let whole = "é".repeat(LARGE);
    let escaped = whole.replace('é', "\\u00e9");
    let input = format!("{{\"QueueUrl\":\"{url}\",\"MessageBody\":\"{escaped}\"}}");
    let host = client.host.clone();
    let head = "content-type: application/x-amz-json-1.0\r\nx-amz-target: AmazonSQS.SendMessage\r\n";
    let length = input.len();
    client.write(
        format!("POST / HTTP/1.1\r\nhost: {host}\r\n{head}content-length: {length}\r\n\r\n").as_bytes(),
    );
    client.write(input.as_bytes());
    assert_eq!(client.read().unwrap().status, 200);
    assert_eq!(send(&mut client, &url, &"a".repeat(2 * LARGE + 1)).status, 400);

    drop((client, server));
    let server = launch.start();
    let received = server.client().ok("ReceiveMessage", &json!({ "QueueUrl": url }));
    assert!(received["Messages"][0]["Body"] == whole, "the message is there after a restart");
}

#[test]
fn delays_may_be_longer_for_the_queues_that_are_named() {
    let launch = Launch::new(&["--memory", "--extensions-long-delay", "reminders,later-*"]);
    let server = launch.start();
    let mut client = server.client();
    for name in ["reminders", "later-on"] {
        let url = client.queue(name);
        assert_eq!(delayed(&mut client, &url, 86_400).status, 200, "{name}");
        // What is delayed for as long as its queue keeps it, four days, would never be seen.
        assert_eq!(delayed(&mut client, &url, 345_599).status, 200, "{name}");
        let text = "Value 345600 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 345599.";
        assert_refused(&delayed(&mut client, &url, 345_600), "#InvalidParameterValueException", text);
        // Whichever end of the range it is, the range is the same.
        let text = text.replace("Value 345600", "Value -1");
        assert_refused(&delayed(&mut client, &url, -1), "#InvalidParameterValueException", &text);
        let entries = json!([
            { "Id": "good", "MessageBody": "m", "DelaySeconds": 3_600 },
            { "Id": "bad", "MessageBody": "m", "DelaySeconds": 345_600 },
        ]);
        let batch = client.ok("SendMessageBatch", &json!({ "QueueUrl": url, "Entries": entries }));
        assert_eq!(batch["Successful"][0]["Id"], "good");
        assert_eq!(batch["Failed"][0]["Code"], "InvalidParameterValue");
        let names = json!(["ApproximateNumberOfMessagesDelayed"]);
        let counted = client.ok("GetQueueAttributes", &json!({ "QueueUrl": url, "AttributeNames": names }));
        assert_eq!(counted["Attributes"]["ApproximateNumberOfMessagesDelayed"], "3");
        let set = json!({ "QueueUrl": url, "Attributes": { "DelaySeconds": "901" } });
        assert_eq!(client.sqs("SetQueueAttributes", &set).status, 400, "the queue's own delay is AWS's");
    }
    let other = client.queue("later");
    assert_eq!(delayed(&mut client, &other, 901).status, 400);
    assert_eq!(
        delayed(&mut client, "http://a/000000000000/reminders-2", 901).json()["__type"],
        "com.amazonaws.sqs#QueueDoesNotExist"
    );
}

#[test]
fn the_two_waits_of_aws_can_be_switched_off() {
    let again = |client: &mut Client| {
        let url = client.queue("q");
        let asked = json!({ "QueueUrl": url });
        client.ok("PurgeQueue", &asked);
        let purged = client.sqs("PurgeQueue", &asked).status;
        client.ok("DeleteQueue", &asked);
        (purged, client.sqs("CreateQueue", &json!({ "QueueName": "q" })).status)
    };
    let launch = Launch::new(&["--memory"]);
    assert_eq!(again(&mut launch.start().client()), (403, 400));
    let launch = Launch::new(&["--memory"]).with_environment("POSTRIDER_AWS_WAITS", "off");
    assert_eq!(again(&mut launch.start().client()), (200, 200));
}

#[test]
fn limits_are_raised_within_bounds_and_never_lowered() {
    for (flag, value, expected) in [
        (
            "--limits-batch-entries-max",
            "9",
            "limits.batch_entries_max: 9 is not between 10, which AWS has, and 100",
        ),
        ("--limits-batch-entries-max", "101", "limits.batch_entries_max: 101 is not between 10"),
        ("--limits-receive-max", "101", "limits.receive_max: 101 is not between 10, which AWS has, and 100"),
        ("--limits-message-bytes-max", "3MiB", "limits.message_bytes_max: 3MiB is not between 1MiB and 2MiB"),
        (
            "--limits-message-bytes-max",
            "64KiB",
            "limits.message_bytes_max: 64KiB is not between 1MiB and 2MiB",
        ),
        ("--extensions-long-delay", "a.fifo", "\"a.fifo\" is not the name of a standard queue"),
        ("--extensions-long-delay", "*-later", "\"*-later\" is not the name of a standard queue"),
    ] {
        let refused = run(&["config", flag, value], &[]);
        assert!(!refused.status.success(), "{flag} {value}");
        assert!(text(&refused.stderr).contains(expected), "{}", text(&refused.stderr));
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("postrider.toml");
    let file = file.to_str().unwrap();
    for (content, expected) in [
        ("[limits]\nmessages_max = 1\n", "postrider.toml:2: unknown field `messages_max`"),
        ("[extensions]\ntelepathy = true\n", "postrider.toml:2: unknown field `telepathy`"),
        ("limits.batch_entries_max = \"many\"\n", "postrider.toml:1: "),
        ("[extensions]\nlong_delay = [\"a*b\"]\n", "postrider.toml:2: long_delay: \"a*b\" is not the name"),
    ] {
        std::fs::write(file, content).unwrap();
        let refused = run(&["config", "--config", file], &[]);
        assert!(text(&refused.stderr).contains(expected), "{}", text(&refused.stderr));
    }
    let settings =
        "extensions.long_delay = [\"a\", \"b-*\"]\nextensions.localstack = true\nlimits.receive_max = 20\n";
    std::fs::write(file, settings).unwrap();
    let printed = text(&run(&["config", "--config", file], &[]).stdout);
    for line in
        ["[extensions]", "localstack = true", "long_delay = [\"a\", \"b-*\"]", "[limits]", "receive_max = 20"]
    {
        assert!(printed.lines().any(|own| own == line), "{line} is not in\n{printed}");
    }
    std::fs::write(file, &printed).unwrap();
    assert_eq!(text(&run(&["config", "--config", file], &[]).stdout), printed);
}
