//! Rows behind those that are wanted.

use raskt_core::Param;
use raskt_expr::Expr;
use raskt_frame::rules::LIMIT;

use crate::session::{Folder, Session, rows};

fn head(session: &Session, of: &Expr, n: i64, n_partitions: i64) -> Expr {
    let parameters = Param::map([("n", Param::Int(n)), ("npartitions", Param::Int(n_partitions))]);
    session.make("head", &[of], parameters)
}

fn is_limited(text: &str, n: i64) -> bool {
    let behind = text.split("with the first rows").nth(1).unwrap_or_default();
    behind.contains(&format!("limit: {n},"))
}

#[test]
fn of_the_first_rows_of_a_file_no_others_are_read() {
    let (session, folder) = (Session::new(), Folder::new("limit"));
    let df = folder.parquet(&[rows(0, 25), rows(25, 60)]);
    for n in [0, 3, 10, 13, 25, 40] {
        let text = session.check(&[head(&session, &df, n, 1)]);
        assert!(is_limited(&text, n), "{text}");
        session.check(&[head(&session, &df, n, 2)]);
    }
    let twice = session.with("add", &session.column(&df, "n"), &session.column(&df, "n"));
    let text = session.check(&[head(&session, &session.assign(&df, "n", &twice), 4, 1)]);
    assert!(is_limited(&text, 4), "{text}");
}

#[test]
fn where_others_need_more_rows_these_are_read() {
    let (session, folder) = (Session::new(), Folder::new("more"));
    let df = folder.parquet(&[rows(0, 25)]);
    let text = session.check(&[head(&session, &df, 3, 1), head(&session, &session.column(&df, "t"), 7, 1)]);
    assert!(is_limited(&text, 7), "{text}");
    let first = head(&session, &df, 3, 1);
    let text = session.check(&[first, session.reduce("sum", &session.column(&df, "n"))]);
    assert!(!text.contains("with the first rows"), "{text}");
    let text = session.check(&[head(&session, &session.above(&df, "n", 12.0), 3, 1)]);
    assert!(!text.contains("with the first rows"), "{text}");
}

#[test]
fn the_pass_can_be_left_out() {
    let (session, folder) = (Session::new(), Folder::new("unlimited"));
    let first = head(&session, &folder.parquet(&[rows(0, 25)]), 3, 1);
    let text = session.0.without(&[LIMIT]).explain(&[first]).unwrap();
    assert!(!text.contains("with the first rows"), "{text}");
}
