"""Batches: all three kinds, entries that fail alone, and what refuses the whole request."""

import pytest

from calls import counts, receive, receive_n, refused, text

pytestmark = pytest.mark.sqs

PREFIX = "AWS.SimpleQueueService."


def entries(n, **more):
    return [{"Id": f"id-{at}", "MessageBody": f"body {at}", **more} for at in range(n)]


def test_send_batch(sqs, queue):
    batch = entries(9)
    batch.append({"Id": "with", "MessageBody": "x", "MessageAttributes": {"a": text("b")}, "DelaySeconds": 900})
    reply = sqs.send_message_batch(QueueUrl=queue, Entries=batch)
    assert "Failed" not in reply
    assert [entry["Id"] for entry in reply["Successful"]] == [entry["Id"] for entry in batch]
    assert reply["Successful"][9]["MD5OfMessageAttributes"]
    assert counts(sqs, queue) == (9, 0, 1)
    messages = receive_n(sqs, queue, 9)
    sent = {entry["MessageId"]: entry["MD5OfMessageBody"] for entry in reply["Successful"][:9]}
    assert {m["MessageId"]: m["MD5OfBody"] for m in messages} == sent


def test_entries_fail_alone(sqs, name):
    queue = sqs.create_queue(QueueName=name, Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    batch = entries(3)
    batch[0]["MessageBody"] = "x" * 1025
    batch[1]["MessageBody"] = "a\x00b"
    reply = sqs.send_message_batch(QueueUrl=queue, Entries=batch)
    assert [entry["Id"] for entry in reply["Successful"]] == ["id-2"]
    failed = {entry["Id"]: entry for entry in reply["Failed"]}
    assert failed["id-0"] == {
        "Id": "id-0",
        "SenderFault": True,
        "Code": "InvalidParameterValue",
        "Message": "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
    }
    assert failed["id-1"]["Code"] == "InvalidMessageContents"
    assert [m["Body"] for m in receive(sqs, queue)] == ["body 2"]


def test_what_refuses_a_whole_batch(sqs, queue):
    def send(batch):
        return refused(sqs.send_message_batch, QueueUrl=queue, Entries=batch)

    assert send([]) == (
        PREFIX + "EmptyBatchRequest",
        "There should be at least one SendMessageBatchRequestEntry in the request.",
        400,
    )
    assert send(entries(11)) == (
        PREFIX + "TooManyEntriesInBatchRequest",
        "Maximum number of entries per request are 10. You have sent 11.",
        400,
    )
    assert send(entries(1) * 2) == (PREFIX + "BatchEntryIdsNotDistinct", "Id id-0 repeated.", 400)
    assert send([{"Id": "not ok", "MessageBody": "x"}]) == (
        PREFIX + "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
        "It can be at most 80 letters long.",
        400,
    )
    half = "x" * 524_288
    large = [{"Id": str(n), "MessageBody": half} for n in range(3)]
    assert send(large) == (
        PREFIX + "BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1572864 bytes.",
        400,
    )
    assert counts(sqs, queue) == (0, 0, 0)


def test_delete_batch(sqs, queue):
    sqs.send_message_batch(QueueUrl=queue, Entries=entries(5))
    messages = receive_n(sqs, queue, 5)
    batch = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
    batch.append({"Id": "bad", "ReceiptHandle": "garbage"})
    reply = sqs.delete_message_batch(QueueUrl=queue, Entries=batch)
    assert {entry["Id"] for entry in reply["Successful"]} == {"0", "1", "2", "3", "4"}
    [failed] = reply["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "ReceiptHandleIsInvalid", True)
    assert counts(sqs, queue) == (0, 0, 0)
    code, message, _ = refused(sqs.delete_message_batch, QueueUrl=queue, Entries=[])
    assert code == PREFIX + "EmptyBatchRequest"
    assert message == "There should be at least one DeleteMessageBatchRequestEntry in the request."


def test_change_visibility_batch(sqs, queue):
    sqs.send_message_batch(QueueUrl=queue, Entries=entries(4))
    messages = receive_n(sqs, queue, 4)
    batch = [
        {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"], "VisibilityTimeout": 0 if n < 2 else 500}
        for n, m in enumerate(messages)
    ]
    batch.append({"Id": "bad", "ReceiptHandle": "garbage", "VisibilityTimeout": 1})
    reply = sqs.change_message_visibility_batch(QueueUrl=queue, Entries=batch)
    assert {entry["Id"] for entry in reply["Successful"]} == {"0", "1", "2", "3"}
    assert [entry["Id"] for entry in reply["Failed"]] == ["bad"]
    assert counts(sqs, queue) == (2, 2, 0)
    again = {m["MessageId"] for m in receive_n(sqs, queue, 2)}
    assert again == {m["MessageId"] for m in messages[:2]}
