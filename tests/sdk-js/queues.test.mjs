// Queues: attributes, names and URLs, listing, tags, policies.

import assert from "node:assert/strict";
import { test } from "node:test";
import { paginateListQueues, QueueNameExists, SQS } from "@aws-sdk/client-sqs";
import { arnOf, bodies, client, endpoint, fresh, freshQueue, receive, refused } from "./calls.mjs";

async function attributesOf(sqs, QueueUrl, ...AttributeNames) {
  const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames });
  return Attributes;
}

test("queue: the attributes of a new one, all of them", async () => {
  const { sqs, QueueUrl, account, name } = await freshQueue();
  const { CreatedTimestamp, LastModifiedTimestamp, ...others } = await attributesOf(sqs, QueueUrl, "All");
  assert.deepEqual(others, {
    QueueArn: `arn:aws:sqs:us-east-1:${account}:${name}`,
    ApproximateNumberOfMessages: "0",
    ApproximateNumberOfMessagesNotVisible: "0",
    ApproximateNumberOfMessagesDelayed: "0",
    VisibilityTimeout: "30",
    MaximumMessageSize: "1048576",
    MessageRetentionPeriod: "345600",
    DelaySeconds: "0",
    ReceiveMessageWaitTimeSeconds: "0",
    SqsManagedSseEnabled: "true",
  });
  assert.match(CreatedTimestamp, /^\d{10}$/);
  assert.match(LastModifiedTimestamp, /^\d{10}$/);
});

test("queue: attributes are set, and only those asked for come back", async () => {
  const { sqs, QueueUrl } = await freshQueue({ VisibilityTimeout: "43200" });
  const Attributes = { MessageRetentionPeriod: "60", MaximumMessageSize: "1024", DelaySeconds: "900" };
  await sqs.setQueueAttributes({ QueueUrl, Attributes });
  assert.deepEqual(await attributesOf(sqs, QueueUrl, ...Object.keys(Attributes)), Attributes);
  assert.deepEqual(await attributesOf(sqs, QueueUrl, "VisibilityTimeout"), { VisibilityTimeout: "43200" });
  assert.equal(await attributesOf(sqs, QueueUrl), undefined);
});

test("queue: a bad attribute changes nothing", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  const set = (Attributes) => sqs.setQueueAttributes({ QueueUrl, Attributes });
  await refused(set({ DelaySeconds: "5", VisibilityTimeout: "43201" }), {
    name: "InvalidAttributeValue",
    message: /^Invalid value for the parameter VisibilityTimeout\./,
  });
  await refused(set({ DelaySeconds: "5", QueueArn: "x" }), { name: "InvalidAttributeName" });
  assert.deepEqual(await attributesOf(sqs, QueueUrl, "DelaySeconds"), { DelaySeconds: "0" });
});

test("queue: encryption attributes exclude each other", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  const set = (Attributes) => sqs.setQueueAttributes({ QueueUrl, Attributes });
  const names = ["KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"];
  await set({ KmsMasterKeyId: "alias/aws/sqs" });
  assert.deepEqual(await attributesOf(sqs, QueueUrl, ...names), {
    KmsMasterKeyId: "alias/aws/sqs",
    KmsDataKeyReusePeriodSeconds: "300",
    SqsManagedSseEnabled: "false",
  });
  await refused(set({ SqsManagedSseEnabled: "true" }), {
    name: "InvalidAttributeName",
    message: /^You can use one type of server-side encryption \(SSE\) at one time\./,
  });
  await set({ KmsMasterKeyId: "", SqsManagedSseEnabled: "True" });
  assert.deepEqual(await attributesOf(sqs, QueueUrl, ...names), { SqsManagedSseEnabled: "true" });
});

test("queue: creating it again is idempotent, with other attributes it is refused", async () => {
  const { sqs, QueueUrl, name: QueueName } = await freshQueue({ VisibilityTimeout: "40" });
  const create = (Attributes) => sqs.createQueue({ QueueName, Attributes });
  assert.equal((await create({})).QueueUrl, QueueUrl);
  assert.equal((await create({ VisibilityTimeout: "40", DelaySeconds: "0" })).QueueUrl, QueueUrl);
  await refused(create({ VisibilityTimeout: "41" }), {
    name: "QueueNameExists",
    Code: "QueueAlreadyExists",
    type: QueueNameExists,
    message: "A queue already exists with the same name and a different value for attribute VisibilityTimeout",
  });
});

test("queue: its URL is of the endpoint that the client used", async () => {
  const { QueueUrl, account, name } = await freshQueue();
  assert.equal(QueueUrl, `${endpoint}/${account}/${name}`);
  const other = client(account, { endpoint: endpoint.replace("127.0.0.1", "localhost") });
  const found = await other.getQueueUrl({ QueueName: name });
  assert.equal(found.QueueUrl, QueueUrl.replace("127.0.0.1", "localhost"));
});

test("queue: any URL that ends in account and name means it, and so does its name", async () => {
  const { sqs, QueueUrl, account, name } = await freshQueue();
  const urls = [
    QueueUrl,
    `https://sqs.us-east-1.amazonaws.com/${account}/${name}`,
    `https://us-east-1.queue.amazonaws.com/${account}/${name}`,
    `http://elsewhere.example:1/some/prefix/${account}/${name}`,
    name,
  ];
  for (const url of urls) {
    await sqs.sendMessage({ QueueUrl: url, MessageBody: url });
    assert.deepEqual(bodies(await receive(sqs, QueueUrl)), [url]);
  }
});

test("queue: without an endpoint the SDK goes where the URL says", async () => {
  const { sqs, QueueUrl, account } = await freshQueue();
  const warned = [];
  const quiet = () => {};
  const direct = new SQS({
    region: "us-east-1",
    credentials: { accessKeyId: account, secretAccessKey: "any" },
    maxAttempts: 1,
    logger: { trace: quiet, debug: quiet, info: quiet, error: quiet, warn: (line) => warned.push(line) },
  });
  await direct.sendMessage({ QueueUrl, MessageBody: "straight" });
  assert.match(String(warned[0]), /using QueueUrl host as endpoint/);
  assert.deepEqual(bodies(await receive(sqs, QueueUrl)), ["straight"]);
});

test("queue: regions and accounts do not see each other", async () => {
  const { sqs, account, name, QueueUrl } = await freshQueue();
  const abroad = client(account, { region: "eu-central-1" });
  const stranger = fresh().sqs;
  for (const other of [abroad, stranger]) {
    assert.equal((await other.listQueues({})).QueueUrls, undefined);
    const missing = { name: "QueueDoesNotExist", Code: "AWS.SimpleQueueService.NonExistentQueue" };
    await refused(other.getQueueUrl({ QueueName: name }), missing);
  }
  const created = await abroad.createQueue({ QueueName: name });
  assert.equal(await arnOf(abroad, created.QueueUrl), `arn:aws:sqs:eu-central-1:${account}:${name}`);
  assert.equal(await arnOf(sqs, QueueUrl), `arn:aws:sqs:us-east-1:${account}:${name}`);
});

test("queue: the paginator walks all of them, by prefix", async () => {
  const { sqs } = fresh();
  const names = Array.from({ length: 7 }, (_, at) => `page-${at}`);
  for (const QueueName of [...names, "other"]) await sqs.createQueue({ QueueName });
  const pages = [];
  const paginator = paginateListQueues({ client: sqs, pageSize: 3 }, { QueueNamePrefix: "page-" });
  for await (const { QueueUrls } of paginator) pages.push(QueueUrls.map((url) => url.split("/").at(-1)));
  assert.deepEqual(pages.map((page) => page.length), [3, 3, 1]);
  assert.deepEqual(pages.flat().sort(), names);
  assert.equal((await sqs.listQueues({ QueueNamePrefix: "none" })).QueueUrls, undefined);
});

test("queue: tags are overwritten by key and bounded by 50", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  await sqs.tagQueue({ QueueUrl, Tags: { team: "a", "path/x": "v=1 +2" } });
  await sqs.tagQueue({ QueueUrl, Tags: { team: "b" } });
  assert.deepEqual((await sqs.listQueueTags({ QueueUrl })).Tags, { team: "b", "path/x": "v=1 +2" });
  const many = Object.fromEntries(Array.from({ length: 49 }, (_, at) => [`k${at}`, "v"]));
  await assert.rejects(sqs.tagQueue({ QueueUrl, Tags: many }), { $fault: "client" });
  await assert.rejects(sqs.tagQueue({ QueueUrl, Tags: { "aws:x": "v" } }), { $fault: "client" });
});

test("queue: a policy comes back to the letter, and the empty one removes it", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  const statement = { Resource: "*", Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Sid: "z" };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy } });
  assert.deepEqual(await attributesOf(sqs, QueueUrl, "Policy"), { Policy });
  await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: "" } });
  assert.equal(await attributesOf(sqs, QueueUrl, "Policy"), undefined);
  await refused(sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: "no policy" } }), {
    name: "InvalidAttributeValue",
    message: /^Invalid value for the parameter Policy\./,
  });
});

test("queue: permissions are statements of its policy", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  const add = (Label, Actions, AWSAccountIds = ["111111111111"]) =>
    sqs.addPermission({ QueueUrl, Label, AWSAccountIds, Actions });
  await add("one", ["SendMessage"]);
  await add("two", ["ReceiveMessage", "DeleteMessage"], ["111111111111", "222222222222"]);
  const arn = await arnOf(sqs, QueueUrl);
  const policy = JSON.parse((await attributesOf(sqs, QueueUrl, "Policy")).Policy);
  assert.deepEqual([policy.Version, policy.Id], ["2008-10-17", `${arn}/SQSDefaultPolicy`]);
  assert.deepEqual(policy.Statement[0], {
    Sid: "one",
    Effect: "Allow",
    Principal: { AWS: "arn:aws:iam::111111111111:root" },
    Action: "SQS:SendMessage",
    Resource: arn,
  });
  assert.deepEqual(policy.Statement[1].Action, ["SQS:ReceiveMessage", "SQS:DeleteMessage"]);
  await refused(add("one", ["SendMessage"]), {
    name: "InvalidParameterValue",
    message: "Value one for parameter Label is invalid. Reason: Already exists.",
  });
  const eight = [
    "SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl",
    "PurgeQueue", "ListDeadLetterSourceQueues",
  ];
  await refused(add("many", eight), {
    name: "OverLimit",
    status: 403,
    message: "8 Actions were found, maximum allowed is 7.",
  });
  await refused(sqs.removePermission({ QueueUrl, Label: "three" }), {
    name: "InvalidParameterValue",
    message: "Value three for parameter Label is invalid. Reason: can't find label.",
  });
  for (const Label of ["one", "two"]) await sqs.removePermission({ QueueUrl, Label });
  assert.equal(await attributesOf(sqs, QueueUrl, "Policy"), undefined);
});
