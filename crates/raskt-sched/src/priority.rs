//! What goes first.

use std::cmp::Reverse;

/// What goes first: the smaller one. Users' priorities count most, then the order in which graphs were submitted, then the
/// order within a graph, which releases memory early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Priority {
    /// The user's: a higher one goes first.
    pub user: Reverse<i32>,
    /// Which graph, by when it came.
    pub submission: u32,
    /// Which task of the graph.
    pub order: u32,
}

impl Priority {
    /// The priority of the task `order` of the graph `submission`.
    ///
    /// ```
    /// use raskt_sched::Priority;
    /// assert!(Priority::new(1, 7, 7) < Priority::new(0, 0, 0));
    /// assert!(Priority::new(0, 0, 7) < Priority::new(0, 1, 0));
    /// ```
    #[must_use]
    pub fn new(user: i32, submission: u32, order: u32) -> Self {
        Self { user: Reverse(user), submission, order }
    }
}
