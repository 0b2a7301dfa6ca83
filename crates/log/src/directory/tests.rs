//! Data directories: made once, locked, refused when they do not fit.

use super::*;

fn asked(shards: Option<u16>) -> Asked {
    Asked { shards, node: 7, version: "0.1.0".to_owned() }
}

#[test]
fn a_new_directory_is_made_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/data");
    let made = Directory::open(&path, &asked(Some(4))).unwrap();
    assert_eq!((made.meta().shards, made.meta().node, made.path()), (4, 7, path.as_path()));
    assert!(made.shard(3).folder().is_dir());
    drop(made);
    let again = Directory::open(&path, &Asked { node: 8, ..asked(None) }).unwrap();
    assert_eq!((again.meta().shards, again.meta().node), (4, 7));
    drop(again);
    assert_eq!(Directory::existing(&path).unwrap().meta().shards, 4);
}

#[test]
fn another_number_of_shards_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Directory::open(folder.path(), &asked(None)).unwrap());
    let fault = Directory::open(folder.path(), &asked(Some(4))).unwrap_err();
    assert!(matches!(fault, Fault::ShardCount { found: 1, asked: 4, .. }));
    assert!(fault.to_string().contains("created with 1 shards, not 4"));
}

#[test]
fn a_second_user_is_refused_and_told_who_the_first_is() {
    let folder = tempfile::tempdir().unwrap();
    let first = Directory::open(folder.path(), &asked(None)).unwrap();
    let text = Directory::open(folder.path(), &asked(None)).unwrap_err().to_string();
    assert!(
        text.ends_with(&format!("is in use by another process (process {})", std::process::id())),
        "{text}"
    );
    assert!(matches!(Directory::existing(folder.path()), Err(Fault::Locked { .. })));
    drop(first);
    Directory::open(folder.path(), &asked(None)).unwrap();
}

#[test]
fn a_missing_meta_is_a_new_directory_only_while_no_shard_holds_anything() {
    let folder = tempfile::tempdir().unwrap();
    drop(Directory::open(folder.path(), &asked(Some(2))).unwrap());
    fs::remove_file(folder.path().join("meta")).unwrap();
    assert!(matches!(Directory::existing(folder.path()), Err(Fault::Meta { .. })));
    drop(Directory::open(folder.path(), &asked(Some(2))).unwrap());
    fs::write(folder.path().join("shard-0001/0000000001.log"), "x").unwrap();
    fs::remove_file(folder.path().join("meta")).unwrap();
    let fault = Directory::open(folder.path(), &asked(Some(2))).unwrap_err();
    assert!(fault.to_string().contains("shard-0001 holds files"), "{fault}");
}

#[test]
fn archives_are_made_listed_and_removed_whole() {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path(), &asked(Some(2))).unwrap();
    assert_eq!(directory.archives().unwrap(), []);
    let [first, second] = [(0, 7), (1, u64::MAX)].map(|(shard, topic)| ArchivePlace { shard, topic });
    for place in [second, first, first] {
        fs::write(directory.archive(place).unwrap().folder().join("0000000001.log"), "x").unwrap();
    }
    fs::create_dir(folder.path().join("archive/notes")).unwrap();
    assert_eq!(directory.archives().unwrap(), [first, second]);
    assert!(folder.path().join("archive/0000000000000007-0000").is_dir());
    directory.remove_archive(second).unwrap();
    directory.remove_archive(second).unwrap();
    assert_eq!(directory.archives().unwrap(), [first]);
    assert_eq!(fs::read_dir(directory.archive(second).unwrap().folder()).unwrap().count(), 0, "begins anew");
}

#[test]
fn a_removal_that_was_cut_short_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path(), &asked(None)).unwrap();
    let place = ArchivePlace { shard: 0, topic: 7 };
    fs::write(directory.archive(place).unwrap().folder().join("0000000001.log"), "x").unwrap();
    let gone = folder.path().join("archive/0000000000000007-0000.gone");
    fs::create_dir(&gone).unwrap();
    fs::write(gone.join("0000000002.log"), "x").unwrap();
    assert_eq!(directory.archives().unwrap(), [place]);
    assert!(!gone.exists());
    fs::create_dir(&gone).unwrap();
    directory.remove_archive(place).unwrap();
    assert_eq!((directory.archives().unwrap(), gone.exists()), (vec![], false));
}
