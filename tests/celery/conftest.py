"""Workers as processes of their own, and what has been seen of their tasks.

`POSTRIDER_ENDPOINT` names the server. Each test has an account, a directory and a module `jobs` of its own.
"""

import importlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time

import boto3
import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
_names = itertools.count(1)


def until(level, what, within_s=40):
    """Waits until `level()` is true and returns what it gave."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        reached = level()
        if reached:
            return reached
        time.sleep(0.05)
    raise AssertionError(f"not within {within_s} s: {what}")


class Scene:
    """One application, its queues and its workers."""

    def __init__(self, directory):
        self.directory = str(directory)
        self.account = f"{310000000000 + next(_names):012d}"
        self.workers = []
        self.environment = {}
        os.makedirs(os.path.join(self.directory, "results"))
        self.sqs = boto3.client(
            "sqs",
            endpoint_url=os.environ["POSTRIDER_ENDPOINT"],
            region_name="us-east-1",
            aws_access_key_id=self.account,
            aws_secret_access_key="any",
        )

    def application(self, **transport):
        """The module `jobs`, made anew with these transport options."""
        self.environment = {
            "JOBS_DIRECTORY": self.directory,
            "JOBS_ACCOUNT": self.account,
            "JOBS_TRANSPORT": repr(transport),
        }
        os.environ.update(self.environment)
        sys.modules.pop("jobs", None)
        return importlib.import_module("jobs")

    def worker(self, *queues, pool="solo", concurrency=1):
        """Starts a worker and waits until it is ready."""
        name = f"worker-{len(self.workers) + 1}"
        log = os.path.join(self.directory, f"{name}.log")
        command = [sys.executable, "-m", "celery", "-A", "jobs", "worker", "--loglevel", "INFO", "-n", name]
        command += ["--pool", pool, "--concurrency", str(concurrency), "--logfile", log]
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        if queues:
            command += ["-Q", ",".join(queues)]
        with open(log + ".out", "ab") as out:
            process = subprocess.Popen(
                command,
                cwd=HERE,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        process.log = log
        self.workers.append(process)
        until(lambda: " ready." in self.log(process), f"{name} is ready; see {log}")
        return process

    def log(self, worker):
        try:
            with open(worker.log, encoding="utf-8") as log:
                return log.read()
        except FileNotFoundError:
            assert worker.poll() is None, f"a worker ended by itself; see {worker.log}.out"
            return ""

    def kill(self, worker):
        """kill -9 of a worker and its children, which are a group of processes of their own."""
        if worker.poll() is None:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()

    def runs(self, task=None):
        """What was written down, in order."""
        try:
            with open(os.path.join(self.directory, "runs.jsonl"), encoding="utf-8") as lines:
                runs = [json.loads(line) for line in lines]
        except FileNotFoundError:
            return []
        return [run for run in runs if task in (None, run["task"])]

    def counts(self, name):
        """Visible, in flight, delayed."""
        url = self.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return tuple(int(attributes[name]) for name in names)

    def settled(self, name):
        """Waits until everything is acknowledged: nothing waits, nothing is in flight."""
        until(lambda: self.counts(name) == (0, 0, 0), f"{name} is empty")


@pytest.fixture
def scene(tmp_path):
    scene = Scene(tmp_path)
    yield scene
    for worker in scene.workers:
        scene.kill(worker)
