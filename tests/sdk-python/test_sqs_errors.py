"""What a client can do wrong, and what it is told: code, words, status, and the class that the SDK raises.

Rules of queues of one kind, of batches, policies and move tasks stand with what they are about.
"""

import json
import urllib.error
import urllib.request

import pytest

from calls import counts, create, delete, receive, refused, text

pytestmark = pytest.mark.sqs

PREFIX = "AWS.SimpleQueueService."


@pytest.fixture
def careless(server, account):
    """A client that checks nothing before it sends."""
    return server.client("sqs", key=account, parameter_validation=False)


def raw(server, body, **headers):
    """Status, headers and text of a request that is refused."""
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    request = urllib.request.Request(server.endpoint, data=body, headers=headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    return caught.value.code, caught.value.headers, caught.value.read().decode()


@pytest.mark.parametrize(
    "method, arguments, missing",
    [
        ("send_message", {}, "MessageBody"),
        ("send_message", {"MessageBody": ""}, "MessageBody"),
        ("delete_message", {}, "ReceiptHandle"),
        ("change_message_visibility", {"VisibilityTimeout": 1}, "ReceiptHandle"),
        ("change_message_visibility", {"ReceiptHandle": "x"}, "VisibilityTimeout"),
    ],
)
def test_missing_parameters(careless, queue, method, arguments, missing):
    assert refused(getattr(careless, method), QueueUrl=queue, **arguments) == (
        "MissingParameter",
        f"The request must contain the parameter {missing}.",
        400,
    )


@pytest.mark.parametrize(
    "method, arguments",
    [
        ("add_permission", {"AWSAccountIds": ["111122223333"], "Actions": ["*"]}),
        ("remove_permission", {}),
        ("set_queue_attributes", {}),
        ("tag_queue", {}),
        ("untag_queue", {}),
        ("send_message_batch", {}),
        ("delete_message_batch", {}),
        ("change_message_visibility_batch", {}),
    ],
)
def test_more_missing_parameters(careless, queue, method, arguments):
    code, message, status = refused(getattr(careless, method), QueueUrl=queue, **arguments)
    assert status == 400
    assert code in ("MissingParameter", "InvalidParameterValue", PREFIX + "EmptyBatchRequest")


@pytest.mark.parametrize("method", ["start_message_move_task", "list_message_move_tasks", "cancel_message_move_task"])
def test_tasks_need_a_name(careless, method):
    code, _, status = refused(getattr(careless, method))
    assert (code, status) in [("MissingParameter", 400), ("InvalidParameterValue", 400)]


def test_no_queue_url(careless):
    assert refused(careless.send_message, MessageBody="x")[2] == 400
    assert refused(careless.get_queue_attributes)[2] == 400


@pytest.mark.parametrize(
    "method, arguments",
    [
        ("add_permission", {"Label": "l", "AWSAccountIds": ["111122223333"], "Actions": ["*"]}),
        ("change_message_visibility", {"ReceiptHandle": "x", "VisibilityTimeout": 1}),
        (
            "change_message_visibility_batch",
            {"Entries": [{"Id": "a", "ReceiptHandle": "x", "VisibilityTimeout": 1}]},
        ),
        ("delete_message", {"ReceiptHandle": "x"}),
        ("delete_message_batch", {"Entries": [{"Id": "a", "ReceiptHandle": "x"}]}),
        ("delete_queue", {}),
        ("get_queue_attributes", {"AttributeNames": ["All"]}),
        ("list_dead_letter_source_queues", {}),
        ("list_queue_tags", {}),
        ("purge_queue", {}),
        ("receive_message", {}),
        ("remove_permission", {"Label": "l"}),
        ("send_message", {"MessageBody": "x"}),
        ("send_message_batch", {"Entries": [{"Id": "a", "MessageBody": "x"}]}),
        ("set_queue_attributes", {"Attributes": {"DelaySeconds": "1"}}),
        ("tag_queue", {"Tags": {"a": "b"}}),
        ("untag_queue", {"TagKeys": ["a"]}),
    ],
)
def test_every_action_on_a_missing_queue(server, sqs, account, dialect, method, arguments):
    missing = f"{server.endpoint}/{account}/nowhere"
    words = {
        "json": "The specified queue does not exist.",
        "query": "The specified queue does not exist for this wsdl version.",
    }
    expected = (PREFIX + "NonExistentQueue", words[dialect], 400)
    assert refused(getattr(sqs, method), QueueUrl=missing, **arguments) == expected
    with pytest.raises(sqs.exceptions.QueueDoesNotExist) as caught:
        getattr(sqs, method)(QueueUrl=missing, **arguments)
    assert caught.value.response["Error"]["Type"] == "Sender"


def test_names_are_needed(sqs, careless):
    assert refused(sqs.create_queue, QueueName="") == ("InvalidParameterValue", "Queue name cannot be empty", 400)
    code, _, status = refused(careless.create_queue)
    assert status == 400 and code in ("InvalidParameterValue", "MissingParameter")
    code, _, status = refused(careless.get_queue_url)
    assert (code, status) == ("InvalidParameterValue", 400)


def test_classes(sqs, queue, name):
    """What users catch."""
    errors = sqs.exceptions

    def raises(error, call, **arguments):
        with pytest.raises(error) as caught:
            call(**arguments)
        return caught.value.response["Error"]["Code"]

    url = {"QueueUrl": queue}
    entry = {"Id": "a", "MessageBody": "x"}
    assert raises(errors.EmptyBatchRequest, sqs.send_message_batch, Entries=[], **url) == PREFIX + "EmptyBatchRequest"
    for error, entries in [
        (errors.TooManyEntriesInBatchRequest, [{**entry, "Id": str(n)} for n in range(11)]),
        (errors.BatchEntryIdsNotDistinct, [entry, entry]),
        (errors.InvalidBatchEntryId, [{**entry, "Id": "x" * 81}]),
        (errors.BatchRequestTooLong, [{"Id": str(n), "MessageBody": "x" * 600_000} for n in range(2)]),
    ]:
        assert raises(error, sqs.send_message_batch, Entries=entries, **url) == PREFIX + error.__name__
    raises(errors.InvalidMessageContents, sqs.send_message, MessageBody="\x01", **url)
    raises(errors.ReceiptHandleIsInvalid, sqs.delete_message, ReceiptHandle="x", **url)
    raises(errors.InvalidAttributeName, sqs.get_queue_attributes, AttributeNames=["Colour"], **url)
    raises(errors.QueueNameExists, sqs.create_queue, QueueName=name, Attributes={"DelaySeconds": "7"})
    sqs.purge_queue(**url)
    raises(errors.PurgeQueueInProgress, sqs.purge_queue, **url)
    sqs.delete_queue(**url)
    raises(errors.QueueDeletedRecently, sqs.create_queue, QueueName=name)


@pytest.mark.parametrize("bad", ["\x00", "a\x08b", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_characters(sqs, queue, bad):
    words = (
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | "
        "#xE000 to #xFFFD | #x10000 to #x10FFFF"
    )
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody=bad) == ("InvalidMessageContents", words, 400)
    attributes = {"a": text(bad)}
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody="x", MessageAttributes=attributes) == (
        "InvalidParameterValue",
        words,
        400,
    )
    reply = sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "a", "MessageBody": bad}])
    assert [(e["Code"], e["SenderFault"]) for e in reply["Failed"]] == [("InvalidMessageContents", True)]
    assert counts(sqs, queue) == (0, 0, 0)


@pytest.mark.parametrize(
    "attributes, words",
    [
        ({"a": text("")}, "Message (user) attribute 'a' must contain a non-empty value of type 'String'."),
        ({"a" * 257: text("v")}, "Message (user) attribute names must be shorter than 256 Bytes"),
        (
            {"a b": text("v")},
            "Message (user) attributes name can only contain upper and lower score characters, digits, periods, "
            "hyphens and underscores.",
        ),
        *[
            (
                {reserved: text("v")},
                "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are "
                "reserved for internal use. Additionally, they cannot start or end with '.'.",
            )
            for reserved in ("AWS.a", "aws.a", "Amazon.a", ".a", "a.")
        ],
        (
            {"a": {"DataType": "Colour", "StringValue": "v"}},
            "Type for parameter MessageAttributes.Attribute_name.DataType must be prefixed with "
            '"String", "Binary", or "Number", but was: Colour',
        ),
        (
            {"a": {"DataType": "String." + "x" * 250, "StringValue": "v"}},
            "Message (user) attribute types must be shorter than 256 Bytes",
        ),
        (
            {"a": {"DataType": "Number", "StringValue": "1,5"}},
            "Can't cast the value of message (user) attribute 'a' to a number.",
        ),
        ({f"a{n}": text("v") for n in range(11)}, "Number of message attributes [11] exceeds the allowed maximum [10]."),
    ],
)
def test_message_attributes(sqs, queue, attributes, words):
    answer = refused(sqs.send_message, QueueUrl=queue, MessageBody="x", MessageAttributes=attributes)
    assert (answer[0], answer[1].strip(), answer[2]) == ("InvalidParameterValue", words, 400)


def test_lists_are_not_supported(sqs, queue):
    for values in ({"StringListValues": ["a"]}, {"BinaryListValues": [b"a"]}):
        attributes = {"a": {"DataType": "String", **values}}
        code, _, status = refused(sqs.send_message, QueueUrl=queue, MessageBody="x", MessageAttributes=attributes)
        assert (code, status) == (PREFIX + "UnsupportedOperation", 400)


def test_only_one_system_attribute_may_be_sent(sqs, careless, queue):
    system = {"SenderId": text("me")}
    call = {"QueueUrl": queue, "MessageBody": "x", "MessageSystemAttributes": system}
    assert refused(careless.send_message, **call)[::2] == ("InvalidParameterValue", 400)
    system = {"AWSTraceHeader": {"DataType": "Number", "StringValue": "1"}}
    call = {"QueueUrl": queue, "MessageBody": "x", "MessageSystemAttributes": system}
    assert refused(careless.send_message, **call)[::2] == ("InvalidParameterValue", 400)


def test_unknown_names_on_receive(sqs, queue):
    assert refused(sqs.receive_message, QueueUrl=queue, AttributeNames=["Colour"])[::2] == (
        "InvalidAttributeName",
        400,
    )
    # Names of message attributes are only looked for.
    assert receive(sqs, queue, MessageAttributeNames=["AWS.", "..foo", "no such"]) == []


def test_the_whole_life_in_flight_is_bounded(sqs, queue):
    """43,200 s count from the receive, so the maximum is refused as soon as time has passed."""
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    [message] = receive(sqs, queue)
    change = {"QueueUrl": queue, "ReceiptHandle": message["ReceiptHandle"]}
    assert refused(sqs.change_message_visibility, VisibilityTimeout=43201, **change) == (
        "InvalidParameterValue",
        "Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.",
        400,
    )
    answer = None
    while answer is None:
        try:
            sqs.change_message_visibility(VisibilityTimeout=43200, **change)
        except sqs.exceptions.ClientError:
            answer = refused(sqs.change_message_visibility, VisibilityTimeout=43200, **change)
    assert answer == (
        "InvalidParameterValue",
        "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message "
        "is beyond the limit [43200 seconds]",
        400,
    )
    delete(sqs, queue, [message])


def test_attributes_count_towards_the_size(sqs, queue):
    value = {"a": {"DataType": "Binary", "BinaryValue": b"x" * 100}}
    size = 1_048_576 - 100 - len("a") - len("Binary")
    sqs.send_message(QueueUrl=queue, MessageBody="x" * size, MessageAttributes=value)
    answer = refused(sqs.send_message, QueueUrl=queue, MessageBody="x" * (size + 1), MessageAttributes=value)
    assert answer == (
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
        400,
    )


def test_a_batch_is_larger_than_the_limit_of_its_queue(sqs, name):
    queue = create(sqs, name, MaximumMessageSize="1024")
    entries = [{"Id": str(n), "MessageBody": "x" * 1024} for n in range(10)]
    assert len(sqs.send_message_batch(QueueUrl=queue, Entries=entries)["Successful"]) == 10


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b'{"QueueName": 5}', b'{"QueueName": {}}', b"\xff"])
def test_bodies_that_are_no_request(server, body):
    target = {"Content_Type": "application/x-amz-json-1.0", "X_Amz_Target": "AmazonSQS.CreateQueue"}
    status, headers, answer = raw(server, body, **target)
    assert status == 400
    assert headers["x-amzn-query-error"] == "MalformedInput;Sender"
    assert headers["x-amzn-RequestId"]
    assert json.loads(answer)["__type"] == "com.amazon.coral.service#SerializationException"


@pytest.mark.parametrize("target", ["AmazonSQS.Frobnicate", "AmazonSQS.", "SendMessage", ""])
def test_targets_that_are_no_action(server, target):
    headers = {"Content_Type": "application/x-amz-json-1.0", "X_Amz_Target": target}
    status, headers, answer = raw(server, b"{}", **headers)
    assert status == 400
    assert headers["x-amzn-query-error"] == "InvalidAction;Sender"
    assert json.loads(answer)["__type"] == "com.amazon.coral.service#UnknownOperationException"
