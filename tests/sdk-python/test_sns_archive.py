"""Archives of FIFO topics and replays from them (sns 14)."""

import datetime
import json
import re
import time

import pytest

from calls import bodies, counts, create, delete, receive, receive_n, refused, subscribe, text, until

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LONG_AGO = "2020-01-01T00:00:00.000Z"
DAYS = '{"MessageRetentionPeriod":"30"}'


def archived_topic(sns, name, policy=DAYS):
    attributes = {"FifoTopic": "true", "ArchivePolicy": policy}
    return sns.create_topic(Name=f"{name}.fifo", Attributes=attributes)["TopicArn"]


@pytest.fixture
def topic(sns, name):
    return archived_topic(sns, name)


def attributes_of(sns, topic):
    return sns.get_topic_attributes(TopicArn=topic)["Attributes"]


def set_archive(sns, topic, policy):
    sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue=policy)


def publish(sns, topic, *texts, group="g", **more):
    return [
        sns.publish(TopicArn=topic, Message=text, MessageGroupId=group, MessageDeduplicationId=text, **more)
        for text in texts
    ]


def replay_from(start=LONG_AGO, end=None):
    ending = {"EndingPoint": end} if end else {}
    return {"PointType": "Timestamp", "StartingPoint": start, **ending}


def set_replay(sns, subscription, policy):
    value = policy if isinstance(policy, str) else json.dumps(policy)
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="ReplayPolicy", AttributeValue=value)


def status(sns, subscription):
    return sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"].get("ReplayStatus")


def completed(sns, subscription, within_s=20):
    until(lambda: status(sns, subscription) == "Completed", "the replay is completed", within_s)


def taken(sqs, queue, n):
    """Receives and deletes `n` messages of a FIFO queue, which are all that there are."""
    got = []
    while len(got) < n:
        messages = receive(sqs, queue, WaitTimeSeconds=5, AttributeNames=["All"])
        assert messages, f"{len(got)} of {n} came"
        delete(sqs, queue, messages)
        got += messages
    assert receive(sqs, queue) == []
    return got


def now():
    moment = datetime.datetime.now(datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def apart():
    """The current time, which lies between what was published before and what comes."""
    time.sleep(0.05)
    moment = now()
    time.sleep(0.05)
    return moment


@pytest.mark.parametrize("policy", [DAYS, '{"MessageRetentionPeriod": 365}', '{"MessageRetentionPeriod":"1"}'])
def test_a_policy_is_kept_as_it_is(sns, name, policy):
    before = now()
    topic = archived_topic(sns, name, policy)
    attributes = attributes_of(sns, topic)
    assert attributes["ArchivePolicy"] == policy
    assert ISO.fullmatch(attributes["BeginningArchiveTime"])
    # The clocks agree to the second.
    assert before[:-5] <= attributes["BeginningArchiveTime"][:-5] <= now()[:-5]


@pytest.mark.parametrize(
    "policy",
    ["x", "[]", "7", '{"MessageRetentionPeriod":"0"}', '{"MessageRetentionPeriod":366}', '{"Retention":"7"}',
     '{"MessageRetentionPeriod":"a week"}', '{"MessageRetentionPeriod":1.5}'],
)  # fmt: skip
def test_policies_are_checked(sns, name, topic, policy):
    attributes = {"FifoTopic": "true", "ArchivePolicy": policy}
    assert refused(sns.create_topic, Name=f"{name}-x.fifo", Attributes=attributes)[::2] == ("InvalidParameter", 400)
    code, message, status = refused(set_archive, sns=sns, topic=topic, policy=policy)
    assert (code, status) == ("InvalidParameter", 400)
    assert message.startswith("Invalid parameter: ArchivePolicy")
    assert attributes_of(sns, topic)["ArchivePolicy"] == DAYS


def test_standard_topics_have_no_archive(sns, name):
    assert refused(sns.create_topic, Name=name, Attributes={"ArchivePolicy": DAYS})[::2] == ("InvalidParameter", 400)
    topic = sns.create_topic(Name=name)["TopicArn"]
    assert refused(set_archive, sns=sns, topic=topic, policy=DAYS)[::2] == ("InvalidParameter", 400)


@pytest.mark.parametrize("off", ["{}", ""])
def test_a_topic_with_an_archive_stays(sns, topic, off):
    code, _, http_status = refused(sns.delete_topic, TopicArn=topic)
    assert (code, http_status) == ("InvalidState", 400)
    publish(sns, topic, "still-there")
    set_archive(sns, topic, off)
    assert not {"ArchivePolicy", "BeginningArchiveTime"} & set(attributes_of(sns, topic))
    sns.delete_topic(TopicArn=topic)
    assert refused(sns.get_topic_attributes, TopicArn=topic)[0] == "NotFound"


def test_a_replay_is_the_same_again(sns, sqs, topic, name):
    """Id, number, time and content of the first delivery, and the note that it is another."""
    live, late = create(sqs, f"{name}-live.fifo"), create(sqs, f"{name}-late.fifo")
    subscribe(sns, sqs, topic, live)
    publish(sns, topic, "1", "2", MessageAttributes={"kind": text("v")}, Subject="s")
    publish(sns, topic, "3", group="h")
    arn = subscribe(sns, sqs, topic, late, ReplayPolicy=replay_from())
    first, again = ({m["Attributes"]["MessageDeduplicationId"]: m for m in taken(sqs, q, 3)} for q in (live, late))
    for key in "123":
        before, after = json.loads(first[key]["Body"]), json.loads(again[key]["Body"])
        assert after.pop("Replayed") in ("true", True)
        assert "Replayed" not in before
        for envelope in (before, after):
            envelope.pop("UnsubscribeURL")
        assert after == before
        assert again[key]["Attributes"]["MessageGroupId"] == first[key]["Attributes"]["MessageGroupId"]
    completed(sns, arn)
    shown = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert json.loads(shown["ReplayPolicy"]) == replay_from()
    # What comes now is live.
    publish(sns, topic, "4")
    [message] = taken(sqs, late, 1)
    envelope = json.loads(message["Body"])
    assert (envelope["Message"], "Replayed" in envelope) == ("4", False)


def test_a_replay_into_the_queue_that_had_it_all(sns, sqs, topic, fifo):
    """Though the queue knows the deduplication ids; and another replay does it once more."""
    arn = subscribe(sns, sqs, topic, fifo, RawMessageDelivery="true")
    publish(sns, topic, "1", "2", "3")
    assert bodies(taken(sqs, fifo, 3)) == ["1", "2", "3"]
    for start in (LONG_AGO, "2021-01-01T00:00:00.000Z"):
        set_replay(sns, arn, replay_from(start))
        assert bodies(taken(sqs, fifo, 3)) == ["1", "2", "3"]
        completed(sns, arn)
    set_replay(sns, arn, "{}")
    shown = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert not {"ReplayPolicy", "ReplayStatus"} & set(shown)
    publish(sns, topic, "4")
    assert bodies(taken(sqs, fifo, 1)) == ["4"]


def test_a_starting_point(sns, sqs, topic, fifo):
    publish(sns, topic, "1", "2")
    point = apart()
    publish(sns, topic, "3", "4")
    subscribe(sns, sqs, topic, fifo, RawMessageDelivery="true", ReplayPolicy=replay_from(point))
    assert bodies(taken(sqs, fifo, 2)) == ["3", "4"]


def test_an_ending_point(sns, sqs, topic, fifo):
    publish(sns, topic, "1")
    start = apart()
    publish(sns, topic, "2", "3")
    end = apart()
    publish(sns, topic, "4")
    arn = subscribe(sns, sqs, topic, fifo, RawMessageDelivery="true", ReplayPolicy=replay_from(start, end))
    assert bodies(taken(sqs, fifo, 2)) == ["2", "3"]
    completed(sns, arn)
    # It gets nothing new until the policy is taken away.
    publish(sns, topic, "5")
    assert receive(sqs, fifo, WaitTimeSeconds=1) == []
    set_replay(sns, arn, "")
    publish(sns, topic, "6")
    assert bodies(taken(sqs, fifo, 1)) == ["6"]


def test_filters_hold(sns, sqs, topic, queue):
    for n in range(6):
        publish(sns, topic, str(n), MessageAttributes={"kind": text("odd" if n % 2 else "even")})
    policy = {"FilterPolicy": {"kind": ["odd"]}, "ReplayPolicy": replay_from(), "RawMessageDelivery": "true"}
    arn = subscribe(sns, sqs, topic, queue, **policy)
    # A standard queue gets a replay, too.
    assert sorted(bodies(receive_n(sqs, queue, 3))) == ["1", "3", "5"]
    completed(sns, arn)
    assert receive(sqs, queue) == []


@pytest.mark.parametrize(
    "policy",
    [
        "x",
        {"PointType": "Offset", "StartingPoint": LONG_AGO},
        {"PointType": "Timestamp"},
        {"PointType": "Timestamp", "StartingPoint": "yesterday"},
        replay_from("2026-01-02T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
    ],
)
def test_replays_are_checked(sns, sqs, topic, fifo, policy):
    arn = subscribe(sns, sqs, topic, fifo)
    code, message, http_status = refused(set_replay, sns=sns, subscription=arn, policy=policy)
    assert (code, http_status) == ("InvalidParameter", 400)
    assert message.startswith("Invalid parameter: ReplayPolicy")
    assert status(sns, arn) is None


def test_replays_need_an_archive(sns, sqs, name, fifo, queue):
    plain = sns.create_topic(Name=f"{name}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    standard = sns.create_topic(Name=name)["TopicArn"]
    for topic, to in ((plain, fifo), (standard, queue)):
        call = {"sns": sns, "sqs": sqs, "topic": topic, "queue": to, "ReplayPolicy": replay_from()}
        assert refused(subscribe, **call)[::2] == ("InvalidParameter", 400)
        assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_an_archive_begins_when_it_is_asked_for(sns, sqs, name, fifo):
    topic = sns.create_topic(Name=f"{name}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    publish(sns, topic, "before")
    set_archive(sns, topic, DAYS)
    publish(sns, topic, "1", "2")
    arn = subscribe(sns, sqs, topic, fifo, RawMessageDelivery="true", ReplayPolicy=replay_from())
    assert bodies(taken(sqs, fifo, 2)) == ["1", "2"]
    completed(sns, arn)
    # Off and on again is another archive, which has nothing of the old one.
    set_archive(sns, topic, "{}")
    publish(sns, topic, "between")
    set_archive(sns, topic, DAYS)
    publish(sns, topic, "3")
    assert bodies(taken(sqs, fifo, 2)) == ["between", "3"]
    set_replay(sns, arn, replay_from())
    assert bodies(taken(sqs, fifo, 1)) == ["3"]


@pytest.mark.expect_log("cut the end of the log")
def test_archives_survive_kill(own_server):
    server = own_server()
    sns, sqs = server.client("sns"), server.client("sqs")
    topic, queue = archived_topic(sns, "t"), create(sqs, "q.fifo")
    began = attributes_of(sns, topic)["BeginningArchiveTime"]
    publish(sns, topic, "1", "2")
    server.restart_after_kill()
    publish(sns, topic, "3")
    server.restart_after_kill()
    assert attributes_of(sns, topic)["BeginningArchiveTime"] == began
    assert refused(sns.delete_topic, TopicArn=topic)[0] == "InvalidState"
    arn = subscribe(sns, sqs, topic, queue, RawMessageDelivery="true", ReplayPolicy=replay_from())
    assert bodies(taken(sqs, queue, 3)) == ["1", "2", "3"]
    completed(sns, arn)
    server.restart_after_kill()
    # What is done is done.
    assert status(sns, arn) == "Completed"
    publish(sns, topic, "4")
    assert bodies(taken(sqs, queue, 1)) == ["4"]


@pytest.mark.expect_log("cut the end of the log")
def test_a_replay_goes_on_after_kill(own_server):
    """10,000 messages that wait in the queue hold it up, so that it is under way for certain when the server is killed:
    held up, and going on. In the end the queue has had each message once and in order, new ones last."""
    server = own_server()
    sns, sqs = server.client("sns"), server.client("sqs")
    topic, queue = archived_topic(sns, "t"), create(sqs, "q.fifo")
    texts = [f"{n:05}" for n in range(12_000)]
    group_of = {t: f"g{n % 3}" for n, t in enumerate(texts)}
    for at in range(0, len(texts), 10):
        entries = [
            {"Id": t, "Message": t + "." * 1000, "MessageGroupId": group_of[t], "MessageDeduplicationId": t}
            for t in texts[at : at + 10]
        ]
        assert len(sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)["Successful"]) == 10
    arn = subscribe(sns, sqs, topic, queue, RawMessageDelivery="true", ReplayPolicy=replay_from())
    got = []

    def take():
        messages = receive(sqs, queue, WaitTimeSeconds=5)
        assert messages, f"{len(got)} came"
        delete(sqs, queue, messages)
        got.extend(body.rstrip(".") for body in bodies(messages))

    until(lambda: counts(sqs, queue)[0] >= 10_000, "so many are waiting", within_s=60)
    for n in range(3):
        server.restart_after_kill()
        assert status(sns, arn) in ("Pending", "In progress")
        assert 10_000 <= counts(sqs, queue)[0] + len(got) < len(texts)
        publish(sns, topic, f"new-{n}", group="g0")
        take()
    while len(got) < len(texts) + 3:
        take()
    completed(sns, arn)
    assert receive(sqs, queue) == []
    expected = {g: [t for t in texts if group_of[t] == g] for g in ("g0", "g1", "g2")}
    expected["g0"] += ["new-0", "new-1", "new-2"]
    assert {g: [t for t in got if group_of.get(t, "g0") == g] for g in expected} == expected
