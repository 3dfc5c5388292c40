//! Work of one task on several threads, where the executor allows it.

use raskt_core::Result;
use raskt_exec::TaskCtx;

/// Elements below which another thread costs more than it saves.
const N_ELEMENTS_MIN: usize = 1 << 16;

/// How many threads are worth it for `n_elements` of light work each.
pub(crate) fn worthwhile(ctx: &TaskCtx<'_>, n_elements: usize) -> usize {
    ctx.n_threads.min(n_elements / N_ELEMENTS_MIN).max(1)
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
