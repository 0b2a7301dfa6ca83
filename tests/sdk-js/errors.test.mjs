// Errors as the SDK shows them: class, name, query code, fault, HTTP status and text.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdk from "@aws-sdk/client-sqs";
import { arnOf, freshQueue, long, receive, refused, text } from "./calls.mjs";

const CHARACTERS =
  "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | " +
  "#x10000 to #x10FFFF";
const NO_QUEUE = { name: "QueueDoesNotExist", Code: long("NonExistentQueue"), type: sdk.QueueDoesNotExist };
const value = (message) => ({ name: "InvalidParameterValue", message });
const attributes = (named) => ({ MessageBody: "x", MessageAttributes: named });

// What is done, what is expected. Each gets a queue of its own.
const CASES = {
  "a queue that is not there": [
    ({ sqs, QueueUrl }) => sqs.sendMessage({ QueueUrl: `${QueueUrl}-not`, MessageBody: "x" }),
    { ...NO_QUEUE, message: "The specified queue does not exist." },
  ],
  "a queue name that is not there": [({ sqs }) => sqs.getQueueUrl({ QueueName: "nobody" }), NO_QUEUE],
  "a queue name with a dot": [
    ({ sqs }) => sqs.createQueue({ QueueName: "a.b" }),
    value("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"),
  ],
  "a queue name of 81 characters": [({ sqs }) => sqs.createQueue({ QueueName: "a".repeat(81) }), value()],
  "too many messages asked for": [
    ({ sqs, QueueUrl }) => sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 11 }),
    value("Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."),
  ],
  "too long a wait": [
    ({ sqs, QueueUrl }) => sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 21 }),
    value("Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."),
  ],
  "too long a visibility": [
    ({ sqs, QueueUrl }) => sqs.receiveMessage({ QueueUrl, VisibilityTimeout: 43201 }),
    value(/^Value 43201 for parameter VisibilityTimeout is invalid\./),
  ],
  "too long a delay": [
    ({ sqs, QueueUrl }) => sqs.sendMessage({ QueueUrl, MessageBody: "x", DelaySeconds: 901 }),
    value("Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."),
  ],
  "an empty body": [
    ({ sqs, QueueUrl }) => sqs.sendMessage({ QueueUrl, MessageBody: "" }),
    { name: "MissingParameter", message: "The request must contain the parameter MessageBody." },
  ],
  "a body with a forbidden character": [
    ({ sqs, QueueUrl }) => sqs.sendMessage({ QueueUrl, MessageBody: "a\uffffb" }),
    { name: "InvalidMessageContents", message: CHARACTERS, type: sdk.InvalidMessageContents },
  ],
  "a body that is too large": [
    ({ sqs, QueueUrl }) => sqs.sendMessage({ QueueUrl, MessageBody: "x".repeat(1024 * 1024 + 1) }),
    value("One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."),
  ],
  "a deduplication id on a standard queue": [
    ({ sqs, QueueUrl }) => sqs.sendMessage({ QueueUrl, MessageBody: "x", MessageDeduplicationId: "d" }),
    value(/^Value d for parameter MessageDeduplicationId is invalid\. Reason: /),
  ],
  "an attribute without a value": [
    ({ sqs, QueueUrl }) => sqs.sendMessage({ QueueUrl, ...attributes({ a: text("") }) }),
    value("Message (user) attribute 'a' must contain a non-empty value of type 'String'."),
  ],
  "an attribute of a reserved name": [
    ({ sqs, QueueUrl }) => sqs.sendMessage({ QueueUrl, ...attributes({ "AWS.x": text("v") }) }),
    value(/^You can't use message attribute names beginning with 'AWS\.' or 'Amazon\.'/),
  ],
  "an attribute of an unknown type": [
    ({ sqs, QueueUrl }) => {
      const float = { DataType: "Float", StringValue: "1" };
      return sqs.sendMessage({ QueueUrl, ...attributes({ a: float }) });
    },
    value(/must be prefixed with "String", "Binary", or "Number"/),
  ],
  "a number that is none": [
    ({ sqs, QueueUrl }) => {
      const number = { DataType: "Number", StringValue: "x" };
      return sqs.sendMessage({ QueueUrl, ...attributes({ a: number }) });
    },
    value("Can't cast the value of message (user) attribute 'a' to a number."),
  ],
  "eleven attributes": [
    ({ sqs, QueueUrl }) => {
      const eleven = Array.from({ length: 11 }, (_, at) => [`a${at}`, text("v")]);
      return sqs.sendMessage({ QueueUrl, ...attributes(Object.fromEntries(eleven)) });
    },
    value("Number of message attributes [11] exceeds the allowed maximum [10]."),
  ],
  "an attribute that is a list": [
    ({ sqs, QueueUrl }) => {
      const list = { DataType: "String", StringListValues: ["a"] };
      return sqs.sendMessage({ QueueUrl, ...attributes({ a: list }) });
    },
    { name: "UnsupportedOperation", Code: long("UnsupportedOperation"), type: sdk.UnsupportedOperation },
  ],
  "a handle that is none": [
    ({ sqs, QueueUrl }) => sqs.deleteMessage({ QueueUrl, ReceiptHandle: "garbage" }),
    {
      name: "ReceiptHandleIsInvalid",
      status: 404,
      type: sdk.ReceiptHandleIsInvalid,
      message: 'The input receipt handle "garbage" is not a valid receipt handle.',
    },
  ],
  "a handle of another queue": [
    async ({ sqs, QueueUrl, name }) => {
      const other = (await sqs.createQueue({ QueueName: `${name}-other` })).QueueUrl;
      await sqs.sendMessage({ QueueUrl, MessageBody: "x" });
      const [{ ReceiptHandle }] = await receive(sqs, QueueUrl);
      return sqs.deleteMessage({ QueueUrl: other, ReceiptHandle });
    },
    { name: "ReceiptHandleIsInvalid", status: 404, type: sdk.ReceiptHandleIsInvalid },
  ],
  "an unknown attribute of a queue": [
    ({ sqs, QueueUrl }) => sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["Nope"] }),
    { name: "InvalidAttributeName", message: "Unknown Attribute Nope.", type: sdk.InvalidAttributeName },
  ],
  "a visibility timeout with a sign": [
    ({ sqs, QueueUrl }) => sqs.setQueueAttributes({ QueueUrl, Attributes: { VisibilityTimeout: "+5" } }),
    {
      name: "InvalidAttributeValue",
      type: sdk.InvalidAttributeValue,
      message: /^Invalid value for the parameter VisibilityTimeout\./,
    },
  ],
  "a second purge": [
    async ({ sqs, QueueUrl }) => {
      await sqs.purgeQueue({ QueueUrl });
      return sqs.purgeQueue({ QueueUrl });
    },
    {
      name: "PurgeQueueInProgress",
      Code: long("PurgeQueueInProgress"),
      status: 403,
      type: sdk.PurgeQueueInProgress,
      message: /^Only one PurgeQueue operation on js-\S+ is allowed every 60 seconds\.$/,
    },
  ],
  "a name again after its deletion": [
    async ({ sqs, QueueUrl, name: QueueName }) => {
      await sqs.deleteQueue({ QueueUrl });
      return sqs.createQueue({ QueueName });
    },
    {
      name: "QueueDeletedRecently",
      Code: long("QueueDeletedRecently"),
      type: sdk.QueueDeletedRecently,
      message: "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
    },
  ],
  "a second deletion": [
    async ({ sqs, QueueUrl }) => {
      await sqs.deleteQueue({ QueueUrl });
      return sqs.deleteQueue({ QueueUrl });
    },
    NO_QUEUE,
  ],
  "a move from a queue that is none's dead-letter queue": [
    async ({ sqs, QueueUrl }) => sqs.startMessageMoveTask({ SourceArn: await arnOf(sqs, QueueUrl) }),
    value("Source queue must be configured as a Dead Letter Queue."),
  ],
  "a move from a queue that is not there": [
    async ({ sqs, QueueUrl }) => sqs.startMessageMoveTask({ SourceArn: `${await arnOf(sqs, QueueUrl)}-not` }),
    {
      name: "ResourceNotFoundException",
      status: 404,
      type: sdk.ResourceNotFoundException,
      message: "The resource that you specified for the SourceArn parameter doesn't exist.",
    },
  ],
  "a move task handle that is none": [
    ({ sqs }) => sqs.cancelMessageMoveTask({ TaskHandle: "garbage" }),
    value("Value for parameter TaskHandle is invalid."),
  ],
};

for (const [what, [call, expected]] of Object.entries(CASES)) {
  test(`error: ${what}`, async () => refused(call(await freshQueue()), expected));
}

test("error: a command sent is caught as its class, and as any error of SQS", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  try {
    await sqs.send(new sdk.ReceiveMessageCommand({ QueueUrl: `${QueueUrl}-not` }));
    assert.fail("the queue is not there");
  } catch (error) {
    assert.ok(error instanceof sdk.QueueDoesNotExist && error instanceof sdk.SQSServiceException);
    assert.deepEqual(error.Error, {
      Code: long("NonExistentQueue"),
      Type: "Sender",
      Message: "The specified queue does not exist.",
    });
  }
});
