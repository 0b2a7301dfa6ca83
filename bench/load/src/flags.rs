//! The command line: `--name value`, nothing else.

use crate::Fault;
use std::collections::HashMap;
use std::str::FromStr;

/// The flags that were given and have not been asked for yet.
pub struct Flags(HashMap<String, String>);

impl Flags {
    /// Reads pairs of a name and a value.
    pub fn parse(arguments: &[String]) -> Result<Flags, Fault> {
        let mut pairs = HashMap::new();
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { return Err(format!("{} needs a value", pair[0]).into()) };
            pairs.insert(name.clone(), value.clone());
        }
        Ok(Flags(pairs))
    }

    /// The value of a flag, if it was given.
    pub fn take<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Fault> {
        let Some(text) = self.0.remove(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| format!("{name}: {text:?} is not in range").into())
    }

    /// The value of a flag that has to be given.
    pub fn need<T: FromStr>(&mut self, name: &str) -> Result<T, Fault> {
        self.take(name)?.ok_or_else(|| format!("{name} is missing").into())
    }

    /// Refuses what nobody has asked for.
    pub fn end(self) -> Result<(), Fault> {
        match self.0.keys().next() {
            Some(unknown) => Err(format!("unknown flag {unknown}").into()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Flags, Fault> {
        Flags::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_are_taken_once_and_all_of_them() {
        let mut flags = parse("--a 1 --b x").unwrap();
        assert_eq!(flags.need::<u32>("--a").unwrap(), 1);
        assert!(flags.take::<u32>("--a").unwrap().is_none());
        assert!(flags.need::<u32>("--b").is_err());
        assert!(flags.need::<u32>("--c").is_err());
        assert!(flags.end().is_ok());
        assert!(parse("--a 1").unwrap().end().is_err());
        assert!(parse("--a").is_err());
    }
}
