//! Who needs a block is the transpose of what blocks need.

use std::collections::BTreeSet;

use proptest::prelude::*;
use raskt_graph::layer::{Layer, Origin, Place};

use crate::strategies::any_layer;

fn places(layer: &Layer) -> impl Iterator<Item = Place> {
    (0..layer.n_stages()).flat_map(|stage| {
        let n_blocks = layer.stage_grid(stage).n_blocks();
        (0..n_blocks).map(move |block| Place { stage: stage as u16, block })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn consumers_are_the_transpose_of_inputs(layer in any_layer()) {
        let mut edges = BTreeSet::new();
        let mut inputs = Vec::new();
        for place in places(&layer) {
            inputs.clear();
            layer.inputs(place, &mut inputs);
            edges.extend(inputs.iter().map(|input| (input.from, input.block, place)));
        }
        let mut origins: Vec<(Origin, u32)> =
            (0..layer.n_stages()).map(|s| (Origin::Stage(s as u16), layer.stage_grid(s).n_blocks())).collect();
        // Nobody reads the last stage, but for the rows of a table.
        if !matches!(layer, Layer::Raw(_)) {
            origins.pop();
        }
        let operands = layer.operands().map(|(_, grid)| grid.map_or(1, |grid| grid.n_blocks()));
        origins.extend((0..).zip(operands).map(|(operand, n)| (Origin::Operand(operand), n)));
        let mut found = BTreeSet::new();
        for (from, n_blocks) in origins {
            for block in 0..n_blocks {
                let mut consumers = Vec::new();
                layer.consumers(from, block, &mut consumers);
                let n = consumers.len();
                let distinct: BTreeSet<_> = consumers.into_iter().collect();
                prop_assert_eq!(distinct.len(), n, "one consumer twice");
                found.extend(distinct.into_iter().map(|place| (from, block, place)));
            }
        }
        prop_assert_eq!(found, edges);
    }

    #[test]
    fn inputs_lie_in_the_grids_that_they_are_of(layer in any_layer()) {
        let grids: Vec<_> = layer.operands().map(|(_, grid)| grid.map_or(1, |grid| grid.n_blocks())).collect();
        for place in places(&layer) {
            let mut inputs = Vec::new();
            layer.inputs(place, &mut inputs);
            for input in inputs {
                let n_blocks = match input.from {
                    Origin::Operand(operand) => grids[operand as usize],
                    Origin::Stage(stage) => {
                        prop_assert!(stage < place.stage || matches!(layer, Layer::Raw(_)));
                        layer.stage_grid(stage.into()).n_blocks()
                    }
                };
                prop_assert!(input.block < n_blocks, "{input:?} of {place:?}");
            }
        }
    }
}
