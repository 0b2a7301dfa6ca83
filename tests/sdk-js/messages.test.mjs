// One message: body, attributes, digests, visibility, delay, long polls.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bodies, counts, freshQueue, receive, receiveN, refused, seconds, text } from "./calls.mjs";

const md5 = (data) => createHash("md5").update(data).digest("hex");

const BODIES = {
  "of one character": "x",
  "with the whole of Unicode": "tab\tline\nreturn\r\u0020\ud7ff\ue000\ufffd\u{10000}\u{10ffff} ß 日本 🛵",
  "of markup": '<a href="x">&amp;</a> \\ {"json":["\\u0041"]} %20 +',
  "of 1 MiB": "m".repeat(1024 * 1024),
};

for (const [what, MessageBody] of Object.entries(BODIES)) {
  test(`message: a body ${what} comes back as it was`, async () => {
    const { sqs, QueueUrl } = await freshQueue();
    const sent = await sqs.sendMessage({ QueueUrl, MessageBody });
    const [message] = await receive(sqs, QueueUrl);
    assert.equal(message.Body, MessageBody);
    assert.equal(sent.MD5OfMessageBody, md5(MessageBody));
    assert.equal(message.MD5OfBody, md5(MessageBody));
  });
}

// The digests of attributes are the recorded ones: no SDK of JavaScript computes them.
const DIGESTS = [
  ["a311262e065454b75da111d535b8dacd", { Hello: text("There") }],
  ["fca026605781cb4126a1e9044df24232", { Hello: text("There"), General: text("Kenobi") }],
  ["9b720b3af309c1c4b0d395c53b08c502", {
    attr2: { DataType: "Number", StringValue: "109.12" },
    attr1: { DataType: "Number", StringValue: "99.12" },
  }],
  ["8cbe4db156db8a94db8b801b7addb984", {
    attr1: {
      DataType: "Binary",
      BinaryValue: Buffer.from("traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"),
    },
  }],
];

for (const [digest, MessageAttributes] of DIGESTS) {
  test(`message: the digest of ${Object.keys(MessageAttributes)} is AWS's`, async () => {
    const { sqs, QueueUrl } = await freshQueue();
    const sent = await sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageAttributes });
    assert.equal(sent.MD5OfMessageAttributes, digest);
    const [message] = await receive(sqs, QueueUrl, { MessageAttributeNames: ["All"] });
    assert.equal(message.MD5OfMessageAttributes, digest);
  });
}

test("message: the SDK checks digests, so a wrong one would be seen", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
  const spoil = (next) => async (args) => {
    const answer = await next(args);
    answer.output.Messages[0].Body += "!";
    return answer;
  };
  sqs.middlewareStack.add(spoil, { step: "initialize", priority: "low" });
  await assert.rejects(receive(sqs, QueueUrl), /Invalid MD5 checksum on messages/);
});

test("message: attributes of every type come back, labels included", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  const MessageAttributes = {
    String: text("välue"),
    "Number.int": { DataType: "Number.int", StringValue: "0042" },
    "Binary-1": { DataType: "Binary.png", BinaryValue: Uint8Array.from([0, 255, 10, 13]) },
  };
  await sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageAttributes });
  const [message] = await receive(sqs, QueueUrl, { MessageAttributeNames: [".*"] });
  assert.deepEqual(Object.keys(message.MessageAttributes).sort(), Object.keys(MessageAttributes).sort());
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(MessageAttributes)) {
    const seen = message.MessageAttributes[name];
    assert.deepEqual([seen.DataType, seen.StringValue], [DataType, StringValue]);
    assert.deepEqual(seen.BinaryValue && [...seen.BinaryValue], BinaryValue && [...BinaryValue]);
  }
});

test("message: only the attributes asked for come back, and their digest", async () => {
  const { sqs, QueueUrl } = await freshQueue({ VisibilityTimeout: "0" });
  const MessageAttributes = { Hello: text("There"), "Help.Me": text("Me"), General: text("Kenobi") };
  await sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageAttributes });
  const asked = async (...MessageAttributeNames) => {
    const [message] = await receiveN(sqs, QueueUrl, 1, { MessageAttributeNames });
    return [Object.keys(message.MessageAttributes ?? {}).sort().join(), message.MD5OfMessageAttributes];
  };
  assert.deepEqual(await asked("All"), ["General,Hello,Help.Me", "4c360f3fdafd970e05fae2f149d997f5"]);
  assert.deepEqual(await asked("Hello", "General"), ["General,Hello", "fca026605781cb4126a1e9044df24232"]);
  assert.deepEqual(await asked("Hell.*"), ["Hello", "a311262e065454b75da111d535b8dacd"]);
  assert.deepEqual((await asked("Hel.*"))[0], "Hello,Help.Me");
  assert.deepEqual(await asked("AWS.", "unknown"), ["", undefined]);
  assert.deepEqual(await asked(), ["", undefined]);
});

test("message: system attributes say when, how often and by whom", async () => {
  const { sqs, QueueUrl } = await freshQueue({ VisibilityTimeout: "0" });
  const before = Date.now();
  await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
  const one = (await receiveN(sqs, QueueUrl, 1, { MessageSystemAttributeNames: ["All"] }))[0].Attributes;
  const two = (await receiveN(sqs, QueueUrl, 1, { MessageSystemAttributeNames: ["All"] }))[0].Attributes;
  const names = ["ApproximateFirstReceiveTimestamp", "ApproximateReceiveCount", "SenderId", "SentTimestamp"];
  assert.deepEqual(Object.keys(one).sort(), names);
  assert.ok(Math.abs(Number(one.SentTimestamp) - before) < 5000);
  assert.ok(Number(one.ApproximateFirstReceiveTimestamp) >= Number(one.SentTimestamp));
  assert.deepEqual([one.ApproximateReceiveCount, two.ApproximateReceiveCount], ["1", "2"]);
  assert.equal(two.ApproximateFirstReceiveTimestamp, one.ApproximateFirstReceiveTimestamp);
  const [old] = await receiveN(sqs, QueueUrl, 1, { AttributeNames: ["SentTimestamp"] });
  assert.deepEqual(old.Attributes, { SentTimestamp: one.SentTimestamp });
});

test("message: a trace header is carried", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  const trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
  const MessageSystemAttributes = { AWSTraceHeader: text(trace) };
  const sent = await sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageSystemAttributes });
  const length = (value) => Buffer.concat([Buffer.from([0, 0, 0, value.length]), Buffer.from(value)]);
  const parts = [length("AWSTraceHeader"), length("String"), Buffer.from([1]), length(trace)];
  assert.equal(sent.MD5OfMessageSystemAttributes, md5(Buffer.concat(parts)));
  const [message] = await receive(sqs, QueueUrl, { MessageSystemAttributeNames: ["AWSTraceHeader"] });
  assert.deepEqual(message.Attributes, { AWSTraceHeader: trace });
});

test("message: a group id on a standard queue is carried and orders nothing", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  await sqs.sendMessage({ QueueUrl, MessageBody: "1", MessageGroupId: "tenant" });
  await sqs.sendMessage({ QueueUrl, MessageBody: "2", MessageGroupId: "tenant" });
  const ask = { MessageSystemAttributeNames: ["MessageGroupId"], MaxNumberOfMessages: 1 };
  const first = await receive(sqs, QueueUrl, ask);
  const second = await receive(sqs, QueueUrl, ask);
  assert.deepEqual(bodies([...first, ...second]).sort(), ["1", "2"]);
  assert.deepEqual(first[0].Attributes, { MessageGroupId: "tenant" });
});

test("message: invisible for its timeout, then there again under a new handle", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
  const [first] = await receive(sqs, QueueUrl, { VisibilityTimeout: 1 });
  const start = Date.now();
  assert.deepEqual(await receive(sqs, QueueUrl), []);
  assert.deepEqual(await counts(sqs, QueueUrl), [0, 1, 0]);
  const [again] = await receiveN(sqs, QueueUrl, 1);
  assert.ok(Date.now() - start >= 900);
  assert.equal(again.MessageId, first.MessageId);
  assert.notEqual(again.ReceiptHandle, first.ReceiptHandle);
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: again.ReceiptHandle });
  await sqs.deleteMessage({ QueueUrl, ReceiptHandle: again.ReceiptHandle });
  assert.deepEqual(await counts(sqs, QueueUrl), [0, 0, 0]);
  await refused(
    sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle: again.ReceiptHandle, VisibilityTimeout: 5 }),
    { name: "InvalidParameterValue", message: /Reason: Message does not exist or is not available/ },
  );
});

test("message: a longer visibility holds, and an ended one on a standard queue can be taken up", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
  const [{ ReceiptHandle }] = await receive(sqs, QueueUrl, { VisibilityTimeout: 1 });
  await sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: 2 });
  assert.deepEqual(await receive(sqs, QueueUrl, { WaitTimeSeconds: 1 }), []);
  await sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
  assert.deepEqual(await counts(sqs, QueueUrl), [1, 0, 0]);
  await sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: 30 });
  assert.deepEqual(await counts(sqs, QueueUrl), [0, 1, 0]);
});

test("message: a delay of its own goes before the queue's", async () => {
  const { sqs, QueueUrl } = await freshQueue({ DelaySeconds: "900" });
  await sqs.sendMessage({ QueueUrl, MessageBody: "queue" });
  await sqs.sendMessage({ QueueUrl, MessageBody: "later", DelaySeconds: 1 });
  await sqs.sendMessage({ QueueUrl, MessageBody: "now", DelaySeconds: 0 });
  assert.deepEqual(await counts(sqs, QueueUrl), [1, 0, 2]);
  assert.deepEqual(bodies(await receive(sqs, QueueUrl)), ["now"]);
  assert.deepEqual(bodies(await receiveN(sqs, QueueUrl, 1)), ["later"]);
});

test("long poll: ends with the first message", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  const start = Date.now();
  const poll = receive(sqs, QueueUrl, { WaitTimeSeconds: 20 });
  await seconds(0.2);
  await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
  assert.deepEqual(bodies(await poll), ["x"]);
  assert.ok(Date.now() - start < 5000);
});

test("long poll: waits as long as the queue says, and not when told not to", async () => {
  const { sqs, QueueUrl } = await freshQueue({ ReceiveMessageWaitTimeSeconds: "1" });
  const start = Date.now();
  assert.deepEqual(await receive(sqs, QueueUrl), []);
  const waited = Date.now();
  assert.ok(waited - start >= 950 && waited - start < 5000, `${waited - start} ms`);
  assert.deepEqual(await receive(sqs, QueueUrl, { WaitTimeSeconds: 0 }), []);
  assert.ok(Date.now() - waited < 900);
});

test("long poll: who has gone away gets no message", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  const abort = new AbortController();
  const poll = sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 20 }, { abortSignal: abort.signal });
  await seconds(0.2);
  abort.abort();
  await assert.rejects(poll, { name: "AbortError" });
  await seconds(0.2);
  await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
  assert.deepEqual(bodies(await receive(sqs, QueueUrl)), ["x"]);
});
