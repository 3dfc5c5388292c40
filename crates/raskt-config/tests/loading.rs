//! Files and variables, from the file system to typed answers and messages.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use raskt_config::{
    Config, ConfigError, ConfigWarning, Map, Origin, PathRole, SearchPath, Sources, Value,
    memory_granted_bytes,
};
use tempfile::TempDir;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load(sources: &Sources) -> Config {
    Config::load(sources).unwrap()
}

fn message(sources: &Sources) -> String {
    Config::load(sources).unwrap_err().to_string()
}

fn variable(name: &str, value: &str) -> Sources {
    Sources::none().with_variable(name, value)
}

fn warnings(config: &Config) -> Vec<String> {
    config.warnings().iter().map(ToString::to_string).collect()
}

#[test]
fn without_sources_the_defaults_are_in_force() {
    let config = load(&Sources::none());
    assert_eq!(config.get("local.batch-max"), Some(&Value::Int(128)));
    assert_eq!(config.bytes("processes.shared-memory-min-bytes"), Ok(Some(65536)));
    assert_eq!(config.duration("processes.idle-timeout"), Ok(Some(Duration::from_secs(300))));
    assert_eq!(config.choice("scheduler"), Ok(None));
    assert_eq!(config.int("num-workers"), Ok(None));
    assert_eq!(config.flag("local.spill"), Ok(true));
    let granted = memory_granted_bytes() as f64;
    let limit = config.bytes("local.memory-limit").unwrap().unwrap() as f64;
    assert!((limit / granted - 0.7).abs() < 1e-6);
    assert_eq!(config.origin("local.batch-max"), Some(Origin::Default));
    assert!(config.warnings().is_empty());
}

#[test]
fn later_sources_win_over_earlier_ones_and_keep_what_they_do_not_say() {
    let system = folder(&[
        ("b.yaml", "local: {retries: 2, batch-max: 2}"),
        ("a.yaml", "local: {retries: 1, errors: all}"),
        ("notes.txt", "not: [yaml"),
    ]);
    let user = folder(&[("raskt/x.yml", "local:\n  batch_max: 3\n")]);
    let explicit = folder(&[("mine.conf", "tokenize.array-bytes-max: 5\nnum-workers: 1")]);
    let env = [
        ("RASKT_ROOT_CONFIG", system.path().to_str().unwrap()),
        ("XDG_CONFIG_HOME", user.path().to_str().unwrap()),
        ("RASKT_CONFIG", explicit.path().join("mine.conf").to_str().unwrap()),
        ("RASKT_NUM_WORKERS", "7"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = load(&Sources::from_env(env.into(), None));
    assert_eq!(config.get("local.retries"), Some(&Value::Int(2)));
    assert_eq!(config.get("local.errors"), Some(&Value::from("all")));
    assert_eq!(config.get("local.batch-max"), Some(&Value::Int(3)));
    assert_eq!(config.get("tokenize.array-bytes-max"), Some(&Value::Int(5)));
    assert_eq!(config.get("num-workers"), Some(&Value::Int(7)));
    let found: Vec<String> =
        config.find("local.retries").iter().map(|found| found.value.to_string()).collect();
    assert_eq!(found, ["0", "1", "2"]);
    assert_eq!(
        config.origin("num-workers").unwrap().to_string(),
        "the environment variable RASKT_NUM_WORKERS"
    );
    let origin = config.origin("local.batch-max").unwrap().to_string();
    assert!(origin.ends_with("x.yml:2"), "{origin}");
    assert!(config.warnings().is_empty(), "{:?}", config.warnings());
}

#[test]
fn variables_are_typed() {
    let cases = [
        ("1GiB", Value::from("1GiB")),
        ("2", Value::Int(2)),
        ("true", Value::Bool(true)),
        ("True", Value::Bool(true)),
        ("None", Value::Null),
        ("[1,2]", Value::List(vec![Value::Int(1), Value::Int(2)])),
    ];
    for (text, value) in cases {
        let config = load(&variable("RASKT_MINE__SOME_KEY", text));
        assert_eq!(config.get("mine.some-key"), Some(&value), "{text}");
        assert!(config.warnings().is_empty());
    }
}

#[test]
fn empty_malformed_and_control_variables_are_no_keys() {
    let names = ["RASKT_", "RASKT___A", "RASKT_A__", "OTHER_RASKT_A", "RASKT_ROOT_CONFIG"];
    let sources = names
        .iter()
        .fold(variable("RASKT_NUM_WORKERS", " "), |sources, name| sources.with_variable(name, "1"));
    assert_eq!(Config::collect(&sources), Ok((Map::default(), vec![])));
}

#[test]
fn a_rejected_value_is_told_with_key_value_place_and_accepted_forms() {
    assert_eq!(
        message(&variable("RASKT_LOCAL__MEMORY_LIMIT", "12 potatoes")),
        "configuration key 'local.memory-limit' cannot be '12 potatoes' (from the environment variable \
         RASKT_LOCAL__MEMORY_LIMIT): it takes a size such as '1GiB', a number of bytes, a fraction of the memory \
         granted such as 0.7 or '70%', or 'none'"
    );
    let files = folder(&[("a.yaml", "# first\nlocal:\n  retries: -1\n")]);
    let path = files.path().join("a.yaml");
    assert_eq!(
        message(&Sources::none().with_path(files.path())),
        format!(
            "configuration key 'local.retries' cannot be -1 (from {}:3): it takes a whole number of at least 0",
            path.display()
        )
    );
    for (text, part) in [
        ("local: 5", "'local' cannot be 5"),
        ("optimization: {fuse: [1]}", "'optimization.fuse' cannot be [1]"),
        ("scheduler: {a: 1}", "'scheduler' cannot be {\"a\": 1}"),
        ("local.errors: some", "'first', or 'all'"),
    ] {
        fs::write(&path, text).unwrap();
        let message = message(&Sources::none().with_path(&path));
        assert!(message.contains(part) && message.contains("a.yaml:1"), "{message}");
    }
}

#[test]
fn a_rejected_value_is_told_even_if_a_later_source_overrides_it() {
    let files = folder(&[("a.yaml", "num-workers: many"), ("b.yaml", "num-workers: 2")]);
    assert!(message(&Sources::none().with_path(files.path())).contains("a.yaml:1"));
}

#[test]
fn a_malformed_file_is_told_with_line_and_column() {
    let files = folder(&[("a.yaml", "a: 1\nb: [\n")]);
    let error = Config::load(&Sources::none().with_path(files.path())).unwrap_err();
    assert!(matches!(&error, ConfigError::Malformed { path, .. } if path.ends_with("a.yaml")), "{error}");
    assert!(error.to_string().contains("a.yaml:"), "{error}");
    let files = folder(&[("long.yaml", &format!("a: '{}'", "é".repeat(1 << 20)))]);
    let message = message(&Sources::none().with_path(files.path()));
    assert!(message.contains("more than the 1048576 that are read"), "{message}");
}

#[test]
fn an_empty_section_does_not_wipe_out_what_lower_layers_say() {
    let files = folder(&[("a.yaml", "local:\n  # retries: 2\noptimization:\n  fuse: ~\n")]);
    let config = load(&Sources::none().with_path(files.path()));
    assert_eq!(config.get("local.batch-max"), Some(&Value::Int(128)));
    assert_eq!(config.flag("optimization.fuse.active"), Ok(true));
}

#[test]
fn unknown_keys_among_our_own_are_warned_of_with_the_nearest_name() {
    let config = load(&variable("RASKT_LOCAL__MEMORY_LIMT", "1GiB"));
    assert_eq!(
        warnings(&config),
        [
            "unknown configuration key 'local.memory_limt' (from the environment variable RASKT_LOCAL__MEMORY_LIMT); is \
          'local.memory-limit' meant?"
        ]
    );
    assert_eq!(warnings(&load(&variable("RASKT_LOCAL__WHATEVER", "1"))).len(), 1);
    assert_eq!(warnings(&load(&variable("RASKT_NUM_WORKER", "1"))).len(), 1);
}

#[test]
fn keys_of_others_are_kept_without_a_warning() {
    let files =
        folder(&[("a.yaml", "mine: {local: 1, a.b: 2}\nlogging: {distributed.client: warning}\n1: x\n")]);
    let config = load(&Sources::none().with_path(files.path()));
    assert!(config.warnings().is_empty(), "{:?}", config.warnings());
    assert_eq!(config.get("mine.local"), Some(&Value::Int(1)));
    let logging = config.get("logging").and_then(Value::as_map).unwrap();
    assert_eq!(logging.get("distributed.client"), Some(&Value::from("warning")));
}

#[test]
fn former_names_work_with_a_warning_and_give_way_to_the_new_name() {
    let config = load(&variable("RASKT_TEMPORARY_DIRECTORY", "/scratch"));
    assert_eq!(config.path("local.spill-directory"), Ok(Some(PathBuf::from("/scratch"))));
    assert_eq!(config.get("temporary-directory"), None);
    assert!(matches!(config.warnings(), [ConfigWarning::Renamed { .. }]), "{:?}", config.warnings());
    let both =
        variable("RASKT_TEMPORARY_DIRECTORY", "/old").with_variable("RASKT_LOCAL__SPILL_DIRECTORY", "/new");
    assert_eq!(load(&both).path("local.spill-directory"), Ok(Some(PathBuf::from("/new"))));
}

#[test]
fn a_missing_explicit_path_is_a_warning_and_other_missing_paths_are_none() {
    let missing =
        |role| Sources { paths: vec![SearchPath { path: "/no/such/raskt".into(), role }], ..Sources::none() };
    assert!(load(&missing(PathRole::System)).warnings().is_empty());
    assert_eq!(
        warnings(&load(&missing(PathRole::Explicit))),
        ["RASKT_CONFIG names /no/such/raskt, which does not exist"]
    );
}

#[test]
fn unreadable_files_are_left_out_with_a_warning() {
    let files = folder(&[("ok.yaml", "num-workers: 2")]);
    fs::write(files.path().join("latin.yaml"), b"a: \xe9\n").unwrap();
    let config = load(&Sources::none().with_path(files.path()));
    assert_eq!(config.int("num-workers"), Ok(Some(2)));
    assert!(warnings(&config)[0].ends_with("latin.yaml cannot be read and is left out: it is not UTF-8"));
}

#[test]
fn an_empty_device_is_an_empty_file() {
    if Path::new("/dev/null").exists() {
        assert_eq!(Config::collect(&Sources::none().with_path("/dev/null")), Ok((Map::default(), vec![])));
    }
}

#[test]
fn setting_overrides_all_sources_and_leaves_things_alone_if_it_fails() {
    let mut config = load(&variable("RASKT_LOCAL__RETRIES", "1"));
    config.set("local.retries", Value::Int(5)).unwrap();
    assert_eq!(config.int("local.retries"), Ok(Some(5)));
    assert_eq!(config.find("local.retries").len(), 3);
    assert!(config.set("local.retries", Value::from("x")).is_err());
    assert_eq!(config.int("local.retries"), Ok(Some(5)));
    config.set("local.retires", Value::Int(1)).unwrap();
    assert_eq!(config.warnings().len(), 1);
}

#[test]
fn typed_access_names_what_is_wrong() {
    let config = load(&Sources::none());
    assert_eq!(
        config.bytes("local.memory_limt").unwrap_err().to_string(),
        "no configuration key 'local.memory_limt'; is 'local.memory-limit' meant?"
    );
    assert_eq!(
        config.duration("local.retries").unwrap_err().to_string(),
        "configuration key 'local.retries' is int, not duration"
    );
}

#[test]
fn keys_of_too_many_parts_are_refused_wherever_they_come_from() {
    let deep = vec!["a"; 20_000];
    let said = message(&variable(&format!("RASKT_{}", deep.join("__")), "1"));
    let expected = "configuration key 'a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.…' has 20000 parts (from the environment \
                    variable RASKT_a__a__a__a__a__a__a__a__a__a__a__a…): at most 64 are taken";
    assert_eq!(said, expected);
    let mut config = load(&Sources::none());
    assert!(matches!(config.set(&deep.join("."), Value::Int(1)), Err(ConfigError::TooDeep { .. })));
    assert!(Config::check(&deep.join("."), Value::Int(1), Origin::Default).is_err());
    assert_eq!(config.get(&deep.join(".")), None);
    assert!(config.find(&deep.join(".")).is_empty());
    config.set(&deep[..64].join("."), Value::Int(1)).unwrap();
    assert_eq!(config.get(&deep[..64].join(".")), Some(&Value::Int(1)));
}

#[test]
fn paths_are_expanded() {
    let sources =
        variable("RASKT_LOCAL__SPILL_DIRECTORY", "$SCRATCH/spill").with_variable("SCRATCH", "/fast");
    assert_eq!(load(&sources).path("local.spill-directory"), Ok(Some(PathBuf::from("/fast/spill"))));
}
