//! `raskt config`: what is in force, and why.

use std::io;

use raskt_config::{
    Config, ConfigError, PathRole, Value, markdown, schema_value, to_json, to_json_lines, to_yaml,
};

use crate::arguments::{SchemaFormat, ValueFormat};
use crate::{Failure, Surroundings};

pub(crate) fn list(format: ValueFormat, around: &mut Surroundings<'_>) -> Result<(), Failure> {
    let config = load(around)?;
    let text = match format {
        ValueFormat::Yaml => to_yaml(config.values()),
        ValueFormat::Json => to_json_lines(&Value::Map(config.values().clone())),
    };
    Ok(around.out.write_all(text.as_bytes())?)
}

pub(crate) fn get(key: &str, format: ValueFormat, around: &mut Surroundings<'_>) -> Result<(), Failure> {
    let config = load(around)?;
    let value = config.get(key).ok_or_else(|| config.unknown_key(key))?;
    let text = match (format, value) {
        (ValueFormat::Yaml, Value::Map(map)) => to_yaml(map),
        // Bare, so that a shell can use it.
        (ValueFormat::Yaml, Value::Str(word)) => format!("{word}\n"),
        (ValueFormat::Yaml, other) => format!("{}\n", to_json(other)),
        (ValueFormat::Json, other) => to_json_lines(other),
    };
    Ok(around.out.write_all(text.as_bytes())?)
}

pub(crate) fn find(key: &str, around: &mut Surroundings<'_>) -> Result<(), Failure> {
    let config = load(around)?;
    let found = config.find(key);
    if found.is_empty() {
        return Err(config.unknown_key(key).into());
    }
    for place in found {
        writeln!(around.out, "{} from {}", to_json(&place.value), place.origin)?;
    }
    Ok(())
}

pub(crate) fn path(around: &mut Surroundings<'_>) -> io::Result<()> {
    for searched in &around.sources.paths {
        let role = match searched.role {
            PathRole::System => "machine",
            PathRole::Prefix => "installation",
            PathRole::User => "user",
            PathRole::Explicit => "RASKT_CONFIG",
            PathRole::Given => "given",
        };
        let there = if searched.path.exists() { "" } else { " (not there)" };
        writeln!(around.out, "{role}: {}{there}", searched.path.display())?;
    }
    Ok(())
}

pub(crate) fn schema(format: SchemaFormat, around: &mut Surroundings<'_>) -> io::Result<()> {
    let text = match format {
        SchemaFormat::Json => to_json_lines(&schema_value()),
        SchemaFormat::Markdown => markdown(),
    };
    around.out.write_all(text.as_bytes())
}

/// The configuration; what is doubtful in it is told first.
pub(crate) fn load(around: &mut Surroundings<'_>) -> Result<Config, ConfigError> {
    let config = Config::load(&around.sources)?;
    for warning in config.warnings() {
        // A warning that cannot be written does not stop the command.
        let _ = writeln!(around.err, "warning: {warning}");
    }
    Ok(config)
}
