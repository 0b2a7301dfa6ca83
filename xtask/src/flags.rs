//! Flags of the commands: `--name value` and `--name`, nothing else.

use std::collections::BTreeMap;
use std::str::FromStr;

/// The flags that were given, already checked against those that a command knows.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    values: BTreeMap<String, String>,
    switches: Vec<String>,
}

impl Flags {
    /// Reads `arguments`; `valued` take the next argument, `switches` stand alone.
    pub(crate) fn parse(arguments: &[String], valued: &[&str], switches: &[&str]) -> Result<Flags, String> {
        let mut flags = Flags::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let name =
                argument.strip_prefix("--").ok_or_else(|| format!("unexpected argument {argument:?}"))?;
            if switches.contains(&name) {
                flags.switches.push(name.to_owned());
            } else if valued.contains(&name) {
                let value = rest.next().ok_or_else(|| format!("--{name} needs a value"))?;
                flags.values.insert(name.to_owned(), value.clone());
            } else {
                return Err(format!("unknown flag --{name}"));
            }
        }
        Ok(flags)
    }

    /// Whether the switch was given.
    pub(crate) fn has(&self, switch: &str) -> bool {
        self.switches.iter().any(|given| given == switch)
    }

    /// The text given for `name`.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The number given for `name`, or `default`.
    pub(crate) fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        match self.text(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("--{name}: {text:?} is not a number in range")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Flags, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Flags::parse(&words, &["rounds"], &["all"])
    }

    #[test]
    fn values_and_switches_are_told_apart() {
        let flags = parse("--all --rounds 7").unwrap();
        assert!(flags.has("all"));
        assert_eq!(flags.number("rounds", 1), Ok(7));
        assert_eq!(parse("").unwrap().number("rounds", 1), Ok(1));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(parse("--nope").is_err());
        assert!(parse("rounds").is_err());
        assert!(parse("--rounds").is_err());
        assert!(parse("--rounds x").unwrap().number("rounds", 1u32).is_err());
    }
}
