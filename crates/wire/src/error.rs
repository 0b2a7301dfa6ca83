//! The table of errors, and every text that goes with them.
//!
//! One row per error of the two services and of the framework in front of them: HTTP status, the
//! shape in the JSON `__type`, the code that Query answers and the `x-amzn-query-error` header
//! carry, and whose fault it is. SDKs raise the exception that the code names, so a wrong row
//! changes what users catch. The texts are functions, in [`common`], [`sqs`] and [`sns`]: those
//! who decide pick one by name, and no AWS wording lives anywhere else.

pub mod common;
pub mod sns;
pub mod sqs;

#[cfg(test)]
mod tests;

use std::fmt;

/// An answer of the kind "no": what happened and the text that tells the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The row of the table.
    pub kind: ErrorKind,
    /// The text, in AWS's words where AWS has some.
    pub message: String,
}

impl Error {
    /// An error with a text of the caller's.
    ///
    /// Prefer the named constructors; this is for texts made elsewhere (filter policies, signatures).
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The code of this error in a batch answer's `Failed` entry, which has no
    /// `AWS.SimpleQueueService.` in front.
    pub fn batch_code(&self) -> &'static str {
        match self.kind.codes().query {
            "InternalFailure" => "InternalError",
            code => code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.codes().query, self.message)
    }
}

impl std::error::Error for Error {}

/// Whose fault an error is; SDKs retry what is the receiver's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller's.
    Sender,
    /// The server's.
    Receiver,
}

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sender => "Sender",
            Self::Receiver => "Receiver",
        }
    }
}

/// How an [`ErrorKind`] looks on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codes {
    /// The HTTP status.
    pub status: u16,
    /// The JSON `__type`: namespace and shape. Empty where only SNS, which has no JSON, can answer this.
    pub json_type: &'static str,
    /// `<Code>` of an XML error.
    pub query: &'static str,
    /// Whose fault it is.
    pub fault: Fault,
    /// The value of the `x-amzn-query-error` header: the code and the fault.
    pub(crate) query_error: &'static str,
}

macro_rules! json_type {
    (Sqs $shape:literal) => {
        concat!("com.amazonaws.sqs#", $shape)
    };
    (Coral $shape:literal) => {
        concat!("com.amazon.coral.service#", $shape)
    };
    (Xml $shape:literal) => {
        $shape
    };
}

macro_rules! errors {
    ($( $variant:ident $status:literal $space:ident $shape:literal $query:literal $fault:ident; )*) => {
        /// Every error that either service can answer.
        ///
        /// Where both services have a name with different codes, the variant says which.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorKind {
            $( #[doc = concat!("`", $query, "`, ", stringify!($status), ".")] $variant, )*
        }

        impl ErrorKind {
            /// Every row, in the order of the table.
            pub const ALL: &'static [ErrorKind] = &[ $( ErrorKind::$variant, )* ];

            /// How this error looks on the wire.
            pub fn codes(self) -> Codes {
                match self {
                    $( ErrorKind::$variant => Codes {
                        status: $status,
                        json_type: json_type!($space $shape),
                        query: $query,
                        fault: Fault::$fault,
                        query_error: concat!($query, ";", stringify!($fault)),
                    }, )*
                }
            }
        }
    };
}

errors! {
    // Modelled or recorded errors of SQS.
    BatchEntryIdsNotDistinct 400 Sqs "BatchEntryIdsNotDistinct" "AWS.SimpleQueueService.BatchEntryIdsNotDistinct" Sender;
    BatchRequestTooLong 400 Sqs "BatchRequestTooLong" "AWS.SimpleQueueService.BatchRequestTooLong" Sender;
    EmptyBatchRequest 400 Sqs "EmptyBatchRequest" "AWS.SimpleQueueService.EmptyBatchRequest" Sender;
    InvalidAddress 404 Sqs "InvalidAddress" "InvalidAddress" Sender;
    InvalidAttributeName 400 Sqs "InvalidAttributeName" "InvalidAttributeName" Sender;
    InvalidAttributeValue 400 Sqs "InvalidAttributeValue" "InvalidAttributeValue" Sender;
    InvalidBatchEntryId 400 Sqs "InvalidBatchEntryId" "AWS.SimpleQueueService.InvalidBatchEntryId" Sender;
    InvalidIdFormat 404 Sqs "InvalidIdFormat" "InvalidIdFormat" Sender;
    InvalidMessageContents 400 Sqs "InvalidMessageContents" "InvalidMessageContents" Sender;
    InvalidSecurity 403 Sqs "InvalidSecurity" "InvalidSecurity" Sender;
    KmsAccessDenied 400 Sqs "KmsAccessDenied" "KMS.AccessDeniedException" Sender;
    KmsDisabled 400 Sqs "KmsDisabled" "KMS.DisabledException" Sender;
    KmsInvalidKeyUsage 400 Sqs "KmsInvalidKeyUsage" "KMS.InvalidKeyUsageException" Sender;
    KmsInvalidState 400 Sqs "KmsInvalidState" "KMS.InvalidStateException" Sender;
    KmsNotFound 400 Sqs "KmsNotFound" "KMS.NotFoundException" Sender;
    KmsOptInRequired 403 Sqs "KmsOptInRequired" "KMS.OptInRequired" Sender;
    KmsThrottled 400 Sqs "KmsThrottled" "KMS.ThrottlingException" Sender;
    MessageNotInflight 400 Sqs "MessageNotInflight" "AWS.SimpleQueueService.MessageNotInflight" Sender;
    OverLimit 403 Sqs "OverLimit" "OverLimit" Sender;
    PurgeQueueInProgress 403 Sqs "PurgeQueueInProgress" "AWS.SimpleQueueService.PurgeQueueInProgress" Sender;
    QueueDeletedRecently 400 Sqs "QueueDeletedRecently" "AWS.SimpleQueueService.QueueDeletedRecently" Sender;
    QueueDoesNotExist 400 Sqs "QueueDoesNotExist" "AWS.SimpleQueueService.NonExistentQueue" Sender;
    QueueNameExists 400 Sqs "QueueNameExists" "QueueAlreadyExists" Sender;
    ReceiptHandleIsInvalid 404 Sqs "ReceiptHandleIsInvalid" "ReceiptHandleIsInvalid" Sender;
    RequestThrottled 403 Sqs "RequestThrottled" "RequestThrottled" Sender;
    SqsResourceNotFound 404 Sqs "ResourceNotFoundException" "ResourceNotFoundException" Sender;
    TooManyEntriesInBatchRequest 400 Sqs "TooManyEntriesInBatchRequest" "AWS.SimpleQueueService.TooManyEntriesInBatchRequest" Sender;
    UnsupportedOperation 400 Sqs "UnsupportedOperation" "AWS.SimpleQueueService.UnsupportedOperation" Sender;

    // The framework in front of SQS, and of both services where SNS answers the same code.
    MissingParameter 400 Coral "MissingRequiredParameterException" "MissingParameter" Sender;
    InvalidParameterValue 400 Coral "InvalidParameterValueException" "InvalidParameterValue" Sender;
    MalformedInput 400 Coral "SerializationException" "MalformedInput" Sender;
    UnknownOperation 400 Coral "UnknownOperationException" "InvalidAction" Sender;
    // The same, answered to a GET without an action: a bare 404 page.
    UnknownOperationPage 404 Coral "UnknownOperationException" "InvalidAction" Sender;
    AccessDenied 403 Coral "AccessDeniedException" "AccessDenied" Sender;
    InvalidClientTokenId 403 Coral "UnrecognizedClientException" "InvalidClientTokenId" Sender;
    SignatureDoesNotMatch 403 Coral "InvalidSignatureException" "SignatureDoesNotMatch" Sender;
    IncompleteSignature 400 Coral "IncompleteSignatureException" "IncompleteSignature" Sender;
    ExpiredToken 403 Coral "ExpiredTokenException" "ExpiredToken" Sender;
    OptInRequired 403 Coral "OptInRequired" "OptInRequired" Sender;
    MissingAuthenticationToken 403 Coral "MissingAuthenticationTokenException" "MissingAuthenticationToken" Sender;
    RequestTooLarge 413 Coral "RequestEntityTooLargeException" "RequestEntityTooLarge" Sender;
    RequestTimeout 408 Coral "RequestTimeoutException" "RequestTimeout" Sender;
    ServiceUnavailable 503 Coral "ServiceUnavailableException" "ServiceUnavailable" Receiver;
    InternalFailure 500 Coral "InternalFailure" "InternalFailure" Receiver;

    // Modelled errors of SNS.
    AuthorizationError 403 Xml "" "AuthorizationError" Sender;
    SnsBatchEntryIdsNotDistinct 400 Xml "" "BatchEntryIdsNotDistinct" Sender;
    SnsBatchRequestTooLong 400 Xml "" "BatchRequestTooLong" Sender;
    ConcurrentAccess 400 Xml "" "ConcurrentAccess" Sender;
    SnsEmptyBatchRequest 400 Xml "" "EmptyBatchRequest" Sender;
    EndpointDisabled 400 Xml "" "EndpointDisabled" Sender;
    FilterPolicyLimitExceeded 403 Xml "" "FilterPolicyLimitExceeded" Sender;
    InternalError 500 Xml "" "InternalError" Receiver;
    SnsInvalidBatchEntryId 400 Xml "" "InvalidBatchEntryId" Sender;
    InvalidParameter 400 Xml "" "InvalidParameter" Sender;
    ParameterValueInvalid 400 Xml "" "ParameterValueInvalid" Sender;
    SnsInvalidSecurity 403 Xml "" "InvalidSecurity" Sender;
    InvalidState 400 Xml "" "InvalidState" Sender;
    SnsKmsAccessDenied 400 Xml "" "KMSAccessDenied" Sender;
    SnsKmsDisabled 400 Xml "" "KMSDisabled" Sender;
    SnsKmsInvalidState 400 Xml "" "KMSInvalidState" Sender;
    SnsKmsNotFound 400 Xml "" "KMSNotFound" Sender;
    SnsKmsOptInRequired 403 Xml "" "KMSOptInRequired" Sender;
    SnsKmsThrottling 400 Xml "" "KMSThrottling" Sender;
    NotFound 404 Xml "" "NotFound" Sender;
    OptedOut 400 Xml "" "OptedOut" Sender;
    PlatformApplicationDisabled 400 Xml "" "PlatformApplicationDisabled" Sender;
    ReplayLimitExceeded 403 Xml "" "ReplayLimitExceeded" Sender;
    SnsResourceNotFound 404 Xml "" "ResourceNotFound" Sender;
    StaleTag 400 Xml "" "StaleTag" Sender;
    SubscriptionLimitExceeded 403 Xml "" "SubscriptionLimitExceeded" Sender;
    TagLimitExceeded 400 Xml "" "TagLimitExceeded" Sender;
    TagPolicy 400 Xml "" "TagPolicy" Sender;
    Throttled 429 Xml "" "Throttled" Sender;
    SnsTooManyEntriesInBatchRequest 400 Xml "" "TooManyEntriesInBatchRequest" Sender;
    TopicLimitExceeded 403 Xml "" "TopicLimitExceeded" Sender;
    UserError 400 Xml "" "UserError" Sender;
    ValidationException 400 Xml "" "ValidationException" Sender;
    ValidationError 400 Xml "" "ValidationError" Sender;
    VerificationException 400 Xml "" "VerificationException" Sender;
}
