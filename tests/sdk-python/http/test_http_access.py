"""Where deliveries may go and how they prove who they are: credentials, addresses, certificates (sns 2, 9 and 10)."""

import contextlib
import json

import pytest

from ask import SUBSCRIPTION, allowing, asked, at_once, counted, dead_letters, every_second, subscribed, trusting
from calls import receive_n, refused
from challenges import Basic, Digest
from web_endpoint import WebEndpoint, answer, demand

ID, SECRET = "AKIDEXAMPLE0000MQ01", "made-up-secret/for+tests"
USER, PASSWORD = "sns user", "päss:w%rd"
WRITTEN = "sns%20user:p%C3%A4ss%3Aw%25rd"


def with_credentials(path, written=WRITTEN):
    return path.url.replace("://", f"://{written}@")


CHALLENGES = {
    "basic": lambda: Basic(USER, PASSWORD),
    "digest": lambda: Digest(USER, PASSWORD),
    "digest with SHA-256": lambda: Digest(USER, PASSWORD, "SHA-256"),
}


@pytest.mark.parametrize("challenge", CHALLENGES)
def test_a_challenge_is_answered(sns, path, topic, challenge):
    """First without credentials, then with them; that is one attempt."""
    challenge = CHALLENGES[challenge]()
    path.always(demand(challenge))
    subscribed(sns, topic, path, url=with_credentials(path), DeliveryPolicy=at_once(0))
    sns.publish(TopicArn=topic, Message="x")
    first, second = path.wait(2)
    assert "authorization" not in first.headers
    assert challenge.accepts("POST", second.headers["authorization"])
    assert first.body == second.body


def test_a_confirmation_is_challenged_too(sns, path, topic):
    path.auto_confirm(False).confirmations = demand(Basic(USER, PASSWORD))
    asked(sns, topic, path, url=with_credentials(path))
    assert ["authorization" in request.headers for request in path.wait(2, SUBSCRIPTION)] == [False, True]


@pytest.mark.expect_log("deliver")
@pytest.mark.parametrize("written", [None, "sns%20user:wrong"])
def test_credentials_that_are_wrong(sns, sqs, path, topic, dead, written):
    path.always(demand(Basic(USER, PASSWORD)))
    url = with_credentials(path, written) if written else path.url
    subscribed(sns, topic, path, url=url, DeliveryPolicy=at_once(3), RedrivePolicy=dead_letters(dead))
    sns.publish(TopicArn=topic, Message="x")
    receive_n(sqs, dead[0], 1)
    # 401 is permanent: no further attempt.
    path.wait(2 if written else 1)


@pytest.mark.expect_log("deliver")
def test_passwords_are_not_logged(sns, path, topic, server):
    since = len(server.log())
    subscribed(sns, topic, path, url=with_credentials(path), DeliveryPolicy=at_once(0))
    path.fails(1)
    sns.publish(TopicArn=topic, Message="fails")
    path.wait(1)
    sns.publish(TopicArn=topic, Message="arrives")
    path.wait(2)
    log = server.log()[since:]
    assert not any(secret in log for secret in (WRITTEN.partition(":")[2], PASSWORD))


INTERNAL = [
    "http://10.0.0.1/",
    "http://172.16.0.1:8080/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.1.1/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://[fe80::1]/",
    "http://[fd00::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[64:ff9b::a00:1]/",
    # The metadata service, in all its spellings.
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://user:secret@169.254.169.254/",
]


@pytest.mark.parametrize("endpoint", INTERNAL)
def test_internal_addresses_are_refused(sns, topic, endpoint):
    call = {"TopicArn": topic, "Protocol": "http", "Endpoint": endpoint}
    code, _, status = refused(sns.subscribe, **call)
    assert (code, status) in [("AuthorizationError", 403), ("InvalidParameter", 400)]
    assert counted(sns, topic) == (0, 0, 0)


def closed(own_server, *more):
    server = own_server(credential=(ID, SECRET), more=more)
    sns = server.client("sns", key=ID, secret=SECRET)
    return sns, sns.create_topic(Name="t")["TopicArn"]


@pytest.mark.expect_log("deliver")
def test_loopback_is_for_open_servers_only(own_server, path):
    sns, topic = closed(own_server)
    for endpoint in (path.url, path.url.replace("127.0.0.1", "[::1]"), path.url.replace("127.0.0.1", "127.9.9.9")):
        code, _, status = refused(sns.subscribe, TopicArn=topic, Protocol="http", Endpoint=endpoint)
        assert (code, status) == ("AuthorizationError", 403)
    assert path.of(None) == []


@pytest.mark.expect_log("deliver")
def test_names_are_judged_by_their_addresses(own_server):
    """A name says nothing: what it resolves to is judged, at each attempt."""
    web = WebEndpoint(bind="0.0.0.0")
    named, allowed = web.path(), web.path()
    sns, topic = closed(own_server, *allowing("127.0.0.2/32"))
    name = named.url.replace("127.0.0.1", "localhost")
    # A server that looks at once is as good.
    with contextlib.suppress(sns.exceptions.AuthorizationErrorException):
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=name)
    subscribed(sns, topic, allowed, url=allowed.url.replace("127.0.0.1", "127.0.0.2"))
    sns.publish(TopicArn=topic, Message="x")
    allowed.wait(1)
    assert named.of(None) == []
    web.stop()


def test_what_is_configured_is_allowed(own_server, path):
    sns, topic = closed(own_server, *allowing("10.0.0.0/8", "127.0.0.0/8"))
    subscribed(sns, topic, path)
    sns.publish(TopicArn=topic, Message="x")
    path.wait(1)
    # A network that is allowed does not open the metadata service.
    for endpoint in ("http://169.254.169.254/", "http://192.168.0.1/"):
        code, _, status = refused(sns.subscribe, TopicArn=topic, Protocol="http", Endpoint=endpoint)
        assert (code, status) == ("AuthorizationError", 403)


@pytest.fixture
def secure(authority):
    """A web server with a certificate of the test's authority, for `localhost`."""
    web = WebEndpoint(host="localhost", bind="127.0.0.1", context=authority.context("localhost", "127.0.0.1"))
    yield web
    web.stop()


def test_tls_with_an_authority_of_ones_own(own_server, authority, secure):
    sns = own_server(more=trusting(authority.certificate_path)).client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    path = secure.path()
    subscribed(sns, topic, path)
    sns.publish(TopicArn=topic, Message=json.dumps({"default": "d", "https": "s"}), MessageStructure="json")
    [request] = path.wait(1)
    assert request.message["Message"] == "s"
    assert request.headers["host"] == f"localhost:{secure.port}"
    path.fails(1, answer(500))
    sns.set_subscription_attributes(
        SubscriptionArn=request.headers["x-amz-sns-subscription-arn"],
        AttributeName="DeliveryPolicy",
        AttributeValue=json.dumps(at_once(1)),
    )
    sns.publish(TopicArn=topic, Message="again")
    path.wait(3)


@pytest.mark.expect_log("deliver")
def test_certificates_nobody_vouches_for(own_server, authority, secure):
    """Nothing is sent over a connection that cannot be trusted; another attempt may find a better one."""
    server = own_server(more=trusting(authority.certificate_path))
    sns, sqs = server.client("sns"), server.client("sqs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead = queue, "arn:aws:sqs:us-east-1:000000000000:dead"
    path = secure.path()
    arn = subscribed(sns, topic, path, DeliveryPolicy=every_second(1), RedrivePolicy=dead_letters(dead))
    # The same endpoint comes back with a certificate for somebody else.
    secure.down()
    secure.use(authority.context("elsewhere.example"))
    secure.up()
    sns.publish(TopicArn=topic, Message="x")
    receive_n(sqs, queue, 1)
    assert path.of() == []
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "false"
