"""FIFO queues: order, groups, the lock on a group, sequence numbers, handles that expire."""

import time

import pytest

from calls import bodies, counts, create, delete, receive, receive_n, refused, release, until

pytestmark = pytest.mark.sqs

ALL = {"AttributeNames": ["All"]}


def send(sqs, queue, group, *texts):
    """Sends texts to a group, each its own deduplication id; the sequence numbers."""
    replies = [
        sqs.send_message(QueueUrl=queue, MessageBody=text, MessageGroupId=group, MessageDeduplicationId=text)
        for text in texts
    ]
    return [reply["SequenceNumber"] for reply in replies]


def batch(group, texts):
    return [
        {"Id": f"n{at}", "MessageBody": text, "MessageGroupId": group, "MessageDeduplicationId": f"{group}{text}"}
        for at, text in enumerate(texts)
    ]


def test_order_over_batches(sqs, fifo):
    sent = [str(n) for n in range(30)]
    for at in range(0, 30, 10):
        reply = sqs.send_message_batch(QueueUrl=fifo, Entries=batch("g", sent[at : at + 10]))
        assert [entry["Id"] for entry in reply["Successful"]] == [f"n{n}" for n in range(10)]
    got = []
    while len(got) < 30:
        messages = receive(sqs, fifo, WaitTimeSeconds=5)
        assert messages, f"{len(got)} came"
        got += bodies(messages)
        delete(sqs, fifo, messages)
    assert got == sent
    assert counts(sqs, fifo) == (0, 0, 0)


def test_sequence_numbers(sqs, fifo):
    numbers = send(sqs, fifo, "a", "1", "2") + send(sqs, fifo, "b", "3") + send(sqs, fifo, "a", "4")
    reply = sqs.send_message_batch(QueueUrl=fifo, Entries=batch("c", ["5", "6"]))
    numbers += [entry["SequenceNumber"] for entry in reply["Successful"]]
    assert all(len(number) == 20 and number.isdigit() for number in numbers)
    assert numbers == sorted(set(numbers))
    messages = receive_n(sqs, fifo, 6, **ALL)
    got = {m["Body"]: m["Attributes"] for m in messages}
    assert [got[str(n)]["SequenceNumber"] for n in range(1, 7)] == numbers
    assert (got["1"]["MessageGroupId"], got["1"]["MessageDeduplicationId"]) == ("a", "1")
    assert (got["5"]["MessageGroupId"], got["5"]["MessageDeduplicationId"]) == ("c", "c5")


@pytest.mark.expect_log("cut the end of the log")
def test_sequence_numbers_grow_over_restarts(own_server):
    server = own_server()
    sqs = server.client("sqs")
    queue = create(sqs, "q.fifo")
    numbers = send(sqs, queue, "g", "1", "2")
    delete(sqs, queue, receive_n(sqs, queue, 2))
    server.restart_after_kill()
    # The first is still remembered, its message is not there.
    assert send(sqs, queue, "g", "1") == numbers[:1]
    numbers += send(sqs, queue, "g", "3")
    assert numbers == sorted(set(numbers))
    assert bodies(receive(sqs, queue)) == ["3"]
    server.restart_after_kill()
    send(sqs, queue, "g", "4")
    assert receive(sqs, queue) == [], "the lock on a group was lost in a restart"


def test_one_receive_keeps_the_order_of_each_group(sqs, fifo):
    for n in range(5):
        send(sqs, fifo, "a", f"a{n}")
        send(sqs, fifo, "b", f"b{n}")
    got = bodies(receive(sqs, fifo))
    assert [text for text in got if text[0] == "a"] == [f"a{n}" for n in range(5)]
    assert [text for text in got if text[0] == "b"] == [f"b{n}" for n in range(5)]


def test_a_group_is_locked_while_anything_of_it_is_in_flight(sqs, fifo):
    send(sqs, fifo, "a", "a1", "a2", "a3")
    send(sqs, fifo, "b", "b1")
    [first] = receive(sqs, fifo, MaxNumberOfMessages=1)
    assert first["Body"] == "a1"
    # What waits behind a message in flight is not in flight itself.
    assert counts(sqs, fifo) == (3, 1, 0)
    assert bodies(receive(sqs, fifo)) == ["b1"]
    assert receive(sqs, fifo) == []
    delete(sqs, fifo, [first])
    assert bodies(receive(sqs, fifo)) == ["a2", "a3"]


def test_deleting_a_part_does_not_unlock(sqs, fifo):
    send(sqs, fifo, "g", "1", "2", "3", "4")
    messages = receive(sqs, fifo, MaxNumberOfMessages=3)
    assert bodies(messages) == ["1", "2", "3"]
    delete(sqs, fifo, messages[:2])
    assert receive(sqs, fifo) == []
    delete(sqs, fifo, messages[2:])
    assert bodies(receive(sqs, fifo)) == ["4"]


def test_ending_the_timeout_unlocks(sqs, fifo):
    send(sqs, fifo, "g", "1", "2")
    messages = receive(sqs, fifo, MaxNumberOfMessages=1)
    release(sqs, fifo, messages)
    [first, second] = receive(sqs, fifo, **ALL)
    assert (first["Body"], second["Body"]) == ("1", "2")
    assert first["Attributes"]["ApproximateReceiveCount"] == "2"
    assert second["Attributes"]["ApproximateReceiveCount"] == "1"


def test_order_when_timeouts_end(sqs, name):
    """Three were received together and one of them is hidden for longer: those before it come."""
    extended = [("foo", []), ("bar", ["foo"]), ("baz", ["foo", "bar"])]
    queues = [(create(sqs, f"{name}-{which}.fifo"), which, rest) for which, rest in extended]
    for queue, which, _ in queues:
        send(sqs, queue, "g", "foo", "bar", "baz")
        messages = receive(sqs, queue, VisibilityTimeout=2)
        assert bodies(messages) == ["foo", "bar", "baz"]
        [chosen] = [m for m in messages if m["Body"] == which]
        change = {"ReceiptHandle": chosen["ReceiptHandle"], "VisibilityTimeout": 600}
        sqs.change_message_visibility(QueueUrl=queue, **change)
    for queue, which, rest in queues:
        until(lambda: counts(sqs, queue) == (2, 1, 0), f"two of three are visible where {which} was extended")
        assert bodies(receive(sqs, queue)) == rest, which


def test_a_long_poll_ends_when_a_group_is_unlocked(sqs, fifo):
    send(sqs, fifo, "g", "1", "2")
    assert bodies(receive(sqs, fifo, MaxNumberOfMessages=1, VisibilityTimeout=1)) == ["1"]
    started = time.monotonic()
    assert bodies(receive(sqs, fifo, WaitTimeSeconds=10)) == ["1", "2"]
    assert 0.7 <= time.monotonic() - started <= 4


def test_handles_expire(sqs, fifo):
    send(sqs, fifo, "g", "1")
    send(sqs, fifo, "h", "2")
    [late, kept] = receive_n(sqs, fifo, 2, VisibilityTimeout=2)
    handle = late["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=fifo, ReceiptHandle=kept["ReceiptHandle"], VisibilityTimeout=60)
    until(lambda: counts(sqs, fifo) == (1, 1, 0), "one message is visible again")
    assert refused(sqs.delete_message, QueueUrl=fifo, ReceiptHandle=handle) == (
        "InvalidParameterValue",
        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
        400,
    )
    change = {"QueueUrl": fifo, "ReceiptHandle": handle, "VisibilityTimeout": 60}
    assert refused(sqs.change_message_visibility, **change)[::2] == ("InvalidParameterValue", 400)
    reply = sqs.delete_message_batch(
        QueueUrl=fifo,
        Entries=[{"Id": "late", "ReceiptHandle": handle}, {"Id": "kept", "ReceiptHandle": kept["ReceiptHandle"]}],
    )
    assert [entry["Id"] for entry in reply["Successful"]] == ["kept"]
    [failed] = reply["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("late", "InvalidParameterValue", True)
    assert failed["Message"].endswith("Reason: The receipt handle has expired.")
    assert counts(sqs, fifo) == (1, 0, 0)
    [again] = receive(sqs, fifo)
    delete(sqs, fifo, [again])
    # Deleting twice is fine here, too.
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=again["ReceiptHandle"])


def test_only_the_queue_delays(sqs, name):
    queue = create(sqs, f"{name}.fifo", DelaySeconds="1")
    fields = {"QueueUrl": queue, "MessageBody": "x", "MessageGroupId": "g"}
    code, message, status = refused(sqs.send_message, DelaySeconds=1, MessageDeduplicationId="1", **fields)
    assert (code, status) == ("InvalidParameterValue", 400)
    assert message == (
        "Value 1 for parameter DelaySeconds is invalid. "
        "Reason: The request include parameter that is not valid for this queue type."
    )
    sqs.send_message(DelaySeconds=0, MessageDeduplicationId="2", **fields)
    started = time.monotonic()
    assert counts(sqs, queue) == (0, 0, 1)
    assert bodies(receive(sqs, queue, WaitTimeSeconds=5)) == ["x"]
    assert time.monotonic() - started >= 0.7


def test_the_same_attempt_gets_the_same_messages(sqs, fifo):
    send(sqs, fifo, "g", "1", "2", "3")
    attempt = {"ReceiveRequestAttemptId": "attempt-1", "MaxNumberOfMessages": 2}
    first = receive(sqs, fifo, VisibilityTimeout=1, **attempt)
    again = receive(sqs, fifo, VisibilityTimeout=600, **attempt)
    assert bodies(first) == ["1", "2"]
    assert [(m["MessageId"], m["ReceiptHandle"]) for m in again] == [
        (m["MessageId"], m["ReceiptHandle"]) for m in first
    ]
    assert receive(sqs, fifo, ReceiveRequestAttemptId="attempt-2") == []
    # The timeout of the second attempt counts: after that of the first one, nothing has come back.
    assert receive(sqs, fifo, WaitTimeSeconds=2) == []
    delete(sqs, fifo, first)
    assert bodies(receive(sqs, fifo, **attempt)) == ["3"]


def test_an_attempt_is_new_after_a_delete(sqs, fifo):
    send(sqs, fifo, "g", "1", "2")
    send(sqs, fifo, "h", "3")
    attempt = {"ReceiveRequestAttemptId": "attempt", "MaxNumberOfMessages": 2}
    first = receive(sqs, fifo, **attempt)
    assert bodies(first) == ["1", "2"]
    delete(sqs, fifo, first[:1])
    assert bodies(receive(sqs, fifo, **attempt)) == ["3"]


def test_fields_are_checked(sqs, fifo, queue):
    def say(**fields):
        return refused(sqs.send_message, QueueUrl=fifo, MessageBody="x", **fields)

    group = {"MessageGroupId": "g"}
    assert say(MessageDeduplicationId="1") == (
        "MissingParameter",
        "The request must contain the parameter MessageGroupId.",
        400,
    )
    no_id = "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
    assert say(**group) == ("InvalidParameterValue", no_id, 400)
    for member in ("MessageGroupId", "MessageDeduplicationId"):
        for bad in ("with space", "ü", "x" * 129):
            assert say(**{**group, "MessageDeduplicationId": "1", member: bad}) == (
                "InvalidParameterValue",
                f"Value {bad} for parameter {member} is invalid. Reason: {member} can only include alphanumeric "
                "and punctuation characters. 1 to 128 in length.",
                400,
            )
    edge = "".join(chr(code) for code in range(0x21, 0x7F)) + "x" * 34
    sqs.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId=edge, MessageDeduplicationId=edge)
    [message] = receive(sqs, fifo, **ALL)
    assert message["Attributes"]["MessageGroupId"] == edge
    code, message, status = refused(sqs.receive_message, QueueUrl=fifo, ReceiveRequestAttemptId="with space")
    assert (code, status) == ("InvalidParameterValue", 400)
    # Deduplication is of FIFO queues alone.
    code, message, status = refused(sqs.send_message, QueueUrl=queue, MessageBody="x", MessageDeduplicationId="1")
    assert (code, status) == ("InvalidParameterValue", 400)
    assert message == (
        "Value 1 for parameter MessageDeduplicationId is invalid. "
        "Reason: The request includes a parameter that is not valid for this queue type."
    )


def test_an_entry_without_its_ids_refuses_the_batch(sqs, fifo, content_fifo):
    for missing in ("MessageGroupId", "MessageDeduplicationId"):
        entries = batch("g", ["1", "2"])
        del entries[1][missing]
        code, _, status = refused(sqs.send_message_batch, QueueUrl=fifo, Entries=entries)
        assert (code, status) == ("InvalidParameterValue", 400), missing
    assert counts(sqs, fifo) == (0, 0, 0)
    del entries[0]["MessageDeduplicationId"]
    assert "Failed" not in sqs.send_message_batch(QueueUrl=content_fifo, Entries=entries)


def test_names_and_types_go_together(sqs, name, fifo, queue):
    rule = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    assert refused(sqs.create_queue, QueueName="no-type.fifo") == ("InvalidParameterValue", rule, 400)
    fifo_rule = (
        "InvalidParameterValue",
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end "
        "with .fifo suffix and be 1 to 80 in length.",
        400,
    )
    attributes = {"FifoQueue": "true"}
    assert refused(sqs.create_queue, QueueName=name, Attributes=attributes) == fifo_rule
    assert refused(sqs.create_queue, QueueName="x" * 76 + ".fifo", Attributes=attributes) == fifo_rule
    create(sqs, "x" * 75 + ".fifo")
    code, message, status = refused(sqs.set_queue_attributes, QueueUrl=fifo, Attributes={"FifoQueue": "false"})
    assert (code, status) == ("InvalidAttributeValue", 400)
    assert message == "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."
    code, _, status = refused(sqs.create_queue, QueueName=name, Attributes={"FifoQueue": "false"})
    assert (code, status) == ("InvalidAttributeName", 400)
