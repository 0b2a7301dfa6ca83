//! A queue's attributes: the ones that rules act on are typed, all are checked before they get here.

use crate::{Rejection, limits};
use std::sync::Arc;

/// The attributes of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `VisibilityTimeout`, seconds, 0 to 43,200.
    pub visibility_s: u32,
    /// `MaximumMessageSize`, bytes, 1,024 to 1,048,576.
    pub message_bytes_max: u32,
    /// `MessageRetentionPeriod`, seconds, 60 to 1,209,600.
    pub retention_s: u32,
    /// `DelaySeconds`, 0 to 900.
    pub delay_s: u32,
    /// `ReceiveMessageWaitTimeSeconds`, 0 to 20.
    pub wait_s: u32,
    /// `Policy`, as it was sent.
    pub policy: Option<Arc<str>>,
    /// Who encrypts.
    pub encryption: Encryption,
}

/// Server-side encryption of a queue (sqs 5.1, 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// `SqsManagedSseEnabled` is false and there is no key.
    Off,
    /// `SqsManagedSseEnabled` is true.
    Managed,
    /// `KmsMasterKeyId` is set.
    Kms {
        /// Key id, ARN or alias.
        key: Arc<str>,
        /// `KmsDataKeyReusePeriodSeconds`.
        reuse_s: u32,
    },
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            visibility_s: 30,
            message_bytes_max: *limits::MESSAGE_BYTES.end(),
            retention_s: 345_600,
            delay_s: 0,
            wait_s: 0,
            policy: None,
            encryption: Encryption::Managed,
        }
    }
}

/// `KmsDataKeyReusePeriodSeconds` of a queue that has a key and does not say.
pub const KMS_REUSE_S_DEFAULT: u32 = 300;

/// One attribute as a caller gave it, its value in range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `VisibilityTimeout`.
    Visibility(u32),
    /// `MaximumMessageSize`.
    MessageBytesMax(u32),
    /// `MessageRetentionPeriod`.
    Retention(u32),
    /// `DelaySeconds`.
    Delay(u32),
    /// `ReceiveMessageWaitTimeSeconds`.
    Wait(u32),
    /// `Policy`; `None` and an empty text remove it.
    Policy(Option<Arc<str>>),
    /// `SqsManagedSseEnabled`.
    ManagedSse(Switch),
    /// `KmsMasterKeyId`; `None` removes it.
    KmsKey(Option<Arc<str>>),
    /// `KmsDataKeyReusePeriodSeconds`.
    KmsReuse(u32),
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// `true`.
    On,
    /// `false`.
    Off,
}

impl Setting {
    /// The attribute's name.
    pub fn name(&self) -> &'static str {
        match self {
            Setting::Visibility(_) => "VisibilityTimeout",
            Setting::MessageBytesMax(_) => "MaximumMessageSize",
            Setting::Retention(_) => "MessageRetentionPeriod",
            Setting::Delay(_) => "DelaySeconds",
            Setting::Wait(_) => "ReceiveMessageWaitTimeSeconds",
            Setting::Policy(_) => "Policy",
            Setting::ManagedSse(_) => "SqsManagedSseEnabled",
            Setting::KmsKey(_) => "KmsMasterKeyId",
            Setting::KmsReuse(_) => "KmsDataKeyReusePeriodSeconds",
        }
    }

    /// Does the queue have this value already?
    fn agrees(&self, now: &Settings) -> bool {
        let (key, reuse_s) = match &now.encryption {
            Encryption::Kms { key, reuse_s } => (Some(key), *reuse_s),
            Encryption::Managed | Encryption::Off => (None, KMS_REUSE_S_DEFAULT),
        };
        match self {
            Setting::Visibility(s) => *s == now.visibility_s,
            Setting::MessageBytesMax(bytes) => *bytes == now.message_bytes_max,
            Setting::Retention(s) => *s == now.retention_s,
            Setting::Delay(s) => *s == now.delay_s,
            Setting::Wait(s) => *s == now.wait_s,
            Setting::Policy(text) => policy(text) == now.policy,
            Setting::ManagedSse(switch) => (*switch == Switch::On) == (now.encryption == Encryption::Managed),
            Setting::KmsKey(given) => given.as_ref() == key,
            Setting::KmsReuse(s) => *s == reuse_s,
        }
    }
}

impl Settings {
    /// The first of these attributes whose value the queue does not have.
    pub fn first_difference(&self, given: &[Setting]) -> Option<&'static str> {
        given.iter().find(|setting| !setting.agrees(self)).map(Setting::name)
    }

    /// These settings with the given ones in their place.
    pub fn with(&self, given: &[Setting]) -> Result<Settings, Rejection> {
        let mut next = self.clone();
        let mut managed = None;
        let mut key = None;
        let mut reuse_s = None;
        for setting in given {
            match setting {
                Setting::Visibility(s) => next.visibility_s = *s,
                Setting::MessageBytesMax(bytes) => next.message_bytes_max = *bytes,
                Setting::Retention(s) => next.retention_s = *s,
                Setting::Delay(s) => next.delay_s = *s,
                Setting::Wait(s) => next.wait_s = *s,
                Setting::Policy(text) => next.policy = policy(text),
                Setting::ManagedSse(switch) => managed = Some(*switch),
                Setting::KmsKey(given) => key = Some(given.clone()),
                Setting::KmsReuse(s) => reuse_s = Some(*s),
            }
        }
        next.encryption = encryption(&self.encryption, managed, key, reuse_s)?;
        Ok(next)
    }
}

/// The log does not tell an empty text from none, so the state does not either.
fn policy(given: &Option<Arc<str>>) -> Option<Arc<str>> {
    given.clone().filter(|text| !text.is_empty())
}

/// Combines the three attributes of encryption (sqs 5.1): a key turns managed encryption off, taking
/// the key away leaves both off, and asking for both is an error.
fn encryption(
    now: &Encryption,
    managed: Option<Switch>,
    key: Option<Option<Arc<str>>>,
    reuse_s: Option<u32>,
) -> Result<Encryption, Rejection> {
    let (old_key, old_reuse_s) = match now {
        Encryption::Kms { key, reuse_s } => (Some(key.clone()), *reuse_s),
        Encryption::Managed | Encryption::Off => (None, KMS_REUSE_S_DEFAULT),
    };
    let cleared = key == Some(None) && old_key.is_some();
    match (managed, key.unwrap_or(old_key)) {
        (Some(Switch::On), Some(_)) => Err(Rejection::EncryptionConflict),
        (_, Some(key)) => Ok(Encryption::Kms { key, reuse_s: reuse_s.unwrap_or(old_reuse_s) }),
        (Some(Switch::On), None) => Ok(Encryption::Managed),
        (Some(Switch::Off), None) => Ok(Encryption::Off),
        (None, None) if cleared => Ok(Encryption::Off),
        (None, None) => Ok(now.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Setting {
        Setting::KmsKey((!text.is_empty()).then(|| text.into()))
    }

    #[test]
    fn a_key_turns_managed_encryption_off_and_taking_it_away_leaves_it_off() {
        let with_key = Settings::default().with(&[key("alias/a"), Setting::KmsReuse(60)]).unwrap();
        assert_eq!(with_key.encryption, Encryption::Kms { key: "alias/a".into(), reuse_s: 60 });
        let without = with_key.with(&[key("")]).unwrap();
        assert_eq!(without.encryption, Encryption::Off);
        assert_eq!(without.with(&[Setting::Delay(1)]).unwrap().encryption, Encryption::Off);
    }

    #[test]
    fn managed_encryption_and_a_key_exclude_each_other() {
        let on = Setting::ManagedSse(Switch::On);
        let with_key = Settings::default().with(&[key("k")]).unwrap();
        assert_eq!(with_key.with(std::slice::from_ref(&on)), Err(Rejection::EncryptionConflict));
        assert_eq!(Settings::default().with(&[key("k"), on.clone()]), Err(Rejection::EncryptionConflict));
        assert_eq!(with_key.with(&[key(""), on]).unwrap().encryption, Encryption::Managed);
    }

    #[test]
    fn only_given_attributes_are_compared() {
        let settings = Settings::default();
        assert_eq!(settings.first_difference(&[]), None);
        assert_eq!(settings.first_difference(&[Setting::Visibility(30), Setting::Delay(0)]), None);
        let given = [Setting::Visibility(30), Setting::Delay(5), Setting::Wait(9)];
        assert_eq!(settings.first_difference(&given), Some("DelaySeconds"));
    }
}
