"""Fixtures: a server that says it is `sns.us-east-1.amazonaws.com`, and a TLS front under that name.

The server listens on plain loopback; its setting `url` makes the URLs in messages what validators demand.
"""

import collections
import subprocess

import pytest

from authority import Authority
from judges import HOST
from postrider import Server
from tls_front import TlsFront

Surroundings = collections.namedtuple("Surroundings", "authority address hosts_file trust_store")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("server")
    server = Server(str(directory), more=["--url", "https://sns.{region}.amazonaws.com"]).start()
    yield server
    server.stop()
    complaints = server.complaints()
    assert not complaints, "the server complained:\n" + "\n".join(complaints)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(str(tmp_path_factory.mktemp("authority")))


@pytest.fixture(scope="session")
def surroundings(server, authority, tmp_path_factory):
    """What the validators need to know of the world: where the host is, and whom to trust."""
    front = TlsFront(authority.context(HOST), lambda: server.api)
    directory = tmp_path_factory.mktemp("java")
    hosts_file = directory / "hosts"
    hosts_file.write_text(f"{front.address} {HOST}\n")
    trust_store = directory / "trusted.p12"
    subprocess.run(
        ["keytool", "-importcert", "-noprompt", "-alias", "authority", "-file", authority.certificate_path,
         "-keystore", trust_store, "-storetype", "PKCS12", "-storepass", "changeit"],
        check=True, capture_output=True,
    )  # fmt: skip
    yield Surroundings(authority, front.address, hosts_file, trust_store)
    front.stop()


@pytest.fixture(scope="session")
def sns(server):
    return server.client("sns")


@pytest.fixture(scope="session")
def sqs(server):
    return server.client("sqs")
