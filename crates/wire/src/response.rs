//! From an answer to an HTTP response.
//!
//! The two protocols differ in everything but the header `x-amzn-RequestId`, so [`encode`] and
//! [`encode_error`] take the protocol, and a handler never looks at it.

use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::operation::{Action, Answer, Protocol, Service};
use crate::sns;
use crate::sqs::{self, ToXml};
use crate::xml::Xml;

const JSON: &str = "application/x-amz-json-1.0";
const XML: &str = "text/xml";

/// What an operation answers: one variant per built operation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the operations, and their structs are documented")]
pub enum Output<'a> {
    ChangeMessageVisibility,
    ChangeMessageVisibilityBatch(sqs::BatchOutput<'a, sqs::DoneEntry<'a>>),
    CreateQueue(sqs::QueueUrlOutput<'a>),
    DeleteMessage,
    DeleteMessageBatch(sqs::BatchOutput<'a, sqs::DoneEntry<'a>>),
    DeleteQueue,
    GetQueueAttributes(sqs::GetQueueAttributesOutput<'a>),
    GetQueueUrl(sqs::QueueUrlOutput<'a>),
    ListQueueTags(sqs::ListQueueTagsOutput<'a>),
    ListQueues(sqs::ListQueuesOutput<'a>),
    PurgeQueue,
    ReceiveMessage(sqs::ReceiveMessageOutput<'a>),
    SendMessage(sqs::SendMessageOutput<'a>),
    SendMessageBatch(sqs::BatchOutput<'a, sqs::SentEntry<'a>>),
    SetQueueAttributes,
    TagQueue,
    UntagQueue,
    SqsAddPermission,
    CancelMessageMoveTask(sqs::CancelMessageMoveTaskOutput),
    ListDeadLetterSourceQueues(sqs::ListDeadLetterSourceQueuesOutput<'a>),
    ListMessageMoveTasks(sqs::ListMessageMoveTasksOutput<'a>),
    SqsRemovePermission,
    StartMessageMoveTask(sqs::StartMessageMoveTaskOutput<'a>),
    CreateTopic(sns::CreateTopicOutput<'a>),
    DeleteTopic,
    GetSubscriptionAttributes(sns::AttributesOutput<'a>),
    GetTopicAttributes(sns::AttributesOutput<'a>),
    ListSubscriptions(sns::ListSubscriptionsOutput<'a>),
    ListSubscriptionsByTopic(sns::ListSubscriptionsOutput<'a>),
    ListTagsForResource(sns::ListTagsForResourceOutput<'a>),
    ListTopics(sns::ListTopicsOutput<'a>),
    Publish(sns::PublishOutput<'a>),
    PublishBatch(sns::PublishBatchOutput<'a>),
    SetSubscriptionAttributes,
    SetTopicAttributes,
    Subscribe(sns::SubscribeOutput<'a>),
    TagResource,
    Unsubscribe,
    UntagResource,
}

impl Output<'_> {
    /// The operation that answers this.
    pub fn action(&self) -> Action {
        match self {
            Self::ChangeMessageVisibility => Action::ChangeMessageVisibility,
            Self::ChangeMessageVisibilityBatch(_) => Action::ChangeMessageVisibilityBatch,
            Self::CreateQueue(_) => Action::CreateQueue,
            Self::DeleteMessage => Action::DeleteMessage,
            Self::DeleteMessageBatch(_) => Action::DeleteMessageBatch,
            Self::DeleteQueue => Action::DeleteQueue,
            Self::GetQueueAttributes(_) => Action::GetQueueAttributes,
            Self::GetQueueUrl(_) => Action::GetQueueUrl,
            Self::ListQueueTags(_) => Action::ListQueueTags,
            Self::ListQueues(_) => Action::ListQueues,
            Self::PurgeQueue => Action::PurgeQueue,
            Self::ReceiveMessage(_) => Action::ReceiveMessage,
            Self::SendMessage(_) => Action::SendMessage,
            Self::SendMessageBatch(_) => Action::SendMessageBatch,
            Self::SetQueueAttributes => Action::SetQueueAttributes,
            Self::TagQueue => Action::TagQueue,
            Self::UntagQueue => Action::UntagQueue,
            Self::SqsAddPermission => Action::SqsAddPermission,
            Self::CancelMessageMoveTask(_) => Action::CancelMessageMoveTask,
            Self::ListDeadLetterSourceQueues(_) => Action::ListDeadLetterSourceQueues,
            Self::ListMessageMoveTasks(_) => Action::ListMessageMoveTasks,
            Self::SqsRemovePermission => Action::SqsRemovePermission,
            Self::StartMessageMoveTask(_) => Action::StartMessageMoveTask,
            Self::CreateTopic(_) => Action::CreateTopic,
            Self::DeleteTopic => Action::DeleteTopic,
            Self::GetSubscriptionAttributes(_) => Action::GetSubscriptionAttributes,
            Self::GetTopicAttributes(_) => Action::GetTopicAttributes,
            Self::ListSubscriptions(_) => Action::ListSubscriptions,
            Self::ListSubscriptionsByTopic(_) => Action::ListSubscriptionsByTopic,
            Self::ListTagsForResource(_) => Action::ListTagsForResource,
            Self::ListTopics(_) => Action::ListTopics,
            Self::Publish(_) => Action::Publish,
            Self::PublishBatch(_) => Action::PublishBatch,
            Self::SetSubscriptionAttributes => Action::SetSubscriptionAttributes,
            Self::SetTopicAttributes => Action::SetTopicAttributes,
            Self::Subscribe(_) => Action::Subscribe,
            Self::TagResource => Action::TagResource,
            Self::Unsubscribe => Action::Unsubscribe,
            Self::UntagResource => Action::UntagResource,
        }
    }

    fn write_xml(&self, xml: &mut Xml) {
        match self {
            Self::ChangeMessageVisibilityBatch(out) => {
                sqs::write_batch(out, xml, "ChangeMessageVisibilityBatchResultEntry");
            }
            Self::DeleteMessageBatch(out) => sqs::write_batch(out, xml, "DeleteMessageBatchResultEntry"),
            Self::SendMessageBatch(out) => sqs::write_batch(out, xml, "SendMessageBatchResultEntry"),
            Self::CreateQueue(out) | Self::GetQueueUrl(out) => out.write(xml),
            Self::GetQueueAttributes(out) => out.write(xml),
            Self::ListQueueTags(out) => out.write(xml),
            Self::ListQueues(out) => out.write(xml),
            Self::ReceiveMessage(out) => out.write(xml),
            Self::SendMessage(out) => out.write(xml),
            Self::CancelMessageMoveTask(out) => out.write(xml),
            Self::ListDeadLetterSourceQueues(out) => out.write(xml),
            Self::ListMessageMoveTasks(out) => out.write(xml),
            Self::StartMessageMoveTask(out) => out.write(xml),
            Self::CreateTopic(out) => out.write(xml),
            Self::GetSubscriptionAttributes(out) | Self::GetTopicAttributes(out) => out.write(xml),
            Self::ListSubscriptions(out) | Self::ListSubscriptionsByTopic(out) => out.write(xml),
            Self::ListTagsForResource(out) => out.write(xml),
            Self::ListTopics(out) => out.write(xml),
            Self::Publish(out) => out.write(xml),
            Self::PublishBatch(out) => out.write(xml),
            Self::Subscribe(out) => out.write(xml),
            Self::ChangeMessageVisibility
            | Self::DeleteMessage
            | Self::DeleteQueue
            | Self::PurgeQueue
            | Self::SetQueueAttributes
            | Self::TagQueue
            | Self::UntagQueue
            | Self::SqsAddPermission
            | Self::SqsRemovePermission
            | Self::DeleteTopic
            | Self::SetSubscriptionAttributes
            | Self::SetTopicAttributes
            | Self::TagResource
            | Self::Unsubscribe
            | Self::UntagResource => {}
        }
    }

    /// The JSON body. Operations of SNS have none: no JSON request reaches them.
    fn to_json(&self) -> Vec<u8> {
        match self {
            Self::ChangeMessageVisibilityBatch(out) | Self::DeleteMessageBatch(out) => json(out),
            Self::SendMessageBatch(out) => json(out),
            Self::CreateQueue(out) | Self::GetQueueUrl(out) => json(out),
            Self::GetQueueAttributes(out) => json(out),
            Self::ListQueueTags(out) => json(out),
            Self::ListQueues(out) => json(out),
            Self::ReceiveMessage(out) => json(out),
            Self::SendMessage(out) => json(out),
            Self::CancelMessageMoveTask(out) => json(out),
            Self::ListDeadLetterSourceQueues(out) => json(out),
            Self::ListMessageMoveTasks(out) => json(out),
            Self::StartMessageMoveTask(out) => json(out),
            Self::ChangeMessageVisibility
            | Self::DeleteMessage
            | Self::DeleteQueue
            | Self::PurgeQueue
            | Self::SetQueueAttributes
            | Self::TagQueue
            | Self::UntagQueue
            | Self::SqsAddPermission
            | Self::SqsRemovePermission
            | Self::CreateTopic(_)
            | Self::DeleteTopic
            | Self::GetSubscriptionAttributes(_)
            | Self::GetTopicAttributes(_)
            | Self::ListSubscriptions(_)
            | Self::ListSubscriptionsByTopic(_)
            | Self::ListTagsForResource(_)
            | Self::ListTopics(_)
            | Self::Publish(_)
            | Self::PublishBatch(_)
            | Self::SetSubscriptionAttributes
            | Self::SetTopicAttributes
            | Self::Subscribe(_)
            | Self::TagResource
            | Self::Unsubscribe
            | Self::UntagResource => Vec::new(),
        }
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
