"""Fair queues: message groups on standard queues, which neither order nor lock, and whose quiet ones go first."""

import pytest

from calls import bodies, counts, delete, receive, receive_n, refused

pytestmark = pytest.mark.sqs


def send(sqs, queue, group, texts):
    for at in range(0, len(texts), 10):
        entries = [
            {"Id": str(n), "MessageBody": text, **({"MessageGroupId": group} if group else {})}
            for n, text in enumerate(texts[at : at + 10])
        ]
        reply = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
        assert "Failed" not in reply
        assert all("SequenceNumber" not in entry for entry in reply["Successful"])


def noisy(sqs, queue, waiting=60, in_flight=40):
    """A group with a backlog of `waiting` messages while it has `in_flight`, all that is in flight."""
    send(sqs, queue, "noisy", [f"noisy {n}" for n in range(waiting + in_flight)])
    return receive_n(sqs, queue, in_flight, VisibilityTimeout=600)


def test_the_group_comes_back(sqs, queue):
    reply = sqs.send_message(QueueUrl=queue, MessageBody="grouped", MessageGroupId="tenant-1")
    assert "SequenceNumber" not in reply
    sqs.send_message(QueueUrl=queue, MessageBody="alone")
    got = {m["Body"]: m["Attributes"] for m in receive_n(sqs, queue, 2, AttributeNames=["All"])}
    assert got["grouped"]["MessageGroupId"] == "tenant-1"
    assert "MessageGroupId" not in got["alone"]
    assert all("SequenceNumber" not in attributes for attributes in got.values())


def test_groups_do_not_lock_or_deduplicate(sqs, queue):
    send(sqs, queue, "g", ["same"] * 4)
    assert len(receive_n(sqs, queue, 1, MaxNumberOfMessages=1)) == 1
    assert len(receive_n(sqs, queue, 3)) == 3


@pytest.mark.parametrize("bad", ["with space", "ü", "x" * 129])
def test_groups_are_checked(sqs, queue, bad):
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody="x", MessageGroupId=bad) == (
        "InvalidParameterValue",
        f"Value {bad} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include "
        "alphanumeric and punctuation characters. 1 to 128 in length.",
        400,
    )


def test_quiet_groups_go_first(sqs, queue):
    noisy(sqs, queue)
    send(sqs, queue, "quiet-1", ["quiet 1"])
    send(sqs, queue, "quiet-2", ["quiet 2", "quiet 3"])
    send(sqs, queue, None, ["alone"])
    messages = receive(sqs, queue)
    got = bodies(messages)
    assert sorted(got[:4]) == ["alone", "quiet 1", "quiet 2", "quiet 3"]
    # The noisy group is put back, not held back.
    assert all(body.startswith("noisy") for body in got[4:])
    assert len(receive_n(sqs, queue, 60 - len(got[4:]))) == 60 - len(got[4:])


def test_a_quiet_message_that_comes_later_overtakes(sqs, queue):
    noisy(sqs, queue)
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=1))[0].startswith("noisy")
    send(sqs, queue, "quiet", ["quiet"])
    assert bodies(receive(sqs, queue, MaxNumberOfMessages=1)) == ["quiet"]


def test_few_in_flight_are_not_noisy(sqs, queue):
    noisy(sqs, queue, waiting=5, in_flight=20)
    send(sqs, queue, "quiet", ["quiet"])
    assert bodies(receive_n(sqs, queue, 6, MaxNumberOfMessages=1)) == [f"noisy {n}" for n in range(20, 25)] + ["quiet"]


def test_nothing_is_lost_between_noisy_and_quiet(sqs, queue):
    held = noisy(sqs, queue)
    quiet = [f"quiet {n}" for n in range(20)]
    for n, body in enumerate(quiet):
        send(sqs, queue, f"quiet-{n % 5}", [body])
    delete(sqs, queue, held)
    rest = receive_n(sqs, queue, 80)
    assert sorted(bodies(held + rest)) == sorted([f"noisy {n}" for n in range(100)] + quiet)
    delete(sqs, queue, rest)
    assert counts(sqs, queue) == (0, 0, 0)
