//! What an order promises: all tasks, inputs first, and little memory.

// Helpers of tests may unwrap like tests.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use raskt_graph::adjacency::{Adjacency, AdjacencyBuilder};
use raskt_graph::order::{order, order_in_parts, order_once, ranks};
use raskt_graph::peak::live_peak;
use raskt_graph::shapes::{self, Shape, SplitMix};

/// The order of a graph whose sinks are kept, and its peak.
fn order_keeping_sinks(inputs: &Adjacency) -> (Vec<u32>, u64) {
    let consumers = inputs.transpose_distinct();
    let keep = shapes::sinks(&consumers);
    let sequence = order(inputs, &consumers, &keep, None);
    assert_is_order(inputs, &sequence);
    let peak = live_peak(inputs, &keep, &sequence, None);
    (sequence, peak)
}

fn peak(shape: Shape) -> u64 {
    order_keeping_sinks(&shape.unwrap()).1
}

fn assert_is_order(inputs: &Adjacency, sequence: &[u32]) {
    assert_eq!(sequence.len(), inputs.n_rows());
    let mut has_run = vec![false; inputs.n_rows()];
    for &task in sequence {
        assert!(inputs.row(task).iter().all(|&input| has_run[input as usize]), "task {task} lacks an input");
        assert!(!std::mem::replace(&mut has_run[task as usize], true), "task {task} runs twice");
    }
}

fn rows(rows: &[&[u32]]) -> Adjacency {
    let mut builder = AdjacencyBuilder::with_capacity(rows.len(), 0);
    for row in rows {
        builder.push_row(row.iter().copied()).unwrap();
    }
    builder.finish().unwrap()
}

fn any_dag() -> impl Strategy<Value = Adjacency> {
    let shape = (1_u32..200, 0_u32..25, 1_u32..200, any::<u64>());
    let dag =
        shape.prop_map(|(n, max_inputs, window, seed)| shapes::random_window(n, max_inputs, window, seed));
    (dag, any::<bool>(), any::<u64>()).prop_map(|(dag, in_disorder, seed)| {
        let dag = dag.unwrap();
        if in_disorder { shapes::shuffled(&dag, seed).unwrap() } else { dag }
    })
}

proptest! {
    #[test]
    fn order_of_any_graph_runs_every_task_once_after_its_inputs(dag in any_dag(), seed in any::<u64>()) {
        let consumers = dag.transpose_distinct();
        let mut random = SplitMix::new(seed);
        let keep: Vec<u32> = (0..dag.n_rows() as u32).filter(|_| random.below(4) == 0).collect();
        let weights: Vec<u64> = (0..dag.n_rows()).map(|_| random.next_u64() >> random.below(64)).collect();
        // Sums of sizes stay below 2⁶⁴.
        let weights: Vec<u64> = weights.iter().map(|weight| weight >> 8).collect();
        assert_is_order(&dag, &order(&dag, &consumers, &keep, None));
        assert_is_order(&dag, &order(&dag, &consumers, &keep, Some(&weights)));
        assert_is_order(&dag, &order_once(&dag, &consumers, &keep));
    }

    #[test]
    fn order_of_a_graph_is_always_the_same(dag in any_dag()) {
        prop_assert_eq!(order_keeping_sinks(&dag), order_keeping_sinks(&dag));
    }

    #[test]
    fn peak_lies_between_the_widest_task_and_the_whole_graph(dag in any_dag()) {
        let (_, peak) = order_keeping_sinks(&dag);
        let distinct = dag.transpose_distinct().transpose();
        let widest = distinct.rows().map(<[u32]>::len).max().unwrap() as u64 + 1;
        prop_assert!((widest..=dag.n_rows() as u64).contains(&peak));
    }
}

#[test]
fn binary_tree_of_2_to_the_k_leaves_takes_k_and_two_values() {
    for k in 1_u32..15 {
        let tree = shapes::binary_tree(1 << k).unwrap();
        assert_eq!(order_keeping_sinks(&tree).1, u64::from(k) + 2, "k = {k}");
        assert_eq!(order_keeping_sinks(&shapes::shuffled(&tree, 3).unwrap()).1, u64::from(k) + 2, "k = {k}");
    }
}

#[test]
fn chains_are_run_one_after_the_other() {
    assert_eq!(peak(shapes::chains(100, 10)), 101);
    let inputs = shapes::shuffled(&shapes::chains(100, 10).unwrap(), 5).unwrap();
    let sequence = order(&inputs, &inputs.transpose_distinct(), &[], None);
    assert_eq!(live_peak(&inputs, &[], &sequence, None), 2);
}

#[test]
fn unbalanced_tree_fetches_its_neediest_input_first() {
    // A caterpillar whose long end is named last at every joint.
    let mut builder = AdjacencyBuilder::with_capacity(0, 0);
    let mut spine = builder.push_row([]).unwrap();
    for _ in 0..1_000 {
        let leg = builder.push_row([]).unwrap();
        spine = builder.push_row([leg, spine]).unwrap();
    }
    assert_eq!(order_keeping_sinks(&builder.finish().unwrap()).1, 3);
}

#[test]
fn diamond_takes_its_width_and_one() {
    assert_eq!(peak(shapes::diamond(20, 50, 3)), 51);
}

#[test]
fn map_reduce_holds_sources_until_they_are_split() {
    // All sources, the pieces of the first reduction, and the results so far.
    assert_eq!(peak(shapes::map_reduce(100, 10)), 2 * 100 + 10 - 1);
    assert_eq!(peak(shapes::map_reduce(10, 100)), 2 * 10 + 100 - 1);
}

#[test]
fn standardisation_holds_the_blocks_and_little_else() {
    assert!(peak(shapes::standardise(1_000, 4)) <= 1_000 + 20);
}

#[test]
fn transpose_is_added_in_pairs_of_blocks() {
    // 3,600 blocks; only sums of blocks whose group is not complete are live.
    assert!(peak(shapes::transpose_add(60, 4)) <= 500);
}

#[test]
fn stencil_is_walked_along_even_if_its_blocks_are_in_disorder() {
    let stencil = shapes::overlap_stored(1_000, 2, 1).unwrap();
    let inputs = shapes::shuffled(&stencil, 11).unwrap();
    let sequence = order(&inputs, &inputs.transpose_distinct(), &[], None);
    assert_is_order(&inputs, &sequence);
    // Five blocks in reach, and one or two results on their way to the disk.
    assert!(live_peak(&inputs, &[], &sequence, None) <= 12);
}

#[test]
fn stencil_of_many_rounds_holds_one_row_of_blocks() {
    assert!(peak(shapes::overlap(50, 1, 100)) <= 60);
}

#[test]
fn large_graphs_keep_the_promise() {
    // Too large for a contest, in the order of numbers and not.
    let stages = shapes::stages(60, 2_000, 4, 1).unwrap();
    let n_kept = shapes::sinks(&stages.transpose_distinct()).len() as u64;
    assert!(order_keeping_sinks(&stages).1 <= n_kept + 2 * 2_000);
    let stencil = shapes::overlap(5_000, 2, 12).unwrap();
    assert!(order_keeping_sinks(&stencil).1 <= 150);
    let disorder = shapes::shuffled(&shapes::transpose_add(300, 4).unwrap(), 1).unwrap();
    assert!(order_keeping_sinks(&disorder).1 <= 3_000);
}

#[test]
fn inputs_that_are_named_twice_are_released_once() {
    // x * x, x + x + y, both summed.
    let inputs = rows(&[&[], &[], &[0, 0], &[0, 0, 1], &[2, 3, 2, 3]]);
    assert_eq!(order_keeping_sinks(&inputs).1, 3);
    let many = (0..40).chain(0..40).chain([3, 3, 3]);
    let mut builder = AdjacencyBuilder::with_capacity(0, 0);
    (0..40).for_each(|_| {
        builder.push_row([]).unwrap();
    });
    builder.push_row(many).unwrap();
    builder.push_row([40, 0]).unwrap();
    assert_eq!(order_keeping_sinks(&builder.finish().unwrap()).1, 41);
}

#[test]
fn sizes_decide_when_they_are_known() {
    // A big source that shrinks to a small value, twice; and a sum. Sizes tell that one big one at a time will do.
    let inputs = rows(&[&[], &[], &[0], &[1], &[2, 3]]);
    let weights = [1_000, 1_000, 1, 1, 1];
    let sequence = order(&inputs, &inputs.transpose_distinct(), &[4], Some(&weights));
    assert_eq!(live_peak(&inputs, &[4], &sequence, Some(&weights)), 1_002);
    // Liu's example in small: first the branch that needs much and leaves little.
    let inputs = rows(&[&[], &[], &[1], &[0, 2]]);
    let weights = [60, 100, 1, 1];
    let sequence = order(&inputs, &inputs.transpose_distinct(), &[3], Some(&weights));
    assert_eq!(live_peak(&inputs, &[3], &sequence, Some(&weights)), 101);
}

#[test]
fn tasks_on_a_cycle_and_behind_it_are_left_out() {
    // 1 and 2 need each other, 3 needs 2; 0 and 4 are sound.
    let inputs = rows(&[&[], &[0, 2], &[1], &[2, 0], &[0]]);
    let mut sequence = order(&inputs, &inputs.transpose_distinct(), &[3], None);
    sequence.sort_unstable();
    assert_eq!(sequence, [0, 4]);
    let mut sequence = order_once(&inputs, &inputs.transpose_distinct(), &[3]);
    sequence.sort_unstable();
    assert_eq!(sequence, [0, 4]);
    let ring = rows(&[&[2], &[0], &[1]]);
    assert_eq!(order(&ring, &ring.transpose_distinct(), &[], None), []);
}

#[test]
fn long_chain_needs_no_recursion() {
    let mut builder = AdjacencyBuilder::with_capacity(0, 0);
    let n_tasks = 300_000;
    // The first task is the end of the chain.
    for task in 0..n_tasks {
        builder.push_row((task + 1 < n_tasks).then_some(task + 1)).unwrap();
    }
    assert_eq!(order_keeping_sinks(&builder.finish().unwrap()).1, 2);
}

#[test]
fn empty_and_independent_graphs_keep_their_numbers() {
    assert_eq!(order_keeping_sinks(&rows(&[])), (vec![], 0));
    assert_eq!(order_keeping_sinks(&shapes::independent(5).unwrap()), (vec![0, 1, 2, 3, 4], 5));
}

#[test]
fn ranks_invert_a_sequence() {
    let (sequence, _) = order_keeping_sinks(&shapes::binary_tree(64).unwrap());
    let ranks = ranks(&sequence);
    assert!((0..).zip(&sequence).all(|(rank, &task)| ranks[task as usize] == rank));
}

#[test]
fn order_of_a_large_numbered_graph_comes_in_parts_and_can_be_stopped() {
    let inputs = shapes::random(720_000, 4, 1).unwrap();
    let consumers = inputs.transpose_distinct();
    let (mut parts, mut sequence) = (Vec::new(), Vec::new());
    order_in_parts(&inputs, &consumers, &[], None, |part| {
        parts.push(part.len());
        sequence.extend_from_slice(part);
        true
    });
    assert_is_order(&inputs, &sequence);
    assert!(parts.len() > 20, "{parts:?}");
    let mut n_shown = 0;
    order_in_parts(&inputs, &consumers, &[], None, |part| {
        assert_eq!(part, &sequence[..part.len()]);
        n_shown += 1;
        false
    });
    assert_eq!(n_shown, 1);
}
