//! The SMS attributes of an account: their names, and which values they take.

use crate::error::{Error, sns as errors};

/// An SMS attribute of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccountAttribute {
    /// `MonthlySpendLimit`, in US dollars.
    MonthlySpendLimit,
    /// `DeliveryStatusIAMRole`.
    DeliveryStatusIamRole,
    /// `DeliveryStatusSuccessSamplingRate`, per cent.
    DeliveryStatusSuccessSamplingRate,
    /// `DefaultSenderID`.
    DefaultSenderId,
    /// `DefaultSMSType`.
    DefaultSmsType,
    /// `UsageReportS3Bucket`.
    UsageReportS3Bucket,
}

impl AccountAttribute {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::MonthlySpendLimit,
        Self::DeliveryStatusIamRole,
        Self::DeliveryStatusSuccessSamplingRate,
        Self::DefaultSenderId,
        Self::DefaultSmsType,
        Self::UsageReportS3Bucket,
    ];

    /// Its name in requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MonthlySpendLimit => "MonthlySpendLimit",
            Self::DeliveryStatusIamRole => "DeliveryStatusIAMRole",
            Self::DeliveryStatusSuccessSamplingRate => "DeliveryStatusSuccessSamplingRate",
            Self::DefaultSenderId => "DefaultSenderID",
            Self::DefaultSmsType => "DefaultSMSType",
            Self::UsageReportS3Bucket => "UsageReportS3Bucket",
        }
    }

    /// The one of this name; names are case-sensitive.
    ///
    /// # Errors
    /// `InvalidParameter` for any other name.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|known| known.as_str() == name);
        found.ok_or_else(|| errors::sms_attribute_unknown(name))
    }

    /// Judges a new value.
    ///
    /// # Errors
    /// `InvalidParameter` for a type, a sender id, a rate or a limit that is none.
    pub fn check(self, value: &str) -> Result<(), Error> {
        let number = || value.parse::<u32>().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()));
        let fits = match self {
            Self::DefaultSmsType if !matches!(value, "Promotional" | "Transactional") => {
                return Err(errors::sms_type());
            }
            Self::DefaultSenderId if !is_sender_id(value) => return Err(errors::sms_sender_id()),
            Self::DeliveryStatusSuccessSamplingRate => number().is_some_and(|rate| rate <= 100),
            Self::MonthlySpendLimit => number().is_some(),
            Self::DefaultSmsType
            | Self::DefaultSenderId
            | Self::DeliveryStatusIamRole
            | Self::UsageReportS3Bucket => true,
        };
        if fits { Ok(()) } else { Err(errors::sms_attribute_value(self.as_str())) }
    }
}

/// 1 to 11 letters and digits, at least one letter.
fn is_sender_id(text: &str) -> bool {
    (1..=11).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}
