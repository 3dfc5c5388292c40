//! Graphviz' attribute names, understood where they mean something here and kept for DOT where they do not.

use crate::{Color, DrawError, Edge, Node, Picture, Shape};

fn number(name: &str, value: &str) -> Result<f64, DrawError> {
    let bad = || DrawError::BadAttribute { name: name.to_owned(), value: value.to_owned() };
    let number: f64 = value.trim().parse().map_err(|_| bad())?;
    if (0.0..=100.0).contains(&number) { Ok(number) } else { Err(bad()) }
}

fn set_other(attributes: &mut Vec<(String, String)>, name: &str, value: &str) {
    match attributes.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => value.clone_into(old),
        None => attributes.push((name.to_owned(), value.to_owned())),
    }
}

fn is_dashed(style: &str) -> bool {
    style.split(',').any(|part| matches!(part.trim(), "dashed" | "dotted"))
}

impl Picture {
    /// Sets a Graphviz attribute of the graph: `rankdir`, `label`, `bgcolor`; others go to DOT only.
    ///
    /// # Errors
    /// Where a value is not one that the attribute can have.
    pub fn set_attribute(&mut self, name: &str, value: &str) -> Result<(), DrawError> {
        match name {
            "rankdir" => self.direction = value.parse()?,
            "label" => self.title = Some(value.to_owned()),
            "bgcolor" => self.background = value.parse()?,
            _ => set_other(&mut self.attributes, name, value),
        }
        Ok(())
    }
}

impl Node {
    /// Sets a Graphviz attribute: `label`, `shape`, `fillcolor`, `color`, `fontcolor`, `style`, `penwidth`,
    /// `tooltip`; others, and shapes that are not drawn here, go to DOT only.
    ///
    /// ```
    /// use raskt_draw::{Node, Shape};
    /// let mut node = Node::new("x", "x", Shape::Circle);
    /// node.set_attribute("shape", "rect")?;
    /// node.set_attribute("fillcolor", "tomato")?;
    /// assert_eq!(node.shape, Shape::Box);
    /// assert!(node.set_attribute("color", "no such color").is_err());
    /// # Ok::<(), raskt_draw::DrawError>(())
    /// ```
    ///
    /// # Errors
    /// Where a value is not one that the attribute can have.
    pub fn set_attribute(&mut self, name: &str, value: &str) -> Result<(), DrawError> {
        match name {
            "label" => value.clone_into(&mut self.label),
            "shape" => match value {
                "circle" => self.shape = Shape::Circle,
                "box" | "rect" | "rectangle" | "square" => self.shape = Shape::Box,
                "ellipse" | "oval" => self.shape = Shape::Ellipse,
                _ => set_other(&mut self.attributes, name, value),
            },
            "fillcolor" => self.fill = Some(value.parse()?),
            "color" => self.stroke = Some(value.parse::<Color>()?),
            "fontcolor" => self.text = Some(value.parse()?),
            "penwidth" => self.pen_width = number(name, value)?,
            "tooltip" => self.tooltip = Some(value.to_owned()),
            "style" => {
                self.dashed = is_dashed(value);
                set_other(&mut self.attributes, name, value);
            }
            _ => set_other(&mut self.attributes, name, value),
        }
        // Graphviz fills with `color` where `style=filled` comes without a `fillcolor`.
        let filled = self.attributes.iter().any(|(name, style)| name == "style" && style.contains("filled"));
        if filled && self.fill.is_none() {
            self.fill = self.stroke;
        }
        Ok(())
    }
}

impl Edge {
    /// Sets a Graphviz attribute: `label`, `color`, `style`, `penwidth`, `tooltip`; others go to DOT only.
    ///
    /// # Errors
    /// Where a value is not one that the attribute can have.
    pub fn set_attribute(&mut self, name: &str, value: &str) -> Result<(), DrawError> {
        match name {
            "label" => self.label = Some(value.to_owned()),
            "color" => self.color = Some(value.parse()?),
            "penwidth" => self.pen_width = number(name, value)?,
            "tooltip" => self.tooltip = Some(value.to_owned()),
            "style" => {
                self.dashed = is_dashed(value);
                set_other(&mut self.attributes, name, value);
            }
            _ => set_other(&mut self.attributes, name, value),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_filled_with_a_color_fills_whatever_the_order() {
        for order in [["style", "color"], ["color", "style"]] {
            let mut node = Node::new("x", "x", Shape::Box);
            for name in order {
                node.set_attribute(name, if name == "style" { "filled,dashed" } else { "red" }).unwrap();
            }
            assert_eq!(node.fill, Some(Color::rgb(0x00ff_0000)));
            assert!(node.dashed);
        }
    }

    #[test]
    fn unknown_attributes_are_kept_once_for_dot() {
        let mut edge = Edge::new(0, 1);
        edge.set_attribute("weight", "1").unwrap();
        edge.set_attribute("weight", "2").unwrap();
        assert_eq!(edge.attributes, [("weight".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn bad_values_are_refused() {
        let mut picture = Picture::default();
        assert!(picture.set_attribute("rankdir", "up").unwrap_err().to_string().contains("BT, TB, LR, RL"));
        let mut node = Node::new("x", "x", Shape::Box);
        for width in ["thick", "-1", "nan", "inf"] {
            let refused = node.set_attribute("penwidth", width).unwrap_err().to_string();
            assert_eq!(refused, format!("attribute \"penwidth\" cannot be {width:?}"));
        }
    }
}
