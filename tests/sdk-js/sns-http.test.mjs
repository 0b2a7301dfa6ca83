// HTTP endpoints: confirmed, notified, failing, unsubscribed.

import assert from "node:assert/strict";
import { X509Certificate, verify } from "node:crypto";
import { test } from "node:test";
import { InvalidParameterException } from "@aws-sdk/client-sns";
import { receiveN, seconds, text } from "./calls.mjs";
import {
  addQueue, atOnce, counted, envelopes, freshFifoTopic, freshTopic, printed, snsRefused, subscriptionOf, texts,
} from "./sns.mjs";
import { came, host, newPath, visit } from "./web.mjs";

const SUBSCRIPTION = "SubscriptionConfirmation";
const UNSUBSCRIPTION = "UnsubscribeConfirmation";
const SIGNED = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  [SUBSCRIPTION]: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
  [UNSUBSCRIPTION]: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
};
const invalid = (call, message) => snsRefused(call, InvalidParameterException, "InvalidParameter", 400, message);

/** Demands that a message was signed with the key whose certificate it names. */
async function verified(message) {
  const { status, text: pem } = await visit(message.SigningCertURL);
  assert.equal(status, 200);
  const keys = SIGNED[message.Type].filter((key) => key in message);
  const signed = keys.map((key) => `${key}\n${message[key]}\n`).join("");
  const digest = { 1: "sha1", 2: "sha256" }[message.SignatureVersion];
  const signature = Buffer.from(message.Signature, "base64");
  const { publicKey } = new X509Certificate(pem);
  assert.ok(verify(digest, Buffer.from(signed), publicKey, signature), `${message.Type} is not signed`);
  assert.ok(!verify(digest, Buffer.from(`${signed}x`), publicKey, signature));
}

/** Subscribes a path, unconfirmed: the subscription's ARN, and the message that asks for confirmation. */
async function asked({ sns, TopicArn }, path, attributes = {}) {
  const { SubscriptionArn } = await sns.subscribe({
    TopicArn,
    Protocol: "http",
    Endpoint: path.url,
    Attributes: texts(attributes),
    ReturnSubscriptionArn: true,
  });
  const [request] = await came(path, 1, SUBSCRIPTION);
  return { SubscriptionArn, request, message: JSON.parse(request.text) };
}

/** A place with a topic and an endpoint that has confirmed. */
async function confirmed(attributes = {}, topic = {}) {
  const here = await freshTopic(topic);
  const path = newPath();
  const { SubscriptionArn, message } = await asked(here, path, attributes);
  assert.equal((await visit(message.SubscribeURL)).status, 200);
  return { ...here, path, SubscriptionArn };
}

const headersOf = (request, more) => ({
  "x-amz-sns-message-type": request.kind,
  "content-type": "text/plain; charset=UTF-8",
  "user-agent": "Amazon Simple Notification Service Agent",
  "accept-encoding": "gzip,deflate",
  connection: "Keep-Alive",
  host,
  "content-length": String(Buffer.byteLength(request.text)),
  ...more,
});

for (const version of ["1", "2"]) {
  test(`http: the confirmation, signature version ${version}`, async () => {
    const here = await freshTopic({ SignatureVersion: version });
    const { TopicArn } = here;
    const { request, message } = await asked(here, newPath());
    assert.equal(request.method, "POST");
    assert.deepEqual(
      request.headers,
      headersOf(request, { "x-amz-sns-message-id": message.MessageId, "x-amz-sns-topic-arn": TopicArn }),
    );
    assert.deepEqual(Object.keys(message), [
      "Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp", "SignatureVersion",
      "Signature", "SigningCertURL",
    ]);
    assert.equal(request.text, printed(message));
    assert.equal(
      message.Message,
      `You have chosen to subscribe to the topic ${TopicArn}.\n` +
        "To confirm the subscription, visit the SubscribeURL included in this message.",
    );
    const link = `/?Action=ConfirmSubscription&TopicArn=${TopicArn}&Token=${message.Token}`;
    assert.ok(message.SubscribeURL.endsWith(link), message.SubscribeURL);
    assert.equal(message.SignatureVersion, version);
    await verified(message);
  });

  test(`http: the notification, signature version ${version}`, async () => {
    const { sns, TopicArn, SubscriptionArn, path } = await confirmed({}, { SignatureVersion: version });
    const MessageAttributes = { kind: text("v") };
    const Message = "Grüße\n🚀";
    const { MessageId } = await sns.publish({ TopicArn, Message, Subject: "s", MessageAttributes });
    const [request] = await came(path, 1);
    const message = JSON.parse(request.text);
    assert.deepEqual(
      request.headers,
      headersOf(request, {
        "x-amz-sns-message-id": MessageId,
        "x-amz-sns-topic-arn": TopicArn,
        "x-amz-sns-subscription-arn": SubscriptionArn,
      }),
    );
    assert.deepEqual(Object.keys(message), [
      "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
      "SigningCertURL", "UnsubscribeURL", "MessageAttributes",
    ]);
    assert.deepEqual([message.MessageId, message.Message, message.Subject], [MessageId, Message, "s"]);
    assert.deepEqual(message.MessageAttributes, { kind: { Type: "String", Value: "v" } });
    await verified(message);
  });
}

test("http: pending until the link is visited, which may be done twice", async () => {
  const here = await freshTopic();
  const { sns, TopicArn } = here;
  const path = newPath();
  const plain = await sns.subscribe({ TopicArn, Protocol: "http", Endpoint: newPath().url });
  assert.equal(plain.SubscriptionArn, "pending confirmation");
  const { SubscriptionArn, message } = await asked(here, path);
  const listed = (await sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions;
  assert.deepEqual(listed.map((one) => one.SubscriptionArn), ["PendingConfirmation", "PendingConfirmation"]);
  assert.deepEqual(await counted(sns, TopicArn), [0, 2, 0]);
  assert.equal((await subscriptionOf(sns, SubscriptionArn)).PendingConfirmation, "true");
  await sns.publish({ TopicArn, Message: "too early" });
  await invalid(sns.unsubscribe({ SubscriptionArn }), /^Invalid parameter: /);
  for (const _ of [1, 2]) {
    const { status, text: page } = await visit(message.SubscribeURL);
    assert.equal(status, 200);
    assert.match(page, /<ConfirmSubscriptionResponse /);
    assert.ok(page.includes(`<SubscriptionArn>${SubscriptionArn}</SubscriptionArn>`), page);
  }
  const { PendingConfirmation, ConfirmationWasAuthenticated } = await subscriptionOf(sns, SubscriptionArn);
  assert.deepEqual([PendingConfirmation, ConfirmationWasAuthenticated], ["false", "false"]);
  assert.deepEqual(await counted(sns, TopicArn), [1, 1, 0]);
  await sns.publish({ TopicArn, Message: "in time" });
  const [notification] = await came(path, 1);
  assert.equal(JSON.parse(notification.text).Message, "in time");
});

test("http: confirmed by a call", async () => {
  const here = await freshTopic();
  const { sns, TopicArn } = here;
  const { SubscriptionArn, message } = await asked(here, newPath());
  const confirm = (Token) => sns.confirmSubscription({ TopicArn, Token, AuthenticateOnUnsubscribe: "true" });
  await invalid(confirm("randomtoken"), "Invalid token");
  const last = message.Token.endsWith("0000") ? "1111" : "0000";
  await invalid(confirm(message.Token.slice(0, -4) + last), "Invalid parameter: Token");
  assert.equal((await confirm(message.Token)).SubscriptionArn, SubscriptionArn);
  assert.equal((await confirm(message.Token)).SubscriptionArn, SubscriptionArn);
  assert.equal((await subscriptionOf(sns, SubscriptionArn)).ConfirmationWasAuthenticated, "true");
});

test("http: subscribing again asks again, until it is confirmed", async () => {
  const here = await freshTopic();
  const path = newPath();
  const { SubscriptionArn, message } = await asked(here, path);
  const again = () =>
    here.sns.subscribe({
      TopicArn: here.TopicArn, Protocol: "http", Endpoint: path.url, ReturnSubscriptionArn: true,
    });
  assert.equal((await again()).SubscriptionArn, SubscriptionArn);
  const second = JSON.parse((await came(path, 2, SUBSCRIPTION))[1].text);
  assert.notEqual(second.MessageId, message.MessageId);
  await visit(second.SubscribeURL);
  assert.equal((await again()).SubscriptionArn, SubscriptionArn);
  await here.sns.publish({ TopicArn: here.TopicArn, Message: "x" });
  await came(path, 1);
  await came(path, 2, SUBSCRIPTION);
});

test("http: raw delivery is the text alone, of the type that the policy says", async () => {
  const { sns, TopicArn, SubscriptionArn, path } = await confirmed({
    RawMessageDelivery: "true",
    DeliveryPolicy: { requestPolicy: { headerContentType: "text/csv" } },
  });
  const { MessageId } = await sns.publish({ TopicArn, Message: "a;ü", MessageAttributes: { kind: text("v") } });
  const [request] = await came(path, 1);
  assert.equal(request.text, "a;ü");
  assert.deepEqual(
    request.headers,
    headersOf(request, {
      "content-type": "text/csv",
      "x-amz-sns-rawdelivery": "true",
      "x-amz-sns-message-id": MessageId,
      "x-amz-sns-topic-arn": TopicArn,
      "x-amz-sns-subscription-arn": SubscriptionArn,
    }),
  );
});

test("http: filters and structures", async () => {
  const { sns, TopicArn, path } = await confirmed({ FilterPolicy: { kind: ["a"] }, RawMessageDelivery: "true" });
  const Message = '{"default":"d","http":"h","https":"s"}';
  for (const kind of ["b", "a"]) {
    await sns.publish({ TopicArn, Message, MessageStructure: "json", MessageAttributes: { kind: text(kind) } });
  }
  assert.equal((await came(path, 1))[0].text, "h");
});

test("http: what may pass is tried again, the same each time", async () => {
  const { sns, TopicArn, path } = await confirmed({ DeliveryPolicy: atOnce(4) });
  path.answers = [500, 503, 429];
  const { MessageId } = await sns.publish({ TopicArn, Message: "x" });
  const requests = await came(path, 4);
  assert.equal(new Set(requests.map((request) => request.text)).size, 1);
  assert.deepEqual([...new Set(requests.map((request) => request.headers["x-amz-sns-message-id"]))], [MessageId]);
});

test("http: pauses are kept", async () => {
  const healthyRetryPolicy = { minDelayTarget: 1, maxDelayTarget: 1, numRetries: 2 };
  const { sns, TopicArn, path } = await confirmed({ DeliveryPolicy: { healthyRetryPolicy } });
  path.answers = [500, 500];
  await sns.publish({ TopicArn, Message: "x" });
  const [first, second, third] = await came(path, 3);
  for (const pause of [second.at - first.at, third.at - second.at]) {
    assert.ok(pause >= 850 && pause < 4000, `${pause} ms`);
  }
});

for (const [status, attempts] of [[500, 3], [404, 1], [302, 1]]) {
  test(`http: status ${status} ends in the dead-letter queue after ${attempts}`, async () => {
    const here = await freshTopic();
    const dead = await addQueue(here, `${here.name}-dead`);
    const path = newPath();
    const RedrivePolicy = { deadLetterTargetArn: dead.QueueArn };
    const { message } = await asked(here, path, { DeliveryPolicy: atOnce(2), RedrivePolicy });
    await visit(message.SubscribeURL);
    path.otherwise = status;
    const { MessageId } = await here.sns.publish({ TopicArn: here.TopicArn, Message: "lost" });
    const [letter] = await receiveN(here.sqs, dead.QueueUrl, 1, { MessageAttributeNames: ["All"] });
    const requests = await came(path, attempts);
    assert.equal(letter.Body, requests.at(-1).text);
    assert.equal(envelopes([letter])[0].MessageId, MessageId);
    assert.equal(letter.MessageAttributes, undefined);
    // It is well again: the next one is delivered.
    path.otherwise = 200;
    await here.sns.publish({ TopicArn: here.TopicArn, Message: "next" });
    await came(path, attempts + 1);
  });
}

test("http: one that fails does not hold up the others", async () => {
  const { sns, TopicArn, path } = await confirmed({ DeliveryPolicy: atOnce(0) });
  const well = newPath();
  const { message } = await asked({ sns, TopicArn }, well);
  await visit(message.SubscribeURL);
  path.otherwise = 500;
  for (let at = 0; at < 5; at += 1) await sns.publish({ TopicArn, Message: `${at}` });
  await came(well, 5);
});

test("http: the effective delivery policy", async () => {
  const { sns, SubscriptionArn } = await confirmed();
  const effective = async () => JSON.parse((await subscriptionOf(sns, SubscriptionArn)).EffectiveDeliveryPolicy);
  const set = (AttributeValue) =>
    sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName: "DeliveryPolicy", AttributeValue });
  assert.equal((await effective()).healthyRetryPolicy.numRetries, 3);
  await set('{"healthyRetryPolicy":{"numRetries":0},"throttlePolicy":{"maxReceivesPerSecond":7}}');
  const { healthyRetryPolicy, throttlePolicy, requestPolicy } = await effective();
  assert.deepEqual([healthyRetryPolicy.numRetries, healthyRetryPolicy.minDelayTarget], [0, 20]);
  assert.deepEqual(throttlePolicy, { maxReceivesPerSecond: 7 });
  assert.deepEqual(requestPolicy, { headerContentType: "text/plain; charset=UTF-8" });
  const { DeliveryPolicy } = await subscriptionOf(sns, SubscriptionArn);
  assert.equal(JSON.parse(DeliveryPolicy).sicklyRetryPolicy, null);
  await invalid(set('{"healthyRetryPolicy":{"numRetries":101}}'), /^Invalid parameter: /);
  await invalid(set('{"throttlePolicy":{"maxReceivesPerSecond":0}}'), /^Invalid parameter: /);
});

test("http: a throttle spreads deliveries over time", async () => {
  const { sns, TopicArn, path } = await confirmed({ DeliveryPolicy: { throttlePolicy: { maxReceivesPerSecond: 2 } } });
  for (let at = 0; at < 5; at += 1) await sns.publish({ TopicArn, Message: `${at}` });
  const requests = await came(path, 5);
  assert.ok(requests.at(-1).at - requests[0].at >= 900, JSON.stringify(requests.map(({ at }) => at)));
});

test("http: the unsubscribe link, and the way back", async () => {
  const { sns, TopicArn, SubscriptionArn, path } = await confirmed();
  await sns.publish({ TopicArn, Message: "one" });
  const link = JSON.parse((await came(path, 1))[0].text).UnsubscribeURL;
  const { status, text: page } = await visit(link);
  assert.equal(status, 200);
  assert.match(page, /<UnsubscribeResponse /);
  const [request] = await came(path, 1, UNSUBSCRIPTION);
  const message = JSON.parse(request.text);
  assert.equal(request.headers["x-amz-sns-subscription-arn"], SubscriptionArn);
  assert.equal(
    message.Message,
    `You have chosen to deactivate subscription ${SubscriptionArn}.\n` +
      "To cancel this operation and restore the subscription, visit the SubscribeURL included in this message.",
  );
  await verified(message);
  await sns.publish({ TopicArn, Message: "between" });
  assert.equal((await visit(message.SubscribeURL)).status, 200);
  await sns.publish({ TopicArn, Message: "two" });
  const [, second] = await came(path, 2);
  assert.equal(JSON.parse(second.text).Message, "two");
});

test("http: unsubscribed by its owner it gets nothing more", async () => {
  const { sns, TopicArn, SubscriptionArn, path } = await confirmed();
  await sns.unsubscribe({ SubscriptionArn });
  await sns.publish({ TopicArn, Message: "x" });
  await seconds(0.5);
  assert.deepEqual(path.requests.map(({ kind }) => kind), [SUBSCRIPTION]);
});

test("http: FIFO topics have no such endpoints", async () => {
  const { sns, TopicArn } = await freshFifoTopic();
  await invalid(sns.subscribe({ TopicArn, Protocol: "http", Endpoint: newPath().url }), /^Invalid parameter: /);
});
