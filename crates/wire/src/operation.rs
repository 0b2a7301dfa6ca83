//! The table of operations: all that AWS has, and which of them are built.
//!
//! One row per operation. An operation that is not built yet is still known by name: asking for it
//! answers what AWS answers to an unknown action, and the README's list is made from this table.
//!
//! Invariants:
//! - the names are unique within a service, and both services share exactly `AddPermission` and
//!   `RemovePermission`, whose variants say whose they are;
//! - every built operation has an [`Operation`] and an [`crate::Output`] variant of the same name.

use crate::error::Error;
use crate::query::{Form, Shape};
use crate::{json, sns, sqs};

/// Which of the two services an operation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Amazon SQS, API version 2012-11-05.
    Sqs,
    /// Amazon SNS, API version 2010-03-31.
    Sns,
}

impl Service {
    /// The service's name in a signature's credential scope.
    pub fn signing_name(self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::Sns => "sns",
        }
    }

    /// The `Version` parameter of Query requests.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Sqs => "2012-11-05",
            Self::Sns => "2010-03-31",
        }
    }

    /// The `xmlns` of every XML answer.
    pub(crate) fn xml_namespace(self) -> &'static str {
        match self {
            Self::Sqs => "http://queue.amazonaws.com/doc/2012-11-05/",
            Self::Sns => "http://sns.amazonaws.com/doc/2010-03-31/",
        }
    }
}

/// How a request is written, and so how its answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// AWS JSON 1.0. SQS only.
    Json,
    /// AWS Query: form parameters in, XML out.
    Query,
}

/// Whether an operation can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Decoded, encoded and served.
    Built,
    /// Known by name only; answers what an unknown action answers.
    Planned,
}

/// Whether the XML answer of an operation has an `<XResult>` element (and the JSON answer a body).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// There is a result, possibly an empty one.
    Result,
    /// AWS models no output: an empty JSON body, no Result element in XML.
    Nothing,
}

/// How one row is decoded: SQS from both protocols, SNS from Query only.
macro_rules! decode_row {
    (Planned $service:ident $variant:ident $input:ident) => {
        Err(crate::error::common::unknown_action($input.protocol, $input.action.name()))
    };
    (Built Sqs $variant:ident $input:ident) => {
        match $input.protocol {
            Protocol::Json => json::decode($input.body).map(Operation::$variant),
            Protocol::Query => $input.read_form().map(Operation::$variant),
        }
    };
    (Built Sns $variant:ident $input:ident) => {
        $input.read_form().map(Operation::$variant)
    };
}

/// What an operation is decoded from.
pub(crate) struct Input<'s> {
    pub(crate) action: Action,
    pub(crate) protocol: Protocol,
    /// The parameters of a Query request.
    pub(crate) form: Form<'s>,
    /// The body of a JSON request.
    pub(crate) body: &'s [u8],
}

impl<'s> Input<'s> {
    fn read_form<T: Shape<'s>>(&self) -> Result<T, Error> {
        T::from_form(self.form).map_err(|flaw| flaw.into_error(self.action.service()))
    }
}

macro_rules! actions {
    ($( $service:ident $name:literal $variant:ident $status:ident $answer:ident; )*) => {
        /// Every operation of both services.
        ///
        /// Named as AWS names it, but for the two names that both services have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $( #[doc = concat!("`", $name, "`.")] $variant, )*
        }

        impl Action {
            /// Every row, in the order of the table.
            pub const ALL: &'static [Action] = &[ $( Action::$variant, )* ];

            /// The name that requests use.
            pub fn name(self) -> &'static str {
                match self { $( Action::$variant => $name, )* }
            }

            /// The service that has this operation.
            pub fn service(self) -> Service {
                match self { $( Action::$variant => Service::$service, )* }
            }

            /// Whether this operation is served.
            pub fn status(self) -> Status {
                match self { $( Action::$variant => Status::$status, )* }
            }

            pub(crate) fn answer(self) -> Answer {
                match self { $( Action::$variant => Answer::$answer, )* }
            }

            /// Finds an operation of one service by its name, built or not.
            pub fn find(service: Service, name: &str) -> Option<Action> {
                match (service, name) {
                    $( (Service::$service, $name) => Some(Action::$variant), )*
                    (Service::Sqs | Service::Sns, _) => None,
                }
            }
        }

        impl<'s> Input<'s> {
            /// Reads the members of the operation.
            pub(crate) fn decode(self) -> Result<Operation<'s>, Error> {
                match self.action { $( Action::$variant => decode_row!($status $service $variant self), )* }
            }
        }
    };
}

actions! {
    Sqs "AddPermission" SqsAddPermission Built Nothing;
    Sqs "CancelMessageMoveTask" CancelMessageMoveTask Built Result;
    Sqs "ChangeMessageVisibility" ChangeMessageVisibility Built Nothing;
    Sqs "ChangeMessageVisibilityBatch" ChangeMessageVisibilityBatch Built Result;
    Sqs "CreateQueue" CreateQueue Built Result;
    Sqs "DeleteMessage" DeleteMessage Built Nothing;
    Sqs "DeleteMessageBatch" DeleteMessageBatch Built Result;
    Sqs "DeleteQueue" DeleteQueue Built Nothing;
    Sqs "GetQueueAttributes" GetQueueAttributes Built Result;
    Sqs "GetQueueUrl" GetQueueUrl Built Result;
    Sqs "ListDeadLetterSourceQueues" ListDeadLetterSourceQueues Built Result;
    Sqs "ListMessageMoveTasks" ListMessageMoveTasks Built Result;
    Sqs "ListQueueTags" ListQueueTags Built Result;
    Sqs "ListQueues" ListQueues Built Result;
    Sqs "PurgeQueue" PurgeQueue Built Nothing;
    Sqs "ReceiveMessage" ReceiveMessage Built Result;
    Sqs "RemovePermission" SqsRemovePermission Built Nothing;
    Sqs "SendMessage" SendMessage Built Result;
    Sqs "SendMessageBatch" SendMessageBatch Built Result;
    Sqs "SetQueueAttributes" SetQueueAttributes Built Nothing;
    Sqs "StartMessageMoveTask" StartMessageMoveTask Built Result;
    Sqs "TagQueue" TagQueue Built Nothing;
    Sqs "UntagQueue" UntagQueue Built Nothing;
    Sns "AddPermission" SnsAddPermission Built Nothing;
    Sns "CheckIfPhoneNumberIsOptedOut" CheckIfPhoneNumberIsOptedOut Built Result;
    Sns "ConfirmSubscription" ConfirmSubscription Built Result;
    Sns "CreatePlatformApplication" CreatePlatformApplication Built Result;
    Sns "CreatePlatformEndpoint" CreatePlatformEndpoint Built Result;
    Sns "CreateSMSSandboxPhoneNumber" CreateSmsSandboxPhoneNumber Built Result;
    Sns "CreateTopic" CreateTopic Built Result;
    Sns "DeleteEndpoint" DeleteEndpoint Built Nothing;
    Sns "DeletePlatformApplication" DeletePlatformApplication Built Nothing;
    Sns "DeleteSMSSandboxPhoneNumber" DeleteSmsSandboxPhoneNumber Built Result;
    Sns "DeleteTopic" DeleteTopic Built Nothing;
    Sns "GetDataProtectionPolicy" GetDataProtectionPolicy Built Result;
    Sns "GetEndpointAttributes" GetEndpointAttributes Built Result;
    Sns "GetPlatformApplicationAttributes" GetPlatformApplicationAttributes Built Result;
    Sns "GetSMSAttributes" GetSmsAttributes Built Result;
    Sns "GetSMSSandboxAccountStatus" GetSmsSandboxAccountStatus Built Result;
    Sns "GetSubscriptionAttributes" GetSubscriptionAttributes Built Result;
    Sns "GetTopicAttributes" GetTopicAttributes Built Result;
    Sns "ListEndpointsByPlatformApplication" ListEndpointsByPlatformApplication Built Result;
    Sns "ListOriginationNumbers" ListOriginationNumbers Built Result;
    Sns "ListPhoneNumbersOptedOut" ListPhoneNumbersOptedOut Built Result;
    Sns "ListPlatformApplications" ListPlatformApplications Built Result;
    Sns "ListSMSSandboxPhoneNumbers" ListSmsSandboxPhoneNumbers Built Result;
    Sns "ListSubscriptions" ListSubscriptions Built Result;
    Sns "ListSubscriptionsByTopic" ListSubscriptionsByTopic Built Result;
    Sns "ListTagsForResource" ListTagsForResource Built Result;
    Sns "ListTopics" ListTopics Built Result;
    Sns "OptInPhoneNumber" OptInPhoneNumber Built Result;
    Sns "Publish" Publish Built Result;
    Sns "PublishBatch" PublishBatch Built Result;
    Sns "PutDataProtectionPolicy" PutDataProtectionPolicy Built Nothing;
    Sns "RemovePermission" SnsRemovePermission Built Nothing;
    Sns "SetEndpointAttributes" SetEndpointAttributes Built Nothing;
    Sns "SetPlatformApplicationAttributes" SetPlatformApplicationAttributes Built Nothing;
    Sns "SetSMSAttributes" SetSmsAttributes Built Result;
    Sns "SetSubscriptionAttributes" SetSubscriptionAttributes Built Nothing;
    Sns "SetTopicAttributes" SetTopicAttributes Built Nothing;
    Sns "Subscribe" Subscribe Built Result;
    Sns "TagResource" TagResource Built Result;
    Sns "Unsubscribe" Unsubscribe Built Nothing;
    Sns "UntagResource" UntagResource Built Result;
    Sns "VerifySMSSandboxPhoneNumber" VerifySmsSandboxPhoneNumber Built Result;
}

impl Action {
    /// Finds the operation that an `X-Amz-Target` header names (`AmazonSQS.<Action>`), built or not.
    pub fn of_target(target: &str) -> Option<Action> {
        Self::find(Service::Sqs, target.strip_prefix("AmazonSQS.")?)
    }
}

macro_rules! operations {
    ($( $variant:ident: $members:ty; )*) => {
        /// What a request asks for: one variant per built operation, with its members.
        ///
        /// Texts borrow from the request.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Operation<'a> {
            $( #[doc = concat!("`", stringify!($variant), "`.")] $variant($members), )*
        }

        impl Operation<'_> {
            /// The row of the table that this is.
            pub fn action(&self) -> Action {
                match self { $( Operation::$variant(_) => Action::$variant, )* }
            }
        }
    };
}

operations! {
    CancelMessageMoveTask: sqs::CancelMessageMoveTask<'a>;
    ChangeMessageVisibility: sqs::ChangeMessageVisibility<'a>;
    ChangeMessageVisibilityBatch: sqs::ChangeMessageVisibilityBatch<'a>;
    CreateQueue: sqs::CreateQueue<'a>;
    DeleteMessage: sqs::DeleteMessage<'a>;
    DeleteMessageBatch: sqs::DeleteMessageBatch<'a>;
    DeleteQueue: sqs::DeleteQueue<'a>;
    GetQueueAttributes: sqs::GetQueueAttributes<'a>;
    GetQueueUrl: sqs::GetQueueUrl<'a>;
    ListDeadLetterSourceQueues: sqs::ListDeadLetterSourceQueues<'a>;
    ListMessageMoveTasks: sqs::ListMessageMoveTasks<'a>;
    ListQueueTags: sqs::ListQueueTags<'a>;
    ListQueues: sqs::ListQueues<'a>;
    PurgeQueue: sqs::PurgeQueue<'a>;
    ReceiveMessage: sqs::ReceiveMessage<'a>;
    SendMessage: sqs::SendMessage<'a>;
    SendMessageBatch: sqs::SendMessageBatch<'a>;
    SetQueueAttributes: sqs::SetQueueAttributes<'a>;
    SqsAddPermission: sqs::AddPermission<'a>;
    SqsRemovePermission: sqs::RemovePermission<'a>;
    StartMessageMoveTask: sqs::StartMessageMoveTask<'a>;
    TagQueue: sqs::TagQueue<'a>;
    UntagQueue: sqs::UntagQueue<'a>;
    CheckIfPhoneNumberIsOptedOut: sns::CheckIfPhoneNumberIsOptedOut<'a>;
    ConfirmSubscription: sns::ConfirmSubscription<'a>;
    CreatePlatformApplication: sns::CreatePlatformApplication<'a>;
    CreatePlatformEndpoint: sns::CreatePlatformEndpoint<'a>;
    CreateSmsSandboxPhoneNumber: sns::CreateSmsSandboxPhoneNumber<'a>;
    CreateTopic: sns::CreateTopic<'a>;
    DeleteEndpoint: sns::DeleteEndpoint<'a>;
    DeletePlatformApplication: sns::DeletePlatformApplication<'a>;
    DeleteSmsSandboxPhoneNumber: sns::DeleteSmsSandboxPhoneNumber<'a>;
    DeleteTopic: sns::DeleteTopic<'a>;
    GetDataProtectionPolicy: sns::GetDataProtectionPolicy<'a>;
    GetEndpointAttributes: sns::GetEndpointAttributes<'a>;
    GetPlatformApplicationAttributes: sns::GetPlatformApplicationAttributes<'a>;
    GetSmsAttributes: sns::GetSmsAttributes<'a>;
    GetSmsSandboxAccountStatus: sns::GetSmsSandboxAccountStatus;
    GetSubscriptionAttributes: sns::GetSubscriptionAttributes<'a>;
    GetTopicAttributes: sns::GetTopicAttributes<'a>;
    ListEndpointsByPlatformApplication: sns::ListEndpointsByPlatformApplication<'a>;
    ListOriginationNumbers: sns::ListOriginationNumbers<'a>;
    ListPhoneNumbersOptedOut: sns::ListPhoneNumbersOptedOut<'a>;
    ListPlatformApplications: sns::ListPlatformApplications<'a>;
    ListSmsSandboxPhoneNumbers: sns::ListSmsSandboxPhoneNumbers<'a>;
    ListSubscriptions: sns::ListSubscriptions<'a>;
    ListSubscriptionsByTopic: sns::ListSubscriptionsByTopic<'a>;
    ListTagsForResource: sns::ListTagsForResource<'a>;
    ListTopics: sns::ListTopics<'a>;
    OptInPhoneNumber: sns::OptInPhoneNumber<'a>;
    Publish: sns::Publish<'a>;
    PublishBatch: sns::PublishBatch<'a>;
    PutDataProtectionPolicy: sns::PutDataProtectionPolicy<'a>;
    SetEndpointAttributes: sns::SetEndpointAttributes<'a>;
    SetPlatformApplicationAttributes: sns::SetPlatformApplicationAttributes<'a>;
    SetSmsAttributes: sns::SetSmsAttributes<'a>;
    SetSubscriptionAttributes: sns::SetSubscriptionAttributes<'a>;
    SetTopicAttributes: sns::SetTopicAttributes<'a>;
    SnsAddPermission: sns::AddPermission<'a>;
    SnsRemovePermission: sns::RemovePermission<'a>;
    Subscribe: sns::Subscribe<'a>;
    TagResource: sns::TagResource<'a>;
    Unsubscribe: sns::Unsubscribe<'a>;
    UntagResource: sns::UntagResource<'a>;
    VerifySmsSandboxPhoneNumber: sns::VerifySmsSandboxPhoneNumber<'a>;
}
