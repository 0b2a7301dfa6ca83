// Batches: entries that fail alone, what refuses the whole request, sizes.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdk from "@aws-sdk/client-sqs";
import { bodies, counts, freshQueue, long, receiveN, refused, sendAll, text } from "./calls.mjs";

const entries = (n, more = {}) =>
  Array.from({ length: n }, (_, at) => ({ Id: `id-${at}`, MessageBody: `${at}`, ...more }));

test("batch: ten messages, each with its own answer", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  const Entries = entries(10);
  Entries[3].MessageAttributes = { Hello: text("There") };
  Entries[9].DelaySeconds = 900;
  const { Successful, Failed } = await sqs.sendMessageBatch({ QueueUrl, Entries });
  assert.equal(Failed, undefined);
  assert.deepEqual(Successful.map(({ Id }) => Id), Entries.map(({ Id }) => Id));
  assert.equal(Successful[3].MD5OfMessageAttributes, "a311262e065454b75da111d535b8dacd");
  assert.equal(new Set(Successful.map(({ MessageId }) => MessageId)).size, 10);
  assert.deepEqual(await counts(sqs, QueueUrl), [9, 0, 1]);
  assert.deepEqual(bodies(await receiveN(sqs, QueueUrl, 9)).sort(), [..."012345678"]);
});

test("batch: an entry fails alone", async () => {
  const { sqs, QueueUrl } = await freshQueue({ MaximumMessageSize: "1024" });
  const Entries = entries(3);
  Entries[0].MessageBody = "x".repeat(1025);
  Entries[1].MessageBody = "a\u0000b";
  const { Successful, Failed } = await sqs.sendMessageBatch({ QueueUrl, Entries });
  assert.deepEqual(Successful.map(({ Id }) => Id), ["id-2"]);
  const failed = Failed.sort((a, b) => a.Id.localeCompare(b.Id));
  assert.deepEqual(failed[0], {
    Id: "id-0",
    SenderFault: true,
    Code: "InvalidParameterValue",
    Message: "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
  });
  assert.deepEqual([failed[1].Id, failed[1].Code, failed[1].SenderFault], ["id-1", "InvalidMessageContents", true]);
  assert.deepEqual(bodies(await receiveN(sqs, QueueUrl, 1)), ["2"]);
});

const WHOLE = {
  EmptyBatchRequest: [[], "There should be at least one SendMessageBatchRequestEntry in the request."],
  TooManyEntriesInBatchRequest: [entries(11), "Maximum number of entries per request are 10. You have sent 11."],
  BatchEntryIdsNotDistinct: [[...entries(1), ...entries(1)], "Id id-0 repeated."],
  InvalidBatchEntryId: [
    [{ Id: "not ok", MessageBody: "x" }],
    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 " +
      "letters long.",
  ],
  BatchRequestTooLong: [
    entries(3, { MessageBody: "x".repeat(512 * 1024) }),
    "Batch requests cannot be longer than 1048576 bytes. You have sent 1572864 bytes.",
  ],
};

for (const [name, [Entries, message]] of Object.entries(WHOLE)) {
  test(`batch: ${name} refuses all of it`, async () => {
    const { sqs, QueueUrl } = await freshQueue();
    const expected = { name, Code: long(name), message, type: sdk[name] };
    await refused(sqs.sendMessageBatch({ QueueUrl, Entries }), expected);
    assert.deepEqual(await counts(sqs, QueueUrl), [0, 0, 0]);
  });
}

test("batch: deletes and visibility changes name the handles that are none", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  await sendAll(sqs, QueueUrl, ["a", "b", "c", "d"]);
  const messages = await receiveN(sqs, QueueUrl, 4);
  const Entries = messages.map(({ ReceiptHandle }, at) => ({ Id: `${at}`, ReceiptHandle }));
  const bad = { Id: "bad", ReceiptHandle: "garbage" };
  const changes = [...Entries.slice(0, 2), bad].map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
  const deletes = [...Entries.slice(2), bad];
  const answers = [
    await sqs.changeMessageVisibilityBatch({ QueueUrl, Entries: changes }),
    await sqs.deleteMessageBatch({ QueueUrl, Entries: deletes }),
  ];
  for (const { Successful, Failed } of answers) {
    assert.equal(Successful.length, 2);
    const [{ Id, Code, SenderFault }] = Failed;
    assert.deepEqual([Failed.length, Id, Code, SenderFault], [1, "bad", "ReceiptHandleIsInvalid", true]);
  }
  assert.deepEqual(await counts(sqs, QueueUrl), [2, 0, 0]);
});

test("batch: 1 MiB together is taken, whatever the split", async () => {
  const { sqs, QueueUrl } = await freshQueue();
  const size = 104857;
  const Entries = entries(10, { MessageBody: "x".repeat(size) });
  Entries[9].MessageBody += "y".repeat(1024 * 1024 - 10 * size);
  assert.equal((await sqs.sendMessageBatch({ QueueUrl, Entries })).Successful.length, 10);
  assert.equal((await receiveN(sqs, QueueUrl, 10)).length, 10);
});
