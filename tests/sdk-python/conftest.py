"""Fixtures: one open server for the whole session, an account of its own for each test, and a watch on the
server's log: a WARN or ERROR line fails the test in which it was written, unless the test expects it."""

import itertools
import os
import tempfile

import botocore
import pytest

from calls import create
from postrider import Server

_names = itertools.count(1)


def pytest_report_header(config):
    return f"botocore {botocore.__version__}, shards {os.environ.get('POSTRIDER_SHARDS', '1')}"


@pytest.fixture(scope="session")
def scratch():
    """Where servers keep their data and logs. It stays, so that a failure can be looked into."""
    return tempfile.mkdtemp(prefix="postrider-", dir=os.environ.get("POSTRIDER_SCRATCH"))


@pytest.fixture(scope="session")
def shared_server(scratch):
    directory = os.path.join(scratch, "shared")
    os.makedirs(directory)
    server = Server(directory).start()
    yield server
    server.stop()


def _expected(request):
    return [mark.args[0] for mark in request.node.iter_markers("expect_log")]


# Told at most once a minute, so in the middle of some other test: that of a server for each test is looked at.
DROPPED = "deliveries were dropped"


@pytest.fixture
def server(shared_server, request):
    """The open server that all tests share."""
    since = len(shared_server.log())
    yield shared_server
    complaints = shared_server.complaints(since, [*_expected(request), DROPPED])
    assert not complaints, "the server complained:\n" + "\n".join(complaints)


@pytest.fixture
def own_server(scratch, request):
    """Makes servers of the test's own, which it may kill: `own_server(credential=..., more=...)`."""
    made = []

    def make(**settings):
        directory = os.path.join(scratch, f"own-{next(_names)}")
        os.makedirs(directory)
        made.append(Server(directory, **settings).start())
        return made[-1]

    yield make
    for server in made:
        server.stop()
        complaints = server.complaints(0, _expected(request))
        assert not complaints, "the server complained:\n" + "\n".join(complaints)


@pytest.fixture
def account():
    """An account that no other test uses."""
    return f"{210000000000 + next(_names):012d}"


@pytest.fixture
def sqs(server, account):
    return server.client("sqs", key=account)


@pytest.fixture
def sns(server, account):
    return server.client("sns", key=account)


@pytest.fixture
def dialect(sqs):
    """`json` or `query`: what this SDK speaks to SQS."""
    return sqs.meta.service_model.metadata["protocol"]


@pytest.fixture
def name():
    return f"test-{next(_names)}"


@pytest.fixture
def queue(sqs, name):
    """The URL of a new queue."""
    return sqs.create_queue(QueueName=name)["QueueUrl"]


@pytest.fixture
def fifo(sqs, name):
    """The URL of a new FIFO queue; every message brings its own deduplication id."""
    return create(sqs, f"{name}.fifo")


@pytest.fixture
def content_fifo(sqs, name):
    """The URL of a new FIFO queue that deduplicates by content."""
    return create(sqs, f"{name}-content.fifo", ContentBasedDeduplication="true")
