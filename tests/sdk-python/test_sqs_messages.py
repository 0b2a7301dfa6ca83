"""Messages: send, receive, delete, attributes, visibility, delay, long polls. The SDK itself checks every MD5
on send and on receive, and raises if one is wrong."""

import hashlib
import threading
import time

import pytest

from calls import counts, number, receive, receive_n, refused, text

pytestmark = pytest.mark.sqs


def test_send_receive_delete(sqs, queue):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="hello")
    assert sent["MD5OfMessageBody"] == hashlib.md5(b"hello").hexdigest()
    assert "MD5OfMessageAttributes" not in sent and "SequenceNumber" not in sent
    [message] = receive(sqs, queue)
    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == "hello"
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert "Attributes" not in message and "MessageAttributes" not in message
    assert counts(sqs, queue) == (0, 1, 0)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert counts(sqs, queue) == (0, 0, 0)
    # Deleting twice is fine.
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


@pytest.mark.parametrize(
    "body",
    [
        "ü – 東京 – 🚀",
        "<a href='x'>&amp;\"</a>",
        '"&quot;&quot;\r\n\t',
        "a=b&c=d+e%20f",
        "\ud7ff\ue000\ufffd",
        " leading and trailing ",
        '{"json": ["\\u0041", null]}',
        "x" * 1_048_576,
    ],
    ids=["unicode", "xml", "cr", "form", "edges", "spaces", "json", "1 MiB"],
)
def test_bodies_survive(sqs, queue, body):
    sqs.send_message(QueueUrl=queue, MessageBody=body)
    [message] = receive(sqs, queue)
    assert message["Body"] == body


def test_attributes_survive(sqs, queue):
    attributes = {
        "Text": text("a <b> & \"c\" ü"),
        "Count": number("99.12"),
        "Bytes": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
        "Labelled": {"DataType": "String.label", "StringValue": "x"},
    }
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=attributes)
    [message] = receive(sqs, queue, MessageAttributeNames=["All"], VisibilityTimeout=0)
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    for names, expected in [
        (["Text"], {"Text"}),
        (["La.*"], {"Labelled"}),
        ([".*"], set(attributes)),
        (["Nothing"], set()),
    ]:
        [message] = receive(sqs, queue, MessageAttributeNames=names, VisibilityTimeout=0, WaitTimeSeconds=2)
        assert set(message.get("MessageAttributes", {})) == expected
        assert ("MD5OfMessageAttributes" in message) == bool(expected)


@pytest.mark.parametrize(
    "attributes, digest",
    [
        ({"MyAttribute": text("foobar")}, "adb59cd4678ea5a855436b949cd07ab6"),
        ({"General": text("Kenobi"), "Hello": text("There")}, "fca026605781cb4126a1e9044df24232"),
        ({"attr1": number("99.12"), "attr2": number("109.12")}, "9b720b3af309c1c4b0d395c53b08c502"),
    ],
)
def test_digests_of_attributes(sqs, queue, attributes, digest):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes=attributes)
    assert sent["MD5OfMessageAttributes"] == digest


def test_system_attributes(sqs, queue):
    before = time.time() * 1000
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    sent = sqs.send_message(
        QueueUrl=queue, MessageBody="x", MessageSystemAttributes={"AWSTraceHeader": text(trace)}
    )
    assert sent["MD5OfMessageSystemAttributes"]
    [first] = receive(sqs, queue, AttributeNames=["All"], VisibilityTimeout=0)
    [second] = receive(sqs, queue, AttributeNames=["All"], WaitTimeSeconds=2)
    first, second = first["Attributes"], second["Attributes"]
    assert first["AWSTraceHeader"] == trace
    assert before - 2000 <= int(first["SentTimestamp"]) <= time.time() * 1000 + 2000
    assert first["SenderId"]
    assert (first["ApproximateReceiveCount"], second["ApproximateReceiveCount"]) == ("1", "2")
    assert first["ApproximateFirstReceiveTimestamp"] == second["ApproximateFirstReceiveTimestamp"]
    assert first["SentTimestamp"] == second["SentTimestamp"]


def test_visibility_passes(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [first] = receive(sqs, queue, VisibilityTimeout=1)
    hidden = time.monotonic()
    assert receive(sqs, queue) == []
    [second] = receive(sqs, queue, WaitTimeSeconds=5)
    assert 0.8 <= time.monotonic() - hidden <= 3
    assert second["MessageId"] == first["MessageId"]
    assert second["ReceiptHandle"] != first["ReceiptHandle"]


def test_visibility_is_changed(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [message] = receive(sqs, queue)
    handle = message["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    assert counts(sqs, queue) == (1, 0, 0)
    # A handle of a standard queue works after its message became visible again, and hides it.
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=100)
    assert counts(sqs, queue) == (0, 1, 0)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    code, message, status = refused(
        sqs.change_message_visibility, QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0
    )
    assert (code, status) == ("InvalidParameterValue", 400)
    assert message == (
        f"Value {handle} for parameter ReceiptHandle is invalid. "
        "Reason: Message does not exist or is not available for visibility timeout change."
    )


def test_delays_of_messages_and_queues(sqs, name):
    queue = sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "900"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="never in this test")
    sqs.send_message(QueueUrl=queue, MessageBody="at once", DelaySeconds=0)
    started = time.monotonic()
    sqs.send_message(QueueUrl=queue, MessageBody="soon", DelaySeconds=1)
    assert [m["Body"] for m in receive(sqs, queue)] == ["at once"]
    assert counts(sqs, queue) == (0, 1, 2)
    assert [m["Body"] for m in receive(sqs, queue, WaitTimeSeconds=5)] == ["soon"]
    assert 0.8 <= time.monotonic() - started <= 3


def test_a_long_poll_ends_when_a_message_comes(server, account, sqs, queue):
    got = []
    poller = server.client("sqs", key=account)
    poll = threading.Thread(target=lambda: got.extend(receive(poller, queue, WaitTimeSeconds=20)))
    started = time.monotonic()
    poll.start()
    sqs.send_message(QueueUrl=queue, MessageBody="wake up")
    poll.join(15)
    assert [m["Body"] for m in got] == ["wake up"]
    assert time.monotonic() - started < 10


def test_a_long_poll_ends_empty(sqs, queue):
    started = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
    assert 0.9 <= time.monotonic() - started <= 4


def test_the_queue_says_how_long_to_poll(sqs, name):
    attributes = {"ReceiveMessageWaitTimeSeconds": "1"}
    queue = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    started = time.monotonic()
    assert receive(sqs, queue) == []
    assert time.monotonic() - started >= 0.9
    started = time.monotonic()
    assert receive(sqs, queue, WaitTimeSeconds=0) == []
    assert time.monotonic() - started < 0.9


def test_every_message_comes_once(sqs, queue):
    bodies = {f"message {n}" for n in range(60)}
    for body in bodies:
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    messages = receive_n(sqs, queue, 60)
    assert {m["Body"] for m in messages} == bodies
    assert counts(sqs, queue) == (0, 60, 0)


def test_receives_are_checked(sqs, queue):
    assert refused(sqs.receive_message, QueueUrl=queue, MaxNumberOfMessages=11) == (
        "InvalidParameterValue",
        "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        400,
    )
    assert refused(sqs.receive_message, QueueUrl=queue, MaxNumberOfMessages=0)[0] == "InvalidParameterValue"
    assert refused(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=21) == (
        "InvalidParameterValue",
        "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.",
        400,
    )
    assert refused(sqs.receive_message, QueueUrl=queue, VisibilityTimeout=43201) == (
        "InvalidParameterValue",
        "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.",
        400,
    )


def test_sends_are_checked(sqs, name):
    queue = sqs.create_queue(QueueName=name, Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 1024)
    too_long = (
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
        400,
    )
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody="x" * 1025) == too_long
    # Attributes count: name, type and value.
    attributes = {"n": text("v")}
    sized = {"QueueUrl": queue, "MessageAttributes": attributes}
    sqs.send_message(MessageBody="x" * (1024 - 8), **sized)
    assert refused(sqs.send_message, MessageBody="x" * (1024 - 7), **sized) == too_long
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody="a\x00b")[::2] == ("InvalidMessageContents", 400)
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody="x", DelaySeconds=901) == (
        "InvalidParameterValue",
        "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
        400,
    )
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody="") == (
        "MissingParameter",
        "The request must contain the parameter MessageBody.",
        400,
    )


def test_attributes_are_checked(sqs, queue):
    def send(attributes):
        return refused(sqs.send_message, QueueUrl=queue, MessageBody="x", MessageAttributes=attributes)

    code = "InvalidParameterValue"
    assert send({"a": text("")})[::2] == (code, 400)
    assert send({"AWS.x": text("v")})[::2] == (code, 400)
    assert send({".x": text("v")})[::2] == (code, 400)
    assert send({"x": {"DataType": "Colour", "StringValue": "v"}})[::2] == (code, 400)
    assert send({"x": number("twelve")}) == (
        code,
        "Can't cast the value of message (user) attribute 'x' to a number.",
        400,
    )
    assert send({f"a{n}": text("v") for n in range(11)}) == (
        code,
        "Number of message attributes [11] exceeds the allowed maximum [10].",
        400,
    )


def test_handles_that_were_never_issued(sqs, queue, name):
    expected = ("ReceiptHandleIsInvalid", 'The input receipt handle "garbage" is not a valid receipt handle.', 404)
    assert refused(sqs.delete_message, QueueUrl=queue, ReceiptHandle="garbage") == expected
    change = {"QueueUrl": queue, "ReceiptHandle": "garbage", "VisibilityTimeout": 1}
    assert refused(sqs.change_message_visibility, **change) == expected
    other = sqs.create_queue(QueueName=name + "-other")["QueueUrl"]
    sqs.send_message(QueueUrl=other, MessageBody="x")
    [message] = receive(sqs, other)
    handle = message["ReceiptHandle"]
    code, _, status = refused(sqs.delete_message, QueueUrl=queue, ReceiptHandle=handle)
    assert (code, status) == ("ReceiptHandleIsInvalid", 404)
    broken = handle[:-4] + ("AAAA" if handle[-4:] != "AAAA" else "BBBB")
    code, _, status = refused(sqs.delete_message, QueueUrl=other, ReceiptHandle=broken)
    assert (code, status) == ("ReceiptHandleIsInvalid", 404)
