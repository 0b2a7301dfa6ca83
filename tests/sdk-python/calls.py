"""What several tests ask and expect in the same words."""

import json
import time

import botocore.exceptions
import pytest


def refused(call, **arguments):
    """Makes a call that must fail; the code, message and HTTP status as the SDK sees them."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    error = response["Error"]
    return error["Code"], error.get("Message", ""), response["ResponseMetadata"]["HTTPStatusCode"]


def create(sqs, name, **attributes):
    """Creates a queue, FIFO if it is named so; attributes that are not text become JSON. Its URL."""
    attributes = {k: v if isinstance(v, str) else json.dumps(v) for k, v in attributes.items()}
    if name.endswith(".fifo"):
        attributes["FifoQueue"] = "true"
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def queue_arn(sqs, queue):
    return sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def counts(sqs, queue):
    """Visible, in flight, delayed."""
    names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return tuple(int(attributes[name]) for name in names)


def receive(sqs, queue, **arguments):
    """The messages of one receive."""
    arguments = {"MaxNumberOfMessages": 10, **arguments}
    return sqs.receive_message(QueueUrl=queue, **arguments).get("Messages", [])


def receive_n(sqs, queue, n, **arguments):
    """Receives until there are `n` messages; a long poll that comes back empty is the bound."""
    messages = []
    while len(messages) < n:
        more = receive(sqs, queue, WaitTimeSeconds=5, **arguments)
        assert more, f"{len(messages)} of {n} messages came"
        messages += more
    assert len(messages) == n
    return messages


def bodies(messages):
    """What the messages say, in the order in which they came."""
    return [message["Body"] for message in messages]


def release(sqs, queue, messages):
    """Makes received messages visible at once."""
    for at in range(0, len(messages), 10):
        entries = [
            {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"], "VisibilityTimeout": 0}
            for n, m in enumerate(messages[at : at + 10])
        ]
        assert not sqs.change_message_visibility_batch(QueueUrl=queue, Entries=entries).get("Failed")


def delete(sqs, queue, messages):
    """Deletes received messages, of which there may be more than a batch holds."""
    for at in range(0, len(messages), 10):
        entries = [
            {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages[at : at + 10])
        ]
        assert not sqs.delete_message_batch(QueueUrl=queue, Entries=entries).get("Failed")


def until(level, what, within_s=10):
    """Waits until `level()` is true and returns what it gave."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        reached = level()
        if reached:
            return reached
        time.sleep(0.02)
    raise AssertionError(f"not within {within_s} s: {what}")


def subscribe(sns, sqs, topic, queue, **attributes):
    """Subscribes a queue; attributes that are not text become JSON."""
    attributes = {k: v if isinstance(v, str) else json.dumps(v) for k, v in attributes.items()}
    return sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queue_arn(sqs, queue),
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]


def with_dead_letters(sqs, name, spent_after=1, **attributes):
    """A queue and its dead-letter queue, of one type: two URLs."""
    stem, dot, suffix = name.partition(".")
    dead = create(sqs, f"{stem}-dead{dot}{suffix}")
    policy = {"deadLetterTargetArn": queue_arn(sqs, dead), "maxReceiveCount": spent_after}
    return create(sqs, name, RedrivePolicy=policy, **attributes), dead


def spend(sqs, queue, n, times=1):
    """Receives `n` messages `times` times and once more, which moves them to the dead-letter queue."""
    for _ in range(times):
        release(sqs, queue, receive_n(sqs, queue, n))
    while counts(sqs, queue)[0]:
        assert receive(sqs, queue) == [], "a spent message came"


def text(value):
    """A message attribute of type String."""
    return {"DataType": "String", "StringValue": value}


def number(value):
    """A message attribute of type Number."""
    return {"DataType": "Number", "StringValue": str(value)}
