//! Publishers of the chaos test: a steady rate, whoever hangs.

use super::books::{Books, Traits};
use super::scene::PATIENCE;
use crate::crash::until;
use crate::http::Client;
use crate::rng::Rng;
use serde_json::json;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Somebody who publishes to the topic of the endpoints.
#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) api: String,
    pub(super) topic: String,
    pub(super) books: Arc<Mutex<Books>>,
    pub(super) killed: Arc<AtomicBool>,
    /// From one publication to the next.
    pub(super) pause: Duration,
}

impl Publisher {
    /// Publishes until the server is gone.
    pub(super) fn work(&self, mut rng: Rng) -> Result<(), String> {
        let mut client = Client::new(&self.api, PATIENCE);
        let mut next = Instant::now();
        until(&self.killed, || {
            self.publish(&mut client, &mut rng)?;
            next += self.pause;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
            Ok(())
        })
    }

    fn publish(&self, client: &mut Client, rng: &mut Rng) -> Result<(), String> {
        let traits = Traits { odd: rng.chance(50), size: rng.between(0, 1000) };
        let padding = "x".repeat(rng.between(0, 2_000) as usize);
        let number = self.books.lock().expect("nobody panics while he writes").asked(traits);
        let body = json!({ "n": number, "size": traits.size, "pad": padding }).to_string();
        let parameters = [
            ("TopicArn", self.topic.as_str()),
            ("Message", body.as_str()),
            ("MessageAttributes.entry.1.Name", "parity"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", if traits.odd { "odd" } else { "even" }),
        ];
        let reply = client.sns("Publish", &parameters).map_err(|e| format!("Publish: {e}"))?;
        if reply.status == 503 {
            return Ok(());
        }
        reply.ok().map_err(|e| format!("Publish: {e}"))?;
        self.books.lock().expect("nobody panics while he writes").acknowledged(number);
        Ok(())
    }
}
