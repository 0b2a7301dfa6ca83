"""The rig itself: an endpoint, a front and an authority do what the tests take for granted.

Run by hand, with any Python that has pytest and cryptography: `python -m pytest tests/endpoints`.
"""

import http.client
import json
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request

import pytest

import web_endpoint
from authority import Authority
from challenges import Basic, Digest
from tls_front import TlsFront, resolved_to
from web_endpoint import WebEndpoint, answer, close, demand, hang, redirect, reset


@pytest.fixture
def web():
    endpoint = WebEndpoint()
    yield endpoint
    endpoint.stop()


def post(path, kind="Notification", body=b"{}", handlers=(), timeout=5):
    request = urllib.request.Request(path.url, body, {web_endpoint.KIND: kind})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *handlers)
    try:
        with opener.open(request, timeout=timeout) as reply:
            reply.read()
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def test_requests_are_recorded_by_path(web):
    path, other = web.path(), web.path()
    assert post(path, body='{"a":"ü"}'.encode()) == 200
    [request] = path.wait(1)
    assert (request.message, request.headers["content-length"]) == ({"a": "ü"}, "10")
    assert other.requests == []


def test_failures_are_used_up(web):
    path = web.path().fails(2, answer(503))
    assert [post(path) for _ in range(3)] == [503, 503, 200]
    path.always(answer(404))
    assert post(path) == 404


def test_confirmations_are_visited_from_within_the_handler(web):
    topic = web.path("/?Action=ConfirmSubscription")
    topic.otherwise = answer(200, body=b"<Confirmed/>")
    path = web.path()
    body = json.dumps({"SubscribeURL": topic.url}).encode()
    assert post(path, "SubscriptionConfirmation", body) == 200
    assert path.wait_confirmed().confirmation == (200, "<Confirmed/>")


@pytest.mark.parametrize("behaviour", [close, reset])
def test_broken_connections(web, behaviour):
    path = web.path().fails(1, behaviour)
    with pytest.raises((urllib.error.URLError, http.client.RemoteDisconnected, ConnectionResetError)):
        post(path)
    assert post(path) == 200


def test_hanging_ends_with_the_server(web):
    path = web.path().always(hang)
    ended = threading.Event()

    def ask():
        with pytest.raises((OSError, http.client.HTTPException)):
            post(path, timeout=30)
        ended.set()

    threading.Thread(target=ask, daemon=True).start()
    path.wait(1)
    assert not ended.is_set()
    web.down()
    assert ended.wait(5)


def test_the_port_is_kept(web):
    path = web.path()
    web.down()
    with pytest.raises(urllib.error.URLError):
        post(path)
    web.up()
    assert post(path) == 200


def test_redirects_lead_back(web):
    path = web.path().always(redirect(307))
    connection = http.client.HTTPConnection("127.0.0.1", web.port)
    connection.request("POST", path.target, b"{}")
    reply = connection.getresponse()
    assert (reply.status, reply.headers["Location"]) == (307, path.url)


@pytest.mark.parametrize("challenge", [Basic("user", "pass word"), Digest("user", "pass word")])
def test_credentials_are_demanded(web, challenge):
    path = web.path().always(demand(challenge))
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, path.url, "user", "pass word")
    handler = {Basic: urllib.request.HTTPBasicAuthHandler, Digest: urllib.request.HTTPDigestAuthHandler}
    assert post(path) == 401
    assert post(path, handlers=[handler[type(challenge)](passwords)]) == 200


def test_slow_answers(web):
    path = web.path().fails(1, web_endpoint.late(0.3)).fails(1, web_endpoint.slowly(0.3))
    for _ in range(2):
        started = time.monotonic()
        assert post(path) == 200
        assert time.monotonic() - started >= 0.3


def test_the_front_takes_tls_off(web, tmp_path):
    authority = Authority(str(tmp_path))
    host = "sns.us-east-1.amazonaws.com"
    path = web.path("/a.pem")
    path.otherwise = answer(200, body=b"x" * 100_000)
    # Any port will do where the clients can be told of it.
    front = TlsFront(authority.context(host), lambda: f"127.0.0.1:{web.port}", port=0)
    with resolved_to(front.address, host):
        url = f"https://{host}:{front.port}/a.pem"
        with urllib.request.urlopen(url, context=authority.client_context(), timeout=5) as reply:
            assert reply.read() == b"x" * 100_000
        with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
            urllib.request.urlopen(url, context=ssl.create_default_context(), timeout=5)
    assert path.requests[0].headers["host"] == f"{host}:{front.port}"
    front.stop()
    with pytest.raises(OSError):
        socket.create_connection((front.address, front.port), timeout=5)
