//! Archives of FIFO topics, in memory: they are durable, so a restart leaves them alone.

use super::text::Text;
use super::{World, convert};
use bytes::Bytes;
use postrider_core::body::Payload;
use postrider_core::command::{Command, Replayed};
use postrider_core::id::TopicId;
use postrider_core::outbox::Published;
use postrider_core::reply::{ReplayView, Reply};
use std::collections::{BTreeMap, BTreeSet};

/// Messages that a replay gets at a time: few, so that scripts see that it goes on.
const PAGE: usize = 3;

/// A message of an archive.
struct Kept {
    published: Published,
    bytes: Bytes,
}

/// The archives of all topics, by shard.
#[derive(Default)]
pub(super) struct Archives {
    kept: BTreeMap<(u16, TopicId), BTreeMap<u64, Kept>>,
    /// Shards of topics that were given an archive. They are asked again and again: a replay may have its end in the future.
    shards: BTreeSet<u16>,
}

impl Archives {
    /// A topic of this shard may have an archive from now on.
    pub(super) fn expect(&mut self, shard: u16) {
        self.shards.insert(shard);
    }
}

impl World {
    /// Brings to the archives what waits for them, and lets replays go on. False if there is nothing to do.
    pub(super) fn archive(&mut self, shard: u16) -> bool {
        if !self.archives.shards.contains(&shard) {
            return false;
        }
        self.keep(shard) | self.replay(shard)
    }

    fn keep(&mut self, shard: u16) -> bool {
        let ask = Command::ToArchive { after: TopicId(0), skip: Vec::new() };
        let Ok(Reply::ToArchive(waiting)) = self.turn(shard, ask) else {
            panic!("what waits for archives is told")
        };
        let mut up_to = BTreeMap::new();
        for waiting in waiting {
            let sequence =
                waiting.published.fifo.map(|fifo| fifo.sequence).expect("FIFO topics have archives");
            let bytes = self.nodes[usize::from(shard)].read(&waiting.body);
            let kept = Kept { published: waiting.published, bytes };
            self.archives.kept.entry((shard, waiting.topic)).or_default().insert(sequence, kept);
            up_to.insert(waiting.topic, sequence);
        }
        let worked = !up_to.is_empty();
        for (topic, up_to) in up_to {
            let archived = self.turn(shard, Command::Archived { topic, up_to });
            assert!(matches!(archived, Ok(Reply::Done)), "archiving is noted");
        }
        worked
    }

    fn replay(&mut self, shard: u16) -> bool {
        let Ok(Reply::Replays(replays)) = self.turn(shard, Command::Replays) else {
            panic!("replays are told")
        };
        let mut worked = false;
        for ReplayView { replay, subscription, .. } in replays {
            let kept = self.archives.kept.entry((shard, replay.topic)).or_default();
            let next = kept.range(replay.cursor + 1..).take(PAGE).map(|(sequence, kept)| {
                let text = Text::decode(&kept.bytes);
                let body = text.body_for(subscription.endpoint.protocol());
                let facts = convert::facts(&text.attributes, Some(body.trim_end_matches('.')));
                let size = convert::size(text.body, &text.attributes);
                let payload = Payload::new(kept.bytes.clone(), size);
                (*sequence, Replayed { published: kept.published.clone(), payload, facts })
            });
            let (sequences, messages): (Vec<_>, Vec<_>) = next.unzip();
            let up_to = sequences.last().copied().unwrap_or(replay.cursor);
            let (topic, subscription) = (replay.topic, replay.subscription);
            let command = Command::Replay { topic, subscription, id: replay.id, messages, up_to };
            let before = (replay.status, replay.cursor);
            let replayed = self.turn(shard, command);
            assert!(matches!(replayed, Ok(Reply::Done)), "a replay goes on");
            let after = self.turn(shard, Command::Replays);
            let Ok(Reply::Replays(after)) = after else { panic!("replays are told") };
            let after = after.iter().find(|view| view.replay.id == replay.id);
            worked |= after.map(|view| (view.replay.status, view.replay.cursor)) != Some(before);
        }
        worked
    }
}
