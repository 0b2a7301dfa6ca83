//! Notes in the status log what became of copies for queues (sns 16).
//!
//! Queues are no endpoints: the shards put copies there by themselves, and keep for a while what of that topics want
//! to be told. Here it is asked for and written down. Nothing rests on it, so what a shard had no room for, and
//! payloads that are gone from the log meanwhile, are left out and counted. At the end of the server shards are asked
//! once more; what ends after that is not noted.

use crate::context::Context;
use crate::statuses::Statuses;
use postrider_core::id::Uuid;
use postrider_core::rejection::Refusal;
use postrider_core::topic::status::{Ended, EndedCopy, Fault};
use postrider_core::topic::subscription::Protocol;
use postrider_core::{Command, Reply};
use postrider_runtime::{Answer, ShardHandle, Unanswered};
use postrider_wire::delivery_log::{
    Delivery, Entry, Notification, Outcome, log_group, queue_refused, queue_took,
};
use postrider_wire::envelope::{text_for, timestamp};
use postrider_wire::error::sqs;
use postrider_wire::payload::Publication;
use postrider_wire::{Error, ErrorKind, digest};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// How long to wait before a shard that was busy is asked again.
const RETRY: Duration = Duration::from_millis(100);

/// Notes what one shard has to tell, until it stops or this is told to end.
pub(super) async fn run(
    shard: ShardHandle,
    context: Arc<Context>,
    mut ending: watch::Receiver<Option<Instant>>,
) {
    let ended = shard.ended();
    loop {
        let is_last = tokio::select! {
            biased;
            // An error is the end too: nobody is there to tell it.
            _ = ending.wait_for(Option::is_some) => true,
            () = ended.notified() => false,
        };
        match shard.ask(Command::Ended).await {
            Ok(answer) => {
                let context = context.clone();
                // Reading from the disk, and digests of many messages, must not hold up the thread on which others
                // are answered. It fails only when the runtime ends.
                let _ = tokio::task::spawn_blocking(move || note(&context.statuses, &answer)).await;
            }
            // It tells again when it has more to tell; what it has already is not lost.
            Err(Unanswered::Busy) if !is_last => {
                sleep(RETRY).await;
                ended.notify_one();
            }
            Err(Unanswered::Busy | Unanswered::Stopped) => return,
        }
        if is_last {
            return;
        }
    }
}

/// Notes what a shard has told.
fn note(statuses: &Statuses, answer: &Answer) {
    let Ok(Reply::Ended { publications, left_out }) = &answer.result else { return };
    statuses.leave_out(*left_out);
    for ended in publications {
        if note_publication(statuses, answer, ended).is_none() {
            statuses.leave_out(ended.copies.len() as u64);
        }
    }
}

/// `None` if what was published cannot be read any more.
fn note_publication(statuses: &Statuses, answer: &Answer, ended: &Ended) -> Option<()> {
    let payload = answer.bytes(&ended.body).ok()?;
    let publication = Publication::decode(&payload).ok()?;
    let text = text_for(publication.structure, publication.message, Protocol::Sqs.as_str()).ok()?;
    let published = &ended.published;
    let topic = &published.topic;
    let (message_id, published_at) = (published.message_id.to_string(), timestamp(published.published_at.0));
    let notification = Notification {
        message_md5: digest::body(&text),
        message_id: &message_id,
        topic_arn: topic.as_str(),
        timestamp: &published_at,
    };
    for copy in &ended.copies {
        // The copy has this id in its queue, too.
        let id = published.message_id.copy_for(copy.subscription);
        let (status, outcome, response) = match copy.end {
            Ok(()) => (200, Outcome::Success, queue_took(&request_id(id).to_string(), &id.to_string())),
            Err(fault) => {
                let error = error(copy, fault, publication.attributes.len());
                let codes = error.kind.codes();
                (codes.status, Outcome::Failure, queue_refused(codes.query, &error.message))
            }
        };
        let entry = Entry {
            notification: notification.clone(),
            delivery: Delivery {
                delivery_id: &id.to_string(),
                destination: copy.queue.as_str(),
                provider_response: response.into(),
                dwell_time_ms: ended.at.0.saturating_sub(published.published_at.0),
                attempts: None,
                status_code: status,
            },
            status: outcome,
        };
        let group = log_group(topic.region(), topic.account(), topic.resource(), outcome);
        statuses.record(&group, entry.render());
    }
    Some(())
}

/// There was no request: an id that goes with the message's, and with nothing else.
fn request_id(message: Uuid) -> Uuid {
    message.copy_for(message)
}

/// What a sender would have been told.
fn error(copy: &EndedCopy, fault: Fault, attributes: usize) -> Error {
    match fault {
        Fault::Refused(Refusal::QueueDoesNotExist) => {
            sqs::queue_does_not_exist(postrider_wire::Protocol::Json)
        }
        Fault::Refused(Refusal::NotPermitted) => {
            let message = format!("Access to the resource {} is denied.", copy.queue);
            Error::new(ErrorKind::AccessDenied, message)
        }
        Fault::TooManyAttributes => sqs::too_many_attributes(attributes),
    }
}
