//! Pictures in Graphviz' DOT language, for those who have Graphviz or want to edit the result.

use std::fmt::Write;

use crate::picture::{Edge, Node, Picture, Shape};

impl Picture {
    /// The picture as a DOT `digraph`, not laid out: `dot -Tsvg` does that.
    ///
    /// ```
    /// use raskt_draw::{Edge, Node, Picture, Shape};
    /// let mut picture = Picture::default();
    /// picture.nodes = vec![Node::new("a", "load", Shape::Circle), Node::new("b", "x", Shape::Box)];
    /// picture.edges = vec![Edge::new(0, 1)];
    /// assert!(picture.to_dot().contains("\"a\" -> \"b\""));
    /// ```
    pub fn to_dot(&self) -> String {
        let mut attributes = vec![("rankdir", self.direction.name().to_owned())];
        attributes.push(("bgcolor", self.background.to_string()));
        if let Some(title) = &self.title {
            attributes.push(("label", title.clone()));
            attributes.push(("labelloc", "t".to_owned()));
        }
        attributes.extend(self.attributes.iter().map(|(name, value)| (name.as_str(), value.clone())));
        let mut out = String::from("digraph {\n");
        let _ = writeln!(out, "  graph {};", list(&attributes));
        out.push_str("  node [fontname=\"Helvetica\"];\n");
        for node in &self.nodes {
            let _ = writeln!(out, "  {} {};", quoted(&node.id), list(&node_attributes(node)));
        }
        let id =
            |index: u32| self.nodes.get(index as usize).map_or_else(|| "\"\"".to_owned(), |n| quoted(&n.id));
        for edge in &self.edges {
            let attributes = edge_attributes(edge);
            let tail = if attributes.is_empty() { String::new() } else { format!(" {}", list(&attributes)) };
            let _ = writeln!(out, "  {} -> {}{tail};", id(edge.from), id(edge.to));
        }
        out.push_str("}\n");
        out
    }
}

fn node_attributes(node: &Node) -> Vec<(&str, String)> {
    let shape = match node.shape {
        Shape::Circle => "circle",
        Shape::Box => "box",
        Shape::Ellipse => "ellipse",
    };
    let mut attributes = vec![("label", node.label.clone()), ("shape", shape.to_owned())];
    let set = |name: &str| node.attributes.iter().any(|(own, _)| own == name);
    if !set("style") && (node.fill.is_some() || node.dashed) {
        let parts = [(node.fill.is_some(), "filled"), (node.dashed, "dashed")];
        let chosen: Vec<&str> = parts.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        attributes.push(("style", chosen.join(",")));
    }
    if let Some(fill) = node.fill {
        attributes.push(("fillcolor", fill.to_string()));
    }
    if let Some(stroke) = node.stroke {
        attributes.push(("color", stroke.to_string()));
    }
    if let Some(text) = node.text.or_else(|| node.fill.map(crate::Color::contrast_text)) {
        attributes.push(("fontcolor", text.to_string()));
    }
    if node.pen_width != 1.0 {
        attributes.push(("penwidth", node.pen_width.to_string()));
    }
    if let Some(tooltip) = &node.tooltip {
        attributes.push(("tooltip", tooltip.clone()));
    }
    if node.count > 1 {
        attributes.push(("peripheries", "2".to_owned()));
    }
    // What was set by name comes last and wins.
    attributes.extend(node.attributes.iter().map(|(name, value)| (name.as_str(), value.clone())));
    attributes
}

fn edge_attributes(edge: &Edge) -> Vec<(&str, String)> {
    let mut attributes = Vec::new();
    if let Some(caption) = edge.caption() {
        attributes.push(("label", caption));
    }
    if let Some(color) = edge.color {
        attributes.push(("color", color.to_string()));
    }
    if edge.dashed && !edge.attributes.iter().any(|(name, _)| name == "style") {
        attributes.push(("style", "dashed".to_owned()));
    }
    if edge.pen_width != 1.2 {
        attributes.push(("penwidth", edge.pen_width.to_string()));
    }
    if let Some(tooltip) = &edge.tooltip {
        attributes.push(("tooltip", tooltip.clone()));
    }
    attributes.extend(edge.attributes.iter().map(|(name, value)| (name.as_str(), value.clone())));
    attributes
}

fn list(attributes: &[(&str, String)]) -> String {
    let pairs: Vec<String> = attributes
        .iter()
        .map(|(name, value)| format!("{}={}", bare_or_quoted(name), quoted(value)))
        .collect();
    format!("[{}]", pairs.join(", "))
}

fn bare_or_quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain && name.starts_with(|c: char| c.is_ascii_alphabetic()) { name.to_owned() } else { quoted(name) }
}

/// A DOT string. A backslash is doubled, since Graphviz would read `\N` and the like as escapes.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\0' => {}
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_small_graph_in_dot() {
        let mut picture = Picture { title: Some("two \"tasks\"".to_owned()), ..Picture::default() };
        picture.nodes =
            vec![Node::new("('a', 0)", "load", Shape::Circle), Node::new("b", "C:\\x\nsum", Shape::Box)];
        picture.nodes[0].fill = Some(crate::Color::rgb(0x44_01_54));
        picture.nodes[1].set_attribute("peripheries", "2").unwrap();
        picture.edges = vec![Edge::new(0, 1), Edge { count: 1_024, dashed: true, ..Edge::new(1, 0) }];
        expect![[r##"
            digraph {
              graph [rankdir="BT", bgcolor="#ffffff", label="two \"tasks\"", labelloc="t"];
              node [fontname="Helvetica"];
              "('a', 0)" [label="load", shape="circle", style="filled", fillcolor="#440154", fontcolor="#ffffff"];
              "b" [label="C:\\x\nsum", shape="box", peripheries="2"];
              "('a', 0)" -> "b";
              "b" -> "('a', 0)" [label="×1,024", style="dashed"];
            }
        "##]]
        .assert_eq(&picture.to_dot());
    }
}
