// FIFO queues: order, groups, deduplication, sequence numbers.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bodies, counts, fresh, freshFifo, receive, receiveN, refused, seconds, sendAll } from "./calls.mjs";

const BY_CONTENT = { ContentBasedDeduplication: "true" };
const a = { MessageGroupId: "a" };

function sender({ sqs, QueueUrl }) {
  return (MessageBody, MessageGroupId = "a", more = {}) =>
    sqs.sendMessage({ QueueUrl, MessageBody, MessageGroupId, ...more });
}

test("fifo: the attributes of a new one", async () => {
  const { sqs, QueueUrl } = await freshFifo();
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] });
  const { FifoQueue, ContentBasedDeduplication, DeduplicationScope, FifoThroughputLimit } = Attributes;
  assert.deepEqual(
    [FifoQueue, ContentBasedDeduplication, DeduplicationScope, FifoThroughputLimit],
    ["true", "false", "queue", "perQueue"],
  );
  const high = { DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" };
  await sqs.setQueueAttributes({ QueueUrl, Attributes: high });
  const seen = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: Object.keys(high) });
  assert.deepEqual(seen.Attributes, high);
});

test("fifo: name and attribute go together", async () => {
  const { sqs } = fresh();
  const create = (QueueName, Attributes) => sqs.createQueue({ QueueName, Attributes });
  await refused(create("plain", { FifoQueue: "true" }), {
    name: "InvalidParameterValue",
    message:
      "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with " +
      ".fifo suffix and be 1 to 80 in length.",
  });
  await refused(create("plain.fifo"), {
    name: "InvalidParameterValue",
    message: "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
  });
  await refused(create("plain", { FifoQueue: "false" }), {
    name: "InvalidAttributeName",
    message: "Unknown Attribute FifoQueue.",
  });
  await refused(create("plain", { DeduplicationScope: "queue" }), {
    name: "InvalidAttributeName",
    message: "You can specify the DeduplicationScope only when FifoQueue is set to true.",
  });
});

test("fifo: one group comes in the order of sending, with growing sequence numbers", async () => {
  const queue = await freshFifo(BY_CONTENT);
  const { sqs, QueueUrl } = queue;
  const numbers = [(await sender(queue)("first")).SequenceNumber];
  const wanted = Array.from({ length: 25 }, (_, at) => `body ${at}`);
  numbers.push(...(await sendAll(sqs, QueueUrl, wanted, a)).map((entry) => entry.SequenceNumber));
  for (const number of numbers) assert.match(number, /^\d{20}$/);
  assert.deepEqual(numbers, [...numbers].sort());
  assert.equal(new Set(numbers).size, 26);

  const seen = [];
  while (seen.length < 26) {
    const some = await receiveSome(queue);
    seen.push(...some);
    const Entries = some.map(({ ReceiptHandle }, at) => ({ Id: `${at}`, ReceiptHandle }));
    assert.equal((await sqs.deleteMessageBatch({ QueueUrl, Entries })).Failed, undefined);
  }
  assert.deepEqual(bodies(seen), ["first", ...wanted]);
  assert.deepEqual(seen.map((message) => message.Attributes.SequenceNumber), numbers);
});

async function receiveSome({ sqs, QueueUrl }) {
  const some = await receive(sqs, QueueUrl, { MessageSystemAttributeNames: ["All"], WaitTimeSeconds: 5 });
  assert.ok(some.length > 0);
  return some;
}

test("fifo: a message says its group, its deduplication id and its number", async () => {
  const queue = await freshFifo(BY_CONTENT);
  const send = sender(queue);
  const { SequenceNumber } = await send("hashed");
  await send("named", "b", { MessageDeduplicationId: "own" });
  const [hashed, named] = await receiveN(queue.sqs, queue.QueueUrl, 2, { MessageSystemAttributeNames: ["All"] });
  const hash = createHash("sha256").update("hashed").digest("hex");
  const { MessageGroupId, MessageDeduplicationId } = hashed.Attributes;
  assert.deepEqual([MessageGroupId, MessageDeduplicationId], ["a", hash]);
  assert.equal(hashed.Attributes.SequenceNumber, SequenceNumber);
  assert.equal(named.Attributes.MessageDeduplicationId, "own");
});

test("fifo: a group is held back while one of it is in flight, others go on", async () => {
  const queue = await freshFifo(BY_CONTENT);
  const { sqs, QueueUrl } = queue;
  const send = sender(queue);
  await send("a1");
  await send("a2");
  await send("b1", "b");
  const [a1] = await receive(sqs, QueueUrl, { MaxNumberOfMessages: 1 });
  assert.equal(a1.Body, "a1");
  assert.deepEqual(bodies(await receive(sqs, QueueUrl)), ["b1"]);
  assert.deepEqual(await receive(sqs, QueueUrl), []);
  assert.deepEqual(await counts(sqs, QueueUrl), [1, 2, 0]);
  const poll = receive(sqs, QueueUrl, { WaitTimeSeconds: 10 });
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: a1.ReceiptHandle });
  assert.deepEqual(bodies(await poll), ["a2"]);
});

test("fifo: what is before a hidden message comes back, what is behind it waits", async () => {
  const queue = await freshFifo(BY_CONTENT);
  const { sqs, QueueUrl } = queue;
  await sendAll(sqs, QueueUrl, ["foo", "bar", "baz"], a);
  const [foo, bar, baz] = await receiveN(sqs, QueueUrl, 3);
  const change = ({ ReceiptHandle }, VisibilityTimeout) =>
    sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout });
  await change(foo, 0);
  assert.deepEqual(bodies(await receive(sqs, QueueUrl, { VisibilityTimeout: 0 })), ["foo"]);
  await change(bar, 0);
  assert.deepEqual(bodies(await receive(sqs, QueueUrl, { VisibilityTimeout: 0 })), ["foo", "bar"]);
  await change(baz, 0);
  assert.deepEqual(bodies(await receive(sqs, QueueUrl)), ["foo", "bar", "baz"]);
});

test("fifo: a repeated deduplication id gives the first answer and no message", async () => {
  const queue = await freshFifo();
  const { sqs, QueueUrl } = queue;
  const send = sender(queue);
  const id = { MessageDeduplicationId: "once" };
  const first = await send("one", "a", id);
  const again = await send("two", "b", id);
  assert.deepEqual([again.MessageId, again.SequenceNumber], [first.MessageId, first.SequenceNumber]);
  const [message] = await receiveN(sqs, QueueUrl, 1);
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: message.ReceiptHandle });
  assert.equal((await send("three", "a", id)).MessageId, first.MessageId);
  assert.deepEqual(await counts(sqs, QueueUrl), [0, 0, 0]);
  assert.notEqual((await send("one", "a", { MessageDeduplicationId: "twice" })).MessageId, first.MessageId);
});

test("fifo: content stands for the id, also against an explicit one", async () => {
  const queue = await freshFifo(BY_CONTENT);
  const send = sender(queue);
  const first = await send("same");
  assert.equal((await send("same")).MessageId, first.MessageId);
  const hash = createHash("sha256").update("same").digest("hex");
  assert.equal((await send("other", "a", { MessageDeduplicationId: hash })).MessageId, first.MessageId);
  assert.notEqual((await send("same", "a", { MessageDeduplicationId: "d" })).MessageId, first.MessageId);
  assert.deepEqual(await counts(queue.sqs, queue.QueueUrl), [2, 0, 0]);
});

test("fifo: in the scope of groups an id counts in its group alone", async () => {
  const queue = await freshFifo({ DeduplicationScope: "messageGroup" });
  const send = sender(queue);
  const id = { MessageDeduplicationId: "d" };
  const first = await send("1", "a", id);
  assert.notEqual((await send("2", "b", id)).MessageId, first.MessageId);
  assert.equal((await send("3", "a", id)).MessageId, first.MessageId);
  assert.deepEqual(bodies(await receiveN(queue.sqs, queue.QueueUrl, 2)).sort(), ["1", "2"]);
});

test("fifo: a purge forgets the ids too", async () => {
  const queue = await freshFifo(BY_CONTENT);
  const first = await sender(queue)("x");
  await queue.sqs.purgeQueue({ QueueUrl: queue.QueueUrl });
  assert.notEqual((await sender(queue)("x")).MessageId, first.MessageId);
  assert.deepEqual(await counts(queue.sqs, queue.QueueUrl), [1, 0, 0]);
});

test("fifo: what a send lacks or must not have", async () => {
  const { sqs, QueueUrl } = await freshFifo();
  const send = (more) => sqs.sendMessage({ QueueUrl, MessageBody: "x", ...more });
  const whole = { MessageGroupId: "g", MessageDeduplicationId: "d" };
  await refused(send({ MessageDeduplicationId: "d" }), {
    name: "MissingParameter",
    message: "The request must contain the parameter MessageGroupId.",
  });
  const name = "InvalidParameterValue";
  await refused(send({ MessageGroupId: "g" }), {
    name,
    message:
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
  });
  await refused(send({ ...whole, MessageGroupId: "no space" }), {
    name,
    message:
      "Value no space for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric " +
      "and punctuation characters. 1 to 128 in length.",
  });
  await refused(send({ ...whole, DelaySeconds: 1 }), {
    name,
    message: /^Value 1 for parameter DelaySeconds is invalid\. Reason: The request include/,
  });
  await send({ ...whole, DelaySeconds: 0 });
  const Entries = [{ Id: "1", MessageBody: "x", ...whole }, { Id: "2", MessageBody: "y", MessageDeduplicationId: "e" }];
  await refused(sqs.sendMessageBatch({ QueueUrl, Entries }), { name });
  assert.deepEqual(await counts(sqs, QueueUrl), [1, 0, 0]);
});

test("fifo: a handle whose time is over deletes nothing", async () => {
  const queue = await freshFifo(BY_CONTENT);
  const { sqs, QueueUrl } = queue;
  await sender(queue)("late");
  await sender(queue)("extended", "b");
  const [late, extended] = await receiveN(sqs, QueueUrl, 2, { VisibilityTimeout: 1 });
  const handles = [late, extended].map(({ ReceiptHandle }) => ReceiptHandle);
  await sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle: handles[1], VisibilityTimeout: 30 });
  await seconds(1.1);
  await refused(sqs.deleteMessage({ QueueUrl, ReceiptHandle: handles[0] }), {
    name: "InvalidParameterValue",
    message: `Value ${handles[0]} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  });
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: handles[1] });
  assert.deepEqual(bodies(await receiveN(sqs, QueueUrl, 1)), ["late"]);
});

test("fifo: a receive that is tried again gives the same messages and handles", async () => {
  const { sqs, QueueUrl } = await freshFifo(BY_CONTENT);
  await sendAll(sqs, QueueUrl, ["1", "2", "3"], a);
  const attempt = (ReceiveRequestAttemptId) =>
    receive(sqs, QueueUrl, { ReceiveRequestAttemptId, MaxNumberOfMessages: 2 });
  const first = await attempt("try-1");
  assert.deepEqual(bodies(first), ["1", "2"]);
  assert.deepEqual(await attempt("try-1"), first);
  assert.deepEqual(await attempt("try-2"), []);
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: first[0].ReceiptHandle });
  assert.deepEqual(await attempt("try-1"), []);
});

test("fifo: the delay of the queue holds for every message", async () => {
  const queue = await freshFifo({ ...BY_CONTENT, DelaySeconds: "1" });
  await sender(queue)("x", "a", { DelaySeconds: 0 });
  assert.deepEqual(await counts(queue.sqs, queue.QueueUrl), [0, 0, 1]);
  assert.deepEqual(bodies(await receiveN(queue.sqs, queue.QueueUrl, 1)), ["x"]);
});
