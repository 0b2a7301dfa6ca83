"""What becomes of a delivery that fails: schedules, permanent failures, dead-letter queues, throttles, restarts, and
neighbours that notice nothing (sns 10 and 11)."""

import itertools
import json
import time

import pytest

from ask import at_once, dead_letters, default_policy, every_second, owing, shown, subscribed
from calls import bodies, receive, receive_n, text
from web_endpoint import answer, close, hang, late, redirect, reset

# An operator is told of what was given up.
GIVEN_UP = pytest.mark.expect_log("deliver")


def pauses(requests):
    return [after.at - before.at for before, after in itertools.pairwise(requests)]


def letter(sqs, dead):
    """The one message in a dead-letter queue, and it alone."""
    [message] = receive_n(sqs, dead[0], 1, MessageAttributeNames=["All"], AttributeNames=["All"])
    return message


@pytest.mark.parametrize("failure", [answer(500), answer(503), answer(429), close, reset], ids=repr)
def test_what_may_pass_is_tried_again(sns, path, topic, failure):
    arn = subscribed(sns, topic, path, DeliveryPolicy=at_once(3))
    path.fails(2, failure)
    sent = sns.publish(TopicArn=topic, Message="x")
    requests = path.wait(3)
    assert len({request.body for request in requests}) == 1
    assert {request.headers["x-amz-sns-message-id"] for request in requests} == {sent["MessageId"]}
    assert {request.headers["x-amz-sns-subscription-arn"] for request in requests} == {arn}


def test_pauses_are_kept(sns, path, topic):
    """One retry at once, one a second later, one of the back-off, one after two seconds."""
    policy = {
        "minDelayTarget": 1, "maxDelayTarget": 2, "numRetries": 4, "numNoDelayRetries": 1, "numMinDelayRetries": 1,
        "numMaxDelayRetries": 1,
    }  # fmt: skip
    subscribed(sns, topic, path, DeliveryPolicy={"healthyRetryPolicy": policy})
    path.fails(4)
    sns.publish(TopicArn=topic, Message="x")
    taken = pauses(path.wait(5, within_s=15))
    for pause, (least, most) in zip(taken, [(0, 0.9), (0.9, 1.9), (0.9, 1.9), (1.9, 2.9)], strict=True):
        assert least <= pause <= most, taken


@GIVEN_UP
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 301, 302, 307, 308])
def test_what_will_not_pass_is_given_up_at_once(sns, sqs, path, topic, dead, status):
    subscribed(sns, topic, path, DeliveryPolicy=at_once(3), RedrivePolicy=dead_letters(dead))
    path.always(redirect(status) if status < 400 else answer(status))
    sns.publish(TopicArn=topic, Message="x")
    assert json.loads(letter(sqs, dead)["Body"])["Message"] == "x"
    path.wait(1)


@GIVEN_UP
def test_a_redirect_is_not_followed(sns, sqs, web, path, topic, dead):
    elsewhere = web.path()
    subscribed(sns, topic, path, RedrivePolicy=dead_letters(dead))
    path.always(redirect(303, elsewhere.url))
    sns.publish(TopicArn=topic, Message="x")
    letter(sqs, dead)
    assert elsewhere.of(None) == []


@GIVEN_UP
def test_the_end_of_the_policy(sns, sqs, path, topic, dead):
    subscribed(sns, topic, path, DeliveryPolicy=at_once(2), RedrivePolicy=dead_letters(dead))
    path.always(answer(500))
    sent = sns.publish(TopicArn=topic, Message="x", Subject="s", MessageAttributes={"kind": text("v")})
    message = letter(sqs, dead)
    requests = path.wait(3)
    # What lies there is what would have been posted, and nothing else.
    assert message["Body"] == requests[-1].text
    envelope = json.loads(message["Body"])
    assert (envelope["MessageId"], envelope["Subject"]) == (sent["MessageId"], "s")
    assert envelope["MessageAttributes"] == {"kind": {"Type": "String", "Value": "v"}}
    assert "MessageAttributes" not in message
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert message["MessageId"] != sent["MessageId"]


@GIVEN_UP
def test_the_end_of_the_policy_of_raw_deliveries(sns, sqs, path, topic, dead):
    subscribed(sns, topic, path, DeliveryPolicy=at_once(0), RedrivePolicy=dead_letters(dead), RawMessageDelivery="true")
    path.always(answer(500))
    sns.publish(TopicArn=topic, Message="raw ü", MessageAttributes={"kind": text("v")})
    message = letter(sqs, dead)
    assert (message["Body"], message["MessageAttributes"]) == ("raw ü", {"kind": text("v")})


@GIVEN_UP
def test_no_retries_at_all(sns, sqs, path, topic, dead):
    """`numRetries` of zero: one attempt."""
    arn = subscribed(sns, topic, path, DeliveryPolicy=at_once(0), RedrivePolicy=dead_letters(dead))
    effective = json.loads(shown(sns, arn)["EffectiveDeliveryPolicy"])
    assert effective["healthyRetryPolicy"]["numRetries"] == 0
    path.always(answer(503))
    sns.publish(TopicArn=topic, Message="x")
    letter(sqs, dead)
    path.wait(1)


@GIVEN_UP
def test_without_a_dead_letter_queue_it_is_dropped(sns, path, topic):
    subscribed(sns, topic, path, DeliveryPolicy=at_once(1), RawMessageDelivery="true")
    path.fails(2)
    sns.publish(TopicArn=topic, Message="dropped")
    path.wait(2)
    sns.publish(TopicArn=topic, Message="delivered")
    assert [request.text for request in path.wait(3)] == ["dropped", "dropped", "delivered"]


@GIVEN_UP
def test_a_dead_letter_queue_that_is_gone(sns, sqs, path, topic, dead):
    subscribed(sns, topic, path, DeliveryPolicy=at_once(0), RedrivePolicy=dead_letters(dead))
    sqs.delete_queue(QueueUrl=dead[0])
    path.fails(1)
    sns.publish(TopicArn=topic, Message="x")
    path.wait(1)
    sns.publish(TopicArn=topic, Message="y")
    path.wait(2)


def test_the_topic_s_policy_and_its_override(sns, web, topic):
    def set_policy(**more):
        policy = {"http": {"defaultHealthyRetryPolicy": at_once(1)["healthyRetryPolicy"], **more}}
        sns.set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue=json.dumps(policy))

    def retries_of(arn):
        return json.loads(shown(sns, arn)["EffectiveDeliveryPolicy"])["healthyRetryPolicy"]["numRetries"]

    set_policy()
    by_topic, by_itself = web.path(), web.path()
    arns = subscribed(sns, topic, by_topic), subscribed(sns, topic, by_itself, DeliveryPolicy=at_once(2))
    assert [retries_of(arn) for arn in arns] == [1, 2]
    for path, tries in ((by_topic, 2), (by_itself, 3)):
        path.fails(tries - 1)
    sns.publish(TopicArn=topic, Message="x")
    for path, tries in ((by_topic, 2), (by_itself, 3)):
        path.wait(tries)
    set_policy(disableSubscriptionOverrides=True)
    assert [retries_of(arn) for arn in arns] == [1, 1]


def test_an_endpoint_that_is_down_and_comes_back(sns, web, path, topic):
    subscribed(sns, topic, path, DeliveryPolicy=every_second(30), RawMessageDelivery="true")
    web.down()
    for n in range(5):
        sns.publish(TopicArn=topic, Message=str(n))
    web.up()
    assert sorted(request.text for request in path.wait(5)) == ["0", "1", "2", "3", "4"]


@GIVEN_UP
def test_an_endpoint_that_stays_down(sns, sqs, web, path, topic, dead):
    subscribed(sns, topic, path, DeliveryPolicy=at_once(1), RedrivePolicy=dead_letters(dead))
    web.down()
    sns.publish(TopicArn=topic, Message="x")
    assert json.loads(letter(sqs, dead)["Body"])["Message"] == "x"


def test_an_endpoint_that_hangs(sns, sqs, web, path, topic, queue):
    """The attempt ends after 15 s. Until then nobody else waits: not its own next messages, nor its neighbours."""
    neighbour = web.path()
    subscribed(sns, topic, path, DeliveryPolicy=at_once(1), RawMessageDelivery="true")
    subscribed(sns, topic, neighbour, RawMessageDelivery="true")
    path.fails(1, hang)
    sns.publish(TopicArn=topic, Message="held")
    path.wait(1)
    started = time.monotonic()
    for n in range(20):
        sns.publish(TopicArn=topic, Message=f"onwards {n}")
    neighbour.wait(21, within_s=5)
    path.wait(21, within_s=5)
    assert time.monotonic() - started < 5
    requests = path.wait(22, within_s=20)
    held = [request for request in requests if request.text == "held"]
    assert len(held) == 2
    assert 14 <= pauses(held)[0] <= 18


def test_a_late_answer_is_one(sns, path, topic):
    subscribed(sns, topic, path, DeliveryPolicy=at_once(3), RawMessageDelivery="true")
    path.fails(1, late(3))
    sns.publish(TopicArn=topic, Message="late")
    path.wait(1)
    sns.publish(TopicArn=topic, Message="other")
    assert [request.text for request in path.wait(2)] == ["late", "other"]


def test_hanging_endpoints_do_not_hold_up_the_end(own_server, web):
    server = own_server()
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    paths = [web.path().always(hang) for _ in range(40)]
    for path in paths:
        subscribed(sns, topic, path)
    for _ in range(2):
        sns.publish(TopicArn=topic, Message="x")
    for path in paths:
        path.wait(2)
    started = time.monotonic()
    server.stop()
    assert time.monotonic() - started < 10


def test_attempts_in_flight_are_bounded(sns, path, topic):
    """At most 32 of a subscription; the others wait until one of them ends."""
    subscribed(sns, topic, path, RawMessageDelivery="true")
    path.always(late(1))
    entries = [{"Id": str(n), "Message": str(n)} for n in range(10)]
    for _ in range(6):
        sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    requests = path.wait(60, within_s=20)
    at_a_time = max(sum(0 <= other.at - one.at < 0.9 for other in requests) for one in requests)
    assert at_a_time <= 32


def test_throttle(sns, path, topic):
    policy = {"throttlePolicy": {"maxReceivesPerSecond": 2}}
    subscribed(sns, topic, path, DeliveryPolicy=policy, RawMessageDelivery="true")
    for n in range(7):
        sns.publish(TopicArn=topic, Message=str(n))
    requests = path.wait(7, within_s=15)
    # Two at once and two a second: at least two and a half seconds.
    assert requests[-1].at - requests[0].at >= 2.3
    assert sorted(request.text for request in requests) == [str(n) for n in range(7)]


@pytest.mark.expect_log("cut the end of the log")
def test_retries_go_on_after_kill(own_server, web, path):
    server = own_server()
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    subscribed(sns, topic, path, DeliveryPolicy=every_second(60), RawMessageDelivery="true")
    path.always(answer(503))
    published = {f"m{n}" for n in range(20)}
    for message in sorted(published):
        sns.publish(TopicArn=topic, Message=message)
    path.wait_texts(published)
    server.kill()
    before = len(path.of())
    path.always(answer(200))
    server.start()
    path.wait_texts(published, since=before)


@GIVEN_UP
@pytest.mark.expect_log("cut the end of the log")
def test_retries_are_counted_over_a_kill(own_server, path):
    """Three attempts in all; the one that the kill interrupts may be made twice."""
    server = own_server()
    sns, sqs = server.client("sns"), server.client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead = queue, "arn:aws:sqs:us-east-1:000000000000:dead"
    subscribed(sns, topic, path, DeliveryPolicy=every_second(2), RedrivePolicy=dead_letters(dead))
    path.always(answer(500))
    sns.publish(TopicArn=topic, Message="x")
    path.wait(2)
    server.restart_after_kill()
    letter(sqs, dead)
    assert 3 <= len(path.of()) <= 4
    # It came once, and stays.
    server.restart_after_kill()
    assert receive(sqs, queue, WaitTimeSeconds=1) == []


def test_the_server_s_default_policy(own_server, web, path):
    policy = {"minDelayTarget": 0.2, "maxDelayTarget": 0.2, "numRetries": 3}
    server = own_server(more=default_policy(policy))
    sns = server.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    subscribed(sns, topic, path)
    path.fails(3)
    sns.publish(TopicArn=topic, Message="x")
    for pause in pauses(path.wait(4)):
        assert 0.15 <= pause <= 0.9


@GIVEN_UP
def test_owed_deliveries_are_bounded(own_server, path):
    """At the bound the oldest has reached the end of its policy."""
    server = own_server(more=owing(10))
    sns, sqs = server.client("sns"), server.client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead = queue, "arn:aws:sqs:us-east-1:000000000000:dead"
    policy = {"healthyRetryPolicy": {"minDelayTarget": 3000, "maxDelayTarget": 3000, "numRetries": 1}}
    subscribed(sns, topic, path, DeliveryPolicy=policy, RedrivePolicy=dead_letters(dead), RawMessageDelivery="true")
    path.always(answer(500))
    for n in range(15):
        sns.publish(TopicArn=topic, Message=f"m{n:02}")
        path.wait_texts({f"m{m:02}" for m in range(n + 1)})
    assert sorted(bodies(receive_n(sqs, queue, 5))) == [f"m{n:02}" for n in range(5)]
    assert receive(sqs, queue) == []


@GIVEN_UP
def test_unsubscribing_ends_what_is_owed(sns, path, topic):
    arn = subscribed(sns, topic, path, DeliveryPolicy=every_second(50), RawMessageDelivery="true")
    path.always(answer(500))
    sns.publish(TopicArn=topic, Message="old")
    path.wait(1)
    sns.unsubscribe(SubscriptionArn=arn)
    path.always(answer(200))
    tried = len(path.of())
    subscribed(sns, topic, path, RawMessageDelivery="true")
    sns.publish(TopicArn=topic, Message="new")
    assert path.wait(tried + 1)[-1].text == "new"
