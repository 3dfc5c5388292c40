//! Rules: the same values for less work. One file a rule.

use raskt_expr::Planner;

/// Adds the rules of arrays.
pub(crate) fn add_to(_planner: &mut Planner) {}
