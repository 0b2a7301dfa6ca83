"""AddPermission and RemovePermission: the policy that they write, and what they refuse."""

import json

import pytest

from calls import queue_arn, refused

pytestmark = pytest.mark.sqs


def policy_text(sqs, queue):
    reply = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])
    return reply.get("Attributes", {}).get("Policy")


def add(sqs, queue, label, accounts=("111122223333",), actions=("SendMessage",)):
    sqs.add_permission(QueueUrl=queue, Label=label, AWSAccountIds=list(accounts), Actions=list(actions))


def test_the_layout(sqs, queue):
    add(sqs, queue, "one")
    arn = queue_arn(sqs, queue)
    assert policy_text(sqs, queue) == json.dumps(
        {
            "Version": "2008-10-17",
            "Id": f"{arn}/SQSDefaultPolicy",
            "Statement": [
                {
                    "Sid": "one",
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                    "Action": "SQS:SendMessage",
                    "Resource": arn,
                }
            ],
        },
        separators=(",", ":"),
    )


def test_several_accounts_and_actions(sqs, queue):
    add(sqs, queue, "many", ["111122223333", "444455556666"], ["SendMessage", "ReceiveMessage"])
    add(sqs, queue, "all", actions=["*"])
    many, everything = json.loads(policy_text(sqs, queue))["Statement"]
    assert sorted(many["Principal"]["AWS"]) == [
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::444455556666:root",
    ]
    assert sorted(many["Action"]) == ["SQS:ReceiveMessage", "SQS:SendMessage"]
    assert (everything["Sid"], everything["Action"]) == ("all", "SQS:*")


def test_a_statement_joins_a_policy(sqs, queue):
    own = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "mine",
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn(sqs, queue),
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(own)})
    add(sqs, queue, "added")
    policy = json.loads(policy_text(sqs, queue))
    assert policy["Version"] == "2012-10-17"
    assert policy["Statement"][0] == own["Statement"][0]
    assert [statement["Sid"] for statement in policy["Statement"]] == ["mine", "added"]
    sqs.remove_permission(QueueUrl=queue, Label="added")
    assert json.loads(policy_text(sqs, queue))["Statement"] == own["Statement"]
    sqs.remove_permission(QueueUrl=queue, Label="mine")
    assert policy_text(sqs, queue) is None


def test_the_last_statement_takes_the_policy_away(sqs, queue):
    add(sqs, queue, "one")
    add(sqs, queue, "two")
    sqs.remove_permission(QueueUrl=queue, Label="one")
    assert [s["Sid"] for s in json.loads(policy_text(sqs, queue))["Statement"]] == ["two"]
    sqs.remove_permission(QueueUrl=queue, Label="two")
    assert policy_text(sqs, queue) is None


def test_labels_are_checked(sqs, queue):
    add(sqs, queue, "one")
    arguments = {"QueueUrl": queue, "AWSAccountIds": ["111122223333"], "Actions": ["SendMessage"]}
    assert refused(sqs.add_permission, Label="one", **arguments) == (
        "InvalidParameterValue",
        "Value one for parameter Label is invalid. Reason: Already exists.",
        400,
    )
    assert refused(sqs.remove_permission, QueueUrl=queue, Label="two") == (
        "InvalidParameterValue",
        "Value two for parameter Label is invalid. Reason: can't find label.",
        400,
    )
    for bad in ("with space", "x" * 81):
        assert refused(sqs.add_permission, Label=bad, **arguments)[::2] == ("InvalidParameterValue", 400)
    assert [s["Sid"] for s in json.loads(policy_text(sqs, queue))["Statement"]] == ["one"]


def test_actions_and_accounts_are_checked(sqs, queue):
    def say(actions, accounts=("111122223333",)):
        return refused(
            sqs.add_permission, QueueUrl=queue, Label="l", AWSAccountIds=list(accounts), Actions=actions
        )

    names = [
        "SendMessage",
        "ReceiveMessage",
        "DeleteMessage",
        "ChangeMessageVisibility",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
    ]
    assert say(names) == ("OverLimit", "8 Actions were found, maximum allowed is 7.", 403)
    for owners in ("CreateQueue", "DeleteQueue", "AddPermission", "SetQueueAttributes", "StartMessageMoveTask"):
        assert say([owners]) == (
            "InvalidParameterValue",
            f"Value SQS:{owners} for parameter ActionName is invalid. "
            "Reason: Only the queue owner is allowed to invoke this action.",
            400,
        )
    code, message, status = say(["Frobnicate"])
    assert (code, status) == ("InvalidParameterValue", 400)
    assert message.strip() == (
        "Value SQS:Frobnicate for parameter ActionName is invalid. "
        "Reason: Please refer to the appropriate WSDL for a list of valid actions."
    )
    assert say(["SendMessage"], ["no account"])[::2] == ("InvalidParameterValue", 400)
    assert policy_text(sqs, queue) is None
    add(sqs, queue, "seven", actions=names[:7])


def test_missing_queues(sqs, queue):
    missing = {"QueueUrl": queue + "-missing", "Label": "l"}
    more = {"AWSAccountIds": ["111122223333"], "Actions": ["SendMessage"]}
    expected = ("AWS.SimpleQueueService.NonExistentQueue", 400)
    assert refused(sqs.add_permission, **missing, **more)[::2] == expected
    assert refused(sqs.remove_permission, **missing)[::2] == expected
