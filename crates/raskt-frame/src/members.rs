//! Which rows each group has.

use raskt_core::Fit;

/// What stands for a row, or for a group, that is not there.
pub(crate) const NONE: u32 = u32::MAX;

/// The rows of each group, one group after another.
pub(crate) struct Members {
    /// Where the rows of each group begin in `rows`; one more than there are groups.
    begins: Vec<u32>,
    rows: Vec<u32>,
}

impl Members {
    /// The rows of the groups in `ids`, one for each row; rows of [`NONE`] are of no group.
    pub(crate) fn of(ids: &[u32], n_groups: usize) -> Self {
        let is_there = |id: &&u32| **id != NONE;
        let mut begins = vec![0_u32; n_groups + 1];
        ids.iter().filter(is_there).for_each(|id| begins[*id as usize + 1] += 1);
        for at in 0..n_groups {
            begins[at + 1] += begins[at];
        }
        let mut next = begins.clone();
        let mut rows = vec![0; begins[n_groups] as usize];
        for (row, id) in ids.iter().enumerate().filter(|(_, id)| is_there(id)) {
            let place = &mut next[*id as usize];
            rows[*place as usize] = row.fit::<u32>();
            *place += 1;
        }
        Self { begins, rows }
    }

    /// The rows of one group; no rows of [`NONE`].
    pub(crate) fn of_group(&self, id: u32) -> &[u32] {
        if id == NONE {
            return &[];
        }
        let id = id as usize;
        &self.rows[self.begins[id] as usize..self.begins[id + 1] as usize]
    }
}
