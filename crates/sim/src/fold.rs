//! Folding entries of a log into a shard, without the code that the server starts with.

use postrider_core::codec::{self, Malformed};
use postrider_core::command::{AskQueue, AskTopic};
use postrider_core::id::Ids;
use postrider_core::shard::Config;
use postrider_core::{Arn, Command, Lsn, Reply, Shard, Timestamp};
use postrider_log::{Entry, Fault, Reader};

/// All entries that a log has.
///
/// # Errors
/// The log cannot be read.
pub fn entries(reader: &dyn Reader) -> Result<Vec<Entry>, Fault> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let next = entries.last().map_or(reader.first(), |entry| entry.number + 1);
        let more = reader.scan(next, 1 << 20)?;
        if more.is_empty() {
            return Ok(entries);
        }
        entries.extend(more);
    }
}

/// The state that these entries make, at `now`.
///
/// # Errors
/// Some entry is not what a writer writes.
pub fn fold(entries: &[Entry], config: Config, now: Timestamp) -> Result<Shard, Malformed> {
    let mut shard = Shard::new(config);
    for entry in entries {
        shard.advance(Timestamp(entry.time_ms));
        let lsn = Lsn(entry.number);
        codec::decode(lsn, &entry.payload, |event| shard.apply(lsn, &event))?;
    }
    shard.advance(now);
    shard.reap(usize::MAX);
    Ok(shard)
}

/// Do these entries make the live state? Says what differs: by I2 and I3 nothing may.
///
/// # Errors
/// The entries make another state, or cannot be read.
pub fn compare(entries: &[Entry], config: Config, live: &mut Shard) -> Result<(), String> {
    live.reap(usize::MAX);
    let folded = fold(entries, config, live.now()).map_err(|malformed| malformed.to_string())?;
    let from = entries.first().map_or(0, |entry| entry.number);
    if folded.shells() > 0 {
        return Err(format!("I3: the log from entry {from} leaves {} shells", folded.shells()));
    }
    folded.check();
    if !folded.same(live) {
        let difference = difference(&folded, live);
        return Err(format!("I2: the log from entry {from} does not make the live state: {difference}"));
    }
    // Deduplication ids that are over leave memory in the order of the log, which is not that of time.
    if folded.live_bytes().abs_diff(live.live_bytes()) > 4_096 {
        let (folded, live) = (folded.live_bytes(), live.live_bytes());
        return Err(format!("the log from entry {from} makes {folded} live bytes, not {live}"));
    }
    Ok(())
}

/// Where two states differ, as far as anybody can ask.
fn difference(folded: &Shard, live: &Shard) -> String {
    for arn in live.resources().chain(folded.resources()) {
        let (folded, live) = (asked(folded, arn), asked(live, arn));
        if folded != live {
            return format!("{arn}\nfolded: {folded}\nlive:   {live}");
        }
    }
    let streams = |shard: &Shard| format!("{} owed, {:?}", shard.owed_count(), shard.claim([0; 32]));
    format!("not in a queue or topic\nfolded: {}\nlive:   {}", streams(folded), streams(live))
}

/// Everything that a resource answers when it is looked at, as text without what is not state.
fn asked(shard: &Shard, arn: &Arn) -> String {
    let Some(judgement) = shard.judgement(arn) else { return "not there".to_owned() };
    let (judged, arn) = (judgement.revision, arn.clone());
    let commands = if shard.queue_id(&arn).is_some() {
        let peek = AskQueue::Peek { after: 0, max: 100 };
        [AskQueue::View, peek].map(|ask| Command::Queue { arn: arn.clone(), judged, ask })
    } else {
        let list = AskTopic::ListSubscriptions(None);
        [AskTopic::View, list].map(|ask| Command::Topic { arn: arn.clone(), judged, ask })
    };
    let answers =
        commands.map(|command| shard.decide(command, &mut Ids::new(0)).map(|decided| decided.reply));
    let plain = answers.map(|answer| match answer {
        Ok(Reply::Peeked(messages)) => {
            let each = messages.iter().map(|m| (m.number, m.id, m.sent_at, m.visible_at, m.receives));
            format!("{:?}", each.collect::<Vec<_>>())
        }
        other => format!("{other:?}"),
    });
    plain.join("\n")
}
