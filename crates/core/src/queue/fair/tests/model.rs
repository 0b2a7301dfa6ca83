//! The model: a list of messages, a list of what was processed, and the rules word by word.

use super::*;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;

const PLACES: [Where; 4] = [Where::Delayed, Where::Available, Where::InFlight, Where::Leaving];
const GROUPS: usize = 4;

#[derive(Clone, Copy, Debug)]
struct Known {
    key: Key,
    place: Where,
    group: Option<usize>,
}

#[derive(Debug, Default)]
struct Model {
    messages: Vec<Known>,
    sent: BTreeMap<usize, u64>,
    /// Slot of time, group, milliseconds; the group is `None` as soon as it is forgotten.
    processed: Vec<(u64, Option<usize>, u64)>,
    noisy: BTreeSet<usize>,
    now: u64,
    next: Number,
}

impl Model {
    fn count(&self, place: Where, of: impl Fn(Option<usize>) -> bool) -> usize {
        self.messages.iter().filter(|message| message.place == place && of(message.group)).count()
    }

    fn time(&self, of: impl Fn(Option<usize>) -> bool) -> u64 {
        let slot = self.now / SLOT_MS;
        let recent = self.processed.iter().filter(|entry| entry.0 + 1 >= slot && of(entry.1));
        recent.map(|entry| entry.2).sum()
    }

    fn judge(&mut self, group: usize) {
        let own = |of: Option<usize>| of == Some(group);
        let in_flight = self.count(Where::InFlight, own);
        let crowds = in_flight >= 30 && in_flight * 10 > self.count(Where::InFlight, |_| true);
        let slow = self.time(own) * 10 > self.time(|_| true);
        let sends = self.sent.get(&group).is_some_and(|sent| sent + 300_000 > self.now);
        if self.count(Where::Available, own) > 0 && sends && (crowds || slow) {
            self.noisy.insert(group);
        }
    }

    fn enter(&mut self, order: &mut Order, message: Known) {
        order.enter(Timestamp(self.now), message.key, message.place, message.group.map(group));
        self.messages.push(message);
        if let Some(group) = message.group
            && matches!(message.place, Where::Available | Where::InFlight)
        {
            self.judge(group);
        }
    }

    fn leave(&mut self, order: &mut Order, nth: usize) -> Known {
        let message = self.messages.remove(nth);
        order.leave(message.key, message.place, message.group.map(group));
        if let Some(group) = message.group {
            if self.count(Where::Available, |of| of == Some(group)) == 0 {
                self.noisy.remove(&group);
            }
            if self.messages.iter().all(|other| other.group != Some(group)) {
                self.sent.remove(&group);
                self.processed.iter_mut().filter(|entry| entry.1 == Some(group)).for_each(|e| e.1 = None);
            }
        }
        message
    }

    fn send(&mut self, order: &mut Order, place: Where, n: Option<usize>) {
        self.next += 1;
        let visible = self.now + u64::from(place != Where::Available);
        let (now, key) = (Timestamp(self.now), (Timestamp(visible), self.next));
        order.arrive(now, key, place, n.map(group), now);
        self.messages.push(Known { key, place, group: n });
        if let Some(n) = n {
            self.sent.insert(n, self.now);
            self.judge(n);
        }
    }

    fn process(&mut self, order: &mut Order, n: Option<usize>, ms: u64) {
        order.processed(Timestamp(self.now), n.map(group), ms);
        let known = n.filter(|n| self.messages.iter().any(|message| message.group == Some(*n)));
        self.processed.push((self.now / SLOT_MS, known, ms));
        known.into_iter().for_each(|n| self.judge(n));
    }

    fn pass(&mut self, order: &mut Order, ms: u64) {
        self.now += ms;
        order.advance(Timestamp(self.now));
        self.noisy.retain(|group| self.sent[group] + 300_000 > self.now);
    }

    fn neutral(&mut self, order: &mut Order) {
        order.neutral();
        self.noisy.clear();
        self.processed.clear();
    }

    fn check(&self, order: &Order) {
        let noisy = |of: Option<usize>| of.is_some_and(|group| self.noisy.contains(&group));
        let available = self.messages.iter().filter(|message| message.place == Where::Available);
        let mut available = available.map(|m| (noisy(m.group), m.key)).collect::<Vec<_>>();
        available.sort();
        let numbers = available.iter().map(|entry| entry.1.1).collect::<Vec<_>>();
        assert_eq!(picked(order), numbers);
        let counts = FairCounts {
            noisy_groups: self.noisy.len(),
            quiet_available: self.count(Where::Available, |of| !noisy(of)),
            quiet_in_flight: self.count(Where::InFlight, |of| !noisy(of)),
            quiet_delayed: self.count(Where::Delayed, |of| !noisy(of)),
        };
        assert_eq!(order.counts(), counts);
        let due = self.noisy.iter().map(|group| self.sent[group] + 300_000).min();
        assert_eq!(order.due(), due.map(Timestamp));
        let groups = self.messages.iter().filter_map(|message| message.group).collect::<BTreeSet<_>>();
        assert_eq!(order.groups.len(), groups.len());
    }
}

#[derive(Clone, Debug)]
enum Step {
    Send {
        group: Option<usize>,
        place: Where,
        messages: usize,
    },
    /// A consumer takes the first few.
    Receive {
        messages: usize,
    },
    /// Some message goes elsewhere.
    Move {
        nth: Index,
        place: Where,
        later: u64,
    },
    /// Some message leaves, after having been processed for some time.
    Settle {
        nth: Index,
        ms: u64,
    },
    Pass {
        ms: u64,
    },
    Neutral,
}

fn step() -> impl Strategy<Value = Step> {
    let group = || prop_oneof![2 => Just(Some(0)), 2 => (0..GROUPS).prop_map(Some), 1 => Just(None)];
    let place = || (0..PLACES.len()).prop_map(|n| PLACES[n]);
    let nth = any::<Index>;
    prop_oneof![
        2 => (group(), place(), 1..4usize)
            .prop_map(|(group, place, messages)| Step::Send { group, place, messages }),
        4 => (group(), 1..40usize)
            .prop_map(|(group, messages)| Step::Send { group, place: Where::Available, messages }),
        6 => (1..40usize).prop_map(|messages| Step::Receive { messages }),
        4 => (nth(), place(), 0..10u64).prop_map(|(nth, place, later)| Step::Move { nth, place, later }),
        6 => (nth(), 0..100u64).prop_map(|(nth, ms)| Step::Settle { nth, ms }),
        3 => (0..1_000u64).prop_map(|ms| Step::Pass { ms }),
        2 => (0..200_000u64).prop_map(|ms| Step::Pass { ms }),
        1 => Just(Step::Neutral),
    ]
}

fn run(steps: Vec<Step>) -> usize {
    let mut order = Order::default();
    let mut model = Model { now: START, ..Model::default() };
    let mut noisy = 0;
    for step in steps {
        let messages_before = model.messages.len().max(1);
        let exists = !model.messages.is_empty();
        match step {
            Step::Send { group, place, messages } => {
                (0..messages).for_each(|_| model.send(&mut order, place, group));
            }
            Step::Receive { messages } => {
                for number in order.pick().take(messages).collect::<Vec<_>>() {
                    let nth = model.messages.iter().position(|known| known.key.1 == number).unwrap();
                    let mut message = model.leave(&mut order, nth);
                    message.place = Where::InFlight;
                    message.key.0 = Timestamp(model.now + 30_000);
                    model.enter(&mut order, message);
                }
            }
            Step::Move { nth, place, later } if exists => {
                let mut message = model.leave(&mut order, nth.index(messages_before));
                message.place = place;
                message.key.0 = Timestamp(model.now + later);
                model.enter(&mut order, message);
            }
            Step::Settle { nth, ms } if exists => {
                let message = model.leave(&mut order, nth.index(messages_before));
                model.process(&mut order, message.group, ms);
            }
            Step::Move { .. } | Step::Settle { .. } => {}
            Step::Pass { ms } => model.pass(&mut order, ms),
            Step::Neutral => model.neutral(&mut order),
        }
        model.check(&order);
        noisy += model.noisy.len();
    }
    noisy
}

proptest! {
    #[test]
    fn it_agrees_with_the_model(steps in prop::collection::vec(step(), 1..80)) {
        run(steps);
    }
}

/// A model that never sees noise would agree too easily.
#[test]
fn the_model_is_noisy_often() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let steps = prop::collection::vec(step(), 60..80);
    let noisy = (0..20).map(|_| run(steps.new_tree(&mut runner).unwrap().current())).sum::<usize>();
    assert!(noisy > 200, "{noisy} groups after all steps together");
}
