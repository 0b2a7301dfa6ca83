"""What several tests ask and expect in the same words."""

import json

import botocore.exceptions
import pytest


def refused(call, **arguments):
    """Makes a call that must fail; the code, message and HTTP status as the SDK sees them."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    error = response["Error"]
    return error["Code"], error.get("Message", ""), response["ResponseMetadata"]["HTTPStatusCode"]


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


def text(value):
    """A message attribute of type String."""
    return {"DataType": "String", "StringValue": value}


def number(value):
    """A message attribute of type Number."""
    return {"DataType": "Number", "StringValue": str(value)}
