//! Receiving: which messages, for how long, and what of them is wanted (sqs 9).

use super::{Answered, Call, queue_attributes, send, settle, unreadable};
use crate::courier::Wanted;
use postrider_core::command::{AskQueue, Receive};
use postrider_core::id::DedupKey;
use postrider_core::{Reply, limits};
use postrider_wire::Output;
use postrider_wire::attribute::{Selection, SystemSelection};
use postrider_wire::error::{Error, sqs as errors};
use postrider_wire::sqs::{ReceiveMessage, ReceiveMessageOutput};
use tracing::error;

pub(super) async fn receive<'r>(call: &Call<'_, 'r>, asked: &ReceiveMessage<'_>) -> Answered<'r> {
    let ask = checked(asked, call.context.limits.receive_max)?;
    let wanted = Wanted {
        queue: &call.subject.arn,
        // The older member shares its list of names with the queue attributes.
        system: SystemSelection::of(asked, queue_attributes::exists)?,
        attributes: Selection::new(asked.message_attribute_names.as_ref()),
    };
    let answer = call.ask_queue(AskQueue::Receive(ask)).await?;
    let deliveries = match &answer.result {
        Ok(Reply::Received(deliveries)) => deliveries,
        Ok(_) => return Err(call.defect()),
        Err(rejection) => return Err(call.refused(rejection)),
    };
    let mut parcels = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let opened = call.context.courier.open(&call.context.signing, &answer, &delivery.message).await;
        parcels.push(opened);
    }
    let rendered = deliveries.iter().zip(&parcels).map(|(delivery, parcel)| {
        let parcel = parcel.as_ref().map_err(|fault| postrider_runtime::chain(fault))?;
        parcel.render(delivery, &wanted).map_err(|fault| postrider_runtime::chain(&fault))
    });
    let mut messages = Vec::with_capacity(deliveries.len());
    for (delivery, rendered) in deliveries.iter().zip(rendered) {
        match rendered {
            Ok(message) => messages.push(message),
            Err(fault) => {
                let (queue, message) = (call.subject.arn.as_str(), delivery.message.number);
                error!(queue, message, fault, "a message could not be read");
            }
        }
    }
    // One message that cannot be read must not keep its neighbours from their consumer.
    if messages.is_empty() && !deliveries.is_empty() {
        return Err(unreadable(call.subject.service));
    }
    call.ok(&Output::ReceiveMessage(ReceiveMessageOutput { messages }))
}

fn checked(asked: &ReceiveMessage<'_>, receive_max: u32) -> Result<Receive, Error> {
    let max = asked.max_number_of_messages.unwrap_or(1);
    let in_range = u32::try_from(max).ok().filter(|max| (1..=receive_max).contains(max));
    let wait = |given: i64| {
        let wait_s = u32::try_from(given).ok().filter(|wait_s| *wait_s <= limits::WAIT_S_MAX);
        wait_s.ok_or_else(|| errors::wait_time_seconds(given))
    };
    let attempt = |id| {
        if send::is_id(id) {
            Ok(DedupKey::of(id))
        } else {
            Err(errors::fifo_id("ReceiveRequestAttemptId", id))
        }
    };
    Ok(Receive {
        max: in_range.ok_or_else(|| errors::max_number_of_messages(max, receive_max))?,
        visibility_s: asked.visibility_timeout.map(settle::timeout).transpose()?,
        wait_s: asked.wait_time_seconds.map(wait).transpose()?,
        // On a standard queue it has to have its form, and means nothing.
        attempt: asked.receive_request_attempt_id.as_deref().map(attempt).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_ranges() {
        let ask = |max, visibility_timeout, wait_time_seconds| {
            let asked = ReceiveMessage {
                max_number_of_messages: max,
                visibility_timeout,
                wait_time_seconds,
                ..ReceiveMessage::default()
            };
            checked(&asked, 10)
        };
        assert_eq!(
            ask(None, None, None),
            Ok(Receive { max: 1, visibility_s: None, wait_s: None, attempt: None })
        );
        let all = Receive { max: 10, visibility_s: Some(43_200), wait_s: Some(20), attempt: None };
        assert_eq!(ask(Some(10), Some(43_200), Some(20)), Ok(all));
        for max in [0, 11, -1, i64::MAX] {
            assert_eq!(ask(Some(max), None, None), Err(errors::max_number_of_messages(max, 10)));
        }
        assert_eq!(ask(None, Some(43_201), None), Err(errors::visibility_timeout(43_201)));
        assert_eq!(ask(None, None, Some(21)), Err(errors::wait_time_seconds(21)));
        assert_eq!(ask(None, None, Some(-1)), Err(errors::wait_time_seconds(-1)));
    }

    #[test]
    fn an_attempt_has_an_id_of_its_form() {
        let ask = |id: &'static str| {
            let asked =
                ReceiveMessage { receive_request_attempt_id: Some(id.into()), ..ReceiveMessage::default() };
            checked(&asked, 10).map(|receive| receive.attempt)
        };
        assert_eq!(ask("a-1"), Ok(Some(DedupKey::of("a-1"))));
        for bad in ["", "a b"] {
            assert_eq!(ask(bad), Err(errors::fifo_id("ReceiveRequestAttemptId", bad)));
        }
    }
}
