//! What cannot be asked of the binary: requests that are never sent, and a pipeline that is busy.

use super::*;
use crate::op::tests::support::Server;

fn pipeline() -> Pipeline {
    let front = Front { proxies: Vec::new(), region: "us-east-1".into(), localstack: Localstack::Served };
    let bodies = Bodies::new(1 << 20, Duration::from_secs(1));
    let (_, phase) = watch::channel(Phase::Serving);
    Pipeline::new(Arc::new(Server::open(1).context), front, bodies, phase)
}

fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
    let named = Request::builder().uri(uri).header("host", "mq");
    let request = headers.iter().fold(named, |request, (name, value)| request.header(*name, *value));
    request.body(()).unwrap().into_parts().0
}

async fn looked(pipeline: &Pipeline) -> StatusCode {
    let parts = parts("/_aws/sqs/messages?QueueUrl=/000000000000/none", &[]);
    let ends = Ends { peer: "127.0.0.1".parse().unwrap(), local: "127.0.0.1:4566".parse().unwrap() };
    let reached = pipeline.front.reached(&parts, ends);
    pipeline.look(Page::Messages, &parts, &reached, ends, b"", "id").await.status()
}

#[tokio::test(flavor = "multi_thread")]
async fn few_look_at_the_same_time() {
    let pipeline = pipeline();
    let others = pipeline.looks.try_acquire_many(1).unwrap();
    assert_eq!(looked(&pipeline).await, StatusCode::BAD_REQUEST);
    let more = pipeline.looks.try_acquire().unwrap();
    assert_eq!(looked(&pipeline).await, StatusCode::SERVICE_UNAVAILABLE);
    drop((others, more));
    assert_eq!(looked(&pipeline).await, StatusCode::BAD_REQUEST);
    assert_eq!(pipeline.looks.available_permits(), LOOKS_MAX);
}

#[test]
fn a_trace_that_is_too_long_is_ignored() {
    let of = |id: &str| trace_id(&parts("/", &[("x-amzn-trace-id", id)])).map(str::len);
    assert_eq!(of(&"x".repeat(1_024)), Some(1_024));
    assert_eq!(of(&"x".repeat(1_025)), None);
    assert_eq!(trace_id(&parts("/", &[])), None);
}
