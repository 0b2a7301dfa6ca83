//! The rows that the model does not have, and how errors are written.

use super::*;
use crate::{Protocol, Service, response};

fn written(protocol: Protocol, service: Service, error: &Error) -> (u16, Option<&'static str>, String) {
    let response = response::encode_error(protocol, service, error, "id");
    (response.status, response.query_error, String::from_utf8(response.body).unwrap())
}

#[test]
fn framework_errors_have_the_recorded_codes() {
    let rows = [
        (ErrorKind::MissingParameter, 400, "MissingRequiredParameterException", "MissingParameter"),
        (ErrorKind::InvalidParameterValue, 400, "InvalidParameterValueException", "InvalidParameterValue"),
        (ErrorKind::MalformedInput, 400, "SerializationException", "MalformedInput"),
        (ErrorKind::UnknownOperation, 400, "UnknownOperationException", "InvalidAction"),
        (ErrorKind::AccessDenied, 403, "AccessDeniedException", "AccessDenied"),
        (ErrorKind::InvalidClientTokenId, 403, "UnrecognizedClientException", "InvalidClientTokenId"),
        (ErrorKind::SignatureDoesNotMatch, 403, "InvalidSignatureException", "SignatureDoesNotMatch"),
        (ErrorKind::IncompleteSignature, 400, "IncompleteSignatureException", "IncompleteSignature"),
        (ErrorKind::ExpiredToken, 403, "ExpiredTokenException", "ExpiredToken"),
    ];
    for (kind, status, shape, query) in rows {
        let codes = kind.codes();
        assert_eq!((codes.status, codes.query), (status, query));
        assert_eq!(codes.json_type, format!("com.amazon.coral.service#{shape}"));
        assert_eq!(codes.query_error, format!("{query};Sender"));
    }
}

#[test]
fn what_is_our_fault_is_retryable() {
    let busy = common::service_unavailable("try again");
    let (status, header, body) = written(Protocol::Json, Service::Sqs, &busy);
    assert_eq!((status, header), (503, Some("ServiceUnavailable;Receiver")));
    assert!(body.contains("try again"));
    let (status, header, body) =
        written(Protocol::Query, Service::Sns, &common::internal_failure(Service::Sns));
    assert_eq!((status, header), (500, None));
    assert!(body.contains("<Type>Receiver</Type><Code>InternalError</Code>"));
    assert_eq!(common::internal_failure(Service::Sqs).batch_code(), "InternalError");
}

#[test]
fn a_batch_code_has_no_service_in_front() {
    assert_eq!(sqs::batch_too_long(2, 1).batch_code(), "BatchRequestTooLong");
    assert_eq!(sqs::invalid_message_contents().batch_code(), "InvalidMessageContents");
}

#[test]
fn access_denied_spells_its_message_with_a_capital() {
    let denied = common::missing_credentials(Service::Sqs, "http://h/1/q");
    let (_, _, body) = written(Protocol::Json, Service::Sqs, &denied);
    assert_eq!(
        body,
        r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"Access to the resource http://h/1/q is denied."}"#
    );
    let unknown = common::unknown_action(Protocol::Json, "X");
    let (_, _, body) = written(Protocol::Json, Service::Sqs, &unknown);
    assert_eq!(body, r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#);
}

#[test]
fn the_page_is_bare() {
    let (status, _, body) = written(Protocol::Query, Service::Sqs, &common::unknown_operation_page());
    assert_eq!((status, body.as_str()), (404, "<UnknownOperationException/>"));
}

#[test]
fn only_sqs_has_an_empty_detail_and_echoed_text_is_escaped() {
    let error = Error::new(ErrorKind::InvalidSecurity, "a<b>&\"\r\n\u{7}");
    let (_, _, sqs) = written(Protocol::Query, Service::Sqs, &error);
    assert!(
        sqs.contains("<Message>a&lt;b&gt;&amp;&quot;&#xD;\n\u{FFFD}</Message><Detail/></Error>"),
        "{sqs}"
    );
    let (_, _, sns) = written(Protocol::Query, Service::Sns, &error);
    assert!(!sns.contains("Detail") && !sns.contains("<?xml") && sqs.starts_with("<?xml version=\"1.0\"?>"));
}
