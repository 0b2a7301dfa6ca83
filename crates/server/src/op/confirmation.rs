//! Asking endpoints to confirm, and taking their word for it (sns 4, 9).
//!
//! A token names the shard that knows it, then the account and region of its topic, then is random. So the link is good
//! whatever topic it names, as long as that is of the right account and region, which is all that AWS asks.

use super::{Answered, Call};
use crate::reject::{self, Refused};
use postrider_core::body::Payload;
use postrider_core::command::Notice as Command;
use postrider_core::topic::subscription::{Confirmation, Token};
use postrider_core::{Arn, Command as Ask, Reply};
use postrider_iam::Denied;
use postrider_wire::envelope::{self, ConfirmationKind, SignatureVersion, TokenFlaw};
use postrider_wire::error::sns::{self as errors, ConfirmedBy};
use postrider_wire::payload::Notice;
use postrider_wire::sns::{ConfirmSubscription, SubscribeOutput};
use postrider_wire::{Output, Service};

/// Bytes of a token that name the shard.
const SHARD: std::ops::Range<usize> = 0..2;
/// Bytes of a token that stand for account and region.
const PLACE: std::ops::Range<usize> = 2..6;
/// Bytes of a token that nobody can guess.
const SECRET: std::ops::RangeFrom<usize> = 6..;

/// What asks an endpoint of the topic that the call is about to visit a URL.
pub(super) async fn notice(call: &Call<'_, '_>, kind: ConfirmationKind) -> Result<Command, Refused> {
    let topic = &call.subject.arn;
    let shards = u16::try_from(call.context.node.shards().len()).map_err(|_| call.defect())?;
    let mut bytes = [0; 32];
    bytes[SHARD].copy_from_slice(&topic.shard(shards).to_be_bytes());
    bytes[PLACE].copy_from_slice(&place(topic));
    aws_lc_rs::rand::fill(&mut bytes[SECRET])
        .map_err(|_| reject::defect(Service::Sns, "there are no random bytes to be had"))?;
    let token = envelope::Token::new(&bytes).ok_or_else(|| call.defect())?.to_string();
    let judgement = call.judgement.as_deref();
    let version = judgement.and_then(|judgement| judgement.signature_version.as_deref());
    let (key, service_url) = (call.context.signing.key().await, call.service_url());
    let notice = Notice {
        kind,
        service_url: &service_url,
        signing_key_id: key.key_id(),
        signature_version: version.and_then(SignatureVersion::parse).unwrap_or(SignatureVersion::V1),
        token: &token,
    };
    let payload = notice.encode();
    let size = u32::try_from(payload.len()).map_err(|_| call.defect())?;
    Ok(Command { payload: Payload::new(payload.into(), size), token: Token(bytes) })
}

/// Account and region, in short.
fn place(topic: &Arn) -> [u8; 4] {
    let text = format!("{}:{}", topic.region(), topic.account());
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    *digest.as_ref().first_chunk().expect("a digest has 32 bytes")
}

pub(super) async fn confirm<'r>(call: &Call<'_, 'r>, asked: &ConfirmSubscription<'_>) -> Answered<'r> {
    let by = if call.is_signed() { ConfirmedBy::Request } else { ConfirmedBy::Link };
    let token = envelope::Token::parse(&asked.token).map_err(|flaw| match flaw {
        TokenFlaw::Malformed => errors::token_malformed(by),
        TokenFlaw::Unknown => errors::token_unknown(),
    })?;
    let bytes: [u8; 32] = token.payload().try_into().map_err(|_| errors::token_unknown())?;
    // Whoever confirms by the link lets whoever has the link unsubscribe, too, and so does who signs and says nothing.
    let confirmation = match (asked.authenticates_on_unsubscribe(), by) {
        (true, ConfirmedBy::Link) => {
            return Err(reject::denied(&Denied::Anonymous, Service::Sns, call.origin).into());
        }
        (true, ConfirmedBy::Request) => Confirmation::Authenticated,
        (false, _) => Confirmation::Link,
    };
    let index = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    let shard = call.context.node.shards().get(index).ok_or_else(errors::token_unknown)?;
    let token = Token(bytes);
    if bytes[PLACE] != place(&call.subject.arn) {
        // Anybody can write such bytes: only of a token that somebody waits for is it the topic that is wrong.
        return Err(match shard.ask(Ask::Knows(token)).await?.result {
            Ok(_) => errors::topic_of_link().into(),
            Err(rejection) => reject::of_topic(&rejection),
        });
    }
    let answer = shard.ask(Ask::Confirm { token, by: confirmation }).await?;
    match answer.result {
        Ok(Reply::Confirmed(topic, id)) => {
            let subscription_arn = format!("{topic}:{id}").into();
            call.ok(&Output::ConfirmSubscription(SubscribeOutput { subscription_arn }))
        }
        Ok(_) => Err(call.defect()),
        Err(rejection) => Err(reject::of_topic(&rejection)),
    }
}
