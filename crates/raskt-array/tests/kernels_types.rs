//! The rules of dtypes against a table that NumPy wrote (`golden/generate.py`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

use raskt_array::types::{Casting, Operand, Ufunc, Weak, can_cast, result_type};
use raskt_core::DType;

const TABLE: &str = include_str!("golden/types.txt");

fn dtype(name: &str) -> DType {
    DType::parse(name).unwrap_or_else(|| DType::Foreign(name.into()))
}

fn operand(name: &str) -> Operand {
    match name {
        "int" => Weak::Int.into(),
        "float" => Weak::Float.into(),
        "complex" => Weak::Complex.into(),
        name => dtype(name).into(),
    }
}

#[test]
fn dtypes_follow_numpy() {
    let mut wrong = Vec::new();
    for line in TABLE.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let (what, names, expected) = (words[0], &words[1..words.len() - 1], words[words.len() - 1]);
        let operands: Vec<Operand> = names.iter().map(|name| operand(name)).collect();
        let found = match what {
            "result_type" => result_type(&operands).map(|found| found.to_string()),
            "can_cast" => {
                let (a, b) = (dtype(names[0]), dtype(names[1]));
                let rules = [Casting::No, Casting::Equiv, Casting::Safe, Casting::SameKind, Casting::Unsafe];
                let allowed = rules.into_iter().filter(|&rule| can_cast(&a, &b, rule) == Some(true));
                Some(allowed.map(Casting::name).collect::<Vec<_>>().join(","))
            }
            name => Ufunc::parse(name).unwrap().resolve(&operands).map(|found| found.output.to_string()),
        };
        let found = found.unwrap_or_else(|| "-".to_owned());
        if found != expected {
            wrong.push(format!("{line}, not {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), TABLE.lines().count(), wrong.join("\n"));
}
