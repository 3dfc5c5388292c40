//! Bodies that came from another process: what is foreign in their parameters is opened before they run.
//!
//! Users' functions are opened by their runtime, which does so once; parameters of kernels and of library functions are read by
//! code that knows open objects only.

use std::sync::Arc;

use raskt_core::{Param, Result};
use raskt_exec::BodyRegistry;
use raskt_graph::fuse::{Program, Step};
use raskt_graph::{Body, Keys, TableBuilder, TaskTable};

use super::job::{has_sealed, open};

/// The task of row `row` as a table of its own, with open parameters; `None` where nothing was sealed.
///
/// # Errors
/// What opening raises.
pub(super) fn opened(table: &TaskTable, row: u32, registry: &BodyRegistry) -> Result<Option<TaskTable>> {
    let (body, own) = (table.body(row), table.parameters(row));
    if !is_sealed_body(body) && !is_sealed_param(own) {
        return Ok(None);
    }
    let mut opened = TableBuilder::with_capacity(1, 0);
    let body = opened.body(open_body(body, registry)?);
    match open_param(own, registry)? {
        Param::Null => opened.push(body, &[])?,
        own => opened.push_with(body, own, &[])?,
    };
    opened.finish(Keys::Listed(Arc::from([table.key(row)])), vec![0]).map(Some)
}

fn is_sealed_body(body: &Body) -> bool {
    match body {
        Body::Native { parameters, .. } | Body::Library { parameters, .. } => is_sealed_param(parameters),
        Body::Value(value) => has_sealed(value),
        Body::Fused(program) => {
            let is_sealed = |step: &Step| is_sealed_body(&step.body) || is_sealed_param(&step.parameters);
            program.steps().iter().any(is_sealed)
        }
        _ => false,
    }
}

fn is_sealed_param(param: &Param) -> bool {
    match param {
        Param::List(items) => items.iter().any(is_sealed_param),
        Param::Map(entries) => entries.iter().any(|(_, param)| is_sealed_param(param)),
        Param::Value(value) => has_sealed(value),
        _ => false,
    }
}

fn open_body(body: &Body, registry: &BodyRegistry) -> Result<Body> {
    Ok(match body {
        Body::Native { name, parameters } => {
            Body::Native { name: name.clone(), parameters: open_param(parameters, registry)? }
        }
        Body::Library { path, parameters } => {
            Body::Library { path: path.clone(), parameters: open_param(parameters, registry)? }
        }
        Body::Value(value) => Body::Value(open(value, registry)?),
        Body::Fused(program) => {
            let open_step = |step: &Step| {
                let (body, parameters) =
                    (open_body(&step.body, registry)?, open_param(&step.parameters, registry)?);
                Ok(Step { body, parameters, arguments: step.arguments.clone() })
            };
            let steps = program.steps().iter().map(open_step).collect::<Result<Vec<_>>>()?;
            // The steps name one another as before.
            Body::Fused(Program::new(steps).map_or_else(|| Arc::clone(program), Arc::new))
        }
        other => other.clone(),
    })
}

fn open_param(param: &Param, registry: &BodyRegistry) -> Result<Param> {
    if !is_sealed_param(param) {
        return Ok(param.clone());
    }
    Ok(match param {
        Param::List(items) => {
            let items = items.iter().map(|item| open_param(item, registry));
            Param::List(items.collect::<Result<Vec<_>>>()?.into())
        }
        Param::Map(entries) => {
            let entries =
                entries.iter().map(|(name, param)| Ok((Arc::clone(name), open_param(param, registry)?)));
            Param::Map(entries.collect::<Result<Vec<_>>>()?.into())
        }
        Param::Value(value) => Param::Value(open(value, registry)?),
        plain => plain.clone(),
    })
}
