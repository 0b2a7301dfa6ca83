//! Scripts to steps. Anything odd is a [`Mistake`] with line and column.
//!
//! | verb | on | words | options |
//! |---|---|---|---|
//! | `create`, `set` | queue | | `visibility= delay= retention= wait= size= policy= sse= kms=` |
//! | ... of FIFO queues | | | `fifo=on content-dedup=on scope=group throughput=group` |
//! | ... of dead-letter queues | | | `redrive=QUEUE:COUNT allow=all` |
//! | `delete-queue`, `purge` | queue | | |
//! | `attributes`, `counts`, `sources`, `peek` | queue | | |
//! | `queues` | | | `prefix= max=` |
//! | `send` | queue | bodies | `delay= bytes= group= dedup=` |
//! | `receive` | queue | | `max= timeout= wait= attempt= show=` |
//! | `delete` | queue | messages | `from= handle=forged` |
//! | `visibility` | queue | messages | `timeout= from= handle=forged` |
//! | `move` | queue | | `to= rate=` |
//! | `moves` | queue | | |
//! | `cancel` | queue | | `task=` |
//! | `topic`, `set-topic` | topic | | `display= size= delivery= tags=` |
//! | ... of FIFO topics | | | `content-dedup=on scope=group archive=DAYS` |
//! | `delete-topic`, `topic-attributes`, `subscriptions` | topic | | |
//! | `topics` | | | |
//! | `subscribe`, `set-subscription` | topic | subscriber | `filter= scope= raw= redrive= delivery= replay=` |
//! | `subscription` | topic | subscriber | |
//! | `confirm` | topic | subscriber | `token= by=` |
//! | `unsubscribe` | topic | subscriber | `by=` |
//! | `publish` | topic | bodies | `attr.NAME= attr.NAME:TYPE= bytes= group= dedup= structure=json` |
//! | `endpoint` | subscriber | `accepts`, `fails`, `refuses` or `hangs` | |
//! | `attempts` | subscriber | | |
//! | `restart`, `compact` | | | |
//!
//! A subscriber is the name of a queue, `http://...`, `https://...`, or a protocol, a colon and an address.
//!
//! `bytes=` makes bodies that long by dots at their end, which are not shown. `from=` is the queue that
//! handed a message out, when it is another one. `allow=` is `all`, `none` or names of queues with commas. `redrive=`
//! with nothing removes. `dedup=hash:TEXT` is the digest of a text as an explicit id. `show=` lists what to show of
//! messages, out of `count group dedup source handle sent first`. `task=` is which task was started on this queue, from
//! 1, or `forged`.
//!
//! Of topics and subscriptions: `delivery=` is a delivery policy as SNS has it, `tags=` is `key:value` with commas,
//! `archive=off` ends an archive, `redrive=` is the name of a queue, and nothing removes. `replay=` is a time of the script,
//! or two with a `-` between, and `off` stops. `token=` is which token the endpoint got from this topic, from 1, or
//! `forged`. `by=` is `owner` or `link`: who confirms has the link if not said otherwise, who unsubscribes is the owner.

mod verb;

use crate::action::{Action, Fault};
use crate::refusal;
use crate::token::{Word, words};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};

/// A script that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Where it runs.
    pub runs: Runs,
    /// Its steps, times ascending.
    pub steps: Vec<Step>,
}

/// Where a script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// On every target.
    Anywhere,
    /// `@pure`: only where time is simulated.
    Pure,
    /// `@http`: only on a server, because it concerns what the core leaves to it.
    Http,
}

/// One line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its line, from 1.
    pub line: usize,
    /// The line as it is written.
    pub text: String,
    /// When, milliseconds since the script began.
    pub time_ms: u64,
    /// What to do.
    pub action: Action,
    /// What must come of it.
    pub expected: Expected,
}

/// What a step must answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `ok` for each part of it.
    Success,
    /// These words in this order; none for `nothing`.
    Words(Vec<String>),
    /// At least these words, in any order.
    Some(Vec<String>),
}

/// Why a script could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The character of the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub text: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.text)
    }
}

impl std::error::Error for Mistake {}

impl From<Mistake> for Fault {
    fn from(mistake: Mistake) -> Fault {
        Fault(mistake.to_string())
    }
}

/// A column and what is wrong there.
type Wrong = (usize, String);

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    ///
    /// The first mistake in it.
    pub fn parse(text: &str) -> Result<Script, Mistake> {
        let mut script = Script { runs: Runs::Anywhere, steps: Vec::new() };
        for (at, text) in text.lines().enumerate() {
            let mistake = |(column, text): Wrong| Mistake { line: at + 1, column, text };
            let words = words(text).map_err(|column| mistake((column, "this is never closed".into())))?;
            let Some(first) = words.first().copied() else { continue };
            if first.text.starts_with('@') {
                header(&mut script, &words).map_err(mistake)?;
                continue;
            }
            let step = step(at + 1, text, &words).map_err(mistake)?;
            if script.steps.last().is_some_and(|before| before.time_ms > step.time_ms) {
                return Err(mistake((first.column, "this is earlier than the line before".into())));
            }
            script.steps.push(step);
        }
        Ok(script)
    }
}

fn header(script: &mut Script, words: &[Word<'_>]) -> Result<(), Wrong> {
    let runs = match words {
        [word] if word.text == "@pure" => Some(Runs::Pure),
        [word] if word.text == "@http" => Some(Runs::Http),
        _ => None,
    };
    let known = runs.filter(|_| script.steps.is_empty() && script.runs == Runs::Anywhere);
    let unknown = "the only header is `@pure` or `@http`, alone, before the first step";
    script.runs = known.ok_or_else(|| (words[0].column, unknown.to_owned()))?;
    Ok(())
}

fn step(line: usize, text: &str, words: &[Word<'_>]) -> Result<Step, Wrong> {
    let arrow = words.iter().position(|word| word.text == "->");
    let (asked, expected) = words.split_at(arrow.unwrap_or(words.len()));
    let [time, verb, rest @ ..] = asked else {
        return Err((words[0].column, "a step is a time, a verb, and what the verb needs".into()));
    };
    let time_ms = time_ms(time.text).ok_or((time.column, "a time is `minutes:seconds`".to_owned()))?;
    let mut arguments = Arguments::new(*verb, rest)?;
    let (action, answers) = verb::action(&mut arguments)?;
    arguments.finish()?;
    let expected = match (expected, answers) {
        ([], verb::Answers::Success) => Expected::Success,
        ([], verb::Answers::Words | verb::Answers::Pairs) => {
            return Err((verb.column, format!("`{}` needs `->` and what it answers", verb.text)));
        }
        ([arrow], _) => return Err((arrow.column, "say what is expected, or `nothing`".into())),
        ([_, words @ ..], verb::Answers::Success | verb::Answers::Words) => Expected::Words(answer(words)?),
        ([_, words @ ..], verb::Answers::Pairs) => {
            let words = answer(words)?;
            let refused = words.first().is_some_and(|word| word.starts_with('!'));
            if refused { Expected::Words(words) } else { Expected::Some(words) }
        }
    };
    Ok(Step { line, text: text.trim().into(), time_ms, action, expected })
}

fn answer(words: &[Word<'_>]) -> Result<Vec<String>, Wrong> {
    if let [word] = words
        && word.text == "nothing"
    {
        return Ok(Vec::new());
    }
    let unknown =
        words.iter().find(|word| word.text.strip_prefix('!').is_some_and(|name| !refusal::known(name)));
    match unknown {
        Some(word) => Err((word.column, format!("there is no refusal `{}`", word.text))),
        None => Ok(words.iter().flat_map(|word| expand(word.text)).collect()),
    }
}

/// `n3..5` as `n3`, `n4` and `n5`; anything else as itself.
fn expand(word: &str) -> Vec<String> {
    let range = || {
        let (first, last) = word.split_once("..")?;
        let name = first.trim_end_matches(|c: char| c.is_ascii_digit());
        let (from, to) = (first[name.len()..].parse::<u32>().ok()?, last.parse::<u32>().ok()?);
        (!name.is_empty() && from <= to).then(|| (from..=to).map(|n| format!("{name}{n}")).collect())
    };
    range().unwrap_or_else(|| vec![word.to_owned()])
}

/// The deduplication id that is made of a body: its SHA-256 in lower-case hexadecimal digits (sqs 10).
pub fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `minutes:seconds`, perhaps with a fraction of up to three digits.
pub(crate) fn time_ms(text: &str) -> Option<u64> {
    let (minutes, seconds) = text.split_once(':')?;
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let digits = |text: &str, max: usize| {
        let clean = (1..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        clean.then(|| text.parse::<u64>().ok()).flatten()
    };
    let millis = digits(fraction, 3)? * [100, 10, 1][fraction.len() - 1];
    let seconds = digits(seconds, 2).filter(|seconds| *seconds < 60)?;
    Some((digits(minutes, 6)? * 60 + seconds) * 1000 + millis)
}

/// What stands behind the verb.
struct Arguments<'a> {
    verb: Word<'a>,
    words: VecDeque<Word<'a>>,
    options: BTreeMap<&'a str, Word<'a>>,
}

impl<'a> Arguments<'a> {
    fn new(verb: Word<'a>, rest: &[Word<'a>]) -> Result<Arguments<'a>, Wrong> {
        let mut arguments = Arguments { verb, words: VecDeque::new(), options: BTreeMap::new() };
        for word in rest {
            let option = word.text.split_once('=').filter(|(name, _)| {
                name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || ".:_-".contains(c))
            });
            let Some((name, value)) = option else {
                arguments.words.push_back(*word);
                continue;
            };
            let value = Word { text: value, column: word.column + name.len() + 1 };
            if arguments.options.insert(name, value).is_some() {
                return Err((word.column, format!("`{name}` is given twice")));
            }
        }
        Ok(arguments)
    }

    /// The next word, which must be there.
    fn word(&mut self, what: &str) -> Result<String, Wrong> {
        let word = self.words.pop_front();
        let missing = || (self.verb.column, format!("`{}` needs {what}", self.verb.text));
        word.map(|word| word.text.to_owned()).ok_or_else(missing)
    }

    /// All words that are left, at least one.
    fn words(&mut self, what: &str) -> Result<Vec<Word<'a>>, Wrong> {
        if self.words.is_empty() {
            return Err((self.verb.column, format!("`{}` needs {what}", self.verb.text)));
        }
        Ok(std::mem::take(&mut self.words).into())
    }

    fn option(&mut self, name: &str) -> Option<Word<'a>> {
        self.options.remove(name)
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.option(name).map(|value| value.text.to_owned())
    }

    fn number<N: std::str::FromStr>(&mut self, name: &str) -> Result<Option<N>, Wrong> {
        let Some(value) = self.option(name) else { return Ok(None) };
        let number = value.text.parse().map_err(|_| (value.column, format!("`{name}` is a number")))?;
        Ok(Some(number))
    }

    /// The options of these names, as they were given.
    fn some_of<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> BTreeMap<String, String> {
        let given = names.into_iter().filter_map(|name| Some((name.to_owned(), self.text(name)?)));
        given.collect()
    }

    /// Everything must have been asked for.
    fn finish(self) -> Result<(), Wrong> {
        if let Some(word) = self.words.front() {
            return Err((word.column, format!("`{}` takes no `{}`", self.verb.text, word.text)));
        }
        match self.options.first_key_value() {
            Some((name, value)) => {
                Err((value.column - name.len() - 1, format!("`{}` has no option `{name}`", self.verb.text)))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
