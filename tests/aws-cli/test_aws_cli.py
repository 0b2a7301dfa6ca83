"""`aws sqs …`: the commands that people type, and what they print.

`POSTRIDER_ENDPOINT` names the server. The command lies beside the interpreter that runs this.
"""

import itertools
import json
import os
import subprocess
import sys

import pytest

AWS = os.path.join(os.path.dirname(sys.executable), "aws")
ENDPOINT = os.environ["POSTRIDER_ENDPOINT"]
_accounts = itertools.count(320000000001)


class Shell:
    """Runs commands of one account; in open mode an access key id of 12 digits is the account."""

    def __init__(self):
        self.account = f"{next(_accounts):012d}"
        self.environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def run(self, command, *arguments, output="json"):
        """Exit status, standard output, error output."""
        words = [AWS, "--endpoint-url", ENDPOINT, "--output", output, "sqs", command, *arguments]
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def __call__(self, command, *arguments):
        """What a command prints, read as JSON; it must succeed."""
        status, out, error = self.run(command, *arguments)
        assert status == 0, f"aws sqs {command}: {error}"
        return json.loads(out) if out.strip() else None

    def refused(self, command, *arguments):
        """The error output of a command that must fail."""
        status, out, error = self.run(command, *arguments)
        assert status != 0, f"aws sqs {command} printed {out}"
        return error


@pytest.fixture
def aws():
    return Shell()


@pytest.fixture
def queue(aws):
    return aws("create-queue", "--queue-name", "orders")["QueueUrl"]


def arn(aws, queue):
    reply = aws("get-queue-attributes", "--queue-url", queue, "--attribute-names", "QueueArn")
    return reply["Attributes"]["QueueArn"]


def count(aws, queue, kind=""):
    name = f"ApproximateNumberOfMessages{kind}"
    reply = aws("get-queue-attributes", "--queue-url", queue, "--attribute-names", name)
    return int(reply["Attributes"][name])


def test_the_life_of_a_message(aws, queue):
    assert queue == f"{ENDPOINT}/{aws.account}/orders"
    attributes = json.dumps({"kind": {"DataType": "String", "StringValue": "a"}})
    body = "hello – <ü> & \"quotes\""
    sent = aws(
        "send-message", "--queue-url", queue, "--message-body", body, "--message-attributes", attributes
    )
    assert sent["MD5OfMessageAttributes"]
    [message] = aws(
        "receive-message", "--queue-url", queue, "--wait-time-seconds", "5",
        "--message-attribute-names", "All", "--attribute-names", "All",
    )["Messages"]  # fmt: skip
    assert (message["Body"], message["MessageId"]) == (body, sent["MessageId"])
    assert message["MessageAttributes"] == json.loads(attributes)
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    handle = message["ReceiptHandle"]
    change = ["--receipt-handle", handle, "--visibility-timeout", "0"]
    assert aws("change-message-visibility", "--queue-url", queue, *change) is None
    assert count(aws, queue) == 1
    assert aws("delete-message", "--queue-url", queue, "--receipt-handle", handle) is None
    # An empty answer prints nothing.
    assert aws("receive-message", "--queue-url", queue) is None


def test_batches_from_short_hand_and_from_a_file(aws, queue, tmp_path):
    reply = aws("send-message-batch", "--queue-url", queue, "--entries", "Id=a,MessageBody=one", "Id=b,MessageBody=two")
    assert [entry["Id"] for entry in reply["Successful"]] == ["a", "b"]
    file = tmp_path / "entries.json"
    file.write_text(json.dumps([{"Id": str(n), "MessageBody": f"three {n}"} for n in range(3)]))
    aws("send-message-batch", "--queue-url", queue, "--entries", f"file://{file}")
    messages = aws("receive-message", "--queue-url", queue, "--max-number-of-messages", "10")["Messages"]
    assert sorted(m["Body"] for m in messages) == ["one", "three 0", "three 1", "three 2", "two"]
    entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
    entries.append({"Id": "bad", "ReceiptHandle": "garbage"})
    reply = aws("delete-message-batch", "--queue-url", queue, "--entries", json.dumps(entries))
    assert len(reply["Successful"]) == 5
    assert [(entry["Id"], entry["Code"]) for entry in reply["Failed"]] == [("bad", "ReceiptHandleIsInvalid")]


def test_attributes_tags_and_permissions(aws, queue):
    aws("set-queue-attributes", "--queue-url", queue, "--attributes", "VisibilityTimeout=45,DelaySeconds=1")
    names = ["--attribute-names", "VisibilityTimeout", "DelaySeconds"]
    reply = aws("get-queue-attributes", "--queue-url", queue, *names)
    assert reply["Attributes"] == {"VisibilityTimeout": "45", "DelaySeconds": "1"}
    aws("tag-queue", "--queue-url", queue, "--tags", "team=billing,stage=test")
    aws("untag-queue", "--queue-url", queue, "--tag-keys", "stage")
    assert aws("list-queue-tags", "--queue-url", queue) == {"Tags": {"team": "billing"}}
    add = ["--label", "l", "--aws-account-ids", "111122223333", "--actions", "SendMessage"]
    aws("add-permission", "--queue-url", queue, *add)
    policy = aws("get-queue-attributes", "--queue-url", queue, "--attribute-names", "Policy")["Attributes"]["Policy"]
    assert [statement["Sid"] for statement in json.loads(policy)["Statement"]] == ["l"]
    aws("remove-permission", "--queue-url", queue, "--label", "l")
    assert aws("get-queue-attributes", "--queue-url", queue, "--attribute-names", "Policy") is None


def test_lists(aws):
    urls = [aws("create-queue", "--queue-name", f"{kind}-{n}")["QueueUrl"] for kind in "ab" for n in range(3)]
    assert sorted(aws("list-queues")["QueueUrls"]) == urls
    assert sorted(aws("list-queues", "--queue-name-prefix", "b-")["QueueUrls"]) == urls[3:]
    # The command asks for page after page by itself.
    assert sorted(aws("list-queues", "--page-size", "2")["QueueUrls"]) == urls
    assert aws("list-queues", "--queue-name-prefix", "c-") is None
    assert aws("get-queue-url", "--queue-name", "a-1")["QueueUrl"] == urls[1]
    status, out, _ = aws.run("list-queues", output="text")
    assert status == 0 and sorted(line.split("\t")[1] for line in out.splitlines()) == urls


def test_purge_and_delete(aws, queue):
    aws("send-message", "--queue-url", queue, "--message-body", "x")
    assert aws("purge-queue", "--queue-url", queue) is None
    assert count(aws, queue) == 0
    assert "PurgeQueueInProgress" in aws.refused("purge-queue", "--queue-url", queue)
    assert aws("delete-queue", "--queue-url", queue) is None
    error = aws.refused("get-queue-url", "--queue-name", "orders")
    assert "AWS.SimpleQueueService.NonExistentQueue" in error
    assert "The specified queue does not exist." in error
    assert "QueueDeletedRecently" in aws.refused("create-queue", "--queue-name", "orders")


def test_errors_are_told(aws, queue):
    error = aws.refused("receive-message", "--queue-url", queue, "--max-number-of-messages", "11")
    assert "(InvalidParameterValue)" in error and "Must be between 1 and 10, if provided." in error
    error = aws.refused("delete-message", "--queue-url", queue, "--receipt-handle", "garbage")
    assert "(ReceiptHandleIsInvalid)" in error


def test_fifo(aws):
    attributes = "FifoQueue=true,ContentBasedDeduplication=true"
    queue = aws("create-queue", "--queue-name", "orders.fifo", "--attributes", attributes)["QueueUrl"]
    send = ["send-message", "--queue-url", queue, "--message-group-id", "g", "--message-body"]
    first, again, second = aws(*send, "one"), aws(*send, "one"), aws(*send, "two")
    assert first["SequenceNumber"] == again["SequenceNumber"] < second["SequenceNumber"]
    messages = aws("receive-message", "--queue-url", queue, "--max-number-of-messages", "10")["Messages"]
    assert [message["Body"] for message in messages] == ["one", "two"]


def test_redrive(aws, queue):
    dead = aws("create-queue", "--queue-name", "dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": arn(aws, dead), "maxReceiveCount": "1"}
    attributes = json.dumps({"RedrivePolicy": json.dumps(policy)})
    aws("set-queue-attributes", "--queue-url", queue, "--attributes", attributes)
    assert aws("list-dead-letter-source-queues", "--queue-url", dead) == {"queueUrls": [queue]}
    aws("send-message", "--queue-url", queue, "--message-body", "spent")
    aws("receive-message", "--queue-url", queue, "--visibility-timeout", "0")
    assert aws("receive-message", "--queue-url", queue) is None
    spent = ["receive-message", "--queue-url", dead, "--wait-time-seconds", "10", "--visibility-timeout", "0"]
    [message] = aws(*spent, "--attribute-names", "All")["Messages"]
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn(aws, queue)
    source = ["--source-arn", arn(aws, dead)]
    assert aws("start-message-move-task", *source)["TaskHandle"]
    back = ["receive-message", "--queue-url", queue, "--wait-time-seconds", "10"]
    assert [m["Body"] for m in aws(*back)["Messages"]] == ["spent"]
    [task] = aws("list-message-move-tasks", *source)["Results"]
    assert task["Status"] in ("RUNNING", "COMPLETED")
    error = aws.refused("start-message-move-task", "--source-arn", arn(aws, queue))
    assert "Source queue must be configured as a Dead Letter Queue." in error
