"""How subscriptions come and go: made twice, confirmed by a queue of another account, counted, left by their topic or
their queue (sns 3, 4 and 11)."""

import json
import re
import urllib.error
import urllib.request

import pytest

from calls import bodies, create, queue_arn, receive, receive_n, refused, subscribe, text

CONFLICT = (
    "InvalidParameter",
    "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
    400,
)
NO_TOPIC = ("NotFound", "Topic does not exist", 404)
NO_SUBSCRIPTION = ("NotFound", "Subscription does not exist", 404)
OTHER, OTHERS = "310000000001", "310000000002"


@pytest.fixture
def topic(sns, name):
    return sns.create_topic(Name=name)["TopicArn"]


def shown(sns, subscription):
    return sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]


def counted(sns, topic):
    """Confirmed, pending and deleted subscriptions of a topic."""
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    return tuple(int(attributes[f"Subscriptions{what}"]) for what in ("Confirmed", "Pending", "Deleted"))


def listed(sns, topic):
    return sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]


def visit(url):
    """Status and text of what is behind a link, which nobody signs."""
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Neighbour:
    """Another account, with a queue."""

    def __init__(self, server, account, name):
        self.account = account
        self.sqs, self.sns = server.client("sqs", key=account), server.client("sns", key=account)
        self.queue = create(self.sqs, name)
        self.arn = queue_arn(self.sqs, self.queue)

    def asked(self, n=1):
        """The confirmation messages that have come."""
        return [json.loads(m["Body"]) for m in receive_n(self.sqs, self.queue, n)]


@pytest.fixture
def neighbour(server, name, account):
    return Neighbour(server, str(int(account) + 100_000_000_000), name)


def ask(sns, topic, neighbour, **more):
    """Subscribes the neighbour's queue, which is asked."""
    call = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": neighbour.arn, **more}
    return sns.subscribe(**call)["SubscriptionArn"]


def test_subscribing_twice(sns, sqs, topic, queue):
    given = {"RawMessageDelivery": "true", "FilterPolicy": {"kind": ["a"]}}
    call = {"sns": sns, "sqs": sqs, "topic": topic, "queue": queue}
    arn = subscribe(**call, **given)
    # The same, a part, the default of what was not given, nothing.
    for again in (given, {"RawMessageDelivery": "TRUE"}, {"FilterPolicyScope": "MessageAttributes"}, {}):
        assert subscribe(**call, **again) == arn
    assert counted(sns, topic) == (1, 0, 0)
    assert [s["SubscriptionArn"] for s in listed(sns, topic)] == [arn]


def test_subscribing_twice_with_other_attributes(sns, sqs, topic, queue, name):
    dead = {"deadLetterTargetArn": queue_arn(sqs, create(sqs, f"{name}-dead"))}
    call = {"sns": sns, "sqs": sqs, "topic": topic, "queue": queue}
    arn = subscribe(**call, FilterPolicy={"kind": ["a"]})
    before = shown(sns, arn)
    for other in ({"RawMessageDelivery": "true"}, {"FilterPolicy": {"kind": ["b"]}}, {"RedrivePolicy": dead}):
        assert refused(subscribe, **call, **other) == CONFLICT, other
    assert shown(sns, arn) == before
    # Once it is unsubscribed there is nothing to disagree with.
    sns.unsubscribe(SubscriptionArn=arn)
    again = subscribe(**call, RawMessageDelivery="true")
    assert again != arn
    assert counted(sns, topic)[0] == 1


def test_return_subscription_arn(sns, sqs, topic, queue, neighbour):
    # What is confirmed at once has its ARN anyway.
    call = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue_arn(sqs, queue)}
    arn = sns.subscribe(**call)["SubscriptionArn"]
    assert re.fullmatch(re.escape(topic) + r":[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", arn)
    assert sns.subscribe(**call, ReturnSubscriptionArn=False)["SubscriptionArn"] == arn
    # What is not says so, unless it is asked.
    assert ask(sns, topic, neighbour) == "pending confirmation"
    assert ask(sns, topic, neighbour, ReturnSubscriptionArn=False) == "pending confirmation"
    assert ask(sns, topic, neighbour, ReturnSubscriptionArn=True).startswith(f"{topic}:")


def test_a_queue_of_another_account_is_asked(sns, topic, neighbour, account, server):
    arn = ask(sns, topic, neighbour, ReturnSubscriptionArn=True)
    [message] = neighbour.asked()
    assert list(message) == [
        "Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp", "SignatureVersion",
        "Signature", "SigningCertURL",
    ]  # fmt: skip
    assert (message["Type"], message["TopicArn"]) == ("SubscriptionConfirmation", topic)
    assert message["Message"] == (
        f"You have chosen to subscribe to the topic {topic}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    link = f"{server.endpoint}/?Action=ConfirmSubscription&TopicArn={topic}&Token={message['Token']}"
    assert message["SubscribeURL"] == link
    [pending] = listed(sns, topic)
    assert (pending["SubscriptionArn"], pending["Owner"]) == ("PendingConfirmation", account)
    assert shown(sns, arn)["PendingConfirmation"] == "true"
    assert counted(sns, topic) == (0, 1, 0)
    sns.publish(TopicArn=topic, Message="too early")

    # The neighbour's own credentials, and the token that came with the message.
    confirmed = neighbour.sns.confirm_subscription(TopicArn=topic, Token=message["Token"])
    assert confirmed["SubscriptionArn"] == arn
    assert counted(sns, topic) == (1, 0, 0)
    assert shown(sns, arn)["PendingConfirmation"] == "false"
    sns.publish(TopicArn=topic, Message="in time")
    [message] = neighbour.asked()
    assert (message["Type"], message["Message"]) == ("Notification", "in time")
    assert receive(neighbour.sqs, neighbour.queue) == []


def test_a_queue_of_another_account_confirms_by_the_link(sns, topic, neighbour):
    arn = ask(sns, topic, neighbour, ReturnSubscriptionArn=True)
    [message] = neighbour.asked()
    for _ in range(2):
        status, answer = visit(message["SubscribeURL"])
        assert (status, f"<SubscriptionArn>{arn}</SubscriptionArn>" in answer) == (200, True), answer
    attributes = shown(sns, arn)
    assert (attributes["PendingConfirmation"], attributes["ConfirmationWasAuthenticated"]) == ("false", "false")


def test_a_confirmation_that_is_authenticated(sns, topic, neighbour):
    arn = ask(sns, topic, neighbour, ReturnSubscriptionArn=True)
    token = neighbour.asked()[0]["Token"]
    call = {"TopicArn": topic, "Token": token, "AuthenticateOnUnsubscribe": "true"}
    assert neighbour.sns.confirm_subscription(**call)["SubscriptionArn"] == arn
    assert shown(sns, arn)["ConfirmationWasAuthenticated"] == "true"


def test_the_owner_of_the_queue_need_not_be_asked(sns, topic, neighbour):
    """The topic's policy lets another account subscribe: what it subscribes of its own is confirmed at once."""
    sns.add_permission(
        TopicArn=topic, Label="in", AWSAccountId=[neighbour.account], ActionName=["Subscribe", "Publish"]
    )
    arn = ask(neighbour.sns, topic, neighbour)
    assert arn.startswith(f"{topic}:")
    [subscription] = listed(sns, topic)
    assert (subscription["SubscriptionArn"], subscription["Owner"]) == (arn, neighbour.account)
    assert counted(sns, topic) == (1, 0, 0)
    assert neighbour.account in shown(sns, arn)["SubscriptionPrincipal"]
    neighbour.sns.publish(TopicArn=topic, Message="x")
    assert [m["Message"] for m in neighbour.asked()] == ["x"]


def test_asking_again(sns, topic, neighbour):
    """A pending subscription is asked once more, and each of the two tokens is good."""
    arn = ask(sns, topic, neighbour, ReturnSubscriptionArn=True)
    assert ask(sns, topic, neighbour, ReturnSubscriptionArn=True) == arn
    first, second = neighbour.asked(2)
    assert first["MessageId"] != second["MessageId"]
    assert counted(sns, topic) == (0, 1, 0)
    for message in (first, second):
        confirmed = neighbour.sns.confirm_subscription(TopicArn=topic, Token=message["Token"])
        assert confirmed["SubscriptionArn"] == arn
    assert ask(sns, topic, neighbour) == arn
    assert receive(neighbour.sqs, neighbour.queue) == []


def test_tokens_are_checked(sns, topic, neighbour):
    arn = ask(sns, topic, neighbour, ReturnSubscriptionArn=True)
    token = neighbour.asked()[0]["Token"]
    assert re.fullmatch(r"[0-9a-f]{64,}", token)
    unknown = token[:-4] + ("0000" if token[-4:] != "0000" else "1111")

    def say(topic=topic, token=token):
        return refused(neighbour.sns.confirm_subscription, TopicArn=topic, Token=token)

    assert say(token=unknown) == ("InvalidParameter", "Invalid parameter: Token", 400)
    assert say(token="randomtoken") == ("InvalidParameter", "Invalid token", 400)
    assert say(topic="x") == (
        "InvalidParameter",
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
        400,
    )
    assert shown(sns, arn)["PendingConfirmation"] == "true"


def test_pending_subscriptions_stay(sns, topic, neighbour, queue, sqs):
    arn = ask(sns, topic, neighbour, ReturnSubscriptionArn=True)
    assert refused(sns.unsubscribe, SubscriptionArn=arn)[::2] == ("InvalidParameter", 400)
    other = subscribe(sns, sqs, topic, queue)
    assert counted(sns, topic) == (1, 1, 0)
    sns.unsubscribe(SubscriptionArn=other)
    assert counted(sns, topic) == (0, 1, 1)
    assert [s["SubscriptionArn"] for s in listed(sns, topic)] == ["PendingConfirmation"]


@pytest.mark.expect_log("cut the end of the log")
def test_pending_and_tokens_survive_kill(own_server):
    server = own_server()
    sns, neighbour = server.client("sns", key=OTHER), Neighbour(server, OTHERS, "q")
    topic = sns.create_topic(Name="t")["TopicArn"]
    arn = ask(sns, topic, neighbour, ReturnSubscriptionArn=True)
    server.restart_after_kill()
    assert counted(sns, topic) == (0, 1, 0)
    token = neighbour.asked()[0]["Token"]
    server.restart_after_kill()
    for _ in range(2):
        confirmed = neighbour.sns.confirm_subscription(TopicArn=topic, Token=token)
        assert confirmed["SubscriptionArn"] == arn
        server.restart_after_kill()
        assert counted(sns, topic) == (1, 0, 0)
    sns.publish(TopicArn=topic, Message="x")
    assert [m["Message"] for m in neighbour.asked()] == ["x"]


def test_deleting_a_topic_with_subscriptions(sns, sqs, topic, queue, neighbour, name):
    arn = subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    ask(sns, topic, neighbour)
    link = neighbour.asked()[0]["SubscribeURL"]
    sns.delete_topic(TopicArn=topic)
    assert refused(sns.publish, TopicArn=topic, Message="x") == NO_TOPIC
    assert refused(sns.list_subscriptions_by_topic, TopicArn=topic) == NO_TOPIC
    assert refused(sns.get_subscription_attributes, SubscriptionArn=arn) == NO_SUBSCRIPTION
    assert sns.list_subscriptions()["Subscriptions"] == []
    assert visit(link)[0] in (400, 404)
    # To end what is gone is no error.
    sns.unsubscribe(SubscriptionArn=arn)
    # A topic of the same name is another one.
    assert sns.create_topic(Name=name)["TopicArn"] == topic
    assert (listed(sns, topic), counted(sns, topic)) == ([], (0, 0, 0))
    sns.publish(TopicArn=topic, Message="to nobody")
    assert receive(sqs, queue) == []
    assert subscribe(sns, sqs, topic, queue) != arn


@pytest.mark.expect_log("cut the end of the log")
def test_what_a_deleted_topic_sent_arrives(own_server):
    server = own_server()
    sns, sqs = server.client("sns"), server.client("sqs")
    topic, queue = sns.create_topic(Name="t")["TopicArn"], create(sqs, "q")
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="x")
    sns.delete_topic(TopicArn=topic)
    server.restart_after_kill()
    assert refused(sns.publish, TopicArn=topic, Message="y") == NO_TOPIC
    assert bodies(receive_n(sqs, queue, 1)) == ["x"]


def test_deleting_a_queue_with_subscriptions(sns, sqs, topic, queue, name):
    """Each form goes to its dead-letter queue as it would have gone to the queue."""
    raw, plain = (create(sqs, f"{name}-{form}") for form in ("raw", "plain"))
    other = create(sqs, f"{name}-other")
    redrive = {form: {"deadLetterTargetArn": queue_arn(sqs, dead)} for form, dead in (("raw", raw), ("plain", plain))}
    arns = [
        subscribe(sns, sqs, topic, queue, RedrivePolicy=redrive["plain"]),
        subscribe(sns, sqs, topic, other, RedrivePolicy=redrive["raw"], RawMessageDelivery="true"),
    ]
    sqs.delete_queue(QueueUrl=queue)
    sqs.delete_queue(QueueUrl=other)
    sent = sns.publish(TopicArn=topic, Message="x", Subject="s", MessageAttributes={"kind": text("v")})
    wanted = {"MessageAttributeNames": ["All"], "AttributeNames": ["All"]}
    [message] = receive_n(sqs, plain, 1, **wanted)
    envelope = json.loads(message["Body"])
    assert (envelope["MessageId"], envelope["Subject"], envelope["Message"]) == (sent["MessageId"], "s", "x")
    assert envelope["MessageAttributes"] == {"kind": {"Type": "String", "Value": "v"}}
    assert "MessageAttributes" not in message
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    [message] = receive_n(sqs, raw, 1, **wanted)
    assert (message["Body"], message["MessageAttributes"]) == ("x", {"kind": text("v")})
    # The subscriptions are what they were.
    assert sorted(s["SubscriptionArn"] for s in listed(sns, topic)) == sorted(arns)
    assert counted(sns, topic) == (2, 0, 0)


@pytest.mark.expect_log("cut the end of the log")
def test_a_queue_that_comes_back(own_server):
    """It gets what is published from then on; what was published in between is in the dead-letter queue, once."""
    server = own_server(more=["--aws-waits", "off"])
    sns, sqs = server.client("sns"), server.client("sqs")
    topic, queue, dead = sns.create_topic(Name="t")["TopicArn"], create(sqs, "q"), create(sqs, "dead")
    redrive = {"deadLetterTargetArn": queue_arn(sqs, dead)}
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true", RedrivePolicy=redrive)
    sqs.delete_queue(QueueUrl=queue)
    sns.publish(TopicArn=topic, Message="in between")
    server.restart_after_kill()
    create(sqs, "q")
    sns.publish(TopicArn=topic, Message="back")
    assert bodies(receive_n(sqs, queue, 1)) == ["back"]
    assert bodies(receive_n(sqs, dead, 1)) == ["in between"]
    server.restart_after_kill()
    assert receive(sqs, queue) == receive(sqs, dead) == []


def test_attributes_come_and_go(sns, sqs, topic, queue, name):
    dead = {"deadLetterTargetArn": queue_arn(sqs, create(sqs, f"{name}-dead"))}
    arn = subscribe(sns, sqs, topic, queue, FilterPolicy={"kind": ["a"]}, RedrivePolicy=dead)

    def change(name, value):
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)

    assert json.loads(shown(sns, arn)["RedrivePolicy"]) == dead
    change("RedrivePolicy", "")
    change("FilterPolicy", "{}")
    assert not {"RedrivePolicy", "FilterPolicy", "FilterPolicyScope"} & set(shown(sns, arn))
    sns.publish(TopicArn=topic, Message="unfiltered")
    receive_n(sqs, queue, 1)
    assert refused(change, name="DeliveryPolicy", value="{}")[::2] == ("InvalidParameter", 400)
    assert refused(change, name="Colour", value="red") == ("InvalidParameter", "Invalid parameter: AttributeName", 400)
    not_an_arn = '{"deadLetterTargetArn":"x"}'
    wrong = "RedrivePolicy: deadLetterTargetArn is an invalid arn"
    assert refused(change, name="RedrivePolicy", value=not_an_arn)[1] == f"Invalid parameter: {wrong}"
    code, message, status = refused(change, name="RedrivePolicy", value="x")
    assert (code, status) == ("InvalidParameter", 400)
    assert message.startswith("Invalid parameter: RedrivePolicy: failed to parse JSON. ")
    assert refused(change, name="FilterPolicyScope", value="Everything")[1] == (
        "Invalid parameter: FilterPolicyScope: Invalid value [Everything]. Please use either MessageBody or "
        "MessageAttributes"
    )


def test_unsubscribing_what_is_none(sns, sqs, topic, queue, server):
    assert refused(sns.unsubscribe, SubscriptionArn="") == (
        "InvalidParameter",
        "Invalid parameter: SubscriptionArn Reason: no value for required parameter",
        400,
    )
    assert refused(sns.unsubscribe, SubscriptionArn=f"{topic}:x") == (
        "InvalidParameter",
        "Invalid parameter: SubscriptionId",
        400,
    )
    sns.unsubscribe(SubscriptionArn=f"{topic}:00000000-0000-4000-8000-000000000000")
    missing = f"{topic}:00000000-0000-4000-8000-000000000000"
    assert refused(sns.get_subscription_attributes, SubscriptionArn=missing) == NO_SUBSCRIPTION
    change = {"SubscriptionArn": missing, "AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    assert refused(sns.set_subscription_attributes, **change) == NO_SUBSCRIPTION
    # The link does not end the subscription of a queue.
    arn = subscribe(sns, sqs, topic, queue)
    status, answer = visit(f"{server.endpoint}/?Action=Unsubscribe&SubscriptionArn={arn}")
    assert (status, "<Code>AuthorizationError</Code>" in answer) == (403, True), answer
    assert counted(sns, topic) == (1, 0, 0)
