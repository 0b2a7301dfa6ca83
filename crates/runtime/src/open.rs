//! From a log to a writer: replay, check, claim. Start-up is always recovery.

use crate::writer::{Caller, Writer};
use postrider_core::codec::{self, Malformed};
use postrider_core::id::Ids;
use postrider_core::shard::Config;
use postrider_core::{Lsn, Shard, Timestamp};
use postrider_log::{Fault, Log};

/// Bytes of entries that replay reads at once.
const SCAN_BYTES: usize = 4 << 20;

/// Why a shard could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// The log failed.
    #[error("replaying shard {shard}")]
    Log {
        /// Which shard.
        shard: u16,
        /// What failed.
        #[source]
        source: Fault,
    },
    /// An entry could not be read.
    #[error("entry {number} of shard {shard} cannot be read; a newer program may have written it")]
    Malformed {
        /// Which shard.
        shard: u16,
        /// Which entry.
        number: u64,
        /// Why.
        #[source]
        source: Malformed,
    },
    /// The log speaks of things that it never states.
    #[error(
        "the log of shard {shard} speaks of {shells} queues or topics that it does not state: \
         run `postrider log verify`, and report this"
    )]
    Incomplete {
        /// Which shard.
        shard: u16,
        /// How many.
        shells: usize,
    },
}

/// What is drawn at random for one opening.
pub struct Random {
    /// Seed of the public ids.
    pub ids: u128,
    /// Key of the receipt handles, should the shard be new.
    pub secret: [u8; 32],
}

/// Folds the log into a shard. Says at which position and time it ends.
///
/// # Errors
/// The log cannot be read, or says less than a whole state.
pub fn replay(log: &dyn Log, config: Config) -> Result<(Shard, Lsn, Timestamp), OpenFault> {
    let index = config.index;
    let reader = log.reader();
    let mut shard = Shard::new(config);
    let mut next = reader.first();
    let mut last = Timestamp::ZERO;
    while next <= reader.tail() {
        let entries = reader.scan(next, SCAN_BYTES);
        let entries = entries.map_err(|source| OpenFault::Log { shard: index, source })?;
        for entry in &entries {
            last = Timestamp(entry.time_ms);
            shard.advance(last);
            let lsn = Lsn(entry.number);
            let folded = codec::decode(lsn, &entry.payload, |event| shard.apply(lsn, &event));
            folded.map_err(|source| OpenFault::Malformed { shard: index, number: entry.number, source })?;
            next = entry.number + 1;
        }
        shard.reap(usize::MAX);
    }
    if shard.shells() > 0 {
        return Err(OpenFault::Incomplete { shard: index, shells: shard.shells() });
    }
    shard.take_changed();
    shard.take_ready();
    Ok((shard, Lsn(log.tail()), last))
}

/// Opens a shard: replays its log and claims it under the next epoch.
///
/// # Errors
/// As [`replay`]; or the claim could not be appended.
pub fn open<T: Caller>(
    log: &mut dyn Log,
    config: Config,
    random: Random,
    now: impl FnOnce(Timestamp) -> Timestamp,
) -> Result<Writer<T>, OpenFault> {
    let index = config.index;
    let (shard, tail, last) = replay(log, config)?;
    let epoch = log.epoch() + 1;
    let claim = shard.claim(random.secret);
    let mut writer = Writer::new(shard, Ids::new(random.ids), epoch, tail, log.space(), log.reader().bytes());
    writer.begin(now(last));
    writer.log(claim);
    let appended = log.append(&writer.end().entries);
    appended.map_err(|source| OpenFault::Log { shard: index, source })?;
    Ok(writer)
}
