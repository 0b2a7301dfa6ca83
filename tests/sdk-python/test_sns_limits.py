"""Limits of topics and of what is published: sizes, subjects, attributes, batches, filters, subscriptions, tags (sns 2,
3, 5, 6, 12, 13 and 17)."""

import json

import pytest

from calls import bodies, counts, create, number, queue_arn, receive, receive_n, refused, subscribe, text

DEFAULT, LARGEST = 262_144, 1_048_576
TOO_LONG = ("InvalidParameter", "Invalid parameter: Message too long", 400)
BATCH_TOO_LONG = (
    "BatchRequestTooLong",
    "The length of all the messages put together is more than the limit.",
    400,
)


@pytest.fixture
def topic(sns, name):
    return sns.create_topic(Name=name)["TopicArn"]


@pytest.fixture
def unchecked(server, account):
    """A client that sends what its model does not allow."""
    return server.client("sns", key=account, parameter_validation=False)


def sized_topic(sns, name, size):
    return sns.create_topic(Name=name, Attributes={"MaximumMessageSize": str(size)})["TopicArn"]


def nobodys(account, n):
    """The ARN of a queue that is not there, which can be subscribed all the same."""
    return f"arn:aws:sqs:us-east-1:{account}:nobody-{n}"


def filtered(sns, topic, account, n, policy='{"kind":["a"]}'):
    attributes = {"FilterPolicy": policy} if policy else {}
    call = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": nobodys(account, n), "Attributes": attributes}
    return sns.subscribe(**call)["SubscriptionArn"]


def test_the_default_size(sns, sqs, topic, queue):
    """Names, types and values of attributes count, and bytes, not characters."""
    assert "MaximumMessageSize" not in sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    attributes = {"name": text("value")}
    spent = len("name" + "String" + "value")
    binary = {"b": {"DataType": "Binary", "BinaryValue": b"\x00" * 1000}}
    for largest, with_attributes in [
        ("x" * DEFAULT, {}),
        ("ü" * (DEFAULT // 2), {}),
        ("x" * (DEFAULT - spent), attributes),
        ("x" * (DEFAULT - len("b" + "Binary") - 1000), binary),
    ]:
        call = {"TopicArn": topic, "MessageAttributes": with_attributes}
        assert refused(sns.publish, Message=largest + "x", **call) == TOO_LONG
        sns.publish(Message=largest, **call)
        # One at a time: an answer has room for about one of them.
        [message] = receive(sqs, queue, WaitTimeSeconds=5, MaxNumberOfMessages=1)
        assert message["Body"] == largest


def test_sizes_that_a_topic_may_have(sns, name, topic):
    def change(value):
        sns.set_topic_attributes(TopicArn=topic, AttributeName="MaximumMessageSize", AttributeValue=value)

    for bad in ("1023", "1048577", "x", "-1", "2048.5"):
        assert refused(change, value=bad)[::2] == ("InvalidParameter", 400), bad
        attributes = {"MaximumMessageSize": bad}
        assert refused(sns.create_topic, Name=f"{name}-x", Attributes=attributes)[::2] == ("InvalidParameter", 400)
    change("1024")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["MaximumMessageSize"] == "1024"
    assert refused(sns.publish, TopicArn=topic, Message="x" * 1025) == TOO_LONG
    sns.publish(TopicArn=topic, Message="x" * 1024)
    change("2048")
    sns.publish(TopicArn=topic, Message="x" * 2048)


@pytest.mark.expect_log("cut the end of the log")
def test_a_mebibyte(own_server):
    """Delivered as it is, also after a kill."""
    server = own_server()
    sns, sqs = server.client("sns"), server.client("sqs")
    topic, queue = sized_topic(sns, "t", LARGEST), create(sqs, "q")
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    body = "".join(chr(ord("a") + n % 26) for n in range(LARGEST))
    assert refused(sns.publish, TopicArn=topic, Message=body + "x") == TOO_LONG
    sns.publish(TopicArn=topic, Message=body)
    server.restart_after_kill()
    [message] = receive(sqs, queue, WaitTimeSeconds=5)
    assert message["Body"] == body


@pytest.mark.expect_log("cut the end of the log")
def test_an_envelope_larger_than_a_message(own_server):
    """What no client could send can be received, spent, moved to a dead-letter queue and back, also after a kill."""
    server = own_server()
    sns, sqs = server.client("sns"), server.client("sqs")
    topic, dead = sized_topic(sns, "t", LARGEST), create(sqs, "dead")
    policy = {"deadLetterTargetArn": queue_arn(sqs, dead), "maxReceiveCount": 1}
    queue = create(sqs, "q", RedrivePolicy=policy)
    subscribe(sns, sqs, topic, queue)
    body = '"' * LARGEST
    sns.publish(TopicArn=topic, Message=body)

    def check(queue, **arguments):
        [message] = receive(sqs, queue, WaitTimeSeconds=5, **arguments)
        assert len(message["Body"]) > 2 * LARGEST
        assert json.loads(message["Body"])["Message"] == body
        return message

    message = check(queue, VisibilityTimeout=0)
    error, _, status = refused(sqs.send_message, QueueUrl=queue, MessageBody=message["Body"])
    assert (error, status) == ("InvalidParameterValue", 400)
    assert receive(sqs, queue) == []
    check(dead, VisibilityTimeout=0)
    server.restart_after_kill()
    sns, sqs = server.client("sns"), server.client("sqs")
    assert counts(sqs, dead) == (1, 0, 0)
    sqs.start_message_move_task(SourceArn=queue_arn(sqs, dead), DestinationArn=queue_arn(sqs, queue))
    message = check(queue)
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def test_large_messages_are_for_some_subscribers(sns, sqs, name, queue, account):
    """Queues, functions and streams; neither may others come, nor the size when they are there."""
    large = sized_topic(sns, f"{name}-large", DEFAULT + 1)
    subscribe(sns, sqs, large, queue)
    function = f"arn:aws:lambda:us-east-1:{account}:function:f"
    assert sns.subscribe(TopicArn=large, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
    for protocol, endpoint in [("http", "http://example.com/"), ("email", "ann@example.com"), ("sms", "+15550100")]:
        call = {"TopicArn": large, "Protocol": protocol, "Endpoint": endpoint}
        assert refused(sns.subscribe, **call)[::2] == ("InvalidParameter", 400), protocol
    usual = sized_topic(sns, f"{name}-usual", DEFAULT)
    sns.subscribe(TopicArn=usual, Protocol="sms", Endpoint="+15550100")
    change = {"TopicArn": usual, "AttributeName": "MaximumMessageSize"}
    assert refused(sns.set_topic_attributes, AttributeValue=str(DEFAULT + 1), **change)[::2] == (
        "InvalidParameter",
        400,
    )
    assert sns.get_topic_attributes(TopicArn=usual)["Attributes"]["MaximumMessageSize"] == str(DEFAULT)
    sns.set_topic_attributes(AttributeValue=str(DEFAULT - 1), **change)


def test_batches_have_the_size_of_a_message(sns, sqs, name, topic, queue):
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")

    def batch(topic, *sizes):
        entries = [{"Id": str(n), "Message": "x" * size} for n, size in enumerate(sizes)]
        return {"TopicArn": topic, "PublishBatchRequestEntries": entries}

    assert refused(sns.publish_batch, **batch(topic, DEFAULT // 2, DEFAULT // 2 + 1)) == BATCH_TOO_LONG
    assert receive(sqs, queue) == []
    assert len(sns.publish_batch(**batch(topic, DEFAULT // 2, DEFAULT // 2))["Successful"]) == 2
    assert [len(body) for body in bodies(receive_n(sqs, queue, 2))] == [DEFAULT // 2] * 2
    large = sized_topic(sns, f"{name}-large", LARGEST)
    assert len(sns.publish_batch(**batch(large, LARGEST // 2, LARGEST // 2))["Successful"]) == 2
    assert refused(sns.publish_batch, **batch(large, LARGEST // 2, LARGEST // 2 + 1)) == BATCH_TOO_LONG
    small = sized_topic(sns, f"{name}-small", 2_000)
    assert refused(sns.publish_batch, **batch(small, 1_000, 1_001)) == BATCH_TOO_LONG


@pytest.mark.parametrize("bad", ["", "x" * 101, "two\nlines", "tab\there", "bell\x07", "return\r"])
def test_subjects_are_checked(sns, sqs, topic, queue, bad):
    subscribe(sns, sqs, topic, queue)
    expected = ("InvalidParameter", "Invalid parameter: Subject", 400)
    assert refused(sns.publish, TopicArn=topic, Message="x", Subject=bad) == expected
    # In a batch it is the entry's fault.
    entries = [{"Id": "bad", "Message": "x", "Subject": bad}, {"Id": "good", "Message": "y", "Subject": "s"}]
    reply = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in reply["Successful"]] == ["good"]
    [failed] = reply["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("bad", "InvalidParameter", True)
    assert [json.loads(body)["Message"] for body in bodies(receive_n(sqs, queue, 1))] == ["y"]


def test_subjects_that_are_good(sns, sqs, topic, queue):
    subscribe(sns, sqs, topic, queue)
    for subject in ("x", "x" * 99, "ü – 🚀", ' "quoted" '):
        sns.publish(TopicArn=topic, Message="x", Subject=subject)
        [body] = bodies(receive_n(sqs, queue, 1))
        assert json.loads(body)["Subject"] == subject


ATTRIBUTES = [
    ("a", text(""), "The message attribute 'a' must contain non-empty message attribute value for message attribute "
     "type 'String'."),
    ("a", number(""), "The message attribute 'a' must contain non-empty message attribute value for message attribute "
     "type 'Number'."),
    ("a", {"DataType": "Binary", "BinaryValue": b""}, "The message attribute 'a' must contain non-empty message "
     "attribute value for message attribute type 'Binary'."),
    ("a", {"DataType": "String", "BinaryValue": b"x"}, "The message attribute 'a' with type 'String' must use field "
     "'String'."),
    ("a", {"DataType": "Binary", "StringValue": "x"}, "The message attribute 'a' with type 'Binary' must use field "
     "'Binary'."),
    ("a", {"DataType": "Colour", "StringValue": "x"}, "The message attribute 'a' has an invalid message attribute "
     "type, the set of supported type prefixes is Binary, Number, and String."),
    ("x" * 257, text("v"), "Length of message attribute name must be less than 256 bytes."),
    ("a b", text("v"), "Invalid non-alphanumeric character '#x20' was found in the message attribute name. Can only "
     "include alphanumeric characters, hyphens, underscores, or dots."),
    (".a", text("v"), "Invalid message attribute name starting with character '.' was found."),
    ("a.", text("v"), "Invalid message attribute name ending with character '.' was found."),
    ("a..b", text("v"), "Message attribute name can not have successive '.' character."),
]  # fmt: skip


@pytest.mark.parametrize("key, value, message", ATTRIBUTES)
def test_attributes_are_checked(sns, topic, key, value, message):
    """Alone and in a batch, all of which is refused."""
    expected = ("ParameterValueInvalid", message, 400)
    bad = {"Message": "x", "MessageAttributes": {key: value}}
    assert refused(sns.publish, TopicArn=topic, **bad) == expected
    entries = [{"Id": "good", "Message": "y"}, {"Id": "bad", **bad}]
    assert refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries) == expected


def test_a_type_is_required(unchecked, topic):
    path = "messageAttributes.attr1.member.dataType"
    message = "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null"
    attributes = {"attr1": {"StringValue": "v"}}
    assert refused(unchecked.publish, TopicArn=topic, Message="x", MessageAttributes=attributes) == (
        "ValidationError",
        message.format(path),
        400,
    )
    entries = [{"Id": "1", "Message": "x", "MessageAttributes": attributes}]
    assert refused(unchecked.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries) == (
        "ValidationError",
        message.format(f"publishBatchRequestEntries.1.member.{path}"),
        400,
    )


def test_types_with_suffixes_and_reserved_names(sns, sqs, topic, queue):
    subscribe(sns, sqs, topic, queue, RawMessageDelivery="true")
    attributes = {
        "AWS.SNS.MOBILE.APNS.TTL": text("60"),
        "custom": {"DataType": "String.prefixed", "StringValue": "x"},
        "exact": {"DataType": "Number.int", "StringValue": "7"},
        "image": {"DataType": "Binary.png", "BinaryValue": b"\x89PNG"},
        "list": {"DataType": "String.Array", "StringValue": '["a",1,true,null]'},
        "x" * 255: text("v"),
    }
    sns.publish(TopicArn=topic, Message="x", MessageAttributes=attributes)
    [message] = receive(sqs, queue, WaitTimeSeconds=5, MessageAttributeNames=["All"])
    assert message["MessageAttributes"] == attributes


def test_ten_attributes_of_a_raw_delivery(sns, sqs, topic, queue, name):
    """One more cannot be delivered to a queue, and is a dead letter; an envelope has as many as one likes."""
    raw, dead = create(sqs, f"{name}-raw"), create(sqs, f"{name}-dead")
    redrive = {"deadLetterTargetArn": queue_arn(sqs, dead)}
    subscribe(sns, sqs, topic, raw, RawMessageDelivery="true", RedrivePolicy=redrive)
    subscribe(sns, sqs, topic, queue)
    for count in (10, 11, 40):
        attributes = {f"a{n}": text("v") for n in range(count)}
        sns.publish(TopicArn=topic, Message=str(count), MessageAttributes=attributes)
    envelopes = [json.loads(body) for body in bodies(receive_n(sqs, queue, 3))]
    assert sorted(len(envelope["MessageAttributes"]) for envelope in envelopes) == [10, 11, 40]
    assert bodies(receive_n(sqs, raw, 1)) == ["10"]
    assert sorted(bodies(receive_n(sqs, dead, 2))) == ["11", "40"]


def test_batches_are_checked(sns, unchecked, topic):
    def say(*ids):
        entries = [{"Id": id, "Message": "x"} for id in ids]
        return refused(unchecked.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries)

    assert say(*(str(n) for n in range(11))) == (
        "TooManyEntriesInBatchRequest",
        "The batch request contains more entries than permissible.",
        400,
    )
    assert say("a", "b", "a") == (
        "BatchEntryIdsNotDistinct",
        "Two or more batch entries in the request have the same Id.",
        400,
    )
    start = "The Id of a batch entry in the batch request"
    assert say("a b") == ("InvalidBatchEntryId", f"{start} contains an impermissible character: a b", 400)
    assert say("x" * 81) == ("InvalidBatchEntryId", f"{start} is too long: {'x' * 81}", 400)
    assert say()[::2] == ("ValidationError", 400)
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "x" * 80, "Message": "x"}])


@pytest.mark.parametrize(
    "message, said",
    [
        ('{"sqs":"x"}', "No default entry in JSON message body"),
        ('{"default":7}', "No default entry in JSON message body"),
        ('{"default":"x"', "JSON message body failed to parse"),
    ],
)
def test_structures_are_checked(sns, topic, message, said):
    expected = ("InvalidParameter", f"Invalid parameter: Message Structure - {said}", 400)
    bad = {"Message": message, "MessageStructure": "json"}
    assert refused(sns.publish, TopicArn=topic, **bad) == expected
    entries = [{"Id": "bad", **bad}, {"Id": "good", "Message": "y"}]
    assert refused(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries) == expected


def test_200_filter_policies(sns, topic, account):
    arns = [filtered(sns, topic, account, n) for n in range(200)]
    over = ("FilterPolicyLimitExceeded", 403)
    assert refused(filtered, sns=sns, topic=topic, account=account, n=200)[::2] == over
    plain = filtered(sns, topic, account, 201, policy=None)
    change = {"AttributeName": "FilterPolicy", "AttributeValue": '{"kind":["a"]}'}
    assert refused(sns.set_subscription_attributes, SubscriptionArn=plain, **change)[::2] == over
    # To change one of them adds none, and neither does to subscribe it once more.
    other = {"AttributeName": "FilterPolicy", "AttributeValue": '{"kind":["b"]}'}
    sns.set_subscription_attributes(SubscriptionArn=arns[0], **other)
    assert filtered(sns, topic, account, 1) == arns[1]
    # What has none any more, or is gone, makes room.
    sns.set_subscription_attributes(SubscriptionArn=arns[0], AttributeName="FilterPolicy", AttributeValue="")
    sns.set_subscription_attributes(SubscriptionArn=plain, **change)
    assert refused(filtered, sns=sns, topic=topic, account=account, n=200)[::2] == over
    sns.unsubscribe(SubscriptionArn=arns[1])
    filtered(sns, topic, account, 200)
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "201"


@pytest.mark.expect_log("cut the end of the log")
def test_more_filter_policies_by_a_setting(own_server, account):
    server = own_server(more=["--limits-topic-filters-max", "210"])
    sns = server.client("sns", key=account)
    topic = sns.create_topic(Name="t")["TopicArn"]
    for n in range(205):
        filtered(sns, topic, account, n)
    server.restart_after_kill()
    for n in range(205, 210):
        filtered(sns, topic, account, n)
    over = refused(filtered, sns=sns, topic=topic, account=account, n=210)
    assert over[::2] == ("FilterPolicyLimitExceeded", 403)
    # With AWS's limit again what is there stays.
    server.more = []
    server.restart_after_kill()
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "210"
    assert refused(filtered, sns=sns, topic=topic, account=account, n=210)[0] == "FilterPolicyLimitExceeded"


REFUSED_FILTERS = [
    ({f"k{n}": ["a"] for n in range(6)}, "Filter policy can not have more than 5 keys"),
    ({f"k{n}": list("abcdef") for n in range(3)}, "Filter policy is too complex"),
    ({"k": [{"numeric": ["<", "x"]}]}, "Value of < must be numeric"),
    ({"k": [{"numeric": [">", 5, "<", 1]}]}, "Bottom must be less than top"),
    ({"k": [{"prefix": 7}]}, "prefix match pattern must be a string"),
    ({"k": [{"exists": "yes"}]}, "exists match pattern must be either true or false."),
]


@pytest.mark.parametrize("policy, said", REFUSED_FILTERS)
def test_filter_policies_are_bounded(sns, sqs, topic, queue, policy, said):
    """In the words of both calls."""
    call = {"sns": sns, "sqs": sqs, "topic": topic, "queue": queue}
    code, message, status = refused(subscribe, FilterPolicy=policy, **call)
    assert (code, status) == ("InvalidParameter", 400)
    assert message.splitlines()[0] == f"Invalid parameter: Attributes Reason: FilterPolicy: {said}"
    arn = subscribe(**call)
    change = {"SubscriptionArn": arn, "AttributeName": "FilterPolicy", "AttributeValue": json.dumps(policy)}
    code, message, status = refused(sns.set_subscription_attributes, **change)
    assert (code, status) == ("InvalidParameter", 400)
    assert message.splitlines()[0] == f"Invalid parameter: FilterPolicy: {said}"


def test_nested_filters_are_for_bodies(sns, sqs, topic, queue):
    call = {"sns": sns, "sqs": sqs, "topic": topic, "queue": queue, "FilterPolicy": {"a": {"b": ["c"]}}}
    code, message, status = refused(subscribe, **call)
    nested = "Filter policy scope MessageAttributes does not support nested filter policy"
    assert (code, status) == ("InvalidParameter", 400)
    assert message in (f"Invalid parameter: {nested}", f"Invalid parameter: Attributes Reason: {nested}")
    subscribe(**call, FilterPolicyScope="MessageBody")


def test_100_subscriptions_of_a_fifo_topic(sns, name, account):
    topic = sns.create_topic(Name=f"{name}.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    arns = [filtered(sns, topic, account, n, policy=None) for n in range(100)]
    over = refused(filtered, sns=sns, topic=topic, account=account, n=100, policy=None)
    assert over[::2] == ("SubscriptionLimitExceeded", 403)
    sns.unsubscribe(SubscriptionArn=arns[0])
    filtered(sns, topic, account, 100, policy=None)


def test_50_tags(sns, topic):
    tags = [{"Key": f"key-{n}", "Value": "v"} for n in range(50)]
    sns.tag_resource(ResourceArn=topic, Tags=tags)
    assert refused(sns.tag_resource, ResourceArn=topic, Tags=[{"Key": "more", "Value": ""}])[::2] == (
        "TagLimitExceeded",
        400,
    )
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "key-0", "Value": "other"}])
    twice = [{"Key": "key-1", "Value": "a"}, {"Key": "key-1", "Value": "b"}]
    assert refused(sns.tag_resource, ResourceArn=topic, Tags=twice) == (
        "InvalidParameter",
        "Invalid parameter: Duplicated keys are not allowed.",
        400,
    )
    missing = {"ResourceArn": f"{topic}-missing", "Tags": tags[:1]}
    assert refused(sns.tag_resource, **missing)[::2] == ("ResourceNotFound", 404)


def test_display_names(sns, name, topic):
    change = {"TopicArn": topic, "AttributeName": "DisplayName"}
    sns.set_topic_attributes(AttributeValue="ü" * 100, **change)
    assert refused(sns.set_topic_attributes, AttributeValue="x" * 101, **change)[::2] == ("InvalidParameter", 400)
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "ü" * 100
    sns.create_topic(Name=(name + "-" + "x" * 256)[:256])
