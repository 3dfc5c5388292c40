//! Work of one task on several threads, where the executor allows it.

use raskt_core::Result;
use raskt_exec::TaskCtx;

/// Elements below which another thread costs more than it saves.
const N_ELEMENTS_MIN: usize = 1 << 16;

/// How many threads are worth it for `n_elements` of light work each.
pub(crate) fn worthwhile(ctx: &TaskCtx<'_>, n_elements: usize) -> usize {
    ctx.n_threads.min(n_elements / N_ELEMENTS_MIN).max(1)
}

/// Runs `work` on each of `parts`, neighbours on one of `n_threads` threads, and collects what comes out in their order.
pub(crate) fn spread<P: Send, R: Send>(
    parts: Vec<P>,
    n_threads: usize,
    work: impl Fn(P) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let len = parts.len().div_ceil(n_threads.max(1)).max(1);
    let mut parts = parts.into_iter();
    let shares = std::iter::from_fn(|| {
        Some(parts.by_ref().take(len).collect::<Vec<P>>()).filter(|share| !share.is_empty())
    });
    let done = each(shares.collect(), |share| share.into_iter().map(&work).collect::<Result<Vec<R>>>())?;
    Ok(done.into_iter().flatten().collect())
}

/// Runs `work` on each of `parts`, the last one on this thread, and collects what comes out in their order.
pub(crate) fn each<P: Send, R: Send>(parts: Vec<P>, work: impl Fn(P) -> Result<R> + Sync) -> Result<Vec<R>> {
    if parts.len() <= 1 {
        return parts.into_iter().map(work).collect();
    }
    std::thread::scope(|scope| {
        let mut parts = parts.into_iter();
        let last = parts.next_back();
        let running: Vec<_> = parts.map(|part| scope.spawn(|| work(part))).collect();
        let last = last.map(&work);
        let joined = running.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        let mut all: Vec<R> = joined.collect::<Result<_>>()?;
        if let Some(result) = last {
            all.push(result?);
        }
        Ok(all)
    })
}
