//! What the files of a log mean after a stop that nobody chose. One table, and a pure function over what
//! [`super::scan`] found:
//!
//! | case  | what is found | what it means and what is done |
//! |---|---|---|
//! | fresh | no segment and no spare | a new log: the first segment is made |
//! | clean | each segment continues the one before; nothing behind the last frame | nothing to do |
//! | torn  | remains behind the place where the log breaks, and no witness that they were ever durable | a write or files under `os` that power loss cut short: cut there |
//! | rot   | as torn, but a witness says that the entry at the break was durable | refused: it may have been acknowledged |
//! | rot   | a segment header is damaged, or does not belong | refused: headers are synced before they get their name, under every durability |
//! | rot   | a segment is missing in the middle, at the front of its spares, or numbers repeat | refused: names are synced one by one, so no crash does that |
//! | newer | a header or frame names a format version that we do not know | refused |
//!
//! A *witness* is a frame or a segment header that is whole and says which number was known to be durable
//! when it was written. Under `os` nothing is known to be durable until a trim makes it so, hence files
//! written under `os` are cut at the first damage by the same rule that protects those written under
//! `fsync`. What no witness can tell is rot of the very last group: that is taken for a torn tail.

use super::scan::Found;
use super::segment::{HeaderFlaw, SEGMENT_VERSION, SegmentHeader};
use crate::fault::Fault;

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// A new log.
    Fresh,
    /// Nothing is amiss.
    Clean,
    /// Nothing that was known to be durable is lost by cutting here.
    Torn(Damage),
    /// Something that was durable is damaged or missing.
    Rot(Damage),
    /// Written by a newer program: the file, and the version it names.
    Newer(String, u16),
}

/// Where a log breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Index of the segment in which the log would end if it were cut; `None` if nothing would remain.
    pub(crate) keep: Option<usize>,
    /// The first entry that would be lost.
    pub(crate) number: u64,
    /// The last entry that a witness says was durable.
    pub(crate) synced: u64,
    /// The file that is damaged.
    pub(crate) file: String,
    /// Where in that file.
    pub(crate) offset: u64,
    /// How it shows.
    pub(crate) why: &'static str,
}

impl Damage {
    /// The refusal to start.
    pub(crate) fn refusal(self) -> Fault {
        Fault::Rot {
            file: self.file,
            offset: self.offset,
            number: self.number,
            synced: self.synced,
            why: self.why.to_owned(),
        }
    }
}

/// Finds the row for these segments, which are in the order of their ordinals, of the log of `shard`.
pub(crate) fn judge(shard: u16, segments: &[Found], spares: usize) -> Case {
    let Some(last) = segments.last() else {
        return if spares == 0 { Case::Fresh } else { Case::Rot(no_segments()) };
    };
    if let Some(case) = structure(shard, segments) {
        return case;
    }
    for (index, pair) in segments.windows(2).enumerate() {
        if let Some(case) = joint(segments, index, &pair[0], &pair[1]) {
            return case;
        }
    }
    match last.beyond {
        None => Case::Clean,
        Some(beyond) => weigh(segments.len() - 1, last, beyond.synced, "the frame is not whole"),
    }
}

/// Headers and ordinals, which are durable under every durability.
fn structure(shard: u16, segments: &[Found]) -> Option<Case> {
    let salt = segments.iter().find_map(|found| Some(found.header.as_ref().ok()?.identity.salt));
    for (index, found) in segments.iter().enumerate() {
        let rot = |why| Some(Case::Rot(header_damage(segments, index, why)));
        let header = match &found.header {
            Err(HeaderFlaw::Newer(version)) => return Some(Case::Newer(found.name.clone(), *version)),
            Err(HeaderFlaw::Damaged(why)) => return rot(why),
            Ok(header) => header,
        };
        if header.identity.shard != shard {
            return rot("the segment belongs to another shard");
        }
        if Some(header.identity.salt) != salt {
            return rot("the segment belongs to another log");
        }
        if header.ordinal != found.ordinal {
            return rot("the segment header does not match the file's name");
        }
        if index > 0 && segments[index - 1].ordinal + 1 != found.ordinal {
            return rot("the segment file before it is missing");
        }
    }
    None
}

/// Whether segment `next` continues segment `index`.
fn joint(segments: &[Found], index: usize, found: &Found, next: &Found) -> Option<Case> {
    let before = next.header.as_ref().map(|header: &SegmentHeader| header.before).ok()?;
    if before.number > found.last.number {
        let own = found.beyond.map_or(0, |beyond| beyond.synced);
        let later = segments[index + 1..].iter().map(testimony).max().unwrap_or(0);
        return Some(weigh(index, found, own.max(later), "frames are missing before the next segment"));
    }
    if before.number < found.last.number || before.chain != found.last.chain {
        let why = "the segment does not continue the one before it";
        return Some(Case::Rot(header_damage(segments, index + 1, why)));
    }
    None
}

/// The highest number that anything in a segment knows to be durable.
fn testimony(found: &Found) -> u64 {
    found.synced.max(found.beyond.map_or(0, |beyond| beyond.synced))
}

/// Torn or rotten, by what the witnesses say.
fn weigh(keep: usize, found: &Found, synced: u64, why: &'static str) -> Case {
    let damage = Damage {
        keep: Some(keep),
        number: found.last.number + 1,
        synced: synced.max(found.synced),
        file: found.name.clone(),
        offset: found.end,
        why,
    };
    if damage.synced >= damage.number { Case::Rot(damage) } else { Case::Torn(damage) }
}

fn header_damage(segments: &[Found], index: usize, why: &'static str) -> Damage {
    let keep = index.checked_sub(1);
    Damage {
        keep,
        number: keep.map_or(1, |keep| segments[keep].last.number + 1),
        synced: segments.iter().map(testimony).max().unwrap_or(0),
        file: segments[index].name.clone(),
        offset: 0,
        why,
    }
}

fn no_segments() -> Damage {
    Damage {
        keep: None,
        number: 1,
        synced: 0,
        file: "the shard's folder".to_owned(),
        offset: 0,
        why: "there are spare segments but no log",
    }
}

/// The fault that refuses to start, for the rows that do.
pub(crate) fn refusal(case: &Case) -> Option<Fault> {
    match case {
        Case::Fresh | Case::Clean | Case::Torn(_) => None,
        Case::Rot(damage) => Some(damage.clone().refusal()),
        Case::Newer(file, version) => {
            Some(Fault::Newer { file: file.clone(), version: *version, version_max: SEGMENT_VERSION })
        }
    }
}

#[cfg(test)]
mod tests;
