//! Draws a gallery of typical graphs into a folder: `cargo run --example gallery -- /tmp/gallery`.

use std::error::Error;
use std::path::Path;

use raskt_draw::{ColorMap, Direction, Edge, Format, Legend, Node, Picture, RenderOptions, Shape, render};

/// Adds a task of a function and returns its index.
fn task(picture: &mut Picture, function: &str, inputs: &[u32]) -> u32 {
    let index = picture.nodes.len() as u32;
    let node = Node::new(format!("{function}-{index}"), function, Shape::Circle);
    picture.nodes.push(Node { group: Some(function.to_owned()), ..node });
    picture.edges.extend(inputs.iter().map(|&input| Edge::new(input, index)));
    index
}

/// Adds a value made by a task.
fn value(picture: &mut Picture, label: &str, made_by: &[u32]) -> u32 {
    let index = picture.nodes.len() as u32;
    picture.nodes.push(Node::new(format!("{label}-{index}"), label, Shape::Box));
    picture.edges.extend(made_by.iter().map(|&input| Edge::new(input, index)));
    index
}

fn tree(n_leaves: u32, fan_in: usize) -> Picture {
    let mut picture = Picture { title: Some(format!("Tree reduction of {n_leaves}")), ..Picture::default() };
    let mut level: Vec<u32> = (0..n_leaves).map(|_| task(&mut picture, "load", &[])).collect();
    while level.len() > 1 {
        level = level.chunks(fan_in).map(|inputs| task(&mut picture, "sum", inputs)).collect();
    }
    picture
}

/// Colours tasks by their index as if that were their place in the order of execution.
fn ordered(mut picture: Picture, map: ColorMap) -> Picture {
    let n_nodes = picture.nodes.len() as u64;
    for (index, node) in picture.nodes.iter_mut().enumerate() {
        node.fill = Some(map.of(index as u64, n_nodes));
        node.label = index.to_string();
    }
    let high = (n_nodes - 1).to_string();
    picture.legend = Some(Legend { title: "order".to_owned(), map, low: "0".to_owned(), high });
    picture
}

fn diamond() -> Picture {
    let mut picture = Picture::default();
    let load = task(&mut picture, "load", &[]);
    let x = value(&mut picture, "x", &[load]);
    let left = task(&mut picture, "clean", &[x]);
    let right = task(&mut picture, "normalise_columns", &[x]);
    let (a, b) = (value(&mut picture, "a", &[left]), value(&mut picture, "b", &[right]));
    task(&mut picture, "join", &[a, b, x]);
    picture
}

fn transpose_add(n: u32) -> Picture {
    let mut picture = Picture { title: Some("x + x.T".to_owned()), ..Picture::default() };
    let blocks: Vec<u32> = (0..n * n).map(|_| task(&mut picture, "random", &[])).collect();
    let turned: Vec<u32> = blocks.iter().map(|&block| task(&mut picture, "transpose", &[block])).collect();
    for row in 0..n {
        for column in 0..n {
            let inputs = [blocks[(row * n + column) as usize], turned[(column * n + row) as usize]];
            task(&mut picture, "add", &inputs);
        }
    }
    picture
}

fn months() -> Picture {
    let mut picture = Picture { title: Some("Flights by month".to_owned()), ..Picture::default() };
    let parts: Vec<u32> = (0..12)
        .map(|_| {
            let read = task(&mut picture, "read_month", &[]);
            let clean = task(&mut picture, "clean", &[read]);
            task(&mut picture, "aggregate", &[clean])
        })
        .collect();
    let merged = task(&mut picture, "merge", &parts);
    task(&mut picture, "mean_delay_by_hour_and_carrier", &[merged]);
    task(&mut picture, "worst", &[merged]);
    picture
}

fn shuffle(n: u32) -> Picture {
    let mut picture = Picture { title: Some(format!("Shuffle of {n} partitions")), ..Picture::default() };
    let splits: Vec<u32> = (0..n)
        .map(|_| {
            let read = task(&mut picture, "read", &[]);
            task(&mut picture, "split", &[read])
        })
        .collect();
    for _ in 0..n {
        let merged = task(&mut picture, "merge", &splits);
        task(&mut picture, "write", &[merged]);
    }
    picture
}

fn odd() -> Picture {
    let mut picture = Picture {
        title: Some("Odd: cycle, loop, long edges, parts <&> \"ünïcode\" 総和".to_owned()),
        ..Picture::default()
    };
    let a = task(&mut picture, "a", &[]);
    let b = task(&mut picture, "b", &[a]);
    let c = task(&mut picture, "c", &[b]);
    let d = task(&mut picture, "d", &[c, a, a]);
    let e = task(&mut picture, "end", &[d, a, b]);
    picture.edges.push(Edge::new(d, b));
    picture.edges.push(Edge { label: Some("again".to_owned()), ..Edge::new(e, e) });
    for index in 0..6 {
        value(&mut picture, &format!("lonely {index}"), &[]);
    }
    let long = value(&mut picture, "('a-very-long-name-of-a-layer-0123456789abcdef', 3, 14)", &[]);
    let other = value(&mut picture, "総和\nzwei Zeilen", &[long]);
    picture.nodes[other as usize].shape = Shape::Ellipse;
    picture.nodes[other as usize].dashed = true;
    picture.nodes[long as usize].scale = 1.6;
    picture
}

fn pipeline() -> Picture {
    let mut picture = Picture { direction: Direction::LeftToRight, ..Picture::default() };
    let mut frames = Vec::new();
    for index in 0..5 {
        let read = task(&mut picture, "read_csv", &[]);
        let mut last = read;
        for step in 0..index {
            last = task(&mut picture, ["filter", "assign", "dropna", "rename"][step], &[last]);
        }
        frames.push(last);
    }
    let joined = task(&mut picture, "concat", &frames);
    let grouped = task(&mut picture, "groupby-agg", &[joined, frames[0]]);
    value(&mut picture, "result.parquet", &[grouped]);
    picture
}

fn random(n_nodes: u32, window: u32) -> Picture {
    let mut picture = Picture::default();
    let mut state = 7_u64;
    let mut below = |bound: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % u64::from(bound)) as u32
    };
    for index in 0..n_nodes {
        let inputs: Vec<u32> =
            (0..if index < 4 { 0 } else { 2 }).map(|_| index - 1 - below(index.min(window))).collect();
        task(&mut picture, "f", &inputs);
    }
    picture
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "gallery".to_owned());
    std::fs::create_dir_all(&folder)?;
    let all = RenderOptions { collapse_above: None, ..RenderOptions::default() };
    let mut pictures = vec![
        ("tree", tree(32, 2), all),
        ("tree-order", ordered(tree(32, 4), ColorMap::VIRIDIS), all),
        ("diamond", diamond(), all),
        ("transpose", transpose_add(4), all),
        ("months", months(), all),
        ("shuffle", shuffle(8), all),
        ("odd", odd(), all),
        ("pipeline", pipeline(), all),
        ("random", random(40, 12), all),
        ("collapsed", tree(4_096, 8), RenderOptions::default()),
        ("big", random(2_000, 60), all),
        ("middle", random(150, 25), all),
    ];
    pictures.push(("months-lr", Picture { direction: Direction::LeftToRight, ..months() }, all));
    for (name, picture, options) in &pictures {
        for format in [Format::Svg, Format::Png, Format::Pdf, Format::Dot] {
            let start = std::time::Instant::now();
            let bytes = render(picture, format, options)?;
            let path = Path::new(&folder).join(format!("{name}.{format}"));
            println!("{} {} bytes, {:.1?}", path.display(), bytes.len(), start.elapsed());
            std::fs::write(path, bytes)?;
        }
    }
    Ok(())
}
