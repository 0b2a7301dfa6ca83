"""The admin listener: health, metrics, and the paged JSON API that looks without consuming."""

import json

import pytest

from calls import counts, receive


def test_health_and_readiness(server):
    assert server.fetch("/healthz")[0] == 200
    assert server.fetch("/readyz")[0] == 200
    assert server.fetch("/nowhere")[0] == 404


def test_metrics_count(server, sqs, queue):
    def metric(name):
        status, page = server.fetch("/metrics")
        assert status == 200
        lines = [line.rsplit(" ", 1) for line in page.splitlines() if line and not line.startswith("#")]
        return sum(float(value) for key, value in lines if key.split("{")[0] == name)

    requests, syncs = metric("postrider_requests_total"), metric("postrider_log_syncs_total")
    for _ in range(5):
        sqs.send_message(QueueUrl=queue, MessageBody="x")
    assert metric("postrider_requests_total") >= requests + 5
    # One connection, one request at a time: each send waits for a sync of its own.
    assert metric("postrider_log_syncs_total") >= syncs + 5


def test_looking_does_not_consume(server, sqs, sns, queue, name):
    topic = sns.create_topic(Name=name)["TopicArn"]
    sqs.send_message(QueueUrl=queue, MessageBody="look at me")
    status, queues = server.fetch("/v1/queues")
    assert status == 200 and name in queues
    json.loads(queues)
    status, topics = server.fetch("/v1/topics")
    assert status == 200 and topic in topics
    assert counts(sqs, queue) == (1, 0, 0)
    assert [m["Body"] for m in receive(sqs, queue)] == ["look at me"]


@pytest.mark.sqs
def test_what_is_not_built_answers_as_aws_does(server, dialect):
    """An action that does not exist is refused in the words of the protocol."""
    import urllib.error
    import urllib.request

    def post(body, **headers):
        request = urllib.request.Request(server.endpoint, data=body, headers=headers)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)
        return caught.value

    answer = post(b"{}", **{"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.Frobnicate"})
    assert answer.code == 400
    assert answer.headers["x-amzn-query-error"] == "InvalidAction;Sender"
    assert json.loads(answer.read())["__type"] == "com.amazon.coral.service#UnknownOperationException"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = post(b"Action=Frobnicate&Version=2010-03-31", **form)
    assert answer.code == 400
    assert "<Code>InvalidAction</Code>" in answer.read().decode()
