//! The operations that are counted. Each is part of a cycle that leaves as many messages as it found: what is counted
//! on a full shard is counted on a shard that stays as full.

use crate::callgrind;
use crate::scene::{Scene, demand_each};
use crate::turns::{Counting, Resource};
use postrider_core::command::{AskQueue, AskTopic};
use postrider_core::reply::Reply;

/// Something that is counted.
pub struct Operation {
    name: &'static str,
    queue: Which,
    group: Group,
    counted: Step,
}

#[derive(Clone, Copy)]
enum Which {
    Plain,
    Fair,
    Fifo,
}

/// To which group the cycle sends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Old,
    New,
}

/// The steps of a cycle.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Send,
    /// The same message once more, under the deduplication id of the one before.
    Repeat,
    Receive,
    /// The timeout is set to 90 s.
    Extend,
    /// The timeout is set to 0, and the message is received again.
    Release,
    Delete,
    /// A publication, whose three copies are received and deleted.
    Publish,
}

const fn operation(name: &'static str, queue: Which, group: Group, counted: Step) -> Operation {
    Operation { name, queue, group, counted }
}

/// All of them.
pub const OPERATIONS: [Operation; 19] = [
    operation("send", Which::Plain, Group::Old, Step::Send),
    operation("receive", Which::Plain, Group::Old, Step::Receive),
    operation("change visibility", Which::Plain, Group::Old, Step::Extend),
    operation("change visibility to 0", Which::Plain, Group::Old, Step::Release),
    operation("delete", Which::Plain, Group::Old, Step::Delete),
    operation("fair: send, new group", Which::Fair, Group::New, Step::Send),
    operation("fair: send, group with messages", Which::Fair, Group::Old, Step::Send),
    operation("fair: receive", Which::Fair, Group::Old, Step::Receive),
    operation("fair: change visibility", Which::Fair, Group::Old, Step::Extend),
    operation("fair: change visibility to 0", Which::Fair, Group::Old, Step::Release),
    operation("fair: delete", Which::Fair, Group::Old, Step::Delete),
    operation("FIFO: send, new group", Which::Fifo, Group::New, Step::Send),
    operation("FIFO: send, group with messages", Which::Fifo, Group::Old, Step::Send),
    operation("FIFO: send, duplicate", Which::Fifo, Group::Old, Step::Repeat),
    operation("FIFO: receive", Which::Fifo, Group::Old, Step::Receive),
    operation("FIFO: change visibility", Which::Fifo, Group::Old, Step::Extend),
    operation("FIFO: change visibility to 0", Which::Fifo, Group::Old, Step::Release),
    operation("FIFO: delete", Which::Fifo, Group::Old, Step::Delete),
    operation("publish to 3 queues", Which::Plain, Group::Old, Step::Publish),
];

/// Cycles before the first one that counts: tables and buffers get their size.
const WARM_UP: u64 = 50;

impl Operation {
    /// Runs the cycle, and has callgrind write down what its counted step took.
    pub fn measure(&self, scene: &mut Scene, cycles: u64, state: &str) {
        let queue = match self.queue {
            Which::Plain => scene.plain.clone(),
            Which::Fair => scene.fair.clone(),
            Which::Fifo => scene.fifo.clone(),
        };
        // A group with messages has at least one before the cycle.
        if self.counted == Step::Send && self.group == Group::Old && scene.counts(&queue).available == 0 {
            let group = scene.old_group(0);
            let send = scene.send_to(&queue, group);
            scene.turns.ask(&queue, AskQueue::Send(vec![send]), Counting::Off);
        }
        for nth in 0..WARM_UP {
            self.cycle(scene, &queue, nth);
        }
        callgrind::zero();
        for nth in WARM_UP..WARM_UP + cycles {
            self.cycle(scene, &queue, nth);
        }
        callgrind::dump(&format!("{state}/{cycles}/{}", self.name));
    }

    fn counting(&self, step: Step) -> Counting {
        if self.counted == step { Counting::On } else { Counting::Off }
    }

    fn cycle(&self, scene: &mut Scene, queue: &Resource, nth: u64) {
        scene.turns.tick();
        if self.counted == Step::Publish {
            return self.publish(scene);
        }
        let group = match self.group {
            Group::Old => scene.old_group(nth),
            Group::New => scene.fresh_group(),
        };
        let send = scene.send_to(queue, group);
        let again = send.clone();
        scene.turns.ask(queue, AskQueue::Send(vec![send]), self.counting(Step::Send));
        if self.counted == Step::Repeat {
            scene.turns.ask(queue, AskQueue::Send(vec![again]), Counting::On);
        }
        let mut receipt = scene.receive(queue, self.counting(Step::Receive));
        if matches!(self.counted, Step::Extend | Step::Release) {
            let timeout_s = if self.counted == Step::Extend { 90 } else { 0 };
            let change = AskQueue::ChangeVisibility(vec![(receipt.clone(), timeout_s)]);
            demand_each(&scene.turns.ask(queue, change, Counting::On));
            if timeout_s == 0 {
                scene.turns.tick();
                receipt = scene.receive(queue, Counting::Off);
            }
        }
        scene.delete(queue, receipt, self.counting(Step::Delete));
    }

    fn publish(&self, scene: &mut Scene) {
        let (topic, publish) = (scene.topic.clone(), scene.publish());
        let reply = scene.turns.ask_topic(&topic, AskTopic::Publish(vec![publish]), Counting::On);
        assert!(matches!(reply, Reply::Published(ref answers) if answers.iter().all(Result::is_ok)));
        for queue in [scene.plain.clone(), scene.fair.clone(), scene.third.clone()] {
            let receipt = scene.receive(&queue, Counting::Off);
            scene.delete(&queue, receipt, Counting::Off);
        }
    }
}
