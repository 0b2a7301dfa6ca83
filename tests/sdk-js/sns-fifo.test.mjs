// FIFO topics: order, sequence numbers, deduplication, archive and replay.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { InvalidParameterException } from "@aws-sdk/client-sns";
import { bodies, eventually, receive, receiveN, text } from "./calls.mjs";
import {
  addQueue, envelopes, freshFifoTopic, freshTopic, snsRefused, subscribeQueue, subscriptionOf, texts, topicOf,
} from "./sns.mjs";

const BY_CONTENT = { ContentBasedDeduplication: "true" };
const FIFO = { FifoQueue: "true" };
const RAW = { RawMessageDelivery: "true" };
const ALL = { MessageSystemAttributeNames: ["All"] };
const invalid = (call, message) => snsRefused(call, InvalidParameterException, "InvalidParameter", 400, message);

/** A place with a FIFO topic and a subscribed FIFO queue, and a function that publishes. */
async function fifoPair(subscription = RAW, topic = BY_CONTENT) {
  const here = await freshFifoTopic(topic);
  return { ...here, ...(await subscribeQueue(here, subscription, FIFO)), publish: publisher(here) };
}

function publisher({ sns, TopicArn }) {
  return (Message, MessageGroupId = "g", more = {}) => sns.publish({ TopicArn, Message, MessageGroupId, ...more });
}

/** The messages of a FIFO queue in order, each deleted as it comes. */
async function ordered(sqs, QueueUrl, n) {
  const messages = [];
  while (messages.length < n) {
    const some = await receive(sqs, QueueUrl, { WaitTimeSeconds: 5, ...ALL });
    assert.ok(some.length > 0, `${messages.length} of ${n} messages came: ${bodies(messages)}`);
    messages.push(...some);
    for (const { ReceiptHandle } of some) await sqs.deleteMessage({ QueueUrl, ReceiptHandle });
  }
  assert.equal(messages.length, n, bodies(messages));
  return messages;
}

test("fifo topics: the attributes of a new one", async () => {
  const { sns, TopicArn } = await freshFifoTopic();
  const { FifoTopic, ContentBasedDeduplication } = await topicOf(sns, TopicArn);
  assert.deepEqual([FifoTopic, ContentBasedDeduplication], ["true", "false"]);
  const set = (AttributeName, AttributeValue) =>
    sns.setTopicAttributes({ TopicArn, AttributeName, AttributeValue });
  await set("ContentBasedDeduplication", "true");
  await set("FifoThroughputScope", "MessageGroup");
  const shown = await topicOf(sns, TopicArn);
  assert.deepEqual([shown.ContentBasedDeduplication, shown.FifoThroughputScope], ["true", "MessageGroup"]);
  await invalid(set("ContentBasedDeduplication", "maybe"), /^Invalid parameter: /);
  await invalid(set("FifoThroughputScope", "Somewhere"), /^Invalid parameter: /);
});

test("fifo topics: the order of a group is kept, and sequence numbers rise", async () => {
  const { sqs, QueueUrl, publish } = await fifoPair({});
  const groups = ["a", "b"];
  const sent = [];
  for (let at = 0; at < 20; at += 1) sent.push(await publish(`m${at}`, groups[at % 2]));
  const numbers = sent.map(({ SequenceNumber }) => SequenceNumber);
  assert.deepEqual([...new Set(numbers)].sort(), numbers);
  for (const one of numbers) assert.match(one, /^\d{20}$/);
  const messages = await ordered(sqs, QueueUrl, 20);
  for (const [which, group] of groups.entries()) {
    const mine = messages.filter(({ Attributes }) => Attributes.MessageGroupId === group);
    const wanted = sent.filter((_, at) => at % 2 === which);
    const got = envelopes(mine);
    assert.deepEqual(got.map(({ MessageId }) => MessageId), wanted.map(({ MessageId }) => MessageId));
    assert.deepEqual(got.map(({ SequenceNumber }) => SequenceNumber), wanted.map((one) => one.SequenceNumber));
  }
});

test("fifo topics: an envelope has a sequence number and no signature", async () => {
  const { sqs, QueueUrl, publish } = await fifoPair({});
  await publish("x", "g", { Subject: "s", MessageAttributes: { kind: text("v") } });
  const [message] = await receiveN(sqs, QueueUrl, 1, ALL);
  const [envelope] = envelopes([message]);
  assert.deepEqual(Object.keys(envelope), [
    "Type", "MessageId", "SequenceNumber", "TopicArn", "Subject", "Message", "Timestamp", "UnsubscribeURL",
    "MessageAttributes",
  ]);
  // The queue numbers by itself.
  assert.match(message.Attributes.SequenceNumber, /^\d{20}$/);
});

test("fifo topics: group and deduplication id are handed on", async () => {
  const { sqs, QueueUrl, publish } = await fifoPair();
  await publish("by content", "a");
  await publish("by id", "b", { MessageDeduplicationId: "mine" });
  const [first, second] = (await ordered(sqs, QueueUrl, 2)).map(({ Attributes }) => Attributes);
  const hash = createHash("sha256").update("by content").digest("hex");
  assert.deepEqual([first.MessageGroupId, first.MessageDeduplicationId], ["a", hash]);
  assert.deepEqual([second.MessageGroupId, second.MessageDeduplicationId], ["b", "mine"]);
});

test("fifo topics: a duplicate gets the answer of the first, and is not delivered", async () => {
  const { sqs, QueueUrl, publish } = await fifoPair();
  const pairs = [
    [await publish("same"), await publish("same", "other")],
    [
      await publish("one", "g", { MessageDeduplicationId: "d" }),
      await publish("two", "g", { MessageDeduplicationId: "d" }),
    ],
  ];
  for (const [first, second] of pairs) {
    assert.deepEqual(
      [second.MessageId, second.SequenceNumber],
      [first.MessageId, first.SequenceNumber],
    );
  }
  await publish("last");
  assert.deepEqual(bodies(await ordered(sqs, QueueUrl, 3)), ["same", "one", "last"]);
});

test("fifo topics: deduplication by group", async () => {
  const { sqs, QueueUrl, publish } = await fifoPair(RAW, { ...BY_CONTENT, FifoThroughputScope: "MessageGroup" });
  const a = await publish("same", "a");
  const b = await publish("same", "b");
  assert.notEqual(a.MessageId, b.MessageId);
  assert.equal((await publish("same", "a")).MessageId, a.MessageId);
  // The queue's own deduplication is that of the whole queue.
  await publish("last", "a");
  const got = await ordered(sqs, QueueUrl, 2);
  assert.deepEqual(bodies(got), ["same", "last"]);
});

test("fifo topics: batches", async () => {
  const { sns, sqs, TopicArn, QueueUrl } = await fifoPair();
  const entry = (Id, Message) => ({ Id, Message, MessageGroupId: "g" });
  const PublishBatchRequestEntries = [
    ...Array.from({ length: 8 }, (_, at) => entry(`n${at}`, `m${at}`)), entry("again", "m7"), entry("empty", ""),
  ];
  const { Successful, Failed } = await sns.publishBatch({ TopicArn, PublishBatchRequestEntries });
  assert.deepEqual(Failed.map(({ Id }) => Id), ["empty"]);
  const of = Object.fromEntries(Successful.map(({ Id, ...rest }) => [Id, rest]));
  assert.deepEqual(of.again, of.n7);
  const numbers = Array.from({ length: 8 }, (_, at) => of[`n${at}`].SequenceNumber);
  assert.deepEqual([...new Set(numbers)].sort(), numbers);
  assert.deepEqual(bodies(await ordered(sqs, QueueUrl, 8)), Array.from({ length: 8 }, (_, at) => `m${at}`));
});

test("fifo topics: what a publication must have", async () => {
  const { sns, TopicArn } = await freshFifoTopic();
  const publish = (more) => sns.publish({ TopicArn, Message: "x", ...more });
  await invalid(
    publish({ MessageDeduplicationId: "d" }),
    "Invalid parameter: The MessageGroupId parameter is required for FIFO topics",
  );
  const dedup =
    "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or " +
    "MessageDeduplicationId provided explicitly";
  await invalid(publish({ MessageGroupId: "g" }), dedup);
  // In a batch one of them fails the whole.
  const good = { Id: "a", Message: "x", MessageGroupId: "g", MessageDeduplicationId: "d" };
  const bad = { Id: "b", Message: "y", MessageGroupId: "g" };
  await invalid(sns.publishBatch({ TopicArn, PublishBatchRequestEntries: [good, bad] }), dedup);
});

test("fifo topics: a standard queue has no groups, but the envelope has the number", async () => {
  const here = await freshFifoTopic(BY_CONTENT);
  const { QueueUrl } = await subscribeQueue(here);
  const { SequenceNumber } = await publisher(here)("x");
  const [message] = await receiveN(here.sqs, QueueUrl, 1, ALL);
  assert.equal(envelopes([message])[0].SequenceNumber, SequenceNumber);
  const { MessageGroupId, MessageDeduplicationId } = message.Attributes;
  assert.deepEqual([MessageGroupId, MessageDeduplicationId], [undefined, undefined]);
});

test("fifo topics: filters skip, and the rest stays in order", async () => {
  const { sqs, QueueUrl, publish } = await fifoPair({ ...RAW, FilterPolicy: { kind: ["a"] } });
  for (let at = 0; at < 9; at += 1) {
    await publish(`m${at}`, "g", { MessageAttributes: { kind: text(at % 3 === 0 ? "b" : "a") } });
  }
  assert.deepEqual(bodies(await ordered(sqs, QueueUrl, 6)), ["m1", "m2", "m4", "m5", "m7", "m8"]);
});

test("fifo topics: a dead-letter queue is FIFO, and keeps order and groups", async () => {
  const here = await freshFifoTopic(BY_CONTENT);
  const { sns, sqs, TopicArn, name } = here;
  const plain = await addQueue(here, `${name}-plain`);
  const dead = await addQueue(here, `${name}-dead.fifo`, FIFO);
  const { QueueArn: Endpoint, QueueUrl } = await addQueue(here, `${name}-lost.fifo`, FIFO);
  const subscribe = (deadLetterTargetArn) =>
    sns.subscribe({
      TopicArn, Protocol: "sqs", Endpoint, Attributes: texts({ ...RAW, RedrivePolicy: { deadLetterTargetArn } }),
    });
  await invalid(
    subscribe(plain.QueueArn),
    "Invalid parameter: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.",
  );
  await subscribe(dead.QueueArn);
  await sqs.deleteQueue({ QueueUrl });
  const publish = publisher(here);
  for (const message of ["1", "2", "3"]) await publish(message);
  const messages = await ordered(sqs, dead.QueueUrl, 3);
  assert.deepEqual(bodies(messages), ["1", "2", "3"]);
  assert.deepEqual(messages.map(({ Attributes }) => Attributes.MessageGroupId), ["g", "g", "g"]);
});

test("archive: its policy and when it begins", async () => {
  const { sns, TopicArn } = await freshFifoTopic();
  const set = (AttributeValue) => sns.setTopicAttributes({ TopicArn, AttributeName: "ArchivePolicy", AttributeValue });
  await set('{"MessageRetentionPeriod":30}');
  const { ArchivePolicy, BeginningArchiveTime } = await topicOf(sns, TopicArn);
  assert.equal(String(JSON.parse(ArchivePolicy).MessageRetentionPeriod), "30");
  assert.ok(Math.abs(Date.parse(BeginningArchiveTime) - Date.now()) < 60_000, BeginningArchiveTime);
  for (const bad of ['{"MessageRetentionPeriod":0}', '{"MessageRetentionPeriod":366}', "no json", '{"x":1}']) {
    await invalid(set(bad), /^Invalid parameter: /);
  }
  await set("{}");
  const after = await topicOf(sns, TopicArn);
  assert.equal(after.BeginningArchiveTime, undefined);
  const standard = await freshTopic();
  const AttributeValue = '{"MessageRetentionPeriod":1}';
  await invalid(
    standard.sns.setTopicAttributes({ TopicArn: standard.TopicArn, AttributeName: "ArchivePolicy", AttributeValue }),
    /^Invalid parameter: /,
  );
});

const ARCHIVED = { ...BY_CONTENT, ArchivePolicy: '{"MessageRetentionPeriod":"7"}' };
const since = (StartingPoint, EndingPoint) => ({
  PointType: "Timestamp", StartingPoint: new Date(StartingPoint).toISOString(),
  ...(EndingPoint && { EndingPoint: new Date(EndingPoint).toISOString() }),
});

/** Waits until the last replay of a subscription has ended. */
const replayed = (sns, SubscriptionArn) =>
  eventually("a completed replay", async () => {
    const { ReplayStatus } = await subscriptionOf(sns, SubscriptionArn);
    return ReplayStatus?.includes("Completed") && ReplayStatus;
  }, 20);

test("replay: a new subscription gets what was published before it, in order, then what is new", async () => {
  const here = await freshFifoTopic(ARCHIVED);
  const { sns, sqs, TopicArn } = here;
  const { BeginningArchiveTime } = await topicOf(sns, TopicArn);
  const publish = publisher(here);
  const sent = [];
  for (let at = 0; at < 12; at += 1) sent.push(await publish(`m${at}`));
  const ReplayPolicy = since(BeginningArchiveTime);
  const { QueueUrl, SubscriptionArn } = await subscribeQueue(here, { ReplayPolicy }, FIFO);
  // It comes behind what is replayed, whether it finds the replay running or not.
  await publish("meanwhile");
  const got = envelopes(await ordered(sqs, QueueUrl, 13));
  assert.deepEqual(got.map(({ Message }) => Message), [...sent.map((_, at) => `m${at}`), "meanwhile"]);
  assert.deepEqual(got.slice(0, 12).map(({ MessageId }) => MessageId), sent.map(({ MessageId }) => MessageId));
  assert.deepEqual(got.slice(0, 12).map(({ Replayed }) => String(Replayed)), sent.map(() => "true"));
  await replayed(sns, SubscriptionArn);
  await publish("new");
  assert.ok(!("Replayed" in envelopes(await ordered(sqs, QueueUrl, 1))[0]));
  const shown = JSON.parse((await subscriptionOf(sns, SubscriptionArn)).ReplayPolicy);
  assert.equal(shown.StartingPoint, ReplayPolicy.StartingPoint);
});

test("replay: up to an end, through the filter, and then nothing new", async () => {
  const here = await freshFifoTopic(ARCHIVED);
  const { sns, sqs, TopicArn } = here;
  const { BeginningArchiveTime } = await topicOf(sns, TopicArn);
  const publish = publisher(here);
  for (let at = 0; at < 6; at += 1) {
    await publish(`m${at}`, "g", { MessageAttributes: { kind: text(at % 2 ? "a" : "b") } });
  }
  const subscription = { ...RAW, FilterPolicy: { kind: ["a"] } };
  const { QueueUrl, SubscriptionArn } = await subscribeQueue(here, subscription, FIFO);
  await sns.setSubscriptionAttributes({
    SubscriptionArn,
    AttributeName: "ReplayPolicy",
    AttributeValue: JSON.stringify(since(BeginningArchiveTime, Date.now())),
  });
  assert.deepEqual(bodies(await ordered(sqs, QueueUrl, 3)), ["m1", "m3", "m5"]);
  await replayed(sns, SubscriptionArn);
  await publish("too late", "g", { MessageAttributes: { kind: text("a") } });
  assert.deepEqual(await receive(sqs, QueueUrl, { WaitTimeSeconds: 1 }), []);
});

test("replay: what its policy must not be", async () => {
  const here = await fifoPair(RAW, ARCHIVED);
  const { sns } = here;
  const set = ({ SubscriptionArn }, policy) =>
    sns.setSubscriptionAttributes({
      SubscriptionArn,
      AttributeName: "ReplayPolicy",
      AttributeValue: typeof policy === "string" ? policy : JSON.stringify(policy),
    });
  for (const bad of [
    "no json", { PointType: "Timestamp" }, { ...since(Date.now()), PointType: "Number" },
    { PointType: "Timestamp", StartingPoint: "yesterday" }, since(Date.now(), Date.now() - 3_600_000),
  ]) {
    await invalid(set(here, bad), /^Invalid parameter: /);
  }
  const unarchived = await fifoPair();
  await invalid(
    unarchived.sns.setSubscriptionAttributes({
      SubscriptionArn: unarchived.SubscriptionArn,
      AttributeName: "ReplayPolicy",
      AttributeValue: JSON.stringify(since(Date.now())),
    }),
    /^Invalid parameter: /,
  );
});
