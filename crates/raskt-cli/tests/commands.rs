//! The commands, as a user of the library and as a user of the shell sees them.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{self, Write};
use std::process::{Command, Output};

use raskt_cli::{Surroundings, run_in};
use raskt_config::{Config, Sources, Value, YamlLimits, parse_yaml};

/// Exit code, output and errors of a command.
fn run(line: &str, sources: Sources) -> (i32, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = line.split_whitespace().map(str::to_owned);
    let code = run_in(args, &mut Surroundings { sources, out: &mut out, err: &mut err });
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn output(line: &str, sources: Sources) -> String {
    let (code, out, err) = run(line, sources);
    assert_eq!((code, err.as_str()), (0, ""), "{line}");
    out
}

fn error(line: &str) -> String {
    let (code, out, err) = run(line, Sources::none());
    assert_eq!((code, out.as_str()), (2, ""), "{line}");
    err
}

#[test]
fn list_prints_what_is_in_force_in_both_formats() {
    let sources = Sources::none().with_variable("RASKT_MINE", "[1, 'two']");
    let expected = Config::load(&sources).unwrap();
    for line in ["config list", "config list --format yaml", "config list --format=json"] {
        let text = output(line, sources.clone());
        assert_eq!(&parse_yaml(&text, YamlLimits::default()).unwrap().0, expected.values(), "{line}");
    }
    assert!(output("config list --format json", sources).starts_with("{\n  \"scheduler\": null,\n"));
}

#[test]
fn get_prints_one_value_or_all_below_a_name() {
    let sources = Sources::none().with_variable("RASKT_LOCAL__ERRORS", "all");
    assert_eq!(output("config get local.errors", sources.clone()), "all\n");
    assert_eq!(output("config get local.errors --format json", sources.clone()), "\"all\"\n");
    assert_eq!(output("config get local.batch_max", sources.clone()), "128\n");
    assert_eq!(output("config get pool", sources.clone()), "null\n");
    assert_eq!(output("config get optimization", sources), "fuse:\n  active: true\n  max-width: null\n");
}

#[test]
fn find_tells_every_place_and_the_last_is_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    fs::write(&file, "num-workers: 2\n").unwrap();
    let sources = Sources::none().with_path(folder.path()).with_variable("RASKT_NUM_WORKERS", "3");
    let expected = format!(
        "null from the default\n2 from {}:1\n3 from the environment variable RASKT_NUM_WORKERS\n",
        file.display()
    );
    assert_eq!(output("config find num_workers", sources), expected);
}

#[test]
fn path_tells_where_files_are_looked_for() {
    let sources = Sources::none().with_path("/no/such/place").with_path("/");
    assert_eq!(output("config path", sources), "given: /no/such/place (not there)\ngiven: /\n");
}

#[test]
fn schema_prints_every_key() {
    let json = output("config schema", Sources::none());
    let document = format!("{{\"keys\": {json}}}");
    let (keys, _) = parse_yaml(&document, YamlLimits::default()).unwrap();
    assert!(matches!(keys.get("keys"), Some(Value::List(keys)) if keys.len() > 20));
    assert!(output("config schema --format markdown", Sources::none()).contains("### `local.memory-limit`"));
}

#[test]
fn help_and_version_are_told() {
    for line in ["--help", "-h", "help", "config --help", "config get -h"] {
        assert!(output(line, Sources::none()).starts_with("Usage: raskt"), "{line}");
    }
    let version = format!("raskt {}\n", env!("CARGO_PKG_VERSION"));
    for line in ["version", "--version", "-V"] {
        assert_eq!(output(line, Sources::none()), version, "{line}");
    }
}

#[test]
fn bad_arguments_are_refused_with_the_reason() {
    for (line, reason) in [
        ("", "a command is missing after 'raskt'"),
        ("config", "a command is missing after 'raskt config'"),
        ("frobnicate", "no command 'frobnicate': known are config, version"),
        ("config set", "no command 'config set': known are list, get, find, path, schema"),
        ("config get", "'raskt config get' needs a key"),
        ("config find", "'raskt config find' needs a key"),
        ("config list extra", "unexpected argument 'extra'"),
        ("config get a b", "unexpected argument 'b'"),
        ("version 1", "unexpected argument '1'"),
        ("config list --format", "'--format' needs a value"),
        ("config list --format toml", "no format 'toml': known are yaml, json"),
        ("config schema --format yaml", "no format 'yaml': known are json, markdown"),
        ("config path --format yaml", "unexpected option '--format'"),
        ("config list --colour", "unexpected option '--colour'"),
        ("-x", "unexpected option '-x'"),
        ("--help=5", "unexpected argument"),
    ] {
        let message = error(line);
        assert!(message.starts_with("error: ") && message.contains(reason), "{line}: {message}");
        assert!(message.ends_with("try 'raskt --help'\n"), "{message}");
    }
}

#[test]
fn unknown_keys_and_bad_values_are_errors_and_doubtful_keys_warnings() {
    let message = error("config get local.batchmax");
    assert_eq!(message, "error: no configuration key 'local.batchmax'; is 'local.batch-max' meant?\n");
    assert!(error("config find nothing.here").contains("no configuration key 'nothing.here'"));
    let (code, out, err) = run("config list", Sources::none().with_variable("RASKT_LOCAL__RETRIES", "often"));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("RASKT_LOCAL__RETRIES") && err.contains("'often'"), "{err}");
    let (code, out, err) =
        run("config get num-workers", Sources::none().with_variable("RASKT_LOCAL__RETRY", "1"));
    assert_eq!((code, out.as_str()), (0, "null\n"));
    assert!(err.starts_with("warning: unknown configuration key 'local.retry'"), "{err}");
}

/// An output that fails.
struct Failing(io::ErrorKind);

impl Write for Failing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_no_error_and_a_full_disk_is_one() {
    for (kind, expected) in [(io::ErrorKind::BrokenPipe, 0), (io::ErrorKind::StorageFull, 2)] {
        let mut err = Vec::new();
        let mut around = Surroundings { sources: Sources::none(), out: &mut Failing(kind), err: &mut err };
        assert_eq!(run_in(["version".to_owned()].into_iter(), &mut around), expected);
        assert_eq!(err.is_empty(), expected == 0);
    }
}

fn shell(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_raskt"));
    command.args(args).env_clear().envs(variables.iter().copied()).output().unwrap()
}

#[test]
fn the_program_reads_its_environment_and_exits_with_the_code() {
    let found = shell(&["config", "get", "local.retries"], &[("RASKT_LOCAL__RETRIES", "4")]);
    assert_eq!((found.status.code(), found.stdout.as_slice()), (Some(0), b"4\n".as_slice()));
    let refused = shell(&["config", "get", "local.retries"], &[("RASKT_LOCAL__RETRIES", "x")]);
    assert_eq!((refused.status.code(), refused.stdout.as_slice()), (Some(2), b"".as_slice()));
    assert!(
        String::from_utf8(refused.stderr).unwrap().starts_with("error: configuration key 'local.retries'")
    );
    let prefix = tempfile::tempdir().unwrap();
    fs::create_dir_all(prefix.path().join("etc/raskt")).unwrap();
    fs::write(prefix.path().join("etc/raskt/a.yaml"), "num-workers: 9").unwrap();
    let found = shell(&["config", "get", "num-workers"], &[("VIRTUAL_ENV", prefix.path().to_str().unwrap())]);
    assert_eq!(found.stdout, b"9\n");
}
