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
fn unknown_and_unbuilt_targets_are_unknown_operations() {
    let json = Some("application/x-amz-json-1.0");
    for target in [Some("AmazonSQS.Nothing"), Some("AmazonSNS.Publish"), Some("SendMessage"), Some(""), None]
    {
        let request = Request { target, content_type: json, ..EMPTY };
        let expected = (Protocol::Json, Service::Sqs, ErrorKind::UnknownOperation, String::new());
        assert_eq!(refused(&request, None), expected, "{target:?}");
    }
    let request = Request { target: Some("AmazonSQS.StartMessageMoveTask"), content_type: json, ..EMPTY };
    let text = "StartMessageMoveTask is not supported by this server yet.".to_owned();
    assert_eq!(refused(&request, None), (Protocol::Json, Service::Sqs, ErrorKind::UnknownOperation, text));
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
    for name in ["CreateQueue", "ListQueues", "Nothing", "AddPermission"] {
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
fn version_then_signature_then_path_tell_the_service() {
    let service = |query: &str, path: &str, hint| refused(&Request { query, path, ..EMPTY }, hint).1;
    let name = "Action=AddPermission";
    let sqs_version = format!("{name}&Version=2012-11-05");
    let sns_version = format!("{name}&Version=2010-03-31");
    assert_eq!(service(&sqs_version, "/", Some(Service::Sns)), Service::Sqs);
    assert_eq!(service(&sns_version, "/1/q", Some(Service::Sqs)), Service::Sns);
    assert_eq!(service(name, "/", Some(Service::Sqs)), Service::Sqs);
    assert_eq!(service(name, "/1/q", Some(Service::Sns)), Service::Sns);
    assert_eq!(service(name, "/1/q", None), Service::Sqs);
    assert_eq!(service(name, "/", None), Service::Sns);
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
    ] {
        let request = Request { target: Some("AmazonSQS.SendMessage"), body: body.as_bytes(), ..EMPTY };
        let error = route(&request, None).unwrap().decode().unwrap_err();
        assert_eq!(error.kind, ErrorKind::MalformedInput, "{body}");
    }
    let request = Request { target: Some("AmazonSQS.SendMessage"), body: b"{\"QueueUrl\":{}}", ..EMPTY };
    let error = route(&request, None).unwrap().decode().unwrap_err();
    assert_eq!(error.message, "Start of structure or map found where not expected.");
    let batch = br#"{"Entries":[["a","b"]]}"#;
    let request = Request { target: Some("AmazonSQS.SendMessageBatch"), body: batch, ..EMPTY };
    assert!(route(&request, None).unwrap().decode().is_err());
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
fn a_list_of_commas_is_bounded() {
    let body = format!("{{\"Entries\":[{}{{}}]}}", "{},".repeat(crate::shape::ITEMS_MAX));
    let request = Request { target: Some("AmazonSQS.SendMessageBatch"), body: body.as_bytes(), ..EMPTY };
    assert_eq!(route(&request, None).unwrap().decode().unwrap_err().kind, ErrorKind::MalformedInput);
}
