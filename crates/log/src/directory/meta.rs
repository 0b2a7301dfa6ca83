//! `meta`: what a data directory was made as, in a few lines of text that a person can read.
//!
//! ```text
//!   postrider data directory
//!   format = 1
//!   shards = 1
//!   node = 0123456789abcdef0123456789abcdef
//!   created_by = 0.1.0
//! ```
//!
//! Keys that are not known are skipped, so that later versions may add some; what must not be skipped raises
//! `format`. The file is replaced as a whole: written under another name, synced, renamed, folder synced.

use std::io;

use crate::fault::Fault;
use crate::file::disk::Disk;

/// The newest format of data directories, the one that is made.
pub const FORMAT_VERSION: u16 = 1;
/// The file's name.
pub(super) const NAME: &str = "meta";
const UNFINISHED: &str = "meta.tmp";
const TITLE: &str = "postrider data directory";

/// What a data directory was made as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Format version of the directory.
    pub format: u16,
    /// Number of shards; fixed.
    pub shards: u16,
    /// Random id of the node.
    pub node: u128,
    /// The version of the program that made it.
    pub created_by: String,
}

impl Meta {
    /// The file's content.
    #[must_use]
    pub fn to_text(&self) -> String {
        let Self { format, shards, node, created_by } = self;
        format!(
            "{TITLE}\nformat = {format}\nshards = {shards}\nnode = {node:032x}\ncreated_by = {created_by}\n"
        )
    }

    /// Reads the file's content; the directory's name is for the fault.
    fn from_text(text: &str, path: &str) -> Result<Self, Fault> {
        let unusable = |why: &str| Fault::Meta { path: path.to_owned(), why: why.to_owned() };
        let mut lines = text.lines();
        if lines.next() != Some(TITLE) {
            return Err(unusable("it does not begin with its title"));
        }
        let pairs: Vec<(&str, &str)> = lines
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.trim(), value.trim()))
            .collect();
        let value = |key: &str| {
            let found = pairs.iter().find(|(own, _)| *own == key).map(|(_, value)| *value);
            found.ok_or_else(|| unusable(&format!("`{key}` is missing")))
        };
        let format: u16 = value("format")?.parse().map_err(|_| unusable("`format` is not a version"))?;
        if format > FORMAT_VERSION {
            return Err(Fault::Newer {
                file: format!("{path}/{NAME}"),
                version: format,
                version_max: FORMAT_VERSION,
            });
        }
        let shards = value("shards")?.parse().ok().filter(|shards| *shards > 0);
        Ok(Self {
            format,
            shards: shards.ok_or_else(|| unusable("`shards` is not a number of shards"))?,
            node: u128::from_str_radix(value("node")?, 16).map_err(|_| unusable("`node` is not an id"))?,
            created_by: value("created_by")?.to_owned(),
        })
    }
}

/// Reads `meta`; `None` if there is none.
pub(super) fn read(disk: &dyn Disk, path: &str) -> Result<Option<Meta>, Fault> {
    let file = match disk.open(NAME) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Fault::io("open", NAME)(error)),
    };
    let length = file.len().map_err(Fault::io("measure", NAME))?.min(1 << 16);
    let mut bytes = vec![0; usize::try_from(length).expect("at most 64 KiB")];
    file.read_at(&mut bytes, 0).map_err(Fault::io("read", NAME))?;
    Meta::from_text(&String::from_utf8_lossy(&bytes), path).map(Some)
}

/// Makes or replaces `meta`, durably.
pub(super) fn write(disk: &dyn Disk, meta: &Meta) -> Result<(), Fault> {
    let file = disk.create(UNFINISHED).map_err(Fault::io("create", UNFINISHED))?;
    file.write_at(meta.to_text().as_bytes(), 0).map_err(Fault::io("write", UNFINISHED))?;
    file.sync_data().map_err(Fault::io("sync", UNFINISHED))?;
    disk.rename(UNFINISHED, NAME).map_err(Fault::io("name", NAME))?;
    disk.sync_folder().map_err(Fault::io("sync the folder of", NAME))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faulty::FaultyDisk;

    fn meta() -> Meta {
        Meta { format: 1, shards: 4, node: 0xabc, created_by: "0.1.0".to_owned() }
    }

    #[test]
    fn it_is_a_few_lines_of_text_that_are_pinned() {
        let text = "postrider data directory\nformat = 1\nshards = 4\n\
                    node = 00000000000000000000000000000abc\ncreated_by = 0.1.0\n";
        assert_eq!(meta().to_text(), text);
        assert_eq!(Meta::from_text(text, "d").unwrap(), meta());
        assert_eq!(Meta::from_text(&format!("{text}colour = blue\n"), "d").unwrap(), meta());
    }

    #[test]
    fn a_newer_format_is_refused_and_so_is_nonsense() {
        let newer = Meta { format: 2, ..meta() }.to_text();
        let fault = Meta::from_text(&newer, "d").unwrap_err();
        assert_eq!(
            fault.to_string(),
            "d/meta has format version 2, and this program reads up to 1: use a newer one"
        );
        for text in
            ["", "hello", "postrider data directory\nformat = 1\n", &meta().to_text().replace("4", "0")]
        {
            assert!(matches!(Meta::from_text(text, "d"), Err(Fault::Meta { .. })), "{text}");
        }
    }

    #[test]
    fn power_loss_leaves_it_whole_or_absent() {
        for seed in 0..100 {
            for step in 1..=5 {
                let disk = FaultyDisk::new();
                disk.power_off_after(step);
                let written = write(&disk, &meta());
                let found = read(&disk.crash(seed), "d").unwrap();
                assert!(found.is_none() || found == Some(meta()));
                assert!(written.is_err(), "five operations");
            }
            let disk = FaultyDisk::new();
            write(&disk, &meta()).unwrap();
            assert_eq!(read(&disk.crash(seed), "d").unwrap(), Some(meta()));
        }
    }
}
