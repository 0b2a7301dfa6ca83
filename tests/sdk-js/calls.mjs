// What the tests ask and expect in the same words.
//
// POSTRIDER_ENDPOINT names a running server in open mode, where an access key id of 12 digits is the account:
// every test takes an account of its own and so never sees the queues of another.

import assert from "node:assert/strict";
import { SQS, SQSServiceException } from "@aws-sdk/client-sqs";

export const endpoint = process.env.POSTRIDER_ENDPOINT;
assert.ok(endpoint, "POSTRIDER_ENDPOINT is not set");

/** A client as a program on AWS has it, but for the endpoint; errors come at once, not after retries. */
export function client(account, settings = {}) {
  return new SQS({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: account, secretAccessKey: "any" },
    maxAttempts: 1,
    ...settings,
  });
}

let made = 0;

/** An account that no other test uses, with a client of it and a name for a queue. */
export function fresh() {
  made += 1;
  const account = String(310_000_000_000 + (process.pid % 1_000_000) * 10_000 + made);
  return { account, sqs: client(account), name: `js-${made}-${process.pid}` };
}

/** A fresh account with one queue. */
export async function freshQueue(Attributes = {}) {
  const { account, sqs, name } = fresh();
  const { QueueUrl } = await sqs.createQueue({ QueueName: name, Attributes });
  return { account, sqs, name, QueueUrl };
}

/** A fresh account with one FIFO queue. */
export async function freshFifo(Attributes = {}) {
  const { account, sqs, name: stem } = fresh();
  const name = `${stem}.fifo`;
  const { QueueUrl } = await sqs.createQueue({
    QueueName: name,
    Attributes: { FifoQueue: "true", ...Attributes },
  });
  return { account, sqs, name, QueueUrl };
}

/** Demands that a call fails, and how the SDK shows it. The query code is the name unless `Code` is given. */
export async function refused(call, { name, Code = name, status = 400, message, type = SQSServiceException }) {
  const error = await call.then(
    () => assert.fail(`${name} was expected, and the call succeeded`),
    (caught) => caught,
  );
  if (!(error instanceof SQSServiceException)) throw error;
  const seen = [error.name, error.Code, error.$fault, error.$metadata.httpStatusCode];
  assert.deepEqual(seen, [name, Code, "client", status], error.message);
  assert.ok(error instanceof type, `${error.constructor.name} is no ${type.name}`);
  assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
  if (message instanceof RegExp) assert.match(error.message, message);
  else if (message !== undefined) assert.equal(error.message, message);
}

/** The codes of SQS that the Query protocol knows under a longer name. */
export const long = (name) => `AWS.SimpleQueueService.${name}`;

export async function arnOf(sqs, QueueUrl) {
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["QueueArn"] });
  return Attributes.QueueArn;
}

/** Visible, in flight, delayed. */
export async function counts(sqs, QueueUrl) {
  const names = ["", "NotVisible", "Delayed"].map((end) => `ApproximateNumberOfMessages${end}`);
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: names });
  return names.map((name) => Number(Attributes[name]));
}

/** The messages of one receive. */
export async function receive(sqs, QueueUrl, more = {}) {
  const { Messages } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, ...more });
  return Messages ?? [];
}

/** Receives until there are `n` messages; a long poll that comes back empty is the bound. */
export async function receiveN(sqs, QueueUrl, n, more = {}) {
  const messages = [];
  while (messages.length < n) {
    const some = await receive(sqs, QueueUrl, { WaitTimeSeconds: 5, ...more });
    assert.ok(some.length > 0, `${messages.length} of ${n} messages came`);
    messages.push(...some);
  }
  assert.equal(messages.length, n);
  return messages;
}

/** Sends `bodies` in batches of ten, in order. */
export async function sendAll(sqs, QueueUrl, bodies, more = {}) {
  const sent = [];
  for (let at = 0; at < bodies.length; at += 10) {
    const Entries = bodies.slice(at, at + 10).map((MessageBody, n) => ({ Id: `n${n}`, MessageBody, ...more }));
    const { Successful, Failed } = await sqs.sendMessageBatch({ QueueUrl, Entries });
    assert.equal(Failed, undefined);
    sent.push(...Successful);
  }
  return sent;
}

export const bodies = (messages) => messages.map((message) => message.Body);

export const text = (StringValue) => ({ DataType: "String", StringValue });

export const seconds = (n) => new Promise((resolve) => setTimeout(resolve, n * 1000));

/** Waits until `probe` gives something that holds, and gives it. */
export async function eventually(what, probe, within = 10) {
  const end = Date.now() + within * 1000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    assert.ok(Date.now() < end, `not within ${within} s: ${what}`);
    await seconds(0.02);
  }
}

/** A queue and its dead-letter queue: after `maxReceiveCount` receives a message moves. */
export async function redrivePair(sqs, name, maxReceiveCount = 1, Attributes = {}) {
  const end = Attributes.FifoQueue ? ".fifo" : "";
  const dead = (await sqs.createQueue({ QueueName: `${name}-dead${end}`, Attributes })).QueueUrl;
  const deadArn = await arnOf(sqs, dead);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount });
  const source = await sqs.createQueue({ QueueName: `${name}${end}`, Attributes: { ...Attributes, RedrivePolicy } });
  return { source: source.QueueUrl, sourceArn: await arnOf(sqs, source.QueueUrl), dead, deadArn };
}

/** Receives from `source` without holding on to anything until `n` messages lie in `dead`. */
export async function spend(sqs, source, dead, n) {
  await eventually(`${n} messages in the dead-letter queue`, async () => {
    await receive(sqs, source, { VisibilityTimeout: 0 });
    return (await counts(sqs, dead))[0] === n;
  });
}
