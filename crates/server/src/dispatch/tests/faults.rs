//! Ends, restarts, and shards that have no time.

use super::endpoint::{Answer, Endpoint};
use super::ok;
use super::rig::{Rig, Setup, until};
use postrider_core::Command;
use postrider_core::command::Page;
use postrider_core::topic::subscription::Protocol;
use postrider_log::file::Durability;
use postrider_runtime::Storage;
use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

fn in_files(path: &Path) -> Setup {
    let path = path.to_owned();
    Setup {
        storage: Storage::Directory { path, durability: Durability::Os, segment_bytes: 8 << 20 },
        ..Setup::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_at_the_end_is_owed_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut rig = Rig::start(in_files(folder.path())).await;
    let endpoint =
        Endpoint::start(|_, before| if before < 3 { Answer::Hang } else { Answer::Status(200) }).await;
    rig.subscribe(Protocol::Http, &endpoint.url(""), None).await;
    rig.publish(3).await;
    until("all attempts hang", || endpoint.got().len() == 3).await;
    rig.stop(Duration::from_millis(10)).await;
    assert_eq!(rig.owed_and_dropped().0, 3);
    rig.close().await;
    let rig = Rig::start(in_files(folder.path())).await;
    until("they are attempted again", || endpoint.got().len() == 6).await;
    rig.settled().await;
    assert_eq!(endpoint.got().len(), 6);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_end_within_the_grace_are_reported() {
    let mut rig = Rig::start(Setup::default()).await;
    let endpoint = Endpoint::start(|_, _| Answer::After(Duration::from_millis(100))).await;
    rig.subscribe(Protocol::Http, &endpoint.url(""), None).await;
    rig.publish(5).await;
    until("all are under way", || endpoint.got().len() == 5).await;
    let took = rig.stop(Duration::from_secs(10)).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(rig.owed_and_dropped().0, 0);
    rig.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_dispatcher_ends_at_once() {
    let mut rig = Rig::start(Setup { shards: 4, ..Setup::default() }).await;
    let took = rig.stop(Duration::from_secs(10)).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    rig.close().await;
}

/// Calls that nobody waits for fill the mailbox again and again, so that claims and reports find it full.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_mailbox_loses_no_reports() {
    let rig = Rig::start(Setup::default()).await;
    let endpoint = Endpoint::start(ok).await;
    rig.subscribe(Protocol::Http, &endpoint.url(""), None).await;
    rig.publish(300).await;
    let shard = rig.context.node.shards()[0].clone();
    let (mut refused, deadline) = (0, Instant::now() + Duration::from_secs(20));
    while refused < 5_000 {
        assert!(Instant::now() < deadline, "the mailbox is never full");
        let page = Page { prefix: "arn:".into(), after: None, max: 1_000 };
        let ask = pin!(shard.ask(Command::ListTopics(page)));
        // Asked, and gone away.
        refused += usize::from(futures_now(ask).is_some_and(|answer| answer.is_err()));
    }
    rig.settled().await;
    assert_eq!(endpoint.got().len(), 300, "each was reported after its first attempt");
    rig.close().await;
}

/// What a future gives when it is asked once.
fn futures_now<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
