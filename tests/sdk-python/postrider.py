"""The built binary as a process, and clients of it.

Nothing here knows more about the server than its flags, the line that it prints when it listens, its log on
standard error, and the AWS protocols.
"""

import os
import re
import signal
import subprocess
import threading
import time
import urllib.request

import boto3
import botocore.config

BINARY = os.environ["POSTRIDER_BIN"]
SHARDS = os.environ.get("POSTRIDER_SHARDS", "1")
START_WITHIN_S = 30
STOP_WITHIN_S = 15
LISTENING = re.compile(r"^listening api=http://(\S+) admin=http://(\S+)$")
COMPLAINT = re.compile(r"\b(WARN|ERROR)\b|panicked at")


class Server:
    """One server over one data directory. It keeps its ports over restarts, as a real one does."""

    def __init__(self, directory, credential=None, more=()):
        self.data_dir = os.path.join(directory, "data")
        self.log_path = os.path.join(directory, "server.log")
        self.credential = credential
        self.more = list(more)
        self.api = "127.0.0.1:0"
        self.admin = "127.0.0.1:0"
        self.process = None

    @property
    def endpoint(self):
        return f"http://{self.api}"

    def start(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("POSTRIDER_", "AWS_"))}
        environment["NO_COLOR"] = "1"
        if self.credential:
            environment["POSTRIDER_ACCESS_KEY_ID"] = self.credential[0]
            environment["POSTRIDER_SECRET_ACCESS_KEY"] = self.credential[1]
        command = [BINARY, "serve", "--listen", self.api, "--admin-listen", self.admin]
        command += ["--data-dir", self.data_dir, "--shards", SHARDS, *self.more]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )
        found = threading.Event()
        threading.Thread(target=self._read_stdout, args=(self.process.stdout, found), daemon=True).start()
        assert found.wait(START_WITHIN_S), f"the server did not listen; its log ends with\n{self.log()[-3000:]}"
        self._wait_ready()
        return self

    def _read_stdout(self, stdout, found):
        for line in stdout:
            match = LISTENING.match(line.strip())
            if match:
                self.api, self.admin = match.groups()
                found.set()

    def _wait_ready(self):
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended by itself\n{self.log()[-3000:]}"
            try:
                if self.fetch("/readyz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.01)
        raise AssertionError("/readyz was never 200")

    def fetch(self, path):
        """Status and text of an admin page."""
        try:
            with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def kill(self):
        """kill -9."""
        assert self.process.poll() is None, f"the server ended by itself\n{self.log()[-3000:]}"
        self.process.kill()
        self.process.wait()

    def restart_after_kill(self):
        self.kill()
        return self.start()

    def stop(self):
        """SIGTERM, which must end it with success."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert code == 0, f"SIGTERM ended the server with {code}"

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                return log.read()
        except FileNotFoundError:
            return ""

    def complaints(self, since=0, expected=()):
        """WARN and ERROR lines behind `since` characters of the log, but for those that were expected."""
        lines = [line for line in self.log()[since:].splitlines() if COMPLAINT.search(line)]
        return [line for line in lines if not any(re.search(pattern, line) for pattern in expected)]

    def client(self, service, **who_and_how):
        """An unmodified SDK client. In open mode a key of 12 digits is the account."""
        return boto3.client(service, **self._how(**who_and_how))

    def resource(self, service, **who_and_how):
        """The same as objects: `boto3.resource`."""
        return boto3.resource(service, **self._how(**who_and_how))

    def _how(self, key="000000000000", secret="any", region="us-east-1", endpoint=None, **settings):
        settings = {"retries": {"max_attempts": 0}, "connect_timeout": 5, "read_timeout": 40, **settings}
        return {
            "endpoint_url": endpoint or self.endpoint,
            "region_name": region,
            "aws_access_key_id": key,
            "aws_secret_access_key": secret,
            "config": botocore.config.Config(**settings),
        }
