//! Bags of values of any type: closures of elements, and what reduces them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::Arc;

use raskt_bag::{BagError, Part};

use super::Frequencies;
use crate::{Graph, Result, Task};

/// Goes through the elements of a part.
pub(super) type Each<T> =
    Arc<dyn Fn(&Part, &mut dyn FnMut(T)) -> std::result::Result<(), BagError> + Send + Sync>;

/// Elements of parts of files, made one by one when they are asked for.
///
/// Closures run on all cores, an element at a time. The methods that return results run at once; [`Bag::fold_in`] adds
/// to a [`Graph`], to run several together, or on an [`Executor`](crate::Executor) of your own.
pub struct Bag<T> {
    parts: Arc<[Part]>,
    each: Each<T>,
}

impl<T> Clone for Bag<T> {
    fn clone(&self) -> Self {
        Self { parts: Arc::clone(&self.parts), each: Arc::clone(&self.each) }
    }
}

impl<T: 'static> Bag<T> {
    pub(super) fn new(parts: Arc<[Part]>, each: Each<T>) -> Self {
        Self { parts, each }
    }

    /// What `function` makes of every element.
    pub fn map<U: 'static>(&self, function: impl Fn(T) -> U + Send + Sync + 'static) -> Bag<U> {
        self.chain(move |element, emit| emit(function(element)))
    }

    /// The elements for which `predicate` is true.
    pub fn filter(&self, predicate: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        self.chain(move |element, emit| {
            if predicate(&element) {
                emit(element);
            }
        })
    }

    /// The items of what `function` makes of every element.
    pub fn flat_map<I: IntoIterator<Item: 'static>>(
        &self,
        function: impl Fn(T) -> I + Send + Sync + 'static,
    ) -> Bag<I::Item> {
        self.chain(move |element, emit| function(element).into_iter().for_each(emit))
    }

    fn chain<U: 'static>(&self, step: impl Fn(T, &mut dyn FnMut(U)) + Send + Sync + 'static) -> Bag<U> {
        let each = Arc::clone(&self.each);
        let parts = Arc::clone(&self.parts);
        Bag::new(parts, Arc::new(move |part, emit| each(part, &mut |element| step(element, emit))))
    }

    /// Adds to `graph` what folding gives: each part begins with `initial`, `step` takes an element in, and `merge` the
    /// result of a later part.
    pub fn fold_in<A: Clone + Send + Sync + 'static>(
        &self,
        graph: &mut Graph,
        initial: A,
        step: impl Fn(&mut A, T) + Send + Sync + 'static,
        merge: impl Fn(&mut A, A) + Send + Sync + 'static,
    ) -> Task<Arc<A>> {
        let (each, first) = (Arc::clone(&self.each), initial.clone());
        let read = graph.function("read", move |part: Arc<Part>| {
            let mut found = first.clone();
            each(&part, &mut |element| step(&mut found, element)).map(|()| Arc::new(found))
        });
        let merge = graph.function("merge", move |left: Arc<A>, right: Arc<A>| {
            let mut found = Arc::unwrap_or_clone(left);
            merge(&mut found, Arc::unwrap_or_clone(right));
            Arc::new(found)
        });
        let mut tasks: Vec<Task<Arc<A>>> = Vec::new();
        for part in self.parts.iter() {
            let part = graph.value(Arc::new(part.clone()));
            tasks.push(graph.call(&read, part));
        }
        while tasks.len() > 1 {
            tasks = tasks
                .chunks(2)
                .map(|pair| match *pair {
                    [left, right] => graph.call(&merge, (left, right)),
                    _ => pair[0],
                })
                .collect();
        }
        tasks.pop().unwrap_or_else(|| graph.value(Arc::new(initial)))
    }

    /// What folding gives; see [`Bag::fold_in`].
    ///
    /// # Errors
    /// Where a file or a line cannot be read: [`cause`](crate::cause) gives the [`BagError`].
    pub fn fold<A: Clone + Send + Sync + 'static>(
        &self,
        initial: A,
        step: impl Fn(&mut A, T) + Send + Sync + 'static,
        merge: impl Fn(&mut A, A) + Send + Sync + 'static,
    ) -> Result<A> {
        let mut graph = Graph::new();
        let found = self.fold_in(&mut graph, initial, step, merge);
        graph.compute(found).map(Arc::unwrap_or_clone)
    }

    /// The number of elements.
    ///
    /// # Errors
    /// As in [`Bag::fold`].
    pub fn count(&self) -> Result<u64> {
        self.fold(0, |n, _| *n += 1, |n, more| *n += more)
    }
}

impl<T: Clone + Send + Sync + 'static> Bag<T> {
    /// All elements, in order.
    ///
    /// # Errors
    /// As in [`Bag::fold`].
    pub fn collect(&self) -> Result<Vec<T>> {
        self.fold(Vec::new(), Vec::push, Vec::extend)
    }

    /// The `k` greatest elements, the greatest first.
    ///
    /// # Errors
    /// As in [`Bag::fold`].
    pub fn topk(&self, k: usize) -> Result<Vec<T>>
    where
        T: Ord,
    {
        let keep = move |kept: &mut Vec<T>| {
            kept.sort_by(|left, right| right.cmp(left));
            kept.truncate(k);
        };
        let step = move |kept: &mut Vec<T>, element| {
            kept.push(element);
            if kept.len() > 2 * k + 64 {
                keep(kept);
            }
        };
        let mut found = self.fold(Vec::new(), step, move |kept, more| {
            kept.extend(more);
            keep(kept);
        })?;
        keep(&mut found);
        Ok(found)
    }

    /// How often each element occurs.
    ///
    /// # Errors
    /// As in [`Bag::fold`].
    pub fn frequencies(&self) -> Result<Frequencies<T>>
    where
        T: Eq + Hash,
    {
        let found = self.fold(
            Tally::default(),
            |tally, element| tally.add(element, 1),
            |tally, more| more.pairs.into_iter().for_each(|(element, n)| tally.add(element, n)),
        )?;
        Ok(Frequencies::new(found.pairs))
    }
}

/// Counts in the order in which elements were first met.
#[derive(Clone)]
struct Tally<T> {
    pairs: Vec<(T, u64)>,
    places: HashMap<T, usize>,
}

impl<T> Default for Tally<T> {
    fn default() -> Self {
        Self { pairs: Vec::new(), places: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Tally<T> {
    fn add(&mut self, element: T, n: u64) {
        match self.places.entry(element) {
            Entry::Occupied(place) => self.pairs[*place.get()].1 += n,
            Entry::Vacant(place) => {
                self.pairs.push((place.key().clone(), n));
                place.insert(self.pairs.len() - 1);
            }
        }
    }
}
