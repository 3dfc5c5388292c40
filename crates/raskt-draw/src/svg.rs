//! Scenes as SVG: plain shapes and text, no scripts, no styles that could leak into the page around them.

use std::fmt::Write;

use crate::Color;
use crate::layout::{Curve, Point, Segment};
use crate::scene::{Anchor, Group, Mark, Scene, Stroke, Text};

const FONT_FAMILY: &str = "Inter, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif";

/// Writes the scene as a document of its own, which HTML can also hold as it is.
pub(crate) fn write(scene: &Scene) -> String {
    let mut out = String::with_capacity(1_024 + scene.groups.len() * 320);
    let (w, h) = (number(scene.width), number(scene.height));
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"{FONT_FAMILY}\" font-weight=\"500\">"
    );
    if let Some(title) = &scene.title {
        let _ = writeln!(out, "<title>{}</title>", escaped(title));
    }
    if scene.background.a > 0 {
        let _ = writeln!(out, "<rect width=\"{w}\" height=\"{h}\"{}/>", fill(scene.background));
    }
    for group in &scene.groups {
        write_group(&mut out, group);
    }
    out.push_str("</svg>\n");
    out
}

fn write_group(out: &mut String, group: &Group) {
    let _ = write!(out, "<g class=\"{}\">", group.class);
    if let Some(tooltip) = &group.tooltip {
        let _ = write!(out, "<title>{}</title>", escaped(tooltip));
    }
    for mark in &group.marks {
        write_mark(out, mark);
    }
    out.push_str("</g>\n");
}

fn write_mark(out: &mut String, mark: &Mark) {
    // Writing to a `String` cannot fail.
    let _ = match mark {
        Mark::Rectangle { corner, width, height, radius, fill: inside, stroke: line } => {
            let (x, y, w, h) = (number(corner.x), number(corner.y), number(*width), number(*height));
            let round = if *radius > 0.0 { format!(" rx=\"{}\"", number(*radius)) } else { String::new() };
            let look = fill(*inside) + &stroke(*line);
            write!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"{round}{look}/>")
        }
        Mark::Ellipse { centre, rx, ry, fill: inside, stroke: line } => {
            let (x, y) = (number(centre.x), number(centre.y));
            let look = fill(*inside) + &stroke(*line);
            if rx == ry {
                write!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{}\"{look}/>", number(*rx))
            } else {
                let (rx, ry) = (number(*rx), number(*ry));
                write!(out, "<ellipse cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\"{look}/>")
            }
        }
        Mark::Path { curve, stroke: line } => {
            write!(out, "<path d=\"{}\" fill=\"none\"{}/>", path_data(curve), stroke(Some(*line)))
        }
        Mark::Polygon { points, fill: inside } => {
            let places: Vec<String> = points.iter().map(place).collect();
            write!(out, "<polygon points=\"{}\"{}/>", places.join(" "), fill(*inside))
        }
        Mark::Text(text) => write_text(out, text),
    };
}

fn write_text(out: &mut String, text: &Text) -> std::fmt::Result {
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let (x, y, size) = (number(text.at.x), number(text.at.y), number(text.size));
    let look = fill(text.color);
    write!(out, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor}{look}>{}</text>", escaped(&text.text))
}

fn path_data(curve: &Curve) -> String {
    let mut data = format!("M{}", place(&curve.start));
    for segment in &curve.segments {
        let _ = match segment {
            Segment::Line(to) => write!(data, "L{}", place(to)),
            Segment::Cubic(a, b, to) => write!(data, "C{} {} {}", place(a), place(b), place(to)),
        };
    }
    data
}

fn place(point: &Point) -> String {
    format!("{},{}", number(point.x), number(point.y))
}

/// At most two decimals, without trailing zeros, never `-0`.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn opaque(color: Color) -> Color {
    Color { a: 255, ..color }
}

fn opacity(name: &str, color: Color) -> String {
    if color.a == 255 { String::new() } else { format!(" {name}=\"{}\"", number(f64::from(color.a) / 255.0)) }
}

fn fill(color: Color) -> String {
    if color.a == 0 {
        return " fill=\"none\"".to_owned();
    }
    format!(" fill=\"{}\"{}", opaque(color), opacity("fill-opacity", color))
}

fn stroke(stroke: Option<Stroke>) -> String {
    let Some(Stroke { color, width, dashed }) = stroke else { return String::new() };
    let dashes = if dashed { " stroke-dasharray=\"5,4\"" } else { "" };
    let seen = opacity("stroke-opacity", color);
    format!(" stroke=\"{}\" stroke-width=\"{}\"{seen}{dashes}", opaque(color), number(width))
}

/// Text for element content and attributes; characters that XML 1.0 cannot hold become U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(character),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other if other.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [1.0, 0.5, -0.001, 10.0, 2.345].map(number),
            ["1", "0.5", "0", "10", "2.35"].map(str::to_owned)
        );
    }

    #[test]
    fn markup_and_control_characters_are_escaped() {
        assert_eq!(escaped("a<b & \"c\">\u{0}\u{1b}"), "a&lt;b &amp; &quot;c&quot;&gt;\u{fffd}\u{fffd}");
    }
}
