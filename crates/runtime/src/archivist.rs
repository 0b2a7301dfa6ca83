//! Feeds the archives of FIFO topics, and brings messages back from them.
//!
//! A shard keeps what is published to a topic with an archive until the archive has it durably: written there first,
//! then told. A crash in between only writes again what is there already, and the archive skips that.
//!
//! A replay is a cursor in the shard's state. Each step reads a page behind it, and the shard delivers that page and moves
//! the cursor in one entry, so nothing is left out or doubled. While the queue that gets the messages has many waiting
//! the next page is not read: so a replay takes little memory, however much there is to replay. Whether it has so many is
//! looked at twice a second, by one question to the shard for all replays; a queue that another shard holds is asked
//! for by itself, once a look. Nobody tells when a queue gets emptier: messages leave one in many ways, all of which
//! would have to know of replays, and one that forgot would hold a replay up for ever.

use crate::answer::{Answer, Unreadable};
use crate::handle::{ShardHandle, Unanswered};
use places::{Archives, Places};
use postrider_core::codec::{self, Malformed};
use postrider_core::command::{AskQueue, Replayed};
use postrider_core::event::{Event, Occasion, PublicationStated};
use postrider_core::id::{PublicationId, TopicId};
use postrider_core::outbox::Published;
use postrider_core::reply::{ReplayView, Reply, ToArchive};
use postrider_core::topic::filter::Facts;
use postrider_core::topic::subscription::Endpoint;
use postrider_core::{Arn, Command, Lsn};
use postrider_log::{Fault, Record};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::{error, warn};

pub(crate) mod places;

/// Payload bytes of one step of a replay, but at least one message.
const PAGE_BYTES: usize = 128 << 10;
/// Messages that may wait in a queue while more are brought to it.
const WINDOW: usize = 10_000;
/// The pause between two looks when there was nothing to do.
const PAUSE: Duration = Duration::from_millis(20);
/// How long to wait for a queue to be emptied, or for the end of a replay in the future.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long to wait after a fault.
const RETRY: Duration = Duration::from_secs(1);
/// How often what is too old is removed.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// What filters look at in a payload that a queue gets.
pub type FactsOf = dyn Fn(&[u8]) -> Facts + Send + Sync;

/// Why something about an archive did not come about this time.
#[derive(Debug, thiserror::Error)]
enum Delay {
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    #[error("a payload cannot be read")]
    Unreadable(#[from] Unreadable),
    #[error("an archive")]
    Archive(#[from] Fault),
    #[error("a message of an archive cannot be read")]
    Malformed(#[from] Malformed),
}

/// Whether a round had anything to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Some,
    /// Not now, but soon.
    Waiting,
    Nothing,
}

impl Progress {
    fn and(self, other: Progress) -> Progress {
        match (self, other) {
            (Progress::Some, _) | (_, Progress::Some) => Progress::Some,
            (Progress::Waiting, _) | (_, Progress::Waiting) => Progress::Waiting,
            (Progress::Nothing, Progress::Nothing) => Progress::Nothing,
        }
    }
}

/// Cares for the archives of one shard.
pub(crate) struct Archivist {
    shard: ShardHandle,
    /// All shards, to ask how full a queue is.
    all: Vec<ShardHandle>,
    facts: Arc<FactsOf>,
    archives: Archives,
    /// Archives that had a fault, and when to try again.
    faulty: BTreeMap<TopicId, Instant>,
    /// The topic whose publications were archived last.
    after: TopicId,
    last_cleaned: Option<Instant>,
}

impl Archivist {
    pub(crate) fn new(
        shard: ShardHandle,
        all: Vec<ShardHandle>,
        places: Places,
        facts: Arc<FactsOf>,
    ) -> Archivist {
        let (faulty, after) = (BTreeMap::new(), TopicId(0));
        Archivist { shard, all, facts, archives: Archives::new(places), faulty, after, last_cleaned: None }
    }

    /// Works for as long as the shard lives.
    pub(crate) async fn run(mut self) {
        let wake = self.shard.archives();
        loop {
            let patience = match self.round().await {
                Ok(Progress::Some) => continue,
                Ok(Progress::Waiting) => PATIENCE,
                Ok(Progress::Nothing) => HOUSEKEEPING,
                Err(Unanswered::Stopped) => return,
                Err(Unanswered::Busy) => PAUSE,
            };
            tokio::time::sleep(PAUSE).await;
            // That nobody wakes us is as good as that somebody does: then it is time to look again.
            drop(tokio::time::timeout(patience, wake.notified()).await);
        }
    }

    async fn round(&mut self) -> Result<Progress, Unanswered> {
        self.faulty.retain(|_, until| *until > Instant::now());
        let mut progress = if self.faulty.is_empty() { Progress::Nothing } else { Progress::Waiting };
        progress = progress.and(self.archive().await?);
        if self.last_cleaned.is_none_or(|last| last.elapsed() >= HOUSEKEEPING) {
            self.clean().await?;
            self.last_cleaned = Some(Instant::now());
        }
        let answer = self.shard.ask(Command::Replays).await?;
        let Ok(Reply::Replays(replays)) = answer.result else { return Ok(progress) };
        let mut elsewhere = BTreeMap::new();
        for view in replays {
            let topic = view.replay.topic;
            let step = if self.faulty.contains_key(&topic) {
                Ok(Progress::Waiting)
            } else {
                self.replay(&view, &mut elsewhere).await
            };
            progress = progress.and(self.judged(topic, step)?.unwrap_or(Progress::Waiting));
        }
        Ok(progress)
    }

    /// What came of it; nothing after a fault, which is told, and which concerns only this topic for a while.
    fn judged<R>(&mut self, topic: TopicId, done: Result<R, Delay>) -> Result<Option<R>, Unanswered> {
        let (shard, delay) = match done {
            Ok(done) => return Ok(Some(done)),
            Err(Delay::Unanswered(unanswered)) => return Err(unanswered),
            Err(delay) => (self.shard.index(), delay),
        };
        let reason = crate::chain(&delay);
        match delay {
            Delay::Archive(Fault::Full) => {
                warn!(shard, topic = topic.0, "no room for the archive of a topic")
            }
            Delay::Archive(_) | Delay::Unreadable(_) | Delay::Malformed(_) | Delay::Unanswered(_) => {
                error!(shard, topic = topic.0, reason, "the archive of a topic cannot go on");
            }
        }
        self.archives.forget(topic);
        self.faulty.insert(topic, Instant::now() + RETRY);
        Ok(None)
    }

    /// Writes what waits for the archives, and says so.
    async fn archive(&mut self) -> Result<Progress, Unanswered> {
        let skip = self.faulty.keys().copied().collect();
        let answer = Arc::new(self.shard.ask(Command::ToArchive { after: self.after, skip }).await?);
        let Ok(Reply::ToArchive(waiting)) = &answer.result else { return Ok(Progress::Nothing) };
        let mut topics = waiting.iter().map(|waiting| waiting.topic).collect::<Vec<_>>();
        topics.dedup();
        for topic in &topics {
            let (topic, answer) = (*topic, answer.clone());
            let written = self.archives.with(move |open| write(open, &answer, topic)).await;
            if let Some(up_to) = self.judged(topic, written)? {
                self.shard.ask(Command::Archived { topic, up_to }).await?;
            }
            self.after = topic;
        }
        Ok(if topics.is_empty() { Progress::Nothing } else { Progress::Some })
    }

    /// Removes what is too old, and the archives of topics that have none any more.
    async fn clean(&mut self) -> Result<(), Unanswered> {
        // First what is on the disk, then what should be: an archive that is made in between is in the second.
        let there = self.archives.with(|open| open.there().map_err(Delay::from)).await;
        let Some(there) = self.judged(TopicId(0), there)? else { return Ok(()) };
        let answer = self.shard.ask(Command::Archives).await?;
        let Ok(Reply::Archives(views)) = answer.result else { return Ok(()) };
        let begins = views.into_iter().map(|view| (view.topic, view.begins)).collect::<BTreeMap<_, _>>();
        for topic in there {
            let begins = begins.get(&topic).copied();
            let cleaned =
                self.archives.with(move |open| open.clean(topic, begins).map_err(Delay::from)).await;
            self.judged(topic, cleaned)?;
        }
        Ok(())
    }

    /// One step of a replay. What was asked in this round about queues of other shards is kept in `elsewhere`.
    async fn replay(
        &mut self,
        view: &ReplayView,
        elsewhere: &mut BTreeMap<Arn, usize>,
    ) -> Result<Progress, Delay> {
        let Endpoint::Queue(queue) = &view.subscription.endpoint else { return Ok(Progress::Nothing) };
        if view.ahead >= WINDOW || self.waiting_elsewhere(queue, elsewhere).await? >= WINDOW {
            return Ok(Progress::Waiting);
        }
        let replay = view.replay;
        let records = self.archives.with(move |open| open.page(replay, PAGE_BYTES)).await?;
        let messages = records.iter().map(|record| self.replayed(record)).collect::<Result<Vec<_>, _>>()?;
        let progress = if messages.is_empty() { Progress::Waiting } else { Progress::Some };
        // Behind an empty page there is nothing but what waits for the archive, and the shard knows that.
        let up_to = records.last().map_or(u64::MAX, |record| record.sequence);
        let (topic, subscription, id) = (replay.topic, replay.subscription, replay.id);
        let answer = self.shard.ask(Command::Replay { topic, subscription, id, messages, up_to }).await?;
        // Without room for it on the disk the page comes again.
        Ok(if answer.result.is_ok() { progress } else { Progress::Waiting })
    }

    fn replayed(&self, record: &Record) -> Result<Replayed, Malformed> {
        let mut found = None;
        codec::decode(Lsn(0), &record.bytes, |event| {
            if let Event::Publication(stated) = event {
                found = Some(*stated);
            }
        })?;
        let stated = found.ok_or(Malformed::Layout)?;
        let facts = (self.facts)(&stated.payload.bytes);
        Ok(Replayed { published: stated.published(), payload: stated.payload, facts })
    }

    /// How many messages wait in a queue of another shard, as of this round.
    async fn waiting_elsewhere(
        &self,
        queue: &Arn,
        known: &mut BTreeMap<Arn, usize>,
    ) -> Result<usize, Unanswered> {
        let count = u16::try_from(self.all.len()).expect("as many shards as a u16 counts");
        let shard = &self.all[usize::from(queue.shard(count))];
        if shard.index() == self.shard.index() {
            return Ok(0);
        }
        if let Some(waiting) = known.get(queue) {
            return Ok(*waiting);
        }
        let waiting = self.waiting_in(shard, queue).await?;
        known.insert(queue.clone(), waiting);
        Ok(waiting)
    }

    /// How many messages wait in a queue; none in one that is not there.
    async fn waiting_in(&self, shard: &ShardHandle, queue: &Arn) -> Result<usize, Unanswered> {
        let Some(judgement) = shard.judgement(queue) else { return Ok(0) };
        let ask = AskQueue::View;
        let command = Command::Queue { arn: queue.clone(), judged: judgement.revision, ask };
        match shard.ask(command).await?.result {
            Ok(Reply::Queue(view)) => Ok(view.counts.available + view.counts.in_flight + view.counts.delayed),
            Ok(_) | Err(_) => Ok(0),
        }
    }
}

/// Writes publications of a topic to its archive. Says up to where it has them now.
fn write(open: &mut places::Open, answer: &Answer, topic: TopicId) -> Result<u64, Delay> {
    let Ok(Reply::ToArchive(waiting)) = &answer.result else { return Ok(0) };
    let of_topic = waiting.iter().filter(|waiting| waiting.topic == topic);
    let records = of_topic.map(|waiting| record(answer, waiting)).collect::<Result<Vec<_>, _>>()?;
    open.append(topic, &records)?;
    Ok(records.last().map_or(0, |record| record.sequence))
}

/// A publication as the archive has it: the event that states it, alone.
fn record(answer: &Answer, waiting: &ToArchive) -> Result<Record, Unreadable> {
    let ToArchive { published, body, .. } = waiting;
    let payload =
        postrider_core::body::Payload::new(bytes::Bytes::from_owner(answer.bytes(body)?), body.size);
    let replayed = Published { occasion: Occasion::Replayed, ..published.clone() };
    let mut event = Event::Publication(Box::new(PublicationStated::of(PublicationId(0), replayed, payload)));
    let mut bytes = Vec::new();
    codec::encode(Lsn(0), &mut event, &mut bytes);
    let sequence = published.fifo.map_or(0, |fifo| fifo.sequence);
    Ok(Record { sequence, time_ms: published.published_at.0, bytes: bytes.into() })
}
