//! Chains that become one program.

use proptest::prelude::*;
use raskt_core::encode::{Limits, decode_canonical, encode_canonical};
use raskt_core::{DType, Param};
use raskt_expr::{Expr, Way};
use raskt_frame::fragments::FRAGMENTS;
use raskt_frame::groupby::{Aggregate, Function, GroupBy, Options};
use raskt_frame::{Key, PandasType};

use crate::session::{Folder, Session, held, rows};

/// What is left after the pass.
fn fragments(text: &str) -> &str {
    let behind = text.split("in fragments").nth(1);
    behind.unwrap_or_else(|| panic!("{text}")).split("layers").next().unwrap()
}

fn by_text(session: &Session, of: &Expr) -> Expr {
    let aggregate = |column: &str, of: PandasType, function| Aggregate {
        column: column.into(),
        of,
        function,
        options: Options::default(),
        label: format!("{column}_{}", Function::name(function)).as_str().into(),
    };
    let by = GroupBy {
        keys: [Key::Column("t".into())].into(),
        aggregates: [
            aggregate("n", PandasType::Plain(DType::Int64), Function::Sum),
            aggregate("x", PandasType::Plain(DType::Float64), Function::Mean),
        ]
        .into(),
        dropna: true,
        sort: true,
    };
    session.make("groupby", &[of], by.to_param())
}

#[test]
fn a_file_is_read_filtered_and_summed_by_one_task_a_partition() {
    let (session, folder) = (Session::new(), Folder::new("sum"));
    let df = folder.parquet(&[rows(0, 25), rows(25, 40), rows(40, 44)]);
    let total = session.reduce("sum", &session.column(&session.above(&df, "n", 3.0), "x"));
    let text = session.check(&[total]);
    assert!(fragments(&text).contains("label: \"read_parquet-gt-filter-sum\""), "{text}");
    assert!(text.contains("expanded: 4 tasks"), "{text}");
}

#[test]
fn a_group_by_begins_in_the_fragment_below_it() {
    let (session, folder) = (Session::new(), Folder::new("groups"));
    let df = folder.parquet(&[rows(0, 25), rows(25, 40)]);
    let text = session.check(&[by_text(&session, &session.above(&df, "n", 3.0))]);
    assert!(text.contains("expanded: 3 tasks") && text.contains("2 frame.fragment"), "{text}");
}

#[test]
fn what_two_fragments_need_is_a_task_of_its_own() {
    let (session, folder) = (Session::new(), Folder::new("shared"));
    let chosen = session.above(&folder.parquet(&[rows(0, 25)]), "n", 3.0);
    let roots = ["x", "n"].map(|name| session.reduce("sum", &session.column(&chosen, name)));
    let text = session.check(&roots);
    assert_eq!(fragments(&text).matches("= fragment").count(), 3, "{text}");
    assert_eq!(fragments(&text).matches("\"frame.filter\"").count(), 1, "{text}");
}

#[test]
fn what_is_needed_twice_in_one_fragment_is_computed_once() {
    let session = Session::new();
    let df = held(&[rows(0, 9), rows(9, 10)]);
    let twice = session.method("mul", &session.column(&df, "n"), Param::Int(2));
    let text = session.check(&[session.with("add", &twice, &session.with("mul", &twice, &twice))]);
    assert_eq!(fragments(&text).matches("args: [2]").count(), 1, "{text}");
    assert_eq!(fragments(&text).matches("= fragment").count(), 1, "{text}");
}

#[test]
fn a_number_of_all_partitions_is_computed_once_for_all_of_them() {
    let (session, folder) = (Session::new(), Folder::new("scalar"));
    let x = session.column(&folder.parquet(&[rows(0, 25), rows(25, 40)]), "x");
    let double = session.method("mul", &session.reduce("mean", &x), Param::Int(2));
    let text = session.check(&[session.reduce("sum", &session.with("sub", &x, &double))]);
    let mul = fragments(&text).lines().find(|line| line.contains("\"mul\"")).unwrap();
    assert!(!mul.contains("\"sub\""), "{text}");
}

#[test]
fn functions_of_pandas_are_no_part_of_a_fragment() {
    let mut session = Session::new();
    let df = held(&[rows(0, 9)]);
    let mask = session.method("gt", &session.column(&df, "n"), Param::Int(2));
    let chosen = session.make("filter", &[&df, &mask], Param::map([]));
    session.0.way = Way::Library;
    let text = session.explain(&[session.column(&chosen, "x")]);
    assert!(!text.contains("in fragments"), "{text}");
}

#[test]
fn programs_travel_in_the_canonical_encoding() {
    let session = Session::new();
    let df = held(&[rows(0, 9)]);
    let root = session.column(&session.above(&df, "n", 3.0), "x");
    let without = session.0.without(&[FRAGMENTS]);
    assert!(!without.explain(std::slice::from_ref(&root)).unwrap().contains("in fragments"));
    let plan = session.0.plan(&[root]).unwrap();
    let graph = plan.into_graph();
    let bodies = graph.expand().unwrap();
    let program = (0..bodies.n_tasks() as u32).find_map(|row| match bodies.body(row) {
        raskt_graph::Body::Native { name, parameters } if name.as_str() == "frame.fragment" => {
            Some(parameters)
        }
        _ => None,
    });
    let program = program.unwrap();
    let back: Param = decode_canonical(&encode_canonical(program).unwrap(), &Limits::default()).unwrap();
    assert_eq!(back, *program);
}

/// One more step behind the last of some expressions.
fn grown(session: &Session, frames: &mut Vec<Expr>, kind: u8, at: usize, number: i64) {
    let df = frames[at % frames.len()].clone();
    let next = match kind % 5 {
        0 => session.above(&df, "n", number as f64),
        1 => session.assign(&df, "x", &session.method("mul", &session.column(&df, "x"), Param::Int(number))),
        2 => {
            let sum = session.with("add", &session.column(&df, "n"), &session.column(&df, "n"));
            session.assign(&df, "n", &sum)
        }
        3 => session.columns(&df, &["t", "x", "n"]),
        _ => session.assign(&df, &format!("y{number}"), &session.column(&df, "x")),
    };
    frames.push(next);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn values_do_not_depend_on_the_optimizer(
        parts in prop::collection::vec(0_i64..30, 1..4),
        steps in prop::collection::vec((any::<u8>(), any::<usize>(), -9_i64..30), 0..9),
        wanted in prop::collection::vec((0_u8..4, any::<usize>()), 1..4),
        is_file in any::<bool>(),
    ) {
        let (session, folder) = (Session::new(), Folder::new("property"));
        let mut from = 0;
        let partitions: Vec<_> = parts.iter().map(|n| { from += n; rows(from - n, from) }).collect();
        let is_file = is_file && partitions.iter().all(|rows| !rows.is_empty());
        let mut frames = vec![if is_file { folder.parquet(&partitions) } else { held(&partitions) }];
        for (kind, at, number) in steps {
            grown(&session, &mut frames, kind, at, number);
        }
        let root = |&(kind, at): &(u8, usize)| {
            let df = &frames[at % frames.len()];
            match kind {
                0 => df.clone(),
                1 => session.reduce("sum", &session.column(df, "x")),
                2 => session.reduce("size", df),
                _ => by_text(&session, df),
            }
        };
        session.check(&wanted.iter().map(root).collect::<Vec<_>>());
    }
}
