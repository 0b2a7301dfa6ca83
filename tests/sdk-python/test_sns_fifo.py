"""FIFO topics: groups, sequence numbers, deduplication, order, both types of queues, dead letters (sns 13, and the FIFO
parts of 2, 4, 7 and 11)."""

import hashlib
import json

import pytest

from calls import bodies, create, delete, queue_arn, receive, receive_n, refused, subscribe, text

ALL = {"AttributeNames": ["All"]}
NEEDS_GROUP = (
    "InvalidParameter",
    "Invalid parameter: The MessageGroupId parameter is required for FIFO topics",
    400,
)
NEEDS_ID = (
    "InvalidParameter",
    "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
    "provided explicitly",
    400,
)


def fifo_topic(sns, name, **attributes):
    return sns.create_topic(Name=f"{name}.fifo", Attributes={"FifoTopic": "true", **attributes})["TopicArn"]


@pytest.fixture
def topic(sns, name):
    """A FIFO topic; every message brings its own deduplication id."""
    return fifo_topic(sns, name)


@pytest.fixture
def content_topic(sns, name):
    return fifo_topic(sns, f"{name}-content", ContentBasedDeduplication="true")


def publish(sns, topic, group, *texts):
    """Publishes texts to a group, each its own deduplication id; the replies."""
    return [
        sns.publish(TopicArn=topic, Message=text, MessageGroupId=group, MessageDeduplicationId=text)
        for text in texts
    ]


def entry(at, group, text, dedup=None):
    return {"Id": f"n{at}", "Message": text, "MessageGroupId": group, "MessageDeduplicationId": dedup or text}


def all_in_order(sqs, queue, n):
    """Receives and deletes until there were `n`, which a FIFO queue gives in order."""
    got = []
    while len(got) < n:
        messages = receive(sqs, queue, WaitTimeSeconds=5, **ALL)
        assert messages, f"{len(got)} of {n} came"
        delete(sqs, queue, messages)
        got += messages
    assert receive(sqs, queue) == []
    return got


def test_names_and_types_agree(sns, name):
    wrong = ("InvalidParameter", "Invalid parameter: Topic Name", 400)
    assert refused(sns.create_topic, Name=name, Attributes={"FifoTopic": "true"}) == wrong
    assert refused(sns.create_topic, Name=f"{name}.fifo") == wrong
    assert refused(sns.create_topic, Name=f"{name}.fifo", Attributes={"FifoTopic": "false"}) == wrong
    # On a standard topic the attribute may be there to say no.
    standard = sns.create_topic(Name=name)["TopicArn"]
    assert sns.create_topic(Name=name, Attributes={"FifoTopic": "false"})["TopicArn"] == standard
    assert "FifoTopic" not in sns.get_topic_attributes(TopicArn=standard)["Attributes"]


def test_the_type_stays(sns, topic):
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["FifoTopic"], attributes["ContentBasedDeduplication"]) == ("true", "false")
    for value in ("true", "false"):
        change = {"TopicArn": topic, "AttributeName": "FifoTopic", "AttributeValue": value}
        assert refused(sns.set_topic_attributes, **change) == (
            "InvalidParameter",
            "Invalid parameter: AttributeName",
            400,
        )


def test_groups_and_ids_are_required(sns, sqs, topic, fifo):
    subscribe(sns, sqs, topic, fifo)
    assert refused(sns.publish, TopicArn=topic, Message="x", MessageDeduplicationId="1") == NEEDS_GROUP
    assert refused(sns.publish, TopicArn=topic, Message="x", MessageGroupId="g") == NEEDS_ID
    # One entry without them refuses the batch.
    for missing, expected in (("MessageGroupId", NEEDS_GROUP), ("MessageDeduplicationId", NEEDS_ID)):
        entries = [entry(n, "g", str(n)) for n in range(3)]
        del entries[1][missing]
        assert refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries) == expected
    assert receive(sqs, fifo) == []


def test_ids_are_for_fifo_topics(sns, name):
    topic = sns.create_topic(Name=name)["TopicArn"]
    expected = (
        "InvalidParameter",
        "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that "
        "is not valid for this topic type",
        400,
    )
    assert refused(sns.publish, TopicArn=topic, Message="x", MessageDeduplicationId="1") == expected
    assert "SequenceNumber" not in sns.publish(TopicArn=topic, Message="x")


def test_a_group_on_a_standard_topic_goes_to_its_queues(sns, sqs, name, queue):
    topic = sns.create_topic(Name=name)["TopicArn"]
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="x", MessageGroupId="tenant-1")
    [message] = receive(sqs, queue, WaitTimeSeconds=5, **ALL)
    assert message["Attributes"]["MessageGroupId"] == "tenant-1"
    assert not {"MessageDeduplicationId", "SequenceNumber"} & set(message["Attributes"])


def test_only_queues_subscribe(sns, topic, account):
    device = f"arn:aws:sns:us-east-1:{account}:endpoint/GCM/app/5f0c2f6e-7b1d-4a53-9d7e-0c2b8a1e4d11"
    for protocol, endpoint in [
        ("http", "http://example.com/"),
        ("https", "https://example.com/"),
        ("email", "ann@example.com"),
        ("email-json", "ann@example.com"),
        ("sms", "+15550100"),
        ("lambda", f"arn:aws:lambda:us-east-1:{account}:function:f"),
        ("application", device),
    ]:
        call = {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint}
        assert refused(sns.subscribe, **call)[::2] == ("InvalidParameter", 400), protocol
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_fifo_queues_are_for_fifo_topics(sns, sqs, name, fifo):
    topic = sns.create_topic(Name=name)["TopicArn"]
    call = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue_arn(sqs, fifo)}
    assert refused(sns.subscribe, **call) == (
        "InvalidParameter",
        "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS "
        "topics",
        400,
    )


def test_sequence_numbers(sns, sqs, topic, fifo):
    subscribe(sns, sqs, topic, fifo)
    numbers = [reply["SequenceNumber"] for reply in publish(sns, topic, "a", "1", "2") + publish(sns, topic, "b", "3")]
    batch = [entry(n, "abc"[n - 4], str(n)) for n in (4, 5, 6)]
    reply = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=batch)
    assert [done["Id"] for done in reply["Successful"]] == ["n4", "n5", "n6"]
    assert reply["Failed"] == []
    numbers += [done["SequenceNumber"] for done in reply["Successful"]]
    assert all(len(number) == 20 and number.isdigit() for number in numbers)
    assert numbers == sorted(set(numbers))
    envelopes = {e["Message"]: e for e in (json.loads(m["Body"]) for m in all_in_order(sqs, fifo, 6))}
    assert [envelopes[str(n)]["SequenceNumber"] for n in range(1, 7)] == numbers


def test_the_envelope_is_not_signed(sns, sqs, topic, fifo, server):
    arn = subscribe(sns, sqs, topic, fifo)
    sent = sns.publish(
        TopicArn=topic,
        Message="x",
        Subject="s",
        MessageGroupId="g",
        MessageDeduplicationId="d",
        MessageAttributes={"kind": text("v")},
    )
    [message] = receive(sqs, fifo, WaitTimeSeconds=5, MessageAttributeNames=["All"], **ALL)
    envelope = json.loads(message["Body"])
    assert list(envelope) == [
        "Type", "MessageId", "SequenceNumber", "TopicArn", "Subject", "Message", "Timestamp", "UnsubscribeURL",
        "MessageAttributes",
    ]  # fmt: skip
    assert (envelope["Type"], envelope["MessageId"]) == ("Notification", sent["MessageId"])
    assert envelope["SequenceNumber"] == sent["SequenceNumber"]
    assert envelope["UnsubscribeURL"] == f"{server.endpoint}/?Action=Unsubscribe&SubscriptionArn={arn}"
    assert "MessageAttributes" not in message
    attributes = message["Attributes"]
    assert (attributes["MessageGroupId"], attributes["MessageDeduplicationId"]) == ("g", "d")
    # The queue counts for itself.
    assert attributes["SequenceNumber"] != sent["SequenceNumber"]


def test_raw_delivery_has_group_and_id(sns, sqs, topic, fifo):
    subscribe(sns, sqs, topic, fifo, RawMessageDelivery="true")
    sns.publish(
        TopicArn=topic,
        Message="raw",
        Subject="lost",
        MessageGroupId="g",
        MessageDeduplicationId="d",
        MessageAttributes={"kind": text("v")},
    )
    [message] = receive(sqs, fifo, WaitTimeSeconds=5, MessageAttributeNames=["All"], **ALL)
    assert (message["Body"], message["MessageAttributes"]) == ("raw", {"kind": text("v")})
    attributes = message["Attributes"]
    assert (attributes["MessageGroupId"], attributes["MessageDeduplicationId"]) == ("g", "d")


def test_a_standard_queue_gets_neither_group_nor_id(sns, sqs, topic, queue):
    subscribe(sns, sqs, topic, queue)
    [sent] = publish(sns, topic, "g", "x")
    [message] = receive(sqs, queue, WaitTimeSeconds=5, **ALL)
    assert not {"MessageGroupId", "MessageDeduplicationId", "SequenceNumber"} & set(message["Attributes"])
    assert json.loads(message["Body"])["SequenceNumber"] == sent["SequenceNumber"]


def test_a_duplicate_is_answered_like_the_first(sns, sqs, topic, fifo, queue):
    subscribe(sns, sqs, topic, fifo, RawMessageDelivery="true")
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")

    def told(reply):
        return reply["MessageId"], reply["SequenceNumber"]

    same = {"TopicArn": topic, "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    first = told(sns.publish(Message="first", **same))
    assert told(sns.publish(Message="second", **same)) == first
    # By default the whole topic is compared, whatever the group.
    assert told(sns.publish(Message="third", **{**same, "MessageGroupId": "other"})) == first
    batch = [entry(n, "g", f"m{n}", dedup="d" if n < 2 else "e") for n in range(4)]
    reply = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=batch)
    fresh = told(reply["Successful"][2])
    assert [told(done) for done in reply["Successful"]] == [first, first, fresh, fresh]
    assert fresh != first
    assert bodies(all_in_order(sqs, fifo, 2)) == ["first", "m2"]
    assert sorted(bodies(receive_n(sqs, queue, 2))) == ["first", "m2"]
    assert receive(sqs, queue) == []


def test_deduplication_by_content(sns, sqs, content_topic, fifo):
    subscribe(sns, sqs, content_topic, fifo)

    def publish(message, **more):
        return sns.publish(TopicArn=content_topic, Message=message, MessageGroupId="g", **more)

    first = publish("ü", MessageAttributes={"n": text("1")})
    # Neither attributes nor the subject are content.
    second = publish("ü", MessageAttributes={"n": text("2")}, Subject="s")
    assert second["MessageId"] == first["MessageId"]
    assert publish("ü", MessageDeduplicationId="by-itself")["MessageId"] != first["MessageId"]
    assert publish("u")["MessageId"] != first["MessageId"]
    ids = [m["Attributes"]["MessageDeduplicationId"] for m in all_in_order(sqs, fifo, 3)]
    # The queue does not deduplicate by content: the topic tells it the ids.
    assert ids == [hashlib.sha256(t.encode()).hexdigest() if t != "by-itself" else t for t in ("ü", "by-itself", "u")]


def test_the_content_of_structured_messages(sns, sqs, content_topic, fifo):
    """It is what was published, not the text for the queue."""
    subscribe(sns, sqs, content_topic, fifo, RawMessageDelivery="true")
    texts = [json.dumps({"default": "d", "sqs": "same", "http": n}) for n in "12"]
    for message in [*texts, texts[0]]:
        sns.publish(TopicArn=content_topic, Message=message, MessageStructure="json", MessageGroupId="g")
    messages = all_in_order(sqs, fifo, 2)
    assert bodies(messages) == ["same", "same"]
    ids = [m["Attributes"]["MessageDeduplicationId"] for m in messages]
    assert ids == [hashlib.sha256(t.encode()).hexdigest() for t in texts]


def test_deduplication_by_group(sns, sqs, name, queue):
    topic = fifo_topic(sns, name, FifoThroughputScope="MessageGroup")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["FifoThroughputScope"] == "MessageGroup"
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    replies = [
        sns.publish(TopicArn=topic, Message=f"{group}", MessageGroupId=group, MessageDeduplicationId="d")
        for group in "abab"
    ]
    assert [reply["MessageId"] for reply in replies[:2]] == [reply["MessageId"] for reply in replies[2:]]
    assert sorted(bodies(receive_n(sqs, queue, 2))) == ["a", "b"]
    assert receive(sqs, queue) == []
    change = {"TopicArn": topic, "AttributeName": "FifoThroughputScope", "AttributeValue": "Queue"}
    assert refused(sns.set_topic_attributes, **change)[::2] == ("InvalidParameter", 400)


def test_order_in_every_queue(sns, sqs, topic, name):
    queues = [create(sqs, f"{name}-{n}.fifo") for n in range(3)]
    for queue in queues:
        subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    published = {group: [f"{group}{n:02}" for n in range(20)] for group in "abc"}
    for n in range(0, 20, 2):
        batch = [entry(len(t) * i, g, t) for i, (g, t) in enumerate((g, published[g][n]) for g in "abc")]
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=batch)
        for group in "cab":
            publish(sns, topic, group, published[group][n + 1])
    for queue in queues:
        got = bodies(all_in_order(sqs, queue, 60))
        assert {group: [text for text in got if text[0] == group] for group in "abc"} == published


def test_what_is_filtered_is_skipped(sns, sqs, topic, fifo):
    subscribe(sns, sqs, topic, fifo, RawMessageDelivery="true", FilterPolicy={"kind": ["even"]})
    for n in range(8):
        sns.publish(
            TopicArn=topic,
            Message=str(n),
            MessageGroupId="g",
            MessageDeduplicationId=str(n),
            MessageAttributes={"kind": text("odd" if n % 2 else "even")},
        )
    assert bodies(all_in_order(sqs, fifo, 4)) == ["0", "2", "4", "6"]


def test_dead_letter_queues_are_fifo_too(sns, sqs, topic, fifo, queue, name):
    standard = {"deadLetterTargetArn": queue_arn(sqs, queue)}
    expected = (
        "InvalidParameter",
        "Invalid parameter: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.",
        400,
    )
    call = {"sns": sns, "sqs": sqs, "topic": topic, "queue": fifo}
    assert refused(subscribe, RedrivePolicy=standard, **call) == expected
    arn = subscribe(**call)
    change = {"SubscriptionArn": arn, "AttributeName": "RedrivePolicy"}
    assert refused(sns.set_subscription_attributes, AttributeValue=json.dumps(standard), **change) == expected
    dead = {"deadLetterTargetArn": queue_arn(sqs, create(sqs, f"{name}-dead.fifo"))}
    sns.set_subscription_attributes(AttributeValue=json.dumps(dead), **change)
    shown = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["RedrivePolicy"]
    assert json.loads(shown) == dead


@pytest.mark.expect_log("cut the end of the log")
def test_dead_letters_keep_order_group_and_id(own_server):
    """The queue goes; the server is killed between two publications."""
    server = own_server()
    sns, sqs = server.client("sns"), server.client("sqs")
    topic = fifo_topic(sns, "t")
    gone, dead = create(sqs, "gone.fifo"), create(sqs, "dead.fifo")
    redrive = {"deadLetterTargetArn": queue_arn(sqs, dead)}
    arn = subscribe(sns, sqs, topic, gone, RedrivePolicy=redrive)
    sqs.delete_queue(QueueUrl=gone)
    replies = publish(sns, topic, "a", "a1", "a2") + publish(sns, topic, "b", "b1")
    server.restart_after_kill()
    replies += publish(sns, topic, "a", "a3")
    messages = all_in_order(sqs, dead, 4)
    got = [
        (json.loads(m["Body"])["Message"], m["Attributes"]["MessageGroupId"], m["Attributes"]["MessageDeduplicationId"])
        for m in messages
    ]
    assert sorted(got) == [(t, t[0], t) for t in ("a1", "a2", "a3", "b1")]
    assert [t for t, group, _ in got if group == "a"] == ["a1", "a2", "a3"]
    numbers = {e["Message"]: e["SequenceNumber"] for e in (json.loads(m["Body"]) for m in messages)}
    assert [numbers[t] for t in ("a1", "a2", "b1", "a3")] == [reply["SequenceNumber"] for reply in replies]
    assert all(m["Attributes"]["ApproximateReceiveCount"] == "1" for m in messages)
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "false"


@pytest.mark.expect_log("cut the end of the log")
def test_order_numbers_and_ids_survive_kill(own_server):
    server = own_server()
    sns, sqs = server.client("sns"), server.client("sqs")
    topic, queue = fifo_topic(sns, "t"), create(sqs, "q.fifo")
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    texts, replies = [f"{n:03}" for n in range(60)], []
    for at in range(0, 60, 20):
        replies += publish(sns, topic, "g", *texts[at : at + 20])
        server.restart_after_kill()
    # What was published before is known still, and answered as it was then.
    for n in (0, 19, 20, 59):
        [again] = publish(sns, topic, "g", texts[n])
        expected = replies[n]["MessageId"], replies[n]["SequenceNumber"]
        assert (again["MessageId"], again["SequenceNumber"]) == expected
    numbers = [reply["SequenceNumber"] for reply in replies]
    assert numbers == sorted(set(numbers))
    assert bodies(all_in_order(sqs, queue, 60)) == texts
