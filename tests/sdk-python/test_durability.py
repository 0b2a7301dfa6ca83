"""What a restart keeps: everything. Each test has a server of its own, which it kills."""

import json

import pytest

from calls import counts, receive, receive_n, subscribe, text

ACCOUNT = "123456789012"


@pytest.mark.sqs
@pytest.mark.expect_log("cut the end of the log")
def test_messages_survive_kill(own_server):
    server = own_server()
    sqs = server.client("sqs", key=ACCOUNT)
    queue = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    attributes = {"a": text("b")}
    sent = {}
    for n in range(50):
        reply = sqs.send_message(QueueUrl=queue, MessageBody=f"body {n}", MessageAttributes=attributes)
        sent[reply["MessageId"]] = f"body {n}"
    sqs.send_message(QueueUrl=queue, MessageBody="delayed", DelaySeconds=900)
    held = receive_n(sqs, queue, 20)
    for message in held[:10]:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        del sent[message["MessageId"]]
    server.restart_after_kill()

    assert counts(sqs, queue) == (30, 10, 1)
    # Handles hold over a restart.
    batch = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(held[10:])]
    assert len(sqs.delete_message_batch(QueueUrl=queue, Entries=batch)["Successful"]) == 10
    for message in held[10:]:
        del sent[message["MessageId"]]
    rest = receive_n(sqs, queue, 30, MessageAttributeNames=["All"], AttributeNames=["All"])
    assert {m["MessageId"]: m["Body"] for m in rest} == sent
    assert all(m["MessageAttributes"] == attributes for m in rest)
    assert all(m["Attributes"]["ApproximateReceiveCount"] == "1" for m in rest)
    server.restart_after_kill()
    assert counts(sqs, queue) == (0, 30, 1)
    [first] = [m for m in rest if m["Body"] == "body 49"]
    change = {"QueueUrl": queue, "ReceiptHandle": first["ReceiptHandle"], "VisibilityTimeout": 0}
    sqs.change_message_visibility(**change)
    [again] = receive(sqs, queue, AttributeNames=["ApproximateReceiveCount"])
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


@pytest.mark.sqs
@pytest.mark.expect_log("cut the end of the log")
def test_queues_and_purges_survive_kill(own_server):
    server = own_server()
    sqs = server.client("sqs", key=ACCOUNT)
    kept = sqs.create_queue(QueueName="kept", Attributes={"DelaySeconds": "3"})["QueueUrl"]
    purged = sqs.create_queue(QueueName="purged")["QueueUrl"]
    deleted = sqs.create_queue(QueueName="deleted")["QueueUrl"]
    for queue in (purged, deleted):
        sqs.send_message(QueueUrl=queue, MessageBody="x")
    sqs.purge_queue(QueueUrl=purged)
    sqs.delete_queue(QueueUrl=deleted)
    server.restart_after_kill()
    assert sorted(sqs.list_queues()["QueueUrls"]) == sorted([kept, purged])
    assert counts(sqs, purged) == (0, 0, 0)
    attributes = sqs.get_queue_attributes(QueueUrl=kept, AttributeNames=["DelaySeconds"])["Attributes"]
    assert attributes == {"DelaySeconds": "3"}
    with pytest.raises(sqs.exceptions.ClientError, match="QueueDeletedRecently"):
        sqs.create_queue(QueueName="deleted")
    with pytest.raises(sqs.exceptions.ClientError, match="PurgeQueueInProgress"):
        sqs.purge_queue(QueueUrl=purged)


@pytest.mark.expect_log("cut the end of the log")
def test_topics_and_envelopes_survive_kill(own_server):
    server = own_server()
    sqs, sns = (server.client(service, key=ACCOUNT) for service in ("sqs", "sns"))
    queue = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    topic = sns.create_topic(Name="t")["TopicArn"]
    arn = subscribe(sns, sqs, topic, queue, FilterPolicy={"kind": ["a"]})
    publish = {"TopicArn": topic, "MessageAttributes": {"kind": text("a")}}
    sns.publish(Message="before", **publish)
    [before] = receive(sqs, queue, WaitTimeSeconds=10)
    server.restart_after_kill()
    [after] = receive(sqs, queue, WaitTimeSeconds=10)
    # The signature may be made anew, but what is signed is fixed at publish.
    signed = ["Message", "MessageId", "Timestamp", "TopicArn", "Type", "SigningCertURL", "UnsubscribeURL"]
    before, envelope = json.loads(before["Body"]), json.loads(after["Body"])
    assert [before[key] for key in signed] == [envelope[key] for key in signed]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=after["ReceiptHandle"])
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert subscription["SubscriptionArn"] == arn
    sns.publish(TopicArn=topic, Message="filtered out", MessageAttributes={"kind": text("b")})
    sns.publish(Message="after", **publish)
    [message] = receive(sqs, queue, WaitTimeSeconds=10)
    assert json.loads(message["Body"])["Message"] == "after"


@pytest.mark.sqs
def test_a_polite_stop_keeps_everything(own_server):
    server = own_server()
    sqs = server.client("sqs", key=ACCOUNT)
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="kept")
    server.stop()
    server.start()
    assert [m["Body"] for m in receive(sqs, queue)] == ["kept"]
