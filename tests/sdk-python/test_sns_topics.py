"""Topics and subscriptions: create, list, attributes, delete, and the errors as the SDK sees them."""

import json

import pytest

from calls import queue_arn, refused, subscribe


@pytest.fixture
def topic(sns, name):
    return sns.create_topic(Name=name)["TopicArn"]


def test_create_is_idempotent(sns, account, name):
    arn = sns.create_topic(Name=name, Attributes={"DisplayName": "News"})["TopicArn"]
    assert arn == f"arn:aws:sns:us-east-1:{account}:{name}"
    assert sns.create_topic(Name=name)["TopicArn"] == arn
    assert sns.create_topic(Name=name, Attributes={"DisplayName": "News"})["TopicArn"] == arn
    assert refused(sns.create_topic, Name=name, Attributes={"DisplayName": "Other"}) == (
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
        400,
    )


@pytest.mark.parametrize("bad", ["with space", "x" * 257, "dot.ted"])
def test_names_are_checked(sns, bad):
    assert refused(sns.create_topic, Name=bad) == ("InvalidParameter", "Invalid parameter: Topic Name", 400)


def test_attributes(sns, topic, account):
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert attributes["TopicArn"] == topic
    assert attributes["Owner"] == account
    assert attributes["DisplayName"] == ""
    counted = [attributes[f"Subscriptions{kind}"] for kind in ("Confirmed", "Pending", "Deleted")]
    assert counted == ["0", "0", "0"]
    policy = json.loads(attributes["Policy"])
    assert policy["Statement"][0]["Resource"] == topic
    retries = json.loads(attributes["EffectiveDeliveryPolicy"])["http"]["defaultHealthyRetryPolicy"]
    assert retries["numRetries"] == 3
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="News")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "News"
    assert refused(
        sns.set_topic_attributes, TopicArn=topic, AttributeName="Colour", AttributeValue="red"
    ) == ("InvalidParameter", "Invalid parameter: AttributeName", 400)


def test_tags(sns, topic):
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == []
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "team", "Value": "web"}, {"Key": "x", "Value": "1"}])
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "x", "Value": "2"}])
    tags = {tag["Key"]: tag["Value"] for tag in sns.list_tags_for_resource(ResourceArn=topic)["Tags"]}
    assert tags == {"team": "web", "x": "2"}
    sns.untag_resource(ResourceArn=topic, TagKeys=["x", "unknown"])
    assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "team", "Value": "web"}]


def test_list_in_pages(sns, name):
    assert sns.list_topics()["Topics"] == []
    arns = {sns.create_topic(Name=f"{name}-{n:03}")["TopicArn"] for n in range(103)}
    first = sns.list_topics()
    assert len(first["Topics"]) == 100
    second = sns.list_topics(NextToken=first["NextToken"])
    assert "NextToken" not in second
    assert {topic["TopicArn"] for topic in first["Topics"] + second["Topics"]} == arns


def test_delete_twice(sns, topic):
    sns.delete_topic(TopicArn=topic)
    sns.delete_topic(TopicArn=topic)
    gone = ("NotFound", "Topic does not exist", 404)
    assert refused(sns.get_topic_attributes, TopicArn=topic) == gone
    assert refused(sns.publish, TopicArn=topic, Message="x") == gone
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.get_topic_attributes(TopicArn=topic)


def test_bad_arns(sns):
    assert refused(sns.get_topic_attributes, TopicArn="not an arn") == (
        "InvalidParameter",
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
        400,
    )


def test_subscribe_list_unsubscribe(sns, sqs, topic, queue, account):
    arn = subscribe(sns, sqs, topic, queue)
    assert arn.startswith(topic + ":")
    assert subscribe(sns, sqs, topic, queue) == arn
    expected = {
        "Owner": account,
        "Protocol": "sqs",
        "Endpoint": queue_arn(sqs, queue),
        "SubscriptionArn": arn,
        "TopicArn": topic,
    }
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == [expected]
    assert sns.list_subscriptions()["Subscriptions"] == [expected]
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"
    sns.unsubscribe(SubscriptionArn=arn)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    sns.unsubscribe(SubscriptionArn=arn)
    assert refused(sns.get_subscription_attributes, SubscriptionArn=arn) == (
        "NotFound",
        "Subscription does not exist",
        404,
    )


def test_subscription_attributes(sns, sqs, topic, queue):
    arn = subscribe(sns, sqs, topic, queue, FilterPolicy={"kind": ["a"]})
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert json.loads(attributes["FilterPolicy"]) == {"kind": ["a"]}
    assert attributes["FilterPolicyScope"] == "MessageAttributes"
    assert attributes["RawMessageDelivery"] == "false"
    assert attributes["PendingConfirmation"] == "false"
    assert attributes["ConfirmationWasAuthenticated"] == "true"
    assert (attributes["Protocol"], attributes["TopicArn"]) == ("sqs", topic)

    def change(name, value):
        sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)

    change("RawMessageDelivery", "True")
    change("FilterPolicy", "")
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes["RawMessageDelivery"] == "true"
    assert "FilterPolicy" not in attributes and "FilterPolicyScope" not in attributes
    assert refused(change, name="RawMessageDelivery", value="perhaps") == (
        "InvalidParameter",
        "Invalid parameter: RawMessageDelivery: Invalid value [perhaps]. Must be true or false.",
        400,
    )


def test_subscriptions_are_checked(sns, sqs, topic, queue):
    subscribe(sns, sqs, topic, queue)
    code, message, status = refused(subscribe, sns=sns, sqs=sqs, topic=topic, queue=queue, RawMessageDelivery="true")
    assert (code, status) == ("InvalidParameter", 400)
    assert message == "Invalid parameter: Attributes Reason: Subscription already exists with different attributes"

    def bad(**arguments):
        return refused(sns.subscribe, **{"TopicArn": topic, "Protocol": "sqs", **arguments})

    assert bad(Endpoint=queue)[1:] == ("Invalid parameter: SQS endpoint ARN", 400)
    assert bad(Protocol="pigeon", Endpoint="x") == (
        "InvalidParameter",
        "Invalid parameter: Amazon SNS does not support this protocol string: pigeon",
        400,
    )
    missing = topic + "-missing"
    assert bad(TopicArn=missing, Endpoint=queue_arn(sqs, queue)) == ("NotFound", "Topic does not exist", 404)


@pytest.mark.parametrize(
    "policy, text",
    [
        ({"key": [["value"]]}, "Match value must be String, number, true, false, or null"),
        ({"key": [{"nope": True}]}, "Unrecognized match type nope"),
        ({"key": []}, "Empty arrays are not allowed"),
        ({"key": "value"}, '"key" must be an object or an array'),
    ],
)
def test_filter_policies_are_checked(sns, sqs, topic, queue, policy, text):
    call = {"sns": sns, "sqs": sqs, "topic": topic, "queue": queue, "FilterPolicy": policy}
    code, message, status = refused(subscribe, **call)
    assert (code, status) == ("InvalidParameter", 400)
    assert message.splitlines()[0] == f"Invalid parameter: Attributes Reason: FilterPolicy: {text}"
