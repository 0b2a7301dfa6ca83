"""The delivery status log: what an operator reads of deliveries that ended, on the admin page and in files (sns 16)."""

import hashlib
import json
import os
import re

import pytest

from calls import create, queue_arn, receive_n, refused, text, until
from web_endpoint import WebEndpoint, answer

ROLE = "arn:aws:iam::123456789012:role/feedback"
GIVEN_UP = pytest.mark.expect_log("deliver")
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def web():
    endpoint = WebEndpoint()
    yield endpoint
    endpoint.stop()


@pytest.fixture
def path(web):
    return web.path()


def watched_topic(sns, name, kind="HTTP", **more):
    """A topic that asks for all events of a kind of endpoint; `more` is what it says otherwise."""
    attributes = {f"{kind}{end}FeedbackRoleArn": ROLE for end in ("Success", "Failure")} | more
    return sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]


@pytest.fixture
def topic(sns, name):
    return watched_topic(sns, name)


def subscribed(sns, topic, path, retries=0, url=None, **attributes):
    """Subscribes an endpoint that confirms by itself; what fails is tried again at once."""
    policy = {"healthyRetryPolicy": {"numRetries": retries, "numNoDelayRetries": retries}}
    before = path.confirmed()
    arn = sns.subscribe(
        TopicArn=topic,
        Protocol="http",
        Endpoint=url or path.url,
        Attributes={"DeliveryPolicy": json.dumps(policy), **attributes},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    path.wait_confirmed(before + 1)
    return arn


def group(topic, failure=False):
    _, _, _, region, account, name = topic.split(":")
    return f"sns/{region}/{account}/{name}" + ("/Failure" if failure else "")


def page(server, **parameters):
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    status, found = server.fetch(f"/v1/delivery-status?{query}")
    assert status == 200, found
    return json.loads(found)


def events(server, topic, n, failure=None):
    """The events of a topic, oldest first, once there are `n`; all, or of one log group."""
    prefix = group(topic, bool(failure))

    def found():
        deliveries = page(server, prefix=prefix)["deliveries"]
        if failure is not None:
            deliveries = [event for event in deliveries if event["log_group"] == prefix]
        return deliveries if len(deliveries) >= n else None

    deliveries = until(found, f"{n} events of {prefix}")
    assert len(deliveries) == n, deliveries
    return deliveries[::-1]


def test_a_success(sns, server, topic, path):
    subscribed(sns, topic, path)
    path.always(answer(202, body=b"thank you"))
    sent = sns.publish(TopicArn=topic, Message="x ü")
    [request] = path.wait(1)
    [event] = events(server, topic, 1)
    assert event["log_group"] == group(topic)
    entry = event["entry"]
    assert list(entry) == ["notification", "delivery", "status"]
    assert entry["status"] == "SUCCESS"
    assert entry["notification"] == {
        "messageMD5Sum": hashlib.md5("x ü".encode()).hexdigest(),
        "messageId": sent["MessageId"],
        "topicArn": topic,
        "timestamp": request.message["Timestamp"],
    }
    delivery = entry["delivery"]
    assert list(delivery) == [
        "deliveryId", "destination", "providerResponse", "dwellTimeMs", "attempts", "statusCode",
    ]  # fmt: skip
    assert (delivery["destination"], delivery["attempts"], delivery["statusCode"]) == (path.url, 1, 202)
    assert "thank you" in delivery["providerResponse"]
    assert 0 <= delivery["dwellTimeMs"] < 60_000
    assert delivery["deliveryId"] != sent["MessageId"]


@GIVEN_UP
def test_a_failure(sns, sqs, server, topic, path, queue):
    """One event for all attempts, in a log of its own."""
    redrive = json.dumps({"deadLetterTargetArn": queue_arn(sqs, queue)})
    subscribed(sns, topic, path, retries=2, RedrivePolicy=redrive)
    path.always(answer(503, body=b"not today"))
    sent = sns.publish(TopicArn=topic, Message="x")
    path.wait(3)
    receive_n(sqs, queue, 1)
    [event] = events(server, topic, 1)
    assert event["log_group"] == group(topic, failure=True)
    entry = event["entry"]
    assert (entry["status"], entry["notification"]["messageId"]) == ("FAILURE", sent["MessageId"])
    assert (entry["delivery"]["attempts"], entry["delivery"]["statusCode"]) == (3, 503)
    assert "not today" in entry["delivery"]["providerResponse"]


def test_a_delivery_that_recovers_is_a_success(sns, server, topic, path):
    subscribed(sns, topic, path, retries=3)
    path.fails(2)
    sns.publish(TopicArn=topic, Message="x")
    path.wait(3)
    [event] = events(server, topic, 1)
    delivery = event["entry"]["delivery"]
    assert (event["entry"]["status"], delivery["attempts"], delivery["statusCode"]) == ("SUCCESS", 3, 200)


@GIVEN_UP
def test_no_answer_at_all(sns, server, topic, web, path):
    subscribed(sns, topic, path, retries=1)
    web.down()
    sns.publish(TopicArn=topic, Message="x")
    [event] = events(server, topic, 1, failure=True)
    delivery = event["entry"]["delivery"]
    assert (delivery["statusCode"], delivery["attempts"]) == (0, 2)
    assert delivery["providerResponse"]


@GIVEN_UP
def test_only_what_is_asked_for(sns, server, name, path):
    """Nothing without the attributes; failures alone; and what other endpoints would have."""
    nothing = sns.create_topic(Name=f"{name}-nothing")["TopicArn"]
    others = watched_topic(sns, f"{name}-others", kind="Lambda")
    failures = sns.create_topic(Name=f"{name}-failures", Attributes={"HTTPFailureFeedbackRoleArn": ROLE})["TopicArn"]
    for topic in (nothing, others, failures):
        subscribed(sns, topic, path)
    for at, topic in enumerate((nothing, others, failures)):
        path.fails(1, answer(404))
        sns.publish(TopicArn=topic, Message="fails")
        path.wait(2 * at + 1)
        sns.publish(TopicArn=topic, Message="arrives")
        path.wait(2 * at + 2)
    [event] = events(server, failures, 1)
    assert event["log_group"] == group(failures, failure=True)
    assert page(server, prefix=group(nothing))["deliveries"] == []
    assert page(server, prefix=group(others))["deliveries"] == []


@GIVEN_UP
def test_samples(sns, server, name, path, web):
    """A rate is for successes; whether a message is in the sample is the same for all subscriptions."""
    none = watched_topic(sns, f"{name}-none", HTTPSuccessFeedbackSampleRate="0")
    subscribed(sns, none, path)
    for n in range(5):
        sns.publish(TopicArn=none, Message=str(n))
        path.wait(n + 1)
    path.fails(1, answer(404))
    sns.publish(TopicArn=none, Message="fails")
    events(server, none, 1, failure=True)
    assert [e["log_group"] for e in page(server, prefix=group(none))["deliveries"]] == [group(none, failure=True)]

    half = watched_topic(sns, f"{name}-half", HTTPSuccessFeedbackSampleRate="50")
    endpoints = [web.path(), web.path()]
    for endpoint in endpoints:
        subscribed(sns, half, endpoint)
    for at in range(0, 100, 10):
        entries = [{"Id": str(n), "Message": str(n)} for n in range(at, at + 10)]
        sns.publish_batch(TopicArn=half, PublishBatchRequestEntries=entries)
    # The rate is taken away: this message is noted for certain, and behind all others.
    for endpoint in endpoints:
        endpoint.wait(100)
    sns.set_topic_attributes(TopicArn=half, AttributeName="HTTPSuccessFeedbackSampleRate", AttributeValue="100")
    last = sns.publish(TopicArn=half, Message="last")["MessageId"]

    def noted():
        found = page(server, prefix=group(half), limit=1000)["deliveries"]
        ids = [event["entry"]["notification"]["messageId"] for event in found]
        return ids if ids.count(last) == 2 else None

    ids = until(noted, "the last message is noted twice")
    by_message = {message: ids.count(message) for message in ids}
    assert set(by_message.values()) == {2}
    # Half of a hundred, by chance: less than once in a million is it beyond these.
    assert 25 <= len(by_message) - 1 <= 75


def test_the_text_that_was_delivered(sns, server, topic, path):
    """Of a structured message it is the protocol's text; raw or not is all one."""
    subscribed(sns, topic, path, RawMessageDelivery="true")
    texts = {"default": "d", "http": "for the web"}
    sns.publish(TopicArn=topic, Message=json.dumps(texts), MessageStructure="json")
    path.wait(1)
    [event] = events(server, topic, 1)
    assert event["entry"]["notification"]["messageMD5Sum"] == hashlib.md5(b"for the web").hexdigest()


def test_what_a_filter_refuses_is_no_delivery(sns, server, topic, path):
    subscribed(sns, topic, path, FilterPolicy='{"kind":["a"]}')
    sns.publish(TopicArn=topic, Message="no", MessageAttributes={"kind": text("b")})
    sent = sns.publish(TopicArn=topic, Message="yes", MessageAttributes={"kind": text("a")})
    [event] = events(server, topic, 1)
    assert event["entry"]["notification"]["messageId"] == sent["MessageId"]


def test_passwords_are_not_shown(sns, server, topic, path):
    subscribed(sns, topic, path, url=path.url.replace("://", "://someone:very-secret@"))
    sns.publish(TopicArn=topic, Message="x")
    [event] = events(server, topic, 1)
    assert "very-secret" not in json.dumps(event)
    assert event["entry"]["delivery"]["destination"].endswith(path.url.partition("://")[2])


def test_attributes_are_checked(sns, topic):
    def change(name, value):
        sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)

    for kind in ("HTTP", "Firehose", "Lambda", "Application", "SQS"):
        change(f"{kind}SuccessFeedbackRoleArn", ROLE)
        change(f"{kind}SuccessFeedbackSampleRate", "7")
        change(f"{kind}FailureFeedbackRoleArn", ROLE)
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert attributes["SQSSuccessFeedbackSampleRate"] == "7"
    assert len([name for name in attributes if "Feedback" in name]) == 15
    for name, value in [
        ("HTTPSuccessFeedbackSampleRate", "101"),
        ("HTTPSuccessFeedbackSampleRate", "-1"),
        ("HTTPSuccessFeedbackSampleRate", "half"),
        ("HTTPFailureFeedbackRoleArn", "not an arn"),
        ("SMSFailureFeedbackRoleArn", ROLE),
    ]:
        assert refused(change, name=name, value=value)[::2] == ("InvalidParameter", 400), name
    change("HTTPFailureFeedbackRoleArn", "")
    assert "HTTPFailureFeedbackRoleArn" not in sns.get_topic_attributes(TopicArn=topic)["Attributes"]


def test_pages(sns, server, topic, path):
    subscribed(sns, topic, path)
    for n in range(5):
        sns.publish(TopicArn=topic, Message=str(n))
    assert ISO.fullmatch(events(server, topic, 5)[0]["entry"]["notification"]["timestamp"])
    numbers, after = [], None
    for expected in (2, 2, 1):
        found = page(server, prefix=group(topic), limit=2, **({"after": after} if after else {}))
        numbers += [event["number"] for event in found["deliveries"]]
        assert len(found["deliveries"]) == expected
        after = found["next"]
    assert after is None
    # The newest are first.
    assert numbers == sorted(set(numbers), reverse=True)
    for query in ("after=x", "limit=0", "limit=1001", "limit=x"):
        status, said = server.fetch(f"/v1/delivery-status?{query}")
        assert (status, "error" in json.loads(said)) == (400, True), query


def response_of(event):
    return json.loads(event["entry"]["delivery"]["providerResponse"])


def by_destination(found):
    return {event["entry"]["delivery"]["destination"]: event for event in found}


def subscribed_queues(sns, sqs, topic, names, **attributes):
    """Creates queues and subscribes them; their URLs by ARN. So many that each shard has some."""
    urls = {}
    for queue in names:
        url = create(sqs, queue)
        arn = queue_arn(sqs, url)
        urls[arn] = url
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return urls


@pytest.mark.parametrize("raw", ["true", "false"])
def test_copies_for_queues(sns, sqs, server, name, raw):
    topic = watched_topic(sns, name, kind="SQS")
    urls = subscribed_queues(sns, sqs, topic, [f"{name}-{n}" for n in range(6)], RawMessageDelivery=raw)
    sent = sns.publish(TopicArn=topic, Message="x ü")
    found = by_destination(events(server, topic, 6))
    assert set(found) == set(urls)
    for arn, event in found.items():
        [message] = receive_n(sqs, urls[arn], 1)
        assert event["log_group"] == group(topic)
        entry = event["entry"]
        assert list(entry) == ["notification", "delivery", "status"]
        assert entry["status"] == "SUCCESS"
        assert ISO.fullmatch(entry["notification"].pop("timestamp"))
        assert entry["notification"] == {
            "messageMD5Sum": hashlib.md5("x ü".encode()).hexdigest(),
            "messageId": sent["MessageId"],
            "topicArn": topic,
        }
        delivery = entry["delivery"]
        assert list(delivery) == ["deliveryId", "destination", "providerResponse", "dwellTimeMs", "statusCode"]
        assert delivery["statusCode"] == 200
        assert 0 <= delivery["dwellTimeMs"] < 60_000
        response = response_of(event)
        assert set(response) == {"sqsRequestId", "sqsMessageId"}
        assert response["sqsMessageId"] == message["MessageId"] != response["sqsRequestId"]


def test_queues_that_are_gone(sns, sqs, server, name, queue):
    """A failure, whether a dead-letter queue gets the message or not; that one is not noted."""
    topic = watched_topic(sns, name, kind="SQS")
    redrive = json.dumps({"deadLetterTargetArn": queue_arn(sqs, queue)})
    urls = subscribed_queues(sns, sqs, topic, [f"{name}-{n}" for n in range(4)], RedrivePolicy=redrive)
    urls |= subscribed_queues(sns, sqs, topic, [f"{name}-alone"])
    for url in urls.values():
        sqs.delete_queue(QueueUrl=url)
    sns.publish(TopicArn=topic, Message="x")
    receive_n(sqs, queue, 4)
    found = by_destination(events(server, topic, 5))
    assert set(found) == set(urls)
    for event in found.values():
        assert (event["log_group"], event["entry"]["status"]) == (group(topic, failure=True), "FAILURE")
        assert event["entry"]["delivery"]["statusCode"] == 400
        assert response_of(event) == {
            "ErrorCode": "AWS.SimpleQueueService.NonExistentQueue",
            "ErrorMessage": "The specified queue does not exist.",
            "sqsRequestId": "Unrecoverable",
        }


def test_a_raw_message_with_too_many_attributes(sns, sqs, server, name, queue):
    topic = watched_topic(sns, name, kind="SQS")
    redrive = json.dumps({"deadLetterTargetArn": queue_arn(sqs, queue)})
    names = [f"{name}-{n}" for n in range(2)]
    subscribed_queues(sns, sqs, topic, names, RawMessageDelivery="true", RedrivePolicy=redrive)
    sns.publish(TopicArn=topic, Message="x", MessageAttributes={f"a{n}": text("v") for n in range(11)})
    for event in events(server, topic, 2, failure=True):
        assert event["entry"]["delivery"]["statusCode"] == 400
        assert "[11] exceeds the allowed maximum [10]" in response_of(event)["ErrorMessage"]


def test_of_queues_only_what_is_asked_for(sns, sqs, server, name):
    """The last topic asks for everything: what was published before to the others would have been noted by then."""
    role = {"SQSSuccessFeedbackRoleArn": ROLE, "SQSFailureFeedbackRoleArn": ROLE}
    asked = {
        "nothing": {},
        "rate": {"SQSSuccessFeedbackSampleRate": "100"},
        "web": {"HTTPSuccessFeedbackRoleArn": ROLE, "HTTPFailureFeedbackRoleArn": ROLE},
        "none": {"SQSSuccessFeedbackRoleArn": ROLE, "SQSSuccessFeedbackSampleRate": "0"},
        "failures": {**role, "SQSSuccessFeedbackSampleRate": "0"},
        "all": {**role, "SQSSuccessFeedbackSampleRate": "100"},
    }
    topics = {kind: sns.create_topic(Name=f"{name}-{kind}", Attributes=a)["TopicArn"] for kind, a in asked.items()}
    for kind, topic in topics.items():
        urls = subscribed_queues(sns, sqs, topic, [f"{name}-{kind}-{n}" for n in range(4)])
        lost = subscribed_queues(sns, sqs, topic, [f"{name}-{kind}-gone"])
        for url in lost.values():
            sqs.delete_queue(QueueUrl=url)
        sns.publish(TopicArn=topic, Message="x")
        for url in urls.values():
            receive_n(sqs, url, 1)
    assert len(events(server, topics["all"], 5)) == 5
    assert len(events(server, topics["failures"], 1, failure=True)) == 1
    for kind in ("nothing", "rate", "web", "none"):
        assert page(server, prefix=group(topics[kind]))["deliveries"] == [], kind


def test_batches_for_fifo_queues(sns, sqs, server, name):
    """Of a structured message it is the text for queues; what the topic has seen before is not delivered again."""
    attributes = {"FifoTopic": "true", "ContentBasedDeduplication": "true"}
    topic = watched_topic(sns, f"{name}.fifo", kind="SQS", **attributes)
    urls = subscribed_queues(sns, sqs, topic, [f"{name}-{n}.fifo" for n in range(4)], RawMessageDelivery="true")
    entries = [
        {
            "Id": str(at),
            "Message": json.dumps({"default": "d", "sqs": f"for queues {n}"}),
            "MessageStructure": "json",
            "MessageGroupId": "g",
        }
        for at, n in enumerate((0, 1, 2, 2))
    ]
    sent = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"]
    assert sent[2]["MessageId"] == sent[3]["MessageId"]
    found = events(server, topic, 12)
    for arn, url in urls.items():
        messages = receive_n(sqs, url, 3)
        ours = [event for event in found if event["entry"]["delivery"]["destination"] == arn]
        assert [response_of(event)["sqsMessageId"] for event in ours] == [m["MessageId"] for m in messages]
        digests = [event["entry"]["notification"]["messageMD5Sum"] for event in ours]
        assert digests == [hashlib.md5(m["Body"].encode()).hexdigest() for m in messages]
        assert messages[0]["Body"] == "for queues 0"
        ids = [event["entry"]["notification"]["messageId"] for event in ours]
        assert ids == [entry["MessageId"] for entry in sent[:3]]


@pytest.mark.expect_log("cut the end of the log|deliver")
def test_the_files(own_server, path):
    """All events are lines of one file, which goes on after a kill; the page begins anew."""
    server = own_server()
    sns = server.client("sns")
    topic = watched_topic(sns, "t")
    subscribed(sns, topic, path)
    current = os.path.join(server.data_dir, "delivery-status", "current.jsonl")

    def lines():
        with open(current, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    sns.publish(TopicArn=topic, Message="1")
    path.wait(1)
    path.fails(1, answer(404))
    sns.publish(TopicArn=topic, Message="2")
    known = events(server, topic, 2)
    until(lambda: os.path.exists(current) and len(lines()) == 2, "both are written")
    without_numbers = [{key: event[key] for key in ("log_group", "entry")} for event in known]
    assert lines() == without_numbers
    assert [line["log_group"] for line in lines()] == [group(topic), group(topic, failure=True)]
    assert os.stat(current).st_mode & 0o077 == 0
    server.restart_after_kill()
    assert page(server)["deliveries"] == []
    sns.publish(TopicArn=topic, Message="3")
    [event] = events(server, topic, 1)
    until(lambda: len(lines()) == 3, "the third is written")
    assert lines() == [*without_numbers, {key: event[key] for key in ("log_group", "entry")}]
