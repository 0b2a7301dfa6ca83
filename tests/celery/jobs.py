"""The application: tasks that write down each of their runs, on queues of the server under test.

Workers are started with this module, so all that it needs comes from the environment.
"""

import ast
import json
import os
import time
import urllib.parse

from celery import Celery

DIRECTORY = os.environ["JOBS_DIRECTORY"]
RUNS = os.path.join(DIRECTORY, "runs.jsonl")
RELEASE = os.path.join(DIRECTORY, "release")
HANG_AT_MOST_S = 60


def broker(account):
    """The broker's URL; in open mode an access key id of 12 digits is the account."""
    endpoint = urllib.parse.urlsplit(os.environ["POSTRIDER_ENDPOINT"])
    return f"sqs://{account}:any@{endpoint.netloc}//"


app = Celery("jobs", broker=broker(os.environ["JOBS_ACCOUNT"]), backend=f"file://{DIRECTORY}/results")
app.conf.update(
    broker_transport_options={
        "is_secure": False,
        "region": "us-east-1",
        "visibility_timeout": 30,
        "wait_time_seconds": 1,
        "polling_interval": 0.05,
        **ast.literal_eval(os.environ.get("JOBS_TRANSPORT", "{}")),
    },
    broker_connection_retry_on_startup=True,
    task_default_queue=os.environ.get("JOBS_QUEUE", "jobs"),
    task_acks_late=True,
    worker_enable_remote_control=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
)


def ran(task, **more):
    """Writes down that a task runs. One write of one line, so that processes do not mix theirs."""
    line = json.dumps({"task": task.name.rsplit(".", 1)[1], "id": task.request.id, "pid": os.getpid(), **more})
    with open(RUNS, "ab", buffering=0) as runs:
        runs.write(line.encode() + b"\n")


@app.task(bind=True)
def add(self, x, y):
    ran(self, x=x)
    return x + y


@app.task(bind=True, max_retries=5)
def flaky(self, failures):
    ran(self)
    if self.request.retries < failures:
        raise self.retry(countdown=0, exc=ValueError("not yet"))
    return self.request.retries


@app.task(bind=True, acks_on_failure_or_timeout=False)
def stubborn(self):
    """Fails the first time and is not acknowledged then."""
    ran(self)
    first = os.path.join(DIRECTORY, f"stubborn-{self.request.id}")
    if not os.path.exists(first):
        open(first, "w").close()
        raise ValueError("the first time")
    return "at last"


@app.task(bind=True)
def hang(self):
    """Runs until it is released."""
    ran(self)
    deadline = time.monotonic() + HANG_AT_MOST_S
    while not os.path.exists(RELEASE):
        assert time.monotonic() < deadline, "never released"
        time.sleep(0.05)
    return "released"
