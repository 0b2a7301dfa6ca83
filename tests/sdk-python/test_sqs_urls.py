"""Where a queue is: URLs in all the forms that clients have kept, hosts, regions, accounts."""

import urllib.error
import urllib.parse
import urllib.request

import pytest

from calls import bodies, queue_arn, receive, refused

pytestmark = pytest.mark.sqs

FORMS = [
    "{name}",
    "{account}/{name}",
    "/{account}/{name}",
    "{endpoint}/{account}/{name}",
    "http://localhost:9/{account}/{name}",
    "https://sqs.us-east-1.amazonaws.com/{account}/{name}",
    "https://sqs.eu-west-1.amazonaws.com/{account}/{name}",
    "https://queue.amazonaws.com/{account}/{name}",
    "https://us-east-1.queue.amazonaws.com/{account}/{name}",
    "https://sqs.us-east-1.api.aws/{account}/{name}",
    "https://vpce-1.sqs.us-east-1.vpce.amazonaws.com/{account}/{name}",
    "http://proxy.test/some/prefix/{account}/{name}",
    "http://x.test:1/{account}/{name}?a=b",
]
QUERY = {"Content-Type": "application/x-www-form-urlencoded"}


def fetch(request):
    """Status and text of a raw request."""
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_a_url(server, sqs, queue, account, name, form):
    url = form.format(endpoint=server.endpoint, account=account, name=name)
    sent = sqs.send_message(QueueUrl=url, MessageBody=url)
    [message] = receive(sqs, url)
    assert (message["Body"], message["MessageId"]) == (url, sent["MessageId"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nowhere",
        "http://x.test/",
        "{endpoint}/{account}/",
        "{endpoint}/{account}/{name}-2",
        "{endpoint}/{account}/{upper}",
        "{endpoint}/219999999999/{name}",
        "{endpoint}/not-an-account/{name}/x",
    ],
)
def test_urls_of_nothing(server, sqs, queue, account, name, bad):
    url = bad.format(endpoint=server.endpoint, account=account, name=name, upper=name.upper())
    code, _, status = refused(sqs.send_message, QueueUrl=url, MessageBody="x")
    assert status == 400
    assert code in ("AWS.SimpleQueueService.NonExistentQueue", "InvalidAddress") or (code, bad) == (
        "MissingParameter",
        "",
    )


def test_urls_name_the_host_that_the_client_used(server, account, name):
    port = server.api.rsplit(":", 1)[1]
    endpoint = f"http://localhost:{port}"
    sqs = server.client("sqs", key=account, endpoint=endpoint)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert url == f"{endpoint}/{account}/{name}"
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    assert sqs.list_queues()["QueueUrls"] == [url]
    other = server.client("sqs", key=account)
    assert other.list_queues()["QueueUrls"] == [f"{server.endpoint}/{account}/{name}"]


def test_urls_have_the_base_that_is_set(own_server, name):
    server = own_server(more=["--url", "https://sqs.example.test:4566"])
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert url == f"https://sqs.example.test:4566/000000000000/{name}"
    sqs.send_message(QueueUrl=url, MessageBody="x")
    assert bodies(receive(sqs, url)) == ["x"]


def test_regions_share_an_endpoint(server, account, name):
    here, there = (server.client("sqs", key=account, region=region) for region in ("us-east-1", "eu-west-1"))
    urls = [client.create_queue(QueueName=name)["QueueUrl"] for client in (here, there)]
    for client, url, region in zip((here, there), urls, ("us-east-1", "eu-west-1")):
        assert queue_arn(client, url) == f"arn:aws:sqs:{region}:{account}:{name}"
        assert client.list_queues()["QueueUrls"] == [url]
        client.send_message(QueueUrl=url, MessageBody=region)
    # A URL names no region: that of the signature counts.
    assert bodies(receive(there, urls[1])) == ["eu-west-1"]
    assert bodies(receive(here, urls[0])) == ["us-east-1"]
    there.delete_queue(QueueUrl=urls[1])
    assert here.get_queue_url(QueueName=name)["QueueUrl"] == urls[0]


def test_the_owner_is_named(server, sqs, queue, account, name):
    assert sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"] == queue
    code, _, status = refused(sqs.get_queue_url, QueueName=name, QueueOwnerAWSAccountId="219999999999")
    assert status in (400, 403)
    assert code in ("AWS.SimpleQueueService.NonExistentQueue", "AccessDenied")


def test_the_path_names_the_queue(server, sqs, queue, account, name):
    """Query without `QueueUrl`, and without `Version`, as clients of the first days send it."""
    status, answer = fetch(urllib.request.Request(queue, data=b"Action=SendMessage&MessageBody=by+path", headers=QUERY))
    assert status == 200 and "<SendMessageResponse" in answer
    other = sqs.create_queue(QueueName=f"{name}-other")["QueueUrl"]
    form = urllib.parse.urlencode({"Action": "SendMessage", "MessageBody": "by url", "QueueUrl": other})
    assert fetch(urllib.request.Request(queue, data=form.encode(), headers=QUERY))[0] == 200
    query = urllib.parse.urlencode({"Action": "SendMessage", "MessageBody": "by get", "Version": "2012-11-05"})
    assert fetch(f"{queue}?{query}")[0] == 200
    assert sorted(bodies(receive(sqs, queue))) == ["by get", "by path"]
    assert bodies(receive(sqs, other)) == ["by url"]


def test_what_a_queue_does_not_do(queue):
    for action in ("CreateQueue&QueueName=x", "ListQueues"):
        form = f"Action={action}&Version=2012-11-05".encode()
        status, answer = fetch(urllib.request.Request(queue, data=form, headers=QUERY))
        said = f"The action {action.split('&')[0]} is not valid for this endpoint."
        assert status == 400
        assert "<Code>InvalidAction</Code>" in answer and said in answer
    status, answer = fetch(queue)
    assert (status, answer.strip()) == (404, "<UnknownOperationException/>")
