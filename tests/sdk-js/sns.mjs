// What the tests of topics ask and expect in the same words; the rest is in calls.mjs.

import assert from "node:assert/strict";
import { SNS, SNSServiceException } from "@aws-sdk/client-sns";
import { arnOf, endpoint, fresh } from "./calls.mjs";

/** A client as a program on AWS has it, but for the endpoint; errors come at once, not after retries. */
export function snsClient(account, settings = {}) {
  return new SNS({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: account, secretAccessKey: "any" },
    maxAttempts: 1,
    ...settings,
  });
}

/** An account that no other test uses, with clients of both services and a name. */
export function place() {
  const { account, sqs, name } = fresh();
  return { account, sqs, sns: snsClient(account), name };
}

/** A place with one topic. */
export async function freshTopic(Attributes = {}) {
  const here = place();
  const { TopicArn } = await here.sns.createTopic({ Name: here.name, Attributes });
  return { ...here, TopicArn };
}

/** A place with one FIFO topic. */
export async function freshFifoTopic(Attributes = {}) {
  const here = place();
  const all = { FifoTopic: "true", ...Attributes };
  const { TopicArn } = await here.sns.createTopic({ Name: `${here.name}.fifo`, Attributes: all });
  return { ...here, TopicArn };
}

/** A queue of a place. */
export async function addQueue({ sqs }, QueueName, Attributes = {}) {
  const { QueueUrl } = await sqs.createQueue({ QueueName, Attributes });
  return { QueueUrl, QueueArn: await arnOf(sqs, QueueUrl) };
}

/** A new queue that is subscribed to the topic of a place. Attributes that are no text become JSON. */
export async function subscribeQueue(here, attributes = {}, queue = {}) {
  const end = queue.FifoQueue ? ".fifo" : "";
  const made = await addQueue(here, `${here.name}-q${(here.queues = (here.queues ?? 0) + 1)}${end}`, queue);
  const { SubscriptionArn } = await here.sns.subscribe({
    TopicArn: here.TopicArn,
    Protocol: "sqs",
    Endpoint: made.QueueArn,
    Attributes: texts(attributes),
  });
  return { ...made, SubscriptionArn };
}

/** A place with one topic and one queue that is subscribed to it. */
export async function freshSubscription(attributes = {}, topic = {}) {
  const here = await freshTopic(topic);
  return { ...here, ...(await subscribeQueue(here, attributes)) };
}

export const texts = (attributes) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

export async function topicOf(sns, TopicArn) {
  return (await sns.getTopicAttributes({ TopicArn })).Attributes;
}

export async function subscriptionOf(sns, SubscriptionArn) {
  return (await sns.getSubscriptionAttributes({ SubscriptionArn })).Attributes;
}

/** Confirmed, pending and deleted subscriptions of a topic. */
export async function counted(sns, TopicArn) {
  const attributes = await topicOf(sns, TopicArn);
  return ["Confirmed", "Pending", "Deleted"].map((what) => Number(attributes[`Subscriptions${what}`]));
}

/** Demands that a call fails, and how the SDK shows it. */
export async function snsRefused(call, type, Code, status, message) {
  const error = await call.then(
    () => assert.fail(`${Code} was expected, and the call succeeded`),
    (caught) => caught,
  );
  if (!(error instanceof SNSServiceException)) throw error;
  const seen = [error.Code ?? error.Error?.Code ?? error.name, error.$fault, error.$metadata.httpStatusCode];
  assert.deepEqual(seen, [Code, "client", status], error.message);
  assert.ok(error instanceof type, `${error.constructor.name} is no ${type.name}`);
  assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
  if (message instanceof RegExp) assert.match(error.message, message);
  else assert.equal(error.message, message);
}

/** What is in the envelopes that lie in a queue. */
export const envelopes = (messages) => messages.map(({ Body }) => JSON.parse(Body));

export const number = (n) => ({ DataType: "Number", StringValue: String(n) });

export const binary = (...bytes) => ({ DataType: "Binary", BinaryValue: Uint8Array.from(bytes) });

/** A delivery policy of a subscription: that many retries, without a pause. */
export const atOnce = (numRetries) => ({
  healthyRetryPolicy: { numRetries, numNoDelayRetries: numRetries },
});

/** An envelope as AWS prints it: a line for each key, spaces on both sides of the colon. */
export function printed(message) {
  const lines = Object.entries(message).map(([key, value]) => `  "${key}" : ${JSON.stringify(value)}`);
  return `{\n${lines.join(",\n")}\n}`;
}
