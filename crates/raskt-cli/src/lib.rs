//! The commands of `raskt`: a library, so that Python's entry point and the program without Python run the same code.
//!
//! ```
//! let mut out = Vec::new();
//! let code = raskt_cli::run(["version".to_owned()].into_iter(), &mut out);
//! assert_eq!(code, 0);
//! assert!(String::from_utf8_lossy(&out).starts_with("raskt "));
//! ```

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

mod arguments;
mod config;
mod info;
pub mod planner;
mod set;

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;

use raskt_config::{ConfigError, Map, Sources};

use crate::arguments::{Command, HELP, UsageError, parse};
use crate::set::SetError;

/// The exit code of a command that did what it should.
pub const EXIT_OK: i32 = 0;
/// The exit code of bad arguments, of a bad configuration, and of output that cannot be written.
pub const EXIT_ERROR: i32 = 2;

/// What a command runs in: where configuration comes from, and where its text goes.
pub struct Surroundings<'a> {
    /// Where configuration comes from.
    pub sources: Sources,
    /// What the host of the commands (Python) tells of itself and of what is installed there, for `raskt info`.
    pub host: &'a dyn Fn() -> io::Result<Map>,
    /// For what the command was asked.
    pub out: &'a mut dyn Write,
    /// For errors and warnings.
    pub err: &'a mut dyn Write,
}

/// Run a command in this process's surroundings; errors and warnings go to the standard error stream. The arguments
/// are without the program's name. The result is the exit code: 0, or 2 for an error.
pub fn run(args: impl Iterator<Item = String>, out: &mut dyn Write) -> i32 {
    // Without Python the prefix is that of the environment that is active in the shell.
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().find_map(std::env::var_os).map(PathBuf::from);
    let sources = Sources::from_process(active.as_deref());
    run_in(args, &mut Surroundings { sources, host: &no_host, out, err: &mut io::stderr() })
}

/// Nothing: the program runs without Python.
///
/// # Errors
///
/// Never; the type is that of [`Surroundings::host`].
pub fn no_host() -> io::Result<Map> {
    Ok(Map::default())
}

/// Run a command in given surroundings.
pub fn run_in(args: impl Iterator<Item = String>, around: &mut Surroundings<'_>) -> i32 {
    let done = parse(args).map_err(Failure::Usage).and_then(|command| perform(&command, around));
    let done = done.and_then(|()| around.out.flush().map_err(Failure::Output));
    match done {
        Ok(()) => EXIT_OK,
        // Who reads no further (`raskt config list | head -1`) has what they wanted.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => EXIT_OK,
        Err(failure) => {
            // If not even this can be written, the exit code has to do.
            let _ = writeln!(around.err, "error: {failure}");
            EXIT_ERROR
        }
    }
}

/// Why a command failed.
#[derive(Debug)]
enum Failure {
    Usage(UsageError),
    Config(ConfigError),
    Set(SetError),
    Host(io::Error),
    Output(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(error) => write!(f, "{error}\ntry 'raskt --help'"),
            Failure::Config(error) => error.fmt(f),
            Failure::Set(error) => error.fmt(f),
            Failure::Host(error) => write!(f, "what is installed cannot be told: {error}"),
            Failure::Output(error) => write!(f, "the output cannot be written: {error}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

impl From<SetError> for Failure {
    fn from(error: SetError) -> Failure {
        Failure::Set(error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::Config(error)
    }
}

fn perform(command: &Command, around: &mut Surroundings<'_>) -> Result<(), Failure> {
    match command {
        Command::Help => around.out.write_all(HELP.as_bytes())?,
        Command::Version => writeln!(around.out, "raskt {}", env!("CARGO_PKG_VERSION"))?,
        Command::ConfigList { format } => config::list(*format, around)?,
        Command::ConfigGet { key, format } => config::get(key, *format, around)?,
        Command::ConfigSet { key, value } => set::set(key, value, around)?,
        Command::Info { format } => info::info(*format, around)?,
        Command::ConfigFind { key } => config::find(key, around)?,
        Command::ConfigPath => config::path(around)?,
        Command::ConfigSchema { format } => config::schema(*format, around)?,
    }
    Ok(())
}
