//! The loader of the configuration, and units, for `raskt.config` and `raskt.units`; the command line.
//!
//! The live configuration is Python's dictionary. What is here reads sources, checks values and gives them their
//! typed form; nothing here is remembered between calls.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use raskt_config::{
    Config, ConfigError, ConfigWarning, DefaultUnit, Map, MemoryLimit, Origin, PathRole, SearchPath, Setting,
    Sources, UnitError, Value, schema,
};

/// The deepest nesting of a Python value that is looked into; what is deeper, or contains itself, is an object.
const DEPTH_MAX: usize = 64;

/// Environment variables, as Python knows them: a dictionary.
type Env<'a, 'py> = &'a Bound<'py, PyDict>;

/// A warning: the key that it is about, if any, and its text.
type Doubt = (Option<String>, String);

/// Add what is here to the module `_raskt`.
///
/// # Errors
///
/// If the module refuses.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(config_load, module)?)?;
    module.add_function(wrap_pyfunction!(config_collect, module)?)?;
    module.add_function(wrap_pyfunction!(config_paths, module)?)?;
    module.add_function(wrap_pyfunction!(config_check, module)?)?;
    module.add_function(wrap_pyfunction!(config_resolve, module)?)?;
    module.add_function(wrap_pyfunction!(config_found, module)?)?;
    module.add_function(wrap_pyfunction!(config_defaults, module)?)?;
    module.add_function(wrap_pyfunction!(config_schema, module)?)?;
    module.add_function(wrap_pyfunction!(config_renamed, module)?)?;
    module.add_function(wrap_pyfunction!(config_is_section, module)?)?;
    module.add_function(wrap_pyfunction!(config_nearest, module)?)?;
    module.add_function(wrap_pyfunction!(parse_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(parse_timedelta, module)?)?;
    module.add_function(wrap_pyfunction!(format_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(memory_granted_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(cli_run, module)?)
}

/// What stands under a dotted key in plain dictionaries, written as there; `absent` for anything else.
#[pyfunction]
fn config_found<'py>(
    tree: &Bound<'py, PyAny>,
    key: &str,
    absent: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(found(tree, key)?.unwrap_or(absent))
}

fn found<'py>(tree: &Bound<'py, PyAny>, key: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut tree = tree.clone();
    for name in key.split('.') {
        let Ok(names) = tree.cast_exact::<PyDict>() else { return Ok(None) };
        let Some(below) = names.get_item(name)? else { return Ok(None) };
        tree = below;
    }
    Ok(Some(tree))
}

/// The live configuration, for values that are written as the schema has them; `raskt.config.resolve` reads any.
pub struct Live<'py> {
    tree: Bound<'py, PyAny>,
}

impl<'py> Live<'py> {
    /// The configuration as it is now.
    ///
    /// # Errors
    /// What loading it raises.
    pub fn new(py: Python<'py>) -> PyResult<Self> {
        let config = py.import(intern!(py, "raskt.config"))?;
        Ok(Self { tree: config.call_method0(intern!(py, "_ensure_loaded"))? })
    }

    /// The value under a dotted key; `None` where it is spelt otherwise, or not there.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn get(&self, key: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        found(&self.tree, key)
    }
}

/// Defaults and everything that the sources say, with the warnings.
#[pyfunction]
fn config_load<'py>(
    py: Python<'py>,
    env: Env<'_, '_>,
    prefix: Option<PathBuf>,
    paths: Option<Vec<PathBuf>>,
) -> PyResult<(Bound<'py, PyAny>, Vec<Doubt>)> {
    let config = Config::load(&sources(env, prefix, paths)).map_err(|error| refused(py, &error, None))?;
    Ok((map_to_python(py, config.values())?, doubts(config.warnings())))
}

/// What the sources say, without defaults, with the warnings.
#[pyfunction]
fn config_collect<'py>(
    py: Python<'py>,
    env: Env<'_, '_>,
    prefix: Option<PathBuf>,
    paths: Option<Vec<PathBuf>>,
) -> PyResult<(Bound<'py, PyAny>, Vec<Doubt>)> {
    let collected = Config::collect(&sources(env, prefix, paths));
    let (values, warnings) = collected.map_err(|error| refused(py, &error, None))?;
    Ok((map_to_python(py, &values)?, doubts(&warnings)))
}

/// Where configuration is looked for, in rising priority.
#[pyfunction]
fn config_paths(env: Env<'_, '_>, prefix: Option<PathBuf>) -> Vec<PathBuf> {
    Sources::from_env(variables(env), prefix.as_deref()).paths.into_iter().map(|found| found.path).collect()
}

/// Raise `ConfigError` if the key does not accept the value; return the warnings that setting it deserves.
#[pyfunction]
fn config_check(py: Python<'_>, key: &str, value: &Bound<'_, PyAny>, origin: String) -> PyResult<Vec<Doubt>> {
    let origin = Origin::Call { function: origin };
    let checked = match from_python(value, 0) {
        Some(plain) => Config::check(key, plain, origin),
        None => check_object(key, value, origin),
    };
    checked.map(|warnings| doubts(&warnings)).map_err(|error| refused(py, &error, Some(value)))
}

/// An object that is no plain data fits where the schema says so, and under keys that the schema does not know.
fn check_object(
    key: &str,
    value: &Bound<'_, PyAny>,
    origin: Origin,
) -> Result<Vec<ConfigWarning>, ConfigError> {
    let (key, accepted) = match schema().entry(key) {
        Some(entry) if entry.objects.is_some() => return Ok(Vec::new()),
        Some(entry) => (entry.key.as_str(), entry.accepted()),
        None if schema().is_section(key) => (key, "a mapping of keys".to_owned()),
        // Null stands for the object: what is doubtful of the key is so with any value.
        None => return Config::check(key, Value::Null, origin),
    };
    Err(ConfigError::Rejected { key: key.to_owned(), value: shown(value), origin, accepted })
}

/// The typed form of a value: sizes as bytes (a limit of memory as bytes of what is granted), durations as seconds,
/// paths expanded with Python's environment, aliases of words replaced. Objects, and values of keys that are not known, are returned as given.
#[pyfunction]
fn config_resolve<'py>(
    py: Python<'py>,
    key: &str,
    value: Bound<'py, PyAny>,
    origin: String,
) -> PyResult<Bound<'py, PyAny>> {
    let Some(entry) = schema().entry(key) else { return Ok(value) };
    let Some(setting) = from_python(&value, 0).and_then(|plain| entry.setting(&plain)) else {
        config_check(py, key, &value, origin)?;
        return Ok(value);
    };
    Ok(match setting {
        Setting::Null => py.None().into_bound(py),
        Setting::Bool(flag) => PyBool::new(py, flag).to_owned().into_any(),
        Setting::Int(number) => number.into_pyobject(py)?.into_any(),
        Setting::Bytes(bytes) => bytes.into_pyobject(py)?.into_any(),
        Setting::Memory(limit) => memory(limit).into_pyobject(py)?.into_any(),
        Setting::Duration(duration) => duration.as_secs_f64().into_pyobject(py)?.into_any(),
        Setting::Path(path) => {
            let env = py.import("os")?.getattr("environ")?.call_method0("copy")?.cast_into::<PyDict>()?;
            let sources = Sources { env: variables(&env), ..Sources::none() };
            sources.expand(&path).into_os_string().into_pyobject(py)?.into_any()
        }
        Setting::Choice(word) => word.into_pyobject(py)?.into_any(),
        Setting::Words(words) => words.into_pyobject(py)?.into_any(),
    })
}

fn memory(limit: MemoryLimit) -> Option<u64> {
    limit.bytes_of(raskt_config::memory_granted_bytes())
}

/// The defaults of the schema.
#[pyfunction]
fn config_defaults(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    map_to_python(py, &schema().defaults())
}

/// The schema: a list with one mapping a key.
#[pyfunction]
fn config_schema(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    to_python(py, &raskt_config::schema_value())
}

/// Former names of keys, each with the name to use.
#[pyfunction]
fn config_renamed() -> BTreeMap<String, String> {
    schema().renamed().iter().cloned().collect()
}

/// Whether keys of Raskt's stand below this name.
#[pyfunction]
fn config_is_section(key: &str) -> bool {
    schema().is_section(key)
}

/// The one of the keys that was probably meant.
#[pyfunction]
fn config_nearest(key: &str, keys: Vec<String>) -> Option<String> {
    raskt_config::nearest(key, keys.iter().map(String::as_str)).map(str::to_owned)
}

/// See `raskt.units.parse_bytes`.
#[pyfunction]
fn parse_bytes(size: &Bound<'_, PyAny>) -> PyResult<u64> {
    let text = match from_python(size, 0) {
        Some(Value::Str(text)) => text,
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Float(number)) => decimal(number),
        _ => return Err(PyTypeError::new_err(format!("a size is text or a number, not {}", shown(size)))),
    };
    raskt_config::parse_bytes(&text).map_err(|error| unit_error(&error))
}

/// See `raskt.units.parse_timedelta`.
#[pyfunction]
fn parse_timedelta<'py>(
    py: Python<'py>,
    duration: &Bound<'py, PyAny>,
    default: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let default = default.extract::<Option<String>>()?;
    let default = default.as_deref().map_or(DefaultUnit::Required, DefaultUnit::Named);
    let text = match from_python(duration, 0) {
        Some(Value::Null) => return Ok(None),
        Some(Value::Str(text)) => text,
        Some(Value::Int(number)) => number.to_string(),
        // A timedelta has become seconds; its unit is not the caller's to choose.
        Some(Value::Float(number)) if !duration.is_exact_instance_of::<PyFloat>() => {
            format!("{}s", decimal(number))
        }
        Some(Value::Float(number)) => decimal(number),
        _ => {
            return Err(PyTypeError::new_err(format!(
                "a duration is text or a number, not {}",
                shown(duration)
            )));
        }
    };
    let parsed = raskt_config::parse_timedelta_in(&text, default).map_err(|error| unit_error(&error))?;
    seconds(py, parsed).map(Some)
}

/// A number without an exponent, whose letter would be taken for a unit.
fn decimal(number: f64) -> String {
    format!("{number}")
}

/// A whole number where it is one, as people write seconds.
fn seconds(py: Python<'_>, duration: Duration) -> PyResult<Bound<'_, PyAny>> {
    match duration.subsec_nanos() {
        0 => Ok(duration.as_secs().into_pyobject(py)?.into_any()),
        _ => Ok(duration.as_secs_f64().into_pyobject(py)?.into_any()),
    }
}

fn unit_error(error: &UnitError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// See `raskt.units.format_bytes`.
#[pyfunction]
fn format_bytes(n: &Bound<'_, PyAny>) -> PyResult<String> {
    match n.extract::<u64>() {
        Ok(n_bytes) => Ok(raskt_config::format_bytes(n_bytes)),
        Err(_) => Ok(raskt_config::format_bytes(parse_bytes(n)?)),
    }
}

/// See `raskt.units.memory_granted_bytes`.
#[pyfunction]
fn memory_granted_bytes(py: Python<'_>) -> u64 {
    py.detach(raskt_config::memory_granted_bytes)
}

/// Run a command of the command line, writing to Python streams; returns the exit code. What `host` returns is asked for
/// where the command tells of Python.
#[pyfunction]
fn cli_run(
    args: Vec<String>,
    env: Env<'_, '_>,
    prefix: Option<PathBuf>,
    host: Bound<'_, PyAny>,
    out: Bound<'_, PyAny>,
    err: Bound<'_, PyAny>,
) -> i32 {
    let (mut out, mut err) = (Stream(out), Stream(err));
    let sources = Sources::from_env(variables(env), prefix.as_deref());
    let host = || -> io::Result<Map> {
        let told = host.call0().map_err(io::Error::other)?;
        let told = told.cast::<PyDict>().map_err(|error| io::Error::other(error.to_string()))?;
        map_from_python(told, 0).ok_or_else(|| io::Error::other("it is no plain dictionary"))
    };
    raskt_cli::run_in(
        args.into_iter(),
        &mut raskt_cli::Surroundings { sources, host: &host, out: &mut out, err: &mut err },
    )
}

/// A text stream of Python. What is written to it is whole UTF-8 texts: the commands write no partial characters.
struct Stream<'py>(Bound<'py, PyAny>);

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.call_method1("write", (text,)).map_err(|error| self.failure(error))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.call_method0("flush").map_err(|error| self.failure(error))?;
        Ok(())
    }
}

impl Stream<'_> {
    /// Python's error as one of I/O, so that a closed pipe is known for what it is.
    fn failure(&self, error: PyErr) -> io::Error {
        let py = self.0.py();
        if error.is_instance_of::<pyo3::exceptions::PyBrokenPipeError>(py) {
            return io::ErrorKind::BrokenPipe.into();
        }
        io::Error::other(error.to_string())
    }
}

/// The variables that are Unicode text; no other can be configuration.
fn variables(env: Env<'_, '_>) -> BTreeMap<String, String> {
    env.iter().filter_map(|(name, value)| Some((name.extract().ok()?, value.extract().ok()?))).collect()
}

fn sources(env: Env<'_, '_>, prefix: Option<PathBuf>, paths: Option<Vec<PathBuf>>) -> Sources {
    let mut sources = Sources::from_env(variables(env), prefix.as_deref());
    if let Some(paths) = paths {
        sources.paths = paths.into_iter().map(|path| SearchPath { path, role: PathRole::Given }).collect();
    }
    sources
}

fn doubts(warnings: &[ConfigWarning]) -> Vec<Doubt> {
    warnings.iter().map(|warning| (warning.key().map(str::to_owned), warning.to_string())).collect()
}

/// `raskt.config.ConfigError` for an error; `value` is the object that was refused, if it came from Python.
fn refused(py: Python<'_>, error: &ConfigError, value: Option<&Bound<'_, PyAny>>) -> PyErr {
    let (key, text, origin) = match error {
        ConfigError::Rejected { key, value, origin, .. } => {
            (Some(key), Some(value), Some(origin.to_string()))
        }
        ConfigError::TooDeep { beginning, origin, .. } => (Some(beginning), None, Some(origin.to_string())),
        ConfigError::Malformed { path, .. } => (None, None, Some(path.display().to_string())),
        ConfigError::UnknownKey { key, .. } | ConfigError::OtherKind { key, .. } => (Some(key), None, None),
    };
    let build = || {
        let class = py.import("raskt.config")?.getattr("ConfigError")?;
        match value {
            Some(value) => class.call1((error.to_string(), key, value, origin)),
            None => class.call1((error.to_string(), key, text, origin)),
        }
    };
    match build() {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

/// A Python object as a message shows it; an object whose `repr` fails goes by its type.
fn shown(value: &Bound<'_, PyAny>) -> String {
    match value.repr() {
        Ok(text) => text.to_string_lossy().chars().take(200).collect(),
        Err(_) => value.get_type().to_string(),
    }
}

fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(flag) => PyBool::new(py, *flag).to_owned().into_any(),
        Value::Int(number) => number.into_pyobject(py)?.into_any(),
        Value::Float(number) => PyFloat::new(py, *number).into_any(),
        Value::Str(text) => PyString::new(py, text).into_any(),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| to_python(py, item)).collect::<PyResult<_>>()?;
            PyList::new(py, items)?.into_any()
        }
        Value::Map(map) => map_to_python(py, map)?,
    })
}

fn map_to_python<'py>(py: Python<'py>, map: &Map) -> PyResult<Bound<'py, PyAny>> {
    let dict = PyDict::new(py);
    for (name, value) in map.iter() {
        dict.set_item(name, to_python(py, value)?)?;
    }
    Ok(dict.into_any())
}

/// The plain data that an object is, or nothing. Paths are text and timedeltas seconds.
fn from_python(object: &Bound<'_, PyAny>, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    if object.is_none() {
        return Some(Value::Null);
    }
    if let Ok(text) = object.cast::<PyString>() {
        return text.to_str().ok().map(Value::from);
    }
    // Before numbers: True is an int to Python. NumPy's flags are flags too.
    if let Ok(flag) = object.extract::<bool>() {
        return Some(Value::Bool(flag));
    }
    if let Ok(number) = object.cast::<PyFloat>() {
        return Some(Value::Float(number.value()));
    }
    if let Ok(number) = object.cast::<PyInt>() {
        return number.extract().ok().map(Value::Int);
    }
    if let Ok(dict) = object.cast::<PyDict>() {
        return map_from_python(dict, depth).map(Value::Map);
    }
    if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        let items = object.try_iter().ok()?.map(|item| from_python(&item.ok()?, depth + 1));
        return items.collect::<Option<_>>().map(Value::List);
    }
    like_plain(object)
}

/// Objects that say what plain data they are: paths, timedeltas, and numbers of other libraries.
fn like_plain(object: &Bound<'_, PyAny>) -> Option<Value> {
    let says = |name: &str| object.get_type().hasattr(name).unwrap_or(false);
    if says("__fspath__") {
        return object.call_method0("__fspath__").ok()?.extract::<String>().ok().map(Value::Str);
    }
    if says("total_seconds") {
        return object.call_method0("total_seconds").ok()?.extract().ok().map(Value::Float);
    }
    if says("__index__") {
        return object.call_method0("__index__").ok()?.extract().ok().map(Value::Int);
    }
    if says("__float__") {
        return object.call_method0("__float__").ok()?.extract().ok().map(Value::Float);
    }
    None
}

fn map_from_python(dict: &Bound<'_, PyDict>, depth: usize) -> Option<Map> {
    let mut map = Map::default();
    for (name, value) in dict.iter() {
        map.insert(name.cast::<PyString>().ok()?.to_str().ok()?, from_python(&value, depth + 1)?);
    }
    Some(map)
}
