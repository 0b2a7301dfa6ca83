"""Queues: create, look up, list, attributes, purge, delete, and the errors of each as the SDK sees them."""

import json

import pytest

from calls import counts, queue_arn, receive, refused

pytestmark = pytest.mark.sqs

NO_QUEUE = {
    "json": "The specified queue does not exist.",
    "query": "The specified queue does not exist for this wsdl version.",
}


def test_create_says_where_the_queue_is(sqs, server, account, name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert url == f"{server.endpoint}/{account}/{name}"
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    assert queue_arn(sqs, url) == f"arn:aws:sqs:us-east-1:{account}:{name}"


def test_defaults(sqs, queue):
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    created = attributes.pop("CreatedTimestamp")
    assert attributes.pop("LastModifiedTimestamp") == created
    assert 1_500_000_000 < int(created) < 10_000_000_000
    assert attributes.pop("QueueArn")
    assert attributes == {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "VisibilityTimeout": "30",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
    }


def test_create_again_compares_what_is_given(sqs, name):
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "45"})["QueueUrl"]
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == url
    same = {"VisibilityTimeout": "45", "DelaySeconds": "0"}
    assert sqs.create_queue(QueueName=name, Attributes=same)["QueueUrl"] == url
    assert refused(sqs.create_queue, QueueName=name, Attributes={"VisibilityTimeout": "46"}) == (
        "QueueAlreadyExists",
        "A queue already exists with the same name and a different value for attribute VisibilityTimeout",
        400,
    )
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "46"})
    assert sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "46"})["QueueUrl"] == url


@pytest.mark.parametrize("bad", ["with space", "dot.ted", "x" * 81, "star*"])
def test_names_are_checked(sqs, bad):
    code, message, status = refused(sqs.create_queue, QueueName=bad)
    assert (code, status) == ("InvalidParameterValue", 400)
    assert message == "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"


def test_attributes_are_set_and_read(sqs, queue):
    new = {"VisibilityTimeout": "0", "DelaySeconds": "900", "MessageRetentionPeriod": "60"}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=new)
    got = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(new))["Attributes"]
    assert got == new
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue)


@pytest.mark.parametrize(
    "attribute, value",
    [
        ("VisibilityTimeout", "43201"),
        ("VisibilityTimeout", "-1"),
        ("DelaySeconds", "901"),
        ("MessageRetentionPeriod", "59"),
        ("MaximumMessageSize", "1023"),
        ("ReceiveMessageWaitTimeSeconds", "21"),
        ("DelaySeconds", "1.5"),
        ("DelaySeconds", ""),
    ],
)
def test_bad_values_change_nothing(sqs, queue, attribute, value):
    before = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
    # Set applies all or nothing.
    attributes = {"VisibilityTimeout": "77", attribute: value}
    code, message, status = refused(sqs.set_queue_attributes, QueueUrl=queue, Attributes=attributes)
    assert (code, status) == ("InvalidAttributeValue", 400)
    assert message.startswith(f"Invalid value for the parameter {attribute}.")
    after = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
    assert after["Attributes"] == before["Attributes"]


def test_unknown_attributes(sqs, queue, name):
    unknown = ("InvalidAttributeName", "Unknown Attribute Colour.", 400)
    colour = {"Colour": "red"}
    assert refused(sqs.set_queue_attributes, QueueUrl=queue, Attributes=colour) == unknown
    assert refused(sqs.get_queue_attributes, QueueUrl=queue, AttributeNames=["Colour"]) == unknown
    assert refused(sqs.create_queue, QueueName=name + "-2", Attributes=colour) == unknown
    read_only = refused(sqs.set_queue_attributes, QueueUrl=queue, Attributes={"QueueArn": "x"})
    assert read_only == ("InvalidAttributeName", "Unknown Attribute QueueArn.", 400)


def test_policies_come_and_go(sqs, queue):
    statement = {
        "Sid": "topics",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn(sqs, queue),
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    got = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]
    assert got == {"Policy": policy}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": ""})
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])


def test_tags(sqs, queue):
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=queue)
    sqs.tag_queue(QueueUrl=queue, Tags={"team": "billing", "note": ""})
    sqs.tag_queue(QueueUrl=queue, Tags={"team": "sales + marketing"})
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "sales + marketing", "note": ""}
    sqs.untag_queue(QueueUrl=queue, TagKeys=["note", "unknown"])
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "sales + marketing"}


def test_list_by_prefix(sqs, name):
    assert "QueueUrls" not in sqs.list_queues()
    urls = [sqs.create_queue(QueueName=f"{kind}-{name}")["QueueUrl"] for kind in ("a", "ab", "b")]
    assert sorted(sqs.list_queues()["QueueUrls"]) == sorted(urls)
    assert sorted(sqs.list_queues(QueueNamePrefix="a")["QueueUrls"]) == sorted(urls[:2])
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="c")


def test_list_in_pages(sqs, name):
    urls = {sqs.create_queue(QueueName=f"{name}-{n:02}")["QueueUrl"] for n in range(25)}
    pages = list(sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 10}))
    assert [len(page["QueueUrls"]) for page in pages] == [10, 10, 5]
    assert {url for page in pages for url in page["QueueUrls"]} == urls
    # Without MaxResults there is no token.
    assert "NextToken" not in sqs.list_queues()


@pytest.mark.parametrize("n", [0, 1001])
def test_list_pages_are_bounded(sqs, n):
    code, _, status = refused(sqs.list_queues, MaxResults=n)
    assert (code, status) == ("InvalidParameterValue", 400)


def test_accounts_and_regions_do_not_see_each_other(server, sqs, queue, name):
    other = server.client("sqs", key="219999999999")
    code, _, status = refused(other.get_queue_url, QueueName=name)
    assert (code, status) == ("AWS.SimpleQueueService.NonExistentQueue", 400)


def test_missing_queues(sqs, server, account, dialect):
    missing = f"{server.endpoint}/{account}/nowhere"
    expected = ("AWS.SimpleQueueService.NonExistentQueue", NO_QUEUE[dialect], 400)
    assert refused(sqs.get_queue_url, QueueName="nowhere") == expected
    assert refused(sqs.send_message, QueueUrl=missing, MessageBody="x") == expected
    assert refused(sqs.receive_message, QueueUrl=missing) == expected
    assert refused(sqs.delete_queue, QueueUrl=missing) == expected
    assert refused(sqs.purge_queue, QueueUrl=missing) == expected
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="nowhere")


def test_delete(sqs, queue, name, dialect):
    sqs.send_message(QueueUrl=queue, MessageBody="gone")
    sqs.delete_queue(QueueUrl=queue)
    code, message, status = refused(sqs.get_queue_attributes, QueueUrl=queue, AttributeNames=["All"])
    assert (code, message, status) == ("AWS.SimpleQueueService.NonExistentQueue", NO_QUEUE[dialect], 400)
    assert "QueueUrls" not in sqs.list_queues()
    assert refused(sqs.create_queue, QueueName=name) == (
        "AWS.SimpleQueueService.QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        400,
    )


def test_purge(sqs, queue, name):
    sqs.send_message_batch(
        QueueUrl=queue, Entries=[{"Id": str(n), "MessageBody": "x"} for n in range(10)]
    )
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=900)
    assert len(receive(sqs, queue, MaxNumberOfMessages=3)) <= 3
    sqs.purge_queue(QueueUrl=queue)
    assert counts(sqs, queue) == (0, 0, 0)
    assert receive(sqs, queue) == []
    sqs.send_message(QueueUrl=queue, MessageBody="after")
    assert [m["Body"] for m in receive(sqs, queue, WaitTimeSeconds=2)] == ["after"]
    assert refused(sqs.purge_queue, QueueUrl=queue) == (
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.",
        403,
    )
