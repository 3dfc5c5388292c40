//! Pictures of graphs for `raskt.visualize`: descriptions in, bytes out.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use raskt_draw::{
    Color, ColorMap, DrawError, Edge, Format, Legend, Node, Picture, RenderOptions, Shape, render,
};

use raskt_core::{Fit, Value};
use raskt_graph::{Body, TaskTable};
use rustc_hash::FxHashSet;

use crate::delayed::Delayed;
use crate::plan::{exprs_of, node_of, plan};
use crate::view;

/// One node, as `raskt/_visualize.py` describes it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct NodeData {
    id: String,
    label: String,
    is_data: bool,
    fill: Option<String>,
    tooltip: Option<String>,
    scale: f64,
    group: Option<String>,
    attributes: Vec<(String, String)>,
}

/// The picture around the nodes.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct PictureData {
    direction: String,
    title: Option<String>,
    /// What the colours mean: title, name of the colour map, words for its ends.
    legend: Option<(String, String, String, String)>,
    collapse_above: Option<usize>,
    attributes: Vec<(String, String)>,
}

fn refused(error: DrawError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

fn node(data: NodeData) -> Result<Node, DrawError> {
    let shape = if data.is_data { Shape::Box } else { Shape::Circle };
    let mut node = Node::new(data.id, data.label, shape);
    node.fill = data.fill.map(|fill| fill.parse::<Color>()).transpose()?;
    node.tooltip = data.tooltip;
    node.scale = data.scale;
    node.group = data.group;
    node.attributes = data.attributes;
    Ok(node)
}

/// The picture of `nodes` and `edges` in `format` (`svg`, `png`, `pdf` or `dot`).
#[pyfunction]
fn draw<'py>(
    py: Python<'py>,
    nodes: Vec<NodeData>,
    edges: Vec<(u32, u32)>,
    format: &str,
    picture: PictureData,
) -> PyResult<Bound<'py, PyBytes>> {
    let format: Format = format.parse().map_err(refused)?;
    let legend = picture.legend.map(|(title, map, low, high)| {
        Ok::<_, DrawError>(Legend { title, map: map.parse::<ColorMap>()?, low, high })
    });
    let drawing = Picture {
        nodes: nodes.into_iter().map(node).collect::<Result<_, _>>().map_err(refused)?,
        edges: edges.into_iter().map(|(from, to)| Edge::new(from, to)).collect(),
        direction: picture.direction.parse().map_err(refused)?,
        title: picture.title,
        legend: legend.transpose().map_err(refused)?,
        attributes: picture.attributes,
        ..Picture::default()
    };
    let options = RenderOptions { collapse_above: picture.collapse_above, ..RenderOptions::default() };
    let bytes = py.detach(|| render(&drawing, format, &options)).map_err(refused)?;
    crate::object::bytes(py, &bytes)
}

/// Colours of a map, as `#rrggbb`, at places from 0 to 1.
#[pyfunction]
fn map_colors(name: &str, places: Vec<f64>) -> PyResult<Vec<String>> {
    let map: ColorMap = name.parse().map_err(refused)?;
    Ok(places.into_iter().map(|place| map.at(place).to_string()).collect())
}

/// A task in a picture: its key, what it is called, whether it is a value that is there, its position in the order of
/// execution, and which tasks of the list it needs.
type Shown<'py> = (Bound<'py, PyAny>, String, bool, u32, Vec<u32>);

/// The tasks that a picture of `roots` shows, inputs first.
#[pyfunction]
fn shown_tasks<'py>(py: Python<'py>, roots: Vec<PyRef<'_, Delayed>>) -> PyResult<Vec<Shown<'py>>> {
    let table = plan(py, &exprs_of(&roots))?.table;
    let n_tasks = table.n_tasks().fit::<u32>();
    let is_shown: Vec<bool> = (0..n_tasks).map(|task| !is_passed_through(&table, task)).collect();
    let numbered = |tasks: &mut dyn Iterator<Item = u32>| {
        let mut number = vec![0; n_tasks as usize];
        for (at, task) in (0..).zip(tasks.filter(|&task| is_shown[task as usize])) {
            number[task as usize] = at;
        }
        number
    };
    let place = numbered(&mut (0..n_tasks));
    let position = numbered(&mut order(&table).into_iter());
    let shown = |task: u32| {
        let inputs = real_inputs(&table, &is_shown, task).into_iter().map(|input| place[input as usize]);
        let is_value = match node_of(&table, task) {
            Some(node) => node.is_constant(),
            None => matches!(table.body(task), Body::Value(_)),
        };
        let key = view::key(py, &table, task)?;
        Ok((key, label(&table, task), is_value, position[task as usize], inputs.collect()))
    };
    (0..n_tasks).filter(|&task| is_shown[task as usize]).map(shown).collect()
}

/// The tasks of `table` in the order of execution.
fn order(table: &TaskTable) -> Vec<u32> {
    let consumers = table.inputs().transpose();
    raskt_graph::order::order(table.inputs(), &consumers, table.outputs(), None)
}

/// The keys of all tasks that `roots` need, in the order of execution.
#[pyfunction]
fn order_of<'py>(py: Python<'py>, roots: Vec<PyRef<'_, Delayed>>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let table = plan(py, &exprs_of(&roots))?.table;
    order(&table).into_iter().map(|task| view::key(py, &table, task)).collect()
}

/// What a task is called in a picture; a number is what it is.
fn label(table: &TaskTable, task: u32) -> String {
    match table.body(task) {
        Body::Value(Value::Bool(value)) => value.to_string(),
        Body::Value(Value::Int(value)) => value.to_string(),
        Body::Value(Value::Float(value)) => value.to_string(),
        _ => table.label(task).to_string(),
    }
}

/// Whether a task only hands values on to others, for the engine's sake.
fn is_passed_through(table: &TaskTable, task: u32) -> bool {
    matches!(table.body(task), Body::Gather | Body::Alias) && !table.outputs().contains(&task)
}

/// The tasks that are shown of those that `task` needs: each once, through those that are not shown.
fn real_inputs(table: &TaskTable, is_shown: &[bool], task: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let mut seen = FxHashSet::default();
    let mut left: Vec<u32> = table.inputs().row(task).iter().rev().copied().collect();
    while let Some(input) = left.pop() {
        if !seen.insert(input) {
            continue;
        }
        if is_shown[input as usize] {
            found.push(input);
        } else {
            left.extend(table.inputs().row(input).iter().rev());
        }
    }
    found
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(draw, module)?)?;
    module.add_function(wrap_pyfunction!(map_colors, module)?)?;
    module.add_function(wrap_pyfunction!(order_of, module)?)?;
    module.add_function(wrap_pyfunction!(shown_tasks, module)?)
}
