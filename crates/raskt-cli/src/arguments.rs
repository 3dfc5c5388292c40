//! From arguments to a command.

use std::fmt;

use lexopt::{Arg, Parser, ValueExt};

/// What `raskt --help` prints.
pub(crate) const HELP: &str = "\
Usage: raskt <command>

Commands:
  config list [--format yaml|json]        the configuration in force
  config get KEY [--format yaml|json]     one value, or all below a name
  config set KEY VALUE                    write a value into the user's file of configuration
  config find KEY                         every place that sets a key; the last is in force
  config path                             where files of configuration are looked for, in rising priority
  config schema [--format json|markdown]  every key, with what it takes and what it is for
  scheduler [--help]                      run the scheduler of a cluster (needs Python's `raskt`)
  worker [--help]                         run workers of a cluster (needs Python's `raskt`)
  ssh [--help] HOST ...                   run a cluster on other hosts (needs Python's `raskt`)
  top [LINK]                              what a dashboard shows, in the terminal (needs Python's `raskt`)
  explain KEY [--link LINK]               why a task of a cluster does not run (needs Python's `raskt`)
  info [--format yaml|json]               versions, what the machine grants, what is configured and installed
  version                                 the version

Options:
  -h, --help     this text
  -V, --version  the version
";

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueFormat {
    Yaml,
    Json,
}

/// How the schema is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SchemaFormat {
    Json,
    Markdown,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Version,
    ConfigList { format: ValueFormat },
    ConfigGet { key: String, format: ValueFormat },
    ConfigSet { key: String, value: String },
    ConfigFind { key: String },
    ConfigPath,
    ConfigSchema { format: SchemaFormat },
    Info { format: ValueFormat },
}

/// What is wrong with the arguments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UsageError {
    NoCommand { after: &'static str },
    NeedsPython { command: &'static str },
    UnknownCommand { command: String, known: &'static str },
    UnknownOption { option: String },
    MissingKey { command: String },
    MissingValue { key: String },
    MissingFormat,
    UnknownFormat { format: String, known: &'static str },
    TooMany { argument: String },
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UsageError::NoCommand { after } => write!(f, "a command is missing after '{after}'"),
            UsageError::NeedsPython { command } => {
                write!(f, "'raskt {command}' is a command of the Python package: pip install raskt")
            }
            UsageError::UnknownCommand { command, known } => {
                write!(f, "no command '{command}': known are {known}")
            }
            UsageError::UnknownOption { option } => write!(f, "unexpected option '{option}'"),
            UsageError::MissingKey { command } => write!(f, "'raskt config {command}' needs a key"),
            UsageError::MissingValue { key } => write!(f, "'raskt config set {key}' needs a value"),
            UsageError::MissingFormat => f.write_str("'--format' needs a value"),
            UsageError::UnknownFormat { format, known } => {
                write!(f, "no format '{format}': known are {known}")
            }
            UsageError::TooMany { argument } => write!(f, "unexpected argument '{argument}'"),
        }
    }
}

/// The arguments, sorted by kind.
#[derive(Default)]
struct Sorted {
    words: Vec<String>,
    format: Option<String>,
    help: bool,
    version: bool,
}

fn sorted(args: impl Iterator<Item = String>) -> Result<Sorted, UsageError> {
    let mut sorted = Sorted::default();
    let mut parser = Parser::from_args(args);
    loop {
        let argument = parser.next().map_err(|error| UsageError::TooMany { argument: error.to_string() })?;
        match argument {
            None => return Ok(sorted),
            Some(Arg::Short('h') | Arg::Long("help")) => sorted.help = true,
            Some(Arg::Short('V') | Arg::Long("version")) => sorted.version = true,
            Some(Arg::Long("format")) => {
                let format = parser.value().ok().and_then(|value| value.string().ok());
                sorted.format = Some(format.ok_or(UsageError::MissingFormat)?);
            }
            Some(Arg::Short(option)) => {
                return Err(UsageError::UnknownOption { option: format!("-{option}") });
            }
            Some(Arg::Long(option)) => {
                return Err(UsageError::UnknownOption { option: format!("--{option}") });
            }
            Some(Arg::Value(word)) => sorted.words.push(word.to_string_lossy().into_owned()),
        }
    }
}

/// The command that the arguments name.
pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Command, UsageError> {
    let Sorted { words, format, help, version } = sorted(args)?;
    if help {
        return Ok(Command::Help);
    }
    let mut words = words.into_iter();
    let command = match words.next().as_deref() {
        _ if version => Command::Version,
        None => return Err(UsageError::NoCommand { after: "raskt" }),
        Some("help") => return Ok(Command::Help),
        Some("version") => Command::Version,
        Some("scheduler") => return Err(UsageError::NeedsPython { command: "scheduler" }),
        Some("worker") => return Err(UsageError::NeedsPython { command: "worker" }),
        Some("ssh") => return Err(UsageError::NeedsPython { command: "ssh" }),
        Some("top") => return Err(UsageError::NeedsPython { command: "top" }),
        Some("explain") => return Err(UsageError::NeedsPython { command: "explain" }),
        Some("info") => return finished(words, None, Command::Info { format: value_format(format)? }),
        Some("config") => return config(words, format),
        Some(other) => {
            return Err(UsageError::UnknownCommand {
                command: other.to_owned(),
                known: "config, explain, info, scheduler, ssh, top, version, worker",
            });
        }
    };
    finished(words, format, command)
}

fn config(mut words: impl Iterator<Item = String>, format: Option<String>) -> Result<Command, UsageError> {
    let word = words.next().ok_or(UsageError::NoCommand { after: "raskt config" })?;
    let mut key = || words.next().ok_or_else(|| UsageError::MissingKey { command: word.clone() });
    match word.as_str() {
        "list" => finished(words, None, Command::ConfigList { format: value_format(format)? }),
        "get" => {
            let key = key()?;
            finished(words, None, Command::ConfigGet { key, format: value_format(format)? })
        }
        "set" => {
            let key = key()?;
            let value = words.next().ok_or_else(|| UsageError::MissingValue { key: key.clone() })?;
            finished(words, format, Command::ConfigSet { key, value })
        }
        "find" => {
            let key = key()?;
            finished(words, format, Command::ConfigFind { key })
        }
        "path" => finished(words, format, Command::ConfigPath),
        "schema" => finished(words, None, Command::ConfigSchema { format: schema_format(format)? }),
        _ => Err(UsageError::UnknownCommand {
            command: format!("config {word}"),
            known: "list, get, set, find, path, schema",
        }),
    }
}

/// The command, if nothing is left over.
fn finished(
    mut words: impl Iterator<Item = String>,
    format: Option<String>,
    command: Command,
) -> Result<Command, UsageError> {
    match (words.next(), format) {
        (Some(argument), _) => Err(UsageError::TooMany { argument }),
        (None, Some(_)) => Err(UsageError::UnknownOption { option: "--format".to_owned() }),
        (None, None) => Ok(command),
    }
}

fn value_format(format: Option<String>) -> Result<ValueFormat, UsageError> {
    match format.as_deref() {
        None | Some("yaml") => Ok(ValueFormat::Yaml),
        Some("json") => Ok(ValueFormat::Json),
        Some(other) => Err(UsageError::UnknownFormat { format: other.to_owned(), known: "yaml, json" }),
    }
}

fn schema_format(format: Option<String>) -> Result<SchemaFormat, UsageError> {
    match format.as_deref() {
        None | Some("json") => Ok(SchemaFormat::Json),
        Some("markdown") => Ok(SchemaFormat::Markdown),
        Some(other) => Err(UsageError::UnknownFormat { format: other.to_owned(), known: "json, markdown" }),
    }
}
