"""Dead-letter queues: what moves, when, and with what; who may name whom as its dead-letter queue."""

import json

import pytest

from calls import bodies, counts, create, delete, queue_arn, receive, receive_n, refused, release, spend, text
from calls import until, with_dead_letters

pytestmark = pytest.mark.sqs

ALL = {"AttributeNames": ["All"], "MessageAttributeNames": ["All"]}
REDRIVE = "Value {} for parameter RedrivePolicy is invalid. Reason: {}"
ALLOW = "Value {} for parameter RedriveAllowPolicy is invalid. Reason: Amazon SQS can't create the redrive allow policy. {}"


def test_a_spent_message_moves_with_everything(sqs, name):
    queue, dead = with_dead_letters(sqs, name, spent_after=2)
    attributes = {"a": text("b")}
    trace = {"AWSTraceHeader": text("Root=1-5759e988-bd862e3fe1be46a994272793")}
    sqs.send_message(
        QueueUrl=queue, MessageBody="spent", MessageAttributes=attributes, MessageSystemAttributes=trace
    )
    for n in ("1", "2"):
        [before] = receive(sqs, queue, **ALL)
        assert before["Attributes"]["ApproximateReceiveCount"] == n
        release(sqs, queue, [before])
    assert receive(sqs, queue, **ALL) == []
    [after] = receive(sqs, dead, WaitTimeSeconds=10, **ALL)
    assert counts(sqs, queue) == (0, 0, 0)
    for key in ("MessageId", "Body", "MD5OfBody", "MessageAttributes", "MD5OfMessageAttributes"):
        assert after[key] == before[key], key
    expected = {
        "DeadLetterQueueSourceArn": queue_arn(sqs, queue),
        "ApproximateReceiveCount": "3",
        "SentTimestamp": before["Attributes"]["SentTimestamp"],
        "AWSTraceHeader": before["Attributes"]["AWSTraceHeader"],
    }
    assert {key: after["Attributes"].get(key) for key in expected} == expected
    assert "DeadLetterQueueSourceArn" not in before["Attributes"]


def test_a_deleted_message_does_not_move(sqs, name):
    queue, dead = with_dead_letters(sqs, name)
    sqs.send_message_batch(
        QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(10)]
    )
    messages = receive_n(sqs, queue, 10)
    delete(sqs, queue, messages[:5])
    release(sqs, queue, messages[5:])
    assert receive(sqs, queue) == []
    assert sorted(bodies(receive_n(sqs, dead, 5))) == sorted(bodies(messages[5:]))
    assert counts(sqs, queue) == (0, 0, 0)


def test_the_timeout_spends_too(sqs, name):
    queue, dead = with_dead_letters(sqs, name)
    sqs.send_message(QueueUrl=queue, MessageBody="slow")
    assert bodies(receive(sqs, queue, VisibilityTimeout=1)) == ["slow"]
    # The poll finds the message spent when its timeout ends; nothing comes of it.
    assert receive(sqs, queue, WaitTimeSeconds=2) == []
    assert bodies(receive(sqs, dead, WaitTimeSeconds=5)) == ["slow"]


def test_fifo_keeps_its_order(sqs, name):
    queue, dead = with_dead_letters(sqs, f"{name}.fifo")
    before = {}
    for n in ("1", "2", "3"):
        reply = sqs.send_message(QueueUrl=queue, MessageBody=n, MessageGroupId="g", MessageDeduplicationId=n)
        before[n] = reply["MessageId"]
    [head] = receive(sqs, queue, MaxNumberOfMessages=1)
    release(sqs, queue, [head])
    # The head is spent; the group goes on with the next.
    rest = receive_n(sqs, queue, 2, **ALL)
    assert bodies(rest) == ["2", "3"]
    release(sqs, queue, rest)
    # One after the other may move, each at a receive of its own, where the queues are in different shards.
    until(lambda: (receive(sqs, queue), counts(sqs, queue)) == ([], (0, 0, 0)), "nothing is left")
    # A receive before the last one is there would lock the group.
    until(lambda: counts(sqs, dead) == (3, 0, 0), "all three are dead letters")
    messages = receive(sqs, dead, **ALL)
    assert [(m["Body"], m["MessageId"]) for m in messages] == list(before.items())
    attributes = [m["Attributes"] for m in messages]
    assert [a["MessageDeduplicationId"] for a in attributes] == ["1", "2", "3"]
    assert {a["MessageGroupId"] for a in attributes} == {"g"}
    assert {a["DeadLetterQueueSourceArn"] for a in attributes} == {queue_arn(sqs, queue)}
    numbers = [a["SequenceNumber"] for a in attributes]
    assert numbers == sorted(set(numbers)) and all(len(number) == 20 for number in numbers)


def test_the_same_content_moves_all_the_same(sqs, name):
    dead = create(sqs, f"{name}-dead.fifo", ContentBasedDeduplication="true")
    policy = {"deadLetterTargetArn": queue_arn(sqs, dead), "maxReceiveCount": 1}
    queue = create(sqs, f"{name}.fifo", ContentBasedDeduplication="true", RedrivePolicy=policy)
    sqs.send_message(QueueUrl=dead, MessageBody="same", MessageGroupId="g")
    sqs.send_message(QueueUrl=queue, MessageBody="same", MessageGroupId="g")
    spend(sqs, queue, 1)
    assert bodies(receive_n(sqs, dead, 2)) == ["same", "same"]


def test_without_its_target_a_message_stays(sqs, name):
    queue, dead = with_dead_letters(sqs, name)
    sqs.send_message(QueueUrl=queue, MessageBody="kept")
    release(sqs, queue, receive(sqs, queue))
    sqs.delete_queue(QueueUrl=dead)
    for _ in range(3):
        receive(sqs, queue)
    assert sum(counts(sqs, queue)) == 1


def test_a_removed_policy_moves_nothing(sqs, name):
    queue, dead = with_dead_letters(sqs, name)
    sqs.send_message(QueueUrl=queue, MessageBody="kept")
    release(sqs, queue, receive(sqs, queue))
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": ""})
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])
    assert bodies(receive(sqs, queue)) == ["kept"]
    assert counts(sqs, dead) == (0, 0, 0)
    assert "queueUrls" not in without_metadata(sqs.list_dead_letter_source_queues(QueueUrl=dead))


@pytest.mark.expect_log("cut the end of the log")
def test_moves_survive_kill(own_server):
    server = own_server()
    sqs = server.client("sqs")
    queue, dead = with_dead_letters(sqs, "source")
    entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(10)]
    sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    spend(sqs, queue, 10)
    server.restart_after_kill()
    moved = receive_n(sqs, dead, 10, AttributeNames=["DeadLetterQueueSourceArn"])
    assert sorted(bodies(moved)) == [str(n) for n in range(10)]
    assert {m["Attributes"]["DeadLetterQueueSourceArn"] for m in moved} == {queue_arn(sqs, queue)}
    assert counts(sqs, queue) == (0, 0, 0)


def without_metadata(reply):
    """A reply as AWS means it: empty lists are left out, though a Query SDK may put them back."""
    return {key: value for key, value in reply.items() if key != "ResponseMetadata" and value}


def test_sources_are_listed(sqs, name, queue, dialect):
    dead = create(sqs, f"{name}-dead")
    assert without_metadata(sqs.list_dead_letter_source_queues(QueueUrl=dead)) == {}
    policy = {"deadLetterTargetArn": queue_arn(sqs, dead), "maxReceiveCount": 1}
    sources = [create(sqs, f"{name}-{n}", RedrivePolicy=policy) for n in range(5)]
    reply = without_metadata(sqs.list_dead_letter_source_queues(QueueUrl=dead))
    assert reply.keys() == {"queueUrls"}
    assert sorted(reply["queueUrls"]) == sorted(sources)
    pages = sqs.get_paginator("list_dead_letter_source_queues").paginate(
        QueueUrl=dead, PaginationConfig={"PageSize": 2}
    )
    pages = [page["queueUrls"] for page in pages]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(sum(pages, [])) == sorted(sources)
    sqs.delete_queue(QueueUrl=sources[0])
    left = sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]
    assert sorted(left) == sorted(sources[1:])
    missing = {"QueueUrl": queue + "-missing"}
    code, _, status = refused(sqs.list_dead_letter_source_queues, **missing)
    assert (code, status) == ("AWS.SimpleQueueService.NonExistentQueue", 400)
    code, _, status = refused(sqs.list_dead_letter_source_queues, QueueUrl=dead, MaxResults=1001)
    assert (code, status) == ("InvalidParameterValue", 400)


def test_the_policy_is_kept_in_one_form(sqs, name, queue):
    target = queue_arn(sqs, create(sqs, f"{name}-dead"))
    for sent in (
        json.dumps({"maxReceiveCount": "3", "deadLetterTargetArn": target}),
        json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 3}, indent=2),
    ):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": sent})
        got = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])["Attributes"]
        assert got == {"RedrivePolicy": f'{{"deadLetterTargetArn":"{target}","maxReceiveCount":3}}'}
    # A queue may name itself.
    own = {"deadLetterTargetArn": queue_arn(sqs, queue), "maxReceiveCount": 1000}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": json.dumps(own)})


def test_policies_are_checked(server, sqs, name, queue, fifo, account):
    server.client("sqs", key="219999999999").create_queue(QueueName=name)
    target = queue_arn(sqs, create(sqs, f"{name}-dead"))

    def say(policy):
        sent = policy if isinstance(policy, str) else json.dumps(policy)
        return sent, refused(sqs.set_queue_attributes, QueueUrl=queue, Attributes={"RedrivePolicy": sent})

    for bad in ("not json", "[]", '"text"'):
        assert say(bad)[1] == (
            "InvalidAttributeValue",
            "Invalid value for the parameter RedrivePolicy. Reason: Redrive policy is not a valid JSON map.",
            400,
        )
    stem = target.rsplit(":", 2)[0]
    cases = [
        ({}, "Redrive policy does not contain mandatory attribute: maxReceiveCount."),
        ({"deadLetterTargetArn": target}, "Redrive policy does not contain mandatory attribute: maxReceiveCount."),
        ({"maxReceiveCount": 1}, "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
        (
            {"deadLetterTargetArn": target, "maxReceiveCount": 0},
            "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.",
        ),
        (
            {"deadLetterTargetArn": target, "maxReceiveCount": "1001"},
            "Invalid value for maxReceiveCount: 1001, valid values are from 1 to 1000 both inclusive.",
        ),
        (
            {"deadLetterTargetArn": f"arn:aws:sns:us-east-1:{account}:topic", "maxReceiveCount": 1},
            "Only SQS queues are valid resources for deadLetterTargetArn.",
        ),
        (
            {"deadLetterTargetArn": queue_arn(sqs, fifo), "maxReceiveCount": 1},
            "Dead-letter queue must be same type of queue as the source..",
        ),
        (
            {"deadLetterTargetArn": f"{stem}:{account}:nowhere", "maxReceiveCount": 1},
            "Dead letter target does not exist.",
        ),
        (
            {"deadLetterTargetArn": f"{stem}:219999999999:{name}", "maxReceiveCount": 1},
            "Dead-letter target owner should be same as the source.",
        ),
        (
            {"deadLetterTargetArn": target, "maxReceiveCount": 1, "colour": "red"},
            "Only following attributes are supported: [maxReceiveCount, deadLetterTargetArn].",
        ),
    ]
    for policy, reason in cases:
        sent, answer = say(policy)
        assert answer == ("InvalidParameterValue", REDRIVE.format(sent, reason), 400)
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["RedrivePolicy"])
    bad = {"RedrivePolicy": json.dumps({"maxReceiveCount": 1})}
    assert refused(sqs.create_queue, QueueName=f"{name}-2", Attributes=bad)[::2] == ("InvalidParameterValue", 400)


def test_a_target_chooses_its_sources(sqs, name, queue):
    dead = create(sqs, f"{name}-dead")
    other = create(sqs, f"{name}-other")

    def allow(**policy):
        sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(policy)})

    policy = {"deadLetterTargetArn": queue_arn(sqs, dead), "maxReceiveCount": 1}
    attributes = {"RedrivePolicy": json.dumps(policy)}
    allow(redrivePermission="denyAll")
    code, _, status = refused(sqs.set_queue_attributes, QueueUrl=queue, Attributes=attributes)
    assert (code, status) == ("InvalidParameterValue", 400)
    allow(redrivePermission="byQueue", sourceQueueArns=[queue_arn(sqs, queue)])
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=attributes)
    code, _, status = refused(sqs.set_queue_attributes, QueueUrl=other, Attributes=attributes)
    assert (code, status) == ("InvalidParameterValue", 400)
    # What is set stays: a later change breaks nothing.
    allow(redrivePermission="denyAll")
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [queue]
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    spend(sqs, queue, 1)
    assert bodies(receive(sqs, dead, WaitTimeSeconds=5)) == ["x"]
    allow(redrivePermission="allowAll")
    sqs.set_queue_attributes(QueueUrl=other, Attributes=attributes)


def test_permissions_are_checked(sqs, queue):
    def say(policy):
        sent = policy if isinstance(policy, str) else json.dumps(policy)
        return sent, refused(sqs.set_queue_attributes, QueueUrl=queue, Attributes={"RedriveAllowPolicy": sent})

    shape = (
        "InvalidAttributeValue",
        "Invalid value for the parameter RedriveAllowPolicy. Reason: Amazon SQS can't create the redrive allow "
        "policy, as it’s in an unsupported format.",
        400,
    )
    for bad in ("not json", "[]", {"redrivePermission": "perhaps"}, {"sourceQueueArns": "text"}):
        assert say(bad)[1] == shape, bad
    source = queue_arn(sqs, queue)
    cases = [
        (
            {"redrivePermission": "byQueue"},
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
        ),
        (
            {"redrivePermission": "byQueue", "sourceQueueArns": [f"{source}-{n}" for n in range(11)]},
            "The maximum number of source queue ARNs you can specify is 10.",
        ),
        (
            {"redrivePermission": "denyAll", "sourceQueueArns": [source]},
            "To specify one or more source queue ARNs, you must set redrivePermission to byQueue.",
        ),
    ]
    for policy, reason in cases:
        sent, answer = say(policy)
        assert answer == ("InvalidParameterValue", ALLOW.format(sent, reason), 400)
