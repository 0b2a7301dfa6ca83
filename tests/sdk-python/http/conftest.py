"""Fixtures of the tests of deliveries over HTTP: a web server that is posted to, a topic, a dead-letter queue."""

import pytest

from calls import create, queue_arn
from web_endpoint import WebEndpoint


@pytest.fixture
def web():
    """A web server of the test's own."""
    endpoint = WebEndpoint()
    yield endpoint
    endpoint.stop()


@pytest.fixture
def path(web):
    """One endpoint of it."""
    return web.path()


@pytest.fixture
def topic(sns, name):
    return sns.create_topic(Name=name)["TopicArn"]


@pytest.fixture
def dead(sqs, name):
    """URL and ARN of a queue for what could not be delivered."""
    queue = create(sqs, f"{name}-dead")
    return queue, queue_arn(sqs, queue)


@pytest.fixture
def authority(tmp_path):
    authority = pytest.importorskip("authority")
    return authority.Authority(str(tmp_path))
