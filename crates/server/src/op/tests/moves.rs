//! Message move tasks, from their start to each of their ends.

use super::redrive::{arn, attribute, create, policy, query, spend};
use super::support::Server;
use postrider_wire::sqs::TaskHandle;
use serde_json::{Value, json};
use std::time::Duration;

/// A server with two queues whose dead-letter queue is `dead`.
async fn open(shards: u16) -> Server {
    let server = Server::open(shards);
    create(&server, "dead", json!({})).await;
    for name in ["a", "b"] {
        create(&server, name, json!({"RedrivePolicy": policy("dead", 1)})).await;
    }
    server
}

async fn start(server: &Server, members: Value) -> String {
    let started = server.sqs("StartMessageMoveTask", members).await.json();
    started["TaskHandle"].as_str().unwrap().to_owned()
}

async fn tasks(server: &Server) -> Vec<Value> {
    let ask = json!({"SourceArn": arn("dead"), "MaxResults": 10});
    server.sqs("ListMessageMoveTasks", ask).await.json()["Results"].as_array().cloned().unwrap_or_default()
}

/// Waits until the newest task has another status than these.
async fn ended(server: &Server, running: &[&str]) -> Value {
    let waited = async {
        loop {
            let newest = tasks(server).await.swap_remove(0);
            if !running.contains(&newest["Status"].as_str().unwrap()) {
                return newest;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited).await.expect("the task comes to an end")
}

async fn waiting(server: &Server, queue: &str) -> Value {
    attribute(server, queue, "ApproximateNumberOfMessages").await
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_back_to_where_each_came_from() {
    for shards in [1, 4] {
        let server = open(shards).await;
        spend(&server, "a", "dead", 3).await;
        spend(&server, "b", "dead", 2).await;
        let handle = start(&server, json!({"SourceArn": arn("dead")})).await;
        let read = TaskHandle::parse(&handle).unwrap();
        assert_eq!((read.task_id.len(), &read.source_arn), (36, &arn("dead")));
        let task = ended(&server, &["RUNNING"]).await;
        let started = task["StartedTimestamp"].as_u64().unwrap();
        assert!(started > 1_700_000_000_000, "milliseconds: {started}");
        let expected = json!({"Status": "COMPLETED", "SourceArn": arn("dead"), "StartedTimestamp": started,
            "ApproximateNumberOfMessagesMoved": 5, "ApproximateNumberOfMessagesToMove": 5});
        assert_eq!(task, expected, "{shards} shards");
        for (queue, count) in [("dead", "0"), ("a", "3"), ("b", "2")] {
            assert_eq!(waiting(&server, queue).await, count, "{queue}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_go_to_a_destination_at_a_rate_until_the_task_is_cancelled() {
    for shards in [1, 4] {
        let server = open(shards).await;
        create(&server, "else", json!({})).await;
        spend(&server, "a", "dead", 20).await;
        let members = json!({"SourceArn": arn("dead"), "DestinationArn": arn("else"),
            "MaxNumberOfMessagesPerSecond": 1});
        let handle = start(&server, members).await;
        let task = &tasks(&server).await[0];
        assert_eq!(task["Status"], "RUNNING");
        assert_eq!(task["TaskHandle"], *handle);
        assert_eq!(task["DestinationArn"], arn("else"));
        assert_eq!(task["MaxNumberOfMessagesPerSecond"], 1);
        assert_eq!(task["ApproximateNumberOfMessagesToMove"], 20);
        let cancelled = query(&server, "CancelMessageMoveTask", &json!({"TaskHandle": handle})).await;
        assert_eq!(cancelled.status, 200, "{}", cancelled.body);
        let moved: u64 = cancelled.text("ApproximateNumberOfMessagesMoved").parse().unwrap();
        let task = ended(&server, &["CANCELLING"]).await;
        assert_eq!((&task["Status"], task.get("TaskHandle")), (&json!("CANCELLED"), None));
        let moved_at_last = task["ApproximateNumberOfMessagesMoved"].as_u64().unwrap();
        assert!(moved <= moved_at_last && moved_at_last < 20, "{moved} {moved_at_last}");
        assert_eq!(waiting(&server, "else").await, moved_at_last.to_string());
        assert_eq!(waiting(&server, "dead").await, (20 - moved_at_last).to_string());
        let again = server.sqs("CancelMessageMoveTask", json!({"TaskHandle": handle})).await;
        assert_eq!((again.status, again.code()), (400, "InvalidParameterValue"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_cannot_go_on_says_why() {
    let server = open(1).await;
    server.sqs("SendMessage", json!({"QueueUrl": "dead", "MessageBody": "from nowhere"})).await;
    start(&server, json!({"SourceArn": arn("dead")})).await;
    let task = ended(&server, &["RUNNING"]).await;
    assert_eq!(
        (&task["Status"], &task["FailureReason"]),
        (&json!("FAILED"), &json!("CouldNotDetermineMessageSource"))
    );
    assert!(task.get("TaskHandle").is_none());

    create(&server, "else", json!({})).await;
    spend(&server, "a", "dead", 5).await;
    let members =
        json!({"SourceArn": arn("dead"), "DestinationArn": arn("else"), "MaxNumberOfMessagesPerSecond": 1});
    start(&server, members).await;
    assert_eq!(server.sqs("DeleteQueue", json!({"QueueUrl": "else"})).await.status, 200);
    let task = ended(&server, &["RUNNING"]).await;
    let reason = "AWS.SimpleQueueService.NonExistentQueue";
    assert_eq!((&task["Status"], &task["FailureReason"]), (&json!("FAILED"), &json!(reason)));

    // Newest first, one unless more are asked for.
    let all = tasks(&server).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["DestinationArn"], arn("else"));
    assert!(all[0]["StartedTimestamp"].as_u64() >= all[1]["StartedTimestamp"].as_u64());
    let one = server.sqs("ListMessageMoveTasks", json!({"SourceArn": arn("dead")})).await.json();
    assert_eq!(one["Results"], json!([all[0]]));
    let in_query =
        query(&server, "ListMessageMoveTasks", &json!({"SourceArn": arn("dead"), "MaxResults": 10})).await;
    assert_eq!(in_query.texts("ListMessageMoveTasksResultEntry").count(), 2);
    assert_eq!(in_query.text("FailureReason"), reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifo_queues_have_move_tasks_too() {
    for shards in [1, 4] {
        let server = Server::open(shards);
        create(&server, "dead.fifo", json!({"FifoQueue": "true"})).await;
        create(&server, "f.fifo", json!({"FifoQueue": "true", "RedrivePolicy": policy("dead.fifo", 1)}))
            .await;
        for body in ["1", "2"] {
            let message = json!({"QueueUrl": "dead.fifo", "MessageBody": body, "MessageGroupId": "g", "MessageDeduplicationId": body});
            assert_eq!(server.sqs("SendMessage", message).await.status, 200);
        }
        let members = json!({"SourceArn": arn("dead.fifo"), "DestinationArn": arn("f.fifo")});
        assert_eq!(query(&server, "StartMessageMoveTask", &members).await.status, 200);
        let ask = json!({"QueueUrl": "f.fifo", "MaxNumberOfMessages": 10, "WaitTimeSeconds": 5});
        let mut bodies = Vec::new();
        while bodies.len() < 2 {
            let got = server.sqs("ReceiveMessage", ask.clone()).await.json();
            for message in got["Messages"].as_array().expect("both messages arrive") {
                bodies.push(message["Body"].as_str().unwrap().to_owned());
                let done = json!({"QueueUrl": "f.fifo", "ReceiptHandle": message["ReceiptHandle"]});
                assert_eq!(server.sqs("DeleteMessage", done).await.status, 200);
            }
        }
        assert_eq!(bodies, ["1", "2"], "{shards} shards");
    }
}
