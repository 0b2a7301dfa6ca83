// Every action of topics that the SDK has is answered: one walk through all of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdk from "@aws-sdk/client-sns";
import { receiveN } from "./calls.mjs";
import { addQueue, place } from "./sns.mjs";
import { came, newPath } from "./web.mjs";

const KNOWN = Object.keys(sdk)
  .filter((name) => /^[A-Z].*Command$/.test(name) && name !== "$Command")
  .map((name) => name.slice(0, -"Command".length));

/** A place whose client notes what was answered with success. */
function watched() {
  const here = place();
  const answered = new Set();
  here.sns.middlewareStack.add(
    (next, { commandName }) => async (args) => {
      const result = await next(args);
      answered.add(commandName.slice(0, -"Command".length));
      return result;
    },
    { step: "initialize" },
  );
  return { ...here, answered };
}

async function topics(sns, TopicArn, account) {
  assert.equal((await sns.listTopics({})).Topics[0].TopicArn, TopicArn);
  await sns.setTopicAttributes({ TopicArn, AttributeName: "DisplayName", AttributeValue: "News" });
  assert.equal((await sns.getTopicAttributes({ TopicArn })).Attributes.DisplayName, "News");
  await sns.addPermission({ TopicArn, Label: "l", AWSAccountId: [account], ActionName: ["Publish"] });
  await sns.removePermission({ TopicArn, Label: "l" });
  await sns.tagResource({ ResourceArn: TopicArn, Tags: [{ Key: "a", Value: "1" }] });
  assert.deepEqual((await sns.listTagsForResource({ ResourceArn: TopicArn })).Tags, [{ Key: "a", Value: "1" }]);
  await sns.untagResource({ ResourceArn: TopicArn, TagKeys: ["a"] });
  const Statement = [{
    DataDirection: "Inbound", Principal: ["*"],
    DataIdentifier: ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"], Operation: { Deny: {} },
  }];
  const policy = JSON.stringify({ Name: "p", Version: "2021-06-01", Statement });
  await sns.putDataProtectionPolicy({ ResourceArn: TopicArn, DataProtectionPolicy: policy });
  assert.equal((await sns.getDataProtectionPolicy({ ResourceArn: TopicArn })).DataProtectionPolicy, policy);
}

async function subscriptions({ sns, sqs, name }, TopicArn) {
  const { QueueUrl, QueueArn } = await addQueue({ sqs }, name);
  const { SubscriptionArn } = await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: QueueArn });
  const attribute = { AttributeName: "RawMessageDelivery", AttributeValue: "true" };
  await sns.setSubscriptionAttributes({ SubscriptionArn, ...attribute });
  assert.equal((await sns.getSubscriptionAttributes({ SubscriptionArn })).Attributes.RawMessageDelivery, "true");
  const path = newPath();
  await sns.subscribe({ TopicArn, Protocol: "http", Endpoint: path.url });
  const [{ text }] = await came(path, 1, "SubscriptionConfirmation");
  const confirmed = await sns.confirmSubscription({ TopicArn, Token: JSON.parse(text).Token });
  assert.ok(confirmed.SubscriptionArn.startsWith(TopicArn));
  assert.equal((await sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions.length, 2);
  assert.equal((await sns.listSubscriptions({})).Subscriptions.length, 2);
  await sns.publish({ TopicArn, Message: "1" });
  await sns.publishBatch({ TopicArn, PublishBatchRequestEntries: [{ Id: "2", Message: "2" }] });
  await receiveN(sqs, QueueUrl, 2);
  await sns.unsubscribe({ SubscriptionArn });
}

async function platforms(sns, Name) {
  const application = { Name, Platform: "GCM", Attributes: { PlatformCredential: "secret" } };
  const { PlatformApplicationArn } = await sns.createPlatformApplication(application);
  await sns.setPlatformApplicationAttributes({ PlatformApplicationArn, Attributes: { Enabled: "true" } });
  await sns.getPlatformApplicationAttributes({ PlatformApplicationArn });
  assert.equal((await sns.listPlatformApplications({})).PlatformApplications.length, 1);
  const { EndpointArn } = await sns.createPlatformEndpoint({ PlatformApplicationArn, Token: "t" });
  await sns.setEndpointAttributes({ EndpointArn, Attributes: { CustomUserData: "x" } });
  assert.equal((await sns.getEndpointAttributes({ EndpointArn })).Attributes.CustomUserData, "x");
  const { Endpoints } = await sns.listEndpointsByPlatformApplication({ PlatformApplicationArn });
  assert.equal(Endpoints.length, 1);
  await sns.deleteEndpoint({ EndpointArn });
  await sns.deletePlatformApplication({ PlatformApplicationArn });
}

async function phones(sns) {
  const phone = "+15550100";
  await sns.setSMSAttributes({ attributes: { DefaultSMSType: "Promotional" } });
  assert.equal((await sns.getSMSAttributes({})).attributes.DefaultSMSType, "Promotional");
  await sns.checkIfPhoneNumberIsOptedOut({ phoneNumber: phone });
  await sns.listPhoneNumbersOptedOut({});
  await sns.optInPhoneNumber({ phoneNumber: phone });
  await sns.listOriginationNumbers({});
  await sns.getSMSSandboxAccountStatus({});
  await sns.createSMSSandboxPhoneNumber({ PhoneNumber: phone });
  assert.equal((await sns.listSMSSandboxPhoneNumbers({})).PhoneNumbers[0].Status, "Pending");
}

test("actions of topics: each is answered", async () => {
  const here = watched();
  const { account, sns, name, answered } = here;
  const { TopicArn } = await sns.createTopic({ Name: name });
  await topics(sns, TopicArn, account);
  await subscriptions(here, TopicArn);
  await platforms(sns, name);
  await phones(sns);
  await sns.deleteTopic({ TopicArn });
  // The password is on the phone, and a phone stays for a day.
  const refused = ["DeleteSMSSandboxPhoneNumber", "VerifySMSSandboxPhoneNumber"];
  assert.deepEqual([...answered, ...refused].sort(), [...KNOWN].sort());
  assert.equal(KNOWN.length, 42);
});
