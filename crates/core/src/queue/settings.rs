//! A queue's attributes: the ones that rules act on are typed, all are checked before they get here.

use crate::{Arn, Rejection, limits};
use std::sync::Arc;

/// The attributes of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `VisibilityTimeout`, seconds, 0 to 43,200.
    pub visibility_s: u32,
    /// `MaximumMessageSize`, bytes, 1,024 to 1,048,576, or to more where the limit is raised.
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
    /// `KmsDataKeyReusePeriodSeconds`, kept also while there is no key; a key that is taken away takes it along.
    pub kms_reuse_s: u32,
    /// What only FIFO queues have; absent on a standard queue.
    pub fifo: Option<Fifo>,
    /// `RedrivePolicy`: where messages go that were received too often.
    pub redrive: Option<Redrive>,
    /// `RedriveAllowPolicy`: which queues may have this one as their dead-letter queue; all when absent.
    pub redrive_allow: Option<RedriveAllow>,
}

/// The attributes of FIFO queues (sqs 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fifo {
    /// `ContentBasedDeduplication`.
    pub content_dedup: Switch,
    /// `DeduplicationScope`.
    pub scope: DedupScope,
    /// `FifoThroughputLimit`. Kept and shown; nothing is slowed down.
    pub throughput: Throughput,
}

impl Default for Fifo {
    fn default() -> Fifo {
        Fifo { content_dedup: Switch::Off, scope: DedupScope::Queue, throughput: Throughput::PerQueue }
    }
}

/// Among which messages a deduplication id is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DedupScope {
    /// `queue`.
    Queue,
    /// `messageGroup`.
    MessageGroup,
}

impl DedupScope {
    /// All of them.
    pub const ALL: [DedupScope; 2] = [DedupScope::Queue, DedupScope::MessageGroup];

    /// As the attribute has it.
    pub fn as_str(self) -> &'static str {
        match self {
            DedupScope::Queue => "queue",
            DedupScope::MessageGroup => "messageGroup",
        }
    }
}

/// To what the throughput limit applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throughput {
    /// `perQueue`.
    PerQueue,
    /// `perMessageGroupId`; demands deduplication by message group.
    PerMessageGroup,
}

impl Throughput {
    /// All of them.
    pub const ALL: [Throughput; 2] = [Throughput::PerQueue, Throughput::PerMessageGroup];

    /// As the attribute has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Throughput::PerQueue => "perQueue",
            Throughput::PerMessageGroup => "perMessageGroupId",
        }
    }
}

/// Where messages go that were received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// `deadLetterTargetArn`.
    pub target: Arn,
    /// `maxReceiveCount`, 1 to 1,000.
    pub receives_max: u32,
}

/// Which queues may have this one as their dead-letter queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedriveAllow {
    /// The policy as it was sent.
    pub text: Arc<str>,
    /// What it says.
    pub sources: AllowedSources,
}

/// The sources that a redrive allow policy admits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedSources {
    /// `allowAll`.
    All,
    /// `denyAll`.
    None,
    /// `byQueue`.
    These(Vec<Arn>),
}

impl AllowedSources {
    /// May this queue have the one of the policy as its dead-letter queue?
    pub fn admit(&self, source: &Arn) -> bool {
        match self {
            AllowedSources::All => true,
            AllowedSources::None => false,
            AllowedSources::These(sources) => sources.contains(source),
        }
    }
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
            kms_reuse_s: KMS_REUSE_S_DEFAULT,
            fifo: None,
            redrive: None,
            redrive_allow: None,
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
    /// `FifoQueue`.
    FifoQueue(Switch),
    /// `ContentBasedDeduplication`.
    ContentDedup(Switch),
    /// `DeduplicationScope`.
    DedupScope(DedupScope),
    /// `FifoThroughputLimit`.
    Throughput(Throughput),
    /// `RedrivePolicy`; `None` removes it.
    Redrive(Option<Redrive>),
    /// `RedriveAllowPolicy`; `None` removes it.
    RedriveAllow(Option<RedriveAllow>),
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
            Setting::FifoQueue(_) => "FifoQueue",
            Setting::ContentDedup(_) => "ContentBasedDeduplication",
            Setting::DedupScope(_) => "DeduplicationScope",
            Setting::Throughput(_) => "FifoThroughputLimit",
            Setting::Redrive(_) => "RedrivePolicy",
            Setting::RedriveAllow(_) => "RedriveAllowPolicy",
        }
    }

    /// Does the queue have this value already?
    fn agrees(&self, now: &Settings) -> bool {
        let key = match &now.encryption {
            Encryption::Kms { key } => Some(key),
            Encryption::Managed | Encryption::Off => None,
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
            Setting::KmsReuse(s) => *s == now.kms_reuse_s,
            Setting::FifoQueue(switch) => (*switch == Switch::On) == now.fifo.is_some(),
            Setting::ContentDedup(switch) => now.fifo.is_some_and(|fifo| fifo.content_dedup == *switch),
            Setting::DedupScope(scope) => now.fifo.is_some_and(|fifo| fifo.scope == *scope),
            Setting::Throughput(limit) => now.fifo.is_some_and(|fifo| fifo.throughput == *limit),
            Setting::Redrive(given) => *given == now.redrive,
            Setting::RedriveAllow(given) => {
                let sources =
                    |allow: &Option<RedriveAllow>| allow.as_ref().map(|allow| allow.sources.clone());
                sources(given) == sources(&now.redrive_allow)
            }
        }
    }
}

impl Settings {
    /// The first of these attributes whose value the queue does not have.
    pub fn first_difference(&self, given: &[Setting]) -> Option<&'static str> {
        given.iter().find(|setting| !setting.agrees(self)).map(Setting::name)
    }

    /// The settings that a new queue of this name begins with: its name says of which type it is.
    pub fn of(arn: &Arn) -> Settings {
        Settings { fifo: arn.is_fifo().then(Fifo::default), ..Settings::default() }
    }

    /// These settings with the given ones in their place.
    ///
    /// # Errors
    /// Settings that exclude each other (sqs 5.1), or that a queue of this type does not have.
    pub fn with(&self, given: &[Setting]) -> Result<Settings, Rejection> {
        let mut next = self.clone();
        let mut managed = None;
        let mut key = None;
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
                Setting::KmsReuse(s) => next.kms_reuse_s = *s,
                Setting::FifoQueue(switch) if (*switch == Switch::On) == next.fifo.is_some() => {}
                Setting::FifoQueue(_) => return Err(Rejection::TypeChange),
                Setting::ContentDedup(switch) => next.fifo_mut()?.content_dedup = *switch,
                Setting::DedupScope(scope) => next.fifo_mut()?.scope = *scope,
                Setting::Throughput(limit) => next.fifo_mut()?.throughput = *limit,
                Setting::Redrive(given) => next.redrive.clone_from(given),
                Setting::RedriveAllow(given) => next.redrive_allow.clone_from(given),
            }
        }
        let has_key = |settings: &Settings| matches!(settings.encryption, Encryption::Kms { .. });
        next.encryption = encryption(&self.encryption, managed, key)?;
        if has_key(self) && !has_key(&next) {
            next.kms_reuse_s = KMS_REUSE_S_DEFAULT;
        }
        let by_group =
            |fifo: Fifo| fifo.throughput == Throughput::PerQueue || fifo.scope == DedupScope::MessageGroup;
        if next.fifo.is_none_or(by_group) { Ok(next) } else { Err(Rejection::ThroughputNeedsGroupScope) }
    }

    fn fifo_mut(&mut self) -> Result<&mut Fifo, Rejection> {
        self.fifo.as_mut().ok_or(Rejection::TypeChange)
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
) -> Result<Encryption, Rejection> {
    let old_key = match now {
        Encryption::Kms { key } => Some(key.clone()),
        Encryption::Managed | Encryption::Off => None,
    };
    let cleared = key == Some(None) && old_key.is_some();
    match (managed, key.unwrap_or(old_key)) {
        (Some(Switch::On), Some(_)) => Err(Rejection::EncryptionConflict),
        (_, Some(key)) => Ok(Encryption::Kms { key }),
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
        assert_eq!(with_key.encryption, Encryption::Kms { key: "alias/a".into() });
        assert_eq!((with_key.kms_reuse_s, with_key.with(&[key("")]).unwrap().kms_reuse_s), (60, 300));
        let without = with_key.with(&[key("")]).unwrap();
        assert_eq!(without.encryption, Encryption::Off);
        assert_eq!(without.with(&[Setting::Delay(1)]).unwrap().encryption, Encryption::Off);
    }

    #[test]
    fn a_reuse_period_without_a_key_is_kept_for_one() {
        let without = Settings::default().with(&[Setting::KmsReuse(60)]).unwrap();
        assert_eq!(without.first_difference(&[Setting::KmsReuse(60)]), None);
        assert_eq!(without.with(&[key("k")]).unwrap().kms_reuse_s, 60);
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
