"""How an endpoint becomes subscribed and ceases to be: confirmation, tokens, counts, links (sns 4, 7.5 and 9)."""

import re
import urllib.parse

import pytest

from ask import (
    PLAIN, SUBSCRIPTION, TIMESTAMP, UNSUBSCRIPTION, allowing, asked, counted, printed, shown, subscribed, verified,
)  # fmt: skip
from calls import refused
from web_endpoint import answer

KEYS = [
    "Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp", "SignatureVersion",
    "Signature", "SigningCertURL",
]  # fmt: skip
ID, SECRET = "AKIDEXAMPLE0000MQ01", "made-up-secret/for+tests"


def headers_of(web, request, kind, topic, subscription=None):
    """All headers that a message that is not a notification comes with."""
    expected = {
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": request.message["MessageId"],
        "x-amz-sns-topic-arn": topic,
        "content-type": PLAIN,
        "user-agent": "Amazon Simple Notification Service Agent",
        "accept-encoding": "gzip,deflate",
        "connection": "Keep-Alive",
        "host": f"127.0.0.1:{web.port}",
        "content-length": str(len(request.body)),
    }
    return expected | ({"x-amz-sns-subscription-arn": subscription} if subscription else {})


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_confirmation_is_complete_and_signed(server, sns, web, topic, version):
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue=version)
    # What stands behind the question mark goes along.
    path = web.path("/sns/in?who=a%20b&x=1").auto_confirm(False)
    reply = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=path.url)
    assert reply["SubscriptionArn"] == "pending confirmation"
    [request] = path.wait(1, SUBSCRIPTION)
    assert (request.method, request.version) == ("POST", "HTTP/1.1")
    assert request.headers == headers_of(web, request, SUBSCRIPTION, topic)
    message = request.message
    assert list(message) == KEYS
    assert request.text == printed(message)
    assert (message["Type"], message["TopicArn"]) == (SUBSCRIPTION, topic)
    assert message["Message"] == (
        f"You have chosen to subscribe to the topic {topic}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    assert message["SubscribeURL"] == (
        f"{server.endpoint}/?Action=ConfirmSubscription&TopicArn={topic}&Token={message['Token']}"
    )
    assert re.fullmatch(r"[0-9a-f]{64,}", message["Token"])
    assert TIMESTAMP.fullmatch(message["Timestamp"])
    assert message["SignatureVersion"] == version
    assert verified(message)


def test_pending_until_the_link_is_visited(sns, web, path, topic):
    path.auto_confirm(False)
    arn = asked(sns, topic, path)
    assert arn.startswith(f"{topic}:")
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    named = (listed["SubscriptionArn"], listed["Endpoint"], listed["Protocol"])
    assert named == ("PendingConfirmation", path.url, "http")
    assert counted(sns, topic) == (0, 1, 0)
    assert shown(sns, arn)["PendingConfirmation"] == "true"
    sns.publish(TopicArn=topic, Message="too early")

    [request] = path.wait(1, SUBSCRIPTION)
    status, text = web.visit(request.message["SubscribeURL"])
    assert (status, f"<SubscriptionArn>{arn}</SubscriptionArn>" in text) == (200, True), text
    assert "<ConfirmSubscriptionResponse " in text
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert listed["SubscriptionArn"] == arn
    assert counted(sns, topic) == (1, 0, 0)
    attributes = shown(sns, arn)
    assert (attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]) == ("false", "false")
    # Twice is as good as once.
    status, text = web.visit(request.message["SubscribeURL"])
    assert (status, f"<SubscriptionArn>{arn}</SubscriptionArn>" in text) == (200, True), text
    sns.publish(TopicArn=topic, Message="in time")
    [notification] = path.wait(1)
    assert notification.message["Message"] == "in time"


def test_confirming_from_within_the_handler(sns, path, topic):
    """As most applications do it: the link is visited before the confirmation is answered."""
    arn = subscribed(sns, topic, path)
    assert f"<SubscriptionArn>{arn}</SubscriptionArn>" in path.wait_confirmed().confirmation[1]
    assert counted(sns, topic) == (1, 0, 0)


def test_confirming_by_a_call(sns, path, topic):
    path.auto_confirm(False)
    arn = asked(sns, topic, path)
    token = path.wait(1, SUBSCRIPTION)[0].message["Token"]
    for _ in range(2):
        confirmed = sns.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")
        assert confirmed["SubscriptionArn"] == arn
    assert shown(sns, arn)["ConfirmationWasAuthenticated"] == "true"


def test_asking_again_sends_the_confirmation_again(sns, web, path, topic):
    path.auto_confirm(False)
    arn = asked(sns, topic, path)
    [first] = path.wait(1, SUBSCRIPTION)
    assert asked(sns, topic, path) == arn
    first, second = path.wait(2, SUBSCRIPTION)
    assert second.message["MessageId"] != first.message["MessageId"]
    assert counted(sns, topic) == (0, 1, 0)
    assert web.visit(second.message["SubscribeURL"])[0] == 200
    # Confirmed, the same call changes nothing, and sends nothing: the next message is the notification.
    assert asked(sns, topic, path) == arn
    sns.publish(TopicArn=topic, Message="x")
    path.wait(1)
    assert [request.kind for request in path.of(None)] == [SUBSCRIPTION, SUBSCRIPTION, "Notification"]


def test_a_confirmation_is_tried_again(sns, path, topic):
    path.auto_confirm(False)
    path.confirmations = answer(500)
    sns.set_topic_attributes(
        TopicArn=topic,
        AttributeName="DeliveryPolicy",
        AttributeValue='{"http":{"defaultHealthyRetryPolicy":{"numRetries":2,"numNoDelayRetries":2}}}',
    )
    asked(sns, topic, path)
    tries = path.wait(3, SUBSCRIPTION)
    assert len({request.body for request in tries}) == 1
    assert counted(sns, topic) == (0, 1, 0)


def test_links_that_lead_nowhere(sns, web, path, topic):
    path.auto_confirm(False)
    arn = asked(sns, topic, path)
    link = path.wait(1, SUBSCRIPTION)[0].message["SubscribeURL"]
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["Token"][0]

    def visit(topic=topic, token=token):
        return web.visit(f"{link.split('?')[0]}?Action=ConfirmSubscription&TopicArn={topic}&Token={token}")

    unknown = token[:-4] + ("0000" if token[-4:] != "0000" else "1111")
    for said, message in [
        (visit(token=unknown), "Invalid parameter: Token"),
        (visit(token="randomtoken"), "Invalid parameter: Token"),
        (visit(topic="x"), "Invalid parameter: Topic"),
        (visit(topic=topic.replace("us-east-1", "eu-west-1")), "Invalid parameter: Topic"),
    ]:
        assert (said[0], f"<Message>{message}</Message>" in said[1]) == (400, True), said
    assert refused(sns.confirm_subscription, TopicArn=topic, Token="randomtoken")[1] == "Invalid token"
    assert refused(sns.confirm_subscription, TopicArn=topic, Token=unknown)[1] == "Invalid parameter: Token"
    assert shown(sns, arn)["PendingConfirmation"] == "true"
    # The token alone says which subscription is meant.
    assert visit(topic=topic + "-other")[0] == 200
    assert shown(sns, arn)["PendingConfirmation"] == "false"


def test_pending_subscriptions_are_not_unsubscribed(sns, path, topic):
    path.auto_confirm(False)
    arn = asked(sns, topic, path)
    assert refused(sns.unsubscribe, SubscriptionArn=arn)[0::2] == ("InvalidParameter", 400)
    assert counted(sns, topic) == (0, 1, 0)


def test_endpoints_are_checked(sns, topic):
    for protocol, endpoint in [
        ("http", "https://example.com/"),
        ("https", "http://example.com/"),
        ("http", "example.com"),
        ("http", "http://"),
        ("http", "http:///path"),
        ("http", "ftp://example.com/"),
    ]:
        call = {"TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint}
        assert refused(sns.subscribe, **call)[0::2] == ("InvalidParameter", 400), endpoint


def test_fifo_topics_have_no_such_endpoints(sns, path, name):
    topic = sns.create_topic(Name=f"{name}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    call = {"TopicArn": topic, "Protocol": "http", "Endpoint": path.url}
    assert refused(sns.subscribe, **call)[0::2] == ("InvalidParameter", 400)
    assert path.of(None) == []


def test_the_unsubscribe_link_and_the_way_back(server, sns, web, path, topic):
    arn = subscribed(sns, topic, path)
    sns.publish(TopicArn=topic, Message="one")
    link = path.wait(1)[0].message["UnsubscribeURL"]
    assert link == f"{server.endpoint}/?Action=Unsubscribe&SubscriptionArn={arn}"
    status, text = web.visit(link)
    assert (status, "<UnsubscribeResponse " in text) == (200, True), text
    assert counted(sns, topic)[0] == 0
    [request] = path.wait(1, UNSUBSCRIPTION)
    assert request.headers == headers_of(web, request, UNSUBSCRIPTION, topic, arn)
    message = request.message
    assert list(message) == KEYS
    assert request.text == printed(message)
    assert message["Message"] == (
        f"You have chosen to deactivate subscription {arn}.\n"
        "To cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
    )
    assert verified(message)
    sns.publish(TopicArn=topic, Message="not for it")

    status, text = web.visit(message["SubscribeURL"])
    assert (status, f"<SubscriptionArn>{arn}</SubscriptionArn>" in text) == (200, True), text
    assert counted(sns, topic)[:2] == (1, 0)
    sns.publish(TopicArn=topic, Message="two")
    assert [request.message["Message"] for request in path.wait(2)] == ["one", "two"]


def test_an_owner_who_unsubscribes_is_not_asked(sns, path, topic):
    """The owner's own call ends it at once: the endpoint hears nothing until it is subscribed anew."""
    arn = subscribed(sns, topic, path)
    sns.unsubscribe(SubscriptionArn=arn)
    assert counted(sns, topic)[0] == 0
    again = asked(sns, topic, path)
    assert again != arn
    path.wait(2, SUBSCRIPTION)
    assert path.of(UNSUBSCRIPTION) == []


def test_authenticated_confirmations_take_a_signature_to_undo(own_server, web, path):
    server = own_server(credential=(ID, SECRET), more=allowing("127.0.0.0/8"))
    sns = server.client("sns", key=ID, secret=SECRET)
    topic = sns.create_topic(Name="t")["TopicArn"]
    path.auto_confirm(False)
    arn = asked(sns, topic, path)
    token = path.wait(1, SUBSCRIPTION)[0].message["Token"]
    sns.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")
    sns.publish(TopicArn=topic, Message="x")
    status, text = web.visit(path.wait(1)[0].message["UnsubscribeURL"])
    assert (status, "AuthorizationError" in text) == (403, True), text
    assert counted(sns, topic) == (1, 0, 0)
    sns.unsubscribe(SubscriptionArn=arn)
    assert counted(sns, topic)[0] == 0


def test_links_need_no_signature_where_calls_do(own_server, web, path):
    server = own_server(credential=(ID, SECRET), more=allowing("127.0.0.0/8"))
    sns = server.client("sns", key=ID, secret=SECRET)
    topic = sns.create_topic(Name="t")["TopicArn"]
    subscribed(sns, topic, path)
    sns.publish(TopicArn=topic, Message="x")
    assert web.visit(path.wait(1)[0].message["UnsubscribeURL"])[0] == 200
    path.wait(1, UNSUBSCRIPTION)


def test_a_deleted_topic_confirms_nobody(sns, web, path, topic):
    path.auto_confirm(False)
    asked(sns, topic, path)
    link = path.wait(1, SUBSCRIPTION)[0].message["SubscribeURL"]
    sns.delete_topic(TopicArn=topic)
    assert web.visit(link)[0] in (400, 404)


@pytest.mark.expect_log("cut the end of the log")
def test_pending_and_confirmed_survive_kill(own_server, web):
    server = own_server()
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    pending, confirmed = web.path().auto_confirm(False), web.path()
    arns = asked(sns, topic, pending), subscribed(sns, topic, confirmed)
    link = pending.wait(1, SUBSCRIPTION)[0].message["SubscribeURL"]
    server.restart_after_kill()
    assert counted(sns, topic) == (1, 1, 0)
    assert web.visit(link)[0] == 200
    assert [shown(sns, arn)["PendingConfirmation"] for arn in arns] == ["false", "false"]
    sns.publish(TopicArn=topic, Message="x")
    for path in (pending, confirmed):
        path.wait(1)
