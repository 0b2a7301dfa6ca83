//! The faulty disk keeps, drops and tears exactly what it says.

use super::*;

fn file(disk: &FaultyDisk, name: &str) -> Arc<dyn DiskFile> {
    let file = disk.create(name).unwrap();
    disk.sync_folder().unwrap();
    file
}

/// What a file of four sectors holds after each of many crashes, as one letter for each sector.
fn outcomes(prepare: impl Fn(&FaultyDisk)) -> Vec<String> {
    let disk = FaultyDisk::new();
    prepare(&disk);
    let mut seen: Vec<String> = (0..400)
        .map(|seed| {
            let content = disk.crash(seed).content("f").unwrap_or_default();
            content.chunks(SECTOR_BYTES).map(|sector| char::from(sector[0])).collect()
        })
        .collect();
    seen.sort();
    seen.dedup();
    seen
}

#[test]
fn what_is_synced_survives_and_what_is_not_is_kept_dropped_or_torn() {
    let synced = outcomes(|disk| {
        let file = file(disk, "f");
        file.write_at(&[b'a'; 2048], 0).unwrap();
        file.sync_data().unwrap();
    });
    assert_eq!(synced, ["aaaa"]);
    let torn = outcomes(|disk| {
        let file = file(disk, "f");
        file.write_at(&[b'a'; 2048], 0).unwrap();
        file.sync_data().unwrap();
        file.write_at(&[b'b'; 2048], 0).unwrap();
    });
    for expected in ["aaaa", "bbbb", "baaa", "bbba", "abab", "aaab"] {
        assert!(torn.contains(&expected.to_owned()), "{expected}: {torn:?}");
    }
}

#[test]
fn unsynced_writes_may_be_reordered() {
    let seen = outcomes(|disk| {
        let file = file(disk, "f");
        file.write_at(&[b'a'; 512], 0).unwrap();
        file.write_at(&[b'b'; 512], 0).unwrap();
    });
    assert_eq!(seen, ["", "a", "b"]);
}

#[test]
fn names_are_durable_after_a_sync_of_the_folder_only() {
    let disk = FaultyDisk::new();
    file(&disk, "f").sync_data().unwrap();
    disk.rename("f", "g").unwrap();
    let names: Vec<Vec<String>> = (0..50).map(|seed| disk.crash(seed).list().unwrap()).collect();
    assert!(names.contains(&vec!["f".to_owned()]) && names.contains(&vec!["g".to_owned()]));
    disk.sync_folder().unwrap();
    assert!((0..50).all(|seed| disk.crash(seed).list().unwrap() == ["g"]));
}

#[test]
fn a_failed_sync_keeps_the_cache_and_loses_the_disk() {
    let disk = FaultyDisk::new();
    let file = file(&disk, "f");
    file.write_at(b"lost", 0).unwrap();
    disk.fail_sync(1);
    file.sync_data().unwrap_err();
    file.sync_data().unwrap();
    assert_eq!(disk.content("f").unwrap(), b"lost");
    assert!((0..50).all(|seed| disk.crash(seed).content("f").unwrap().is_empty()));
}

#[test]
fn power_goes_off_at_the_chosen_change() {
    let disk = FaultyDisk::new();
    let file = file(&disk, "f");
    disk.power_off_after(2);
    file.write_at(b"x", 0).unwrap();
    file.sync_data().unwrap_err();
    assert!(disk.is_off());
    file.write_at(b"y", 0).unwrap_err();
    disk.open("f").err().unwrap();
    let left: Vec<bool> = (0..50).map(|seed| disk.crash(seed).content("f").unwrap().is_empty()).collect();
    assert!(left.contains(&true) && left.contains(&false), "the sync was not acknowledged, so either may be");
}

#[test]
fn it_runs_full_and_fails_on_demand() {
    let disk = FaultyDisk::new();
    disk.limit(Some(10));
    let file = file(&disk, "f");
    file.write_at(&[1; 10], 0).unwrap();
    let full = file.write_at(&[1; 1], 10).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    file.write_at(&[2; 10], 0).unwrap();
    disk.fail_change(2);
    file.write_at(&[3; 1], 0).unwrap();
    file.write_at(&[4; 1], 0).unwrap_err();
    assert_eq!(disk.content("f").unwrap()[0], 3);
}
