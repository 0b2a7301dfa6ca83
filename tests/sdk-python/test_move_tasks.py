"""Message move tasks: out of a dead-letter queue, to a destination or back to where each message came from."""

import base64
import json
import time
import uuid

import pytest

from calls import bodies, counts, create, queue_arn, receive, receive_n, refused, spend, until, with_dead_letters

pytestmark = pytest.mark.sqs

MISSING = "The resource that you specified for the {} parameter doesn't exist."
BUSY = (
    "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
)


def fill(sqs, queue, n, prefix="message"):
    """Sends `n` messages and spends them, so that they end in the dead-letter queue."""
    texts = [f"{prefix} {at}" for at in range(n)]
    for at in range(0, n, 10):
        entries = [{"Id": str(k), "MessageBody": body} for k, body in enumerate(texts[at : at + 10])]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    spend(sqs, queue, n)
    return texts


def tasks(sqs, source, n=10):
    return sqs.list_message_move_tasks(SourceArn=source, MaxResults=n).get("Results", [])


def ended(sqs, source, status="COMPLETED"):
    """Waits until the newest task has that status."""
    return until(lambda: [task for task in tasks(sqs, source, 1) if task["Status"] == status], status)[0]


def handle(source, task_id):
    text = json.dumps({"taskId": task_id, "sourceArn": source}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def pair(sqs, name):
    """A queue, its dead-letter queue, and the ARN of that."""
    queue, dead = with_dead_letters(sqs, name)
    return queue, dead, queue_arn(sqs, dead)


def test_everything_goes_back(sqs, pair):
    queue, dead, source = pair
    sent = fill(sqs, queue, 25)
    until(lambda: counts(sqs, dead)[0] == 25, "all are dead letters")
    before = time.time() * 1000
    reply = sqs.start_message_move_task(SourceArn=source)
    assert reply["TaskHandle"]
    task = ended(sqs, source)
    assert before - 2000 <= task.pop("StartedTimestamp") <= time.time() * 1000 + 2000
    # Only a running task shows its handle; there is no destination, since each went to its own.
    assert task.pop("ApproximateNumberOfMessagesToMove", 25) == 25
    assert task == {"Status": "COMPLETED", "SourceArn": source, "ApproximateNumberOfMessagesMoved": 25}
    messages = receive_n(sqs, queue, 25, AttributeNames=["All"])
    assert sorted(bodies(messages)) == sorted(sent)
    # A new life.
    assert {m["Attributes"]["ApproximateReceiveCount"] for m in messages} == {"1"}
    assert counts(sqs, dead) == (0, 0, 0)


def test_to_a_destination(sqs, pair, name):
    queue, dead, source = pair
    sent = fill(sqs, queue, 12)
    other = create(sqs, f"{name}-other")
    destination = queue_arn(sqs, other)
    sqs.start_message_move_task(SourceArn=source, DestinationArn=destination, MaxNumberOfMessagesPerSecond=500)
    task = ended(sqs, source)
    assert (task["DestinationArn"], task["MaxNumberOfMessagesPerSecond"]) == (destination, 500)
    assert sorted(bodies(receive_n(sqs, other, 12))) == sorted(sent)
    assert counts(sqs, queue) == counts(sqs, dead) == (0, 0, 0)


def test_each_to_its_own_source(sqs, pair, name):
    queue, dead, source = pair
    policy = {"deadLetterTargetArn": source, "maxReceiveCount": 1}
    others = [create(sqs, f"{name}-{n}", RedrivePolicy=policy) for n in range(3)]
    sent = {url: fill(sqs, url, 4, url) for url in [queue, *others]}
    until(lambda: counts(sqs, dead)[0] == 16, "all are dead letters")
    sqs.start_message_move_task(SourceArn=source)
    assert ended(sqs, source)["ApproximateNumberOfMessagesMoved"] == 16
    for url, texts in sent.items():
        assert sorted(bodies(receive_n(sqs, url, 4))) == sorted(texts)


def test_fifo_goes_back_in_order(sqs, name):
    queue, dead = with_dead_letters(sqs, f"{name}.fifo")
    for n in range(5):
        fields = {"MessageBody": str(n), "MessageGroupId": "g", "MessageDeduplicationId": str(n)}
        sqs.send_message(QueueUrl=queue, **fields)
    spend(sqs, queue, 5)
    source = queue_arn(sqs, dead)
    until(lambda: counts(sqs, dead)[0] == 5, "all are dead letters")
    sqs.start_message_move_task(SourceArn=source)
    ended(sqs, source)
    assert bodies(receive_n(sqs, queue, 5)) == [str(n) for n in range(5)]


def test_a_task_is_seen_and_cancelled(sqs, pair):
    queue, dead, source = pair
    fill(sqs, queue, 20)
    until(lambda: counts(sqs, dead)[0] == 20, "all are dead letters")
    started = sqs.start_message_move_task(SourceArn=source, MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    [task] = tasks(sqs, source)
    assert (task["Status"], task["TaskHandle"], task["SourceArn"]) == ("RUNNING", started, source)
    assert task["MaxNumberOfMessagesPerSecond"] == 1
    assert refused(sqs.start_message_move_task, SourceArn=source) == ("InvalidParameterValue", BUSY, 400)
    until(lambda: counts(sqs, queue)[0] >= 1, "something is moved")
    moved = sqs.cancel_message_move_task(TaskHandle=started)["ApproximateNumberOfMessagesMoved"]
    assert 1 <= moved < 20
    task = ended(sqs, source, "CANCELLED")
    assert "TaskHandle" not in task
    back = counts(sqs, queue)[0]
    assert 1 <= back < 20 and sum(counts(sqs, dead)) == 20 - back, "a message was lost or doubled"
    # Only what runs can be cancelled.
    assert refused(sqs.cancel_message_move_task, TaskHandle=started)[2] in (400, 404)
    # The next one takes what is left, and is listed first.
    sqs.start_message_move_task(SourceArn=source)
    ended(sqs, source)
    assert [task["Status"] for task in tasks(sqs, source)] == ["COMPLETED", "CANCELLED"]
    assert [task["Status"] for task in sqs.list_message_move_tasks(SourceArn=source)["Results"]] == ["COMPLETED"]
    assert counts(sqs, queue)[0] == 20 and counts(sqs, dead) == (0, 0, 0)


def test_the_destination_is_deleted(sqs, pair, name):
    queue, dead, source = pair
    fill(sqs, queue, 20)
    until(lambda: counts(sqs, dead)[0] == 20, "all are dead letters")
    other = create(sqs, f"{name}-other")
    destination = queue_arn(sqs, other)
    sqs.start_message_move_task(SourceArn=source, DestinationArn=destination, MaxNumberOfMessagesPerSecond=2)
    until(lambda: counts(sqs, other)[0] >= 1, "something is moved")
    sqs.delete_queue(QueueUrl=other)
    task = ended(sqs, source, "FAILED")
    assert task["FailureReason"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert task["ApproximateNumberOfMessagesMoved"] >= 1
    left = sum(counts(sqs, dead))
    assert 20 - task["ApproximateNumberOfMessagesMoved"] <= left < 20


@pytest.mark.expect_log("cut the end of the log")
def test_a_task_survives_kill(own_server):
    server = own_server()
    sqs = server.client("sqs")
    queue, dead = with_dead_letters(sqs, "source")
    sent = fill(sqs, queue, 20)
    until(lambda: counts(sqs, dead)[0] == 20, "all are dead letters")
    source = queue_arn(sqs, dead)
    started = sqs.start_message_move_task(SourceArn=source, MaxNumberOfMessagesPerSecond=10)["TaskHandle"]
    until(lambda: counts(sqs, queue)[0] >= 1, "something is moved")
    server.restart_after_kill()
    assert [task.get("TaskHandle", started) for task in tasks(sqs, source)] == [started]
    ended(sqs, source)
    assert sorted(bodies(receive_n(sqs, queue, 20))) == sorted(sent)
    assert counts(sqs, dead) == (0, 0, 0)


def test_starts_are_checked(sqs, pair, queue, account):
    _, _, source = pair
    stem = source.rsplit(":", 1)[0]

    def start(**arguments):
        return refused(sqs.start_message_move_task, **arguments)

    assert start(SourceArn=queue_arn(sqs, queue)) == (
        "InvalidParameterValue",
        "Source queue must be configured as a Dead Letter Queue.",
        400,
    )
    nowhere = f"{stem}:nowhere"
    assert start(SourceArn=nowhere) == ("ResourceNotFoundException", MISSING.format("SourceArn"), 404)
    assert start(SourceArn=source, DestinationArn=nowhere) == (
        "ResourceNotFoundException",
        MISSING.format("DestinationArn"),
        404,
    )
    assert start(SourceArn="no arn") == (
        "InvalidParameterValue",
        "You must use this format to specify the SourceArn: "
        "arn:<partition>:<service>:<region>:<account-id>:<resource-id>",
        400,
    )
    for rate in (0, 501):
        assert start(SourceArn=source, MaxNumberOfMessagesPerSecond=rate)[::2] == ("InvalidParameterValue", 400)
    for n in (0, 11):
        bad = refused(sqs.list_message_move_tasks, SourceArn=source, MaxResults=n)
        assert bad[::2] == ("InvalidParameterValue", 400)
    assert tasks(sqs, source) == []
    assert refused(sqs.list_message_move_tasks, SourceArn=nowhere) == (
        "ResourceNotFoundException",
        MISSING.format("SourceArn"),
        404,
    )


def test_cancels_are_checked(sqs, pair):
    _, _, source = pair
    unknown = str(uuid.uuid4())

    def cancel(handle):
        return refused(sqs.cancel_message_move_task, TaskHandle=handle)

    assert cancel("garbage") == ("InvalidParameterValue", "Value for parameter TaskHandle is invalid.", 400)
    assert cancel(handle(source + "-nowhere", unknown)) == (
        "ResourceNotFoundException",
        MISSING.format("SourceArn"),
        404,
    )
    assert cancel(handle(source, unknown)) == ("ResourceNotFoundException", "Task does not exist.", 404)
