//! Every error of SQS that these operations can give, provoked by a request in both protocols.

use super::support::{Got, Server};
use postrider_iam::{Credentials, Gate};
use postrider_wire::Service;
use serde_json::{Value, json};

const VALUE: &str = "InvalidParameterValue";
const MISSING: &str = "MissingParameter";
const GONE: &str = "AWS.SimpleQueueService.NonExistentQueue";
const FORBIDDEN: &str = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | \
                         #xE000 to #xFFFD | #x10000 to #x10FFFF";
const NAME: &str = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";

fn check(got: &Got, about: &Value, (status, code, message): (u16, &str, &str)) {
    assert_eq!((got.status, got.code(), &*got.message()), (status, code, message), "{about}: {}", got.body);
    let fault = if status >= 500 { "Receiver" } else { "Sender" };
    assert_eq!(got.query_error, Some(&*format!("{code};{fault}")), "{about}");
}

async fn server() -> Server {
    let server = Server::open(1);
    server.sqs("CreateQueue", json!({"QueueName": "q"})).await;
    server
        .sqs("CreateQueue", json!({"QueueName": "small", "Attributes": {"MaximumMessageSize": "1024"}}))
        .await;
    server
}

/// Adds the queue to the members.
fn on(queue: &str, members: Value) -> Value {
    let mut members = members;
    members["QueueUrl"] = json!(queue);
    members
}

fn send(members: Value) -> (&'static str, Value) {
    let mut members = on("q", members);
    if members.get("MessageBody").is_none() {
        members["MessageBody"] = json!("m");
    }
    ("SendMessage", members)
}

fn attribute(name: &str, value: Value) -> (&'static str, Value) {
    send(json!({"MessageAttributes": {name: value}}))
}

fn batch(action: &'static str, entries: Value) -> (&'static str, Value) {
    (action, on("q", json!({"Entries": entries})))
}

async fn walk(server: &Server, cases: &[((&'static str, Value), (u16, &str, &str))]) {
    for ((action, body), expected) in cases {
        let got = server.sqs(action, body.clone()).await;
        check(&got, &json!([action, body]), *expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_queue_comes_first() {
    let server = server().await;
    let gone = (400, GONE, "The specified queue does not exist.");
    let bad_and_gone = on("nowhere", json!({"MessageBody": "", "Entries": [], "MaxNumberOfMessages": 11}));
    for action in [
        "SendMessage",
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "GetQueueAttributes",
        "SetQueueAttributes",
        "DeleteQueue",
        "PurgeQueue",
        "TagQueue",
        "UntagQueue",
        "ListQueueTags",
    ] {
        check(&server.sqs(action, bad_and_gone.clone()).await, &json!(action), gone);
        check(&server.sqs(action, json!({"MessageBody": "m"})).await, &json!(action), gone);
        let got = server.form(Service::Sqs, action, &[("QueueUrl", "http://h/210987654321/nowhere")]).await;
        assert_eq!((got.status, got.code()), (400, GONE), "{action}");
        assert_eq!(got.message(), "The specified queue does not exist for this wsdl version.");
    }
    let owner = json!({"QueueName": "q", "QueueOwnerAWSAccountId": "000000000001"});
    check(&server.sqs("GetQueueUrl", owner).await, &json!("owner"), gone);
}

#[tokio::test(flavor = "multi_thread")]
async fn sends() {
    let server = server().await;
    let long = "x".repeat(257);
    let text = |text: &str| json!({"DataType": "String", "StringValue": text});
    let reserved = "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are \
                    reserved for internal use. Additionally, they cannot start or end with '.'.";
    let characters = "Message (user) attributes name can only contain upper and lower score characters, digits, \
                      periods, hyphens and underscores. ";
    let eleven: serde_json::Map<_, _> = (0..11).map(|n| (format!("a{n}"), text("x"))).collect();
    let cases = [
        (
            ("SendMessage", on("q", json!({}))),
            (400, MISSING, "The request must contain the parameter MessageBody."),
        ),
        (send(json!({"MessageBody": "\u{8}"})), (400, "InvalidMessageContents", FORBIDDEN)),
        (send(json!({"MessageBody": "\u{ffff}"})), (400, "InvalidMessageContents", FORBIDDEN)),
        (
            send(json!({"DelaySeconds": 901})),
            (
                400,
                VALUE,
                "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
            ),
        ),
        (
            send(json!({"DelaySeconds": -1})),
            (
                400,
                VALUE,
                "Value -1 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
            ),
        ),
        (
            send(json!({"MessageGroupId": "a b"})),
            (
                400,
                VALUE,
                "Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
            ),
        ),
        (
            send(json!({"MessageDeduplicationId": ""})),
            (
                400,
                VALUE,
                "Value  for parameter MessageDeduplicationId is invalid. Reason: MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
            ),
        ),
        (
            send(json!({"MessageDeduplicationId": "d"})),
            (
                400,
                VALUE,
                "Value d for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type.",
            ),
        ),
        (
            send(json!({"MessageGroupId": "g"})),
            (
                400,
                "AWS.SimpleQueueService.UnsupportedOperation",
                "Message groups on standard queues (MessageGroupId) are not supported by this server yet.",
            ),
        ),
        (
            ("SendMessage", on("small", json!({"MessageBody": "x".repeat(1025)}))),
            (
                400,
                VALUE,
                "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
            ),
        ),
        (
            attribute("a", json!({"DataType": "String", "StringValue": ""})),
            (400, VALUE, "Message (user) attribute 'a' must contain a non-empty value of type 'String'."),
        ),
        (attribute("a", json!({"DataType": "String", "StringValue": "\u{1}"})), (400, VALUE, FORBIDDEN)),
        (attribute("a", json!({"StringValue": "x"})), (400, VALUE, "Missing required parameter DataType")),
        (
            attribute("a", json!({"DataType": "Text", "StringValue": "x"})),
            (
                400,
                VALUE,
                "Type for parameter MessageAttributes.Attribute_name.DataType must be prefixed with \"String\", \"Binary\", or \"Number\", but was: Text",
            ),
        ),
        (
            attribute("a", json!({"DataType": format!("String.{long}"), "StringValue": "x"})),
            (400, VALUE, "Message (user) attribute types must be shorter than 256 Bytes"),
        ),
        (
            attribute("a", json!({"DataType": "Number", "StringValue": "x"})),
            (400, VALUE, "Can't cast the value of message (user) attribute 'a' to a number."),
        ),
        (
            attribute("a", json!({"DataType": "String", "StringValue": "x", "StringListValues": ["x"]})),
            (
                400,
                "AWS.SimpleQueueService.UnsupportedOperation",
                "Message attribute list values in SendMessage operation are not supported.",
            ),
        ),
        (
            attribute(&long, text("x")),
            (400, VALUE, "Message (user) attribute names must be shorter than 256 Bytes"),
        ),
        (attribute("a b", text("x")), (400, VALUE, characters)),
        (attribute("AWS.x", text("x")), (400, VALUE, reserved)),
        (attribute(".x", text("x")), (400, VALUE, reserved)),
        (
            send(json!({"MessageAttributes": eleven})),
            (400, VALUE, "Number of message attributes [11] exceeds the allowed maximum [10]."),
        ),
        (
            send(json!({"MessageSystemAttributes": {"Other": text("x")}})),
            (400, VALUE, "Message system attribute name 'Other' is invalid."),
        ),
    ];
    walk(&server, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches() {
    let server = server().await;
    let ids = |count: usize| {
        (0..count).map(|n| json!({"Id": n.to_string(), "MessageBody": "m"})).collect::<Value>()
    };
    let id = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 \
              letters long.";
    let (empty, many, same, bad) = (
        "AWS.SimpleQueueService.EmptyBatchRequest",
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        "AWS.SimpleQueueService.InvalidBatchEntryId",
    );
    let half = "x".repeat(600_000);
    let mut cases = vec![(
        batch(
            "SendMessageBatch",
            json!([{"Id": "a", "MessageBody": half}, {"Id": "b", "MessageBody": half}]),
        ),
        (
            400,
            "AWS.SimpleQueueService.BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes. You have sent 1200000 bytes.",
        ),
    )];
    for (action, text) in [
        ("SendMessageBatch", "There should be at least one SendMessageBatchRequestEntry in the request."),
        ("DeleteMessageBatch", "There should be at least one DeleteMessageBatchRequestEntry in the request."),
        (
            "ChangeMessageVisibilityBatch",
            "There should be at least one ChangeMessageVisibilityBatchRequestEntry in the request.",
        ),
    ] {
        cases.push((batch(action, json!([])), (400, empty, text)));
        cases.push((
            batch(action, ids(11)),
            (400, many, "Maximum number of entries per request are 10. You have sent 11."),
        ));
        cases.push((batch(action, json!([{"Id": "a"}, {"Id": "a"}])), (400, same, "Id a repeated.")));
        cases.push((batch(action, json!([{"Id": "a."}, {"Id": "a."}])), (400, bad, id)));
        cases.push((batch(action, json!([{}])), (400, bad, id)));
    }
    walk(&server, &cases).await;

    let entries = json!([
        {"Id": "gone"},
        {"Id": "good", "MessageBody": "m"},
        {"Id": "dull", "MessageBody": "\u{1}"},
        {"Id": "long", "MessageBody": "x".repeat(1025)},
        {"Id": "late", "MessageBody": "m", "DelaySeconds": 901},
        {"Id": "fine", "MessageBody": "m"},
    ]);
    let got = server.sqs("SendMessageBatch", on("small", json!({"Entries": entries}))).await.json();
    let field = |list: &str, field: &str| {
        got[list].as_array().unwrap().iter().map(|entry| entry[field].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(field("Successful", "Id"), ["good", "fine"]);
    assert_eq!(field("Failed", "Id"), ["gone", "dull", "long", "late"]);
    assert_eq!(field("Failed", "Code"), [MISSING, "InvalidMessageContents", VALUE, VALUE]);
    assert_eq!(
        field("Failed", "Message")[2],
        "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes."
    );

    let entries = json!([
        {"Id": "a", "VisibilityTimeout": 1},
        {"Id": "b", "ReceiptHandle": "x"},
        {"Id": "c", "ReceiptHandle": "x", "VisibilityTimeout": 43201},
        {"Id": "d", "ReceiptHandle": "x", "VisibilityTimeout": 1},
    ]);
    let got = server.sqs("ChangeMessageVisibilityBatch", on("q", json!({"Entries": entries}))).await.json();
    let codes: Vec<_> =
        got["Failed"].as_array().unwrap().iter().map(|entry| entry["Code"].as_str().unwrap()).collect();
    assert_eq!(codes, [MISSING, MISSING, VALUE, "ReceiptHandleIsInvalid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts() {
    let server = server().await;
    server.sqs("SendMessage", on("q", json!({"MessageBody": "m"}))).await;
    let got = server.sqs("ReceiveMessage", on("q", json!({}))).await.json();
    let handle = got["Messages"][0]["ReceiptHandle"].as_str().unwrap().to_owned();
    let change = |handle: &str, timeout: Value| {
        ("ChangeMessageVisibility", on("q", json!({"ReceiptHandle": handle, "VisibilityTimeout": timeout})))
    };
    let invalid = format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
    let cases = [
        (
            ("DeleteMessage", on("q", json!({}))),
            (400, MISSING, "The request must contain the parameter ReceiptHandle."),
        ),
        (
            ("DeleteMessage", on("small", json!({"ReceiptHandle": handle}))),
            (404, "ReceiptHandleIsInvalid", &*invalid),
        ),
        (
            change("garbage", json!(1)),
            (
                404,
                "ReceiptHandleIsInvalid",
                "The input receipt handle \"garbage\" is not a valid receipt handle.",
            ),
        ),
        (
            change(&handle, json!(null)),
            (400, MISSING, "The request must contain the parameter VisibilityTimeout."),
        ),
        (
            change(&handle, json!(43_201)),
            (
                400,
                VALUE,
                "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.",
            ),
        ),
        (
            change(&handle, json!(-1)),
            (
                400,
                VALUE,
                "Value -1 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.",
            ),
        ),
    ];
    walk(&server, &cases).await;
    // A full timeout, even a millisecond after the receive, is beyond the limit since the receive.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let beyond = "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the \
                  message is beyond the limit [43200 seconds]";
    walk(&server, &[(change(&handle, json!(43_200)), (400, VALUE, beyond))]).await;
    server.sqs("DeleteMessage", on("q", json!({"ReceiptHandle": handle}))).await;
    let gone = format!(
        "Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available \
         for visibility timeout change."
    );
    walk(&server, &[(change(&handle, json!(0)), (400, VALUE, &gone))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_and_their_attributes() {
    let server = server().await;
    let create = |name: Value, attributes: Value| {
        ("CreateQueue", json!({"QueueName": name, "Attributes": attributes}))
    };
    let set = |attributes: Value| ("SetQueueAttributes", on("q", json!({"Attributes": attributes})));
    let sse = "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.";
    let fifo = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end \
                with .fifo suffix and be 1 to 80 in length.";
    let absent = "Value for parameter QueueName is invalid. Reason: Must specify a queue name.";
    let (unknown, bad) = ("InvalidAttributeName", "InvalidAttributeValue");
    let later = "AWS.SimpleQueueService.UnsupportedOperation";
    let tags: serde_json::Map<_, _> = (0..51).map(|n| (format!("k{n}"), json!("v"))).collect();
    let cases = [
        (("CreateQueue", json!({})), (400, VALUE, absent)),
        (("GetQueueUrl", json!({})), (400, VALUE, absent)),
        (("GetQueueUrl", json!({"QueueName": ""})), (400, VALUE, "Queue name cannot be empty")),
        (create(json!("a b"), json!({})), (400, VALUE, NAME)),
        (create(json!("a.fifo"), json!({})), (400, VALUE, NAME)),
        (create(json!("x".repeat(81)), json!({})), (400, VALUE, NAME)),
        (create(json!("a"), json!({"FifoQueue": "true"})), (400, VALUE, fifo)),
        (
            create(json!("a.fifo"), json!({"FifoQueue": "true"})),
            (400, later, "FIFO queues are not supported by this server yet."),
        ),
        (create(json!("a"), json!({"FifoQueue": "false"})), (400, unknown, "Unknown Attribute FifoQueue.")),
        (
            create(json!("a"), json!({"ContentBasedDeduplication": "true"})),
            (400, unknown, "Unknown Attribute ContentBasedDeduplication."),
        ),
        (
            create(json!("a"), json!({"DeduplicationScope": "queue"})),
            (400, unknown, "You can specify the DeduplicationScope only when FifoQueue is set to true."),
        ),
        (create(json!("a"), json!({"QueueArn": "x"})), (400, unknown, "Unknown Attribute QueueArn.")),
        (
            create(json!("a"), json!({"VisibilityTimeout": "x"})),
            (400, bad, "Invalid value for the parameter VisibilityTimeout."),
        ),
        (
            create(json!("a"), json!({"KmsMasterKeyId": "k", "SqsManagedSseEnabled": "true"})),
            (400, unknown, sse),
        ),
        (
            create(json!("q"), json!({"DelaySeconds": "1"})),
            (
                400,
                "QueueAlreadyExists",
                "A queue already exists with the same name and a different value for attribute DelaySeconds",
            ),
        ),
        (
            create(json!("a"), json!({"RedrivePolicy": "{}"})),
            (400, later, "Dead-letter queues (RedrivePolicy) are not supported by this server yet."),
        ),
        (
            ("CreateQueue", json!({"QueueName": "a", "tags": tags})),
            (400, VALUE, "A queue can have at most 50 tags."),
        ),
        (set(json!({"Colour": "red"})), (400, unknown, "Unknown Attribute Colour.")),
        (
            set(json!({"FifoQueue": "true"})),
            (
                400,
                bad,
                "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
            ),
        ),
        (set(json!({"DelaySeconds": "901"})), (400, bad, "Invalid value for the parameter DelaySeconds.")),
        (
            ("SetQueueAttributes", on("q", json!({}))),
            (400, MISSING, "The request must contain the parameter Attributes."),
        ),
        (
            ("GetQueueAttributes", on("q", json!({"AttributeNames": ["Colour"]}))),
            (400, unknown, "Unknown Attribute Colour."),
        ),
        (
            ("ReceiveMessage", on("q", json!({"AttributeNames": ["Colour"]}))),
            (400, unknown, "Unknown Attribute Colour."),
        ),
        (
            ("ReceiveMessage", on("q", json!({"MaxNumberOfMessages": 0}))),
            (
                400,
                VALUE,
                "Value 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
            ),
        ),
        (
            ("ReceiveMessage", on("q", json!({"WaitTimeSeconds": 21}))),
            (
                400,
                VALUE,
                "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
            ),
        ),
        (
            ("ListQueues", json!({"MaxResults": 1001})),
            (
                400,
                VALUE,
                "Value 1001 for parameter MaxResults is invalid. Reason: Must be between 1 and 1000, if provided.",
            ),
        ),
        (
            ("ListQueues", json!({"MaxResults": 1, "NextToken": "!"})),
            (
                400,
                VALUE,
                "Value ! for parameter NextToken is invalid. Reason: Invalid or expired next token.",
            ),
        ),
        (("TagQueue", on("q", json!({}))), (400, MISSING, "The request must contain the parameter Tags.")),
        (
            ("UntagQueue", on("q", json!({}))),
            (400, MISSING, "The request must contain the parameter TagKeys."),
        ),
    ];
    walk(&server, &cases).await;
    let got = server.sqs("SetQueueAttributes", json!({"QueueUrl": "q", "Attributes": 5})).await;
    assert_eq!((got.status, got.code()), (400, "MalformedInput"));

    server.sqs("PurgeQueue", on("q", json!({}))).await;
    server.sqs("DeleteQueue", on("small", json!({}))).await;
    let cases = [
        (
            ("PurgeQueue", on("q", json!({}))),
            (
                403,
                "AWS.SimpleQueueService.PurgeQueueInProgress",
                "Only one PurgeQueue operation on q is allowed every 60 seconds.",
            ),
        ),
        (
            create(json!("small"), json!({})),
            (
                400,
                "AWS.SimpleQueueService.QueueDeletedRecently",
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
            ),
        ),
    ];
    walk(&server, &cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_in_particular_is_let_in_where_signatures_are_enforced() {
    let mut server = server().await;
    server.context.gate = Gate::enforcing(Credentials::default());
    server.signs = false;
    let got = server.sqs("SendMessage", json!({"QueueUrl": "/210987654321/q", "MessageBody": "m"})).await;
    let denied = "Access to the resource http://mq.example.test:4100/ is denied.";
    check(&got, &json!("send"), (403, "AccessDenied", denied));
    assert!(got.body.contains("\"Message\""));
}
