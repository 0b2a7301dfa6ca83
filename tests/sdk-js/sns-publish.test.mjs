// Publishing to standard topics: structures, subjects, sizes, batches, groups.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BatchEntryIdsNotDistinctException, BatchRequestTooLongException, EmptyBatchRequestException,
  InvalidBatchEntryIdException, InvalidParameterException, SNSServiceException, TooManyEntriesInBatchRequestException,
} from "@aws-sdk/client-sns";
import { bodies, receiveN, text } from "./calls.mjs";
import { envelopes, freshSubscription, freshTopic, number, snsRefused, subscribeQueue } from "./sns.mjs";

const invalid = (call, message) => snsRefused(call, InvalidParameterException, "InvalidParameter", 400, message);
const RAW = { RawMessageDelivery: "true" };

test("publish: a structure has a text for each protocol", async () => {
  const { sns, sqs, TopicArn, QueueUrl } = await freshSubscription(RAW);
  const publish = (message) =>
    sns.publish({
      TopicArn,
      MessageStructure: "json",
      Message: typeof message === "string" ? message : JSON.stringify(message),
    });
  await publish({ default: "d", sqs: "q", http: "h" });
  await publish({ default: "d", http: "h", sqs: 1, colour: "red" });
  await publish('{"default":"first","default":"d2"}');
  const got = bodies(await receiveN(sqs, QueueUrl, 3));
  assert.deepEqual([got.includes("q"), got.includes("d")], [true, true], got);
  const reason = "Invalid parameter: Message Structure - ";
  await invalid(publish({ sqs: "q" }), `${reason}No default entry in JSON message body`);
  await invalid(publish({ default: 1 }), `${reason}No default entry in JSON message body`);
  await invalid(publish("no json"), `${reason}JSON message body failed to parse`);
});

test("publish: subjects", async () => {
  const { sns, sqs, TopicArn, QueueUrl } = await freshSubscription();
  const publish = (Subject) => sns.publish({ TopicArn, Message: "x", Subject });
  for (const subject of ["Grüße – 🚀", "x".repeat(99)]) {
    await publish(subject);
    const [{ Subject }] = envelopes(await receiveN(sqs, QueueUrl, 1));
    assert.equal(Subject, subject);
  }
  await publish(undefined);
  const [envelope] = envelopes(await receiveN(sqs, QueueUrl, 1));
  assert.ok(!("Subject" in envelope));
  for (const bad of ["", "a\nb", "a\u0007b", "x".repeat(101)]) {
    await invalid(publish(bad), "Invalid parameter: Subject");
  }
});

test("publish: texts of all kinds arrive as they were", async () => {
  const here = await freshTopic();
  const wrapped = await subscribeQueue(here);
  const raw = await subscribeQueue(here, RAW);
  const messages = ["\\ \" / \t\r\n", "\u00e9\u0301 ﷽ \u{1f468}\u200d\u{1f469}", "a&b=c+d%20<e>", " ", "0", "{}"];
  for (const Message of messages) await here.sns.publish({ TopicArn: here.TopicArn, Message });
  const got = envelopes(await receiveN(here.sqs, wrapped.QueueUrl, messages.length));
  assert.deepEqual(got.map(({ Message }) => Message).sort(), [...messages].sort());
  const plain = await receiveN(here.sqs, raw.QueueUrl, messages.length);
  assert.deepEqual(bodies(plain).sort(), [...messages].sort());
});

test("publish: sizes", async () => {
  const { sns, TopicArn } = await freshTopic();
  const publish = (n, MessageAttributes) =>
    sns.publish({ TopicArn, Message: "x".repeat(n), MessageAttributes });
  const long = "Invalid parameter: Message too long";
  await publish(262_144);
  await invalid(publish(262_145), long);
  const attribute = { a: text("12345") };
  await publish(262_144 - "aString12345".length, attribute);
  await invalid(publish(262_144 - "aString12345".length + 1, attribute), long);
  await invalid(sns.publish({ TopicArn, Message: "" }), "Invalid parameter: Empty message");
  const set = (AttributeValue) =>
    sns.setTopicAttributes({ TopicArn, AttributeName: "MaximumMessageSize", AttributeValue });
  await set("1024");
  await publish(1024);
  await invalid(publish(1025), long);
  await set("1048576");
  await publish(1_048_576);
  await invalid(publish(1_048_577), long);
});

test("publish: a topic of large messages has no HTTP endpoints", async () => {
  const { sns, TopicArn } = await freshTopic({ MaximumMessageSize: "1048576" });
  const Endpoint = "http://127.0.0.1:9/x";
  await invalid(sns.subscribe({ TopicArn, Protocol: "http", Endpoint }), /^Invalid parameter: /);
});

test("publish: the target has other names", async () => {
  const { sns, sqs, TopicArn, QueueUrl } = await freshSubscription(RAW);
  await sns.publish({ TargetArn: TopicArn, Message: "by target" });
  assert.deepEqual(bodies(await receiveN(sqs, QueueUrl, 1)), ["by target"]);
  await invalid(sns.publish({ Message: "x" }), /^Invalid parameter: /);
  await invalid(
    sns.publish({ PhoneNumber: "+1-555", Message: "x" }),
    "Invalid parameter: PhoneNumber Reason: +1-555 is not valid to publish to",
  );
  await snsRefused(
    sns.publish({ TopicArn }),
    SNSServiceException, "ValidationError", 400,
    "1 validation error detected: Value null at 'message' failed to satisfy constraint: Member must not be null",
  );
});

test("publish: a message is one of a group, on a standard topic, too", async () => {
  const { sns, sqs, TopicArn, QueueUrl } = await freshSubscription(RAW);
  await sns.publish({ TopicArn, Message: "x", MessageGroupId: "tenant" });
  const [{ Attributes }] = await receiveN(sqs, QueueUrl, 1, { MessageSystemAttributeNames: ["All"] });
  assert.equal(Attributes.MessageGroupId, "tenant");
  await invalid(
    sns.publish({ TopicArn, Message: "x", MessageDeduplicationId: "d" }),
    "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter " +
      "that is not valid for this topic type",
  );
});

test("publish: one message has one id, whoever gets it", async () => {
  const here = await freshTopic();
  const queues = [await subscribeQueue(here), await subscribeQueue(here), await subscribeQueue(here)];
  const { MessageId } = await here.sns.publish({ TopicArn: here.TopicArn, Message: "x" });
  const messages = [];
  for (const { QueueUrl } of queues) messages.push(...(await receiveN(here.sqs, QueueUrl, 1)));
  assert.deepEqual(envelopes(messages).map((envelope) => envelope.MessageId), [MessageId, MessageId, MessageId]);
  assert.equal(new Set(messages.map((message) => message.MessageId)).size, 3);
});

test("publish: a batch, of which one entry fails", async () => {
  const { sns, sqs, TopicArn, QueueUrl } = await freshSubscription(RAW);
  const good = Array.from({ length: 8 }, (_, at) => ({
    Id: `n${at}`, Message: `m${at}`, MessageAttributes: { n: number(at) },
  }));
  const structured = { Id: "structured", Message: '{"default":"d","sqs":"q"}', MessageStructure: "json" };
  const PublishBatchRequestEntries = [...good, structured, { Id: "empty", Message: "" }];
  const { Successful, Failed } = await sns.publishBatch({ TopicArn, PublishBatchRequestEntries });
  assert.deepEqual(Successful.map(({ Id }) => Id).sort(), [...good, structured].map(({ Id }) => Id).sort());
  assert.equal(new Set(Successful.map(({ MessageId }) => MessageId)).size, 9);
  assert.deepEqual(
    Failed.map(({ Id, Code, SenderFault }) => ({ Id, Code, SenderFault })),
    [{ Id: "empty", Code: "InvalidParameter", SenderFault: true }],
  );
  const messages = await receiveN(sqs, QueueUrl, 9, { MessageAttributeNames: ["All"] });
  assert.deepEqual(bodies(messages).sort(), [...good.map(({ Message }) => Message), "q"].sort());
  for (const { Body, MessageAttributes } of messages) {
    if (Body !== "q") assert.equal(`m${MessageAttributes.n.StringValue}`, Body);
  }
});

test("publish: what a batch must not be", async () => {
  const { sns, TopicArn } = await freshTopic();
  const batch = (...PublishBatchRequestEntries) => sns.publishBatch({ TopicArn, PublishBatchRequestEntries });
  const entry = (Id, more = {}) => ({ Id, Message: "x", ...more });
  await snsRefused(
    batch(...Array.from({ length: 11 }, (_, at) => entry(`${at}`))),
    TooManyEntriesInBatchRequestException, "TooManyEntriesInBatchRequest", 400,
    "The batch request contains more entries than permissible.",
  );
  await snsRefused(
    batch(entry("a"), entry("a")),
    BatchEntryIdsNotDistinctException, "BatchEntryIdsNotDistinct", 400,
    "Two or more batch entries in the request have the same Id.",
  );
  await snsRefused(
    batch(entry("a b")),
    InvalidBatchEntryIdException, "InvalidBatchEntryId", 400,
    "The Id of a batch entry in the batch request contains an impermissible character: a b",
  );
  const large = { Message: "x".repeat(131_073) };
  await snsRefused(
    batch(entry("a", large), entry("b", large)),
    BatchRequestTooLongException, "BatchRequestTooLong", 400,
    "The length of all the messages put together is more than the limit.",
  );
  await assert.rejects(batch(), (error) => {
    assert.ok(error instanceof EmptyBatchRequestException || error.name === "ValidationError", error.name);
    return error.$metadata.httpStatusCode === 400;
  });
  // A bad attribute or structure fails the whole.
  await snsRefused(
    batch(entry("a"), entry("b", { MessageAttributes: { a: { DataType: "Colour", StringValue: "red" } } })),
    SNSServiceException, "ParameterValueInvalid", 400, /invalid message attribute type/,
  );
  await invalid(batch(entry("a"), entry("b", { MessageStructure: "json" })), /Message Structure/);
});

test("publish: more subscriptions than there are workers all get every message", async () => {
  const here = await freshTopic();
  const queues = [];
  for (let at = 0; at < 25; at += 1) queues.push(await subscribeQueue(here, RAW));
  const PublishBatchRequestEntries = Array.from({ length: 10 }, (_, at) => ({ Id: `${at}`, Message: `m${at}` }));
  await here.sns.publishBatch({ TopicArn: here.TopicArn, PublishBatchRequestEntries });
  const wanted = PublishBatchRequestEntries.map(({ Message }) => Message);
  for (const { QueueUrl } of queues) {
    assert.deepEqual(bodies(await receiveN(here.sqs, QueueUrl, 10)).sort(), wanted);
  }
});
