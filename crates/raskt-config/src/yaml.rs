//! Reading YAML into nested maps, with bounds: no tag makes an object, and neither aliases, nor depth, nor size
//! can exhaust memory. The syntax is `saphyr-parser`'s business; what the events mean is decided here.

use std::collections::HashMap;
use std::fmt;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::map::{Map, normalised};
use crate::scalar::resolve;
use crate::value::Value;

/// How much a document may hold.
#[derive(Clone, Copy, Debug)]
pub struct YamlLimits {
    /// The longest text, in bytes.
    pub bytes_max: usize,
    /// The deepest nesting.
    pub depth_max: usize,
    /// The most values, counted after aliases have been replaced by what they stand for.
    pub n_values_max: usize,
}

impl Default for YamlLimits {
    fn default() -> YamlLimits {
        YamlLimits { bytes_max: 1 << 20, depth_max: 64, n_values_max: 100_000 }
    }
}

/// Why a text was refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for YamlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)
    }
}

impl std::error::Error for YamlError {}

/// The line of each key, by its normalised dotted path.
pub(crate) type Lines = HashMap<String, usize>;

/// Read one document whose top level is a mapping (an empty document is an empty mapping). Also returned: the line
/// of each key, by dotted path with hyphens.
///
/// Scalars follow YAML 1.2's core schema; merge keys (`<<`) work; a key that stands twice in one mapping, a tag of
/// another kind than `!!str` and its like, and a second document are errors.
///
/// ```
/// use raskt_config::{Value, YamlLimits, parse_yaml};
///
/// let (map, lines) = parse_yaml("local:\n  retries: 2\n", YamlLimits::default())?;
/// assert_eq!(map.get_path("local.retries"), Some(&Value::Int(2)));
/// assert_eq!(lines["local.retries"], 2);
/// # Ok::<(), raskt_config::YamlError>(())
/// ```
///
/// # Errors
///
/// [`YamlError`] for what is malformed, beyond the limits, or no mapping.
pub fn parse_yaml(text: &str, limits: YamlLimits) -> Result<(Map, HashMap<String, usize>), YamlError> {
    if text.len() > limits.bytes_max {
        let reason = format!("{} bytes are more than the {} that are read", text.len(), limits.bytes_max);
        return Err(YamlError { line: 1, column: 1, reason });
    }
    let mut builder = Builder::new(limits);
    let mut parser = Parser::new_from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| YamlError {
            line: error.marker().line(),
            column: error.marker().col() + 1,
            reason: error.info().to_owned(),
        })?;
        builder.handle(event, span)?;
    }
    match builder.root {
        None | Some(Value::Null) => Ok((Map::default(), builder.lines)),
        Some(Value::Map(map)) => Ok((map, builder.lines)),
        Some(other) => Err(YamlError {
            line: 1,
            column: 1,
            reason: format!("the top level must be a mapping of keys to values, and is {other}"),
        }),
    }
}

/// A collection that is being read.
enum Frame {
    /// A sequence and its anchor (0: none).
    List { anchor: usize, items: Vec<Value> },
    /// A mapping, its anchor, the key whose value comes next, and what merge keys brought.
    Map { anchor: usize, map: Map, key: Option<String>, inherited: Vec<Map> },
}

/// What an alias may stand for, with its cost.
struct Anchored {
    value: Value,
    n_values: usize,
    depth: usize,
}

struct Builder {
    limits: YamlLimits,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    n_values: usize,
    n_documents: usize,
    root: Option<Value>,
    lines: Lines,
}

impl Builder {
    fn new(limits: YamlLimits) -> Builder {
        Builder {
            limits,
            stack: Vec::new(),
            anchors: HashMap::new(),
            n_values: 0,
            n_documents: 0,
            root: None,
            lines: Lines::new(),
        }
    }

    fn handle(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.n_documents += 1;
                if self.n_documents > 1 {
                    return Err(refused(span, "a second document begins; a file holds one"));
                }
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref(), span)?;
                if self.takes_key() {
                    return self.key(&text, &value, span);
                }
                self.count(1, span)?;
                self.finish(anchor, value, span)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag.as_deref(), "seq", span)?;
                self.open(Frame::List { anchor, items: Vec::new() }, span)
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag.as_deref(), "map", span)?;
                self.open(Frame::Map { anchor, map: Map::default(), key: None, inherited: Vec::new() }, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
        }
    }

    /// Whether the next event is a key of a mapping.
    fn takes_key(&self) -> bool {
        matches!(self.stack.last(), Some(Frame::Map { key: None, .. }))
    }

    fn count(&mut self, n_values: usize, span: Span) -> Result<(), YamlError> {
        self.n_values = self.n_values.saturating_add(n_values);
        if self.n_values > self.limits.n_values_max {
            let reason = format!("more than {} values, aliases expanded", self.limits.n_values_max);
            return Err(refused(span, &reason));
        }
        Ok(())
    }

    fn open(&mut self, frame: Frame, span: Span) -> Result<(), YamlError> {
        if self.takes_key() {
            return Err(refused(span, "a key must be a plain word, a number or a quoted text"));
        }
        if self.stack.len() >= self.limits.depth_max {
            return Err(refused(span, &format!("nested deeper than {}", self.limits.depth_max)));
        }
        self.count(1, span)?;
        self.stack.push(frame);
        Ok(())
    }

    fn key(&mut self, text: &str, value: &Value, span: Span) -> Result<(), YamlError> {
        self.count(1, span)?;
        let path = self.path_to(text);
        let Some(Frame::Map { map, key, .. }) = self.stack.last_mut() else { return Ok(()) };
        if map.get(text).is_some() && text != "<<" {
            return Err(refused(span, &format!("the key '{text}' stands twice in one mapping")));
        }
        // A key that is no text (`1: x`) is spelled as it was written: configuration keys are words.
        *key = Some(value.as_str().unwrap_or(text).to_owned());
        if let Some(path) = path {
            self.lines.insert(path, span.start.line());
        }
        Ok(())
    }

    /// The normalised dotted path of a key of the innermost mapping; none within a sequence.
    fn path_to(&self, key: &str) -> Option<String> {
        let (_, outer) = self.stack.split_last()?;
        let mut path = String::new();
        for frame in outer {
            match frame {
                Frame::Map { key: Some(name), .. } => {
                    path.push_str(&normalised(name));
                    path.push('.');
                }
                Frame::Map { key: None, .. } | Frame::List { .. } => return None,
            }
        }
        Some(path + &normalised(key))
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), YamlError> {
        if self.takes_key() {
            return Err(refused(span, "an alias cannot be a key"));
        }
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(refused(span, "the alias stands within what it refers to"));
        };
        let (n_values, depth) = (anchored.n_values, anchored.depth);
        if self.stack.len() + depth > self.limits.depth_max {
            return Err(refused(span, &format!("nested deeper than {}", self.limits.depth_max)));
        }
        // Counted before the copy is made: this is what stops a document of nested aliases.
        self.count(n_values, span)?;
        match self.anchors.get(&anchor).map(|anchored| anchored.value.clone()) {
            Some(value) => self.attach(value, span),
            None => Ok(()),
        }
    }

    fn close(&mut self, span: Span) -> Result<(), YamlError> {
        match self.stack.pop() {
            Some(Frame::List { anchor, items }) => self.finish(anchor, Value::List(items), span),
            Some(Frame::Map { anchor, map, key: _, inherited }) => {
                // What is written in the mapping itself wins over what merge keys bring, and the first of these wins.
                let mut whole = Map::default();
                for base in inherited.into_iter().rev() {
                    for (name, value) in base.iter() {
                        whole.insert(name, value.clone());
                    }
                }
                for (name, value) in map.iter() {
                    whole.insert(name, value.clone());
                }
                self.finish(anchor, Value::Map(whole), span)
            }
            None => Ok(()),
        }
    }

    fn finish(&mut self, anchor: usize, value: Value, span: Span) -> Result<(), YamlError> {
        if anchor != 0 {
            let (n_values, depth) = (value.n_nodes(), value.depth());
            self.anchors.insert(anchor, Anchored { value: value.clone(), n_values, depth });
        }
        self.attach(value, span)
    }

    /// Put a finished value where it belongs.
    fn attach(&mut self, value: Value, span: Span) -> Result<(), YamlError> {
        match self.stack.last_mut() {
            None => self.root = Some(value),
            Some(Frame::List { items, .. }) => items.push(value),
            Some(Frame::Map { map, key, inherited, .. }) => match key.take() {
                Some(name) if name == "<<" => merge_key(value, inherited, span)?,
                Some(name) => {
                    map.insert(&name, value);
                }
                None => return Err(refused(span, "a key must be a plain word, a number or a quoted text")),
            },
        }
        Ok(())
    }
}

/// What a merge key brings: a mapping, or several (<https://yaml.org/type/merge.html>).
fn merge_key(value: Value, inherited: &mut Vec<Map>, span: Span) -> Result<(), YamlError> {
    let maps = match value {
        Value::List(items) => items,
        other => vec![other],
    };
    for map in maps {
        match map {
            Value::Map(map) => inherited.push(map),
            _ => return Err(refused(span, "'<<' takes a mapping, or a list of mappings")),
        }
    }
    Ok(())
}

fn refused(span: Span, reason: &str) -> YamlError {
    YamlError { line: span.start.line(), column: span.start.col() + 1, reason: reason.to_owned() }
}

/// Nothing but the tags of YAML's own types is known, so no tag can make an object.
fn check_tag(tag: Option<&Tag>, expected: &str, span: Span) -> Result<(), YamlError> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == expected => Ok(()),
        Some(tag) => Err(refused(span, &format!("the tag '{tag}' is not accepted here"))),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Result<Value, YamlError> {
    let plain = style == ScalarStyle::Plain;
    let Some(tag) = tag else { return Ok(if plain { resolve(text) } else { Value::from(text) }) };
    let name = if tag.is_yaml_core_schema() { tag.suffix.as_str() } else { "" };
    let value = if name == "str" { Value::from(text) } else { resolve(text) };
    let value = match (name, value) {
        ("float", Value::Int(n)) => Value::Float(n as f64),
        (_, value) => value,
    };
    let found = match &value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Str(_) => "str",
        Value::List(_) => "seq",
        Value::Map(_) => "map",
    };
    check_tag(Some(tag), found, span)?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Map {
        parse_yaml(text, YamlLimits::default()).unwrap().0
    }

    fn refusal(text: &str) -> String {
        parse_yaml(text, YamlLimits::default()).unwrap_err().to_string()
    }

    #[test]
    fn scalars_sequences_and_mappings_are_read() {
        let map = read("a: [1, 'x', ~]\nb:\n  c: 1GiB\n  d: {e: true}\nf: |\n  two\n  lines\n");
        assert_eq!(map.get("a"), Some(&Value::List(vec![Value::Int(1), Value::from("x"), Value::Null])));
        assert_eq!(map.get_path("b.c"), Some(&Value::from("1GiB")));
        assert_eq!(map.get_path("b.d.e"), Some(&Value::Bool(true)));
        assert_eq!(map.get("f"), Some(&Value::from("two\nlines\n")));
    }

    #[test]
    fn an_empty_file_or_one_of_comments_is_an_empty_mapping() {
        for text in ["", "# nothing\n", "---\n", "\u{feff}# bom\n", "null\n"] {
            assert!(read(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn quoted_words_and_tagged_ones_are_text() {
        let map = read("a: '1'\nb: !!str 1\nc: !!float 1\nd: !!int 3");
        assert_eq!(map.get("a"), Some(&Value::from("1")));
        assert_eq!(map.get("b"), Some(&Value::from("1")));
        assert_eq!(map.get("c"), Some(&Value::Float(1.0)));
        assert_eq!(map.get("d"), Some(&Value::Int(3)));
    }

    #[test]
    fn tags_that_would_make_objects_are_refused_with_their_place() {
        let message = refusal("a: 1\nb: !!python/object/apply:os.system ['true']\n");
        assert!(message.starts_with("line 2"), "{message}");
        assert!(message.contains("python/object/apply:os.system"), "{message}");
        assert!(refusal("a: !mine 1").contains("is not accepted"), "{}", refusal("a: !mine 1"));
        assert!(refusal("a: !!int x").contains("is not accepted"));
    }

    #[test]
    fn aliases_are_copies_and_merge_keys_give_way_to_what_is_written() {
        let map = read("base: &b {x: 1, y: 2}\nc: *b\nd: {<<: *b, y: 3}\ne:\n  <<: [{x: 8}, *b]\n");
        assert_eq!(map.get("c"), map.get("base"));
        assert_eq!(map.get_path("d.x"), Some(&Value::Int(1)));
        assert_eq!(map.get_path("d.y"), Some(&Value::Int(3)));
        assert_eq!(map.get_path("e.x"), Some(&Value::Int(8)));
        assert_eq!(map.get_path("e.y"), Some(&Value::Int(2)));
    }

    #[test]
    fn a_billion_laughs_are_refused_before_they_are_told() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let alias = format!("*a{}", level - 1);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 9].join(", ")));
        }
        assert!(refusal(&text).contains("more than 100000 values"), "{}", refusal(&text));
    }

    #[test]
    fn an_alias_within_its_anchor_is_refused() {
        assert!(refusal("a: &x [*x]").contains("within what it refers to"));
    }

    #[test]
    fn depth_is_bounded_in_flow_in_blocks_and_through_aliases() {
        let flow = format!("a: {}{}", "[".repeat(100), "]".repeat(100));
        assert!(refusal(&flow).contains("nested deeper than 64"), "{}", refusal(&flow));
        let block: String = (0..100).map(|i| format!("{}k:\n", " ".repeat(i))).collect();
        assert!(refusal(&block).contains("nested deeper than 64"), "{}", refusal(&block));
        let twice =
            format!("a: &d {}{}\nb: {}*d{}", "[".repeat(40), "]".repeat(40), "[".repeat(40), "]".repeat(40));
        assert!(refusal(&twice).contains("nested deeper than 64"), "{}", refusal(&twice));
    }

    #[test]
    fn size_is_bounded() {
        let limits = YamlLimits { bytes_max: 3, ..YamlLimits::default() };
        assert!(parse_yaml("a: 1", limits).unwrap_err().reason.contains("4 bytes are more than the 3"));
    }

    #[test]
    fn malformed_documents_are_refused_with_line_and_column() {
        assert!(refusal("a: 1\nb: [1, 2\n").starts_with("line "));
        assert!(refusal("a: 1\na: 2\n").contains("line 2, column 1: the key 'a' stands twice"));
        assert!(refusal("a-b: 1\na_b: 2\n").contains("stands twice"));
        assert!(refusal("- 1\n- 2\n").contains("must be a mapping"));
        assert!(refusal("just words").contains("must be a mapping"));
        assert!(refusal("a: 1\n---\nb: 2\n").contains("a second document"));
        assert!(refusal("{[1]: 2}").contains("a key must be"));
        assert!(refusal("<<: 1").contains("'<<' takes a mapping"));
    }

    #[test]
    fn lines_are_told_by_path() {
        let (_, lines) = parse_yaml("# c\na_b:\n  c: 1\n\n  d: [{x: 1}]\n", YamlLimits::default()).unwrap();
        assert_eq!(lines["a-b"], 2);
        assert_eq!(lines["a-b.c"], 3);
        assert_eq!(lines["a-b.d"], 5);
        assert_eq!(lines.len(), 3);
    }
}
