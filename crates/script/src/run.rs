//! Runs a script on a target and compares what comes with what is expected.

use crate::action::{Action, Incoming, OnQueue, OnTopic, Target};
use crate::parse::{Expected, Script, Step};
use std::time::{Duration, Instant};

/// A step that did not answer as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its line, from 1.
    pub line: usize,
    /// The line as it is written.
    pub text: String,
    /// What came instead.
    pub came: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}\n    came: {}", self.line, self.text, self.came)
    }
}

impl std::error::Error for Failure {}

/// How often a target is asked again for what is not seen yet.
const AGAIN: Duration = Duration::from_millis(20);

/// Runs the steps in order.
///
/// # Errors
///
/// The first step that does not answer as it should.
pub fn run(script: &Script, target: &mut dyn Target) -> Result<(), Failure> {
    for step in &script.steps {
        target.at(step.time_ms);
        let failure = |came: String| Failure { line: step.line, text: step.text.clone(), came };
        let answer = answer(step, target).map_err(|fault| failure(fault.to_string()))?;
        if !fits(&step.expected, &answer) {
            let nothing = answer.is_empty();
            return Err(failure(if nothing { "nothing".into() } else { answer.join(" ") }));
        }
    }
    Ok(())
}

/// The answer to a step. What may take a moment to be seen is asked for again while the target's
/// patience lasts: messages still missing from a receive, and counts and lists.
fn answer(step: &Step, target: &mut dyn Target) -> Result<Vec<String>, crate::Fault> {
    let end = Instant::now() + target.patience();
    let mut answer = target.perform(&step.action)?;
    while !fits(&step.expected, &answer) && Instant::now() < end {
        let Some(again) = again(step, &mut answer) else { break };
        std::thread::sleep(AGAIN);
        answer.extend(target.perform(&again)?);
    }
    Ok(answer)
}

/// What to ask again, with what is kept of the answer so far.
fn again(step: &Step, answer: &mut Vec<String>) -> Option<Action> {
    if let (Action::Queue(queue, OnQueue::Receive(asked)), Expected::Words(words)) =
        (&step.action, &step.expected)
    {
        let seen_twice = asked.visibility_s == Some(0) && !answer.is_empty();
        if seen_twice || answer.len() >= words.len() {
            return None;
        }
        let max = asked.max.saturating_sub(u32::try_from(answer.len()).unwrap_or(u32::MAX));
        let rest = Incoming { max, ..asked.clone() };
        return Some(Action::Queue(queue.clone(), OnQueue::Receive(rest)));
    }
    let shows = matches!(
        step.action,
        Action::Queue(_, OnQueue::Counts | OnQueue::Attributes | OnQueue::Moves)
            | Action::Topic(_, OnTopic::Attributes | OnTopic::Subscriptions | OnTopic::Subscription(_))
    );
    shows.then(|| {
        answer.clear();
        step.action.clone()
    })
}

fn fits(expected: &Expected, answer: &[String]) -> bool {
    match expected {
        Expected::Success => !answer.is_empty() && answer.iter().all(|word| word == "ok"),
        Expected::Words(words) => words == answer,
        Expected::Some(words) => words.iter().all(|word| answer.contains(word)),
    }
}
