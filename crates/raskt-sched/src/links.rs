//! Which things of one kind go with which things of another, listed from both sides.
//!
//! A task's inputs and an input's consumers, a value's holders and what a worker holds, a client's wishes and who wishes for
//! a task: each is a relation that is read from both sides, in an order that does not depend on hashing, and from which pairs
//! are taken at any time. A link is one record in two circular, doubly linked lists: taking one costs the same in a list of a
//! hundred thousand.

use std::marker::PhantomData;

use raskt_core::{DenseId, Fit};

const NONE: u32 = u32::MAX;

/// Which link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkId(u32);

#[derive(Clone, Copy, Debug)]
struct Link {
    left: u32,
    right: u32,
    /// In the list of `left`.
    next_of_left: u32,
    previous_of_left: u32,
    /// In the list of `right`.
    next_of_right: u32,
    previous_of_right: u32,
    tag: u32,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    first: u32,
    n: u32,
}

impl Head {
    const EMPTY: Self = Self { first: NONE, n: 0 };
}

/// Links between things `L` and things `R`, each with a number of its own (`tag`).
#[derive(Debug)]
pub(crate) struct Links<L, R> {
    records: Vec<Link>,
    free: Vec<u32>,
    lefts: Vec<Head>,
    rights: Vec<Head>,
    kinds: PhantomData<fn(L, R)>,
}

impl<L: DenseId, R: DenseId> Links<L, R> {
    pub fn new() -> Self {
        Self {
            records: Vec::new(),
            free: Vec::new(),
            lefts: Vec::new(),
            rights: Vec::new(),
            kinds: PhantomData,
        }
    }

    /// Adds a link behind the others of both.
    pub fn insert(&mut self, left: L, right: R, tag: u32) -> LinkId {
        let id = self.free.pop().unwrap_or_else(|| self.records.len().fit::<u32>());
        let (before_left, after_left) =
            ends(&mut self.lefts, left.index(), id, |at| self.records[at as usize].previous_of_left);
        let (before_right, after_right) =
            ends(&mut self.rights, right.index(), id, |at| self.records[at as usize].previous_of_right);
        let link = Link {
            left: left.index().fit(),
            right: right.index().fit(),
            next_of_left: after_left,
            previous_of_left: before_left,
            next_of_right: after_right,
            previous_of_right: before_right,
            tag,
        };
        match (id as usize) < self.records.len() {
            true => self.records[id as usize] = link,
            false => self.records.push(link),
        }
        self.records[before_left as usize].next_of_left = id;
        self.records[after_left as usize].previous_of_left = id;
        self.records[before_right as usize].next_of_right = id;
        self.records[after_right as usize].previous_of_right = id;
        LinkId(id)
    }

    /// Takes a link out.
    pub fn remove(&mut self, id: LinkId) {
        let link = self.records[id.0 as usize];
        self.records[link.previous_of_left as usize].next_of_left = link.next_of_left;
        self.records[link.next_of_left as usize].previous_of_left = link.previous_of_left;
        self.records[link.previous_of_right as usize].next_of_right = link.next_of_right;
        self.records[link.next_of_right as usize].previous_of_right = link.previous_of_right;
        shorten(&mut self.lefts[link.left as usize], id.0, link.next_of_left);
        shorten(&mut self.rights[link.right as usize], id.0, link.next_of_right);
        self.free.push(id.0);
    }

    /// The link of the two, if there is one; it is looked for in the list of `right`.
    pub fn find(&self, left: L, right: R) -> Option<LinkId> {
        self.of_right(right).find(|&(_, other)| other == left).map(|(id, _)| id)
    }

    /// What goes with `left`, the oldest link first.
    pub fn of_left(&self, left: L) -> impl Iterator<Item = (LinkId, R)> + '_ {
        let head = self.lefts.get(left.index()).copied().unwrap_or(Head::EMPTY);
        let mut at = head.first;
        (0..head.n).filter_map(move |_| {
            let link = &self.records[at as usize];
            let id = LinkId(at);
            at = link.next_of_left;
            R::from_index(link.right as usize).map(|right| (id, right))
        })
    }

    /// What goes with `right`, the oldest link first.
    pub fn of_right(&self, right: R) -> impl Iterator<Item = (LinkId, L)> + '_ {
        let head = self.rights.get(right.index()).copied().unwrap_or(Head::EMPTY);
        let mut at = head.first;
        (0..head.n).filter_map(move |_| {
            let link = &self.records[at as usize];
            let id = LinkId(at);
            at = link.next_of_right;
            L::from_index(link.left as usize).map(|left| (id, left))
        })
    }

    /// Takes the oldest link of `left` out: what it was with.
    pub fn pop_of_left(&mut self, left: L) -> Option<R> {
        let (link, right) = self.of_left(left).next()?;
        self.remove(link);
        Some(right)
    }

    /// Takes the oldest link of `right` out: what it was with.
    pub fn pop_of_right(&mut self, right: R) -> Option<L> {
        let (link, left) = self.of_right(right).next()?;
        self.remove(link);
        Some(left)
    }

    /// Takes a link out, which is looked for in the list of `left`; whether it was there.
    pub fn cut(&mut self, left: L, right: R) -> bool {
        let link = self.of_left(left).find(|&(_, other)| other == right).map(|(link, _)| link);
        link.is_some_and(|link| {
            self.remove(link);
            true
        })
    }

    /// How many go with `left`.
    pub fn n_of_left(&self, left: L) -> usize {
        self.lefts.get(left.index()).map_or(0, |head| head.n as usize)
    }

    /// How many go with `right`.
    pub fn n_of_right(&self, right: R) -> usize {
        self.rights.get(right.index()).map_or(0, |head| head.n as usize)
    }

    pub fn tag(&self, id: LinkId) -> u32 {
        self.records[id.0 as usize].tag
    }

    pub fn set_tag(&mut self, id: LinkId, tag: u32) {
        self.records[id.0 as usize].tag = tag;
    }

    /// All links there are.
    pub fn len(&self) -> usize {
        self.records.len() - self.free.len()
    }

    /// How much memory the links are held in, in bytes.
    pub fn n_bytes(&self) -> usize {
        let n_heads = self.lefts.capacity() + self.rights.capacity();
        self.records.capacity() * size_of::<Link>()
            + n_heads * size_of::<Head>()
            + self.free.capacity() * size_of::<u32>()
    }

    /// Checks that both sides list the same links, each once.
    ///
    /// # Panics
    /// Where they do not.
    pub fn sanity_check(&self) {
        let mut seen = vec![false; self.records.len()];
        for (left, head) in self.lefts.iter().enumerate() {
            let Some(left) = L::from_index(left) else { continue };
            for (id, right) in self.of_left(left) {
                assert!(!std::mem::replace(&mut seen[id.0 as usize], true), "a link is listed twice");
                let link = &self.records[id.0 as usize];
                assert_eq!((link.left as usize, link.right as usize), (left.index(), right.index()));
                assert_eq!(self.records[link.next_of_left as usize].previous_of_left, id.0);
                assert_eq!(self.records[link.next_of_right as usize].previous_of_right, id.0);
            }
            assert!(head.n > 0 || head.first == NONE, "an empty list begins somewhere");
        }
        let n = seen.iter().filter(|&&is_seen| is_seen).count();
        assert_eq!(n, self.len(), "links that the left side lists");
        let n_rights: usize = self.rights.iter().map(|head| head.n as usize).sum();
        assert_eq!(n_rights, n, "links that the right side lists");
    }
}

/// Makes room for one more at the end of a list: who comes before and after it.
fn ends(heads: &mut Vec<Head>, at: usize, id: u32, previous: impl Fn(u32) -> u32) -> (u32, u32) {
    if heads.len() <= at {
        heads.resize(at + 1, Head::EMPTY);
    }
    let head = &mut heads[at];
    head.n += 1;
    match head.first {
        NONE => {
            head.first = id;
            (id, id)
        }
        first => (previous(first), first),
    }
}

fn shorten(head: &mut Head, removed: u32, next: u32) {
    head.n -= 1;
    if head.n == 0 {
        head.first = NONE;
    } else if head.first == removed {
        head.first = next;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::{ClientId, TaskId};

    proptest! {
        #[test]
        fn links_are_a_list_of_pairs_in_the_order_of_insertion(
            steps in prop::collection::vec((any::<bool>(), 0..5u32, 0..5u32), 0..80)
        ) {
            let mut links: Links<ClientId, TaskId> = Links::new();
            let mut pairs: Vec<(u32, u32, LinkId)> = Vec::new();
            for (inserts, left, right) in steps {
                if inserts || pairs.is_empty() {
                    let id = links.insert(ClientId(left), TaskId(right), left * 10 + right);
                    pairs.push((left, right, id));
                } else {
                    let (_, _, id) = pairs.remove((left * 5 + right) as usize % pairs.len());
                    links.remove(id);
                }
                links.sanity_check();
                prop_assert_eq!(links.len(), pairs.len());
                for at in 0..5 {
                    let of_left: Vec<u32> = links.of_left(ClientId(at)).map(|(_, task)| task.0).collect();
                    let expected: Vec<u32> = pairs.iter().filter(|p| p.0 == at).map(|p| p.1).collect();
                    prop_assert_eq!(of_left, expected);
                    let of_right: Vec<u32> = links.of_right(TaskId(at)).map(|(_, client)| client.0).collect();
                    let expected: Vec<u32> = pairs.iter().filter(|p| p.1 == at).map(|p| p.0).collect();
                    prop_assert_eq!(of_right.len(), links.n_of_right(TaskId(at)));
                    prop_assert_eq!(of_right, expected);
                }
                prop_assert!(pairs.iter().all(|&(left, right, id)| links.tag(id) == left * 10 + right));
            }
        }
    }
}
