//! Look-ups by a resolver that counts, and that is slow or fails when told to.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::sleep;
use tokio::time::timeout;

fn here() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn names(resolve: Resolve) -> Arc<Names> {
    Arc::new(Names { remembered: Duration::from_millis(300), ..Names::new(resolve) })
}

#[tokio::test]
async fn a_name_is_looked_up_once_for_all_who_ask() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let names = names(|_| {
        ASKED.fetch_add(1, SeqCst);
        sleep(Duration::from_millis(50));
        Ok(vec![here()])
    });
    let (a, b) = tokio::join!(names.look_up("a"), names.look_up("a"));
    assert_eq!((&*a.unwrap(), &*b.unwrap()), (&[here()][..], &[here()][..]));
    names.look_up("a").await.unwrap();
    assert_eq!(ASKED.load(SeqCst), 1, "and remembered");
    names.look_up("b").await.unwrap();
    assert_eq!(ASKED.load(SeqCst), 2);
}

#[tokio::test]
async fn failures_are_remembered_but_not_for_long() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let names = names(|_| match ASKED.fetch_add(1, SeqCst) {
        0 => Err(io::Error::other("no such name")),
        1 => Ok(Vec::new()),
        _ => Ok(vec![here()]),
    });
    for _ in 0..2 {
        let failure = names.look_up("a").await.unwrap_err();
        assert_eq!((failure.ending, &*failure.detail), (Ending::Unresolved, "no such name"));
    }
    tokio::time::sleep(names.remembered).await;
    assert_eq!(names.look_up("a").await.unwrap_err().detail, "the name has no address");
    tokio::time::sleep(names.remembered).await;
    names.look_up("a").await.unwrap();
}

#[tokio::test]
async fn a_name_that_hangs_keeps_no_other_waiting() {
    let names = names(|name| {
        if name == "slow" {
            sleep(Duration::from_secs(1));
        }
        Ok(vec![here()])
    });
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..2 * LOOKUPS_MAX {
        let names = names.clone();
        waiting.spawn(async move { names.look_up("slow").await.is_ok() });
    }
    tokio::task::yield_now().await;
    timeout(Duration::from_millis(500), names.look_up("quick")).await.unwrap().unwrap();
    assert!(waiting.join_all().await.into_iter().all(|found| found));
}

#[tokio::test]
async fn what_nobody_waits_for_is_not_looked_up() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let names = names(|_| {
        ASKED.fetch_add(1, SeqCst);
        Ok(vec![here()])
    });
    let all = names.lookups.clone().acquire_many_owned(LOOKUPS_MAX as u32).await.unwrap();
    timeout(Duration::from_millis(10), names.look_up("gone")).await.unwrap_err();
    drop(all);
    names.look_up("a").await.unwrap();
    assert_eq!((ASKED.load(SeqCst), names.known().len()), (1, 1));
    names.look_up("gone").await.unwrap();
}

#[tokio::test]
async fn no_more_are_remembered_than_the_bound() {
    let names = Arc::new(Names::new(|_| Ok(vec![here()])));
    for number in 0..=NAMES_MAX {
        names.look_up(&number.to_string()).await.unwrap();
    }
    assert_eq!(names.known().len(), 1);
}
