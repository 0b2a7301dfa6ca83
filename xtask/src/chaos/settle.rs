//! The end of the chaos test: who has got what, while the endpoints are as bad as ever and then when all are well.

use super::books::Books;
use super::endpoints::{Endpoints, Nature};
use super::fifo::Fifo;
use super::scene::{PATIENCE, Scene};
use crate::http::Client;
use crate::process::Watch;
use crate::server::{Launch, Server};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Healthy endpoints have everything, and those that are gone have their dead letters, this long after the last
/// publication.
const SOON: Duration = Duration::from_secs(60);
/// And nothing is owed to anybody this long after all are well.
const AT_LAST: Duration = Duration::from_secs(120);
/// Deliveries that are on their way, to endpoints and to queues of other shards.
const OWED: [&str; 2] = ["postrider_endpoint_deliveries_owed", "postrider_outbox_deliveries"];

/// Everything that plays a part in the end.
#[derive(Debug)]
pub(super) struct Finale<'a> {
    pub(super) launch: &'a Launch,
    pub(super) endpoints: &'a Endpoints,
    pub(super) scene: &'a Scene,
    pub(super) fifo: &'a Arc<Fifo>,
    pub(super) books: &'a Mutex<Books>,
    pub(super) watch: &'a Watch,
}

impl Finale<'_> {
    /// Goes through it. Nobody publishes any more.
    pub(super) fn play(&self, server: Server) -> Result<(), String> {
        self.fifo.finish(&server.api)?;
        let mut client = Client::new(&server.api, PATIENCE);
        for nature in [Nature::Healthy, Nature::Gone] {
            self.wait_for(&server, &mut client, nature)?;
        }
        self.owed_is_known(&server, &mut client)?;
        // Attempts at endpoints that hang are under way: that must not hold up the end.
        let ending = Instant::now();
        server.terminate()?;
        println!("    ended within {:.0?}, amid endpoints that hang", ending.elapsed());
        self.lock(|books| books.interrupted());
        let server = self.launch.start()?;
        self.watch.turn_to(server.pid());
        let mut client = Client::new(&server.api, PATIENCE);
        self.endpoints.end_trouble();
        self.wait_until_nothing_is_owed(&server)?;
        self.scene.read_dead_letters(&mut client, self.books)?;
        self.lock(Books::close);
        server.terminate()
    }

    fn lock<T>(&self, work: impl FnOnce(&mut Books) -> T) -> T {
        work(&mut self.books.lock().expect("nobody panics while he writes"))
    }

    fn wait_for(&self, server: &Server, client: &mut Client, nature: Nature) -> Result<(), String> {
        let since = Instant::now();
        loop {
            self.scene.read_dead_letters(client, self.books)?;
            self.lock(|books| books.verdict())?;
            let missing = self.lock(|books| books.missing(Some(nature)));
            if missing.is_empty() {
                println!("    {nature:?} endpoints: nothing is missing, {:.0?} later", since.elapsed());
                return Ok(());
            }
            if since.elapsed() > SOON {
                let owed = server.metrics(&OWED)?;
                let (endpoint, message) = missing[0];
                return Err(format!(
                    "{} messages have not come to {nature:?} endpoints within {SOON:?}, for example message {message} \
                     to endpoint {endpoint}; {owed} are owed in all",
                    missing.len()
                ));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// What has neither come nor is dead is owed still: the server counts at least as many.
    fn owed_is_known(&self, server: &Server, client: &mut Client) -> Result<(), String> {
        // In this order: what comes in between is missing no more.
        let owed = server.metrics(&OWED)?;
        self.scene.read_dead_letters(client, self.books)?;
        let missing = self.lock(|books| books.missing(None)).len() as u64;
        println!("    endpoints still in trouble: {missing} have not come, the server owes {owed}");
        if missing > owed {
            return Err(format!("{missing} deliveries are missing, and the server owes {owed}"));
        }
        Ok(())
    }

    fn wait_until_nothing_is_owed(&self, server: &Server) -> Result<(), String> {
        let since = Instant::now();
        loop {
            let owed = server.metrics(&OWED)?;
            if owed == 0 {
                println!("    all are well: nothing is owed {:.0?} later", since.elapsed());
                return Ok(());
            }
            if since.elapsed() > AT_LAST {
                return Err(format!(
                    "{owed} deliveries are still owed {AT_LAST:?} after all endpoints are well"
                ));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
