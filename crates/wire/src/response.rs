//! From an answer to an HTTP response.
//!
//! The two protocols differ in everything but the header `x-amzn-RequestId`, so [`encode`] and
//! [`encode_error`] take the protocol, and a handler never looks at it.

use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::operation::{Action, Answer, Protocol, Service};
use crate::sns::{self, platform, sms};
use crate::sqs::{self, ToXml};
use crate::xml::Xml;

const JSON: &str = "application/x-amz-json-1.0";
const XML: &str = "text/xml";

macro_rules! outputs {
    (
        json { $( $both:ident($both_type:ty); )* }
        batches { $( $batch:ident($batch_type:ty); )* }
        xml { $( $xml:ident($xml_type:ty); )* }
        nothing { $( $nothing:ident; )* }
    ) => {
        /// What an operation answers: one variant per built operation.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the variants are the operations, and their structs are documented")]
        pub enum Output<'a> {
            $( $both($both_type), )*
            $( $batch($batch_type), )*
            $( $xml($xml_type), )*
            $( $nothing, )*
        }

        impl Output<'_> {
            /// The operation that answers this.
            pub fn action(&self) -> Action {
                match self {
                    $( Self::$both(_) => Action::$both, )*
                    $( Self::$batch(_) => Action::$batch, )*
                    $( Self::$xml(_) => Action::$xml, )*
                    $( Self::$nothing => Action::$nothing, )*
                }
            }

            fn write_xml(&self, xml: &mut Xml) {
                match self {
                    $( Self::$both(out) => out.write(xml), )*
                    $( Self::$batch(out) => {
                        sqs::write_batch(out, xml, concat!(stringify!($batch), "ResultEntry"));
                    } )*
                    $( Self::$xml(out) => out.write(xml), )*
                    $( Self::$nothing => {} )*
                }
            }

            fn to_json(&self) -> Vec<u8> {
                match self {
                    $( Self::$both(out) => json(out), )*
                    $( Self::$batch(out) => json(out), )*
                    $( Self::$xml(_) => Vec::new(), )*
                    $( Self::$nothing => Vec::new(), )*
                }
            }
        }
    };
}

// Operations of SNS have no JSON: no JSON request reaches them. Those that answer nothing have neither an
// output shape nor a JSON body; of SNS they may have an empty Result element, as the table of operations says.
outputs! {
    json {
        CancelMessageMoveTask(sqs::CancelMessageMoveTaskOutput);
        CreateQueue(sqs::QueueUrlOutput<'a>);
        GetQueueAttributes(sqs::GetQueueAttributesOutput<'a>);
        GetQueueUrl(sqs::QueueUrlOutput<'a>);
        ListDeadLetterSourceQueues(sqs::ListDeadLetterSourceQueuesOutput<'a>);
        ListMessageMoveTasks(sqs::ListMessageMoveTasksOutput<'a>);
        ListQueueTags(sqs::ListQueueTagsOutput<'a>);
        ListQueues(sqs::ListQueuesOutput<'a>);
        ReceiveMessage(sqs::ReceiveMessageOutput<'a>);
        SendMessage(sqs::SendMessageOutput<'a>);
        StartMessageMoveTask(sqs::StartMessageMoveTaskOutput<'a>);
    }
    batches {
        ChangeMessageVisibilityBatch(sqs::BatchOutput<'a, sqs::DoneEntry<'a>>);
        DeleteMessageBatch(sqs::BatchOutput<'a, sqs::DoneEntry<'a>>);
        SendMessageBatch(sqs::BatchOutput<'a, sqs::SentEntry<'a>>);
    }
    xml {
        CheckIfPhoneNumberIsOptedOut(sms::CheckIfPhoneNumberIsOptedOutOutput);
        ConfirmSubscription(sns::SubscribeOutput<'a>);
        CreatePlatformApplication(platform::CreatePlatformApplicationOutput<'a>);
        CreatePlatformEndpoint(platform::CreatePlatformEndpointOutput<'a>);
        CreateTopic(sns::CreateTopicOutput<'a>);
        GetDataProtectionPolicy(sns::GetDataProtectionPolicyOutput<'a>);
        GetEndpointAttributes(sns::AttributesOutput<'a>);
        GetPlatformApplicationAttributes(sns::AttributesOutput<'a>);
        GetSmsAttributes(sms::GetSmsAttributesOutput<'a>);
        GetSmsSandboxAccountStatus(sms::GetSmsSandboxAccountStatusOutput);
        GetSubscriptionAttributes(sns::AttributesOutput<'a>);
        GetTopicAttributes(sns::AttributesOutput<'a>);
        ListEndpointsByPlatformApplication(platform::ListEndpointsByPlatformApplicationOutput<'a>);
        ListOriginationNumbers(sms::ListOriginationNumbersOutput<'a>);
        ListPhoneNumbersOptedOut(sms::ListPhoneNumbersOptedOutOutput<'a>);
        ListPlatformApplications(platform::ListPlatformApplicationsOutput<'a>);
        ListSmsSandboxPhoneNumbers(sms::ListSmsSandboxPhoneNumbersOutput<'a>);
        ListSubscriptions(sns::ListSubscriptionsOutput<'a>);
        ListSubscriptionsByTopic(sns::ListSubscriptionsOutput<'a>);
        ListTagsForResource(sns::ListTagsForResourceOutput<'a>);
        ListTopics(sns::ListTopicsOutput<'a>);
        Publish(sns::PublishOutput<'a>);
        PublishBatch(sns::PublishBatchOutput<'a>);
        Subscribe(sns::SubscribeOutput<'a>);
    }
    nothing {
        ChangeMessageVisibility;
        DeleteMessage;
        DeleteQueue;
        PurgeQueue;
        SetQueueAttributes;
        SqsAddPermission;
        SqsRemovePermission;
        TagQueue;
        UntagQueue;
        CreateSmsSandboxPhoneNumber;
        DeleteEndpoint;
        DeletePlatformApplication;
        DeleteSmsSandboxPhoneNumber;
        DeleteTopic;
        OptInPhoneNumber;
        PutDataProtectionPolicy;
        SetEndpointAttributes;
        SetPlatformApplicationAttributes;
        SetSmsAttributes;
        SetSubscriptionAttributes;
        SetTopicAttributes;
        SnsAddPermission;
        SnsRemovePermission;
        TagResource;
        Unsubscribe;
        UntagResource;
        VerifySmsSandboxPhoneNumber;
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("outputs have string keys and serialise without errors")
}

/// An HTTP response, all but the headers that every response has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response<'r> {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type` header.
    pub content_type: &'static str,
    /// The `x-amzn-RequestId` header.
    pub request_id: &'r str,
    /// The `x-amzn-query-error` header, on JSON errors.
    pub query_error: Option<&'static str>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response<'_> {
    /// The headers in lower case, `content-type` included, `content-length` not.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let always = [("content-type", self.content_type), ("x-amzn-requestid", self.request_id)];
        always.into_iter().chain(self.query_error.map(|error| ("x-amzn-query-error", error)))
    }
}

/// Writes the answer of an operation. `request_id` is a UUID, which XML answers repeat in the body.
pub fn encode<'r>(protocol: Protocol, output: &Output<'_>, request_id: &'r str) -> Response<'r> {
    let (content_type, body) = match protocol {
        Protocol::Json => (JSON, output.to_json()),
        Protocol::Query => (XML, encode_xml(output, request_id)),
    };
    Response { status: 200, content_type, request_id, query_error: None, body }
}

fn encode_xml(output: &Output<'_>, request_id: &str) -> Vec<u8> {
    let action = output.action();
    let name = action.name();
    let mut xml = Xml::with_capacity(512);
    open_document(&mut xml, action.service(), &[name, "Response"]);
    match action.answer() {
        Answer::Result => xml.element(&format!("{name}Result"), |xml| output.write_xml(xml)),
        Answer::Nothing => {}
    }
    xml.element("ResponseMetadata", |xml| xml.text("RequestId", request_id));
    xml.close(&format!("{name}Response"));
    xml.into_bytes()
}

/// The start of an XML answer: SQS has an XML declaration, SNS has none.
fn open_document(xml: &mut Xml, service: Service, root: &[&str]) {
    match service {
        Service::Sqs => xml.raw("<?xml version=\"1.0\"?>"),
        Service::Sns => {}
    }
    xml.raw("<");
    root.iter().for_each(|part| xml.raw(part));
    xml.raw(" xmlns=\"");
    xml.raw(service.xml_namespace());
    xml.raw("\">");
}

/// Writes an error. `service` is who answers, for the XML namespace.
pub fn encode_error<'r>(
    protocol: Protocol,
    service: Service,
    error: &Error,
    request_id: &'r str,
) -> Response<'r> {
    let codes = error.kind.codes();
    let (content_type, query_error, body) = match protocol {
        Protocol::Json => (JSON, Some(codes.query_error), error_json(error)),
        Protocol::Query => (XML, None, error_xml(service, error, request_id)),
    };
    Response { status: codes.status, content_type, request_id, query_error, body }
}

fn error_json(error: &Error) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'e> {
        #[serde(rename = "__type")]
        json_type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'e str>,
        /// `AccessDeniedException` spells it so.
        #[serde(rename = "Message", skip_serializing_if = "Option::is_none")]
        capital_message: Option<&'e str>,
    }

    let text = Some(error.message.as_str()).filter(|text| !text.is_empty());
    let is_capital = error.kind == ErrorKind::AccessDenied;
    let (message, capital_message) = if is_capital { (None, text) } else { (text, None) };
    json(&Body { json_type: error.kind.codes().json_type, message, capital_message })
}

fn error_xml(service: Service, error: &Error, request_id: &str) -> Vec<u8> {
    if error.kind == ErrorKind::UnknownOperationPage {
        return b"<UnknownOperationException/>".to_vec();
    }
    let codes = error.kind.codes();
    let mut xml = Xml::with_capacity(512);
    open_document(&mut xml, service, &["ErrorResponse"]);
    xml.element("Error", |xml| {
        xml.text("Type", codes.fault.name());
        xml.text("Code", codes.query);
        xml.text("Message", &error.message);
        match service {
            Service::Sqs => xml.raw("<Detail/>"),
            Service::Sns => {}
        }
    });
    xml.text("RequestId", request_id);
    xml.close("ErrorResponse");
    xml.into_bytes()
}
