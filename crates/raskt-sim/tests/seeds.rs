//! Clusters with faults, from seeds. `RASKT_SIM_SEED=7 cargo test -p raskt-sim --test seeds` replays one, and
//! `RASKT_SIM_SEEDS=100000` tries more of them.

use std::sync::atomic::{AtomicU64, Ordering};

use raskt_sim::{Report, Scenario, run, shrink};

/// Of 20 to 50 workers, as the seed says.
fn scenario(seed: u64) -> Scenario {
    Scenario::random(seed, 20 + (seed % 31) as usize)
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn check(seed: u64) -> Result<Report, String> {
    let scenario = scenario(seed);
    let violation = match run(&scenario) {
        Ok(report) => return Ok(report),
        Err(violation) => violation,
    };
    let small = shrink(&scenario);
    let rest = run(&small).err().map(|violation| violation.to_string());
    Err(format!(
        "seed {seed}: {violation}\nreplay: RASKT_SIM_SEED={seed} cargo test -p raskt-sim --test seeds\n\
         made small: {} in\n{small:?}",
        rest.unwrap_or_default()
    ))
}

#[test]
fn every_wanted_value_is_right_or_fails_for_a_true_reason() {
    if let Some(seed) = number("RASKT_SIM_SEED") {
        check(seed).unwrap();
        return;
    }
    let n_seeds = number("RASKT_SIM_SEEDS").unwrap_or(2000);
    let next = AtomicU64::new(0);
    let sums: [AtomicU64; 6] = Default::default();
    let look = || {
        let mut seed = next.fetch_add(1, Ordering::Relaxed);
        while seed < n_seeds {
            match check(seed) {
                Ok(report) => {
                    let Report { n_values, n_failures, n_grown, n_lists, n_cancelled, n_retried, .. } =
                        report;
                    let counts = [n_values, n_failures, n_grown, n_lists, n_cancelled, n_retried];
                    for (sum, n) in sums.iter().zip(counts) {
                        sum.fetch_add(n, Ordering::Relaxed);
                    }
                }
                Err(story) => {
                    next.store(n_seeds, Ordering::Relaxed);
                    return Err(story);
                }
            }
            seed = next.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    let stories: Vec<String> = std::thread::scope(|scope| {
        let lookers: Vec<_> = (0..2).map(|_| scope.spawn(look)).collect();
        lookers.into_iter().filter_map(|looker| looker.join().unwrap().err()).collect()
    });
    assert!(stories.is_empty(), "{}", stories.join("\n"));
    let sums = sums.map(AtomicU64::into_inner);
    assert!(n_seeds < 100 || sums.iter().all(|&sum| sum > 0), "what was to happen: {sums:?}");
}

#[test]
fn a_seed_is_played_the_same_each_time() {
    assert_eq!(run(&scenario(3)), run(&scenario(3)));
}
