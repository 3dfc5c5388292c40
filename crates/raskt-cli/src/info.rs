//! `raskt info`: what a report of a mistake should say of the machine and of what is installed.

use std::thread;

use raskt_config::{Kind, Map, Value, format_bytes, memory_granted_bytes, schema, to_json_lines, to_yaml};

use crate::arguments::ValueFormat;
use crate::config::load;
use crate::{Failure, Surroundings};

pub(crate) fn info(format: ValueFormat, around: &mut Surroundings<'_>) -> Result<(), Failure> {
    let config = load(around)?;
    let text = |text: &str| Value::from(text);
    let size =
        |n_bytes: u64| if n_bytes == 0 { Value::Null } else { Value::from(format_bytes(n_bytes).as_str()) };
    let mut found = Map::default();
    found.insert("raskt", text(env!("CARGO_PKG_VERSION")));
    found.merge((around.host)().map_err(Failure::Host)?);
    found.insert("platform", text(&format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)));
    let n_cores = thread::available_parallelism().map_or(Value::Null, |n| Value::Int(n.get() as i128));
    found.insert("cores", n_cores);
    found.insert("memory", size(memory_granted_bytes()));
    found.insert("memory-limit", config.bytes("local.memory-limit")?.map_or(Value::Null, size));
    let known = schema().entry("scheduler").map(|entry| &entry.kind);
    let schedulers = match known {
        Some(Kind::Choice { choices }) => choices.iter().map(|choice| text(&choice.name)).collect(),
        _ => Vec::new(),
    };
    found.insert("schedulers", Value::List(schedulers));
    found.insert("scheduler", config.get("scheduler").cloned().unwrap_or(Value::Null));
    let files = around.sources.paths.iter().flat_map(|searched| searched.files().unwrap_or_default());
    let files = files.map(|path| text(&path.display().to_string())).collect();
    found.insert("configuration-files", Value::List(files));
    let text = match format {
        ValueFormat::Yaml => to_yaml(&found),
        ValueFormat::Json => to_json_lines(&Value::Map(found)),
    };
    Ok(around.out.write_all(text.as_bytes())?)
}
