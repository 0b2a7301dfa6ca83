// Queues that are subscribed: what they get, by which filters, and what is refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  InvalidParameterException, InvalidParameterValueException, NotFoundException, paginateListSubscriptions,
  paginateListSubscriptionsByTopic,
} from "@aws-sdk/client-sns";
import { bodies, receive, receiveN, text } from "./calls.mjs";
import {
  addQueue, binary, counted, envelopes, freshSubscription, freshTopic, number, snsRefused, subscribeQueue,
  subscriptionOf,
} from "./sns.mjs";

const invalid = (call, message) => snsRefused(call, InvalidParameterException, "InvalidParameter", 400, message);
const ATTRIBUTES = {
  kind: text("ü"),
  custom: { DataType: "String.prefixed", StringValue: "p" },
  n: number("-1.5e3"),
  list: { DataType: "String.Array", StringValue: '["a",1,true,null]' },
  bytes: binary(0, 255),
};

test("subscriptions: subscribed, listed, counted, unsubscribed", async () => {
  const here = await freshSubscription();
  const { account, sns, TopicArn, QueueArn, SubscriptionArn } = here;
  assert.match(SubscriptionArn.replace(`${TopicArn}:`, ""), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const again = { TopicArn, Protocol: "sqs", Endpoint: QueueArn };
  for (const Attributes of [{}, { RawMessageDelivery: "false" }]) {
    assert.equal((await sns.subscribe({ ...again, Attributes })).SubscriptionArn, SubscriptionArn);
  }
  await invalid(
    sns.subscribe({ ...again, Attributes: { RawMessageDelivery: "true" } }),
    "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
  );
  const listed = [{ Owner: account, Protocol: "sqs", Endpoint: QueueArn, SubscriptionArn, TopicArn }];
  assert.deepEqual((await sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions, listed);
  assert.deepEqual((await sns.listSubscriptions({})).Subscriptions, listed);
  assert.deepEqual(await counted(sns, TopicArn), [1, 0, 0]);
  const { SubscriptionPrincipal, ...attributes } = await subscriptionOf(sns, SubscriptionArn);
  assert.match(SubscriptionPrincipal, new RegExp(`^arn:aws:iam::${account}:`));
  assert.deepEqual(attributes, {
    ...listed[0],
    RawMessageDelivery: "false",
    PendingConfirmation: "false",
    ConfirmationWasAuthenticated: "true",
  });
  for (const _ of [1, 2]) await sns.unsubscribe({ SubscriptionArn });
  assert.equal((await counted(sns, TopicArn))[0], 0);
  await snsRefused(
    sns.getSubscriptionAttributes({ SubscriptionArn }),
    NotFoundException, "NotFound", 404, "Subscription does not exist",
  );
});

test("subscriptions: an envelope has all there is to know", async () => {
  const { sns, sqs, TopicArn, QueueUrl, SubscriptionArn } = await freshSubscription();
  const Message = 'a "quoted"\nline – 🚀 <&>';
  const Subject = "Grüße";
  const { MessageId } = await sns.publish({ TopicArn, Message, Subject, MessageAttributes: ATTRIBUTES });
  const [message] = await receiveN(sqs, QueueUrl, 1, { MessageAttributeNames: ["All"] });
  assert.equal(message.MessageAttributes, undefined);
  assert.notEqual(message.MessageId, MessageId);
  const [envelope] = envelopes([message]);
  assert.deepEqual(Object.keys(envelope), [
    "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
    "SigningCertURL", "UnsubscribeURL", "MessageAttributes",
  ]);
  const { Timestamp, Signature, SigningCertURL, UnsubscribeURL, MessageAttributes, ...plain } = envelope;
  assert.deepEqual(plain, {
    Type: "Notification", MessageId, TopicArn, Subject, Message, SignatureVersion: "1",
  });
  assert.match(Timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Math.abs(Date.parse(Timestamp) - Date.now()) < 60_000);
  assert.equal(Buffer.from(Signature, "base64").length, 256);
  assert.match(SigningCertURL, /\/SimpleNotificationService-[0-9a-f]+\.pem$/);
  assert.ok(UnsubscribeURL.endsWith(`/?Action=Unsubscribe&SubscriptionArn=${SubscriptionArn}`));
  assert.deepEqual(MessageAttributes, {
    kind: { Type: "String", Value: "ü" },
    custom: { Type: "String.prefixed", Value: "p" },
    n: { Type: "Number", Value: "-1.5e3" },
    list: { Type: "String.Array", Value: '["a",1,true,null]' },
    bytes: { Type: "Binary", Value: "AP8=" },
  });
});

test("subscriptions: raw delivery hands on the text and the attributes", async () => {
  const { sns, sqs, TopicArn, QueueUrl } = await freshSubscription({ RawMessageDelivery: "True" });
  await sns.publish({ TopicArn, Message: "plain 🚀", Subject: "lost", MessageAttributes: ATTRIBUTES });
  // The SDK verifies both digests.
  const [message] = await receiveN(sqs, QueueUrl, 1, { MessageAttributeNames: ["All"] });
  assert.deepEqual([message.Body, message.MessageAttributes], ["plain 🚀", ATTRIBUTES]);
});

const invoice = { kind: text("invoice"), amount: number(50) };
const FILTERS = [
  [{ kind: ["invoice", "refund"] }, "MessageAttributes", ["a", "b", "c"]],
  [{ kind: [{ prefix: "inv" }], amount: [{ numeric: [">", 10, "<=", 100] }] }, "MessageAttributes", ["a"]],
  [{ kind: [{ "anything-but": ["refund"] }] }, "MessageAttributes", ["a", "b"]],
  [{ amount: [{ exists: false }] }, "MessageAttributes", ["c"]],
  [{ $or: [{ kind: ["refund"] }, { amount: [{ numeric: ["=", 500] }] }] }, "MessageAttributes", ["b", "c"]],
  [{ label: ["a"], order: { sku: [{ suffix: "-9" }] } }, "MessageBody", ["a"]],
  [{ ip: [{ cidr: "10.0.0.0/24" }] }, "MessageBody", ["d"]],
  [{ state: [null, true, { "equals-ignore-case": "OPEN" }] }, "MessageBody", ["b", "c"]],
];

test("subscriptions: each queue gets what its filter admits", async () => {
  const here = await freshTopic();
  const queues = [];
  for (const [FilterPolicy, FilterPolicyScope, wanted] of FILTERS) {
    const attributes = { RawMessageDelivery: "true", FilterPolicy, FilterPolicyScope };
    queues.push([await subscribeQueue(here, attributes), wanted]);
  }
  const messages = [
    [{ label: "a", order: [{ sku: "x-1" }, { sku: "y-9" }] }, invoice],
    [{ label: "b", state: "open" }, { ...invoice, amount: number("5e2") }],
    [{ label: "c", state: null }, { kind: text("refund") }],
    [{ label: "d", ip: "10.0.0.77", state: false }, undefined],
  ];
  for (const [body, MessageAttributes] of messages) {
    await here.sns.publish({ TopicArn: here.TopicArn, Message: JSON.stringify(body), MessageAttributes });
  }
  for (const [{ QueueUrl }, wanted] of queues) {
    const got = envelopes(await receiveN(here.sqs, QueueUrl, wanted.length)).map(({ label }) => label);
    assert.deepEqual(got.sort(), wanted, JSON.stringify(queues));
    assert.deepEqual(await receive(here.sqs, QueueUrl), []);
  }
});

test("subscriptions: a filter that is changed or removed holds for what comes next", async () => {
  const filter = '{ "kind" : ["a"] }';
  const { sns, sqs, TopicArn, QueueUrl, SubscriptionArn } = await freshSubscription({
    RawMessageDelivery: "true", FilterPolicy: filter,
  });
  const shown = async () => {
    const { FilterPolicy, FilterPolicyScope } = await subscriptionOf(sns, SubscriptionArn);
    return [FilterPolicy, FilterPolicyScope];
  };
  const set = (AttributeValue, AttributeName = "FilterPolicy") =>
    sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName, AttributeValue });
  const publish = (Message) => sns.publish({ TopicArn, Message, MessageAttributes: { kind: text("b") } });
  assert.deepEqual(await shown(), [filter, "MessageAttributes"]);
  await publish("refused");
  await set('{"kind":["b"]}');
  await publish("admitted");
  await set("MessageBody", "FilterPolicyScope");
  assert.deepEqual(await shown(), ['{"kind":["b"]}', "MessageBody"]);
  await publish("refused, too");
  await publish('{"kind":"b"}');
  await set("");
  assert.deepEqual(await shown(), [undefined, undefined]);
  await publish("all");
  const got = bodies(await receiveN(sqs, QueueUrl, 3));
  assert.deepEqual(got.sort(), ["admitted", "all", '{"kind":"b"}'].sort());
});

const REFUSED = [
  [{ FilterPolicy: '{"a":"b"}' }, /FilterPolicy: "a" must be an object or an array/],
  [{ FilterPolicy: "no json" }, /FilterPolicy: failed to parse JSON/],
  [{ FilterPolicy: '{"a":[]}' }, /FilterPolicy: Empty arrays are not allowed/],
  [{ FilterPolicy: '{"a":[{"colour":1}]}' }, /FilterPolicy: Unrecognized match type colour/],
  [{ FilterPolicy: '{"a":[{"exists":1}]}' }, /FilterPolicy: exists match pattern must be either true or false\./],
  [{ FilterPolicy: '{"a":[{"numeric":[">",2,"<",1]}]}' }, /FilterPolicy: Bottom must be less than top/],
  [
    { FilterPolicy: '{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]}' },
    /FilterPolicy: Filter policy can not have more than 5 keys/,
  ],
  [
    { FilterPolicy: '{"a":{"b":["c"]}}' },
    /Filter policy scope MessageAttributes does not support nested filter policy/,
  ],
  [
    { FilterPolicyScope: "Somewhere", FilterPolicy: '{"a":["b"]}' },
    /FilterPolicyScope: Invalid value \[Somewhere\]\. Please use either MessageBody or MessageAttributes/,
  ],
  [{ RawMessageDelivery: "maybe" }, /RawMessageDelivery: Invalid value \[maybe\]\. Must be true or false\./],
  [{ RedrivePolicy: '{"deadLetterTargetArn":"x"}' }, /RedrivePolicy: deadLetterTargetArn is an invalid arn/],
  [{ RedrivePolicy: "no json" }, /RedrivePolicy: failed to parse JSON/],
  [{ DeliveryPolicy: '{"healthyRetryPolicy":{"numRetries":1}}' }, /^Invalid parameter: /],
  [{ Colour: "red" }, /^Invalid parameter: /],
];

for (const [attributes, message] of REFUSED) {
  test(`subscriptions: refused with ${JSON.stringify(attributes)}`, async () => {
    const { sns, TopicArn, SubscriptionArn } = await freshSubscription();
    const Endpoint = "arn:aws:sqs:us-east-1:111111111111:other";
    await invalid(sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint, Attributes: attributes }), message);
    for (const [AttributeName, AttributeValue] of Object.entries(attributes)) {
      if (Object.keys(attributes).length > 1 && AttributeName === "FilterPolicy") continue;
      const call = sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName, AttributeValue });
      await invalid(call, AttributeName === "Colour" ? "Invalid parameter: AttributeName" : message);
    }
    assert.deepEqual(await counted(sns, TopicArn), [1, 0, 0]);
  });
}

test("subscriptions: endpoints and ARNs are checked", async () => {
  const { sns, sqs, name, TopicArn, SubscriptionArn } = await freshSubscription();
  const subscribe = (Protocol, Endpoint) => sns.subscribe({ TopicArn, Protocol, Endpoint });
  await invalid(
    subscribe("pigeon", "x"),
    "Invalid parameter: Amazon SNS does not support this protocol string: pigeon",
  );
  await invalid(subscribe("sqs", "http://127.0.0.1/1/q"), "Invalid parameter: SQS endpoint ARN");
  await invalid(subscribe("http", "https://example.com/"), /^Invalid parameter: /);
  await invalid(subscribe("sms", "+15--55"), "Invalid SMS endpoint: +15--55");
  const { QueueArn } = await addQueue({ sqs }, `${name}.fifo`, { FifoQueue: "true" });
  await invalid(
    subscribe("sqs", QueueArn),
    "Invalid parameter: Invalid parameter: Endpoint Reason: " +
      "FIFO SQS Queues can not be subscribed to standard SNS topics",
  );
  await invalid(
    sns.getSubscriptionAttributes({ SubscriptionArn: "x" }),
    "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1",
  );
  await invalid(sns.unsubscribe({ SubscriptionArn: `${TopicArn}:x` }), "Invalid parameter: SubscriptionId");
  await sns.unsubscribe({ SubscriptionArn: `${SubscriptionArn.slice(0, -12)}000000000000` });
});

test("subscriptions: they are listed a hundred at a time", async () => {
  const { sns, account, TopicArn } = await freshTopic();
  const endpoints = Array.from({ length: 103 }, (_, at) => `arn:aws:sqs:us-east-1:${account}:no-${at}`);
  await Promise.all(endpoints.map((Endpoint) => sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint })));
  for (const pager of [
    paginateListSubscriptionsByTopic({ client: sns }, { TopicArn }),
    paginateListSubscriptions({ client: sns }, {}),
  ]) {
    const pages = [];
    for await (const { Subscriptions } of pager) pages.push(Subscriptions.map(({ Endpoint }) => Endpoint));
    assert.deepEqual(pages.map((page) => page.length), [100, 3]);
    assert.deepEqual(pages.flat().sort(), [...endpoints].sort());
  }
  assert.deepEqual(await counted(sns, TopicArn), [103, 0, 0]);
});

for (const raw of ["false", "true"]) {
  test(`subscriptions: the dead-letter queue of one whose queue is gone, raw ${raw}`, async () => {
    const here = await freshTopic();
    const { sns, sqs, TopicArn } = here;
    const dead = await addQueue(here, `${here.name}-dead`);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.QueueArn });
    const { QueueUrl, SubscriptionArn } = await subscribeQueue(here, { RawMessageDelivery: raw, RedrivePolicy });
    assert.equal((await subscriptionOf(sns, SubscriptionArn)).RedrivePolicy, RedrivePolicy);
    await sqs.deleteQueue({ QueueUrl });
    const sent = await sns.publish({ TopicArn, Message: "lost", Subject: "s", MessageAttributes: ATTRIBUTES });
    const [message] = await receiveN(sqs, dead.QueueUrl, 1, {
      MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"],
    });
    assert.equal(message.Attributes.ApproximateReceiveCount, "1");
    if (raw === "true") {
      assert.deepEqual([message.Body, message.MessageAttributes], ["lost", ATTRIBUTES]);
    } else {
      const [{ MessageId, Message, Subject }] = envelopes([message]);
      assert.deepEqual([MessageId, Message, Subject], [sent.MessageId, "lost", "s"]);
      assert.equal(message.MessageAttributes, undefined);
    }
    assert.deepEqual(await counted(sns, TopicArn), [1, 0, 0]);
  });
}

test("subscriptions: ten attributes fit a raw delivery, and eleven go to the dead-letter queue", async () => {
  const here = await freshTopic();
  const dead = await addQueue(here, `${here.name}-dead`);
  const RedrivePolicy = { deadLetterTargetArn: dead.QueueArn };
  const { QueueUrl } = await subscribeQueue(here, { RawMessageDelivery: "true", RedrivePolicy });
  const many = (n) => Object.fromEntries(Array.from({ length: n }, (_, at) => [`a${at}`, text("x")]));
  for (const n of [10, 11]) {
    await here.sns.publish({ TopicArn: here.TopicArn, Message: `${n}`, MessageAttributes: many(n) });
  }
  assert.deepEqual(bodies(await receiveN(here.sqs, QueueUrl, 1)), ["10"]);
  assert.deepEqual(bodies(await receiveN(here.sqs, dead.QueueUrl, 1)), ["11"]);
});

test("subscriptions: what an attribute of a message must not be", async () => {
  const { sns, TopicArn } = await freshTopic();
  const wrong = (name, value, message) =>
    snsRefused(
      sns.publish({ TopicArn, Message: "x", MessageAttributes: { [name]: value } }),
      InvalidParameterValueException, "ParameterValueInvalid", 400, message,
    );
  await wrong(
    "a", { DataType: "Colour", StringValue: "red" },
    "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is " +
      "Binary, Number, and String.",
  );
  await wrong(
    "a", text(""),
    "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.",
  );
  await wrong(
    "a", { DataType: "Binary", StringValue: "x" },
    "The message attribute 'a' with type 'Binary' must use field 'Binary'.",
  );
  await wrong("a..b", text("x"), "Message attribute name can not have successive '.' character.");
  await wrong("x".repeat(257), text("x"), "Length of message attribute name must be less than 256 bytes.");
  await sns.publish({ TopicArn, Message: "x", MessageAttributes: { "AWS.SNS.SMS.SenderID": text("me") } });
});
