//! What is kept of accounts: text messages (sns 18). And what both accounts and platform applications must survive:
//! a replay, and compaction at any point.

use super::Live;
use crate::account::{Ask, Page, Preference, Refused, Status, Told};
use crate::event::Tags;
use crate::reply::{More, Reply};
use crate::shard::{Config, Shard};
use crate::{Arn, Command, Lsn, Rejection, codec, limits};
use bytes::Bytes;

const PHONE: &str = "+15550100";
const DAY_S: u32 = 86_400;

fn account(number: &str) -> Arn {
    Arn::of_account("aws", "sns", "us-east-1", number)
}

fn tags<const N: usize>(tags: [(&str, &str); N]) -> Tags {
    tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

impl Live {
    fn of(&mut self, number: &str, ask: Ask) -> Result<Reply, Rejection> {
        self.run(Command::Account { arn: account(number), ask }).map(|decided| decided.reply)
    }

    fn account(&mut self, ask: Ask) -> Result<Reply, Rejection> {
        self.of("000000000000", ask)
    }

    fn told(&mut self, ask: Ask) -> Told {
        match self.account(ask) {
            Ok(Reply::Account(told)) => told,
            other => panic!("{other:?}"),
        }
    }

    fn refused(&mut self, ask: Ask) -> Refused {
        match self.account(ask) {
            Err(Rejection::Account(refused)) => refused,
            other => panic!("{other:?}"),
        }
    }

    fn add(&mut self, phone: &str, password: &str) -> Status {
        let told = self.told(Ask::AddToSandbox { phone: phone.into(), password: password.into() });
        let Told::Status(status) = told else { panic!("{told:?}") };
        status
    }
}

fn verify(phone: &str, password: &str) -> Ask {
    Ask::Verify { phone: phone.into(), password: password.into() }
}

fn page(after: Option<&str>, max: usize) -> Page {
    Page { after: after.map(Into::into), max }
}

/// Folds these entries, the first of which is `first`, through their bytes.
fn folded(live: &Live, first: usize) -> Shard {
    let mut shard = Shard::new(Config::default());
    shard.advance(live.now);
    for (index, events) in live.entries.iter().enumerate().skip(first - 1) {
        let (lsn, mut entry) = (Lsn(index as u64 + 1), Vec::new());
        events.clone().iter_mut().for_each(|event| codec::encode(lsn, event, &mut entry));
        codec::decode(lsn, &Bytes::from(entry), |event| shard.apply(lsn, &event)).unwrap();
    }
    assert_eq!(shard.shells(), 0, "what was trimmed is stated again");
    shard.check();
    shard
}

/// Replays everything; then states again what the first entries state, one after another, and replays what is left.
pub(super) fn survives(live: &mut Live) {
    assert!(folded(live, 1).same(&live.shard), "I2: folding the log gives the live state");
    for trimmed in 1..=live.entries.len() {
        let mut again = Vec::new();
        for event in &live.entries[trimmed - 1] {
            live.shard.restate(Lsn(trimmed as u64), event, &mut again);
        }
        let before = live.shard.live_bytes();
        live.append(again);
        assert_eq!(live.shard.live_bytes(), before, "to state things again makes nothing more");
        let shard = folded(live, trimmed + 1);
        assert!(shard.same(&live.shard), "I3: trimming {trimmed} entries changes nothing");
        assert_eq!(shard.live_bytes(), before);
    }
}

#[test]
fn sms_attributes_are_set_and_unset() {
    let mut live = Live::new(Config::default());
    assert_eq!(live.told(Ask::SmsAttributes), Told::SmsAttributes(Tags::new()));
    let given = tags([("DefaultSMSType", "Promotional"), ("UsageReportS3Bucket", "b")]);
    live.account(Ask::SetSmsAttributes(given)).unwrap();
    live.account(Ask::SetSmsAttributes(tags([("UsageReportS3Bucket", "")]))).unwrap();
    let left = tags([("DefaultSMSType", "Promotional")]);
    assert_eq!(live.told(Ask::SmsAttributes), Told::SmsAttributes(left.clone()));
    let entries = live.entries.len();
    live.account(Ask::SetSmsAttributes(left)).unwrap();
    live.of("000000000001", Ask::SetSmsAttributes(tags([("DefaultSMSType", "")]))).unwrap();
    assert_eq!(live.entries.len(), entries, "what changes nothing writes nothing");
}

#[test]
fn a_phone_of_the_sandbox_is_verified_by_its_last_password() {
    let mut live = Live::new(Config::default());
    assert_eq!(live.refused(verify(PHONE, "111111")), Refused::NotInSandbox);
    assert_eq!(live.add(PHONE, "111111"), Status::Pending);
    assert_eq!(live.add(PHONE, "222222"), Status::Pending);
    assert_eq!(live.refused(verify(PHONE, "111111")), Refused::WrongPassword);
    live.account(verify(PHONE, "222222")).unwrap();
    assert_eq!(live.add(PHONE, "333333"), Status::Verified);
    live.account(verify(PHONE, "999999")).unwrap();
    let listed = Told::Sandbox(vec![(PHONE.into(), Status::Verified)], More::No);
    assert_eq!(live.told(Ask::ListSandbox(page(None, 100))), listed);
    let elsewhere = live.of("000000000001", Ask::ListSandbox(page(None, 100))).unwrap();
    assert!(matches!(elsewhere, Reply::Account(Told::Sandbox(phones, More::No)) if phones.is_empty()));
}

#[test]
fn a_phone_leaves_the_sandbox_after_a_day() {
    let mut live = Live::new(Config::default());
    let remove = || Ask::RemoveFromSandbox(PHONE.into());
    live.add(PHONE, "111111");
    live.at(DAY_S - 1);
    assert_eq!(live.refused(remove()), Refused::TooEarlyToRemove);
    live.account(verify(PHONE, "111111")).unwrap();
    live.at(2 * DAY_S - 2);
    assert_eq!(live.refused(remove()), Refused::TooEarlyToRemove, "a day counts from the verification");
    live.at(2 * DAY_S - 1);
    live.account(remove()).unwrap();
    assert_eq!(live.refused(remove()), Refused::NotInSandbox);
}

#[test]
fn the_sandbox_has_ten_phones() {
    let mut live = Live::new(Config::default());
    for n in 0..limits::SANDBOX_PHONES_MAX {
        live.add(&format!("+1555010{n:02}"), "111111");
    }
    let more = Ask::AddToSandbox { phone: "+1555019".into(), password: "111111".into() };
    assert_eq!(live.refused(more), Refused::SandboxFull);
    assert_eq!(live.add("+155501003", "222222"), Status::Pending, "one that is there can be sent another");
    let Told::Sandbox(first, More::Yes) = live.told(Ask::ListSandbox(page(None, 6))) else { panic!() };
    let last = &first.last().unwrap().0;
    let Told::Sandbox(rest, More::No) = live.told(Ask::ListSandbox(page(Some(last), 6))) else { panic!() };
    assert_eq!((first.len(), rest.len(), &*rest[0].0), (6, 4, "+155501006"));
}

#[test]
fn owners_of_phones_opt_out_and_in() {
    let mut live = Live::new(Config::default());
    let preference = || Ask::Preference(PHONE.into());
    assert_eq!(live.told(preference()), Told::Preference(Preference::Wanted));
    live.account(Ask::OptOut(PHONE.into())).unwrap();
    live.account(Ask::OptOut(PHONE.into())).unwrap();
    assert_eq!(live.told(preference()), Told::Preference(Preference::OptedOut));
    let added = Ask::AddToSandbox { phone: PHONE.into(), password: "1".into() };
    assert_eq!(live.refused(added), Refused::OptedOut);
    for n in 1..=2 {
        live.account(Ask::OptOut(format!("+2{n}").into())).unwrap();
    }
    let first = Told::OptedOut(vec![PHONE.into(), "+21".into()], More::Yes);
    assert_eq!(live.told(Ask::ListOptedOut(page(None, 2))), first);
    let rest = Told::OptedOut(vec!["+22".into()], More::No);
    assert_eq!(live.told(Ask::ListOptedOut(page(Some("+21"), 2))), rest);
    let entries = live.entries.len();
    live.account(Ask::OptIn(PHONE.into())).unwrap();
    live.account(Ask::OptIn(PHONE.into())).unwrap();
    assert_eq!(live.entries.len(), entries + 1, "the second time nothing changes");
    assert_eq!(live.told(preference()), Told::Preference(Preference::Wanted));
}

#[test]
fn accounts_survive_compaction() {
    let mut live = Live::new(Config::default());
    for number in ["000000000000", "000000000001"] {
        live.of(number, Ask::SetSmsAttributes(tags([("DefaultSenderID", "shop")]))).unwrap();
        for phone in [PHONE, "+15550101", "+15550102"] {
            live.of(number, Ask::OptOut(phone.into())).unwrap();
            let add = Ask::AddToSandbox { phone: format!("{phone}0").into(), password: "111111".into() };
            live.of(number, add).unwrap();
        }
        live.of(number, verify("+155501010", "111111")).unwrap();
        live.of(number, Ask::OptIn("+15550101".into())).unwrap();
    }
    live.account(Ask::SetSmsAttributes(tags([("DefaultSenderID", "")]))).unwrap();
    live.at(DAY_S);
    live.account(Ask::RemoveFromSandbox("+155501000".into())).unwrap();
    survives(&mut live);
}

#[test]
fn an_account_of_which_nothing_is_said_any_more_takes_nothing() {
    let mut live = Live::new(Config::default());
    let before = live.shard.live_bytes();
    live.account(Ask::SetSmsAttributes(tags([("DefaultSenderID", "shop")]))).unwrap();
    live.account(Ask::OptOut(PHONE.into())).unwrap();
    assert!(live.shard.live_bytes() > before);
    live.account(Ask::SetSmsAttributes(tags([("DefaultSenderID", "")]))).unwrap();
    live.account(Ask::OptIn(PHONE.into())).unwrap();
    assert_eq!(live.shard.live_bytes(), before);
    assert!(live.shard.same(&folded(&live, 1)));
}
