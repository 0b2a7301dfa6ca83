"""Signatures: enforced with a credential, not asked for without one."""

import botocore
import botocore.config
import boto3
import pytest

from calls import receive, refused

ID, SECRET = "AKIDEXAMPLE0000MQ01", "made-up-secret/for+tests"
WRONG = (
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details.",
    403,
)
UNKNOWN = ("InvalidClientTokenId", "The security token included in the request is invalid.", 403)


@pytest.fixture
def closed(own_server):
    return own_server(credential=(ID, SECRET))


@pytest.mark.sqs
def test_sqs_signatures_are_verified(closed):
    sqs = closed.client("sqs", key=ID, secret=SECRET)
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="signed – ü")
    assert [m["Body"] for m in receive(sqs, queue)] == ["signed – ü"]
    forger = closed.client("sqs", key=ID, secret="wrong")
    code, message, status = refused(forger.send_message, QueueUrl=queue, MessageBody="x")
    assert (code, status) == (WRONG[0], WRONG[2])
    assert message.startswith(WRONG[1])
    assert refused(closed.client("sqs", key="AKIDNOBODY").list_queues) == UNKNOWN
    assert receive(sqs, queue) == []


def test_sns_signatures_are_verified(closed):
    sns = closed.client("sns", key=ID, secret=SECRET)
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.publish(TopicArn=topic, Message="signed & <sealed>")
    forger = closed.client("sns", key=ID, secret="wrong")
    code, message, status = refused(forger.publish, TopicArn=topic, Message="x")
    assert (code, status) == (WRONG[0], WRONG[2])
    assert message.startswith(WRONG[1])
    assert refused(closed.client("sns", key="AKIDNOBODY").list_topics) == UNKNOWN


def unsigned(server, service):
    config = botocore.config.Config(signature_version=botocore.UNSIGNED, retries={"max_attempts": 0})
    return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1", config=config)


@pytest.mark.sqs
def test_unsigned_calls_are_refused(closed):
    code, _, status = refused(unsigned(closed, "sqs").list_queues)
    assert (code, status) == ("AccessDenied", 403)
    assert refused(unsigned(closed, "sns").list_topics) == (
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
        403,
    )


@pytest.mark.sqs
def test_open_mode_takes_unsigned_calls(server):
    created = unsigned(server, "sqs").create_queue(QueueName="open-to-all")
    assert created["QueueUrl"] == f"{server.endpoint}/000000000000/open-to-all"
    assert unsigned(server, "sns").list_topics()["Topics"] == []
