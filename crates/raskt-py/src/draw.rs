//! Pictures of graphs for `raskt.visualize`: descriptions in, bytes out.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use raskt_draw::{
    Color, ColorMap, DrawError, Edge, Format, Legend, Node, Picture, RenderOptions, Shape, render,
};

use crate::collect::collect;
use crate::delayed::Delayed;

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
    Ok(PyBytes::new(py, &bytes))
}

/// Colours of a map, as `#rrggbb`, at places from 0 to 1.
#[pyfunction]
fn map_colors(name: &str, places: Vec<f64>) -> PyResult<Vec<String>> {
    let map: ColorMap = name.parse().map_err(refused)?;
    Ok(places.into_iter().map(|place| map.at(place).to_string()).collect())
}

/// The position of every task of `graph_of(roots)` in the order of execution.
#[pyfunction]
fn order_of(py: Python<'_>, roots: Vec<PyRef<'_, Delayed>>) -> PyResult<Vec<u32>> {
    let nodes: Vec<_> = roots.iter().map(|root| std::sync::Arc::clone(root.node())).collect();
    let table = collect(py, &nodes)?;
    let consumers = table.inputs().transpose();
    let sequence = raskt_graph::order::order(table.inputs(), &consumers, table.outputs(), None);
    let mut rank = vec![0; sequence.len()];
    for (at, task) in sequence.into_iter().enumerate() {
        rank[task as usize] = at as u32;
    }
    Ok(rank)
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(draw, module)?)?;
    module.add_function(wrap_pyfunction!(map_colors, module)?)?;
    module.add_function(wrap_pyfunction!(order_of, module)?)
}
