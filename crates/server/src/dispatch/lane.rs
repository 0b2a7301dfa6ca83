//! The deliveries of one shard: claims, attempts, reports.
//!
//! A lane takes rounds. In each it tells the shard how attempts ended and claims what there is room for, both in
//! one turn of the shard, and begins the attempts. Between rounds it waits until there is something for the next
//! one. What ends while a round is under way is told in the next: so the slower the log, the larger the groups.

use super::Shared;
use super::attempt::{Consignment, attempt};
use super::capacity::{Reserve, SLOW_AFTER};
use super::quiet::Drops;
use postrider_core::command::Report;
use postrider_core::id::PublicationId;
use postrider_core::reply::Claimed;
use postrider_core::{Command, Rejection, Reply};
use postrider_runtime::{Answer, ShardHandle, Unanswered, Unreadable};
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};
use tracing::{error, warn};

/// How long to wait before a shard that was busy, or whose disk is full, is asked again.
const RETRY: Duration = Duration::from_millis(100);
/// How often the number of dropped deliveries is looked at, if no attempt ends.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Reports of one command: more would make a turn long.
const REPORTS_MAX: usize = 1_000;

/// May there be deliveries whose time has come?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// The shard would have told.
    No,
    Perhaps,
}

/// What a lane waits for.
enum Wake {
    /// Attempts have ended, or nothing in particular.
    Round,
    /// There is room for attempts.
    Claim(Reserve),
    End,
}

/// Why a round was cut short.
enum Delay {
    /// The shard could not take it now.
    Busy,
    /// There is no shard any more.
    Stopped,
}

impl From<Unanswered> for Delay {
    fn from(unanswered: Unanswered) -> Delay {
        match unanswered {
            Unanswered::Busy => Delay::Busy,
            Unanswered::Stopped => Delay::Stopped,
        }
    }
}

/// The deliveries of one shard.
pub(super) struct Lane {
    shard: ShardHandle,
    shared: Arc<Shared>,
    attempts: JoinSet<Report>,
    /// Not taken by the shard yet.
    reports: Vec<Report>,
    due: Due,
    drops: Drops,
}

impl Lane {
    pub(super) fn new(shard: ShardHandle, shared: Arc<Shared>) -> Lane {
        let (attempts, reports) = (JoinSet::new(), Vec::new());
        Lane { shard, shared, attempts, reports, due: Due::Perhaps, drops: Drops::default() }
    }

    /// Delivers until the shard stops, or until it is told when to end.
    pub(super) async fn run(mut self, mut ending: watch::Receiver<Option<Instant>>) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let reserve = match self.wait(&mut ending, &mut looks).await {
                Wake::End => break,
                Wake::Claim(reserve) => Some(reserve),
                Wake::Round if self.due == Due::Perhaps => self.shared.capacity.try_reserve(),
                Wake::Round => None,
            };
            match self.round(reserve).await {
                Ok(()) => {}
                // What could not be told goes first: nothing is claimed before.
                Err(Delay::Busy) => self.insist(&ending).await,
                Err(Delay::Stopped) => return,
            }
            self.tell_of_drops();
        }
        let until = ending.borrow().unwrap_or_else(Instant::now);
        self.finish(until).await;
    }

    async fn wait(
        &mut self,
        ending: &mut watch::Receiver<Option<Instant>>,
        looks: &mut tokio::time::Interval,
    ) -> Wake {
        let shared = self.shared.clone();
        let due = self.shard.due();
        let wake = tokio::select! {
            biased;
            // An error is the end too: nobody is there to tell it.
            _ = ending.wait_for(Option::is_some) => return Wake::End,
            Some(ended) = self.attempts.join_next() => {
                self.reports.extend(ended.ok());
                Wake::Round
            }
            reserve = shared.capacity.reserve(), if self.due == Due::Perhaps => Wake::Claim(reserve),
            () = due.notified(), if self.due == Due::No => {
                self.due = Due::Perhaps;
                Wake::Round
            }
            _ = looks.tick() => Wake::Round,
        };
        self.gather();
        wake
    }

    /// Collects the reports of attempts that have ended.
    fn gather(&mut self) {
        while let Some(ended) = self.attempts.try_join_next() {
            // A panic has ended the process, and what is aborted has nothing to tell.
            self.reports.extend(ended.ok());
        }
    }

    /// Tells what there is to tell, and claims if there is room.
    async fn round(&mut self, reserve: Option<Reserve>) -> Result<(), Delay> {
        let (told, claimed) = tokio::join!(tell(&self.shard, &self.reports), async {
            match reserve {
                Some(reserve) => Some(claim(&self.shard, reserve).await),
                None => None,
            }
        });
        // What was claimed is begun whatever became of the reports: nobody else gets it.
        let claimed = match claimed {
            None => Ok(()),
            Some(Ok((answer, reserve))) => {
                self.begin(answer, reserve).await;
                Ok(())
            }
            Some(Err(delay)) => Err(delay),
        };
        self.reports.drain(..told.taken);
        told.result.and(claimed)
    }

    /// Tells until everything is told, while attempts go on.
    async fn insist(&mut self, ending: &watch::Receiver<Option<Instant>>) {
        loop {
            sleep(RETRY).await;
            self.gather();
            match self.round(None).await {
                Err(Delay::Busy) if ending.borrow().is_none() => {}
                Ok(()) | Err(Delay::Busy | Delay::Stopped) => return,
            }
        }
    }

    /// Begins an attempt of each delivery that was claimed.
    async fn begin(&mut self, answer: Answer, mut reserve: Reserve) {
        let Ok(Reply::Claimed(claimed)) = &answer.result else { return };
        let bytes: usize = claimed.iter().map(|claimed| claimed.body.place.len as usize).sum();
        if claimed.len() < reserve.deliveries_max() && bytes < reserve.bytes_max() {
            self.due = Due::No;
        }
        for (claimed, payload) in load(answer).await {
            let room = reserve.take(claimed.body.place.len as usize);
            let shared = self.shared.clone();
            self.attempts.spawn(async move {
                let mut room = room;
                let mut attempt = pin!(attempt(&shared, Consignment { claimed, payload }));
                tokio::select! {
                    report = &mut attempt => return report,
                    () = sleep(SLOW_AFTER) => {}
                }
                if let Some(room) = &mut room {
                    room.slow_down(&shared.capacity);
                }
                attempt.await
            });
        }
    }

    /// Waits for the attempts under way, but not longer than that, and tells how they ended. What is under way
    /// then is given up, and owed still.
    async fn finish(mut self, until: Instant) {
        self.tell_until(until).await;
        self.attempts.shutdown().await;
    }

    async fn tell_until(&mut self, until: Instant) {
        loop {
            self.gather();
            if !self.reports.is_empty() {
                match self.round(None).await {
                    Ok(()) => {}
                    Err(Delay::Busy) => sleep(RETRY).await,
                    Err(Delay::Stopped) => return,
                }
                continue;
            }
            match timeout_at(until, self.attempts.join_next()).await {
                Ok(Some(ended)) => self.reports.extend(ended.ok()),
                Ok(None) | Err(_) => return,
            }
        }
    }

    fn tell_of_drops(&mut self) {
        let dropped = self.shard.gauges().dropped.load(Relaxed);
        if let Some(more) = self.drops.news(dropped, std::time::Instant::now()) {
            warn!(
                shard = self.shard.index(),
                dropped = more,
                "deliveries were dropped: their subscriptions have no dead-letter queue that takes them"
            );
        }
    }
}

/// How far telling came.
struct Told {
    taken: usize,
    result: Result<(), Delay>,
}

async fn tell(shard: &ShardHandle, reports: &[Report]) -> Told {
    let mut taken = 0;
    for part in reports.chunks(REPORTS_MAX) {
        let result = match shard.ask(Command::Tried(part.to_vec())).await.map(|answer| answer.result) {
            Ok(Ok(_)) => Ok(()),
            // The disk is full, and what goes to a dead-letter queue needs room.
            Ok(Err(Rejection::NoSpace)) => Err(Delay::Busy),
            Ok(Err(rejection)) => {
                // No rule refuses a report; this one would be refused for ever.
                error!(shard = shard.index(), ?rejection, "reports of attempts were refused");
                Ok(())
            }
            Err(unanswered) => Err(unanswered.into()),
        };
        if result.is_err() {
            return Told { taken, result };
        }
        taken += part.len();
    }
    Told { taken, result: Ok(()) }
}

async fn claim(shard: &ShardHandle, reserve: Reserve) -> Result<(Answer, Reserve), Delay> {
    let claim = Command::Claim { max: reserve.deliveries_max(), bytes_max: reserve.bytes_max() };
    Ok((shard.ask(claim).await?, reserve))
}

type Loaded = Vec<(Claimed, Result<Arc<[u8]>, Unreadable>)>;

/// Fetches the payloads of what was claimed.
async fn load(answer: Answer) -> Loaded {
    let Ok(Reply::Claimed(claimed)) = &answer.result else { return Vec::new() };
    if claimed.iter().all(|claimed| claimed.body.resident.is_some()) {
        return read(&answer);
    }
    // Reading from the disk must not hold up the thread on which others are answered. It fails only when the
    // runtime ends, and then these are owed still.
    spawn_blocking(move || read(&answer)).await.unwrap_or_default()
}

/// Reads each publication once, however many of its deliveries were claimed.
fn read(answer: &Answer) -> Loaded {
    let Ok(Reply::Claimed(claimed)) = &answer.result else { return Vec::new() };
    let mut payloads: BTreeMap<PublicationId, Arc<[u8]>> = BTreeMap::new();
    let mut loaded = Vec::with_capacity(claimed.len());
    for claimed in claimed {
        let payload = match payloads.get(&claimed.id) {
            Some(payload) => Ok(payload.clone()),
            None => answer.bytes(&claimed.body),
        };
        if let Ok(payload) = &payload {
            payloads.insert(claimed.id, payload.clone());
        }
        loaded.push((claimed.clone(), payload));
    }
    loaded
}
