// Topics: their attributes, tags, permissions, lists, and what is refused.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  InvalidParameterException, InvalidStateException, NotFoundException,
  ResourceNotFoundException, SNSServiceException, TagLimitExceededException, paginateListTopics,
} from "@aws-sdk/client-sns";
import { freshFifoTopic, freshTopic, place, snsRefused, topicOf } from "./sns.mjs";

const invalid = (call, message) => snsRefused(call, InvalidParameterException, "InvalidParameter", 400, message);
const gone = (call, message = "Topic does not exist") =>
  snsRefused(call, NotFoundException, "NotFound", 404, message);

test("topics: creating again gives the same, and other attributes or tags are refused", async () => {
  const { account, sns, name } = place();
  const Attributes = { DisplayName: "News" };
  const Tags = [{ Key: "team", Value: "web" }];
  const { TopicArn } = await sns.createTopic({ Name: name, Attributes, Tags });
  assert.equal(TopicArn, `arn:aws:sns:us-east-1:${account}:${name}`);
  for (const more of [{}, { Attributes }, { Tags }, { Attributes: { ...Attributes, FifoTopic: "false" } }]) {
    assert.equal((await sns.createTopic({ Name: name, ...more })).TopicArn, TopicArn);
  }
  const exists = "Topic already exists with different";
  await invalid(
    sns.createTopic({ Name: name, Attributes: { DisplayName: "Other" } }),
    `Invalid parameter: Attributes Reason: ${exists} attributes`,
  );
  await invalid(
    sns.createTopic({ Name: name, Attributes: { SignatureVersion: "2" } }),
    `Invalid parameter: Attributes Reason: ${exists} attributes`,
  );
  await invalid(
    sns.createTopic({ Name: name, Tags: [{ Key: "team", Value: "app" }] }),
    `Invalid parameter: Tags Reason: ${exists} tags`,
  );
});

test("topics: the attributes of a new one", async () => {
  const { account, sns, TopicArn } = await freshTopic();
  const { Policy, EffectiveDeliveryPolicy, ...plain } = await topicOf(sns, TopicArn);
  assert.deepEqual(plain, {
    TopicArn,
    Owner: account,
    DisplayName: "",
    SubscriptionsConfirmed: "0",
    SubscriptionsPending: "0",
    SubscriptionsDeleted: "0",
  });
  const actions = [
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
  ].map((action) => `"SNS:${action}"`);
  assert.equal(
    Policy,
    '{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID",' +
      `"Effect":"Allow","Principal":{"AWS":"*"},"Action":[${actions}],"Resource":"${TopicArn}",` +
      `"Condition":{"StringEquals":{"AWS:SourceOwner":"${account}"}}}]}`,
  );
  assert.equal(
    EffectiveDeliveryPolicy,
    '{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,' +
      '"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},' +
      '"disableSubscriptionOverrides":false,' +
      '"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}',
  );
});

test("topics: attributes that are set are shown, and removed", async () => {
  const { sns, TopicArn } = await freshTopic({ SignatureVersion: "2" });
  const set = (AttributeName, AttributeValue) =>
    sns.setTopicAttributes({ TopicArn, AttributeName, AttributeValue });
  const role = "arn:aws:iam::123456789012:role/feedback";
  const wanted = {
    DisplayName: "Ünïcode",
    KmsMasterKeyId: "alias/aws/sns",
    TracingConfig: "Active",
    MaximumMessageSize: "1048576",
    SQSSuccessFeedbackRoleArn: role,
    SQSSuccessFeedbackSampleRate: "5",
    HTTPFailureFeedbackRoleArn: role,
  };
  for (const [name, value] of Object.entries(wanted)) await set(name, value);
  const shown = await topicOf(sns, TopicArn);
  for (const [name, value] of Object.entries({ ...wanted, SignatureVersion: "2" })) {
    assert.equal(shown[name], value, name);
  }
  await invalid(set("Colour", "red"), "Invalid parameter: AttributeName");
  await invalid(set("FifoTopic", "true"), "Invalid parameter: AttributeName");
  await invalid(set("SignatureVersion", "3"), /^Invalid parameter: /);
  await invalid(set("MaximumMessageSize", "1023"), /^Invalid parameter: /);
  await invalid(set("DisplayName", "x".repeat(101)), /^Invalid parameter: /);
});

test("topics: a delivery policy is normalised, and what is wrong with one is found", async () => {
  const { sns, TopicArn } = await freshTopic();
  const set = (policy) =>
    sns.setTopicAttributes({
      TopicArn,
      AttributeName: "DeliveryPolicy",
      AttributeValue: typeof policy === "string" ? policy : JSON.stringify(policy),
    });
  const retries = (defaultHealthyRetryPolicy) => ({ http: { defaultHealthyRetryPolicy } });
  await set(retries({ numRetries: 5, minDelayTarget: 1, maxDelayTarget: 4, backoffFunction: "geometric" }));
  const { DeliveryPolicy, EffectiveDeliveryPolicy } = await topicOf(sns, TopicArn);
  assert.equal(
    DeliveryPolicy,
    '{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":4,"numRetries":5,' +
      '"backoffFunction":"geometric"},"disableSubscriptionOverrides":false}}',
  );
  assert.deepEqual(JSON.parse(EffectiveDeliveryPolicy).http.defaultHealthyRetryPolicy, {
    minDelayTarget: 1, maxDelayTarget: 4, numRetries: 5, numMaxDelayRetries: 0, numNoDelayRetries: 0,
    numMinDelayRetries: 0, backoffFunction: "geometric",
  });
  for (const bad of [
    "no json",
    retries({ numRetries: 101 }),
    retries({ minDelayTarget: 5, maxDelayTarget: 4 }),
    retries({ numRetries: 1, numNoDelayRetries: 2 }),
    retries({ backoffFunction: "random" }),
    { http: { colour: "red" } },
    { http: { defaultRequestPolicy: { headerContentType: "image/png" } } },
  ]) {
    await invalid(set(bad), /^Invalid parameter: /);
  }
  await set("");
  assert.equal((await topicOf(sns, TopicArn)).DeliveryPolicy, undefined);
});

test("topics: permissions are added to the policy and removed", async () => {
  const { account, sns, TopicArn } = await freshTopic();
  const add = (more = {}) =>
    sns.addPermission({ TopicArn, Label: "l", AWSAccountId: ["111111111111"], ActionName: ["Publish"], ...more });
  await add();
  await add({ Label: "m", AWSAccountId: ["111111111111", "222222222222"], ActionName: ["Publish", "Subscribe"] });
  const statements = async () => JSON.parse((await topicOf(sns, TopicArn)).Policy).Statement;
  const principal = (id) => `arn:aws:iam::${id}:root`;
  const common = { Effect: "Allow", Resource: TopicArn };
  assert.deepEqual((await statements()).slice(1), [
    { Sid: "l", ...common, Principal: { AWS: principal("111111111111") }, Action: "SNS:Publish" },
    {
      Sid: "m",
      ...common,
      Principal: { AWS: [principal("111111111111"), principal("222222222222")] },
      Action: ["SNS:Publish", "SNS:Subscribe"],
    },
  ]);
  await invalid(add(), "Invalid parameter: Statement already exists");
  await invalid(
    add({ Label: "n", ActionName: ["Fly"] }),
    "Invalid parameter: Policy statement action out of service scope!",
  );
  for (const Label of ["l", "m", "unknown"]) await sns.removePermission({ TopicArn, Label });
  assert.deepEqual((await statements()).map(({ Sid }) => Sid), ["__default_statement_ID"]);
  const { Policy } = await topicOf(sns, TopicArn);
  assert.equal(JSON.parse(Policy).Statement[0].Condition.StringEquals["AWS:SourceOwner"], account);
});

test("topics: a policy of one's own", async () => {
  const { sns, TopicArn } = await freshTopic();
  const statement = { Sid: "s", Effect: "Allow", Principal: "*", Action: "SNS:Publish", Resource: TopicArn };
  const AttributeValue = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await sns.setTopicAttributes({ TopicArn, AttributeName: "Policy", AttributeValue });
  assert.deepEqual(JSON.parse((await topicOf(sns, TopicArn)).Policy).Statement.map(({ Sid }) => Sid), ["s"]);
  await invalid(
    sns.setTopicAttributes({ TopicArn, AttributeName: "Policy", AttributeValue: "no policy" }),
    /^Invalid parameter: /,
  );
});

test("topics: a data protection policy is kept as it was put", async () => {
  const { sns, TopicArn } = await freshTopic();
  const of = async () => (await sns.getDataProtectionPolicy({ ResourceArn: TopicArn })).DataProtectionPolicy;
  assert.ok(!(await of()), "a new topic has none");
  const identifiers = '["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]';
  const DataProtectionPolicy =
    `{ "Name": "p", "Version": "2021-06-01", "Statement": [ { "DataDirection": "Inbound", "Principal": ["*"],` +
    ` "DataIdentifier": ${identifiers}, "Operation": { "Deny": {} } } ] }`;
  await sns.putDataProtectionPolicy({ ResourceArn: TopicArn, DataProtectionPolicy });
  assert.equal(await of(), DataProtectionPolicy);
  assert.equal((await topicOf(sns, TopicArn)).DataProtectionPolicy, undefined);
  const unknown = `${TopicArn}-not`;
  await gone(sns.getDataProtectionPolicy({ ResourceArn: unknown }), /./);
  await gone(sns.putDataProtectionPolicy({ ResourceArn: unknown, DataProtectionPolicy }), /./);
});

test("topics: tags", async () => {
  const { sns, name } = place();
  const { TopicArn } = await sns.createTopic({ Name: name, Tags: [{ Key: "a", Value: "1" }] });
  const of = async () => {
    const { Tags } = await sns.listTagsForResource({ ResourceArn: TopicArn });
    return Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
  };
  await sns.tagResource({ ResourceArn: TopicArn, Tags: [{ Key: "a", Value: "2" }, { Key: "ü", Value: "" }] });
  assert.deepEqual(await of(), { a: "2", ü: "" });
  const twice = [{ Key: "x", Value: "1" }, { Key: "x", Value: "2" }];
  await invalid(
    sns.tagResource({ ResourceArn: TopicArn, Tags: twice }),
    "Invalid parameter: Duplicated keys are not allowed.",
  );
  await sns.untagResource({ ResourceArn: TopicArn, TagKeys: ["a", "unknown"] });
  assert.deepEqual(await of(), { ü: "" });
  const many = Array.from({ length: 50 }, (_, at) => ({ Key: `k${at}`, Value: "v" }));
  await snsRefused(
    sns.tagResource({ ResourceArn: TopicArn, Tags: many }),
    TagLimitExceededException, "TagLimitExceeded", 400, /./,
  );
  await snsRefused(
    sns.listTagsForResource({ ResourceArn: `${TopicArn}-not` }),
    ResourceNotFoundException, "ResourceNotFound", 404, /./,
  );
});

test("topics: they are listed a hundred at a time", async () => {
  const { sns, name } = place();
  const arns = await Promise.all(
    Array.from({ length: 205 }, async (_, at) => (await sns.createTopic({ Name: `${name}-${at}` })).TopicArn),
  );
  const pages = [];
  for await (const { Topics } of paginateListTopics({ client: sns }, {})) {
    pages.push(Topics.map(({ TopicArn }) => TopicArn));
  }
  assert.deepEqual(pages.map((page) => page.length), [100, 100, 5]);
  assert.deepEqual(pages.flat().sort(), arns.sort());
  await invalid(sns.listTopics({ NextToken: "garbage" }), /^Invalid parameter: /);
});

test("topics: deleting twice is fine, and then it is gone", async () => {
  const { sns, TopicArn, name } = await freshTopic();
  for (const _ of [1, 2]) await sns.deleteTopic({ TopicArn });
  assert.ok(!(await sns.listTopics({})).Topics?.length);
  await gone(sns.getTopicAttributes({ TopicArn }));
  await gone(sns.setTopicAttributes({ TopicArn, AttributeName: "DisplayName", AttributeValue: "x" }));
  await gone(sns.publish({ TopicArn, Message: "x" }));
  await gone(sns.listSubscriptionsByTopic({ TopicArn }));
  await gone(sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: "arn:aws:sqs:us-east-1:111111111111:q" }));
  assert.equal((await sns.createTopic({ Name: name })).TopicArn, TopicArn);
});

test("topics: names and ARNs are checked", async () => {
  const { sns, TopicArn } = await freshTopic();
  const bad = "Invalid parameter: Topic Name";
  for (const Name of ["with space", "dot.ted", "x".repeat(257), "x.fifo"]) {
    await invalid(sns.createTopic({ Name }), bad);
  }
  await invalid(sns.createTopic({ Name: "x", Attributes: { FifoTopic: "true" } }), bad);
  const elements = (n) => `Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not ${n}`;
  await invalid(sns.getTopicAttributes({ TopicArn: "randomarn" }), elements(1));
  await invalid(sns.getTopicAttributes({ TopicArn: "arn:aws:sns" }), elements(3));
  const elsewhere = TopicArn.replace("us-east-1", "eu-west-1");
  await invalid(sns.getTopicAttributes({ TopicArn: elsewhere }), "Invalid parameter: TopicArn");
  await snsRefused(
    sns.createTopic({}),
    SNSServiceException, "ValidationError", 400,
    "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
  );
});

test("topics: one with an active archive cannot be deleted", async () => {
  const { sns, TopicArn } = await freshFifoTopic({ ArchivePolicy: '{"MessageRetentionPeriod":"1"}' });
  await snsRefused(sns.deleteTopic({ TopicArn }), InvalidStateException, "InvalidState", 400, /./);
  await sns.setTopicAttributes({ TopicArn, AttributeName: "ArchivePolicy", AttributeValue: "{}" });
  await sns.deleteTopic({ TopicArn });
  await gone(sns.getTopicAttributes({ TopicArn }));
});
