"""The validators, each a process of its own that judges a list of messages.

What they are made of is installed before: `POSTRIDER_VALIDATORS` is a directory with `node_modules` (by `npm ci`
from `package-lock.json`) and `jars` (by Maven from `pom.xml`); the Python ones are in the environment of the tests.
None of them is changed or configured: names lead elsewhere, and an authority of the tests' is trusted.
"""

import base64
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
HOST = "sns.us-east-1.amazonaws.com"
ENDS_WITHIN_S = 60
NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"
UNSUBSCRIPTION = "UnsubscribeConfirmation"
EVERY_KIND = {NOTIFICATION, SUBSCRIPTION, UNSUBSCRIPTION}


class Judge:
    """A validator: what runs it, which signature versions it knows, which kinds of messages it gets right, and
    which forgeries it does not notice."""

    def __init__(self, name, runtime, versions=("1", "2"), kinds=EVERY_KIND, overlooks=()):
        self.name, self.runtime, self.versions, self.kinds = name, runtime, versions, kinds
        self.overlooks = set(overlooks)

    def __repr__(self):
        return self.name

    def verdicts(self, messages, surroundings):
        """`ok` or `refused <why>` for each message, which is the text as it was received."""
        command, more = self.runtime(self.name, surroundings)
        environment = {**os.environ, "SNS_HOST": HOST, "SNS_ADDRESS": surroundings.address, **more}
        messages = list(messages)
        lines = "".join(base64.b64encode(message.encode()).decode() + "\n" for message in messages)
        done = subprocess.run(
            command, env=environment, input=lines, capture_output=True, text=True, timeout=ENDS_WITHIN_S, check=False
        )
        assert done.returncode == 0, f"{self} failed\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        verdicts = done.stdout.splitlines()
        assert len(verdicts) == len(messages), f"{self} said\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return verdicts


def _installed(name):
    path = pathlib.Path(os.environ["POSTRIDER_VALIDATORS"]) / name
    assert path.is_dir(), f"{path} is missing: install the validators"
    return path


def python(name, surroundings):
    trusted = surroundings.authority.certificate_path
    paths = os.pathsep.join([str(HERE.parent / "endpoints"), os.environ.get("PYTHONPATH", "")])
    more = {"SSL_CERT_FILE": trusted, "REQUESTS_CA_BUNDLE": trusted, "PYTHONPATH": paths}
    return [sys.executable, "-W", "ignore", str(HERE / "judge.py"), name], more


def node(name, surroundings):
    more = {
        "NODE_PATH": str(_installed("node_modules")),
        "NODE_EXTRA_CA_CERTS": surroundings.authority.certificate_path,
    }
    return ["node", "--no-warnings", str(HERE / "judge.cjs"), name], more


def java(name, surroundings):
    command = ["java", "-XX:TieredStopAtLevel=1", f"-Djdk.net.hosts.file={surroundings.hosts_file}"]
    command += [f"-Djavax.net.ssl.trustStore={surroundings.trust_store}", "-Djavax.net.ssl.trustStorePassword=changeit"]
    command += ["-cp", f"{_installed('jars')}/*", str(HERE / "Judge.java"), name]
    return command, {}


JUDGES = [
    # Verifies an UnsubscribeConfirmation as if it were a notification with a SubscribeURL, so it refuses those of
    # AWS, too.
    Judge("sns-validator", node, kinds={NOTIFICATION, SUBSCRIPTION}),
    Judge("sns-payload-validator", node),
    Judge("sdk-v1", java),
    Judge("sdk-v2", java),
    Judge("aws-sns-message-validator", python, versions=("1",)),
    # Does not read the version: it always verifies SHA-1.
    Judge("django-ses", python, versions=("1",), overlooks=["version"]),
]
