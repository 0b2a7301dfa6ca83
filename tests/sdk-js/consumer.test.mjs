// sqs-consumer: the loop that most programs in JavaScript run, unmodified.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Consumer } from "sqs-consumer";
import {
  bodies, client, counts, eventually, fresh, freshFifo, freshQueue, receive, redrivePair, seconds, sendAll,
  text,
} from "./calls.mjs";

const numbered = (n) => Array.from({ length: n }, (_, at) => `${at}`);
const byNumber = (a, b) => Number(a) - Number(b);

/** A consumer that is stopped when the test ends; an error that no test listens for fails it. */
function consume(t, { account, QueueUrl }, settings, listeners = {}) {
  const consumer = Consumer.create({
    queueUrl: QueueUrl,
    sqs: client(account),
    waitTimeSeconds: 5,
    suppressFifoWarning: true,
    ...settings,
  });
  const unexpected = [];
  for (const event of ["error", "processing_error", "timeout_error"]) {
    consumer.on(event, listeners[event] ?? ((error) => unexpected.push(error)));
  }
  t.after(() => {
    consumer.stop({ abort: true });
    assert.deepEqual(unexpected, []);
  });
  consumer.start();
  return consumer;
}

const drained = (sqs, QueueUrl) =>
  eventually("an empty queue", async () => (await counts(sqs, QueueUrl)).every((count) => count === 0));

test("consumer: every message is handled once and deleted", async (t) => {
  const queue = await freshQueue();
  await sendAll(queue.sqs, queue.QueueUrl, numbered(30));
  const seen = [];
  let processed = 0;
  const handleMessage = async (message) => {
    seen.push(message.Body);
    return message;
  };
  consume(t, queue, { batchSize: 10, handleMessage }).on("message_processed", () => (processed += 1));
  await drained(queue.sqs, queue.QueueUrl);
  await eventually("30 events", () => processed === 30);
  assert.deepEqual(seen.sort(byNumber), numbered(30));
});

test("consumer: a batch is deleted as far as it was acknowledged", async (t) => {
  const queue = await freshQueue();
  await sendAll(queue.sqs, queue.QueueUrl, numbered(10));
  const batches = [];
  const handleMessageBatch = async (messages) => {
    batches.push(bodies(messages));
    return messages.filter(
      ({ Body, Attributes }) => Number(Body) % 2 === 0 || Attributes.ApproximateReceiveCount === "2",
    );
  };
  const messageSystemAttributeNames = ["ApproximateReceiveCount"];
  const visibilityTimeout = 2;
  consume(t, queue, { batchSize: 10, visibilityTimeout, messageSystemAttributeNames, handleMessageBatch });
  await drained(queue.sqs, queue.QueueUrl);
  const wanted = [...numbered(10), "1", "3", "5", "7", "9"].sort(byNumber);
  assert.deepEqual(batches.flat().sort(byNumber), wanted);
});

test("consumer: a failed message is given back at once and comes again", async (t) => {
  const queue = await freshQueue();
  await sendAll(queue.sqs, queue.QueueUrl, ["x"]);
  const failures = [];
  const counted = [];
  const handleMessage = async (message) => {
    counted.push(message.Attributes.ApproximateReceiveCount);
    if (counted.length < 3) throw new Error("not yet");
    return message;
  };
  const start = Date.now();
  const messageSystemAttributeNames = ["All"];
  const listeners = { processing_error: (error, message) => failures.push([error.message, message.Body]) };
  consume(t, queue, { handleMessage, terminateVisibilityTimeout: true, messageSystemAttributeNames }, listeners);
  await drained(queue.sqs, queue.QueueUrl);
  assert.ok(Date.now() - start < 5000);
  assert.deepEqual(counted, ["1", "2", "3"]);
  assert.deepEqual(failures, Array(2).fill(["Unexpected message handler failure: not yet", "x"]));
});

test("consumer: a failed batch is given back as a whole", async (t) => {
  const queue = await freshQueue();
  await sendAll(queue.sqs, queue.QueueUrl, numbered(5));
  let failed = 0;
  const handleMessageBatch = async (messages) => {
    if (failed === 0) throw new Error("all of it");
    return messages;
  };
  const listeners = { error: () => (failed += 1) };
  consume(t, queue, { batchSize: 10, handleMessageBatch, terminateVisibilityTimeout: true }, listeners);
  await drained(queue.sqs, queue.QueueUrl);
  assert.equal(failed, 1);
});

test("consumer: the heartbeat keeps a slow message out of sight", async (t) => {
  const queue = await freshQueue();
  await sendAll(queue.sqs, queue.QueueUrl, ["slow"]);
  let handled = 0;
  const handleMessage = async (message) => {
    handled += 1;
    // Ends between two heartbeats: this library does not wait for one that is under way before it deletes.
    await seconds(3.6);
    return message;
  };
  const consumer = consume(t, queue, { handleMessage, visibilityTimeout: 2, heartbeatInterval: 0.8 });
  await once(consumer, "message_received");
  assert.deepEqual(await receive(queue.sqs, queue.QueueUrl, { WaitTimeSeconds: 3 }), []);
  await drained(queue.sqs, queue.QueueUrl);
  assert.equal(handled, 1);
});

test("consumer: the heartbeat of a batch too", async (t) => {
  const queue = await freshQueue();
  await sendAll(queue.sqs, queue.QueueUrl, numbered(4));
  const handled = [];
  const handleMessageBatch = async (messages) => {
    handled.push(...bodies(messages));
    await seconds(2.8);
    return messages;
  };
  consume(t, queue, { batchSize: 10, handleMessageBatch, visibilityTimeout: 2, heartbeatInterval: 0.8 });
  await drained(queue.sqs, queue.QueueUrl);
  assert.deepEqual(handled.sort(), numbered(4));
});

test("consumer: a handler that takes too long is timed out", async (t) => {
  const queue = await freshQueue();
  await sendAll(queue.sqs, queue.QueueUrl, ["x"]);
  let tries = 0;
  const timeouts = [];
  const handleMessage = async (message) => {
    tries += 1;
    if (tries === 1) await seconds(1);
    return message;
  };
  const settings = { handleMessage, handleMessageTimeout: 200, terminateVisibilityTimeout: true };
  consume(t, queue, settings, { timeout_error: (error) => timeouts.push(error.message) });
  await drained(queue.sqs, queue.QueueUrl);
  assert.equal(tries, 2);
  assert.deepEqual(timeouts, ["Message handler timed out after 200ms: Operation timed out."]);
});

test("consumer: an idle one says so, and stops at once when aborted", async (t) => {
  const queue = await freshQueue();
  const handleMessage = async (message) => message;
  const idle = consume(t, queue, { handleMessage, waitTimeSeconds: 0, pollingWaitTimeMs: 50 });
  await once(idle, "empty");
  const parked = consume(t, queue, { handleMessage, waitTimeSeconds: 20 }, { error: () => {} });
  idle.stop();
  await seconds(0.3);
  assert.deepEqual(parked.status, { isRunning: true, isPolling: true });
  const start = Date.now();
  const ended = Promise.all([once(parked, "aborted"), once(parked, "stopped")]);
  parked.stop({ abort: true });
  await ended;
  await eventually("the end of the poll", () => !parked.status.isPolling);
  assert.ok(Date.now() - start < 2000);
  await seconds(0.2);
  await sendAll(queue.sqs, queue.QueueUrl, ["for somebody else"]);
  assert.deepEqual(bodies(await receive(queue.sqs, queue.QueueUrl)), ["for somebody else"]);
});

test("consumer: a stop lets the message in hand be finished", async (t) => {
  const queue = await freshQueue();
  await sendAll(queue.sqs, queue.QueueUrl, ["in hand"]);
  const handleMessage = async (message) => {
    await seconds(0.5);
    return message;
  };
  const consumer = consume(t, queue, { handleMessage, pollingCompleteWaitTimeMs: 5000 });
  await once(consumer, "message_received");
  consumer.stop();
  await once(consumer, "stopped");
  assert.deepEqual(await counts(queue.sqs, queue.QueueUrl), [0, 0, 0]);
});

test("consumer: a queue that is not there is told as what it is", async (t) => {
  const queue = await freshQueue();
  const errors = [];
  const settings = { handleMessage: async (message) => message, pollingWaitTimeMs: 10_000 };
  const missing = { ...queue, QueueUrl: `${queue.QueueUrl}-not` };
  consume(t, missing, settings, { error: (error) => errors.push(error) });
  const [error] = await eventually("an error", () => errors.length > 0 && errors);
  assert.equal(error.name, "SQSError");
  assert.equal(error.message, "SQS receive message failed: The specified queue does not exist.");
  assert.deepEqual([error.code, error.fault, error.statusCode], ["QueueDoesNotExist", "client", 400]);
});

test("consumer: attributes asked for are there", async (t) => {
  const queue = await freshQueue();
  const MessageAttributes = { kind: text("order") };
  await queue.sqs.sendMessage({ QueueUrl: queue.QueueUrl, MessageBody: "x", MessageAttributes });
  const seen = [];
  const handleMessage = async (message) => {
    seen.push([message.MessageAttributes.kind.StringValue, Object.keys(message.Attributes)]);
    return message;
  };
  const asked = { messageAttributeNames: ["All"], messageSystemAttributeNames: ["SentTimestamp"] };
  consume(t, queue, { handleMessage, ...asked });
  await drained(queue.sqs, queue.QueueUrl);
  assert.deepEqual(seen, [["order", ["SentTimestamp"]]]);
});

test("consumer: five of them share 200 messages, none lost, none twice", async (t) => {
  const queue = await freshQueue();
  const seen = [];
  const handleMessage = async (message) => {
    seen.push(message.Body);
    return message;
  };
  for (let at = 0; at < 5; at += 1) consume(t, queue, { batchSize: 10, handleMessage });
  await sendAll(queue.sqs, queue.QueueUrl, numbered(200));
  await drained(queue.sqs, queue.QueueUrl);
  assert.deepEqual(seen.sort(byNumber), numbered(200));
});

test("consumer: a FIFO queue keeps the order of every group", async (t) => {
  const queue = await freshFifo({ ContentBasedDeduplication: "true" });
  const groups = ["a", "b", "c"];
  for (const MessageGroupId of groups) {
    const ordered = numbered(20).map((at) => `${MessageGroupId}-${at}`);
    await sendAll(queue.sqs, queue.QueueUrl, ordered, { MessageGroupId });
  }
  const seen = Object.fromEntries(groups.map((group) => [group, []]));
  const handleMessageBatch = async (messages) => {
    for (const { Body } of messages) seen[Body[0]].push(Body.slice(2));
    await seconds(0.01);
    return messages;
  };
  for (let at = 0; at < 2; at += 1) consume(t, queue, { batchSize: 10, handleMessageBatch });
  await drained(queue.sqs, queue.QueueUrl);
  for (const group of groups) assert.deepEqual(seen[group], numbered(20));
});

test("consumer: poison ends in the dead-letter queue", async (t) => {
  const { sqs, account, name } = fresh();
  const { source, dead } = await redrivePair(sqs, name, 3);
  await sendAll(sqs, source, ["good", "poison"]);
  let tries = 0;
  const handleMessage = async (message) => {
    if (message.Body === "good") return message;
    tries += 1;
    throw new Error("cannot");
  };
  const settings = { handleMessage, terminateVisibilityTimeout: true };
  consume(t, { account, QueueUrl: source }, settings, { processing_error: () => {} });
  await eventually("the poison in the dead-letter queue", async () => (await counts(sqs, dead))[0] === 1);
  assert.equal(tries, 3);
  assert.deepEqual(bodies(await receive(sqs, dead)), ["poison"]);
});
