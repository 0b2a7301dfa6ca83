//! Publications to queues of four shards and to endpoints that fail, refuse, hang and recover, through filters. Shards are
//! opened again, logs are compacted, answers between shards are lost, a queue comes and goes, and one that is subscribed
//! late replays the archive. In the end each subscription has each publication that its filter lets through, or
//! its dead-letter queue has it, and none that it does not; FIFO queues have those of each group once and in order.

use crate::dice::Dice;
use postrider_script::{
    Action, By, Exchange, Fate, OnEndpoint, OnQueue, OnTopic, Options, Publishing, Script, Target, Temper,
    Ticket, World, run as perform,
};
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 6;
const STEPS: usize = 400;
const ENDPOINTS: [&str; 2] = ["http://hook/", "lambda:f"];
const GROUPS: [&str; 3] = ["a", "b", "c"];

/// Queues in all shards. `gone.fifo` comes and goes; `odd.fifo` and `lambda:f` want one kind only.
const SCENE: &str = r#"
    00:00  create     one.fifo
    00:00  create     two.fifo
    00:00  create     odd.fifo
    00:00  create     dead.fifo
    00:00  create     dead
    00:00  create     loose
    00:00  create     late.fifo
    00:00  topic      ordered.fifo  archive=365
    00:00  subscribe  ordered.fifo  one.fifo   raw=true
    00:00  subscribe  ordered.fifo  two.fifo   raw=true
    00:00  subscribe  ordered.fifo  odd.fifo   raw=true filter={"kind":["odd"]}
    00:00  subscribe  ordered.fifo  gone.fifo  raw=true redrive=dead.fifo
    00:00  topic      news
    00:00  subscribe  news  loose         raw=true
    00:00  subscribe  news  http://hook/  raw=true redrive=dead
    00:00  subscribe  news  lambda:f      raw=true redrive=dead filter={"kind":["odd"]}
"#;

/// Somebody subscribes in the middle who wants everything from the beginning.
const LATE: &str = "00:00 subscribe ordered.fifo late.fifo raw=true replay=00:00";

/// One endpoint, as the script sees it.
#[derive(Default)]
struct Seen {
    temper: Temper,
    /// It has these.
    delivered: BTreeSet<String>,
    /// It has not answered for these.
    open: Vec<String>,
}

struct Story {
    world: World,
    dice: Dice,
    now_ms: u64,
    published: usize,
    /// What was published to the FIFO topic and to the other, in order.
    ordered: Vec<String>,
    news: Vec<String>,
    endpoints: BTreeMap<&'static str, Seen>,
    attempts: usize,
}

/// Runs all seeds.
pub(crate) fn run() {
    let (mut attempts, mut buried) = (0, 0);
    for seed in 1..=SEEDS {
        let options = Options { shards: 4, exchange: Exchange::ByHand, ..Options::default() };
        let mut story = Story {
            world: World::new(options),
            dice: Dice::new(seed),
            now_ms: 0,
            published: 0,
            ordered: Vec::new(),
            news: Vec::new(),
            endpoints: ENDPOINTS.map(|address| (address, Seen::default())).into(),
            attempts: 0,
        };
        buried += story.run(seed);
        attempts += story.attempts;
    }
    assert!(attempts > 1_500 && buried > 100, "{attempts} attempts, {buried} dead letters");
}

/// Is a message one that the choosy want?
fn is_odd(word: &str) -> bool {
    word.ends_with(['1', '3', '5', '7', '9'])
}

impl Story {
    fn run(&mut self, seed: u64) -> usize {
        perform(&Script::parse(SCENE).unwrap(), &mut self.world).unwrap();
        self.topic("news", OnTopic::Confirm("http://hook/".into(), Ticket::Received(None), By::Link));
        for step in 0..STEPS {
            if step == STEPS / 2 {
                let late =
                    LATE.replace("00:00 subscribe", &format!("{}:00 subscribe", self.now_ms / 60_000 + 1));
                perform(&Script::parse(&late).unwrap(), &mut self.world).unwrap();
                self.now_ms = (self.now_ms / 60_000 + 1) * 60_000;
            }
            self.step();
            self.look(seed);
            if step % 50 == 0 {
                self.world.verify();
            }
        }
        self.come_to_rest(seed);
        if seed == 1 {
            self.world.verify_trims();
        }
        self.judge(seed)
    }

    fn ask(&mut self, action: Action) -> Vec<String> {
        self.world.perform(&action).unwrap_or_else(|fault| panic!("{action:?}: {fault}"))
    }

    fn topic(&mut self, name: &str, what: OnTopic) {
        assert!(self.ask(Action::Topic(name.into(), what)).iter().all(|word| word == "ok"));
    }

    fn peek(&mut self, queue: &str) -> Vec<String> {
        self.ask(Action::Queue(queue.into(), OnQueue::Peek))
    }

    fn step(&mut self) {
        match self.dice.below(20) {
            0..=4 => self.publish("ordered.fifo"),
            5..=8 => self.publish("news"),
            9..=12 => {
                let fate = if self.dice.one_in(3) { Fate::AnswerLost } else { Fate::Settled };
                self.world.exchange(fate);
            }
            13 | 14 => {
                self.now_ms += [1, 500, 1_000, 20_000, 60_000][self.dice.below(5)];
                self.world.at(self.now_ms);
            }
            15..=17 => {
                let tempers = [Temper::Accepts, Temper::Fails, Temper::Fails, Temper::Refuses, Temper::Hangs];
                let temper = tempers[self.dice.below(5)];
                let address = ENDPOINTS[self.dice.below(2)];
                self.becomes(address, temper);
            }
            18 if self.dice.one_in(2) => {
                self.world.restart();
                self.endpoints.values_mut().for_each(|seen| seen.open.clear());
            }
            18 => self.world.compact(100),
            _ => self.come_or_go(),
        }
    }

    /// What is known of an endpoint is known before it changes.
    fn becomes(&mut self, address: &'static str, temper: Temper) {
        let seen = self.endpoints.get_mut(address).unwrap();
        let answered = if temper == Temper::Hangs { Vec::new() } else { std::mem::take(&mut seen.open) };
        if temper == Temper::Accepts {
            seen.delivered.extend(answered);
        }
        seen.temper = temper;
        self.ask(Action::Endpoint(address.into(), OnEndpoint::Becomes(temper)));
    }

    /// Reads the attempts since the last time. None is at what its filter refuses, or at what was delivered.
    fn look(&mut self, seed: u64) {
        for address in ENDPOINTS {
            for attempt in self.ask(Action::Endpoint(address.into(), OnEndpoint::Attempts)) {
                let (word, _) = attempt.rsplit_once(':').unwrap();
                if word.contains("Confirmation") {
                    continue;
                }
                self.attempts += 1;
                let seen = self.endpoints.get_mut(address).unwrap();
                assert!(address != "lambda:f" || is_odd(word), "seed {seed}: {address} got {word}");
                assert!(!seen.delivered.contains(word), "seed {seed}: {address} got {word} again");
                match seen.temper {
                    Temper::Accepts => {
                        seen.delivered.insert(word.to_owned());
                    }
                    Temper::Hangs => seen.open.push(word.to_owned()),
                    Temper::Fails | Temper::Refuses => {}
                }
            }
        }
    }

    fn publish(&mut self, topic: &str) {
        let fifo = topic.ends_with(".fifo");
        let group = GROUPS[self.dice.below(GROUPS.len())];
        for _ in 0..=self.dice.below(3) {
            self.published += 1;
            let word = format!("{group}{}", self.published);
            let publishing = Publishing {
                bodies: vec![word.clone()],
                attributes: vec![postrider_script::Attribute {
                    name: "kind".into(),
                    kind: "String".into(),
                    value: if is_odd(&word) { "odd" } else { "even" }.into(),
                }],
                group: fifo.then(|| group.to_owned()),
                dedup: fifo.then(|| format!("id-{word}")),
                ..Publishing::default()
            };
            self.topic(topic, OnTopic::Publish(publishing));
            if fifo { &mut self.ordered } else { &mut self.news }.push(word);
        }
    }

    /// A queue without messages is deleted, though some may be on their way to it; or it is there again.
    fn come_or_go(&mut self) {
        let there = self.peek("gone.fifo");
        if there.is_empty() {
            self.ask(Action::Queue("gone.fifo".into(), OnQueue::DeleteQueue));
        } else if there[0].starts_with('!') {
            self.ask(Action::Queue("gone.fifo".into(), OnQueue::Create(BTreeMap::new())));
        }
    }

    /// All endpoints recover, and everything arrives.
    fn come_to_rest(&mut self, seed: u64) {
        for address in ENDPOINTS {
            self.becomes(address, Temper::Accepts);
        }
        for _ in 0..20 {
            while self.world.exchange(Fate::Settled) {}
            self.now_ms += 20_000;
            self.world.at(self.now_ms);
            self.look(seed);
        }
        assert!(!self.world.exchange(Fate::Settled), "seed {seed}: somebody still owes");
    }

    /// Says how many dead letters there are.
    fn judge(&mut self, seed: u64) -> usize {
        assert_eq!(self.by_group("late.fifo"), grouped(&self.ordered), "seed {seed}: late.fifo");
        let all = |word: &String| !word.is_empty();
        let odd = |word: &String| is_odd(word);
        for (queue, wants) in
            [("one.fifo", &all as &dyn Fn(&String) -> bool), ("two.fifo", &all), ("odd.fifo", &odd)]
        {
            let wanted = self.ordered.iter().filter(|word| wants(word)).cloned().collect::<Vec<_>>();
            assert_eq!(self.by_group(queue), grouped(&wanted), "seed {seed}: {queue}");
        }
        let (gone, dead) = (self.peek("gone.fifo"), self.peek("dead.fifo"));
        let gone = if gone.first().is_some_and(|word| word.starts_with('!')) { Vec::new() } else { gone };
        let mut either = gone.iter().chain(&dead).cloned().collect::<Vec<_>>();
        either.sort();
        let mut wanted = self.ordered.clone();
        wanted.sort();
        assert_eq!(either, wanted, "seed {seed}: in gone.fifo or in dead.fifo");
        assert!(in_order(&gone) && in_order(&dead), "seed {seed}: {gone:?} {dead:?}");
        let loose = self.peek("loose").into_iter().collect::<BTreeSet<_>>();
        assert_eq!(loose, self.news.iter().cloned().collect(), "seed {seed}: loose");
        self.judge_endpoints(seed) + dead.len()
    }

    fn judge_endpoints(&mut self, seed: u64) -> usize {
        let dead = self.peek("dead");
        let mut buried = BTreeMap::<&str, usize>::new();
        for word in &dead {
            *buried.entry(word).or_default() += 1;
        }
        for word in &self.news {
            let wants = 1 + usize::from(is_odd(word));
            let delivered = self.endpoints.values().filter(|seen| seen.delivered.contains(word)).count();
            let there = delivered + buried.get(word.as_str()).copied().unwrap_or(0);
            assert_eq!(there, wants, "seed {seed}: {word} was delivered to {delivered}");
        }
        dead.len()
    }

    fn by_group(&mut self, queue: &str) -> BTreeMap<String, Vec<String>> {
        grouped(&self.peek(queue))
    }
}

fn grouped(words: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut groups = BTreeMap::<String, Vec<String>>::new();
    for word in words {
        groups.entry(word[..1].to_owned()).or_default().push(word.clone());
    }
    groups
}

/// Do the numbers of each group rise?
fn in_order(words: &[String]) -> bool {
    let number = |word: &String| word[1..].parse::<usize>().unwrap();
    grouped(words).values().all(|group| group.is_sorted_by_key(number))
}
