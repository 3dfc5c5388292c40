//! Rows that every user filters out.

use raskt_core::Param;
use raskt_expr::Expr;
use raskt_frame::arguments::Argument;
use raskt_frame::rules::PREDICATES;

use crate::session::{Folder, Row, Session, held, rows};

/// What the pass says to the readers.
fn filters(text: &str) -> Vec<&str> {
    let behind = text.split("with the rows that are used").nth(1).unwrap_or_default();
    let expressions = behind.split("in fragments").next().unwrap_or_default().split("layers").next();
    let lines = expressions.unwrap_or_default().lines().filter(|line| line.contains("= read_parquet"));
    lines.filter_map(|line| line.split("filters: ").nth(1)?.split(", index:").next()).collect()
}

/// A comparison of a column with a constant.
fn mask(session: &Session, of: &Expr, label: &str, name: &str, value: Param) -> Expr {
    session.method(name, &session.column(of, label), value)
}

fn at(session: &Session, of: &Expr, mask: &Expr) -> Expr {
    session.make("filter", &[of, mask], Param::map([]))
}

/// A method without arguments.
fn bare(session: &Session, name: &str, on: &Expr) -> Expr {
    session.make("method", &[on], Param::map([("name", Param::Str(name.into()))]))
}

/// Rows of which whole row groups have no float.
fn gaps() -> Vec<Row> {
    rows(0, 40).into_iter().map(|(n, x, t)| (n, x.filter(|_| !(10..20).contains(&n)), t)).collect()
}

#[test]
fn of_a_filtered_file_only_the_row_groups_that_may_pass_are_read() {
    let (session, folder) = (Session::new(), Folder::new("filtered"));
    let df = folder.parquet(&[rows(0, 45), rows(45, 60)]);
    // All rows of what is left, under the labels that they have in the file.
    let text = session.check(&[session.above(&df, "n", 33.0)]);
    assert_eq!(filters(&text), [r#"[[["n", ">", 33.0]]]"#], "{text}");
    let text = session.check(&[session.reduce("sum", &session.column(&session.above(&df, "n", 3.0), "x"))]);
    assert_eq!(filters(&text), [r#"[[["n", ">", 3.0]]]"#], "{text}");
}

#[test]
fn rows_that_any_user_needs_are_read() {
    let (session, folder) = (Session::new(), Folder::new("any"));
    let df = folder.parquet(&[rows(0, 45)]);
    let high = session.column(&session.above(&df, "n", 30.0), "t");
    let low = session.column(&at(&session, &df, &mask(&session, &df, "n", "__lt__", Param::Int(5))), "t");
    let text = session.check(&[session.reduce("max", &high), session.reduce("min", &low)]);
    assert_eq!(filters(&text), [r#"[[["n", "<", 5]], [["n", ">", 30.0]]]"#], "{text}");
    let text =
        session.check(&[session.reduce("max", &high), session.reduce("sum", &session.column(&df, "n"))]);
    assert!(filters(&text).is_empty(), "{text}");
}

#[test]
fn conditions_are_followed_through_filters_names_and_assignments() {
    let (session, folder) = (Session::new(), Folder::new("through"));
    let df = folder.parquet(&[rows(0, 45)]);
    let some = session.above(&df, "n", 3.0);
    let twice = session.with("add", &session.column(&some, "n"), &session.column(&some, "n"));
    let labels = Param::List(["t", "n", "x"].map(|name| Param::Str(name.into())).into());
    let named =
        session.make("relabel", &[&session.assign(&some, "x", &twice)], Param::map([("labels", labels)]));
    // What is called "t" was "n", and "x" was "t"; "n" is assigned and of no file.
    let fewer = at(&session, &named, &mask(&session, &named, "t", "__le__", Param::Int(20)));
    let text = session.check(&[at(&session, &fewer, &mask(&session, &fewer, "n", "__lt__", Param::Int(9)))]);
    assert_eq!(filters(&text), [r#"[[["n", "<=", 20], ["n", ">", 3.0]]]"#], "{text}");
}

#[test]
fn conditions_of_several_comparisons_are_said_as_far_as_statistics_know_them() {
    let (session, folder) = (Session::new(), Folder::new("several"));
    let df = folder.parquet(&[gaps()]);
    let of = |name: &str, value| mask(&session, &df, "n", name, value);
    let (low, high) = (of("lt", Param::Int(12)), of("ge", Param::Float(30.5)));
    let text = session.check(&[at(&session, &df, &session.with("__or__", &low, &high))]);
    assert_eq!(filters(&text), [r#"[[["n", "<", 12]], [["n", ">=", 30.5]]]"#], "{text}");
    let unknown = of("ne", Param::Int(3));
    let text = session.check(&[at(&session, &df, &session.with("__and__", &unknown, &high))]);
    assert_eq!(filters(&text), [r#"[[["n", ">=", 30.5]]]"#], "{text}");
    let text = session.check(&[at(&session, &df, &session.with("__or__", &unknown, &high))]);
    assert!(filters(&text).is_empty(), "{text}");
    let list = Param::List([Param::Int(3), Param::Int(33)].into());
    let text = session.check(&[at(&session, &df, &of("isin", list))]);
    assert_eq!(filters(&text), [r#"[[["n", "in", [3, 33]]]]"#], "{text}");
}

#[test]
fn missing_values_pass_where_they_are_asked_for() {
    let (session, folder) = (Session::new(), Folder::new("missing"));
    let df = folder.parquet(&[gaps()]);
    let missing = bare(&session, "isna", &session.column(&df, "x"));
    session.check(&[at(&session, &df, &missing)]);
    let text = session.check(&[at(&session, &df, &bare(&session, "__invert__", &missing))]);
    assert_eq!(filters(&text), [r#"[[["x", "present", null]]]"#], "{text}");
    session.check(&[at(&session, &df, &mask(&session, &df, "x", "__gt__", Param::Float(1.0)))]);
    // Nothing is equal to NaN, and everything is unequal.
    let text = session.check(&[at(&session, &df, &mask(&session, &df, "x", "__ne__", Param::Float(1.0)))]);
    assert!(filters(&text).is_empty(), "{text}");
}

#[test]
fn constants_that_pandas_rounds_columns_to_are_not_said() {
    let (session, folder) = (Session::new(), Folder::new("rounded"));
    let large = |n: i64| (n + (1 << 53), None, "a");
    let df = folder.parquet(&[(0..40).map(large).collect()]);
    let text = session.check(&[at(
        &session,
        &df,
        &mask(&session, &df, "n", "__eq__", Param::Float(9_007_199_254_740_996.0)),
    )]);
    assert!(filters(&text).is_empty(), "{text}");
    let text =
        session.check(&[at(&session, &df, &mask(&session, &df, "n", "__eq__", Param::Int((1 << 53) + 5)))]);
    assert_eq!(filters(&text).len(), 1, "{text}");
}

#[test]
fn texts_are_compared() {
    let (session, folder) = (Session::new(), Folder::new("texts"));
    let of = |n: i64, text| (n, None, text);
    let all: Vec<Row> = (0..20).map(|n| of(n, "anna")).chain((20..40).map(|n| of(n, "otto"))).collect();
    let df = folder.parquet(&[all]);
    let text =
        session.check(&[at(&session, &df, &mask(&session, &df, "t", "__gt__", Param::Str("b".into())))]);
    assert_eq!(filters(&text), [r#"[[["t", ">", "b"]]]"#], "{text}");
}

#[test]
fn what_is_counted_summed_or_numbered_before_the_filter_needs_all_rows() {
    let (session, folder) = (Session::new(), Folder::new("before"));
    let df = folder.parquet(&[rows(0, 45)]);
    let mean = session.reduce("mean", &session.column(&df, "n"));
    let args = Param::List([Argument::operand(1)].into());
    let parameters = Param::map([("name", Param::Str("__gt__".into())), ("args", args)]);
    let above = session.make("method", &[&session.column(&df, "n"), &mean], parameters);
    let text = session.check(&[at(&session, &df, &above)]);
    assert!(filters(&text).is_empty(), "{text}");
    let numbered = session.make("reset_index", &[&df], Param::map([]));
    let text =
        session.check(&[at(&session, &numbered, &mask(&session, &numbered, "n", "__gt__", Param::Int(33)))]);
    assert!(filters(&text).is_empty(), "{text}");
}

#[test]
fn dtypes_that_follow_from_values_need_all_rows() {
    let (session, folder) = (Session::new(), Folder::new("dtypes"));
    let df = folder.parquet(&[rows(0, 45)]);
    let lengths = bare(&session, "str.len", &session.column(&df, "t"));
    let with = session.assign(&df, "l", &lengths);
    let text = session.check(&[at(&session, &with, &mask(&session, &with, "n", "__gt__", Param::Int(33)))]);
    assert!(filters(&text).is_empty(), "{text}");
}

#[test]
fn frames_in_memory_are_left_as_they_are() {
    let session = Session::new();
    let df = held(&[rows(0, 9)]);
    let text = session.check(&[session.above(&df, "n", 3.0)]);
    assert!(!text.contains("with the rows that are used"), "{text}");
}

#[test]
fn the_pass_can_be_left_out() {
    let (session, folder) = (Session::new(), Folder::new("unfiltered"));
    let root = session.above(&folder.parquet(&[rows(0, 5)]), "n", 3.0);
    let text = session.0.without(&[PREDICATES]).explain(&[root]).unwrap();
    assert!(!text.contains("with the rows that are used"), "{text}");
}
