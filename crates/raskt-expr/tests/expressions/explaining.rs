//! The text form of planning.

use expect_test::expect;

use crate::sums::{add, full, neg, planner, sum};

/// Tokens as the numbers of their first appearance.
fn without_tokens(text: &str) -> String {
    let mut tokens: Vec<&str> = Vec::new();
    let mut out = String::new();
    let mut rest = text;
    let is_hex = |c: char| c.is_ascii_hexdigit();
    while let Some(at) = rest.find(is_hex) {
        let run = rest[at..].find(|c| !is_hex(c)).unwrap_or(rest.len() - at);
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (word, after) = from.split_at(run);
        if run == 32 {
            let number = tokens.iter().position(|token| *token == word).unwrap_or_else(|| {
                tokens.push(word);
                tokens.len() - 1
            });
            out.push_str(&format!("<{number}>"));
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out + rest
}

#[test]
fn planning_is_told_step_by_step() {
    let (x, y) = (full(1.0, 1000, 100), full(2.0, 1000, 100));
    let roots = [sum(&add(&neg(&neg(&x)), &y)), neg(&x)];
    let text = planner().explain(&roots).unwrap();
    expect![[r#"
        expressions
          %0 = full {chunk: 100, fill: 1.0, length: 1000}
          %1 = neg(%0)
          %2 = neg(%1)
          %3 = full {chunk: 100, fill: 2.0, length: 1000}
          %4 = add(%2, %3)
          %5 = sum(%4)
        simplified by
          1 × double-negation
          1 × split-sums
        simplified
          %0 = full {chunk: 100, fill: 1.0, length: 1000}
          %1 = neg(%0)
          %2 = sum(%0)
          %3 = full {chunk: 100, fill: 2.0, length: 1000}
          %4 = sum(%3)
          %5 = add(%2, %4)
        layers
          name                                   kind         blocks  tasks     size  needs
          full-<0>  source       10         10  7.8 KiB
          neg-<1>   blockwise    10         10  7.8 KiB  full-<0>
          sum-<2>   tree-reduce  1          14      8 B  full-<0>
          full-<3>  source       10         10  7.8 KiB
          sum-<4>   tree-reduce  1          14      8 B  full-<3>
          add-<5>   blockwise    1           1      8 B  sum-<2>, sum-<4>
        expanded: 59 tasks, 58 inputs, 11 requested
          28 sums.sum
          20 sums.full
          10 sums.neg
           1 sums.add
    "#]]
    .assert_eq(&without_tokens(&text));
}

#[test]
fn where_no_rule_fires_nothing_is_said_of_rules() {
    let text = planner().explain(&[full(1.0, 10, 5)]).unwrap();
    expect![[r#"
        expressions
          %0 = full {chunk: 5, fill: 1.0, length: 10}
        layers
          name                                   kind    blocks  tasks  size  needs
          full-<0>  source  2           2  80 B
        expanded: 2 tasks, 0 inputs, 2 requested
          2 sums.full
    "#]]
    .assert_eq(&without_tokens(&text));
}
