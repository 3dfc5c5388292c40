//! Scenes as PNG. Text is drawn as the embedded font's outlines, so no font need be installed.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixels have coordinates of single precision, and a length in pixels is rounded and bounded"
)]

use tiny_skia::{
    Color as SkiaColor, FillRule, LineCap, Paint, Path, PathBuilder, Pixmap, Rect, Stroke as SkiaStroke,
    StrokeDash, Transform,
};
use ttf_parser::OutlineBuilder;

use crate::layout::{Curve, Point, Segment};
use crate::scene::{Mark, Scene, Stroke, Text};
use crate::{Color, DrawError, Format, font};

/// Pictures are scaled down so far that they keep below this many pixels (160 MB while drawing).
const PIXELS_MAX: f64 = 40e6;
/// Most viewers give up on longer sides.
const SIDE_MAX: f64 = 16_000.0;

/// Pictures of more bytes than this are packed fast rather than well.
const BYTES_QUICK: usize = 40_000_000;

/// How far control points stand out so that four cubics make a circle.
const ROUND: f64 = 0.552_284_75;

/// Draws the scene, `scale` pixels for each of its own.
pub(crate) fn write(scene: &Scene, scale: f64) -> Result<Vec<u8>, DrawError> {
    let refused = |reason: String| DrawError::Encode { format: Format::Png, reason };
    if !scale.is_finite() || scale <= 0.0 {
        return Err(refused(format!("the scale must be a positive number, not {scale}")));
    }
    let fits =
        (PIXELS_MAX / (scene.width * scene.height)).sqrt().min(SIDE_MAX / scene.width.max(scene.height));
    let scale = scale.min(fits);
    let pixels = |length: f64| ((length * scale).round() as u32).max(1);
    let (width, height) = (pixels(scene.width), pixels(scene.height));
    let mut pixmap =
        Pixmap::new(width, height).ok_or_else(|| refused(format!("cannot hold {width}×{height} pixels")))?;
    if scene.background.a > 0 {
        let Color { r, g, b, a } = scene.background;
        pixmap.fill(SkiaColor::from_rgba8(r, g, b, a));
    }
    let transform = Transform::from_scale(scale as f32, scale as f32);
    for mark in scene.groups.iter().flat_map(|group| &group.marks) {
        draw(&mut pixmap, mark, transform);
    }
    encoded(pixmap, scene.background.a == 255).map_err(|error| refused(error.to_string()))
}

fn encoded(pixmap: Pixmap, is_opaque: bool) -> Result<Vec<u8>, png::EncodingError> {
    let (width, height) = (pixmap.width(), pixmap.height());
    let rgba = pixmap.take_demultiplied();
    let (color, bytes) = if is_opaque {
        (png::ColorType::Rgb, rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect())
    } else {
        (png::ColorType::Rgba, rgba)
    };
    // Flat colours pack best unfiltered; on big pictures that would take seconds.
    let (compression, filter) = if bytes.len() < BYTES_QUICK {
        (png::Compression::Balanced, png::Filter::NoFilter)
    } else {
        (png::Compression::Fast, png::Filter::Adaptive)
    };
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(compression);
    encoder.set_filter(filter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&bytes)?;
    writer.finish()?;
    Ok(out)
}

fn draw(pixmap: &mut Pixmap, mark: &Mark, transform: Transform) {
    match mark {
        Mark::Rectangle { corner, width, height, radius, fill, stroke } => {
            let path = rectangle(*corner, *width, *height, *radius);
            paint(pixmap, path, Some(*fill), *stroke, transform);
        }
        Mark::Ellipse { centre, rx, ry, fill, stroke } => {
            let (x, y) = ((centre.x - rx) as f32, (centre.y - ry) as f32);
            let bounds = Rect::from_xywh(x, y, 2.0 * *rx as f32, 2.0 * *ry as f32);
            paint(pixmap, bounds.and_then(PathBuilder::from_oval), Some(*fill), *stroke, transform);
        }
        Mark::Path { curve, stroke } => paint(pixmap, open_path(curve), None, Some(*stroke), transform),
        Mark::Polygon { points, fill } => paint(pixmap, polygon(points), Some(*fill), None, transform),
        Mark::Text(text) => paint(pixmap, outlines(text), Some(text.color), None, transform),
    }
}

fn paint(
    pixmap: &mut Pixmap,
    path: Option<Path>,
    fill: Option<Color>,
    stroke: Option<Stroke>,
    transform: Transform,
) {
    let Some(path) = path else { return };
    if let Some(color) = fill.filter(|color| color.a > 0) {
        pixmap.fill_path(&path, &paint_of(color), FillRule::Winding, transform, None);
    }
    if let Some(stroke) = stroke.filter(|stroke| stroke.color.a > 0 && stroke.width > 0.0) {
        let dash = if stroke.dashed { StrokeDash::new(vec![5.0, 4.0], 0.0) } else { None };
        let line =
            SkiaStroke { width: stroke.width as f32, line_cap: LineCap::Butt, dash, ..SkiaStroke::default() };
        pixmap.stroke_path(&path, &paint_of(stroke.color), &line, transform, None);
    }
}

fn paint_of(color: Color) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(color.r, color.g, color.b, color.a);
    paint
}

fn open_path(curve: &Curve) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(curve.start.x as f32, curve.start.y as f32);
    for segment in &curve.segments {
        match segment {
            Segment::Line(to) => path.line_to(to.x as f32, to.y as f32),
            Segment::Cubic(a, b, to) => {
                path.cubic_to(a.x as f32, a.y as f32, b.x as f32, b.y as f32, to.x as f32, to.y as f32);
            }
        }
    }
    path.finish()
}

fn polygon(points: &[Point]) -> Option<Path> {
    let (first, rest) = points.split_first()?;
    let mut path = PathBuilder::new();
    path.move_to(first.x as f32, first.y as f32);
    for point in rest {
        path.line_to(point.x as f32, point.y as f32);
    }
    path.close();
    path.finish()
}

fn rectangle(corner: Point, width: f64, height: f64, radius: f64) -> Option<Path> {
    let radius = radius.min(width / 2.0).min(height / 2.0);
    let (left, top, right, bottom) = (corner.x, corner.y, corner.x + width, corner.y + height);
    if radius <= 0.0 {
        return Rect::from_ltrb(left as f32, top as f32, right as f32, bottom as f32)
            .map(PathBuilder::from_rect);
    }
    let mut path = PathBuilder::new();
    path.move_to((left + radius) as f32, top as f32);
    // Each corner: where the side before it ends, the corner itself, where the next side starts.
    let corners = [
        ((right - radius, top), (right, top), (right, top + radius)),
        ((right, bottom - radius), (right, bottom), (right - radius, bottom)),
        ((left + radius, bottom), (left, bottom), (left, bottom - radius)),
        ((left, top + radius), (left, top), (left + radius, top)),
    ];
    for (from, tip, to) in corners {
        path.line_to(from.0 as f32, from.1 as f32);
        let control = |end: (f64, f64)| (end.0 + (tip.0 - end.0) * ROUND, end.1 + (tip.1 - end.1) * ROUND);
        let (a, b) = (control(from), control(to));
        path.cubic_to(a.0 as f32, a.1 as f32, b.0 as f32, b.1 as f32, to.0 as f32, to.1 as f32);
    }
    path.close();
    path.finish()
}

/// A glyph's outline moved to its place; fonts count upwards.
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

fn outlines(text: &Text) -> Option<Path> {
    let face = font::face()?;
    let scale = (text.size / f64::from(face.units_per_em())) as f32;
    let mut pen = Pen { path: PathBuilder::new(), x: 0.0, y: text.at.y as f32, scale };
    let mut x = text.left();
    for character in text.text.chars() {
        let glyph = font::glyph(character);
        pen.x = x as f32;
        // A glyph without an outline, such as the space, draws nothing.
        let _ = face.outline_glyph(glyph.id, &mut pen);
        x += glyph.advance * text.size;
    }
    pen.path.finish()
}
