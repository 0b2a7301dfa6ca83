"""Celery over kombu's SQS transport: every task runs at least once, whatever becomes of its worker."""

import pytest

from conftest import until

WITHIN_S = 60


def test_results_are_counted(scene):
    jobs = scene.application()
    scene.worker(pool="prefork", concurrency=2)
    results = [jobs.add.delay(n, n) for n in range(100)]
    assert [result.get(timeout=WITHIN_S) for result in results] == [2 * n for n in range(100)]
    assert {run["id"] for run in scene.runs("add")} == {result.id for result in results}
    scene.settled("jobs")
    # With a timeout that is much longer than a task, none ran twice.
    assert len(scene.runs("add")) == 100


def test_tasks_wait_for_a_worker(scene):
    jobs = scene.application()
    results = [jobs.add.delay(n, 1) for n in range(20)]
    assert scene.counts("jobs") == (20, 0, 0)
    scene.worker()
    assert [result.get(timeout=WITHIN_S) for result in results] == [n + 1 for n in range(20)]
    scene.settled("jobs")


def test_retries(scene):
    jobs = scene.application()
    scene.worker()
    results = [jobs.flaky.delay(failures) for failures in (0, 1, 3)]
    assert [result.get(timeout=WITHIN_S) for result in results] == [0, 1, 3]
    assert [len([run for run in scene.runs() if run["id"] == result.id]) for result in results] == [1, 2, 4]
    scene.settled("jobs")


def test_a_failure_that_is_not_acknowledged_comes_again(scene):
    jobs = scene.application(
        visibility_timeout=600,
        predefined_queues={
            "jobs": {
                "url": scene.sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "600"})["QueueUrl"],
                "access_key_id": scene.account,
                "secret_access_key": "any",
                # The transport changes the visibility timeout of what has failed.
                "backoff_policy": {1: 1, 2: 1, 3: 1},
                "backoff_tasks": ["jobs.stubborn"],
            }
        },
    )
    scene.worker()
    result = jobs.stubborn.delay()
    until(lambda: len(scene.runs("stubborn")) == 2, "the task ran again")
    until(lambda: result.state == "SUCCESS", "the second run succeeded")
    scene.settled("jobs")


def test_a_task_of_a_killed_worker_is_delivered_again(scene):
    jobs = scene.application(visibility_timeout=2)
    first = scene.worker(pool="prefork")
    result = jobs.hang.delay()
    until(lambda: scene.runs("hang"), "the task runs")
    scene.kill(first)
    assert scene.counts("jobs") == (0, 1, 0)
    open(jobs.RELEASE, "w").close()
    scene.worker()
    assert result.get(timeout=WITHIN_S) == "released"
    one, two = scene.runs("hang")
    assert one["id"] == two["id"] == result.id and one["pid"] != two["pid"]
    scene.settled("jobs")


def test_a_task_that_outlasts_its_timeout_runs_twice(scene):
    jobs = scene.application(visibility_timeout=2)
    scene.worker()
    result = jobs.hang.delay()
    until(lambda: scene.runs("hang"), "the task runs")
    scene.worker()
    until(lambda: len({run["pid"] for run in scene.runs("hang")}) == 2, "the other worker has it, too")
    open(jobs.RELEASE, "w").close()
    assert result.get(timeout=WITHIN_S) == "released"
    scene.settled("jobs")


def test_many_tasks_over_a_kill(scene):
    jobs = scene.application(visibility_timeout=2)
    victim = scene.worker(pool="prefork", concurrency=2)
    results = [jobs.add.delay(n, n) for n in range(60)]
    until(lambda: len(scene.runs("add")) >= 10, "some tasks ran")
    scene.kill(victim)
    scene.worker(pool="prefork", concurrency=2)
    assert [result.get(timeout=WITHIN_S) for result in results] == [2 * n for n in range(60)]
    assert {run["x"] for run in scene.runs("add")} == set(range(60))
    scene.settled("jobs")


def test_groups_of_a_fifo_queue(scene):
    jobs = scene.application()
    sent = []
    for n in range(20):
        # Every third is sent twice and runs once.
        for _ in range(2 if n % 3 == 0 else 1):
            sent.append(
                jobs.add.apply_async(
                    (n, 0), queue="jobs.fifo", MessageGroupId=f"group-{n % 2}", MessageDeduplicationId=str(n)
                )
            )
    scene.worker("jobs.fifo")
    until(lambda: len(scene.runs("add")) >= 20, "all tasks ran")
    scene.settled("jobs.fifo")
    runs = [run["x"] for run in scene.runs("add")]
    assert len(runs) == 20
    for group in (0, 1):
        assert [x for x in runs if x % 2 == group] == list(range(group, 20, 2))


def test_groups_of_a_standard_queue(scene):
    jobs = scene.application()
    scene.worker()
    results = [jobs.add.apply_async((n, n), MessageGroupId=f"tenant-{n % 4}") for n in range(20)]
    assert [result.get(timeout=WITHIN_S) for result in results] == [2 * n for n in range(20)]
    scene.settled("jobs")


@pytest.mark.parametrize("name", ["given", "given.fifo"])
def test_predefined_queues(scene, name):
    """Queues that exist already; the transport does not look for others, nor makes them."""
    attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    url = scene.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    given = {"url": url, "access_key_id": scene.account, "secret_access_key": "any"}
    jobs = scene.application(predefined_queues={name: given})
    results = [jobs.add.apply_async((n, n), queue=name) for n in range(10)]
    scene.worker(name)
    assert [result.get(timeout=WITHIN_S) for result in results] == [2 * n for n in range(10)]
    scene.settled(name)
    assert scene.sqs.list_queues()["QueueUrls"] == [url]
