//! Where a configuration is looked for, in rising priority. The only place that reads the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why a path is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathRole {
    /// For all users of the machine: `/etc/raskt`, or what `RASKT_ROOT_CONFIG` says.
    System,
    /// For one installation of Python: `etc/raskt` below its prefix.
    Prefix,
    /// For one user: `raskt` below `XDG_CONFIG_HOME`, or `~/.config`.
    User,
    /// What `RASKT_CONFIG` says.
    Explicit,
    /// What a caller named.
    Given,
}

/// A file, or a folder of files, that may hold configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPath {
    /// The file or folder; it need not exist.
    pub path: PathBuf,
    /// Why it is looked at.
    pub role: PathRole,
}

/// The paths and environment variables that a configuration is made from; later paths win over earlier ones, and
/// variables over paths.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Files and folders, in rising priority.
    pub paths: Vec<SearchPath>,
    /// The environment.
    pub env: BTreeMap<String, String>,
}

impl Sources {
    /// Nothing but the schema's defaults.
    pub fn none() -> Sources {
        Sources::default()
    }

    /// What this process has. The prefix is that of a Python installation (`sys.prefix`).
    pub fn from_process(prefix: Option<&Path>) -> Sources {
        // Names and values that are no Unicode text cannot be configuration.
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Sources::from_env(std::env::vars_os().filter_map(unicode).collect(), prefix)
    }

    /// What a process with this environment has.
    ///
    /// ```
    /// use std::path::{Path, PathBuf};
    ///
    /// use raskt_config::Sources;
    ///
    /// let env = [("HOME", "/home/a"), ("RASKT_CONFIG", "/srv/raskt.yaml")];
    /// let env = env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    /// let sources = Sources::from_env(env, Some(Path::new("/opt/python")));
    /// let paths: Vec<PathBuf> = sources.paths.into_iter().map(|found| found.path).collect();
    /// # #[cfg(unix)]
    /// assert_eq!(
    ///     paths,
    ///     ["/etc/raskt", "/opt/python/etc/raskt", "/home/a/.config/raskt", "/srv/raskt.yaml"].map(PathBuf::from)
    /// );
    /// ```
    pub fn from_env(env: BTreeMap<String, String>, prefix: Option<&Path>) -> Sources {
        let variable = |name: &str| env.get(name).filter(|value| !value.is_empty());
        let mut paths: Vec<SearchPath> = Vec::new();
        let mut add = |path: Option<PathBuf>, role| {
            let Some(path) = path else { return };
            // A path that is named twice has the priority of the later place.
            paths.retain(|known| known.path != path);
            paths.push(SearchPath { path, role });
        };
        let system = variable("RASKT_ROOT_CONFIG").map_or("/etc/raskt", String::as_str);
        add(Some(PathBuf::from(system)), PathRole::System);
        add(prefix.map(|prefix| prefix.join("etc").join("raskt")), PathRole::Prefix);
        let user = variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let user = user.or_else(|| home(&env).map(|home| home.join(".config")));
        add(user.map(|folder| folder.join("raskt")), PathRole::User);
        add(variable("RASKT_CONFIG").map(|path| expand_path(path, &env)), PathRole::Explicit);
        Sources { paths, env }
    }

    /// A path with a leading `~`, `$NAME` and `${NAME}` replaced by what these variables say.
    pub fn expand(&self, path: &str) -> PathBuf {
        expand_path(path, &self.env)
    }

    /// These sources and one variable more.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Sources {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// These sources and one path more, of the highest priority.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<PathBuf>) -> Sources {
        self.paths.push(SearchPath { path: path.into(), role: PathRole::Given });
        self
    }
}

fn home(env: &BTreeMap<String, String>) -> Option<PathBuf> {
    let home = env.get("HOME").or_else(|| env.get("USERPROFILE"));
    home.filter(|home| !home.is_empty()).map(PathBuf::from)
}

/// A path with a leading `~`, `$NAME` and `${NAME}` replaced; a variable that is not set stays as it is written.
pub(crate) fn expand_path(text: &str, env: &BTreeMap<String, String>) -> PathBuf {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        let (name, len) = match rest.strip_prefix("${").and_then(|inner| inner.split_once('}')) {
            Some((name, _)) => (name, name.len() + 3),
            None => {
                let name_len = rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                let name = &rest[1..name_len.map_or(rest.len(), |len| len + 1)];
                (name, name.len() + 1)
            }
        };
        expanded.push_str(env.get(name).map_or(&rest[..len], String::as_str));
        rest = &rest[len..];
    }
    expanded.push_str(rest);
    let below_home =
        expanded.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']));
    match (below_home, home(env)) {
        (Some(rest), Some(home)) => home.join(rest.trim_start_matches(['/', '\\'])),
        _ => PathBuf::from(expanded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn roles(pairs: &[(&str, &str)]) -> Vec<(PathRole, String)> {
        let sources = Sources::from_env(env(pairs), None);
        sources.paths.into_iter().map(|found| (found.role, found.path.display().to_string())).collect()
    }

    #[test]
    #[cfg(unix)]
    fn variables_change_where_files_are_looked_for() {
        let pairs = [
            ("RASKT_ROOT_CONFIG", "/r"),
            ("XDG_CONFIG_HOME", "/x"),
            ("HOME", "/h"),
            ("RASKT_CONFIG", "~/c.yaml"),
        ];
        let expected = [
            (PathRole::System, "/r".to_owned()),
            (PathRole::User, "/x/raskt".to_owned()),
            (PathRole::Explicit, "/h/c.yaml".to_owned()),
        ];
        assert_eq!(roles(&pairs), expected);
    }

    #[test]
    #[cfg(unix)]
    fn empty_and_relative_variables_count_as_not_set() {
        let pairs =
            [("RASKT_ROOT_CONFIG", ""), ("XDG_CONFIG_HOME", "relative"), ("HOME", ""), ("RASKT_CONFIG", "")];
        assert_eq!(roles(&pairs), [(PathRole::System, "/etc/raskt".to_owned())]);
    }

    #[test]
    fn a_path_named_twice_has_the_later_priority() {
        let found = roles(&[("RASKT_CONFIG", "/etc/raskt"), ("HOME", "/h")]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], (PathRole::Explicit, "/etc/raskt".to_owned()));
    }

    #[test]
    #[cfg(unix)]
    fn home_and_variables_in_paths_are_expanded() {
        let env = env(&[("HOME", "/h"), ("A_1", "x")]);
        let cases = [
            ("~", "/h"),
            ("~/a", "/h/a"),
            ("~a", "~a"),
            ("/t/$A_1/b", "/t/x/b"),
            ("${A_1}y", "xy"),
            ("$NOPE/b", "$NOPE/b"),
            ("${NOPE}/b", "${NOPE}/b"),
            ("a$", "a$"),
            ("${open", "${open"),
            ("ü$A_1", "üx"),
        ];
        for (text, expected) in cases {
            assert_eq!(expand_path(text, &env), PathBuf::from(expected), "{text}");
        }
    }
}
