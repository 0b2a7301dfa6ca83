"""Publish to queues: envelopes and their signatures, raw delivery, filters, batches, fan-out."""

import base64
import json
import re
import urllib.request

import pytest

from calls import counts, number, queue_arn, receive, receive_n, refused, subscribe, text


@pytest.fixture
def topic(sns, name):
    return sns.create_topic(Name=name)["TopicArn"]


def verify(envelope):
    """Checks the signature of an envelope against the certificate that it names."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    with urllib.request.urlopen(envelope["SigningCertURL"], timeout=10) as reply:
        certificate = x509.load_pem_x509_certificate(reply.read())
    keys = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    signed = "".join(f"{key}\n{envelope[key]}\n" for key in keys if key in envelope)
    digest = {"1": hashes.SHA1(), "2": hashes.SHA256()}[envelope["SignatureVersion"]]
    signature = base64.b64decode(envelope["Signature"], validate=True)
    certificate.public_key().verify(signature, signed.encode(), padding.PKCS1v15(), digest)


@pytest.mark.parametrize("version", ["1", "2"])
def test_envelopes_are_complete_and_signed(sns, sqs, server, topic, queue, version):
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue=version)
    subscription = subscribe(sns, sqs, topic, queue)
    attributes = {"kind": text("ü"), "n": number(5), "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    sent = sns.publish(
        TopicArn=topic, Message='a "quoted"\nline – 🚀', Subject="Greetings", MessageAttributes=attributes
    )
    [message] = receive(sqs, queue, WaitTimeSeconds=10, MessageAttributeNames=["All"])
    envelope = json.loads(message["Body"])
    assert list(envelope) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
        "SigningCertURL", "UnsubscribeURL", "MessageAttributes",
    ]  # fmt: skip
    assert envelope["Type"] == "Notification"
    assert envelope["MessageId"] == sent["MessageId"] != message["MessageId"]
    assert envelope["TopicArn"] == topic
    assert envelope["Subject"] == "Greetings"
    assert envelope["Message"] == 'a "quoted"\nline – 🚀'
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", envelope["Timestamp"])
    assert envelope["SignatureVersion"] == version
    assert envelope["UnsubscribeURL"] == f"{server.endpoint}/?Action=Unsubscribe&SubscriptionArn={subscription}"
    assert envelope["MessageAttributes"] == {
        "kind": {"Type": "String", "Value": "ü"},
        "n": {"Type": "Number", "Value": "5"},
        "b": {"Type": "Binary", "Value": "AP8="},
    }
    assert "MessageAttributes" not in message
    verify(envelope)


def test_a_changed_envelope_does_not_verify(sns, sqs, topic, queue):
    exceptions = pytest.importorskip("cryptography.exceptions")
    subscribe(sns, sqs, topic, queue)
    sns.publish(TopicArn=topic, Message="original")
    [message] = receive(sqs, queue, WaitTimeSeconds=10)
    envelope = json.loads(message["Body"])
    assert "Subject" not in envelope and "MessageAttributes" not in envelope
    verify(envelope)
    with pytest.raises(exceptions.InvalidSignature):
        verify({**envelope, "Message": "forged"})


def test_an_envelope_is_the_same_each_time(sns, sqs, topic, queue):
    subscribe(sns, sqs, topic, queue)
    sns.publish(TopicArn=topic, Message="again")
    [first] = receive(sqs, queue, WaitTimeSeconds=10, VisibilityTimeout=0)
    [second] = receive(sqs, queue, WaitTimeSeconds=10)
    assert (first["Body"], first["MD5OfBody"]) == (second["Body"], second["MD5OfBody"])


def test_raw_delivery(sns, sqs, topic, queue):
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    attributes = {
        "kind": text("x"),
        "list": {"DataType": "String.Array", "StringValue": '["a", 1, null]'},
        "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sns.publish(TopicArn=topic, Message="plain <&>", Subject="lost", MessageAttributes=attributes)
    [message] = receive(sqs, queue, WaitTimeSeconds=10, MessageAttributeNames=["All"])
    assert message["Body"] == "plain <&>"
    assert message["MessageAttributes"] == attributes


def test_message_structure(sns, sqs, topic, queue):
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    for texts, expected in [({"default": "d", "sqs": "q"}, "q"), ({"default": "d", "http": "h"}, "d")]:
        sns.publish(TopicArn=topic, Message=json.dumps(texts), MessageStructure="json")
        [message] = receive(sqs, queue, WaitTimeSeconds=10)
        assert message["Body"] == expected
    no_default = {"TopicArn": topic, "Message": '{"sqs":"q"}', "MessageStructure": "json"}
    assert refused(sns.publish, **no_default) == (
        "InvalidParameter",
        "Invalid parameter: Message Structure - No default entry in JSON message body",
        400,
    )


def test_publishes_are_checked(sns, topic):
    def publish(**arguments):
        return refused(sns.publish, TopicArn=topic, **arguments)

    assert publish(Message="") == ("InvalidParameter", "Invalid parameter: Empty message", 400)
    assert publish(Message="x" * 262_145) == ("InvalidParameter", "Invalid parameter: Message too long", 400)
    assert publish(Message="x", Subject="") == ("InvalidParameter", "Invalid parameter: Subject", 400)
    bad = {"a": {"DataType": "Colour", "StringValue": "red"}}
    assert publish(Message="x", MessageAttributes=bad) == (
        "ParameterValueInvalid",
        "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is "
        "Binary, Number, and String.",
        400,
    )


FILTERS = [
    ("MessageAttributes", {"kind": ["invoice", "refund"]}),
    ("MessageAttributes", {"kind": [{"prefix": "inv"}], "amount": [{"numeric": [">", 10, "<=", 100]}]}),
    ("MessageAttributes", {"kind": [{"anything-but": ["refund"]}]}),
    ("MessageAttributes", {"amount": [{"exists": False}]}),
    ("MessageAttributes", {"$or": [{"kind": ["refund"]}, {"amount": [{"numeric": [">", 50]}]}]}),
    ("MessageBody", {"order": {"lines": {"sku": [{"suffix": "-9"}]}}}),
    ("MessageBody", {"state": [None, "open"]}),
    ("MessageBody", {"ip": [{"cidr": "10.0.0.0/24"}]}),
]
MESSAGES = {
    "invoice 50": ({"kind": text("invoice"), "amount": number(50)}, {"state": "open"}),
    "invoice 500": ({"kind": text("invoice"), "amount": number(500)}, {"state": None}),
    "refund": ({"kind": text("refund")}, {"order": {"lines": [{"sku": "a-1"}, {"sku": "b-9"}]}}),
    "other": ({"kind": text("Invoice")}, {"ip": "10.0.0.77", "state": "closed"}),
    "bare": ({}, {"ip": "10.0.1.77"}),
}
ADMITTED = [
    {"invoice 50", "invoice 500", "refund"},
    {"invoice 50"},
    {"invoice 50", "invoice 500", "other"},
    {"refund", "other"},
    {"invoice 500", "refund"},
    {"refund"},
    {"invoice 50", "invoice 500"},
    {"other"},
]


def test_fan_out_by_filters(sns, sqs, topic, name):
    """One topic, a queue for each filter and one without: each gets exactly what it admits."""
    queues = []
    for at, (scope, policy) in enumerate([(None, None), *FILTERS]):
        queue = sqs.create_queue(QueueName=f"{name}-{at}")["QueueUrl"]
        attributes = {"RawMessageDelivery": "true"}
        if scope:
            attributes |= {"FilterPolicyScope": scope, "FilterPolicy": policy}
        subscribe(sns, sqs, topic, queue, **attributes)
        queues.append(queue)
    for label, (attributes, body) in MESSAGES.items():
        sns.publish(TopicArn=topic, Message=json.dumps({"label": label, **body}), MessageAttributes=attributes)
    for queue, admitted in zip(queues, [set(MESSAGES), *ADMITTED], strict=True):
        got = [json.loads(m["Body"])["label"] for m in receive_n(sqs, queue, len(admitted))]
        assert (sorted(got), queue) == (sorted(admitted), queue)
        assert counts(sqs, queue) == (0, len(admitted), 0)


def test_a_filter_changes_what_comes_next(sns, sqs, topic, queue):
    arn = subscribe(sns, sqs, topic, queue, RawMessageDelivery="true", FilterPolicy={"kind": ["a"]})
    sns.publish(TopicArn=topic, Message="before", MessageAttributes={"kind": text("b")})
    sns.set_subscription_attributes(
        SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue='{"kind":["b"]}'
    )
    sns.publish(TopicArn=topic, Message="after", MessageAttributes={"kind": text("b")})
    assert [m["Body"] for m in receive(sqs, queue, WaitTimeSeconds=10)] == ["after"]
    sns.unsubscribe(SubscriptionArn=arn)
    sns.publish(TopicArn=topic, Message="too late", MessageAttributes={"kind": text("b")})
    assert receive(sqs, queue, WaitTimeSeconds=1) == []


def test_publish_batch(sns, sqs, topic, queue):
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    entries = [{"Id": str(n), "Message": f"m{n}", "MessageAttributes": {"n": number(n)}} for n in range(9)]
    entries.append({"Id": "empty", "Message": ""})
    reply = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert {entry["Id"] for entry in reply["Successful"]} == {str(n) for n in range(9)}
    [failed] = reply["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("empty", "InvalidParameter", True)
    got = receive_n(sqs, queue, 9, MessageAttributeNames=["All"])
    assert {(m["Body"], m["MessageAttributes"]["n"]["StringValue"]) for m in got} == {
        (f"m{n}", str(n)) for n in range(9)
    }
    assert refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries + entries[:2]) == (
        "TooManyEntriesInBatchRequest",
        "The batch request contains more entries than permissible.",
        400,
    )
    assert refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries[:1] * 2) == (
        "BatchEntryIdsNotDistinct",
        "Two or more batch entries in the request have the same Id.",
        400,
    )


def test_a_subscription_survives_its_queue(sns, sqs, topic, queue, name):
    """A delivery that can never succeed is dropped; it holds up nobody else."""
    other = sqs.create_queue(QueueName=name + "-other")["QueueUrl"]
    subscribe(sns, sqs, topic, queue)
    subscribe(sns, sqs, topic, other, RawMessageDelivery="true")
    sqs.delete_queue(QueueUrl=queue)
    sns.publish(TopicArn=topic, Message="onwards")
    assert [m["Body"] for m in receive(sqs, other, WaitTimeSeconds=10)] == ["onwards"]
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 2


def test_two_queues_get_different_sqs_ids(sns, sqs, topic, name):
    queues = [sqs.create_queue(QueueName=f"{name}-{n}")["QueueUrl"] for n in range(2)]
    for queue in queues:
        subscribe(sns, sqs, topic, queue)
        assert queue_arn(sqs, queue).startswith("arn:aws:sqs:")
    published = sns.publish(TopicArn=topic, Message="x")["MessageId"]
    messages = [receive(sqs, queue, WaitTimeSeconds=10)[0] for queue in queues]
    assert len({m["MessageId"] for m in messages} | {published}) == 3
    assert {json.loads(m["Body"])["MessageId"] for m in messages} == {published}
