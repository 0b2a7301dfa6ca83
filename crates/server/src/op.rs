//! What each operation does: from a decoded request to an encoded answer.
//!
//! ```text
//! Signed ─decode─▶ Decoded<Operation> ─judge─▶ Authorized<Operation> ─▶ Command ─ask─▶ Reply ─▶ Response
//!                        ▲                                                  │
//!                        └───────────────────── stale ──────────────────────┘
//! ```
//!
//! Here are the rules of input: which members are required, their ranges and names, the order of the
//! checks, the rules for a batch as a whole. The rules of state are the core's, and come back as a
//! rejection, which `reject` words.
//!
//! Invariants:
//! - an operation is carried out only through a [`Call`], which only an [`Authorized`] makes;
//! - everything that an answer says about the state was said by a shard, and is durable.

mod account;
mod application;
mod batch;
mod confirmation;
mod delivery_policy;
mod direct;
mod endpoint;
mod filter;
mod json_object;
mod long_delay;
mod look;
mod moves;
mod permission;
mod policy_document;
mod publish;
mod queue;
mod queue_attributes;
mod receive;
mod redrive_policy;
mod sandbox;
mod send;
mod settle;
mod sms;
mod sources;
mod subject;
mod subscriber;
mod subscription;
mod subscription_attributes;
mod tags;
#[cfg(test)]
pub(crate) mod tests;
mod topic;
mod topic_attributes;
mod topic_permission;

pub(crate) use endpoint::arn as endpoint_arn;
pub(crate) use look::{Look, Show};
pub(crate) use publish::facts_of_payload;
pub(crate) use settle::handle;

use crate::context::{Context, Origin};
use crate::reject::{self, Refused};
use postrider_core::command::{AskQueue, AskTopic};
use postrider_core::id::Revision;
use postrider_core::reply::QueueView;
use postrider_core::shard::Judgement;
use postrider_core::{
    Arn, Command, Rejection, Reply, account as account_state, application as application_state,
};
use postrider_iam::{Authorized, Caller, Decoded, Signed, Target, authorize};
use postrider_runtime::Answer;
use postrider_wire::error::{Error, Fault, common};
use postrider_wire::response::{encode, encode_error};
use postrider_wire::{Operation, Output, Protocol, Response, Routed, Service};
use std::sync::Arc;
use std::time::Duration;
use subject::Subject;
use tokio::time::sleep;

/// How often a caller is judged when the resource changes in between.
const JUDGEMENTS_MAX: u64 = 32;

/// What an operation ends with. `'r` is the request id, which every answer carries.
type Answered<'r> = Result<Response<'r>, Refused>;

/// The entries of a batch: what is wrong with one, or it and what the shard said of it.
type Joined<T, U> = Vec<Result<(T, U), Error>>;

/// Answers a request whose caller is known. With a `look`, messages are looked at instead of received.
pub(crate) async fn answer<'r>(
    context: &Context,
    signed: Signed,
    routed: Routed<'_>,
    origin: &Origin<'_>,
    look: Option<Look>,
    request_id: &'r str,
) -> Response<'r> {
    let (protocol, service) = (routed.protocol, routed.action.service());
    let answered = answered(context, signed, &routed, origin, look, request_id).await;
    answered.unwrap_or_else(|error| encode_error(protocol, service, &error, request_id))
}

async fn answered<'r>(
    context: &Context,
    signed: Signed,
    routed: &Routed<'_>,
    origin: &Origin<'_>,
    look: Option<Look>,
    request_id: &'r str,
) -> Result<Response<'r>, Error> {
    let (protocol, service) = (routed.protocol, routed.action.service());
    // Boxed, since every stage that it passes through would keep room for it.
    let mut decoded = signed.decoded(Box::new(routed.decode()?));
    let subject = Subject::of(decoded.operation(), decoded.caller(), protocol)?;
    for judgements in 0..JUDGEMENTS_MAX {
        // Who changes the resource without a pause is answered together with us, and asks again first:
        // a growing pause gets us out of step. The first time there is none.
        if judgements > 1 {
            sleep(Duration::from_millis(judgements)).await;
        }
        let judgement = context.node.judgement(&subject.arn);
        let judged = judge(context, decoded, &subject, judgement.as_deref());
        let authorized = judged.map_err(|denied| reject::denied(&denied, service, origin))?;
        if judgement.is_some() {
            subject.admit(authorized.caller())?;
        }
        let call = Call {
            context,
            origin,
            request_id,
            protocol,
            look,
            subject: &subject,
            judgement,
            caller: authorized.caller(),
        };
        match dispatch(&call, authorized.operation()).await {
            Ok(response) => return Ok(response),
            Err(Refused::Because(error)) => return Err(call.or_missing(error).await),
            Err(Refused::Stale) => decoded = authorized.rejudge(),
        }
    }
    Err(reject::restless())
}

/// Judges a caller, for every action that the operation needs.
fn judge<T>(
    context: &Context,
    mut decoded: Decoded<T>,
    subject: &Subject,
    judgement: Option<&Judgement>,
) -> Result<Authorized<T>, postrider_iam::Denied> {
    let target = target(subject.resource(), judgement);
    for action in subject.also {
        decoded = authorize(decoded, action, &target)?.rejudge();
    }
    if let Some(destination) = &subject.destination {
        // This has no revision: the shard that carries the command out is the source's, and knows none of the
        // destination. So its policy may have changed when the task is started; what counts is that every
        // move is permitted once more by the state of that moment.
        let judgement = context.node.judgement(destination);
        let target = self::target(destination.as_str(), judgement.as_deref());
        decoded = authorize(decoded, "sqs:SendMessage", &target)?.rejudge();
    }
    authorize(decoded, subject.action, &target)
}

fn target<'a>(resource: &'a str, judgement: Option<&'a Judgement>) -> Target<'a> {
    Target {
        resource,
        policy: judgement.and_then(|judgement| judgement.policy.as_deref()),
        revision: judgement.map_or(0, |judgement| judgement.revision.0),
    }
}

/// An operation that its caller may execute, on its way.
struct Call<'a, 'r> {
    context: &'a Context,
    origin: &'a Origin<'a>,
    request_id: &'r str,
    protocol: Protocol,
    /// Set if messages are to be looked at instead of received.
    look: Option<Look>,
    /// What the operation is about.
    subject: &'a Subject,
    /// What the caller was judged by; `None` if the subject does not exist.
    judgement: Option<Arc<Judgement>>,
    caller: &'a Caller,
}

impl<'r> Call<'_, 'r> {
    /// The answer, encoded.
    fn ok(&self, output: &Output<'_>) -> Answered<'r> {
        Ok(encode(self.protocol, output, self.request_id))
    }

    fn judged(&self) -> Revision {
        self.judgement.as_ref().map_or(Revision(0), |judgement| judgement.revision)
    }

    /// Asks the shard of the subject. What is waited with keeps no room for the command.
    fn ask(&self, command: Command) -> impl Future<Output = Result<Answer, Refused>> + Send + use<> {
        let asked = self.context.node.ask(&self.subject.arn, command);
        async move { Ok(asked.await?) }
    }

    /// What a queue is like, the subject or another; `None` if it does not exist. Of another this asks without
    /// a judgement, so the caller is told of the answer only what its operation says.
    async fn view_of(&self, queue: &Arn) -> Result<Option<Box<QueueView>>, Refused> {
        let judgement = self.context.node.judgement(queue);
        let judged = judgement.map_or(Revision(0), |judgement| judgement.revision);
        let command = Command::Queue { arn: queue.clone(), judged, ask: AskQueue::View };
        match self.context.node.ask(queue, command).await?.result {
            Ok(Reply::Queue(view)) => Ok(Some(view)),
            Ok(_) => Err(self.defect()),
            Err(Rejection::QueueDoesNotExist) => Ok(None),
            Err(rejection) => Err(self.refused(&rejection)),
        }
    }

    /// Asks the queue that is the subject, and keeps what the reply needs to be read.
    fn ask_queue(&self, ask: AskQueue) -> impl Future<Output = Result<Answer, Refused>> + Send + use<> {
        self.ask(Command::Queue { arn: self.subject.arn.clone(), judged: self.judged(), ask })
    }

    /// Asks the queue that is the subject.
    async fn queue(&self, ask: AskQueue) -> Result<Reply, Refused> {
        self.of_queue(self.ask_queue(ask).await?)
    }

    /// What a shard said of a queue.
    fn of_queue(&self, answer: Answer) -> Result<Reply, Refused> {
        answer.result.map_err(|rejection| self.refused(&rejection))
    }

    fn refused(&self, rejection: &Rejection) -> Refused {
        reject::of_queue(rejection, self.protocol, self.subject.arn.resource())
    }

    /// Asks the topic that is the subject.
    async fn topic(&self, ask: AskTopic) -> Result<Reply, Refused> {
        let command = Command::Topic { arn: self.subject.arn.clone(), judged: self.judged(), ask };
        self.ask(command).await?.result.map_err(|rejection| reject::of_topic(&rejection))
    }

    /// Asks the account that is the subject.
    async fn of_account(&self, ask: account_state::Ask) -> Result<Reply, Refused> {
        let command = Command::Account { arn: self.subject.arn.clone(), ask };
        self.ask(command).await?.result.map_err(|rejection| reject::of_account(&rejection))
    }

    /// Asks the platform application that is the subject, or whose endpoint is.
    async fn application(&self, ask: application_state::Ask) -> Result<Reply, Refused> {
        let arn = &self.subject.arn;
        let command = Command::Application { arn: arn.clone(), ask };
        self.ask(command).await?.result.map_err(|rejection| reject::of_application(&rejection, arn))
    }

    /// Did the caller sign, or come by a link?
    fn is_signed(&self) -> bool {
        self.caller.service().is_some()
    }

    /// The base of URLs about the subject that others than the caller get.
    fn service_url(&self) -> String {
        let (region, account) = (self.subject.arn.region(), self.subject.arn.account());
        self.context.urls.service_url(self.origin, self.caller.principal(), region, account)
    }

    /// The URL of a queue of the subject's account.
    fn queue_url(&self, name: &str) -> String {
        let (region, account) = (self.subject.arn.region(), self.subject.arn.account());
        self.context.urls.queue_url(self.origin, region, account, name)
    }

    /// The only outcome of a command for one message.
    fn sole<T>(&self, mut outcomes: Vec<T>) -> Result<T, Refused> {
        outcomes.pop().filter(|_| outcomes.is_empty()).ok_or_else(|| self.defect())
    }

    /// Joins the entries of a batch with what the shard said of those that were put to it.
    fn joined<T, U>(&self, entries: Vec<Result<T, Error>>, said: Vec<U>) -> Result<Joined<T, U>, Refused> {
        let mut said = said.into_iter();
        let mut join = |entry: Result<T, Error>| match entry {
            Ok(entry) => Ok(Ok((entry, said.next().ok_or_else(|| self.defect())?))),
            Err(error) => Ok(Err(error)),
        };
        entries.into_iter().map(&mut join).collect()
    }

    /// The shard's answer does not fit the question.
    fn defect(&self) -> Refused {
        Refused::Because(reject::defect(self.subject.service, self.subject.action))
    }

    /// That a queue is missing comes before all that is wrong with the rest of a request (sqs 7). A
    /// request that is wrong never reached the shard, so the shard is asked now.
    async fn or_missing(&self, error: Error) -> Error {
        let is_callers_fault = error.kind.codes().fault == Fault::Sender;
        if !self.subject.must_exist || self.judgement.is_some() || !is_callers_fault {
            return error;
        }
        match self.queue(AskQueue::View).await {
            Err(Refused::Because(missing)) => missing,
            Ok(_) | Err(Refused::Stale) => error,
        }
    }
}

#[allow(clippy::too_many_lines, reason = "a table with a row for each of the 65 actions")]
async fn dispatch<'r>(call: &Call<'_, 'r>, operation: &Operation<'_>) -> Answered<'r> {
    match operation {
        Operation::SendMessage(asked) => send::one(call, asked).await,
        Operation::SendMessageBatch(asked) => send::batch(call, asked).await,
        Operation::ReceiveMessage(asked) => match call.look {
            // Boxed as it is rare: a receive that waits would keep room for it.
            Some(look) => Box::pin(look::messages(call, look)).await,
            None => receive::receive(call, asked).await,
        },
        Operation::DeleteMessage(asked) => settle::delete(call, asked).await,
        Operation::DeleteMessageBatch(asked) => settle::delete_batch(call, asked).await,
        Operation::ChangeMessageVisibility(asked) => settle::visibility(call, asked).await,
        Operation::ChangeMessageVisibilityBatch(asked) => settle::visibility_batch(call, asked).await,
        Operation::CreateQueue(asked) => queue::create(call, asked).await,
        Operation::DeleteQueue(_) => queue::delete(call).await,
        Operation::GetQueueAttributes(asked) => queue::attributes(call, asked).await,
        Operation::GetQueueUrl(_) => queue::url(call).await,
        Operation::ListQueueTags(_) => tags::list_queue(call).await,
        Operation::ListQueues(asked) => account::queues(call, asked).await,
        Operation::ListDeadLetterSourceQueues(asked) => sources::list(call, asked).await,
        Operation::SqsAddPermission(asked) => permission::add(call, asked).await,
        Operation::SqsRemovePermission(asked) => permission::remove(call, asked).await,
        Operation::StartMessageMoveTask(asked) => moves::start(call, asked).await,
        Operation::CancelMessageMoveTask(asked) => moves::cancel(call, asked).await,
        Operation::ListMessageMoveTasks(asked) => moves::list(call, asked).await,
        Operation::PurgeQueue(_) => queue::purge(call).await,
        Operation::SetQueueAttributes(asked) => queue::set_attributes(call, asked).await,
        Operation::TagQueue(asked) => tags::tag_queue(call, asked).await,
        Operation::UntagQueue(asked) => tags::untag_queue(call, asked).await,
        Operation::Publish(asked) => publish::one(call, asked).await,
        Operation::PublishBatch(asked) => publish::batch(call, asked).await,
        Operation::CreateTopic(asked) => topic::create(call, asked).await,
        Operation::DeleteTopic(_) => topic::delete(call).await,
        Operation::GetTopicAttributes(_) => topic::attributes(call).await,
        Operation::SetTopicAttributes(asked) => topic::set_attribute(call, asked).await,
        Operation::ListTopics(asked) => account::topics(call, asked).await,
        // Boxed as it is by far the largest, and all others would keep room for it.
        Operation::Subscribe(asked) => Box::pin(subscription::subscribe(call, asked)).await,
        Operation::Unsubscribe(_) => subscription::unsubscribe(call).await,
        Operation::GetSubscriptionAttributes(_) => subscription::attributes(call).await,
        Operation::SetSubscriptionAttributes(asked) => subscription::set_attribute(call, asked).await,
        Operation::ListSubscriptions(asked) => account::subscriptions(call, asked).await,
        Operation::ListSubscriptionsByTopic(asked) => subscription::list(call, asked).await,
        Operation::TagResource(asked) => tags::tag_topic(call, asked).await,
        Operation::UntagResource(asked) => tags::untag_topic(call, asked).await,
        Operation::ListTagsForResource(_) => tags::list_topic(call).await,
        Operation::ConfirmSubscription(asked) => confirmation::confirm(call, asked).await,
        Operation::SnsAddPermission(asked) => topic_permission::add(call, asked).await,
        Operation::SnsRemovePermission(asked) => topic_permission::remove(call, asked).await,
        Operation::GetDataProtectionPolicy(_) => topic::data_protection(call).await,
        Operation::PutDataProtectionPolicy(asked) => topic::put_data_protection(call, asked).await,
        Operation::CheckIfPhoneNumberIsOptedOut(asked) => sms::preference(call, asked).await,
        Operation::ListPhoneNumbersOptedOut(asked) => sms::list_opted_out(call, asked).await,
        Operation::OptInPhoneNumber(asked) => sms::opt_in(call, asked).await,
        Operation::GetSmsAttributes(asked) => sms::attributes(call, asked).await,
        Operation::SetSmsAttributes(asked) => sms::set_attributes(call, asked).await,
        Operation::GetSmsSandboxAccountStatus(_) => sandbox::status(call),
        Operation::CreateSmsSandboxPhoneNumber(asked) => sandbox::add(call, asked).await,
        Operation::VerifySmsSandboxPhoneNumber(asked) => sandbox::verify(call, asked).await,
        Operation::DeleteSmsSandboxPhoneNumber(asked) => sandbox::remove(call, asked).await,
        Operation::ListSmsSandboxPhoneNumbers(asked) => sandbox::list(call, asked).await,
        Operation::ListOriginationNumbers(asked) => sms::origination_numbers(call, asked),
        Operation::CreatePlatformApplication(asked) => application::create(call, asked).await,
        Operation::DeletePlatformApplication(_) => application::delete(call).await,
        Operation::GetPlatformApplicationAttributes(_) => application::attributes(call).await,
        Operation::SetPlatformApplicationAttributes(asked) => application::set(call, asked).await,
        Operation::ListPlatformApplications(asked) => application::list(call, asked).await,
        Operation::CreatePlatformEndpoint(asked) => endpoint::create(call, asked).await,
        Operation::DeleteEndpoint(_) => endpoint::delete(call).await,
        Operation::GetEndpointAttributes(_) => endpoint::attributes(call).await,
        Operation::SetEndpointAttributes(asked) => endpoint::set(call, asked).await,
        Operation::ListEndpointsByPlatformApplication(asked) => endpoint::list(call, asked).await,
    }
}

/// An output that says nothing but "done".
fn done(reply: &Reply, call: &Call<'_, '_>) -> Result<(), Refused> {
    if matches!(reply, Reply::Done) { Ok(()) } else { Err(call.defect()) }
}

/// Reading a payload failed: the caller learns no more than that, the log has it all.
fn unreadable(service: Service) -> Refused {
    Refused::Because(common::internal_failure(service))
}
