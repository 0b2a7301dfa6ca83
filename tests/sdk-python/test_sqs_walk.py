"""A walk over the SDK's own model of SQS: every operation that it knows is called here, and answers as the model says.

An operation that a new SDK brings fails here until it has a call.
"""

import botocore.session
import pytest

from calls import counts, queue_arn, receive, spend, until, with_dead_letters

pytestmark = pytest.mark.sqs

MODEL = botocore.session.get_session().get_service_model("sqs")


class Scene:
    """Two queues, one of them the dead-letter queue of the other, and what a call may need from them."""

    def __init__(self, sqs, name):
        self.sqs = sqs
        self.name = name
        self.queue, self.dead = with_dead_letters(sqs, name)

    def handle(self):
        self.sqs.send_message(QueueUrl=self.queue, MessageBody="x")
        [message] = receive(self.sqs, self.queue)
        return message["ReceiptHandle"]

    def dead_letters(self, n):
        """`n` dead letters and the ARN of their queue."""
        for _ in range(n):
            self.sqs.send_message(QueueUrl=self.queue, MessageBody="x")
        spend(self.sqs, self.queue, n)
        until(lambda: counts(self.sqs, self.dead)[0] == n, "all are dead letters")
        return queue_arn(self.sqs, self.dead)

    def task(self):
        return self.sqs.start_message_move_task(SourceArn=self.dead_letters(10), MaxNumberOfMessagesPerSecond=1)

    def permission(self):
        permission = {"Label": "l", "AWSAccountIds": ["111122223333"], "Actions": ["*"]}
        self.sqs.add_permission(QueueUrl=self.queue, **permission)
        return "l"


ON_A_QUEUE = {
    "AddPermission": lambda _: {"Label": "l", "AWSAccountIds": ["111122223333"], "Actions": ["SendMessage"]},
    "ChangeMessageVisibility": lambda scene: {"ReceiptHandle": scene.handle(), "VisibilityTimeout": 9},
    "ChangeMessageVisibilityBatch": lambda scene: {
        "Entries": [{"Id": "a", "ReceiptHandle": scene.handle(), "VisibilityTimeout": 9}]
    },
    "DeleteMessage": lambda scene: {"ReceiptHandle": scene.handle()},
    "DeleteMessageBatch": lambda scene: {"Entries": [{"Id": "a", "ReceiptHandle": scene.handle()}]},
    "DeleteQueue": lambda _: {},
    "GetQueueAttributes": lambda _: {"AttributeNames": ["All"]},
    "ListDeadLetterSourceQueues": lambda scene: {"QueueUrl": scene.dead},
    "ListQueueTags": lambda scene: scene.sqs.tag_queue(QueueUrl=scene.queue, Tags={"a": "b"}) and {},
    "PurgeQueue": lambda _: {},
    "ReceiveMessage": lambda scene: scene.sqs.send_message(QueueUrl=scene.queue, MessageBody="x") and {},
    "RemovePermission": lambda scene: {"Label": scene.permission()},
    "SendMessage": lambda _: {"MessageBody": "x"},
    "SendMessageBatch": lambda _: {"Entries": [{"Id": "a", "MessageBody": "x"}]},
    "SetQueueAttributes": lambda _: {"Attributes": {"VisibilityTimeout": "9"}},
    "TagQueue": lambda _: {"Tags": {"a": "b"}},
    "UntagQueue": lambda _: {"TagKeys": ["a"]},
}
ON_NO_QUEUE = {
    "CancelMessageMoveTask": lambda scene: {"TaskHandle": scene.task()["TaskHandle"]},
    "CreateQueue": lambda scene: {"QueueName": scene.name + "-new", "tags": {"a": "b"}},
    "GetQueueUrl": lambda scene: {"QueueName": scene.name},
    "ListMessageMoveTasks": lambda scene: scene.task() and {"SourceArn": queue_arn(scene.sqs, scene.dead)},
    "ListQueues": lambda _: {},
    "StartMessageMoveTask": lambda scene: {"SourceArn": scene.dead_letters(1)},
}
OPTIONAL = {
    "ChangeMessageVisibilityBatch": {"Failed"},
    "DeleteMessageBatch": {"Failed"},
    "SendMessageBatch": {"Failed"},
    "ListQueues": {"NextToken"},
    "ListDeadLetterSourceQueues": {"NextToken"},
    "SendMessage": {"MD5OfMessageAttributes", "MD5OfMessageSystemAttributes", "SequenceNumber"},
}


def method_of(operation):
    return botocore.xform_name(operation)


def test_every_operation_has_a_call():
    assert sorted([*ON_A_QUEUE, *ON_NO_QUEUE]) == sorted(MODEL.operation_names)


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_walk(sqs, name, operation):
    scene = Scene(sqs, name)
    if operation in ON_A_QUEUE:
        arguments = {"QueueUrl": scene.queue, **ON_A_QUEUE[operation](scene)}
    else:
        arguments = ON_NO_QUEUE[operation](scene)
    reply = getattr(sqs, method_of(operation))(**arguments)
    metadata = reply.pop("ResponseMetadata")
    assert metadata["HTTPStatusCode"] == 200
    assert metadata["RequestId"] and metadata["HTTPHeaders"]["x-amzn-requestid"] == metadata["RequestId"]
    shape = MODEL.operation_model(operation).output_shape
    members = set(shape.members) if shape else set()
    assert set(reply) <= members
    assert members - set(reply) <= OPTIONAL.get(operation, set())
