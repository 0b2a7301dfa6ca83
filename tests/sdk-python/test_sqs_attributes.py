"""Queue attributes: exact strings, which are shown when, and how they go together. Tags."""

import pytest

from calls import create, number, receive, refused, text, until

pytestmark = pytest.mark.sqs

BOTH_KINDS = (
    "InvalidAttributeName",
    "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
    400,
)
STANDARD = {
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "VisibilityTimeout": "30",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
}
FIFO = {
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}


def shown(sqs, queue, *names):
    reply = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(names) or ["All"])
    return reply.get("Attributes", {})


def put(sqs, queue, **attributes):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=attributes)


def put_refused(sqs, queue, **attributes):
    return refused(sqs.set_queue_attributes, QueueUrl=queue, Attributes=attributes)


def test_what_a_fifo_queue_shows(sqs, fifo):
    attributes = shown(sqs, fifo)
    varying = {key: attributes.pop(key) for key in ("QueueArn", "CreatedTimestamp", "LastModifiedTimestamp")}
    assert attributes == {**STANDARD, **FIFO}
    assert varying["QueueArn"].endswith(".fifo")


@pytest.mark.parametrize("one", [*STANDARD, "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp"])
def test_one_is_shown_alone(sqs, queue, one):
    assert list(shown(sqs, queue, one)) == [one]


def test_what_does_not_apply_is_left_out(sqs, queue):
    names = [*FIFO, "Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"]
    assert shown(sqs, queue, *names) == {}
    assert shown(sqs, queue, "DelaySeconds", *names) == {"DelaySeconds": "0"}
    assert list(shown(sqs, queue, "DelaySeconds", "DelaySeconds")) == ["DelaySeconds"]


def test_the_time_of_a_change_is_kept(sqs, queue):
    before = shown(sqs, queue)

    def changed():
        put(sqs, queue, VisibilityTimeout="31")
        return shown(sqs, queue)["LastModifiedTimestamp"] != before["LastModifiedTimestamp"]

    until(changed, "the timestamp of the last change is later")
    assert shown(sqs, queue)["CreatedTimestamp"] == before["CreatedTimestamp"]


@pytest.mark.parametrize("given", ["true", "True", "TRUE"])
def test_booleans_become_lower_case(sqs, name, given):
    queue = create(sqs, f"{name}.fifo", ContentBasedDeduplication=given)
    assert shown(sqs, queue, "ContentBasedDeduplication") == {"ContentBasedDeduplication": "true"}
    put(sqs, queue, ContentBasedDeduplication="False", SqsManagedSseEnabled="False")
    expected = {"ContentBasedDeduplication": "false", "SqsManagedSseEnabled": "false"}
    assert shown(sqs, queue, *expected) == expected


@pytest.mark.parametrize(
    "attribute, bad",
    [
        ("VisibilityTimeout", " 30"),
        ("VisibilityTimeout", "+30"),
        ("VisibilityTimeout", "thirty"),
        ("VisibilityTimeout", "99999999999999999999"),
        ("MessageRetentionPeriod", "1209601"),
        ("MaximumMessageSize", "1048577"),
        ("KmsDataKeyReusePeriodSeconds", "59"),
        ("KmsDataKeyReusePeriodSeconds", "86401"),
        ("SqsManagedSseEnabled", "yes"),
        ("ContentBasedDeduplication", "yes"),
        ("DeduplicationScope", "group"),
        ("FifoThroughputLimit", "perGroup"),
        ("Policy", "not json"),
    ],
)
def test_bad_values(sqs, fifo, attribute, bad):
    code, message, status = put_refused(sqs, fifo, **{attribute: bad})
    assert (code, status) == ("InvalidAttributeValue", 400)
    assert message.startswith(f"Invalid value for the parameter {attribute}.")


@pytest.mark.parametrize(
    "read_only",
    ["QueueArn", "ApproximateNumberOfMessages", "CreatedTimestamp", "LastModifiedTimestamp", "All"],
)
def test_read_only_ones(sqs, queue, name, read_only):
    expected = ("InvalidAttributeName", f"Unknown Attribute {read_only}.", 400)
    assert put_refused(sqs, queue, **{read_only: "1"}) == expected
    assert refused(sqs.create_queue, QueueName=f"{name}-2", Attributes={read_only: "1"}) == expected


@pytest.mark.parametrize(
    "attribute, value, message",
    [
        ("FifoQueue", "true", "Unknown Attribute FifoQueue."),
        ("ContentBasedDeduplication", "true", "Unknown Attribute ContentBasedDeduplication."),
        ("DeduplicationScope", "queue", "You can specify the DeduplicationScope only when FifoQueue is set to true."),
        (
            "FifoThroughputLimit",
            "perQueue",
            "You can specify the FifoThroughputLimit only when FifoQueue is set to true.",
        ),
    ],
)
def test_fifo_ones_on_a_standard_queue(sqs, queue, attribute, value, message):
    code, said, status = put_refused(sqs, queue, **{attribute: value})
    assert status == 400
    if attribute != "FifoQueue":
        assert (code, said) == ("InvalidAttributeName", message)


def test_high_throughput_needs_groups(sqs, fifo, name):
    high = {"FifoThroughputLimit": "perMessageGroupId"}
    assert put_refused(sqs, fifo, **high)[::2] == ("InvalidAttributeValue", 400)
    attributes = {"FifoQueue": "true", **high}
    bad = refused(sqs.create_queue, QueueName=f"{name}-2.fifo", Attributes=attributes)
    assert bad[::2] == ("InvalidAttributeValue", 400)
    put(sqs, fifo, DeduplicationScope="messageGroup")
    put(sqs, fifo, **high)
    expected = {"DeduplicationScope": "messageGroup", **high}
    assert shown(sqs, fifo, *expected) == expected
    # Not the other way round, either: the scope cannot leave the limit behind.
    assert put_refused(sqs, fifo, DeduplicationScope="queue")[::2] == ("InvalidAttributeValue", 400)
    put(sqs, fifo, DeduplicationScope="queue", FifoThroughputLimit="perQueue")


def test_two_kinds_of_encryption(sqs, queue):
    names = ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled")
    put(sqs, queue, KmsMasterKeyId="alias/mine")
    with_key = {
        "KmsMasterKeyId": "alias/mine",
        "KmsDataKeyReusePeriodSeconds": "300",
        "SqsManagedSseEnabled": "false",
    }
    assert shown(sqs, queue, *names) == with_key
    assert put_refused(sqs, queue, SqsManagedSseEnabled="true") == BOTH_KINDS
    assert put_refused(sqs, queue, SqsManagedSseEnabled="true", KmsMasterKeyId="alias/other") == BOTH_KINDS
    assert shown(sqs, queue, *names) == with_key
    put(sqs, queue, KmsDataKeyReusePeriodSeconds="60")
    assert shown(sqs, queue, *names) == {**with_key, "KmsDataKeyReusePeriodSeconds": "60"}
    put(sqs, queue, KmsMasterKeyId="")
    assert shown(sqs, queue, *names) == {"SqsManagedSseEnabled": "false"}
    put(sqs, queue, KmsMasterKeyId="alias/mine")
    put(sqs, queue, KmsMasterKeyId="", SqsManagedSseEnabled="true")
    assert shown(sqs, queue, *names) == {"SqsManagedSseEnabled": "true"}


def test_encryption_at_creation(sqs, name):
    both = {"KmsMasterKeyId": "alias/mine", "SqsManagedSseEnabled": "true"}
    assert refused(sqs.create_queue, QueueName=name, Attributes=both) == BOTH_KINDS
    queue = create(sqs, name, KmsMasterKeyId="alias/mine", KmsDataKeyReusePeriodSeconds="86400")
    assert shown(sqs, queue, "SqsManagedSseEnabled") == {"SqsManagedSseEnabled": "false"}


def test_which_system_attributes_are_asked_for(sqs, queue, dialect):
    sqs.send_message(QueueUrl=queue, MessageBody="x", MessageAttributes={"a": text("b"), "n": number(5)})

    def ask(**names):
        [message] = receive(sqs, queue, VisibilityTimeout=0, **names)
        return set(message.get("Attributes", {}))

    everything = {"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"}
    assert ask() == set()
    assert ask(AttributeNames=["All"]) == everything
    assert ask(AttributeNames=["SenderId", "SentTimestamp"]) == {"SenderId", "SentTimestamp"}
    assert ask(AttributeNames=["SequenceNumber"]) == set()
    if dialect == "json":
        assert ask(MessageSystemAttributeNames=["SenderId"]) == {"SenderId"}
        assert ask(MessageSystemAttributeNames=["All"], AttributeNames=["SenderId"]) == everything
        assert ask(MessageSystemAttributeNames=["SenderId"], AttributeNames=["SentTimestamp"]) == {
            "SenderId",
            "SentTimestamp",
        }


def test_tags_at_creation(sqs, name):
    queue = sqs.create_queue(QueueName=name, tags={"team": "billing", "empty": ""})["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "billing", "empty": ""}
    # Tags are not compared.
    assert sqs.create_queue(QueueName=name, tags={"team": "sales"})["QueueUrl"] == queue
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "billing", "empty": ""}


def test_tags_are_bounded(sqs, queue):
    fifty = {f"key-{n}": "x" for n in range(50)}
    sqs.tag_queue(QueueUrl=queue, Tags=fifty)
    assert refused(sqs.tag_queue, QueueUrl=queue, Tags={"one more": "x"})[2] == 400
    sqs.tag_queue(QueueUrl=queue, Tags={"key-0": "y"})
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {**fifty, "key-0": "y"}
    sqs.untag_queue(QueueUrl=queue, TagKeys=list(fifty))
    for bad in ({"aws:mine": "x"}, {"k" * 129: "x"}, {"k": "v" * 257}, {"": "x"}, {"semi;colon": "x"}):
        assert refused(sqs.tag_queue, QueueUrl=queue, Tags=bad)[::2] == ("InvalidParameterValue", 400), bad
    edge = {"k" * 128: "v" * 256, "Ünïcode _.:/=+-@ 9": "_.:/=+-@ ü"}
    sqs.tag_queue(QueueUrl=queue, Tags=edge)
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == edge
