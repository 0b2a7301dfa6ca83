"""Deduplication: by id and by content, per queue and per group, and what clears it."""

import hashlib

import pytest

from calls import bodies, counts, create, delete, receive, receive_n, text

pytestmark = pytest.mark.sqs

PER_GROUP = {"DeduplicationScope": "messageGroup"}


def send(sqs, queue, body, group="g", **fields):
    """The reply without its transport part, and whether the queue holds more than before."""
    before = counts(sqs, queue)
    reply = sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=group, **fields)
    added = sum(counts(sqs, queue)) - sum(before)
    return {key: reply[key] for key in ("MessageId", "SequenceNumber")}, added


def test_the_second_is_answered_like_the_first(sqs, fifo):
    first, added = send(sqs, fifo, "one", MessageDeduplicationId="id")
    assert added == 1
    # The body does not matter, nor do the attributes.
    second = send(sqs, fifo, "two", MessageDeduplicationId="id", MessageAttributes={"a": text("b")})
    assert second == (first, 0)
    [message] = receive(sqs, fifo)
    assert (message["Body"], message["MessageId"]) == ("one", first["MessageId"])
    # Also while it is in flight and after it was deleted.
    assert send(sqs, fifo, "one", MessageDeduplicationId="id") == (first, 0)
    delete(sqs, fifo, [message])
    assert send(sqs, fifo, "one", MessageDeduplicationId="id") == (first, 0)
    assert receive(sqs, fifo) == []
    assert send(sqs, fifo, "one", MessageDeduplicationId="ID")[1] == 1


def test_the_digests_are_those_of_the_second(sqs, fifo):
    fields = {"QueueUrl": fifo, "MessageGroupId": "g", "MessageDeduplicationId": "id"}
    sqs.send_message(MessageBody="one", **fields)
    # The SDK itself compares the digest with what it sent.
    reply = sqs.send_message(MessageBody="two", **fields)
    assert reply["MD5OfMessageBody"] == hashlib.md5(b"two").hexdigest()


def test_by_content(sqs, content_fifo):
    first, added = send(sqs, content_fifo, "same")
    assert added == 1
    assert send(sqs, content_fifo, "same", MessageAttributes={"a": text("b")}) == (first, 0)
    assert send(sqs, content_fifo, "other")[1] == 1
    digest = hashlib.sha256(b"same").hexdigest()
    # An id that equals the hash is the same id; any other goes before the content.
    assert send(sqs, content_fifo, "else", MessageDeduplicationId=digest) == (first, 0)
    assert send(sqs, content_fifo, "same", MessageDeduplicationId="mine")[1] == 1
    messages = receive_n(sqs, content_fifo, 3, AttributeNames=["MessageDeduplicationId"])
    assert bodies(messages) == ["same", "other", "same"]
    ids = [m["Attributes"]["MessageDeduplicationId"] for m in messages]
    assert ids == [digest, hashlib.sha256(b"other").hexdigest(), "mine"]


def test_across_groups(sqs, fifo):
    first, _ = send(sqs, fifo, "one", group="a", MessageDeduplicationId="id")
    assert send(sqs, fifo, "two", group="b", MessageDeduplicationId="id") == (first, 0)
    assert bodies(receive(sqs, fifo)) == ["one"]


@pytest.mark.parametrize("limit", ["perQueue", "perMessageGroupId"])
def test_per_group(sqs, name, limit):
    queue = create(sqs, f"{name}.fifo", **PER_GROUP, FifoThroughputLimit=limit)
    first, _ = send(sqs, queue, "one", group="a", MessageDeduplicationId="id")
    assert send(sqs, queue, "two", group="b", MessageDeduplicationId="id")[1] == 1
    assert send(sqs, queue, "three", group="a", MessageDeduplicationId="id") == (first, 0)
    assert sorted(bodies(receive_n(sqs, queue, 2))) == ["one", "two"]


def test_per_group_by_content(sqs, name):
    queue = create(sqs, f"{name}.fifo", **PER_GROUP, ContentBasedDeduplication="true")
    first, _ = send(sqs, queue, "same", group="a")
    assert send(sqs, queue, "same", group="b")[1] == 1
    assert send(sqs, queue, "same", group="a") == (first, 0)


def test_inside_a_batch(sqs, content_fifo):
    entries = [{"Id": str(n), "MessageBody": f"body {n // 2}", "MessageGroupId": "g"} for n in range(6)]
    reply = sqs.send_message_batch(QueueUrl=content_fifo, Entries=entries)
    ids = [entry["MessageId"] for entry in reply["Successful"]]
    assert ids[0::2] == ids[1::2] and len(set(ids)) == 3
    assert bodies(receive(sqs, content_fifo)) == ["body 0", "body 1", "body 2"]


def test_purge_forgets(sqs, fifo):
    first, _ = send(sqs, fifo, "one", MessageDeduplicationId="id")
    sqs.purge_queue(QueueUrl=fifo)
    again, added = send(sqs, fifo, "one", MessageDeduplicationId="id")
    assert added == 1
    assert again["MessageId"] != first["MessageId"] and again["SequenceNumber"] > first["SequenceNumber"]
    assert bodies(receive(sqs, fifo)) == ["one"]


@pytest.mark.parametrize("attributes", [{}, PER_GROUP], ids=["queue", "group"])
@pytest.mark.expect_log("cut the end of the log")
def test_kill_does_not_forget(own_server, attributes):
    server = own_server()
    sqs = server.client("sqs")
    queue = create(sqs, "q.fifo", **attributes)
    first, _ = send(sqs, queue, "one", MessageDeduplicationId="id")
    delete(sqs, queue, receive(sqs, queue))
    server.restart_after_kill()
    assert send(sqs, queue, "one", MessageDeduplicationId="id") == (first, 0)
    assert send(sqs, queue, "one", group="h", MessageDeduplicationId="id")[1] == (1 if attributes else 0)
