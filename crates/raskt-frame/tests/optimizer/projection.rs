//! Columns that nobody uses.

use raskt_core::Param;
use raskt_expr::Expr;
use raskt_frame::arguments::Argument;
use raskt_frame::rules::PROJECTION;

use crate::session::{Folder, Session, held, rows};

/// What is left after the pass.
fn projected(text: &str) -> &str {
    let behind = text.split("with the columns that are used").nth(1);
    behind
        .unwrap_or_else(|| panic!("{text}"))
        .split("in fragments")
        .next()
        .unwrap()
        .split("layers")
        .next()
        .unwrap()
}

#[test]
fn of_a_file_only_the_columns_that_are_used_are_read() {
    let (session, folder) = (Session::new(), Folder::new("one"));
    let df = folder.parquet(&[rows(0, 25), rows(25, 40)]);
    let total = session.reduce("sum", &session.column(&session.above(&df, "n", 3.0), "x"));
    let text = session.check(&[total]);
    let text = projected(&text);
    assert!(text.contains(r#"columns: ["n", "x"]"#) && !text.contains(r#"["n", "x", "t"]"#), "{text}");
    // The mask's own column is not filtered.
    assert!(text.contains(r#"columns(%0) {labels: ["x"]}"#), "{text}");
}

#[test]
fn what_two_need_of_a_file_is_read_once() {
    let (session, folder) = (Session::new(), Folder::new("two"));
    let df = folder.parquet(&[rows(0, 25)]);
    let roots = [
        session.reduce("sum", &session.column(&df, "x")),
        session.reduce("max", &session.column(&session.above(&df, "x", 3.0), "t")),
    ];
    let text = session.check(&roots);
    let text = projected(&text);
    assert_eq!(text.matches("= read_parquet").count(), 1, "{text}");
    assert!(text.contains(r#"columns: ["x", "t"]"#), "{text}");
}

#[test]
fn where_all_of_a_frame_is_wanted_all_of_it_is_read() {
    let (session, folder) = (Session::new(), Folder::new("all"));
    let df = folder.parquet(&[rows(0, 25)]);
    let text =
        session.check(&[session.above(&df, "n", 3.0), session.reduce("sum", &session.column(&df, "n"))]);
    assert!(!text.contains("with the columns that are used"), "{text}");
}

#[test]
fn assigned_columns_that_nobody_uses_are_not_computed() {
    let (session, folder) = (Session::new(), Folder::new("unused"));
    let df = folder.parquet(&[rows(0, 25)]);
    let twice = session.with("add", &session.column(&df, "n"), &session.column(&df, "n"));
    let one = session.assign(&df, "twice", &twice);
    let two =
        session.assign(&one, "t", &session.method("mul", &session.column(&one, "twice"), Param::Int(3)));
    let unused = session.reduce("sum", &session.column(&two, "x"));
    let text = session.check(&[unused]);
    assert!(!projected(&text).contains("assign") && projected(&text).contains(r#"columns: ["x"]"#), "{text}");
    let used = session.reduce("sum", &session.column(&two, "t"));
    let text = session.check(&[used]);
    assert!(projected(&text).contains(r#"columns: ["n"]"#), "{text}");
}

#[test]
fn names_of_columns_are_followed() {
    let (session, folder) = (Session::new(), Folder::new("names"));
    let df = folder.parquet(&[rows(0, 25)]);
    let labels = Param::List(["t", "n", "x"].map(|name| Param::Str(name.into())).into());
    let named = session.make("relabel", &[&df], Param::map([("labels", labels)]));
    let text = session.check(&[session.reduce("max", &session.column(&named, "x"))]);
    assert!(projected(&text).contains(r#"columns: ["t"]"#), "{text}");
}

#[test]
fn methods_of_frames_work_on_the_columns_that_are_used() {
    let (session, folder) = (Session::new(), Folder::new("methods"));
    let df = folder.parquet(&[rows(0, 25)]);
    let numbers = session.columns(&df, &["x", "n"]);
    let sum = session.method("add", &numbers, Param::Int(1));
    let text = session.check(&[session.reduce("sum", &session.column(&sum, "n"))]);
    assert!(projected(&text).contains(r#"columns: ["n"]"#), "{text}");
    // Two frames are matched by the names of all columns.
    let both = session.with("add", &numbers, &sum);
    let text = session.check(&[session.reduce("sum", &session.column(&both, "n"))]);
    assert!(projected(&text).contains(r#"columns: ["n", "x"]"#), "{text}");
}

#[test]
fn rows_are_counted_without_reading_a_column() {
    let (session, folder) = (Session::new(), Folder::new("counted"));
    let df = folder.parquet(&[rows(0, 25), rows(0, 3)]);
    let text = session.check(&[session.reduce("size", &df)]);
    assert!(projected(&text).contains("columns: []"), "{text}");
    let text = session.check(&[session.make("lengths", &[&df], Param::map([]))]);
    assert!(projected(&text).contains("columns: []"), "{text}");
}

#[test]
fn frames_in_memory_are_filtered_by_the_columns_that_are_used() {
    let session = Session::new();
    let df = held(&[rows(0, 9), rows(9, 12)]);
    let text = session.check(&[session.column(&session.above(&df, "n", 3.0), "t")]);
    assert!(projected(&text).contains(r#"columns(%0) {labels: ["t"]}"#), "{text}");
}

#[test]
fn columns_of_one_name_are_left_together() {
    let session = Session::new();
    let df = held(&[rows(0, 9)]);
    let labels = Param::List(["x", "x", "t"].map(|name| Param::Str(name.into())).into());
    let named = session.make("relabel", &[&df], Param::map([("labels", labels)]));
    let chosen = session.above(&named, "x", 2.0);
    session.check(&[session.column(&chosen, "t"), session.columns(&chosen, &["x"])]);
}

#[test]
fn the_pass_can_be_left_out() {
    let (session, folder) = (Session::new(), Folder::new("out"));
    let root = session.column(&folder.parquet(&[rows(0, 5)]), "x");
    let text = session.0.without(&[PROJECTION]).explain(&[root]).unwrap();
    assert!(!text.contains("with the columns that are used"), "{text}");
}

#[test]
fn a_thousand_assignments_are_one_pass() {
    let session = Session::new();
    let mut df = held(&[rows(0, 9)]);
    for at in 0..1000 {
        let value = session.method("add", &session.column(&df, "n"), Param::Int(at));
        df = session.assign(&df, &format!("n{}", at % 50), &value);
    }
    let labels = Param::List([Param::Str("last".into())].into());
    let values = Param::List([Argument::operand(1)].into());
    let parameters = Param::map([("labels", labels), ("values", values)]);
    let last = session.make("assign", &[&df, &session.column(&df, "n49")], parameters);
    session.check(&[session.reduce("sum", &session.column(&last, "last"))]);
}

#[test]
fn of_the_sides_of_a_merge_keys_and_what_is_used_are_read() {
    let (session, folder) = (Session::new(), Folder::new("merge"));
    let (left, right) = (folder.parquet(&[rows(0, 25)]), held(&[rows(5, 20), rows(20, 40)]));
    let names = ["n", "a", "b"].map(|name| Param::Str(name.into()));
    let right = session.make("relabel", &[&right], Param::map([("labels", Param::List(names.into()))]));
    let by = Param::map([("on", Param::List([Param::Str("n".into())].into()))]);
    let merged = session.make("merge", &[&left, &right], by.clone());
    let text = session.check(&[session.reduce("sum", &session.column(&merged, "a"))]);
    let text = projected(&text);
    assert!(text.contains(r#"columns: ["n"]"#), "{text}");
    assert!(text.contains(r#"columns(%2) {labels: ["n", "a"]}"#), "{text}");
}

#[test]
fn names_of_both_sides_of_a_merge_keep_their_suffixes() {
    let (session, folder) = (Session::new(), Folder::new("suffixes"));
    let (left, right) = (folder.parquet(&[rows(0, 25)]), held(&[rows(5, 20)]));
    let by = Param::map([("on", Param::List([Param::Str("n".into())].into()))]);
    let merged = session.make("merge", &[&left, &right], by);
    session.check(&[session.reduce("sum", &session.column(&merged, "x_x"))]);
    session.check(&[session.reduce("sum", &session.column(&merged, "x_y"))]);
}

#[test]
fn of_first_rows_only_the_columns_that_are_used_are_read() {
    let (session, folder) = (Session::new(), Folder::new("head"));
    let df = folder.parquet(&[rows(0, 25), rows(25, 40)]);
    let head = Param::map([("n", Param::Int(30)), ("npartitions", Param::Int(2))]);
    let first = session.make("head", &[&df], head);
    let text = session.check(&[session.reduce("max", &session.column(&first, "x"))]);
    assert!(projected(&text).contains(r#"columns: ["x"]"#), "{text}");
}

/// A list of texts.
fn names(labels: &[&str]) -> Param {
    Param::List(labels.iter().map(|label| Param::Str((*label).into())).collect())
}

#[test]
fn rows_are_moved_with_the_columns_that_are_used_and_those_that_decide() {
    let (session, folder) = (Session::new(), Folder::new("moved"));
    let df = folder.parquet(&[rows(0, 25), rows(25, 40)]);
    let sum = |of: &Expr| [session.reduce("sum", &session.column(of, "n"))];
    let nlargest =
        [("name", Param::Str("nlargest".into())), ("n", Param::Int(3)), ("columns", names(&["x"]))];
    let moves = [
        ("sort", Param::map([("by", names(&["x"]))])),
        ("shuffle", Param::map([("on", names(&["x"]))])),
        ("distinct", Param::map([("subset", names(&["x"]))])),
        ("top", Param::map(nlargest)),
        ("with_index", Param::map([("label", Param::Str("x".into()))])),
    ];
    for (name, parameters) in moves {
        let text = session.check(&sum(&session.make(name, &[&df], parameters)));
        assert!(projected(&text).contains(r#"columns: ["n", "x"]"#), "{name}: {text}");
    }
    let cut = session.make("repartition", &[&df], Param::map([("npartitions", Param::Int(5))]));
    let text = session.check(&sum(&cut));
    assert!(projected(&text).contains(r#"columns: ["n"]"#), "{text}");
}

#[test]
fn rows_that_repeat_no_other_in_any_column_need_all_of_them() {
    let (session, folder) = (Session::new(), Folder::new("distinct"));
    let df = folder.parquet(&[rows(0, 25)]);
    let once = session.make("distinct", &[&df], Param::map([]));
    let text = session.check(&[session.reduce("sum", &session.column(&once, "n"))]);
    assert!(!text.contains("with the columns that are used"), "{text}");
}

#[test]
fn of_frames_one_after_another_the_columns_that_are_used_are_read() {
    let (session, folder) = (Session::new(), Folder::new("concat"));
    let df = folder.parquet(&[rows(0, 25)]);
    let other = session.columns(&held(&[rows(0, 3)]), &["t", "x"]);
    let all = session.make("concat", &[&df, &other], Param::map([("join", Param::Str("outer".into()))]));
    let text = session.check(&[session.reduce("sum", &session.column(&all, "x"))]);
    assert!(projected(&text).contains(r#"columns: ["x"]"#), "{text}");
    let text = session.check(&[session.reduce("sum", &session.column(&all, "n"))]);
    assert!(projected(&text).contains(r#"columns: ["n"]"#), "{text}");
    assert!(projected(&text).contains("labels: []"), "{text}");
}

#[test]
fn an_index_that_becomes_a_column_keeps_its_name() {
    let (session, folder) = (Session::new(), Folder::new("index"));
    let df = folder.parquet(&[rows(0, 25)]);
    let named = session.make("relabel", &[&df], Param::map([("labels", names(&["index", "x", "t"]))]));
    let reset = session.make("reset_index", &[&named], Param::map([]));
    session.check(&[session.reduce("sum", &session.column(&reset, "level_0"))]);
    let reset = session.make("reset_index", &[&df], Param::map([]));
    let text = session.check(&[session.reduce("sum", &session.column(&reset, "index"))]);
    assert!(projected(&text).contains("columns: []"), "{text}");
}
