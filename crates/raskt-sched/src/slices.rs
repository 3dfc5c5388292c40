//! Planned graphs cut into slices, so that handling one takes no longer than a heartbeat can wait.

use std::ops::Range;
use std::sync::Arc;

use raskt_core::{Fit, Key, Name, Result};
use raskt_graph::table::NAMELESS;
use raskt_graph::{Body, Keys, Known, TableBuilder, TaskTable};
use rustc_hash::FxHashMap;

use crate::messages::{Demand, Particular, Submission};

/// What is said of the tasks of a graph.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Of all tasks.
    pub all: Particular,
    /// Of single rows, by row.
    pub particulars: Vec<(u32, Particular)>,
    /// Conditions on where tasks run.
    pub demands: Vec<Demand>,
    /// Which rows are under which condition, by row.
    pub demand_of: Vec<(u32, u32)>,
}

/// The slices of a graph, one after another.
///
/// Rows that stand for values which the scheduler has ([`Known`]) become inputs, and rows without a name of their own get one
/// that no other graph has.
#[derive(Debug)]
pub struct Slices {
    name: Name,
    table: Arc<TaskTable>,
    terms: Terms,
    n_rows_max: u32,
    /// The last row that needs each row; the row itself where none does.
    last_use: Vec<u32>,
    next: u32,
}

impl Slices {
    /// The slices of `table`, whose rows are in the order in which they should run, of at most `n_rows_max` rows each.
    #[must_use]
    pub fn new(name: Name, table: Arc<TaskTable>, terms: Terms, n_rows_max: u32) -> Self {
        let mut last_use: Vec<u32> = (0..table.n_tasks().fit::<u32>()).collect();
        for row in 0..table.n_tasks().fit::<u32>() {
            for &input in table.inputs().row(row) {
                let last = &mut last_use[input as usize];
                *last = row.max(*last);
            }
        }
        Self { name, table, terms, n_rows_max: n_rows_max.max(1), last_use, next: 0 }
    }

    /// What messages about the graph call it.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// How many rows have not been in a slice.
    #[must_use]
    pub fn n_left(&self) -> usize {
        self.last_use.len() - self.next as usize
    }

    fn key(&self, row: u32) -> Key {
        let key = self.table.key(row);
        match key.name.as_str() == NAMELESS && self.table.body(row).key().is_none() {
            true => Key::block(self.name.clone(), &[row]),
            false => key,
        }
    }

    /// The next slice; none behind the last. A graph without tasks has one slice.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::InvalidGraph`] for a table whose rows do not follow their inputs.
    pub fn take(&mut self) -> Option<Result<Submission>> {
        let n_rows = self.last_use.len().fit::<u32>();
        if self.next == n_rows && n_rows > 0 || self.next == u32::MAX {
            return None;
        }
        let end = n_rows.min(self.next.saturating_add(self.n_rows_max));
        let slice = self.slice(self.next..end);
        // Of no rows there is one slice, too.
        self.next = if n_rows == 0 { u32::MAX } else { end };
        Some(slice)
    }

    fn slice(&self, rows: Range<u32>) -> Result<Submission> {
        let mut slice = Slice::new(self);
        slice.fill(rows.clone())?;
        let is_last = rows.end == self.last_use.len().fit::<u32>();
        let Slice { table, places, keys, inputs, .. } = slice;
        let here = |row: &u32| rows.contains(row);
        let place = |row: &u32| places[row];
        let outputs = self.table.outputs().iter().filter(|row| here(row)).map(place).collect();
        let is_held = |row: &u32| self.last_use[*row as usize] >= rows.end;
        let held = rows.clone().filter(is_held).map(|row| places[&row]).collect();
        let of_rows = |list: &[(u32, u32)]| -> Vec<(u32, u32)> {
            let begin = list.partition_point(|(row, _)| *row < rows.start);
            list[begin..]
                .iter()
                .take_while(|(row, _)| here(row))
                .map(|(row, of)| (places[row], *of))
                .collect()
        };
        let mut demand_of = of_rows(&self.terms.demand_of);
        demand_of.sort_unstable();
        let begin = self.terms.particulars.partition_point(|(row, _)| *row < rows.start);
        let particulars = self.terms.particulars[begin..].iter().take_while(|(row, _)| here(row));
        let Particular { priority, retries } = self.terms.all;
        Ok(Submission {
            name: self.name.clone(),
            table: Arc::new(table.finish(Keys::Listed(keys.into()), outputs)?),
            inputs,
            held,
            is_last,
            priority,
            retries,
            particulars: particulars.map(|(row, particular)| (places[row], *particular)).collect(),
            demands: self.terms.demands.clone(),
            demand_of,
        })
    }
}

/// A slice that is being filled.
struct Slice<'a> {
    of: &'a Slices,
    table: TableBuilder,
    /// Bodies by their numbers in the whole table.
    bodies: FxHashMap<u32, u32>,
    /// Rows by their numbers in the whole table.
    places: FxHashMap<u32, u32>,
    keys: Vec<Key>,
    inputs: Vec<Key>,
}

impl<'a> Slice<'a> {
    fn new(of: &'a Slices) -> Self {
        Self {
            of,
            table: TableBuilder::default(),
            bodies: FxHashMap::default(),
            places: FxHashMap::default(),
            keys: Vec::new(),
            inputs: Vec::new(),
        }
    }

    fn fill(&mut self, rows: Range<u32>) -> Result<()> {
        let table = &self.of.table;
        for row in rows.clone() {
            for &input in table.inputs().row(row) {
                if input < rows.start && !self.places.contains_key(&input) {
                    self.push_input(input, self.of.key(input))?;
                }
            }
        }
        let first = self.table.n_tasks().fit::<u32>();
        for row in rows.clone() {
            self.places.insert(row, first + (row - rows.start));
        }
        let mut inputs = Vec::new();
        for row in rows {
            if let Some(key) = Known::key_of(table.body(row))? {
                self.push_input(row, key)?;
                continue;
            }
            let body = self.body(row);
            inputs.clear();
            inputs.extend(table.inputs().row(row).iter().filter_map(|input| self.places.get(input)));
            match table.parameters(row) {
                raskt_core::Param::Null => self.table.push(body, &inputs)?,
                parameters => self.table.push_with(body, parameters.clone(), &inputs)?,
            };
            self.keys.push(self.of.key(row));
        }
        Ok(())
    }

    fn push_input(&mut self, row: u32, key: Key) -> Result<()> {
        let place = self.table.push_own(Body::Input(self.inputs.len().fit()), &[])?;
        self.places.insert(row, place);
        self.inputs.push(key.clone());
        self.keys.push(key);
        Ok(())
    }

    fn body(&mut self, row: u32) -> u32 {
        let index = self.of.table.body_index(row);
        let table = &mut self.table;
        let fresh = || table.body(self.of.table.body(row).clone());
        *self.bodies.entry(index).or_insert_with(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(n: u32) -> Arc<TaskTable> {
        let mut table = TableBuilder::default();
        let known = table.push_own(Body::Foreign(Arc::new(Known(Key::named("there")))), &[]).unwrap();
        let add = table.body(Body::native("add"));
        let mut last = table.push_own(Body::Gather, &[known]).unwrap();
        let first = last;
        for _ in 2..n {
            last = table.push(add, &[last, first]).unwrap();
        }
        let keys = (0..n).map(|row| match row {
            0 => Key::named("there"),
            1 => Key::block(NAMELESS, &[1]),
            row => Key::block("x", &[row]),
        });
        Arc::new(table.finish(Keys::Listed(keys.collect()), vec![last, last]).unwrap())
    }

    fn slices(table: Arc<TaskTable>, n: u32) -> Vec<Submission> {
        let terms =
            Terms { demand_of: vec![(2, 0), (7, 0)], demands: vec![Demand::default()], ..Terms::default() };
        let mut slices = Slices::new("g".into(), table, terms, n);
        std::iter::from_fn(|| slices.take()).collect::<Result<_>>().unwrap()
    }

    #[test]
    fn slices_together_are_the_graph() {
        for n in [1, 2, 3, 7, 10, 99] {
            let cut = slices(chain(10), n);
            assert_eq!(cut.len(), 10_usize.div_ceil(n as usize));
            let mut keys = Vec::new();
            for (at, slice) in cut.iter().enumerate() {
                assert_eq!(slice.is_last, at + 1 == cut.len());
                for row in 0..slice.table.n_tasks().fit::<u32>() {
                    if let Body::Input(input) = slice.table.body(row) {
                        assert_eq!(slice.inputs[*input as usize], slice.table.key(row));
                        assert!(
                            slice.table.key(row) == Key::named("there")
                                || keys.contains(&slice.table.key(row))
                        );
                        continue;
                    }
                    keys.push(slice.table.key(row));
                    let needs = slice.table.inputs().row(row).len();
                    assert_eq!(needs, if slice.table.key(row).name.as_str() == "g" { 1 } else { 2 });
                }
            }
            let expected =
                std::iter::once(Key::block("g", &[1])).chain((2..10).map(|row| Key::block("x", &[row])));
            assert_eq!(keys, expected.collect::<Vec<_>>());
            assert_eq!(cut.iter().map(|slice| slice.table.outputs().len()).sum::<usize>(), 2);
            assert_eq!(cut.iter().map(|slice| slice.demand_of.len()).sum::<usize>(), 2);
        }
    }

    #[test]
    fn what_later_slices_need_is_held_and_nothing_else() {
        let cut = slices(chain(10), 4);
        let held =
            |slice: &Submission| -> Vec<Key> { slice.held.iter().map(|&row| slice.table.key(row)).collect() };
        assert_eq!(held(&cut[0]), [Key::block("g", &[1]), Key::block("x", &[3])]);
        assert_eq!(held(&cut[1]), [Key::block("x", &[7])]);
        assert!(held(&cut[2]).is_empty());
    }

    #[test]
    fn a_graph_of_nothing_is_one_slice() {
        let table = TableBuilder::default().finish(Keys::Indexed("x".into()), Vec::new()).unwrap();
        let cut = slices(Arc::new(table), 4);
        assert_eq!((cut.len(), cut[0].is_last), (1, true));
    }
}
