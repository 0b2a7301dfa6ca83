//! The repair that there is: end the log at the first damage, and put aside what is behind it.
//!
//! Everything that will be dropped is copied to side files first, which are durable before the log is
//! touched; a crash on the way leaves a log that can be repaired again.

use crate::fault::Fault;
use crate::file;
use crate::file::disk::Disk;
use crate::file::recover::{self, Case};
use crate::file::scan::Found;

/// How much is copied at once, in bytes.
const COPY_BYTES: u64 = 1 << 20;

/// What a repair did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repaired {
    /// The last entry of the log as it is left.
    pub tail: u64,
    /// Whole entries that were dropped.
    pub entries: u64,
    /// Bytes of frames that were dropped, as far as they could be recognised.
    pub bytes: u64,
    /// Names of the files, in the shard's folder, that hold what was dropped.
    pub saved: Vec<String>,
}

/// Ends the log of `shard` in the folder `disk` at its first damage. `None` if nothing is damaged.
///
/// # Errors
/// [`Fault::Irreparable`] if nothing would remain, [`Fault::Newer`], [`Fault::Io`].
pub fn truncate(disk: &dyn Disk, shard: u16) -> Result<Option<Repaired>, Fault> {
    let mut total: Option<Repaired> = None;
    // Damage may hide behind damage: a header that is gone hides whether its segment continued another.
    loop {
        let mut folder = file::read(disk, &mut |_, _, _, _| {})?;
        let case = recover::judge(shard, &folder.segments, folder.spares.len());
        let damage = match case {
            Case::Fresh | Case::Clean => return Ok(total),
            Case::Torn(damage) | Case::Rot(damage) => damage,
            Case::Newer(..) => return Err(recover::refusal(&case).expect("newer is refused")),
        };
        let Some(keep) = damage.keep else {
            let why = format!("{}, and there is nothing before it to keep; restore a copy", damage.why);
            return Err(Fault::Irreparable { file: damage.file, why });
        };
        if total.as_ref().is_some_and(|so_far| damage.number > so_far.tail) {
            let why = "the disk still shows what was cut off it".to_owned();
            return Err(Fault::Irreparable { file: damage.file, why });
        }
        let (entries, bytes) = folder.loss(Some(keep));
        let from = if damage.file == folder.segments[keep].name { keep } else { keep + 1 };
        let saved = save(disk, &folder.segments[from..], damage.offset)?;
        file::cut(disk, &mut folder, &damage)?;
        let sum = total.get_or_insert(Repaired { tail: 0, entries: 0, bytes: 0, saved: Vec::new() });
        sum.tail = damage.number - 1;
        sum.entries += entries;
        sum.bytes += bytes;
        sum.saved.extend(saved);
    }
}

/// Copies the first of these segments from `offset` on and the others whole; returns the names of the copies.
fn save(disk: &dyn Disk, segments: &[Found], offset: u64) -> Result<Vec<String>, Fault> {
    let mut saved = Vec::new();
    for (index, found) in segments.iter().enumerate() {
        let from = if index == 0 { offset } else { 0 };
        saved.push(copy(disk, found, from)?);
    }
    disk.sync_folder().map_err(Fault::io("sync", "the shard's folder"))?;
    Ok(saved)
}

fn copy(disk: &dyn Disk, found: &Found, from: u64) -> Result<String, Fault> {
    let taken = disk.list().map_err(Fault::io("list", "the shard's folder"))?;
    let name = (1..)
        .map(|attempt: u32| format!("{}.cut-at-{from}.{attempt}", found.name))
        .find(|name| !taken.contains(name))
        .expect("there are more names than files");
    let target = disk.create(&name).map_err(Fault::io("create", &name))?;
    let mut offset = from;
    let mut buffer = Vec::new();
    while offset < found.bytes {
        let count = COPY_BYTES.min(found.bytes - offset);
        buffer.resize(usize::try_from(count).expect("at most COPY_BYTES"), 0);
        found.file.read_at(&mut buffer, offset).map_err(Fault::io("read", &found.name))?;
        target.write_at(&buffer, offset - from).map_err(Fault::io("write", &name))?;
        offset += count;
    }
    target.sync_data().map_err(Fault::io("sync", &name))?;
    Ok(name)
}
