//! What a request is taken for, and what is answered if it is nothing.

use super::*;
use crate::ErrorKind;

const EMPTY: Request<'_> =
    Request { method: "POST", path: "/", query: "", content_type: None, target: None, body: b"" };
const FORM: Option<&str> = Some("application/x-www-form-urlencoded");

fn refused(request: &Request<'_>, hint: Option<Service>) -> (Protocol, Service, ErrorKind, String) {
    let refused = route(request, hint).unwrap_err();
    (refused.protocol, refused.service, refused.error.kind, refused.error.message)
}

#[test]
fn json_is_known_by_its_target_at_any_path() {
    let request = Request { path: "/210987654321/orders", target: Some("AmazonSQS.CreateQueue"), ..EMPTY };
    let routed = route(&request, None).unwrap();
    assert_eq!((routed.protocol, routed.action), (Protocol::Json, Action::CreateQueue));
    // An empty body is an empty object, and the path is no queue URL in JSON.
    let Operation::CreateQueue(create) = routed.decode().unwrap() else { panic!("another operation") };
    assert_eq!(create, crate::sqs::CreateQueue::default());
}

#[test]
fn unknown_targets_are_unknown_operations() {
    let json = Some("application/x-amz-json-1.0");
    for target in [
        Some("AmazonSQS.Nothing"),
        Some("AmazonSQS.sendmessage"),
        Some("AmazonSQS.Publish"),
        Some("AmazonSNS.Publish"),
        Some("SendMessage"),
        Some(""),
        None,
    ] {
        let request = Request { target, content_type: json, ..EMPTY };
        let expected = (Protocol::Json, Service::Sqs, ErrorKind::UnknownOperation, String::new());
        assert_eq!(refused(&request, None), expected, "{target:?}");
    }
}

#[test]
fn query_parameters_come_from_the_query_string_and_the_form() {
    let request = Request {
        query: "Action=Publish&Version=2010-03-31",
        content_type: FORM,
        body: b"TopicArn=t&Message=m",
        ..EMPTY
    };
    let routed = route(&request, None).unwrap();
    let Operation::Publish(publish) = routed.decode().unwrap() else { panic!("another operation") };
    assert_eq!((publish.topic_arn.unwrap().as_str(), publish.message.as_str()), ("t", "m"));
    assert_eq!(routed.parameter("Version"), Some("2010-03-31"));
}

#[test]
fn the_path_stands_in_for_the_queue_url_and_the_parameter_wins() {
    let url_of = |query: &str| {
        let request = Request { method: "GET", path: "/210987654321/orders", query, ..EMPTY };
        let routed = route(&request, None).unwrap();
        let Operation::PurgeQueue(purge) = routed.decode().unwrap() else { panic!("another operation") };
        purge.queue_url.map(|url| url.to_string())
    };
    assert_eq!(url_of("Action=PurgeQueue").as_deref(), Some("/210987654321/orders"));
    assert_eq!(url_of("Action=PurgeQueue&QueueUrl=http://h/1/other").as_deref(), Some("http://h/1/other"));
}

#[test]
fn some_actions_are_not_valid_on_a_queue() {
    for name in ["CreateQueue", "ListQueues", "Nothing", ""] {
        let query = format!("Action={name}&Version=2012-11-05");
        let request = Request { path: "/210987654321/orders", query: &query, ..EMPTY };
        let message = format!("The action {name} is not valid for this endpoint.");
        assert_eq!(
            refused(&request, None),
            (Protocol::Query, Service::Sqs, ErrorKind::UnknownOperation, message)
        );
    }
    let request = Request { path: "/210987654321/orders", query: "Action=GetQueueUrl&QueueName=x", ..EMPTY };
    assert!(route(&request, None).is_ok());
}

#[test]
fn a_get_of_a_queue_without_action_is_a_page() {
    let request = Request { method: "GET", path: "/210987654321/orders", ..EMPTY };
    assert_eq!(refused(&request, None).2, ErrorKind::UnknownOperationPage);
    assert_eq!(refused(&Request { method: "POST", ..request }, None).2, ErrorKind::UnknownOperation);
    let at_root = Request { method: "GET", ..EMPTY };
    assert_eq!(refused(&at_root, Some(Service::Sqs)).2, ErrorKind::UnknownOperationPage);
    assert_eq!(refused(&at_root, Some(Service::Sns)).1, Service::Sns);
}

#[test]
fn version_then_signature_then_path_or_queue_url_tell_the_service() {
    let action = |query: &str, path: &str, hint| {
        let routed = route(&Request { query, path, ..EMPTY }, hint);
        routed.map(|routed| routed.action).map_err(|refused| refused.service)
    };
    for (name, sqs, sns) in [
        ("AddPermission", Action::SqsAddPermission, Action::SnsAddPermission),
        ("RemovePermission", Action::SqsRemovePermission, Action::SnsRemovePermission),
    ] {
        let name = format!("Action={name}");
        let sqs_version = format!("{name}&Version=2012-11-05");
        let sns_version = format!("{name}&Version=2010-03-31");
        let with_url = format!("{name}&QueueUrl=q");
        assert_eq!(action(&sqs_version, "/", Some(Service::Sns)), Ok(sqs));
        assert_eq!(action(&sns_version, "/1/q", Some(Service::Sqs)), Ok(sns));
        assert_eq!(action(&name, "/", Some(Service::Sqs)), Ok(sqs));
        assert_eq!(action(&with_url, "/1/q", Some(Service::Sns)), Ok(sns));
        assert_eq!(action(&name, "/1/q", None), Ok(sqs));
        assert_eq!(action(&with_url, "/", None), Ok(sqs));
        assert_eq!(action(&name, "/", None), Ok(sns));
    }
    // A name that one service has is that service's.
    let request = Request { query: "Action=SendMessage", ..EMPTY };
    assert_eq!(route(&request, Some(Service::Sns)).unwrap().action, Action::SendMessage);
}

#[test]
fn sns_requires_members_by_their_path() {
    let message = |query: &str| {
        let request = Request { query, ..EMPTY };
        let error = route(&request, None).unwrap().decode().unwrap_err();
        assert_eq!(error.kind, ErrorKind::ValidationError);
        error.message.split('\'').nth(1).unwrap().to_owned()
    };
    assert_eq!(message("Action=Publish&TopicArn=t"), "message");
    assert_eq!(message("Action=SetTopicAttributes&TopicArn=t"), "attributeName");
    assert_eq!(message("Action=PublishBatch&TopicArn=t"), "publishBatchRequestEntries");
    let entry = "Action=PublishBatch&TopicArn=t&PublishBatchRequestEntries.member.1.Id=a";
    assert_eq!(message(entry), "publishBatchRequestEntries.1.member.message");
    assert_eq!(message("Action=TagResource&ResourceArn=r&Tags.member.2.Key=k"), "tags.2.member.value");
    assert_eq!(message("Action=CreateTopic&Name=n&Attributes.entry.1.key=k"), "attributes.k.member");
    assert_eq!(message("Action=SetSMSAttributes"), "attributes");
    assert_eq!(message("Action=SetSMSAttributes&attributes="), "attributes");
    assert_eq!(message("Action=OptInPhoneNumber"), "phoneNumber");
    assert_eq!(message("Action=ConfirmSubscription&TopicArn=t"), "token");
    assert_eq!(message("Action=CreatePlatformApplication&Name=n&Platform=GCM"), "attributes");
    let permit = "Action=AddPermission&Version=2010-03-31&TopicArn=t&Label=l";
    assert_eq!(message(permit), "aWSAccountId");
    assert_eq!(message(&format!("{permit}&AWSAccountId.member.1=1")), "actionName");
}

#[test]
fn wrong_json_is_a_serialization_error() {
    for body in [
        "{",
        "[]",
        "\"x\"",
        "null",
        "{\"QueueUrl\":5}",
        "{\"DelaySeconds\":\"5\"}",
        "{\"DelaySeconds\":1.5}",
        "{\"QueueUrl\":{}}",
        "{\"MessageAttributes\":[]}",
        "{\"MessageAttributes\":{\"a\":[]}}",
        "{} x",
        "{\"MessageAttributes\":{\"a\":{\"BinaryValue\":\"*\"}}}",
        "{\"MessageBody\":\"\\ud800\"}",
        "true",
        "5",
        "{\"QueueUrl\":true}",
        "{\"QueueUrl\":[]}",
        "{\"DelaySeconds\":true}",
        "{\"DelaySeconds\":{}}",
        "{\"DelaySeconds\":1e3}",
        "{\"DelaySeconds\":99999999999999999999}",
        "{\"DelaySeconds\":-99999999999999999999}",
        "{\"MessageAttributes\":\"x\"}",
        "{\"MessageAttributes\":{\"a\":{\"StringListValues\":{}}}}",
        "{\"MessageAttributes\":{\"a\":{\"BinaryListValues\":[5]}}}",
        "{\"QueueUrl\":\"a\",}",
        "{\"QueueUrl\" \"a\"}",
        "{5:1}",
    ] {
        let request = Request { target: Some("AmazonSQS.SendMessage"), body: body.as_bytes(), ..EMPTY };
        let error = route(&request, None).unwrap().decode().unwrap_err();
        assert_eq!(error.kind, ErrorKind::MalformedInput, "{body}");
    }
    let request = Request { target: Some("AmazonSQS.SendMessage"), body: b"{\"QueueUrl\":{}}", ..EMPTY };
    let error = route(&request, None).unwrap().decode().unwrap_err();
    assert_eq!(error.message, "Start of structure or map found where not expected.");
    for body in [r#"{"Entries":[["a","b"]]}"#, r#"{"Entries":{}}"#, r#"{"Entries":["a"]}"#] {
        let request = Request { target: Some("AmazonSQS.SendMessageBatch"), body: body.as_bytes(), ..EMPTY };
        let error = route(&request, None).unwrap().decode().unwrap_err();
        assert_eq!(error.kind, ErrorKind::MalformedInput, "{body}");
    }
}

#[test]
fn json_that_is_not_text_or_too_deep_is_a_serialization_error() {
    let deep = format!("{{\"X\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let nested = format!("{{\"MessageAttributes\":{}", "{\"a\":".repeat(100_000));
    for body in
        [&b"{\"QueueUrl\":\"\xff\"}"[..], b"\xff", b"\0", b"{\"QueueUrl\":\"a\0b\"}", nested.as_bytes()]
    {
        let request = Request { target: Some("AmazonSQS.SendMessage"), body, ..EMPTY };
        let error = route(&request, None).unwrap().decode().unwrap_err();
        assert_eq!(error.kind, ErrorKind::MalformedInput);
    }
    // What is skipped may be deep, since nothing is built from it; it must only not break anything.
    let request = Request { target: Some("AmazonSQS.SendMessage"), body: deep.as_bytes(), ..EMPTY };
    let _ = route(&request, None).unwrap().decode();
}

#[test]
fn wrong_form_parameters_are_malformed_input() {
    for body in [
        "Action=SendMessage&DelaySeconds=x",
        "Action=SendMessage&DelaySeconds=",
        "Action=SendMessage&DelaySeconds=1.5",
        "Action=SendMessage&DelaySeconds=0x1",
        "Action=SendMessage&DelaySeconds=99999999999999999999",
        "Action=SendMessage&DelaySeconds=+1",
        "Action=SendMessage&DelaySeconds=%2B1",
        "Action=SendMessage&DelaySeconds=%EF%BC%91",
        "Action=SendMessage&MessageAttribute.1.Name=a&MessageAttribute.1.Value.BinaryValue=*",
        "Action=SendMessage&MessageAttribute.1.Name=a&MessageAttribute.1.Value.BinaryListValue.1=*",
        "Action=SendMessageBatch&SendMessageBatchRequestEntry.1.DelaySeconds=x",
        "Action=ListMessageMoveTasks&MaxResults=many",
    ] {
        let request = Request { content_type: FORM, body: body.as_bytes(), ..EMPTY };
        let error = route(&request, Some(Service::Sqs)).unwrap().decode().unwrap_err();
        assert_eq!(error.kind, ErrorKind::MalformedInput, "{body}");
    }
    // However long what is wrong with it, the answer is short.
    let long = format!("Action=SendMessage&DelaySeconds={}", "é".repeat(100_000));
    let request = Request { content_type: FORM, body: long.as_bytes(), ..EMPTY };
    let error = route(&request, Some(Service::Sqs)).unwrap().decode().unwrap_err();
    assert!(
        error.message.len() < 300 && error.message.starts_with("DelaySeconds must be an integer, but was: é")
    );
    // Broken escapes hide the action, so the request goes nowhere.
    let request = Request { content_type: FORM, body: b"Action=SendMessage&MessageBody=%zz", ..EMPTY };
    assert_eq!(refused(&request, Some(Service::Sqs)).2, ErrorKind::MalformedInput);
}

#[test]
fn parts_of_sqs_structures_that_are_missing_are_called_as_the_parameter_is() {
    let message = |body: &str| {
        let request = Request { content_type: FORM, body: body.as_bytes(), ..EMPTY };
        let error = route(&request, Some(Service::Sqs)).unwrap().decode().unwrap_err();
        assert_eq!(error.kind, ErrorKind::MissingParameter);
        error.message
    };
    let missing = |name: &str| format!("The request must contain the parameter {name}.");
    let attribute = "MessageAttribute.2.Value.DataType=String";
    let send = format!("Action=SendMessage&{attribute}");
    assert_eq!(message(&send), missing("MessageAttribute.2.Name"));
    let batch = format!("Action=SendMessageBatch&SendMessageBatchRequestEntry.1.{attribute}");
    assert_eq!(message(&batch), missing("SendMessageBatchRequestEntry.1.MessageAttribute.2.Name"));
    assert_eq!(message("Action=TagQueue&Tag.1.Key=a"), missing("Tag.1.Value"));
    assert_eq!(message("Action=TagQueue&Tag.1.Value=a"), missing("Tag.1.Key"));
}

#[test]
fn absurd_sparse_and_repeated_indices_cost_nothing() {
    let ids = |body: &str| {
        let request = Request { content_type: FORM, body: body.as_bytes(), ..EMPTY };
        let routed = route(&request, Some(Service::Sqs)).unwrap();
        let Operation::DeleteMessageBatch(batch) = routed.decode().unwrap() else {
            panic!("another operation")
        };
        let ids = batch.entries.into_iter().flatten().filter_map(|entry| entry.id);
        ids.map(|id| id.to_string()).collect::<Vec<_>>()
    };
    let entry = |number: &str, id: &str| format!("&DeleteMessageBatchRequestEntry.{number}.Id={id}");
    let of = |entries: &[(&str, &str)]| {
        let entries: String = entries.iter().map(|(number, id)| entry(number, id)).collect();
        ids(&format!("Action=DeleteMessageBatch{entries}"))
    };
    assert_eq!(of(&[("4294967295", "b"), ("7", "a")]), ["a", "b"]);
    assert_eq!(of(&[("1", "a"), ("1", "b")]), ["a"]);
    for number in ["0", "-1", "01", "4294967296", "18446744073709551617", "x", "", "1 ", "%31%30.%2E"] {
        assert_eq!(of(&[(number, "a"), ("2", "b")]), ["b"], "{number}");
    }
}

#[test]
fn null_is_absent_unknown_is_skipped_and_the_last_wins() {
    let body =
        br#"{"Other":{"a":[1,{}]},"QueueUrl":null,"MessageBody":"1","MessageBody":"2","messagebody":"3"}"#;
    let request = Request { target: Some("AmazonSQS.SendMessage"), body, ..EMPTY };
    let routed = route(&request, None).unwrap();
    let Operation::SendMessage(send) = routed.decode().unwrap() else { panic!("another operation") };
    assert_eq!((send.queue_url, send.message_body.unwrap().as_str()), (None, "2"));
}

#[test]
fn null_in_a_list_or_a_map_is_left_out() {
    fn decoded<'a>(routed: &'a Routed<'_>) -> Operation<'a> {
        routed.decode().unwrap()
    }
    let json = |action: &'static str, body: &'static str| {
        let request = Request { target: Some(action), body: body.as_bytes(), ..EMPTY };
        route(&request, None).unwrap()
    };
    let routed = json(
        "AmazonSQS.CreateQueue",
        r#"{"Attributes":{"Policy":null,"DelaySeconds":"1"},"tags":{"k":null}}"#,
    );
    let Operation::CreateQueue(create) = decoded(&routed) else { panic!("another operation") };
    assert_eq!(&*create.attributes.unwrap(), [("DelaySeconds".into(), "1".into())]);
    assert_eq!(create.tags.unwrap().len(), 0);

    let routed = json("AmazonSQS.GetQueueAttributes", r#"{"AttributeNames":[null,"All",null]}"#);
    let Operation::GetQueueAttributes(read) = decoded(&routed) else { panic!("another operation") };
    assert_eq!(&*read.attribute_names.unwrap(), ["All"]);

    let routed = json("AmazonSQS.SendMessageBatch", r#"{"Entries":[null,{"Id":"a"}]}"#);
    let Operation::SendMessageBatch(batch) = decoded(&routed) else { panic!("another operation") };
    assert_eq!(batch.entries.unwrap().len(), 1);

    let body =
        r#"{"MessageAttributes":{"a":null,"b":{"DataType":"Binary","BinaryListValues":[null,"AA=="]}}}"#;
    let routed = json("AmazonSQS.SendMessage", body);
    let Operation::SendMessage(send) = decoded(&routed) else { panic!("another operation") };
    let attributes = send.message_attributes.unwrap();
    assert_eq!((attributes.len(), attributes[0].0.as_str()), (1, "b"));
    assert_eq!(attributes[0].1.binary_list_values.as_deref().unwrap().len(), 1);
}

#[test]
fn the_examples_of_aws_leave_the_number_of_a_list_of_one_out() {
    let routed = |query: &'static str| route(&Request { query, ..EMPTY }, Some(Service::Sqs)).unwrap();
    let read = routed("Action=GetQueueAttributes&AttributeName=All");
    let Operation::GetQueueAttributes(read) = read.decode().unwrap() else { panic!("another operation") };
    assert_eq!(&*read.attribute_names.unwrap(), ["All"]);

    let set = routed("Action=SetQueueAttributes&Attribute.Name=VisibilityTimeout&Attribute.Value=35");
    let Operation::SetQueueAttributes(set) = set.decode().unwrap() else { panic!("another operation") };
    assert_eq!(&*set.attributes.unwrap(), [("VisibilityTimeout".into(), "35".into())]);

    let add = routed("Action=AddPermission&Label=l&AWSAccountId=125074342641&ActionName=*");
    let Operation::SqsAddPermission(add) = add.decode().unwrap() else { panic!("another operation") };
    assert_eq!(
        (&*add.aws_account_ids.unwrap(), &*add.actions.unwrap()),
        (&["125074342641".into()][..], &["*".into()][..])
    );

    let tag = routed("Action=TagQueue&Tag.Key=QueueType&Tag.Value=Production");
    let Operation::TagQueue(tag) = tag.decode().unwrap() else { panic!("another operation") };
    assert_eq!(&*tag.tags.unwrap(), [("QueueType".into(), "Production".into())]);

    let untag = routed("Action=UntagQueue&TagKey=QueueType");
    let Operation::UntagQueue(untag) = untag.decode().unwrap() else { panic!("another operation") };
    assert_eq!(&*untag.tag_keys.unwrap(), ["QueueType"]);

    let topic = routed("Action=CreateTopic&Name=t&Attributes.entry.key=DisplayName&Attributes.entry.value=d");
    let Operation::CreateTopic(topic) = topic.decode().unwrap() else { panic!("another operation") };
    assert_eq!(&*topic.attributes.unwrap(), [("DisplayName".into(), "d".into())]);

    let batch = routed(
        "Action=SendMessageBatch&SendMessageBatchRequestEntry.Id=a&SendMessageBatchRequestEntry.MessageBody=b\
         &SendMessageBatchRequestEntry.MessageAttribute.Name=n\
         &SendMessageBatchRequestEntry.MessageAttribute.Value.DataType=String\
         &SendMessageBatchRequestEntry.MessageAttribute.Value.StringValue=v",
    );
    let Operation::SendMessageBatch(batch) = batch.decode().unwrap() else { panic!("another operation") };
    let entries = batch.entries.unwrap();
    assert_eq!((entries.len(), entries[0].id.as_deref()), (1, Some("a")));
    let attributes = entries[0].message_attributes.as_ref().unwrap();
    assert_eq!((attributes[0].0.as_str(), attributes[0].1.string_value.as_deref()), ("n", Some("v")));
}

#[test]
fn a_list_of_commas_is_bounded() {
    let body = format!("{{\"Entries\":[{}{{}}]}}", "{},".repeat(crate::shape::ITEMS_MAX));
    let request = Request { target: Some("AmazonSQS.SendMessageBatch"), body: body.as_bytes(), ..EMPTY };
    assert_eq!(route(&request, None).unwrap().decode().unwrap_err().kind, ErrorKind::MalformedInput);
}
