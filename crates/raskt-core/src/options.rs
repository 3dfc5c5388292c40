//! What whoever asks for a graph may decide, as plain data that every floor reads. Configuration files,
//! variables and the machine's size are read above; what arrives here is what counts.

/// What happens to the rest of a graph when a task fails.
///
/// ```
/// use raskt_core::options::ErrorPolicy;
/// assert_eq!(ErrorPolicy::default(), ErrorPolicy::First);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorPolicy {
    /// The first error cancels what has not started, and is the run's error.
    #[default]
    First,
    /// Everything that does not need a failed task still runs; the run's error is
    /// [`ErrorKind::Many`](crate::ErrorKind::Many) if several failed.
    All,
}
