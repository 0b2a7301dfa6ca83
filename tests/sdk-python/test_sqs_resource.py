"""`boto3.resource`: the same service as objects, which ask for attributes and identifiers on their own."""

import json

import pytest

from calls import create, queue_arn, with_dead_letters

pytestmark = pytest.mark.sqs


@pytest.fixture
def service(server, account):
    return server.resource("sqs", key=account)


def test_queues(service, account, name):
    created = service.create_queue(QueueName=name, Attributes={"DelaySeconds": "0"})
    assert service.get_queue_by_name(QueueName=name) == created
    other = service.create_queue(QueueName=f"x-{name}")
    assert {queue.url for queue in service.queues.all()} == {created.url, other.url}
    assert [queue.url for queue in service.queues.filter(QueueNamePrefix="x-")] == [other.url]
    assert created.attributes["QueueArn"] == f"arn:aws:sqs:us-east-1:{account}:{name}"
    created.set_attributes(Attributes={"VisibilityTimeout": "7"})
    created.reload()
    assert created.attributes["VisibilityTimeout"] == "7"
    other.delete()
    assert [queue.url for queue in service.queues.all()] == [created.url]
    with pytest.raises(service.meta.client.exceptions.QueueDoesNotExist):
        service.get_queue_by_name(QueueName=f"x-{name}")


def test_messages(service, name):
    queue = service.create_queue(QueueName=name)
    attributes = {"a": {"DataType": "String", "StringValue": "b"}}
    sent = queue.send_message(MessageBody="hello", MessageAttributes=attributes)
    [message] = queue.receive_messages(AttributeNames=["All"], MessageAttributeNames=["All"])
    assert (message.body, message.message_id) == ("hello", sent["MessageId"])
    assert message.md5_of_body == sent["MD5OfMessageBody"]
    assert message.md5_of_message_attributes == sent["MD5OfMessageAttributes"]
    assert message.message_attributes == attributes
    assert message.attributes["ApproximateReceiveCount"] == "1"
    assert message.Queue() == queue
    message.change_visibility(VisibilityTimeout=0)
    [message] = queue.receive_messages(AttributeNames=["ApproximateReceiveCount"])
    assert message.attributes == {"ApproximateReceiveCount": "2"}
    # An object made of the two names alone does, too.
    service.Message(queue.url, message.receipt_handle).delete()
    assert queue.receive_messages() == []


def test_batches(service, name):
    queue = service.create_queue(QueueName=name)
    sent = queue.send_messages(Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(10)])
    assert len(sent["Successful"]) == 10
    messages = []
    while len(messages) < 10:
        more = queue.receive_messages(MaxNumberOfMessages=10, WaitTimeSeconds=5)
        assert more
        messages += more
    entries = [{"Id": str(n), "ReceiptHandle": m.receipt_handle} for n, m in enumerate(messages)]
    shown = queue.change_message_visibility_batch(Entries=[{**e, "VisibilityTimeout": 600} for e in entries])
    assert len(shown["Successful"]) == 10
    assert len(queue.delete_messages(Entries=entries)["Successful"]) == 10
    queue.load()
    assert queue.attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    queue.send_message(MessageBody="x")
    queue.purge()
    assert queue.receive_messages() == []


def test_permissions(service, name):
    queue = service.create_queue(QueueName=name)
    queue.add_permission(Label="l", AWSAccountIds=["111122223333"], Actions=["SendMessage"])
    queue.load()
    [statement] = json.loads(queue.attributes["Policy"])["Statement"]
    assert statement["Sid"] == "l"
    queue.remove_permission(Label="l")
    queue.load()
    assert "Policy" not in queue.attributes


def test_fifo(service, sqs, name):
    queue = service.Queue(create(sqs, f"{name}.fifo", ContentBasedDeduplication="true"))
    for n in range(3):
        assert len(queue.send_message(MessageBody=str(n), MessageGroupId="g")["SequenceNumber"]) == 20
    messages = queue.receive_messages(MaxNumberOfMessages=10)
    assert [message.body for message in messages] == ["0", "1", "2"]
    for message in messages:
        message.delete()


def test_dead_letters(service, sqs, name):
    source, dead = with_dead_letters(sqs, name)
    assert [queue.url for queue in service.Queue(dead).dead_letter_source_queues.all()] == [source]
    queue = service.Queue(source)
    queue.send_message(MessageBody="spent")
    queue.receive_messages()[0].change_visibility(VisibilityTimeout=0)
    assert queue.receive_messages() == []
    [message] = service.Queue(dead).receive_messages(WaitTimeSeconds=10, AttributeNames=["All"])
    assert message.body == "spent"
    assert message.attributes["DeadLetterQueueSourceArn"] == queue_arn(sqs, source)
