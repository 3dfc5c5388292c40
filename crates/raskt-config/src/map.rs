//! Nested mappings whose keys do not tell `-` from `_`, and the merging of them.

use indexmap::IndexMap;

use crate::value::Value;

/// The most parts of a dotted key. Everything that walks nested values does so by calling itself.
pub const KEY_PARTS_MAX: usize = 64;

/// An ordered mapping from names to values. `batch-max` and `batch_max` are one name; the spelling that came first
/// is kept.
///
/// ```
/// use raskt_config::{Map, Value};
///
/// let mut map = Map::default();
/// map.set_path("local.batch-max", Value::Int(128));
/// map.set_path("local.batch_max", Value::Int(64));
/// assert_eq!(map.get_path("local.batch-max"), Some(&Value::Int(64)));
/// assert_eq!(map.leaves().len(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Map {
    entries: IndexMap<String, Spelled>,
}

/// A value with its key as it was written.
#[derive(Clone, Debug)]
struct Spelled {
    name: String,
    value: Value,
}

/// Two maps are equal if they hold equal values under equivalent names, in whatever order.
impl PartialEq for Map {
    fn eq(&self, other: &Map) -> bool {
        self.len() == other.len()
            && self
                .entries
                .iter()
                .all(|(key, entry)| other.entries.get(key).is_some_and(|found| found.value == entry.value))
    }
}

/// The form under which equivalent names meet.
pub(crate) fn normalised(name: &str) -> String {
    name.replace('_', "-")
}

/// The names along a dotted path, the last one apart.
fn split_last(path: &str) -> (impl Iterator<Item = &str>, &str) {
    let (parents, last) = path.rsplit_once('.').map_or((None, path), |(parents, last)| (Some(parents), last));
    (parents.into_iter().flat_map(|parents| parents.split('.')), last)
}

impl Map {
    /// How many names it holds, nested ones not counted.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value under one name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.entries.get(&normalised(name)).map(|entry| &entry.value)
    }

    /// The value under a dotted path.
    pub fn get_path(&self, path: &str) -> Option<&Value> {
        let (parents, last) = split_last(path);
        let mut map = self;
        for name in parents {
            map = map.get(name)?.as_map()?;
        }
        map.get(last)
    }

    /// Put a value under one name; the value that it replaces is returned.
    pub fn insert(&mut self, name: &str, value: Value) -> Option<Value> {
        match self.entries.get_mut(&normalised(name)) {
            Some(entry) => Some(std::mem::replace(&mut entry.value, value)),
            None => {
                self.entries.insert(normalised(name), Spelled { name: name.to_owned(), value });
                None
            }
        }
    }

    /// Put a value under a dotted path. What is in the way and is no mapping is replaced by one.
    pub fn set_path(&mut self, path: &str, value: Value) {
        let names: Vec<&str> = path.split('.').collect();
        let mut map = self;
        let mut n_there = 0;
        while n_there + 1 < names.len()
            && map.get(names[n_there]).is_some_and(|found| found.as_map().is_some())
        {
            let Some(below) = map.below(names[n_there]) else { return };
            (map, n_there) = (below, n_there + 1);
        }
        let nested = names[n_there + 1..].iter().rev().fold(value, |inner, name| {
            let mut outer = Map::default();
            outer.insert(name, inner);
            Value::Map(outer)
        });
        map.insert(names[n_there], nested);
    }

    /// The mapping under one name, if there is one.
    fn below(&mut self, name: &str) -> Option<&mut Map> {
        self.entries.get_mut(&normalised(name))?.value.as_map_mut()
    }

    /// Take out the value under a dotted path. Mappings that become empty stay.
    pub fn remove_path(&mut self, path: &str) -> Option<Value> {
        let (parents, last) = split_last(path);
        let mut map = self;
        for name in parents {
            map = map.below(name)?;
        }
        map.entries.shift_remove(&normalised(last)).map(|entry| entry.value)
    }

    /// Nest what stands under a name with dots (`local.spill: true`), for the names that `known` accepts.
    pub(crate) fn nest_dotted(&mut self, known: impl Fn(&str) -> bool) {
        let dotted = |name: &str| name.contains('.') && known(name);
        let names: Vec<String> = self.entries.keys().filter(|name| dotted(name)).cloned().collect();
        for name in names {
            if let Some(entry) = self.entries.shift_remove(&name) {
                self.set_path(&name, entry.value);
            }
        }
    }

    /// Spell the names along a path as the path does, where they are there.
    pub(crate) fn respell(&mut self, path: &str) {
        let mut map = self;
        for name in path.split('.') {
            let Some(entry) = map.entries.get_mut(&normalised(name)) else { return };
            name.clone_into(&mut entry.name);
            let Some(below) = entry.value.as_map_mut() else { return };
            map = below;
        }
    }

    /// Names and values in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.values().map(|entry| (entry.name.as_str(), &entry.value))
    }

    /// Every value that is no mapping, and every empty mapping, with its dotted path.
    pub fn leaves(&self) -> Vec<(String, &Value)> {
        let mut found = Vec::new();
        self.collect_leaves("", &mut found);
        found
    }

    fn collect_leaves<'a>(&'a self, prefix: &str, found: &mut Vec<(String, &'a Value)>) {
        for (name, value) in self.iter() {
            let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            match value {
                Value::Map(map) if !map.is_empty() => map.collect_leaves(&path, found),
                leaf => found.push((path, leaf)),
            }
        }
    }

    /// Lay another mapping over this one: mappings meet name by name, anything else is replaced.
    ///
    /// ```
    /// use raskt_config::{Value, YamlLimits, parse_yaml};
    ///
    /// let mut low = parse_yaml("x: 1\ny: {a: 2}", YamlLimits::default())?.0;
    /// low.merge(parse_yaml("x: 2\ny: {b: 3}", YamlLimits::default())?.0);
    /// assert_eq!(low, parse_yaml("x: 2\ny: {a: 2, b: 3}", YamlLimits::default())?.0);
    /// # Ok::<(), raskt_config::YamlError>(())
    /// ```
    pub fn merge(&mut self, over: Map) {
        for Spelled { name, value } in over.entries.into_values() {
            match value {
                Value::Map(map) => match self.below(&name) {
                    Some(below) => below.merge(map),
                    None => drop(self.insert(&name, Value::Map(map))),
                },
                value => drop(self.insert(&name, value)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Nested maps in which a name is a mapping, or is not, by its first letter: no merge changes a name's kind.
    fn maps() -> impl Strategy<Value = Map> {
        let leaf = any::<i64>().prop_map(|n| Value::Int(n.into()));
        let leaves = prop::collection::btree_map("[a-c][-_]?[a-b]?", leaf, 0..4);
        let level = leaves.prop_map(|m| from_pairs(m.into_iter().collect()));
        level.prop_recursive(3, 24, 4, |inner| {
            (prop::collection::btree_map("[x-z]", inner, 0..3), any::<i64>()).prop_map(|(maps, n)| {
                let mut pairs: Vec<_> = maps.into_iter().map(|(k, v)| (k, Value::Map(v))).collect();
                pairs.push(("a".to_owned(), Value::Int(n.into())));
                from_pairs(pairs)
            })
        })
    }

    fn from_pairs(pairs: Vec<(String, Value)>) -> Map {
        let mut map = Map::default();
        for (name, value) in pairs {
            map.insert(&name, value);
        }
        map
    }

    fn merged(low: &Map, high: &Map) -> Map {
        let mut result = low.clone();
        result.merge(high.clone());
        result
    }

    proptest! {
        #[test]
        fn merging_is_associative_where_kinds_agree(a in maps(), b in maps(), c in maps()) {
            prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        }

        #[test]
        fn the_empty_map_is_neutral_and_merging_is_idempotent(a in maps()) {
            let empty = Map::default();
            prop_assert_eq!(&merged(&a, &empty), &a);
            prop_assert_eq!(&merged(&empty, &a), &a);
            prop_assert_eq!(&merged(&a, &a), &a);
        }

        #[test]
        fn every_leaf_of_the_upper_map_wins(a in maps(), b in maps()) {
            let result = merged(&a, &b);
            for (path, value) in b.leaves() {
                if value.as_map().is_none() {
                    prop_assert_eq!(result.get_path(&path), Some(value));
                }
            }
            for (path, value) in a.leaves() {
                if b.get_path(&path).is_none() {
                    prop_assert_eq!(result.get_path(&path), Some(value));
                }
            }
        }
    }

    #[test]
    fn a_scalar_replaces_a_mapping_and_a_mapping_a_scalar() {
        let nested =
            from_pairs(vec![("x".into(), Value::Map(from_pairs(vec![("a".into(), Value::Int(1))])))]);
        let flat = from_pairs(vec![("x".into(), Value::Int(5))]);
        assert_eq!(merged(&nested, &flat), flat);
        assert_eq!(merged(&flat, &nested), nested);
    }

    #[test]
    fn removing_a_path_returns_its_value_and_leaves_the_rest() {
        let mut map = Map::default();
        map.set_path("a.b_c", Value::Int(1));
        map.set_path("a.d", Value::Int(2));
        assert_eq!(map.remove_path("a.b-c"), Some(Value::Int(1)));
        assert_eq!(map.remove_path("a.b-c"), None);
        assert_eq!(map.remove_path("a.d.e"), None);
        assert_eq!(map.leaves().len(), 1);
    }

    #[test]
    fn dotted_names_are_nested_where_they_are_known() {
        let mut map = from_pairs(vec![("a.b".into(), Value::Int(1)), ("c.d".into(), Value::Int(2))]);
        map.nest_dotted(|name| name == "a.b");
        assert_eq!(map.get_path("a.b"), Some(&Value::Int(1)));
        assert_eq!(map.get("c.d"), Some(&Value::Int(2)));
    }

    #[test]
    fn paths_of_any_length_are_followed() {
        let path = vec!["a"; 20_000].join(".");
        let mut map = from_pairs(vec![("a".into(), Value::Int(1))]);
        assert_eq!(map.get_path(&path), None);
        assert_eq!(map.remove_path(&path), None);
        map.respell(&path);
        assert_eq!(map, from_pairs(vec![("a".into(), Value::Int(1))]));
    }

    #[test]
    fn respelling_follows_the_path() {
        let mut map = Map::default();
        map.set_path("local.memory_limit", Value::Int(1));
        map.respell("local.memory-limit");
        assert_eq!(map.leaves()[0].0, "local.memory-limit");
    }
}
