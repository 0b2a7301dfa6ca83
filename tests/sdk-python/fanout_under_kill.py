"""The acceptance run: nothing that was acknowledged is lost, nothing comes where it does not belong.

One topic, three queues (no filter; an attribute filter; a body filter), 10,000 publishes of mixed messages from
8 threads with an unmodified SDK, consumers that drain with long polls, and a server that is killed with -9 and
restarted twice on the way. At the end each queue has given exactly what its filter admits, at least once, and
no message came back after its delete was acknowledged.
"""

import collections
import json
import os
import random
import sys
import tempfile
import threading
import time

import botocore.exceptions

from calls import counts, number, subscribe, text
from postrider import Server

PUBLISHES = int(os.environ.get("POSTRIDER_PUBLISHES", "10000"))
PUBLISHERS = 8
CONSUMERS_PER_QUEUE = 2
KILLS = 2
DONE_WITHIN_S = 600
KINDS = ["invoice", "refund", "note", "Invoice"]
TROUBLE = (
    botocore.exceptions.ConnectionError,
    botocore.exceptions.HTTPClientError,
    botocore.exceptions.ClientError,
)

QUEUES = {
    "all": ({}, lambda message: True),
    "attribute": (
        {"FilterPolicy": {"kind": ["invoice", {"prefix": "ref"}], "amount": [{"numeric": [">=", 500]}]}},
        lambda message: message["kind"] in ("invoice", "refund") and message["amount"] >= 500,
    ),
    "body": (
        {
            "FilterPolicyScope": "MessageBody",
            "FilterPolicy": {"detail": {"priority": [{"numeric": [">", 7]}], "note": [{"exists": False}]}},
        },
        lambda message: message["detail"]["priority"] > 7 and "note" not in message["detail"],
    ),
}


def made_up(seed):
    """The messages of the run: attributes, bodies and sizes all differ."""
    rng = random.Random(seed)
    messages = []
    for n in range(PUBLISHES):
        detail = {"priority": rng.randrange(10)}
        if rng.random() < 0.3:
            detail["note"] = "ü – 🚀"
        message = {"id": n, "kind": rng.choice(KINDS), "amount": rng.randrange(1000), "detail": detail}
        message["pad"] = "x" * int(rng.paretovariate(1.2) * 20 % 20_000)
        messages.append(message)
    return messages


class Run:
    def __init__(self, server, messages):
        self.server = server
        self.todo = collections.deque(messages)
        self.acknowledged = 0
        self.retried = 0
        self.got = {name: collections.Counter() for name in QUEUES}
        self.deleted = {name: {} for name in QUEUES}
        self.came_back = []
        self.problems = []
        self.lock = threading.Lock()
        self.drained = threading.Event()
        # Unmodified retries of the SDK, but a limit on how long a dead connection is waited for.
        settings = {"retries": {"max_attempts": 4}, "connect_timeout": 3, "read_timeout": 30}
        self.sqs = server.client("sqs", max_pool_connections=50, **settings)
        self.sns = server.client("sns", max_pool_connections=50, **settings)
        self.topic = self.sns.create_topic(Name="mixed")["TopicArn"]
        self.urls = {}
        for name, (attributes, _) in QUEUES.items():
            created = self.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "5"})
            self.urls[name] = created["QueueUrl"]
            raw = {"RawMessageDelivery": "true"} if name != "all" else {}
            subscribe(self.sns, self.sqs, self.topic, self.urls[name], **attributes, **raw)

    def publish(self):
        while True:
            with self.lock:
                if not self.todo:
                    return
                message = self.todo.popleft()
            attributes = {"kind": text(message["kind"]), "amount": number(message["amount"])}
            try:
                self.sns.publish(TopicArn=self.topic, Message=json.dumps(message), MessageAttributes=attributes)
            except TROUBLE as error:
                self.tolerate(error)
                with self.lock:
                    self.todo.append(message)
                    self.retried += 1
                continue
            with self.lock:
                self.acknowledged += 1

    def consume(self, name):
        url, deleted = self.urls[name], self.deleted[name]
        while not self.drained.is_set():
            asked = time.monotonic()
            try:
                reply = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
                messages = reply.get("Messages", [])
                for message in messages:
                    body = json.loads(message["Body"])
                    inner = json.loads(body["Message"]) if name == "all" else body
                    with self.lock:
                        self.got[name][inner["id"]] += 1
                    if deleted.get(message["MessageId"], asked) < asked:
                        self.came_back.append((name, inner["id"]))
                if messages:
                    entries = [
                        {"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)
                    ]
                    reply = self.sqs.delete_message_batch(QueueUrl=url, Entries=entries)
                    fresh = time.monotonic() - asked < 4
                    for entry in reply.get("Successful", []):
                        # A delete within the visibility timeout is by the newest handle, and for good.
                        if fresh:
                            deleted[messages[int(entry["Id"])]["MessageId"]] = time.monotonic()
            except TROUBLE as error:
                self.tolerate(error)

    def tolerate(self, error):
        """A server that is being restarted loses connections and may answer 503; nothing else is fine."""
        if isinstance(error, botocore.exceptions.ClientError):
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status != 503:
                self.problems.append(repr(error))

    def empty(self):
        try:
            return all(counts(self.sqs, url) == (0, 0, 0) for url in self.urls.values())
        except TROUBLE as error:
            self.tolerate(error)
            return False


def guarded(run, work, *arguments):
    def body():
        try:
            work(*arguments)
        except BaseException as error:  # A thread that dies must not look like one that is done.
            run.problems.append(repr(error))
            raise

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread


def drive(run):
    """Kills twice on the way, waits for the end of the publishes, then for empty queues."""
    deadline = time.monotonic() + DONE_WITHIN_S
    publishers = [guarded(run, run.publish) for _ in range(PUBLISHERS)]
    for name in QUEUES:
        for _ in range(CONSUMERS_PER_QUEUE):
            guarded(run, run.consume, name)
    for kill in range(1, KILLS + 1):
        while run.acknowledged < PUBLISHES * kill // (KILLS + 1):
            assert time.monotonic() < deadline and not run.problems, run.problems
            time.sleep(0.01)
        started = time.monotonic()
        run.server.restart_after_kill()
        took = time.monotonic() - started
        print(f"killed and restarted at {run.acknowledged} acknowledged publishes, in {took:.2f} s", flush=True)
    for thread in publishers:
        thread.join(max(0, deadline - time.monotonic()))
    quiet = 0
    while quiet < 5:
        assert time.monotonic() < deadline, "the queues do not run empty"
        assert not run.problems, run.problems
        quiet = quiet + 1 if run.empty() else 0
        time.sleep(0.2)
    run.drained.set()


def judge(run, messages):
    problems = list(run.problems)
    if run.acknowledged != PUBLISHES:
        problems.append(f"{run.acknowledged} of {PUBLISHES} publishes were acknowledged")
    for name, (_, admits) in QUEUES.items():
        admitted = {message["id"] for message in messages if admits(message)}
        got = run.got[name]
        lost, extra = admitted - set(got), set(got) - admitted
        again = sum(got.values()) - len(got)
        print(f"{name:10} admits {len(admitted):6}, got {len(got):6}, {again} more than once")
        if lost:
            problems.append(f"{name}: {len(lost)} acknowledged messages are missing, such as {sorted(lost)[:5]}")
        if extra:
            problems.append(f"{name}: {len(extra)} messages do not belong there, such as {sorted(extra)[:5]}")
    if run.came_back:
        problems.append(f"{len(run.came_back)} messages came back after their delete: {run.came_back[:5]}")
    problems += run.server.complaints(0, ["cut the end of the log"])
    return problems


def main():
    seed = int(os.environ.get("POSTRIDER_SEED", str(time.time_ns() % 1_000_000_007)))
    messages = made_up(seed)
    directory = tempfile.mkdtemp(prefix="fanout-", dir=os.environ.get("POSTRIDER_SCRATCH"))
    print(f"server data and log in {directory}")
    server = Server(directory).start()
    try:
        run = Run(server, messages)
        started = time.monotonic()
        drive(run)
        took = time.monotonic() - started
        print(f"{run.acknowledged} publishes in {took:.1f} s, {run.retried} sent again, seed {seed}")
        problems = judge(run, messages)
    finally:
        server.process.kill()
    for problem in problems:
        print(f"PROBLEM {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
