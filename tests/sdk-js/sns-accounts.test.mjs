// What belongs to an account: platform applications and their endpoints, SMS attributes, the sandbox, phones.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EndpointDisabledException, InvalidParameterException, NotFoundException, PlatformApplicationDisabledException,
  ResourceNotFoundException, UserErrorException, VerificationException, paginateListEndpointsByPlatformApplication,
  paginateListPlatformApplications, paginateListSMSSandboxPhoneNumbers,
} from "@aws-sdk/client-sns";
import { place, snsRefused } from "./sns.mjs";

const PHONE = "+15550100";
const invalid = (call, message) => snsRefused(call, InvalidParameterException, "InvalidParameter", 400, message);
const missing = (call, what) => snsRefused(call, NotFoundException, "NotFound", 404, `${what} does not exist`);

/** A place with one platform application. */
async function application(Platform = "GCM", Attributes = { PlatformCredential: "secret" }) {
  const here = place();
  const { PlatformApplicationArn } = await here.sns.createPlatformApplication({
    Name: here.name, Platform, Attributes,
  });
  return { ...here, PlatformApplicationArn };
}

async function device(sns, EndpointArn) {
  return (await sns.getEndpointAttributes({ EndpointArn })).Attributes;
}

test("platforms: an application from beginning to end", async () => {
  const given = { PlatformCredential: "secret", PlatformPrincipal: "who" };
  const { account, sns, name, PlatformApplicationArn } = await application("APNS", given);
  assert.equal(PlatformApplicationArn, `arn:aws:sns:us-east-1:${account}:app/APNS/${name}`);
  const again = await sns.createPlatformApplication({ Name: name, Platform: "APNS", Attributes: given });
  assert.equal(again.PlatformApplicationArn, PlatformApplicationArn);
  const of = async () => (await sns.getPlatformApplicationAttributes({ PlatformApplicationArn })).Attributes;
  assert.deepEqual(await of(), { Enabled: "true" });
  const Attributes = { Enabled: "false", EventEndpointCreated: `arn:aws:sns:us-east-1:${account}:events` };
  await sns.setPlatformApplicationAttributes({ PlatformApplicationArn, Attributes });
  assert.deepEqual(await of(), Attributes);
  const { PlatformApplications } = await sns.listPlatformApplications({});
  assert.deepEqual(PlatformApplications, [{ PlatformApplicationArn, Attributes }]);
  for (const _ of [1, 2]) await sns.deletePlatformApplication({ PlatformApplicationArn });
  await missing(sns.getPlatformApplicationAttributes({ PlatformApplicationArn }), "PlatformApplication");
});

test("platforms: what an application must not be", async () => {
  const { sns, name } = place();
  const create = (more) =>
    sns.createPlatformApplication({
      Name: name, Platform: "GCM", Attributes: { PlatformCredential: "secret" }, ...more,
    });
  await invalid(create({ Platform: "PIGEON" }), "Invalid parameter: Platform Reason: PIGEON is not supported");
  await invalid(
    create({ Name: "a b" }),
    "Invalid parameter: a b Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'",
  );
  await invalid(
    create({ Attributes: { PlatformPrincipal: "who" } }),
    "Invalid parameter: Attributes Reason: PlatformPrincipal attribute provided without PlatformCredential",
  );
  await invalid(
    create({ Attributes: { Colour: "red" } }),
    "Invalid parameter: Attributes Reason: Invalid attribute name: Colour",
  );
});

test("platforms: an endpoint from beginning to end", async () => {
  const { sns, PlatformApplicationArn } = await application();
  const create = (more) => sns.createPlatformEndpoint({ PlatformApplicationArn, Token: "t-1", ...more });
  const { EndpointArn } = await create({ CustomUserData: "mine" });
  assert.ok(EndpointArn.startsWith(`${PlatformApplicationArn.replace(":app/", ":endpoint/")}/`));
  assert.equal((await create({ CustomUserData: "mine" })).EndpointArn, EndpointArn);
  assert.deepEqual(await device(sns, EndpointArn), { Enabled: "true", Token: "t-1", CustomUserData: "mine" });
  await invalid(
    create({ CustomUserData: "other" }),
    `Invalid parameter: Token Reason: Endpoint ${EndpointArn} already exists with the same Token, ` +
      "but different attributes.",
  );
  await sns.setEndpointAttributes({ EndpointArn, Attributes: { Enabled: "false", CustomUserData: "" } });
  assert.deepEqual(await device(sns, EndpointArn), { Enabled: "false", Token: "t-1" });
  const CustomUserData = "ü".repeat(1025);
  await invalid(
    sns.setEndpointAttributes({ EndpointArn, Attributes: { CustomUserData } }),
    "Invalid parameter: Attributes Reason: Invalid value for attribute: CustomUserData: " +
      "must be at most 2048 bytes long in UTF-8 encoding",
  );
  await invalid(
    sns.getEndpointAttributes({ EndpointArn: PlatformApplicationArn }),
    "Invalid parameter: EndpointArn Reason: Wrong number of slashes in relative portion of the ARN.",
  );
  for (const _ of [1, 2]) await sns.deleteEndpoint({ EndpointArn });
  await missing(sns.getEndpointAttributes({ EndpointArn }), "Endpoint");
});

test("platforms: both are listed a hundred at a time, and an application takes its endpoints along", async () => {
  const { sns, name, PlatformApplicationArn } = await application();
  const Attributes = { PlatformCredential: "secret" };
  const endpoints = [];
  for (let at = 0; at < 102; at += 1) {
    const { EndpointArn } = await sns.createPlatformEndpoint({ PlatformApplicationArn, Token: `t${at}` });
    endpoints.push(EndpointArn);
    if (at > 0) await sns.createPlatformApplication({ Name: `${name}-${at}`, Platform: "GCM", Attributes });
  }
  const applications = paginateListPlatformApplications({ client: sns }, {});
  const sizes = [];
  for await (const page of applications) sizes.push(page.PlatformApplications.length);
  assert.deepEqual(sizes, [100, 2]);
  const found = [];
  for await (const { Endpoints } of paginateListEndpointsByPlatformApplication(
    { client: sns }, { PlatformApplicationArn },
  )) {
    found.push(Endpoints.map(({ EndpointArn }) => EndpointArn));
  }
  assert.deepEqual(found.map((page) => page.length), [100, 2]);
  assert.deepEqual(found.flat().sort(), endpoints.sort());
  await sns.deletePlatformApplication({ PlatformApplicationArn });
  await missing(sns.listEndpointsByPlatformApplication({ PlatformApplicationArn }), "PlatformApplication");
  await missing(sns.getEndpointAttributes({ EndpointArn: endpoints[0] }), "Endpoint");
});

test("platforms: publishing to what is disabled, or not there", async () => {
  const { sns, PlatformApplicationArn } = await application();
  const { EndpointArn } = await sns.createPlatformEndpoint({ PlatformApplicationArn, Token: "t" });
  const publish = (TargetArn = EndpointArn) => sns.publish({ TargetArn, Message: "x" });
  await invalid(
    publish(EndpointArn.slice(0, -1)),
    "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
  );
  await sns.setEndpointAttributes({ EndpointArn, Attributes: { Enabled: "false" } });
  await snsRefused(publish(), EndpointDisabledException, "EndpointDisabled", 400, "Endpoint is disabled");
  await sns.setEndpointAttributes({ EndpointArn, Attributes: { Enabled: "true" } });
  await sns.setPlatformApplicationAttributes({ PlatformApplicationArn, Attributes: { Enabled: "false" } });
  await snsRefused(
    publish(),
    PlatformApplicationDisabledException, "PlatformApplicationDisabled", 400, /./,
  );
});

test("phones: SMS attributes", async () => {
  const { sns } = place();
  const of = async (...attributes) => (await sns.getSMSAttributes({ attributes })).attributes;
  assert.deepEqual(await of(), { MonthlySpendLimit: "1" });
  const attributes = { DefaultSMSType: "Transactional", DefaultSenderID: "shop1" };
  await sns.setSMSAttributes({ attributes });
  assert.deepEqual(await of(), { MonthlySpendLimit: "1", ...attributes });
  assert.deepEqual(await of("DefaultSenderID"), { DefaultSenderID: "shop1" });
  const set = (bad) => sns.setSMSAttributes({ attributes: bad });
  await invalid(set({ Colour: "red" }), "Colour is not a valid attribute");
  await invalid(set({ DefaultSMSType: "Loud" }), "DefaultSMSType is invalid");
  await invalid(set({ DefaultSenderID: "123" }), "DefaultSendID is not a valid attribute");
});

test("phones: the sandbox", async () => {
  const { sns } = place();
  const phones = Array.from({ length: 10 }, (_, at) => `+1555010${at}`);
  assert.equal(typeof (await sns.getSMSSandboxAccountStatus({})).IsInSandbox, "boolean");
  for (const PhoneNumber of phones) await sns.createSMSSandboxPhoneNumber({ PhoneNumber, LanguageCode: "de-DE" });
  await snsRefused(
    sns.createSMSSandboxPhoneNumber({ PhoneNumber: "+15550110" }),
    UserErrorException, "UserError", 400, /./,
  );
  const pages = [];
  for await (const { PhoneNumbers } of paginateListSMSSandboxPhoneNumbers({ client: sns, pageSize: 4 }, {})) {
    pages.push(PhoneNumbers);
  }
  assert.deepEqual(pages.map((page) => page.length), [4, 4, 2]);
  assert.deepEqual(pages.flat(), phones.map((PhoneNumber) => ({ PhoneNumber, Status: "Pending" })));
  // Six digits, so these are none of them.
  await snsRefused(
    sns.verifySMSSandboxPhoneNumber({ PhoneNumber: PHONE, OneTimePassword: "00000000" }),
    VerificationException, "VerificationException", 400, /./,
  );
  await snsRefused(
    sns.deleteSMSSandboxPhoneNumber({ PhoneNumber: PHONE }),
    UserErrorException, "UserError", 400, /./,
  );
  await snsRefused(
    sns.deleteSMSSandboxPhoneNumber({ PhoneNumber: "+15550199" }),
    ResourceNotFoundException, "ResourceNotFound", 404, /./,
  );
});

test("phones: opting out and in, and origination numbers", async () => {
  const { sns } = place();
  assert.equal((await sns.checkIfPhoneNumberIsOptedOut({ phoneNumber: PHONE })).isOptedOut, false);
  assert.deepEqual((await sns.listPhoneNumbersOptedOut({})).phoneNumbers ?? [], []);
  await sns.optInPhoneNumber({ phoneNumber: PHONE });
  const bad = "Invalid parameter: PhoneNumber Reason: input incorrectly formatted";
  await invalid(sns.optInPhoneNumber({ phoneNumber: "5550100" }), bad);
  await invalid(sns.checkIfPhoneNumberIsOptedOut({ phoneNumber: "5550100" }), bad);
  const { PhoneNumbers, NextToken } = await sns.listOriginationNumbers({ MaxResults: 30 });
  assert.deepEqual([PhoneNumbers ?? [], NextToken], [[], undefined]);
});
