//! The commands, as a user of the library and as a user of the shell sees them.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{self, Write};
use std::process::{Command, Output};

use raskt_cli::{Surroundings, no_host, run_in};
use raskt_config::{Config, Sources, Value, YamlLimits, parse_yaml};

/// Exit code, output and errors of a command.
fn run(line: &str, sources: Sources) -> (i32, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = line.split_whitespace().map(str::to_owned);
    let code = run_in(args, &mut Surroundings { sources, host: &no_host, out: &mut out, err: &mut err });
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
        (
            "frobnicate",
            "no command 'frobnicate': known are config, explain, info, scheduler, ssh, top, version, worker",
        ),
        ("config unset", "no command 'config unset': known are list, get, set, find, path, schema"),
        ("config set", "'raskt config set' needs a key"),
        ("config set local.retries", "'raskt config set local.retries' needs a value"),
        ("config set local.retries 1 2", "unexpected argument '2'"),
        ("info now", "unexpected argument 'now'"),
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

/// Sources with a folder of the user's.
fn of_user(folder: &std::path::Path) -> Sources {
    let env = [("XDG_CONFIG_HOME", folder.to_str().unwrap()), ("RASKT_ROOT_CONFIG", "/no/such/place")];
    Sources::from_env(env.map(|(name, value)| (name.to_owned(), value.to_owned())).into(), None)
}

#[test]
fn set_writes_the_users_file_and_keeps_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("raskt/raskt.yaml");
    let said = output("config set local.batch_max 32", of_user(folder.path()));
    assert_eq!(said, format!("local.batch-max: 32 in {}\n", file.display()));
    assert_eq!(fs::read_to_string(&file).unwrap(), "local:\n  batch-max: 32\n");
    fs::write(&file, "# mine\nlocal:\n  batch-max: 32 # small\n").unwrap();
    output("config set local.batch-max 64", of_user(folder.path()));
    output("config set local {errors:all,retries:2}", of_user(folder.path()));
    output("config set scheduler null", of_user(folder.path()));
    output("config set mine.own [1,2]", of_user(folder.path()));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# mine\nlocal:\n") && text.contains("batch-max: 64 # small\n"), "{text}");
    let config = Config::load(&of_user(folder.path())).unwrap();
    assert_eq!((config.int("local.retries"), config.int("local.batch-max")), (Ok(Some(2)), Ok(Some(64))));
    assert_eq!(config.get("mine.own"), Some(&Value::List(vec![Value::Int(1), Value::Int(2)])));
    // Nothing but the file is left behind.
    assert_eq!(fs::read_dir(folder.path().join("raskt")).unwrap().count(), 1);
}

#[test]
fn set_changes_the_file_that_has_the_key_and_tells_what_overrides_it() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("raskt");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("a.json"), "{\"local\": {\"retries\": 1}}").unwrap();
    fs::write(own.join("b.yaml"), "num_workers: 2\n").unwrap();
    output("config set local.retries 3", of_user(folder.path()));
    assert_eq!(
        fs::read_to_string(own.join("a.json")).unwrap(),
        "{\n  \"local\": {\n    \"retries\": 3\n  }\n}\n"
    );
    output("config set num-workers 4", of_user(folder.path()));
    assert_eq!(fs::read_to_string(own.join("b.yaml")).unwrap(), "num_workers: 4\n");
    let (code, _, err) =
        run("config set num-workers 5", of_user(folder.path()).with_variable("RASKT_NUM_WORKERS", "9"));
    assert_eq!(code, 0);
    assert_eq!(err, "warning: what is in force is from the environment variable RASKT_NUM_WORKERS\n");
}

#[test]
fn set_refuses_what_the_schema_does_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (line, reason) in [
        ("config set local.retries often", "configuration key 'local.retries' cannot be 'often'"),
        ("config set local.retry 1", "no configuration key 'local.retry'; is 'local.retries' meant?"),
        ("config set local 5", "configuration key 'local' cannot be 5"),
        ("config set local {}", "'local' is a section: set one of the keys below it"),
        ("config set pool x", "configuration key 'pool' cannot be 'x'"),
    ] {
        let (code, out, err) = run(line, of_user(folder.path()));
        assert_eq!((code, out.as_str()), (2, ""), "{line}");
        assert!(err.starts_with("error: ") && err.contains(reason), "{line}: {err}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(error("config set local.retries 1").contains("set XDG_CONFIG_HOME"));
    let own = folder.path().join("raskt");
    fs::create_dir(&own).unwrap();
    for (text, reason) in [("a: [\n", "raskt.yaml:"), ("{a: 1} # b\n", "without losing its comments")] {
        fs::write(own.join("raskt.yaml"), text).unwrap();
        let (code, _, err) = run("config set local.retries 1", of_user(folder.path()));
        assert!(code == 2 && err.contains(reason), "{err}");
        assert_eq!(fs::read_to_string(own.join("raskt.yaml")).unwrap(), text);
    }
}

#[test]
#[cfg(unix)]
fn set_leaves_links_and_permissions_as_they_are() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (own, elsewhere) = (folder.path().join("raskt"), folder.path().join("dotfiles.yaml"));
    fs::create_dir(&own).unwrap();
    fs::write(&elsewhere, "num-workers: 2\n").unwrap();
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&elsewhere, own.join("raskt.yaml")).unwrap();
    output("config set num-workers 3", of_user(folder.path()));
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "num-workers: 3\n");
    assert_eq!(fs::metadata(&elsewhere).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::symlink_metadata(own.join("raskt.yaml")).unwrap().is_symlink());
}

#[test]
fn info_tells_versions_the_machine_and_the_files_that_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("raskt");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("raskt.yaml"), "scheduler: sync\nlocal: {memory-limit: 1GiB}\n").unwrap();
    for line in ["info", "info --format json"] {
        let text = output(line, of_user(folder.path()));
        let (found, _) = parse_yaml(&text, YamlLimits::default()).unwrap();
        let text = |key: &str| found.get(key).and_then(Value::as_str);
        assert_eq!(text("raskt"), Some(env!("CARGO_PKG_VERSION")));
        assert_eq!((text("scheduler"), text("memory-limit")), (Some("sync"), Some("1.00 GiB")));
        assert!(matches!(found.get("cores"), Some(Value::Int(1..))));
        assert!(text("platform").is_some_and(|platform| platform.contains(std::env::consts::ARCH)));
        let file = Value::from(own.join("raskt.yaml").to_str().unwrap());
        assert_eq!(found.get("configuration-files"), Some(&Value::List(vec![file])));
        let words = ["threads", "processes", "sync", "ray", "dask"].map(Value::from).to_vec();
        assert_eq!(found.get("schedulers"), Some(&Value::List(words)));
    }
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
        let sources = Sources::none();
        let mut around = Surroundings { sources, host: &no_host, out: &mut Failing(kind), err: &mut err };
        assert_eq!(run_in(["version".to_owned()].into_iter(), &mut around), expected);
        assert_eq!(err.is_empty(), expected == 0);
    }
}

fn shell(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::var_os("CARGO_BIN_EXE_raskt").unwrap());
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
