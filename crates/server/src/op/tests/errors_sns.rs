//! Every error of SNS that these operations can give, provoked by a request.

use super::support::Server;
use postrider_iam::{Credentials, Gate};
use serde_json::json;

const TOPIC: &str = "arn:aws:sns:us-east-1:210987654321:news";
const GONE: &str = "arn:aws:sns:us-east-1:210987654321:gone";
const QUEUE: &str = "arn:aws:sqs:us-east-1:210987654321:q";
const ID: &str = "5f0c2f6e-7b1d-4a53-9d7e-0c2b8a1e4d11";

const INVALID: &str = "InvalidParameter";
const VALUE: &str = "ParameterValueInvalid";
const NULL: &str = "ValidationError";

type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], (u16, &'c str, &'c str));

async fn server() -> Server {
    let server = Server::open(1);
    let attributes = [("Attributes.entry.1.key", "DisplayName"), ("Attributes.entry.1.value", "News")];
    let mut asked = vec![("Name", "news"), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")];
    asked.extend(attributes);
    assert_eq!(server.sns("CreateTopic", &asked).await.status, 200);
    server
}

async fn walk(server: &Server, cases: &[Case<'_>]) {
    for (action, asked, (status, code, message)) in cases {
        let got = server.sns(action, asked).await;
        let expected = (*status, *code, (*message).to_owned());
        assert_eq!((got.status, got.code(), got.message()), expected, "{action} {asked:?}: {}", got.body);
        assert_eq!(got.text("Type"), "Sender");
    }
}

fn null(path: &str) -> String {
    format!(
        "1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn topics() {
    let server = server().await;
    let key = ("Attributes.entry.1.key", "Attributes.entry.1.value");
    let set = |name, value| [("TopicArn", TOPIC), ("AttributeName", name), ("AttributeValue", value)];
    let topic_name = (400, INVALID, "Invalid parameter: Topic Name");
    let differs = (
        400,
        INVALID,
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
    );
    let missing = (404, "NotFound", "Topic does not exist");
    let name_null = null("name");
    let foreign = (400, INVALID, "Invalid parameter: TopicArn");
    walk(
        &server,
        &[
            ("CreateTopic", &[], (400, NULL, &name_null)),
            ("CreateTopic", &[("Name", "a b")], topic_name),
            ("CreateTopic", &[("Name", "a.fifo")], topic_name),
            ("CreateTopic", &[("Name", "a"), (key.0, "FifoTopic"), (key.1, "true")], topic_name),
            (
                "CreateTopic",
                &[("Name", "a.fifo"), (key.0, "FifoTopic"), (key.1, "true")],
                (
                    400,
                    INVALID,
                    "Invalid parameter: FifoTopic Reason: FIFO topics are not supported by this server yet",
                ),
            ),
            ("CreateTopic", &[("Name", "news"), (key.0, "DisplayName"), (key.1, "Other")], differs),
            ("CreateTopic", &[("Name", "news"), (key.0, "SignatureVersion"), (key.1, "2")], differs),
            (
                "CreateTopic",
                &[("Name", "news"), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "c")],
                (400, INVALID, "Invalid parameter: Tags Reason: Topic already exists with different tags"),
            ),
            (
                "CreateTopic",
                &[
                    ("Name", "x"),
                    ("Tags.member.1.Key", "a"),
                    ("Tags.member.1.Value", "c"),
                    ("Tags.member.2.Key", "a"),
                    ("Tags.member.2.Value", "c"),
                ],
                (400, INVALID, "Invalid parameter: Duplicated keys are not allowed."),
            ),
            (
                "GetTopicAttributes",
                &[("TopicArn", "")],
                (
                    400,
                    INVALID,
                    "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
                ),
            ),
            (
                "GetTopicAttributes",
                &[("TopicArn", "arn:aws:sns")],
                (
                    400,
                    INVALID,
                    "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 3",
                ),
            ),
            ("GetTopicAttributes", &[("TopicArn", "arn:aws:sns:eu-west-1:210987654321:news")], foreign),
            ("GetTopicAttributes", &[("TopicArn", QUEUE)], foreign),
            ("GetTopicAttributes", &[("TopicArn", GONE)], missing),
            ("SetTopicAttributes", &set("Colour", "red"), (400, INVALID, "Invalid parameter: AttributeName")),
            (
                "SetTopicAttributes",
                &set("FifoTopic", "true"),
                (400, INVALID, "Invalid parameter: AttributeName"),
            ),
            ("ListTopics", &[("NextToken", "!")], (400, INVALID, "Invalid parameter: NextToken")),
            ("ListSubscriptionsByTopic", &[("TopicArn", GONE)], missing),
            (
                "ListTagsForResource",
                &[("ResourceArn", GONE)],
                (404, "ResourceNotFound", "Resource does not exist"),
            ),
            (
                "TagResource",
                &[
                    ("ResourceArn", TOPIC),
                    ("Tags.member.1.Key", "a"),
                    ("Tags.member.1.Value", "1"),
                    ("Tags.member.2.Key", "a"),
                    ("Tags.member.2.Value", "1"),
                ],
                (400, INVALID, "Invalid parameter: Duplicated keys are not allowed."),
            ),
        ],
    )
    .await;
    for arn in [GONE, TOPIC, TOPIC] {
        assert_eq!(server.sns("DeleteTopic", &[("TopicArn", arn)]).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions() {
    let server = server().await;
    let subscribed = [("TopicArn", TOPIC), ("Protocol", "sqs"), ("Endpoint", QUEUE)];
    let arn = server.sns("Subscribe", &subscribed).await.text("SubscriptionArn").to_owned();
    let subscribe =
        |protocol, endpoint| [("TopicArn", TOPIC), ("Protocol", protocol), ("Endpoint", endpoint)];
    let key = ("Attributes.entry.1.key", "Attributes.entry.1.value");
    let with = |name, value| [subscribed[0], subscribed[1], subscribed[2], (key.0, name), (key.1, value)];
    let set = |name, value| [("SubscriptionArn", &*arn), ("AttributeName", name), ("AttributeValue", value)];
    let gone = format!("{TOPIC}:{ID}");
    let missing = (404, "NotFound", "Subscription does not exist");
    let protocol_null = null("protocol");
    walk(&server, &[
        ("Subscribe", &subscribed[..1], (400, NULL, &protocol_null)),
        ("Subscribe", &subscribe("pigeon", "x"), (400, INVALID, "Invalid parameter: Amazon SNS does not support this protocol string: pigeon")),
        ("Subscribe", &subscribe("https", "https://x"), (400, INVALID, "Invalid parameter: Protocol Reason: https subscriptions are not supported by this server yet")),
        ("Subscribe", &subscribe("sqs", "http://localhost/1/q"), (400, INVALID, "Invalid parameter: SQS endpoint ARN")),
        ("Subscribe", &subscribe("sqs", "arn:aws:sqs:us-east-1:210987654321:q.fifo"), (400, INVALID, "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")),
        ("Subscribe", &with("RawMessageDelivery", "true"), (400, INVALID, "Invalid parameter: Attributes Reason: Subscription already exists with different attributes")),
        ("Subscribe", &with("RawMessageDelivery", "x"), (400, INVALID, "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [x]. Must be true or false.")),
        ("Subscribe", &with("FilterPolicyScope", "x"), (400, INVALID, "Invalid parameter: Attributes Reason: FilterPolicyScope: Invalid value [x]. Please use either MessageBody or MessageAttributes")),
        ("Subscribe", &with("FilterPolicy", r#"{"a":[]}"#), (400, INVALID, "Invalid parameter: Attributes Reason: FilterPolicy: Empty arrays are not allowed")),
        ("Subscribe", &with("RedrivePolicy", "{}"), (400, INVALID, "Invalid parameter: RedrivePolicy Reason: Dead-letter queues of subscriptions are not supported by this server yet")),
        ("Subscribe", &[("TopicArn", GONE), subscribed[1], subscribed[2]], (404, "NotFound", "Topic does not exist")),
        ("SetSubscriptionAttributes", &set("RawMessageDelivery", "x"), (400, INVALID, "Invalid parameter: RawMessageDelivery: Invalid value [x]. Must be true or false.")),
        ("SetSubscriptionAttributes", &set("FilterPolicyScope", "x"), (400, INVALID, "Invalid parameter: FilterPolicyScope: Invalid value [x]. Please use either MessageBody or MessageAttributes")),
        ("SetSubscriptionAttributes", &set("FilterPolicy", r#"{"a":{"b":["x"]}}"#), (400, INVALID, "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy")),
        ("SetSubscriptionAttributes", &set("Colour", "red"), (400, INVALID, "Invalid parameter: AttributeName")),
        ("SetSubscriptionAttributes", &[("SubscriptionArn", &*gone), ("AttributeName", "RawMessageDelivery"), ("AttributeValue", "true")], missing),
        ("GetSubscriptionAttributes", &[("SubscriptionArn", &*gone)], missing),
        ("GetSubscriptionAttributes", &[("SubscriptionArn", &format!("{GONE}:{ID}"))], missing),
        ("GetSubscriptionAttributes", &[("SubscriptionArn", "x")], (400, INVALID, "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1")),
        ("Unsubscribe", &[("SubscriptionArn", "")], (400, INVALID, "Invalid parameter: SubscriptionArn Reason: no value for required parameter")),
        ("Unsubscribe", &[("SubscriptionArn", &format!("{TOPIC}:x"))], (400, INVALID, "Invalid parameter: SubscriptionId")),
        ("ListSubscriptionsByTopic", &[("TopicArn", TOPIC), ("NextToken", "b3JkZXJz")], (400, INVALID, "Invalid parameter: NextToken")),
    ]).await;
    for arn in [&gone, &format!("{GONE}:{ID}"), &arn, &arn] {
        assert_eq!(server.sns("Unsubscribe", &[("SubscriptionArn", arn)]).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn publishes() {
    let server = server().await;
    let small = [("TopicArn", TOPIC), ("AttributeName", "MaximumMessageSize"), ("AttributeValue", "1024")];
    assert_eq!(server.sns("SetTopicAttributes", &small).await.status, 200);
    let publish = |name, value| [("TopicArn", TOPIC), ("Message", "m"), (name, value)];
    let a = "MessageAttributes.entry.1.";
    let (name, of_type, text, bytes) = (
        format!("{a}Name"),
        format!("{a}Value.DataType"),
        format!("{a}Value.StringValue"),
        format!("{a}Value.BinaryValue"),
    );
    let with = |n, t, v| [("TopicArn", TOPIC), ("Message", "m"), (&*name, n), (&*of_type, t), (&*text, v)];
    let (long_name, long) = ("n".repeat(257), "x".repeat(1025));
    let (message_null, type_null) = (null("message"), null("messageAttributes.a.member.dataType"));
    walk(&server, &[
        ("Publish", &[("TopicArn", TOPIC)], (400, NULL, &message_null)),
        ("Publish", &[("TopicArn", TOPIC), ("Message", "")], (400, INVALID, "Invalid parameter: Empty message")),
        ("Publish", &[("TopicArn", TOPIC), ("Message", &long)], (400, INVALID, "Invalid parameter: Message too long")),
        ("Publish", &[("TopicArn", GONE), ("Message", "m")], (404, "NotFound", "Topic does not exist")),
        ("Publish", &[("Message", "m"), ("TargetArn", "arn:aws:sns:us-east-1:210987654321:endpoint/GCM/a/b")], (400, INVALID, "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified")),
        ("Publish", &[("Message", "m"), ("PhoneNumber", "+15550100")], (400, INVALID, "Invalid parameter: PhoneNumber Reason: Text messages are not supported by this server yet")),
        ("Publish", &[("Message", "m")], (400, INVALID, "Invalid parameter: TopicArn Reason: no value for required parameter")),
        ("Publish", &publish("Subject", ""), (400, INVALID, "Invalid parameter: Subject")),
        ("Publish", &publish("MessageStructure", "json"), (400, INVALID, "Invalid parameter: Message Structure - JSON message body failed to parse")),
        ("Publish", &[("TopicArn", TOPIC), ("Message", r#"{"default":1}"#), ("MessageStructure", "json")], (400, INVALID, "Invalid parameter: Message Structure - No default entry in JSON message body")),
        ("Publish", &publish("MessageDeduplicationId", "d"), (400, INVALID, "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")),
        ("Publish", &publish("MessageGroupId", "g"), (400, INVALID, "Invalid parameter: MessageGroupId Reason: Message groups on standard topics are not supported by this server yet")),
        ("Publish", &[("TopicArn", TOPIC), ("Message", "m"), (&name, "a"), (&text, "x")], (400, NULL, &type_null)),
        ("Publish", &with("a", "String", ""), (400, VALUE, "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.")),
        ("Publish", &with("a", "Binary", "x"), (400, VALUE, "The message attribute 'a' with type 'Binary' must use field 'Binary'.")),
        ("Publish", &[("TopicArn", TOPIC), ("Message", "m"), (&name, "a"), (&of_type, "String"), (&bytes, "AA==")], (400, VALUE, "The message attribute 'a' with type 'String' must use field 'String'.")),
        ("Publish", &with("a", "Text", "x"), (400, VALUE, "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.")),
        ("Publish", &with(&long_name, "String", "x"), (400, VALUE, "Length of message attribute name must be less than 256 bytes.")),
        ("Publish", &with("a b", "String", "x"), (400, VALUE, "Invalid non-alphanumeric character '#x20' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.")),
        ("Publish", &with(".a", "String", "x"), (400, VALUE, "Invalid message attribute name starting with character '.' was found.")),
        ("Publish", &with("a.", "String", "x"), (400, VALUE, "Invalid message attribute name ending with character '.' was found.")),
        ("Publish", &with("a..b", "String", "x"), (400, VALUE, "Message attribute name can not have successive '.' character.")),
    ]).await;
    let target = [("TargetArn", TOPIC), ("Message", "m")];
    assert_eq!(server.sns("Publish", &target).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches() {
    let server = server().await;
    let entry = |n: usize, id: &str, message: &str| {
        let at = format!("PublishBatchRequestEntries.member.{n}.");
        [(format!("{at}Id"), id.to_owned()), (format!("{at}Message"), message.to_owned())]
    };
    let half = "x".repeat(140_000);
    let long = "i".repeat(81);
    let structure = ("PublishBatchRequestEntries.member.2.MessageStructure".to_owned(), "json".to_owned());
    let cases = [
        (vec![], NULL, null("publishBatchRequestEntries")),
        (
            [entry(1, "a", "m"), entry(2, "a", "m")].concat(),
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries in the request have the same Id.".to_owned(),
        ),
        (
            [entry(1, "a!", "m")].concat(),
            "InvalidBatchEntryId",
            "The Id of a batch entry in the batch request contains an impermissible character: a!".to_owned(),
        ),
        (
            [entry(1, &long, "m")].concat(),
            "InvalidBatchEntryId",
            format!("The Id of a batch entry in the batch request is too long: {long}"),
        ),
        (
            [entry(1, "a", &half), entry(2, "b", &half)].concat(),
            "BatchRequestTooLong",
            "The length of all the messages put together is more than the limit.".to_owned(),
        ),
        (
            [entry(1, "a", "m").to_vec(), entry(2, "b", "{}").to_vec(), vec![structure]].concat(),
            INVALID,
            "Invalid parameter: Message Structure - No default entry in JSON message body".to_owned(),
        ),
    ];
    for (parameters, code, message) in &cases {
        let mut asked = vec![("TopicArn", TOPIC)];
        asked.extend(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        walk(&server, &[("PublishBatch", &asked, (400, code, message))]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_in_particular_may_only_follow_links() {
    let mut server = server().await;
    let subscribed = [("TopicArn", TOPIC), ("Protocol", "sqs"), ("Endpoint", QUEUE)];
    let arn = server.sns("Subscribe", &subscribed).await.text("SubscriptionArn").to_owned();
    server.context.gate = Gate::enforcing(Credentials::default());
    server.signs = false;
    let denied = format!(
        "User: anonymous is not authorized to perform: SNS:Unsubscribe on resource: {TOPIC} because no resource-based \
         policy allows the SNS:Unsubscribe action"
    );
    walk(
        &server,
        &[
            (
                "Publish",
                &[("TopicArn", TOPIC), ("Message", "m")],
                (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
            ),
            ("Unsubscribe", &[("SubscriptionArn", &*arn)], (403, "AuthorizationError", &denied)),
        ],
    )
    .await;
    let gone = format!("{TOPIC}:{ID}");
    assert_eq!(server.sns("Unsubscribe", &[("SubscriptionArn", &gone)]).await.status, 200);
    assert_eq!(json!(server.sns("ListTopics", &[]).await.status), 403);
}
