"""Validators accept the messages that confirm and end subscriptions of HTTP endpoints, and none that was changed.

The links in them are visited as applications do it: at `sns.us-east-1.amazonaws.com`, with TLS.
"""

import json
import urllib.request

import pytest

from judges import HOST, JUDGES, NOTIFICATION, SUBSCRIPTION, UNSUBSCRIPTION
from tls_front import resolved_to
from web_endpoint import WebEndpoint


@pytest.fixture(scope="module", params=["1", "2"])
def version(request):
    return request.param


@pytest.fixture(scope="module")
def bodies(sns, surroundings, version):
    """The text of each kind of message, as one endpoint received them: subscribed, notified, unsubscribed by the
    link in the notification."""
    trusting = urllib.request.HTTPSHandler(context=surroundings.authority.client_context())
    web = WebEndpoint(opener=urllib.request.build_opener(urllib.request.ProxyHandler({}), trusting))
    topic = sns.create_topic(Name=f"confirmed-{version}", Attributes={"SignatureVersion": version})["TopicArn"]
    path = web.path()
    with resolved_to(surroundings.address, HOST):
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=path.url)
        confirmation = path.wait_confirmed()
        sns.publish(TopicArn=topic, Message="Grüße\n🚀", Subject="Greetings")
        [notification] = path.wait(1)
        status, text = web.visit(notification.message["UnsubscribeURL"])
        assert (status, "UnsubscribeResponse" in text) == (200, True), text
        [farewell] = path.wait(1, UNSUBSCRIPTION)
    yield {SUBSCRIPTION: confirmation.text, NOTIFICATION: notification.text, UNSUBSCRIPTION: farewell.text}
    web.stop()


@pytest.mark.parametrize("judge", JUDGES, ids=str)
def test_genuine_messages_are_accepted(judge, bodies, version, surroundings):
    verdicts = dict(zip(bodies, judge.verdicts(bodies.values(), surroundings), strict=True))
    accepted = {kind for kind, verdict in verdicts.items() if verdict == "ok"}
    assert accepted == (judge.kinds if version in judge.versions else set()), verdicts


def changed(confirmation):
    other = "0" * len(confirmation["Token"])
    return {
        "token": {**confirmation, "Token": other},
        "link": {**confirmation, "SubscribeURL": confirmation["SubscribeURL"].replace(HOST, "sns.example.com")},
        "topic": {**confirmation, "TopicArn": confirmation["TopicArn"] + "-other"},
        "message": {**confirmation, "Message": confirmation["Message"] + "."},
        "kind": {**confirmation, "Type": NOTIFICATION},
    }


@pytest.mark.parametrize("judge", JUDGES, ids=str)
def test_forgeries_are_refused(judge, bodies, surroundings):
    forgeries = changed(json.loads(bodies[SUBSCRIPTION]))
    verdicts = judge.verdicts(map(json.dumps, forgeries.values()), surroundings)
    told = dict(zip(forgeries, verdicts, strict=True))
    assert {what for what, verdict in told.items() if not verdict.startswith("refused ")} == set(), told
