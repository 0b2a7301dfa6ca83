"""Validators accept the envelopes that queues receive, and none that was changed."""

import json
import re

import pytest

from calls import receive_n, subscribe, text
from judges import HOST, JUDGES

CERTIFICATE = re.compile(rf"https://{re.escape(HOST)}/SimpleNotificationService-[0-9a-f]{{32}}\.pem")

# What is published, besides the topic.
PUBLISHED = [
    {"Message": "plain"},
    {"Message": "with a subject", "Subject": "Greetings"},
    {"Message": "Grüße, 你好, 🚀, \u2028\u00a0", "Subject": "Größe"},
    {"Message": "lines\nof\r\ntext\twith tabs\n"},
    {"Message": '{"json": "in \\"quotes\\"", "path": "a/b\\\\c"}'},
    {"Message": "<xml attribute='&amp;'>]]></xml>"},
    {"Message": " "},
    {"Message": "x" * 200_000},
    {"Message": "attributes", "MessageAttributes": {
        "text": text("ü\n"),
        "binary": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        "list": {"DataType": "String.Array", "StringValue": '["a", 1, null]'},
    }},
    {"Message": '{"default": "for all", "sqs": "for queues"}', "MessageStructure": "json"},
]  # fmt: skip


@pytest.fixture(scope="module", params=["1", "2"])
def version(request):
    return request.param


@pytest.fixture(scope="module")
def envelopes(sns, sqs, version):
    """The texts of what a queue received, in the order in which it was published."""
    topic = sns.create_topic(Name=f"signed-{version}", Attributes={"SignatureVersion": version})["TopicArn"]
    queue = sqs.create_queue(QueueName=f"signed-{version}")["QueueUrl"]
    subscribe(sns, sqs, topic, queue)
    ids = [sns.publish(TopicArn=topic, **published)["MessageId"] for published in PUBLISHED]
    received = {json.loads(m["Body"])["MessageId"]: m["Body"] for m in receive_n(sqs, queue, len(ids))}
    return [received[message_id] for message_id in ids]


def test_the_certificate_is_where_validators_look_for_it(envelopes, version):
    for envelope in map(json.loads, envelopes):
        assert CERTIFICATE.fullmatch(envelope["SigningCertURL"])
        assert envelope["UnsubscribeURL"].startswith(f"https://{HOST}/?Action=Unsubscribe&SubscriptionArn=arn:")
        assert envelope["SignatureVersion"] == version


@pytest.mark.parametrize("judge", JUDGES, ids=str)
def test_genuine_messages_are_accepted(judge, envelopes, version, surroundings):
    verdicts = judge.verdicts(envelopes, surroundings)
    if version in judge.versions:
        assert verdicts == ["ok"] * len(PUBLISHED)
    else:
        assert all(verdict.startswith("refused ") for verdict in verdicts)


def a_little_off(timestamp):
    """A few milliseconds from it: no validator refuses it for its age."""
    return timestamp[:-2] + str(9 - int(timestamp[-2])) + "Z"


def changed(envelope, other):
    """All kinds of forgeries of an envelope with a subject; `other` is a genuine one, too."""
    with_subject, other = json.loads(envelope), json.loads(other)
    without = {key: value for key, value in with_subject.items() if key != "Subject"}
    return {
        "message": {**with_subject, "Message": with_subject["Message"] + "."},
        "subject": {**with_subject, "Subject": "Farewell"},
        "no subject": without,
        "a subject": {**other, "Subject": "Greetings"},
        "id": {**with_subject, "MessageId": other["MessageId"]},
        "topic": {**with_subject, "TopicArn": with_subject["TopicArn"] + "-other"},
        "time": {**with_subject, "Timestamp": a_little_off(with_subject["Timestamp"])},
        "signature": {**with_subject, "Signature": other["Signature"]},
        "version": {**with_subject, "SignatureVersion": str(3 - int(with_subject["SignatureVersion"]))},
        "host": {**with_subject, "SigningCertURL": with_subject["SigningCertURL"].replace(HOST, "sns.example.com")},
        "plain": {**with_subject, "SigningCertURL": with_subject["SigningCertURL"].replace("https:", "http:")},
        "key": {**with_subject, "SigningCertURL": re.sub("-[0-9a-f]{32}", "-" + "0" * 32, with_subject["SigningCertURL"])},
    }  # fmt: skip


@pytest.mark.parametrize("judge", JUDGES, ids=str)
def test_forgeries_are_refused(judge, envelopes, version, surroundings):
    forgeries = changed(envelopes[1], envelopes[0])
    # A genuine one goes first: what is refused is refused for what was changed.
    messages = [envelopes[1], *map(json.dumps, forgeries.values())]
    first, *verdicts = judge.verdicts(messages, surroundings)
    told = dict(zip(forgeries, verdicts, strict=True))
    accepted = {what for what, verdict in told.items() if not verdict.startswith("refused ")}
    if version in judge.versions:
        assert (first, accepted) == ("ok", judge.overlooks), told
    else:
        # What says that it has the version that the validator knows has a signature of another.
        assert (first[:7], accepted) == ("refused", set()), told
