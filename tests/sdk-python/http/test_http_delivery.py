"""What an endpoint is posted: headers, envelopes, raw text, content types, texts by protocol (sns 5, 7 and 10)."""

import json

import pytest

from ask import PLAIN, TIMESTAMP, asked, at_once, dead_letters, printed, shown, subscribed, verified
from calls import number, receive, refused, subscribe, text
from web_endpoint import answer, slowly

MESSAGE = 'a "quoted"\nline – 🚀'


def headers_of(web, request, topic, subscription, message_id, **more):
    """All headers that a notification comes with."""
    return {
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": topic,
        "x-amz-sns-subscription-arn": subscription,
        "content-type": PLAIN,
        "user-agent": "Amazon Simple Notification Service Agent",
        "accept-encoding": "gzip,deflate",
        "connection": "Keep-Alive",
        "host": f"127.0.0.1:{web.port}",
        "content-length": str(len(request.body)),
        **more,
    }


@pytest.mark.parametrize("version", ["1", "2"])
def test_notifications_are_complete_and_signed(server, sns, web, path, topic, version):
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue=version)
    arn = subscribed(sns, topic, path)
    attributes = {"kind": text("ü"), "n": number(5), "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    sent = sns.publish(TopicArn=topic, Message=MESSAGE, Subject="Greetings", MessageAttributes=attributes)
    [request] = path.wait(1)
    assert (request.method, request.target, request.version) == ("POST", path.target, "HTTP/1.1")
    assert request.headers == headers_of(web, request, topic, arn, sent["MessageId"])
    message = request.message
    assert list(message) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature",
        "SigningCertURL", "UnsubscribeURL", "MessageAttributes",
    ]  # fmt: skip
    assert (message["Type"], message["MessageId"], message["TopicArn"]) == ("Notification", sent["MessageId"], topic)
    assert (message["Subject"], message["Message"]) == ("Greetings", MESSAGE)
    assert TIMESTAMP.fullmatch(message["Timestamp"])
    assert message["SignatureVersion"] == version
    assert message["UnsubscribeURL"] == f"{server.endpoint}/?Action=Unsubscribe&SubscriptionArn={arn}"
    assert message["MessageAttributes"] == {
        "kind": {"Type": "String", "Value": "ü"},
        "n": {"Type": "Number", "Value": "5"},
        "b": {"Type": "Binary", "Value": "AP8="},
    }
    assert verified(message)


def test_a_bare_notification(sns, path, topic):
    subscribed(sns, topic, path)
    sns.publish(TopicArn=topic, Message="bare")
    [request] = path.wait(1)
    message = request.message
    assert list(message) == [
        "Type", "MessageId", "TopicArn", "Message", "Timestamp", "SignatureVersion", "Signature", "SigningCertURL",
        "UnsubscribeURL",
    ]  # fmt: skip
    assert request.text == printed(message)
    assert message["SignatureVersion"] == "1"
    assert verified(message)


def test_queue_and_endpoint_get_the_same_publication(sns, sqs, path, topic, queue):
    subscribe(sns, sqs, topic, queue)
    subscribed(sns, topic, path)
    sns.publish(TopicArn=topic, Message="for both", Subject="s")
    [request] = path.wait(1)
    [message] = receive(sqs, queue, WaitTimeSeconds=10)
    posted, queued = request.message, json.loads(message["Body"])
    assert posted.pop("UnsubscribeURL") != queued.pop("UnsubscribeURL")
    assert posted == queued


def test_raw_delivery(sns, web, path, topic):
    arn = subscribed(sns, topic, path, RawMessageDelivery="true")
    sent = sns.publish(TopicArn=topic, Message=MESSAGE, Subject="lost", MessageAttributes={"lost": text("x")})
    [request] = path.wait(1)
    assert request.text == MESSAGE
    expected = headers_of(web, request, topic, arn, sent["MessageId"])
    assert request.headers == {**expected, "x-amz-sns-rawdelivery": "true"}


def test_texts_by_protocol(sns, web, topic):
    path, other = web.path(), web.path()
    for one in (path, other):
        subscribed(sns, topic, one, RawMessageDelivery="true")
    texts = {"default": "d", "http": "h", "https": "s", "sqs": "q"}
    sns.publish(TopicArn=topic, Message=json.dumps(texts), MessageStructure="json")
    assert [request.text for request in path.wait(1) + other.wait(1)] == ["h", "h"]
    sns.publish(TopicArn=topic, Message=json.dumps({"default": "d", "https": "s"}), MessageStructure="json")
    assert sorted(request.text for request in path.wait(2)) == ["d", "h"]


def content_type(value):
    return {"requestPolicy": {"headerContentType": value}}


def test_content_types_of_a_subscription(sns, web, topic):
    json_path, csv_path = web.path(), web.path()
    subscribed(sns, topic, json_path, DeliveryPolicy=content_type("application/json"))
    subscribed(sns, topic, csv_path, DeliveryPolicy=content_type("text/csv"), RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="a;b")
    assert json_path.wait(1)[0].headers["content-type"] == "application/json"
    assert csv_path.wait(1)[0].headers["content-type"] == "text/csv"
    for path in (json_path, csv_path):
        assert path.wait(1, "SubscriptionConfirmation")[0].headers["content-type"] == PLAIN


def test_content_type_of_a_topic(sns, web, topic):
    policy = {"http": {"defaultRequestPolicy": {"headerContentType": "application/xml"}}}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue=json.dumps(policy))
    of_topic, own = web.path(), web.path()
    subscribed(sns, topic, of_topic)
    subscribed(sns, topic, own, DeliveryPolicy=content_type("application/json"))
    sns.publish(TopicArn=topic, Message="<x/>")
    assert of_topic.wait(1)[0].headers["content-type"] == "application/xml"
    assert own.wait(1)[0].headers["content-type"] == "application/json"


def test_policies_are_checked_and_shown(sns, sqs, path, topic, queue):
    for policy in [
        content_type("image/png"),
        content_type("text/csv"),
        at_once(101),
        {"healthyRetryPolicy": {"numRetries": 1, "numNoDelayRetries": 2}},
        {"healthyRetryPolicy": {"minDelayTarget": 2, "maxDelayTarget": 1}},
        {"healthyRetryPolicy": {"minDelayTarget": 0}},
        {"healthyRetryPolicy": {"maxDelayTarget": 3601}},
        {"healthyRetryPolicy": {"backoffFunction": "quadratic"}},
        {"throttlePolicy": {"maxReceivesPerSecond": 0}},
        {"unheardOf": {}},
        "no json",
    ]:
        said = policy if isinstance(policy, str) else json.dumps(policy)
        call = {"TopicArn": topic, "Protocol": "http", "Endpoint": path.url, "Attributes": {"DeliveryPolicy": said}}
        assert refused(sns.subscribe, **call)[0::2] == ("InvalidParameter", 400), said
    path.auto_confirm(False)
    arn = asked(sns, topic, path, DeliveryPolicy=at_once(2))
    assert json.loads(shown(sns, arn)["EffectiveDeliveryPolicy"]) == {
        "healthyRetryPolicy": {
            "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 2, "numMaxDelayRetries": 0,
            "numNoDelayRetries": 2, "numMinDelayRetries": 0, "backoffFunction": "linear",
        },
        "sicklyRetryPolicy": None,
        "throttlePolicy": None,
        "requestPolicy": {"headerContentType": PLAIN},
        "guaranteed": False,
    }  # fmt: skip
    # Queues have no delivery policy.
    arn = subscribe(sns, sqs, topic, queue)
    call = {"SubscriptionArn": arn, "AttributeName": "DeliveryPolicy", "AttributeValue": json.dumps(at_once(2))}
    assert refused(sns.set_subscription_attributes, **call)[0::2] == ("InvalidParameter", 400)


def test_filters(sns, web, topic):
    wants_a, wants_b = web.path(), web.path()
    subscribed(sns, topic, wants_a, FilterPolicy={"kind": ["a"]}, RawMessageDelivery="true")
    subscribed(
        sns, topic, wants_b, FilterPolicy={"kind": ["b"]}, FilterPolicyScope="MessageBody", RawMessageDelivery="true"
    )
    for kind in "abc":
        sns.publish(TopicArn=topic, Message=json.dumps({"kind": kind}), MessageAttributes={"kind": text(kind)})
    sns.publish(TopicArn=topic, Message=json.dumps({"kind": "b", "last": 1}), MessageAttributes={"kind": text("a")})
    assert {request.message["kind"] for request in wants_a.wait(2)} == {"a", "b"}
    assert {request.message["kind"] for request in wants_b.wait(2)} == {"b"}


def test_batches(sns, path, topic):
    subscribed(sns, topic, path, RawMessageDelivery="true")
    entries = [{"Id": str(n), "Message": f"m{n}"} for n in range(10)]
    assert len(sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"]) == 10
    assert sorted(request.text for request in path.wait(10)) == [f"m{n}" for n in range(10)]


def test_large_and_strange_messages(sns, path, topic):
    subscribed(sns, topic, path, RawMessageDelivery="true")
    messages = ["x" * 262_144, "ü" * 100_000, "\u2028\u2029\ufffd", "\t", "{}", " \r\n "]
    for message in messages:
        sns.publish(TopicArn=topic, Message=message)
    assert sorted(request.text for request in path.wait(len(messages))) == sorted(messages)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_one(sns, sqs, path, topic, dead, status):
    subscribed(sns, topic, path, DeliveryPolicy=at_once(0), RedrivePolicy=dead_letters(dead))
    path.always(answer(status))
    sns.publish(TopicArn=topic, Message="x")
    path.wait(1)
    # What comes after it arrives; had the first failed, it would be in the dead-letter queue by then.
    path.always(answer(500))
    sns.publish(TopicArn=topic, Message="given up")
    [message] = receive(sqs, dead[0], WaitTimeSeconds=10)
    assert json.loads(message["Body"])["Message"] == "given up"


def test_connections_are_kept(sns, path, topic):
    subscribed(sns, topic, path)
    for n in range(5):
        sns.publish(TopicArn=topic, Message="x")
        path.wait(n + 1)
    # The first connection took the confirmation, too.
    assert len({request.peer for request in path.of(None)}) < 6


def test_a_slow_body_of_an_answer_holds_nothing_up(sns, web, path, topic):
    subscribed(sns, topic, path)
    path.always(slowly(60))
    for _ in range(3):
        sns.publish(TopicArn=topic, Message="x")
    path.wait(3)


def test_the_endpoint_is_not_part_of_the_url(sns, web, topic):
    """User name, password and fragment stay here; what is escaped stays so."""
    path = web.path("/sns/%C3%BC%2F?a=b+c&d=%26")
    subscribed(sns, topic, path, url=path.url.replace("http://", "http://user:secret@"))
    sns.publish(TopicArn=topic, Message="x")
    [request] = path.wait(1)
    assert request.target == "/sns/%C3%BC%2F?a=b+c&d=%26"
    assert request.headers["host"] == f"127.0.0.1:{web.port}"
    assert "authorization" not in request.headers
