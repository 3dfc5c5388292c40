//! What the configuration says of crates that it does not know.

use std::sync::Arc;

use raskt_array::COLLECTION;
use raskt_config::{Kind, schema};
use raskt_expr::NoLibrary;

#[test]
fn the_rules_that_can_be_left_out_are_those_that_there_are() {
    let planner = raskt_array::planner(Arc::new(NoLibrary)).unwrap();
    let entry = schema().entry("array.optimizer.disabled").unwrap();
    let Kind::Words { words } = &entry.kind else { panic!("{:?}", entry.kind) };
    assert_eq!(*words, planner.steps(COLLECTION));
}
