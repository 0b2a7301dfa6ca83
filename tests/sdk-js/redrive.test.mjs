// Dead-letter queues and move tasks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { paginateListDeadLetterSourceQueues, ResourceNotFoundException } from "@aws-sdk/client-sqs";
import {
  arnOf, bodies, counts, eventually, fresh, receive, receiveN, redrivePair, refused, sendAll, spend, text,
} from "./calls.mjs";

const policyOf = async (sqs, QueueUrl) => {
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["RedrivePolicy"] });
  return Attributes?.RedrivePolicy;
};

/** A dead-letter queue with the messages `0` to `n - 1`, and the source that they came from. */
async function spent(n) {
  const { sqs, name } = fresh();
  const pair = await redrivePair(sqs, name);
  const wanted = Array.from({ length: n }, (_, at) => `${at}`);
  await sendAll(sqs, pair.source, wanted);
  await spend(sqs, pair.source, pair.dead, n);
  return { sqs, name, wanted, ...pair };
}

/** The newest task of a queue, when it is in one of these states. */
const settled = (sqs, SourceArn, ...states) =>
  eventually(`a task that is ${states}`, async () => {
    const { Results } = await sqs.listMessageMoveTasks({ SourceArn });
    return states.includes(Results?.[0]?.Status) && Results[0];
  });

test("redrive: a message moves when it would be received once more, and stays itself", async () => {
  const { sqs, name } = fresh();
  const { source, sourceArn, dead } = await redrivePair(sqs, name, 2);
  const MessageAttributes = { Hello: text("There") };
  const sent = await sqs.sendMessage({ QueueUrl: source, MessageBody: "poison", MessageAttributes });
  const ask = { VisibilityTimeout: 0, MessageSystemAttributeNames: ["All"], MessageAttributeNames: ["All"] };
  const [once] = await receiveN(sqs, source, 1, ask);
  const [twice] = await receiveN(sqs, source, 1, ask);
  assert.equal(twice.Attributes.ApproximateReceiveCount, "2");
  assert.equal(twice.Attributes.DeadLetterQueueSourceArn, undefined);
  assert.deepEqual(await receive(sqs, source), []);
  const [moved] = await receiveN(sqs, dead, 1, ask);
  assert.deepEqual([moved.MessageId, moved.Body], [sent.MessageId, "poison"]);
  assert.equal(moved.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
  assert.equal(moved.Attributes.SentTimestamp, once.Attributes.SentTimestamp);
  assert.equal(moved.Attributes.ApproximateReceiveCount, "3");
  assert.equal(moved.Attributes.DeadLetterQueueSourceArn, sourceArn);
  assert.deepEqual(await counts(sqs, source), [0, 0, 0]);
});

test("redrive: a message deleted in time does not move", async () => {
  const { sqs, name } = fresh();
  const { source, dead } = await redrivePair(sqs, name);
  await sqs.sendMessage({ QueueUrl: source, MessageBody: "fine" });
  const [{ ReceiptHandle }] = await receiveN(sqs, source, 1);
  await sqs.deleteMessage({ QueueUrl: source, ReceiptHandle });
  assert.deepEqual(await receive(sqs, source), []);
  assert.deepEqual(await counts(sqs, dead), [0, 0, 0]);
});

test("redrive: in a FIFO queue the group goes on with the next, and the order is kept", async () => {
  const { sqs, name } = fresh();
  const attributes = { FifoQueue: "true", ContentBasedDeduplication: "true" };
  const { source, dead } = await redrivePair(sqs, name, 1, attributes);
  await sendAll(sqs, source, ["1", "2", "3"], { MessageGroupId: "g" });
  const ask = { MaxNumberOfMessages: 1, VisibilityTimeout: 0, MessageSystemAttributeNames: ["All"] };
  const seen = [];
  await eventually("three messages in the dead-letter queue", async () => {
    seen.push(...bodies(await receive(sqs, source, ask)));
    return (await counts(sqs, dead))[0] === 3;
  });
  assert.deepEqual(seen, ["1", "2", "3"]);
  const moved = await receiveN(sqs, dead, 3, { MessageSystemAttributeNames: ["All"] });
  assert.deepEqual(bodies(moved), ["1", "2", "3"]);
  assert.deepEqual(moved.map((message) => message.Attributes.MessageGroupId), ["g", "g", "g"]);
});

test("redrive: the policy comes back in AWS's form, and the empty one removes it", async () => {
  const { sqs, name } = fresh();
  const { source, deadArn } = await redrivePair(sqs, name, "5");
  assert.equal(await policyOf(sqs, source), `{"deadLetterTargetArn":"${deadArn}","maxReceiveCount":5}`);
  await sqs.setQueueAttributes({ QueueUrl: source, Attributes: { RedrivePolicy: "" } });
  assert.equal(await policyOf(sqs, source), undefined);
});

test("redrive: what a policy must not be", async () => {
  const { sqs, name } = fresh();
  const { source, deadArn } = await redrivePair(sqs, name);
  const set = (policy) => {
    const RedrivePolicy = typeof policy === "string" ? policy : JSON.stringify(policy);
    return sqs.setQueueAttributes({ QueueUrl: source, Attributes: { RedrivePolicy } });
  };
  const wrong = (reason) => ({ name: "InvalidParameterValue", message: reason });
  await refused(set("no json"), {
    name: "InvalidAttributeValue",
    message: "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.",
  });
  await refused(set({ deadLetterTargetArn: deadArn }), wrong(/mandatory attribute: maxReceiveCount\.$/));
  await refused(set({ maxReceiveCount: 1 }), wrong(/mandatory attribute: deadLetterTargetArn\.$/));
  await refused(
    set({ deadLetterTargetArn: deadArn, maxReceiveCount: 1001 }),
    wrong(/Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive\.$/),
  );
  await refused(
    set({ deadLetterTargetArn: `${deadArn}-not`, maxReceiveCount: 1 }),
    wrong(/Dead letter target does not exist\.$/),
  );
  const fifo = await sqs.createQueue({ QueueName: `${name}.fifo`, Attributes: { FifoQueue: "true" } });
  await refused(
    set({ deadLetterTargetArn: await arnOf(sqs, fifo.QueueUrl), maxReceiveCount: 1 }),
    wrong(/Dead-letter queue must be same type of queue as the source\.\.$/),
  );
});

test("redrive: a queue may refuse to be somebody's dead-letter queue", async () => {
  const { sqs, name } = fresh();
  const { source, sourceArn, dead, deadArn } = await redrivePair(sqs, name);
  const other = (await sqs.createQueue({ QueueName: `${name}-other` })).QueueUrl;
  const allow = (policy) =>
    sqs.setQueueAttributes({ QueueUrl: dead, Attributes: { RedriveAllowPolicy: JSON.stringify(policy) } });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 3 });
  const set = (QueueUrl) => sqs.setQueueAttributes({ QueueUrl, Attributes: { RedrivePolicy } });
  await allow({ redrivePermission: "denyAll" });
  await refused(set(other), { name: "InvalidParameterValue" });
  await allow({ redrivePermission: "byQueue", sourceQueueArns: [sourceArn] });
  await refused(set(other), { name: "InvalidParameterValue" });
  await set(source);
  await allow({ redrivePermission: "allowAll" });
  await set(other);
  await refused(allow({ redrivePermission: "byQueue" }), { name: "InvalidParameterValue" });
});

test("redrive: the sources of a dead-letter queue, page by page", async () => {
  const { sqs, name } = fresh();
  const { source, dead, deadArn } = await redrivePair(sqs, name);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 3 });
  const wanted = [source];
  for (const at of [1, 2, 3, 4]) {
    wanted.push((await sqs.createQueue({ QueueName: `${name}-${at}`, Attributes: { RedrivePolicy } })).QueueUrl);
  }
  const seen = [];
  const paginator = paginateListDeadLetterSourceQueues({ client: sqs, pageSize: 2 }, { QueueUrl: dead });
  for await (const { queueUrls } of paginator) seen.push(...queueUrls);
  assert.deepEqual(seen.sort(), wanted.sort());
  assert.equal((await sqs.listDeadLetterSourceQueues({ QueueUrl: source })).queueUrls, undefined);
});

test("move: everything goes back to where it came from, as new", async () => {
  const { sqs, source, dead, deadArn, wanted } = await spent(12);
  const { TaskHandle } = await sqs.startMessageMoveTask({ SourceArn: deadArn });
  assert.ok(TaskHandle);
  const messages = await receiveN(sqs, source, 12, { MessageSystemAttributeNames: ["All"] });
  assert.deepEqual(bodies(messages).sort(), wanted.sort());
  assert.deepEqual([...new Set(messages.map((m) => m.Attributes.ApproximateReceiveCount))], ["1"]);
  const task = await settled(sqs, deadArn, "COMPLETED");
  assert.equal(task.ApproximateNumberOfMessagesMoved, 12);
  assert.equal(task.SourceArn, deadArn);
  assert.equal(task.TaskHandle, undefined);
  assert.ok(Math.abs(task.StartedTimestamp - Date.now()) < 60_000);
  assert.deepEqual(await counts(sqs, dead), [0, 0, 0]);
});

test("move: messages of several sources go back to their own", async () => {
  const { sqs, source, dead, deadArn, name } = await spent(2);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 1 });
  const second = await sqs.createQueue({ QueueName: `${name}-second`, Attributes: { RedrivePolicy } });
  await sendAll(sqs, second.QueueUrl, ["a", "b", "c"]);
  await spend(sqs, second.QueueUrl, dead, 5);
  await sqs.startMessageMoveTask({ SourceArn: deadArn });
  assert.deepEqual(bodies(await receiveN(sqs, source, 2)).sort(), ["0", "1"]);
  assert.deepEqual(bodies(await receiveN(sqs, second.QueueUrl, 3)).sort(), ["a", "b", "c"]);
});

test("move: to a queue that is named", async () => {
  const { sqs, source, deadArn, name, wanted } = await spent(3);
  const { QueueUrl } = await sqs.createQueue({ QueueName: `${name}-elsewhere` });
  const DestinationArn = await arnOf(sqs, QueueUrl);
  await sqs.startMessageMoveTask({ SourceArn: deadArn, DestinationArn });
  assert.deepEqual(bodies(await receiveN(sqs, QueueUrl, 3)).sort(), wanted);
  assert.equal((await settled(sqs, deadArn, "COMPLETED")).DestinationArn, DestinationArn);
  assert.deepEqual(await counts(sqs, source), [0, 0, 0]);
  await refused(sqs.startMessageMoveTask({ SourceArn: deadArn, DestinationArn: `${DestinationArn}-not` }), {
    name: "ResourceNotFoundException",
    status: 404,
    type: ResourceNotFoundException,
    message: "The resource that you specified for the DestinationArn parameter doesn't exist.",
  });
});

test("move: a slow one can be seen and cancelled, and nothing is lost", async () => {
  const { sqs, source, dead, deadArn } = await spent(8);
  const start = () => sqs.startMessageMoveTask({ SourceArn: deadArn, MaxNumberOfMessagesPerSecond: 1 });
  const { TaskHandle } = await start();
  const running = await settled(sqs, deadArn, "RUNNING");
  assert.deepEqual([running.TaskHandle, running.MaxNumberOfMessagesPerSecond], [TaskHandle, 1]);
  await refused(start(), {
    name: "InvalidParameterValue",
    message:
      "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
  });
  const { ApproximateNumberOfMessagesMoved: moved } = await sqs.cancelMessageMoveTask({ TaskHandle });
  assert.ok(moved >= 0 && moved < 8);
  await settled(sqs, deadArn, "CANCELLED");
  await eventually("each message in one place", async () => {
    return (await counts(sqs, source))[0] + (await counts(sqs, dead))[0] === 8;
  });
  assert.ok((await counts(sqs, dead))[0] > 0);
  const Handle = Buffer.from(JSON.stringify({ taskId: "00000000-0000-4000-8000-000000000000", sourceArn: deadArn }));
  await refused(sqs.cancelMessageMoveTask({ TaskHandle: Handle.toString("base64") }), {
    name: "ResourceNotFoundException",
    status: 404,
    message: "Task does not exist.",
  });
});

test("move: tasks are listed from the newest on", async () => {
  const { sqs, source, dead, deadArn } = await spent(1);
  await sqs.startMessageMoveTask({ SourceArn: deadArn });
  await settled(sqs, deadArn, "COMPLETED");
  await spend(sqs, source, dead, 1);
  await sqs.startMessageMoveTask({ SourceArn: deadArn });
  await settled(sqs, deadArn, "COMPLETED");
  const { Results } = await sqs.listMessageMoveTasks({ SourceArn: deadArn, MaxResults: 10 });
  assert.equal(Results.length, 2);
  assert.ok(Results[0].StartedTimestamp >= Results[1].StartedTimestamp);
  assert.equal((await sqs.listMessageMoveTasks({ SourceArn: deadArn })).Results.length, 1);
});
