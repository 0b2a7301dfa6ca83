//! Who a caller is: account, principal, and the namespace a request lives in.
//!
//! An account and a region are namespaces: nothing has to be set up before either is used. So the
//! rules that find them in a request are here, as pure functions, and both modes of the server
//! (open and enforcing) share them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::sigv4::Hint;

/// The region of a request whose signature names none.
pub const DEFAULT_REGION: &str = "us-east-1";

/// Longest region name accepted; the longest that AWS has is 16 bytes.
pub const REGION_BYTES_MAX: usize = 32;

/// The number of an account: exactly 12 ASCII digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account([u8; 12]);

impl Account {
    /// The account of an open server's callers who name no other.
    pub const DEFAULT: Account = Account(*b"000000000000");

    /// Reads 12 digits; anything else is `None`.
    pub fn parse(text: &str) -> Option<Account> {
        let digits: [u8; 12] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Account(digits))
    }

    /// The 12 digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an account is made of ASCII digits only")
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({self})")
    }
}

/// The two services of this server, by their signing names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Simple Queue Service.
    Sqs,
    /// Simple Notification Service.
    Sns,
}

impl Service {
    /// Reads the signing name in a credential scope: `sqs` or `sns`.
    pub fn parse(name: &str) -> Option<Service> {
        match name {
            "sqs" => Some(Service::Sqs),
            "sns" => Some(Service::Sns),
            _ => None,
        }
    }

    /// The signing name.
    pub fn name(self) -> &'static str {
        match self {
            Service::Sqs => "sqs",
            Service::Sns => "sns",
        }
    }
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// Nobody: the request was not signed and the server enforces signatures.
    Anonymous,
    /// The root of an account; what every credential of an open server stands for.
    Root(Account),
    /// A user, a role session, or any other principal that has an ARN of its own.
    Named {
        /// The ARN as policies and messages print it, for example `arn:aws:iam::123456789012:user/ann`.
        arn: Arc<str>,
        /// The unique id: `AIDA…` of a user, `AROA…:<session>` of a role session.
        unique_id: Arc<str>,
    },
}

impl Principal {
    /// The principal as messages about authorisation print it; `anonymous` for nobody.
    pub fn arn(&self) -> Cow<'_, str> {
        match self {
            Principal::Anonymous => Cow::Borrowed("anonymous"),
            Principal::Root(account) => Cow::Owned(format!("arn:aws:iam::{account}:root")),
            Principal::Named { arn, .. } => Cow::Borrowed(arn),
        }
    }

    /// The `SenderId` of messages sent by this principal: the unique id, or the account number of a
    /// root. `None` for anonymous callers, for whom AWS shows the IP address, which this crate does
    /// not know.
    pub fn sender_id(&self) -> Option<&str> {
        match self {
            Principal::Anonymous => None,
            Principal::Root(account) => Some(account.as_str()),
            Principal::Named { unique_id, .. } => Some(unique_id),
        }
    }
}

/// A caller, as far as a request proves or claims it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    account: Account,
    principal: Principal,
    region: Box<str>,
    service: Option<Service>,
}

impl Caller {
    pub(crate) fn new(
        account: Account,
        principal: Principal,
        region: &str,
        service: Option<Service>,
    ) -> Caller {
        Caller { account, principal, region: region.into(), service }
    }

    /// The caller of an open server: the account is the access key id if that is 12 digits, else
    /// [`Account::DEFAULT`]; the region is that of the signature's scope, else [`DEFAULT_REGION`].
    /// Nothing of it is proven.
    pub fn claimed(hint: &Hint<'_>) -> Caller {
        let account = hint.access_key_id().and_then(Account::parse).unwrap_or(Account::DEFAULT);
        let region = hint.region().unwrap_or(DEFAULT_REGION);
        Caller::new(account, Principal::Root(account), region, hint.service())
    }

    /// A caller without a signature where signatures are enforced. Its account is the default
    /// namespace, which gives it no rights there: rights follow the principal.
    pub(crate) fn anonymous() -> Caller {
        Caller::new(Account::DEFAULT, Principal::Anonymous, DEFAULT_REGION, None)
    }

    pub(crate) fn in_region(self, region: &str) -> Caller {
        Caller { region: region.into(), ..self }
    }

    /// The account whose names the request means when it gives none.
    pub fn account(&self) -> Account {
        self.account
    }

    /// Who acts.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The `SenderId` of what this caller sends; see [`Principal::sender_id`].
    pub fn sender_id(&self) -> Option<&str> {
        self.principal.sender_id()
    }

    /// The region of the request: lower-case letters, digits and hyphens, 1 to [`REGION_BYTES_MAX`].
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The service that the signature was made for; `None` if there was none or it was another.
    pub fn service(&self) -> Option<Service> {
        self.service
    }
}

/// Whether a text may be a region's name: any region is a namespace here, so only its form counts.
pub fn is_region(text: &str) -> bool {
    (1..=REGION_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
