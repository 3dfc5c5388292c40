//! Groups of rows, and what is computed of each.

use std::sync::Arc;

use raskt_core::Result;
use raskt_expr::Expr;
use raskt_frame::groupby::{Aggregate, Function, GROUPBY, GroupBy as Parameters, Options};
use raskt_frame::{Key, Label};

use super::expression::{Frame, make};

/// The rows of a frame in groups: [`Frame::group_by`].
#[derive(Clone, Debug)]
pub struct GroupBy {
    frame: Frame,
    by: Vec<Label>,
}

impl GroupBy {
    pub(super) fn new(frame: Frame, by: &[&str]) -> Self {
        Self { frame, by: by.iter().map(|name| Label::from(*name)).collect() }
    }

    /// A row a group, in the order of the keys, which are its first columns. Of each item of `wanted` there is a column: its
    /// name, of which column it is computed, and what. Rows with a missing key are left out.
    ///
    /// ```
    /// use raskt::frame::{Aggregate, Frame};
    /// let folder = std::env::temp_dir().join(format!("raskt-frame-groups-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder)?;
    /// std::fs::write(folder.join("x.csv"), "k,x\nb,1\na,2\nb,3\n")?;
    /// let groups = Frame::read_csv(folder.join("x.csv")).group_by(&["k"]);
    /// let table = groups.aggregate(&[("n", "x", Aggregate::Size), ("most", "x", Aggregate::Max)]).compute()?;
    /// assert_eq!(table.strings("k")?, ["a", "b"]);
    /// assert_eq!(table.integers("n")?, [1, 2]);
    /// assert_eq!(table.integers("most")?, [2, 3]);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn aggregate(&self, wanted: &[(&str, &str, Function)]) -> Frame {
        Frame::made(|| self.made(wanted))
    }

    fn made(&self, wanted: &[(&str, &str, Function)]) -> Result<Expr> {
        let schema = self.frame.schema()?;
        let aggregate = |&(name, column, function): &(&str, &str, Function)| {
            let column = Label::from(column);
            let of = schema.columns[schema.position(&column)?].dtype.clone();
            Ok(Aggregate { column, of, function, options: Options::default(), label: name.into() })
        };
        let keys: Arc<[Key]> = self.by.iter().cloned().map(Key::Column).collect();
        let aggregates = wanted.iter().map(aggregate).collect::<Result<_>>()?;
        let parameters = Parameters { keys, aggregates, dropna: true, sort: true };
        make(GROUPBY, &[self.frame.expr()?.clone()], parameters.to_param())
    }
}
