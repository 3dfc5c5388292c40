//! Bars that follow each other closely become one: what is drawn stays little, however many tasks run.

use rustc_hash::FxHashMap;

use crate::source::Bar;

/// Bars a second that a viewer gets to see, all places together.
const N_PER_SECOND: u64 = 20_000;
/// The shortest stretch within which bars of a name are gathered.
const WINDOW_MIN_NS: u64 = 1_000_000;

/// Gathers bars of one name in one place that lie within a stretch of time, which is the longer the more places there are.
/// `bars` come in any order; they leave by their starts.
pub fn gathered(bars: Vec<Bar>, n_lanes: usize) -> Vec<Bar> {
    // A lane may be cut into this many bars a second at most.
    gathered_within(bars, (n_lanes as u64 * (1_000_000_000 / N_PER_SECOND)).max(WINDOW_MIN_NS))
}

/// The same for a stretch of that length.
pub fn gathered_within(mut bars: Vec<Bar>, window_ns: u64) -> Vec<Bar> {
    bars.sort_unstable_by_key(|bar| (bar.start_ns, bar.end_ns));
    let mut open = FxHashMap::<(u32, u32, u8), usize>::default();
    let mut out: Vec<Bar> = Vec::with_capacity(bars.len().min(4096));
    for bar in bars {
        let place = (bar.lane, bar.name, bar.kind);
        let is_short = bar.end_ns.saturating_sub(bar.start_ns) < window_ns;
        if let Some(&at) = open.get(&place)
            && is_short
            && bar.end_ns < out[at].start_ns + window_ns
        {
            let into = &mut out[at];
            into.end_ns = into.end_ns.max(bar.end_ns);
            into.busy_ns += bar.busy_ns;
            into.n_tasks = into.n_tasks.saturating_add(bar.n_tasks);
            into.bytes = into.bytes.saturating_add(bar.bytes);
            continue;
        }
        if is_short {
            open.insert(place, out.len());
        }
        out.push(bar);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(lane: u32, name: u32, start_ns: u64, took: u64) -> Bar {
        Bar { lane, name, kind: 1, start_ns, end_ns: start_ns + took, busy_ns: took, n_tasks: 1, bytes: 3 }
    }

    #[test]
    fn a_million_short_tasks_are_few_bars_and_all_counted() {
        let bars: Vec<Bar> = (0..1_000_000).map(|i| bar(i % 2, i % 3, u64::from(i) * 1000, 1000)).collect();
        let busy: u64 = bars.iter().map(|bar| bar.busy_ns).sum();
        let few = gathered(bars, 2);
        // A second, in stretches of a millisecond, of three names on two lanes.
        assert!(few.len() <= 7000, "{}", few.len());
        assert_eq!(few.iter().map(|bar| bar.n_tasks).sum::<u32>(), 1_000_000);
        assert_eq!(few.iter().map(|bar| bar.busy_ns).sum::<u64>(), busy);
        assert!(few.iter().all(|bar| bar.end_ns - bar.start_ns <= WINDOW_MIN_NS));
        assert!(few.windows(2).all(|two| two[0].start_ns <= two[1].start_ns));
    }

    #[test]
    fn long_tasks_and_other_places_stay_apart() {
        let bars =
            vec![bar(0, 0, 0, 5_000_000), bar(0, 0, 5_000_000, 10), bar(1, 0, 0, 10), bar(0, 1, 0, 10)];
        assert_eq!(gathered(bars, 2).len(), 4);
    }
}
