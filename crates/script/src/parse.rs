//! Scripts to steps. Anything odd is a [`Mistake`] with line and column.
//!
//! | verb | on | words | options |
//! |---|---|---|---|
//! | `create`, `set` | queue | | `visibility= delay= retention= wait= size= policy= sse= kms=` |
//! | `delete-queue`, `purge` | queue | | |
//! | `attributes`, `counts` | queue | | |
//! | `queues` | | | `prefix= max=` |
//! | `send` | queue | bodies | `delay= bytes=` |
//! | `receive` | queue | | `max= timeout= wait=` |
//! | `delete` | queue | messages | `from= handle=forged` |
//! | `visibility` | queue | messages | `timeout= from= handle=forged` |
//! | `topic`, `set-topic` | topic | | `display= size=` |
//! | `delete-topic`, `topic-attributes`, `subscriptions` | topic | | |
//! | `topics` | | | |
//! | `subscribe`, `set-subscription` | topic | queue | `filter= scope= raw=` |
//! | `unsubscribe` | topic | queue | |
//! | `publish` | topic | bodies | `attr.NAME= attr.NAME:TYPE= bytes=` |
//! | `restart`, `compact` | | | |
//!
//! `bytes=` makes bodies that long by dots at their end, which are not shown. `from=` is the queue that
//! handed a message out, when it is another one.

mod verb;

use crate::action::{Action, Fault};
use crate::refusal;
use crate::token::{Word, words};
use std::collections::{BTreeMap, VecDeque};

/// A script that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Whether it runs only where time is simulated.
    pub pure: bool,
    /// Its steps, times ascending.
    pub steps: Vec<Step>,
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
        let mut script = Script { pure: false, steps: Vec::new() };
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
    if let [word] = words
        && word.text == "@pure"
        && script.steps.is_empty()
    {
        script.pure = true;
        return Ok(());
    }
    Err((words[0].column, "the only header is `@pure`, alone, before the first step".into()))
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
        None => Ok(words.iter().map(|word| word.text.to_owned()).collect()),
    }
}

/// `minutes:seconds`, perhaps with a fraction of up to three digits.
fn time_ms(text: &str) -> Option<u64> {
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
