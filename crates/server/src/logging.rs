//! Log lines, on standard error. Standard output is for what was asked for.

use crate::config::LogFormat;
use std::error::Error;
use std::io::{IsTerminal, stderr};
use tracing_subscriber::EnvFilter;

/// Starts logging, for the whole process.
pub(crate) fn start(level: &str, format: LogFormat) -> Result<(), Box<dyn Error>> {
    let coloured =
        stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let lines = tracing_subscriber::fmt().with_writer(stderr).with_env_filter(EnvFilter::try_new(level)?);
    let started = match format {
        LogFormat::Text => lines.with_ansi(coloured).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| error as Box<dyn Error>)
}
