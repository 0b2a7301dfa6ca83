// Every action that the SDK has, once: the call succeeds and says what it should.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdk from "@aws-sdk/client-sqs";
import { arnOf, counts, fresh, freshQueue, receive, receiveN, redrivePair, sendAll, spend } from "./calls.mjs";

async function received(n) {
  const { sqs, QueueUrl } = await freshQueue();
  await sendAll(sqs, QueueUrl, Array.from({ length: n }, (_, at) => `body ${at}`));
  return { sqs, QueueUrl, messages: await receiveN(sqs, QueueUrl, n) };
}

const entries = (messages, more = {}) =>
  messages.map(({ ReceiptHandle }, at) => ({ Id: `id-${at}`, ReceiptHandle, ...more }));

/** A dead-letter queue with `n` messages in it. */
async function spent(n) {
  const { sqs, name } = fresh();
  const pair = await redrivePair(sqs, name);
  await sendAll(sqs, pair.source, Array.from({ length: n }, (_, at) => `${at}`));
  await spend(sqs, pair.source, pair.dead, n);
  return { sqs, ...pair };
}

const ACTIONS = {
  async AddPermission() {
    const { sqs, QueueUrl } = await freshQueue();
    await sqs.addPermission({ QueueUrl, Label: "l", AWSAccountIds: ["111111111111"], Actions: ["SendMessage"] });
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["Policy"] });
    assert.equal(JSON.parse(Attributes.Policy).Statement[0].Sid, "l");
  },
  async CancelMessageMoveTask() {
    const { sqs, deadArn: SourceArn } = await spent(5);
    const { TaskHandle } = await sqs.startMessageMoveTask({ SourceArn, MaxNumberOfMessagesPerSecond: 1 });
    const { ApproximateNumberOfMessagesMoved } = await sqs.cancelMessageMoveTask({ TaskHandle });
    assert.ok(ApproximateNumberOfMessagesMoved < 5);
  },
  async ChangeMessageVisibility() {
    const { sqs, QueueUrl, messages } = await received(1);
    const [{ ReceiptHandle }] = messages;
    await sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
    assert.deepEqual(await counts(sqs, QueueUrl), [1, 0, 0]);
  },
  async ChangeMessageVisibilityBatch() {
    const { sqs, QueueUrl, messages } = await received(3);
    const Entries = entries(messages, { VisibilityTimeout: 0 });
    const { Successful, Failed } = await sqs.changeMessageVisibilityBatch({ QueueUrl, Entries });
    assert.deepEqual([Successful, Failed], [Entries.map(({ Id }) => ({ Id })), undefined]);
    assert.deepEqual(await counts(sqs, QueueUrl), [3, 0, 0]);
  },
  async CreateQueue() {
    const { sqs, name } = fresh();
    const { QueueUrl } = await sqs.createQueue({ QueueName: name, tags: { team: "a" } });
    assert.ok(QueueUrl.endsWith(`/${name}`));
    assert.deepEqual((await sqs.listQueueTags({ QueueUrl })).Tags, { team: "a" });
  },
  async DeleteMessage() {
    const { sqs, QueueUrl, messages } = await received(1);
    await sqs.deleteMessage({ QueueUrl, ReceiptHandle: messages[0].ReceiptHandle });
    assert.deepEqual(await counts(sqs, QueueUrl), [0, 0, 0]);
  },
  async DeleteMessageBatch() {
    const { sqs, QueueUrl, messages } = await received(10);
    const { Successful, Failed } = await sqs.deleteMessageBatch({ QueueUrl, Entries: entries(messages) });
    assert.deepEqual([Successful.length, Failed], [10, undefined]);
    assert.deepEqual(await counts(sqs, QueueUrl), [0, 0, 0]);
  },
  async DeleteQueue() {
    const { sqs, QueueUrl } = await freshQueue();
    await sqs.deleteQueue({ QueueUrl });
    assert.equal((await sqs.listQueues({})).QueueUrls, undefined);
  },
  async GetQueueAttributes() {
    const { sqs, QueueUrl, account, name } = await freshQueue();
    assert.equal(await arnOf(sqs, QueueUrl), `arn:aws:sqs:us-east-1:${account}:${name}`);
  },
  async GetQueueUrl() {
    const { sqs, QueueUrl, account, name } = await freshQueue();
    const found = await sqs.getQueueUrl({ QueueName: name, QueueOwnerAWSAccountId: account });
    assert.equal(found.QueueUrl, QueueUrl);
  },
  async ListDeadLetterSourceQueues() {
    const { sqs, name } = fresh();
    const { source, dead } = await redrivePair(sqs, name);
    assert.deepEqual((await sqs.listDeadLetterSourceQueues({ QueueUrl: dead })).queueUrls, [source]);
  },
  async ListMessageMoveTasks() {
    const { sqs, deadArn: SourceArn } = await spent(1);
    assert.equal((await sqs.listMessageMoveTasks({ SourceArn })).Results, undefined);
    await sqs.startMessageMoveTask({ SourceArn });
    const { Results } = await sqs.listMessageMoveTasks({ SourceArn });
    assert.deepEqual(Results.map((task) => task.SourceArn), [SourceArn]);
  },
  async ListQueues() {
    const { sqs, QueueUrl } = await freshQueue();
    assert.deepEqual((await sqs.listQueues({})).QueueUrls, [QueueUrl]);
  },
  async ListQueueTags() {
    const { sqs, QueueUrl } = await freshQueue();
    assert.equal((await sqs.listQueueTags({ QueueUrl })).Tags, undefined);
  },
  async PurgeQueue() {
    const { sqs, QueueUrl } = await received(2);
    await sqs.sendMessage({ QueueUrl, MessageBody: "waiting" });
    await sqs.purgeQueue({ QueueUrl });
    assert.deepEqual(await counts(sqs, QueueUrl), [0, 0, 0]);
  },
  async ReceiveMessage() {
    const { sqs, QueueUrl } = await freshQueue();
    const { MessageId } = await sqs.sendMessage({ QueueUrl, MessageBody: "here" });
    const [message] = await receive(sqs, QueueUrl);
    assert.deepEqual([message.MessageId, message.Body, message.Attributes], [MessageId, "here", undefined]);
  },
  async RemovePermission() {
    const { sqs, QueueUrl } = await freshQueue();
    await sqs.addPermission({ QueueUrl, Label: "l", AWSAccountIds: ["111111111111"], Actions: ["*"] });
    await sqs.removePermission({ QueueUrl, Label: "l" });
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["Policy"] });
    assert.equal(Attributes, undefined);
  },
  async SendMessage() {
    const { sqs, QueueUrl } = await freshQueue();
    const sent = await sqs.sendMessage({ QueueUrl, MessageBody: "hello" });
    assert.match(sent.MessageId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(sent.MD5OfMessageBody, "5d41402abc4b2a76b9719d911017c592");
    assert.equal(sent.SequenceNumber, undefined);
  },
  async SendMessageBatch() {
    const { sqs, QueueUrl } = await freshQueue();
    const sent = await sendAll(sqs, QueueUrl, ["a", "b"]);
    assert.deepEqual(sent.map(({ Id }) => Id), ["n0", "n1"]);
  },
  async SetQueueAttributes() {
    const { sqs, QueueUrl } = await freshQueue();
    await sqs.setQueueAttributes({ QueueUrl, Attributes: { VisibilityTimeout: "7" } });
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["VisibilityTimeout"] });
    assert.deepEqual(Attributes, { VisibilityTimeout: "7" });
  },
  async StartMessageMoveTask() {
    const { sqs, source, deadArn: SourceArn } = await spent(1);
    const { TaskHandle } = await sqs.startMessageMoveTask({ SourceArn });
    assert.ok(TaskHandle.length > 0);
    await receiveN(sqs, source, 1);
  },
  async TagQueue() {
    const { sqs, QueueUrl } = await freshQueue();
    await sqs.tagQueue({ QueueUrl, Tags: { a: "1", b: "" } });
    assert.deepEqual((await sqs.listQueueTags({ QueueUrl })).Tags, { a: "1", b: "" });
  },
  async UntagQueue() {
    const { sqs, QueueUrl } = await freshQueue();
    await sqs.tagQueue({ QueueUrl, Tags: { a: "1", b: "2" } });
    await sqs.untagQueue({ QueueUrl, TagKeys: ["a", "unknown"] });
    assert.deepEqual((await sqs.listQueueTags({ QueueUrl })).Tags, { b: "2" });
  },
};

for (const [action, body] of Object.entries(ACTIONS)) test(`action: ${action}`, body);

test("action: none of the SDK's is left out", () => {
  const commands = Object.keys(sdk).filter((name) => /^[A-Z]\w+Command$/.test(name));
  assert.deepEqual(Object.keys(ACTIONS).sort(), commands.map((name) => name.slice(0, -"Command".length)).sort());
});
