//! The accounts of a shard: what each knows, its rules, and the fold.
//!
//! Invariants:
//! - an account of which there is nothing to say is not in `accounts`;
//! - `live_bytes` is about what the log takes to state everything here.

use super::{Ask, Event, Page, Preference, Refused, Sandboxed, Status, Told, pairs};
use crate::event::Tags;
use crate::reply::{More, Reply};
use crate::shard::Decided;
use crate::{Arn, Lsn, Rejection, Timestamp, limits};
use std::collections::BTreeMap;
use std::ops::Bound;

/// What a statement takes besides attributes: the account's ARN, a phone, a password.
const STATED: u64 = 112;

/// The accounts of a shard of which there is something to say.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    accounts: BTreeMap<Arn, Account>,
    live_bytes: u64,
}

#[derive(Debug, Default)]
struct Account {
    attributes: Option<(Tags, Lsn)>,
    sandbox: BTreeMap<Box<str>, Phone>,
    opted_out: BTreeMap<Box<str>, OptedOut>,
}

/// A phone of the sandbox.
#[derive(Debug)]
struct Phone {
    status: Status,
    password: Box<str>,
    since: Timestamp,
    /// Where the log states it last.
    stated: Lsn,
}

/// A phone whose owner wants no messages.
#[derive(Debug)]
struct OptedOut {
    at: Timestamp,
    /// Where the log states it last.
    stated: Lsn,
}

impl Accounts {
    /// Decides what an account does.
    pub(crate) fn decide(&self, now: Timestamp, arn: Arn, ask: Ask) -> Result<Decided, Rejection> {
        let nothing = Account::default();
        let account = self.accounts.get(&arn).unwrap_or(&nothing);
        let told = |told| Ok(Decided::nothing(Reply::Account(told)));
        let done = |event: Option<Event>| Ok(Decided::perhaps(event.map(crate::Event::Account), Reply::Done));
        match ask {
            Ask::SmsAttributes => {
                told(Told::SmsAttributes(account.attributes().cloned().unwrap_or_default()))
            }
            Ask::SetSmsAttributes(given) => done(account.decide_set(arn, given)),
            Ask::Preference(phone) => told(Told::Preference(account.preference(&phone))),
            Ask::OptOut(phone) => {
                let is_news = account.preference(&phone) == Preference::Wanted;
                done(is_news.then_some(Event::OptedOut { account: arn, phone, at: now }))
            }
            Ask::OptIn(phone) => {
                let is_news = account.preference(&phone) == Preference::OptedOut;
                done(is_news.then_some(Event::OptedIn { account: arn, phone }))
            }
            Ask::ListOptedOut(page) => {
                let (phones, more) = listed(&account.opted_out, &page, |phone, _| phone.into());
                told(Told::OptedOut(phones, more))
            }
            Ask::AddToSandbox { phone, password } => account.decide_add(now, arn, phone, password),
            Ask::Verify { phone, password } => {
                done(account.decide_verify(now, arn, phone, &password).map_err(Rejection::Account)?)
            }
            Ask::RemoveFromSandbox(phone) => {
                account.may_remove(now, &phone).map_err(Rejection::Account)?;
                done(Some(Event::Unsandboxed { account: arn, phone }))
            }
            Ask::ListSandbox(page) => {
                let row = |phone: &str, there: &Phone| (phone.into(), there.status);
                let (phones, more) = listed(&account.sandbox, &page, row);
                told(Told::Sandbox(phones, more))
            }
        }
    }

    /// Folds an event of the entry at `lsn` in.
    pub(crate) fn apply(&mut self, lsn: Lsn, event: &Event) {
        match event {
            Event::SmsAttributes { account, attributes } => self.change(account, |account| {
                account.attributes = (!attributes.is_empty()).then(|| (attributes.clone(), lsn));
            }),
            Event::Sandboxed(stated) => self.change(&stated.account, |account| {
                let Sandboxed { status, password, since, .. } = &**stated;
                let phone = Phone { status: *status, password: password.clone(), since: *since, stated: lsn };
                account.sandbox.insert(stated.phone.clone(), phone);
            }),
            Event::Unsandboxed { account, phone } => self.change(account, |account| {
                account.sandbox.remove(phone);
            }),
            Event::OptedOut { account, phone, at } => self.change(account, |account| {
                account.opted_out.insert(phone.clone(), OptedOut { at: *at, stated: lsn });
            }),
            Event::OptedIn { account, phone } => self.change(account, |account| {
                account.opted_out.remove(phone);
            }),
        }
    }

    /// The statement that keeps alive what `event`, of the entry at `lsn`, stated; none when that is gone, or stated
    /// again later.
    pub(crate) fn restate(&self, lsn: Lsn, event: &Event) -> Option<Event> {
        match event {
            Event::SmsAttributes { account, .. } => {
                let (attributes, stated) = self.accounts.get(account)?.attributes.as_ref()?;
                let (account, attributes) = (account.clone(), attributes.clone());
                (*stated == lsn).then_some(Event::SmsAttributes { account, attributes })
            }
            Event::Sandboxed(stated) => {
                let phone = self.accounts.get(&stated.account)?.sandbox.get(&stated.phone)?;
                (phone.stated == lsn).then(|| event.clone())
            }
            Event::OptedOut { account, phone, .. } => {
                let there = self.accounts.get(account)?.opted_out.get(phone)?;
                (there.stated == lsn).then(|| event.clone())
            }
            Event::Unsandboxed { .. } | Event::OptedIn { .. } => None,
        }
    }

    /// About how many bytes of the log state what is alive here.
    pub(crate) fn live_bytes(&self) -> u64 {
        self.live_bytes
    }

    /// Is the state the same? Where the log states things does not count.
    pub(crate) fn same(&self, other: &Accounts) -> bool {
        let same = |(a, b): ((&Arn, &Account), (&Arn, &Account))| a.0 == b.0 && a.1.same(b.1);
        self.accounts.len() == other.accounts.len() && self.accounts.iter().zip(&other.accounts).all(same)
    }

    /// Panics if the state contradicts itself.
    pub(crate) fn check(&self) {
        assert!(self.accounts.values().all(|account| !account.is_empty()), "empty accounts are forgotten");
        let live_bytes = self.accounts.values().map(Account::live_bytes).sum::<u64>();
        assert_eq!(self.live_bytes, live_bytes, "live bytes of accounts");
    }

    fn change(&mut self, arn: &Arn, change: impl FnOnce(&mut Account)) {
        let account = self.accounts.entry(arn.clone()).or_default();
        let before = account.live_bytes();
        change(account);
        self.live_bytes = self.live_bytes - before + account.live_bytes();
        if account.is_empty() {
            self.accounts.remove(arn);
        }
    }
}

impl Account {
    fn attributes(&self) -> Option<&Tags> {
        self.attributes.as_ref().map(|stated| &stated.0)
    }

    fn preference(&self, phone: &str) -> Preference {
        if self.opted_out.contains_key(phone) { Preference::OptedOut } else { Preference::Wanted }
    }

    /// Nothing is written if nothing changes.
    fn decide_set(&self, account: Arn, given: Tags) -> Option<Event> {
        let mut attributes = self.attributes().cloned().unwrap_or_default();
        attributes.extend(given);
        attributes.retain(|_, value| !value.is_empty());
        let is_news =
            self.attributes() != Some(&attributes) && (self.attributes.is_some() || !attributes.is_empty());
        is_news.then_some(Event::SmsAttributes { account, attributes })
    }

    /// A phone that is verified stays so, and is sent nothing.
    fn decide_add(
        &self,
        now: Timestamp,
        account: Arn,
        phone: Box<str>,
        password: Box<str>,
    ) -> Result<Decided, Rejection> {
        let told = |status| Reply::Account(Told::Status(status));
        if self.preference(&phone) == Preference::OptedOut {
            return Err(Rejection::Account(Refused::OptedOut));
        }
        match self.sandbox.get(&phone) {
            Some(there) if there.status == Status::Verified => {
                return Ok(Decided::nothing(told(Status::Verified)));
            }
            None if self.sandbox.len() >= limits::SANDBOX_PHONES_MAX => {
                return Err(Rejection::Account(Refused::SandboxFull));
            }
            Some(_) | None => {}
        }
        let stated = Sandboxed { account, phone, status: Status::Pending, password, since: now };
        let event = Event::Sandboxed(Box::new(stated));
        Ok(Decided::one(crate::Event::Account(event), told(Status::Pending)))
    }

    /// To verify again, with whatever password, changes nothing.
    fn decide_verify(
        &self,
        now: Timestamp,
        account: Arn,
        phone: Box<str>,
        password: &str,
    ) -> Result<Option<Event>, Refused> {
        let there = self.sandbox.get(&phone).ok_or(Refused::NotInSandbox)?;
        match there.status {
            Status::Verified => Ok(None),
            Status::Pending if *there.password != *password => Err(Refused::WrongPassword),
            Status::Pending => {
                let (status, password) = (Status::Verified, "".into());
                let stated = Sandboxed { account, phone, status, password, since: now };
                Ok(Some(Event::Sandboxed(Box::new(stated))))
            }
        }
    }

    fn may_remove(&self, now: Timestamp, phone: &str) -> Result<(), Refused> {
        let there = self.sandbox.get(phone).ok_or(Refused::NotInSandbox)?;
        let is_due = now >= there.since + limits::SANDBOX_REMOVE_WAIT_MS;
        if is_due { Ok(()) } else { Err(Refused::TooEarlyToRemove) }
    }

    fn is_empty(&self) -> bool {
        self.attributes.is_none() && self.sandbox.is_empty() && self.opted_out.is_empty()
    }

    fn live_bytes(&self) -> u64 {
        let attributes = self.attributes().map_or(0, |attributes| STATED + pairs(attributes) as u64);
        attributes + STATED * (self.sandbox.len() + self.opted_out.len()) as u64
    }

    fn same(&self, other: &Account) -> bool {
        let sandbox = |account: &Account| {
            let phones = account.sandbox.iter();
            let phones = phones
                .map(|(phone, there)| (phone.clone(), there.status, there.password.clone(), there.since));
            phones.collect::<Vec<_>>()
        };
        let opted_out = |account: &Account| {
            account.opted_out.iter().map(|(phone, there)| (phone.clone(), there.at)).collect::<Vec<_>>()
        };
        self.attributes() == other.attributes()
            && sandbox(self) == sandbox(other)
            && opted_out(self) == opted_out(other)
    }
}

/// A page of phones.
fn listed<T, R>(all: &BTreeMap<Box<str>, T>, page: &Page, row: impl Fn(&str, &T) -> R) -> (Vec<R>, More) {
    let from = page.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = all.range::<str, _>((from, Bound::Unbounded));
    let rows = rest.by_ref().take(page.max).map(|(phone, there)| row(phone, there)).collect();
    let more = if rest.next().is_some() { More::Yes } else { More::No };
    (rows, more)
}
