//! Keys from seeds, as NumPy's `SeedSequence` makes them.

use raskt_core::Fit;

const POOL: usize = 4;
const INIT_A: u32 = 0x43b0_d7e5;
const MULT_A: u32 = 0x931e_8875;
const INIT_B: u32 = 0x8b51_f9dd;
const MULT_B: u32 = 0x58f3_8ded;
const MIX_LEFT: u32 = 0xca01_f9dd;
const MIX_RIGHT: u32 = 0x4973_f715;

/// A seed, and which of its descendants: NumPy's `SeedSequence(entropy, spawn_key=..)`.
///
/// ```
/// use raskt_array::random::SeedSequence;
/// let seed = SeedSequence::new(42);
/// // numpy.random.SeedSequence(42).generate_state(2, "uint64")
/// assert_eq!(seed.key(), [11_465_652_750_463_011_511, 15_382_171_918_060_459_190]);
/// assert_ne!(seed.spawned(0).key(), seed.spawned(1).key());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeedSequence {
    entropy: Vec<u32>,
    spawn_key: Vec<u32>,
}

fn words(mut number: u128) -> Vec<u32> {
    let mut words = Vec::new();
    while number > 0 || words.is_empty() {
        words.push((number & u128::from(u32::MAX)).fit());
        number >>= 32;
    }
    words
}

impl SeedSequence {
    /// The sequence of one number.
    #[must_use]
    pub fn new(seed: u128) -> Self {
        Self { entropy: words(seed), spawn_key: Vec::new() }
    }

    /// The sequence of a number of any size, in words of 32 bits, the least first; or of a list of numbers, one after
    /// the other.
    #[must_use]
    pub fn from_words(entropy: Vec<u32>) -> Self {
        Self { entropy, spawn_key: Vec::new() }
    }

    /// Its child with that number.
    #[must_use]
    pub fn spawned(&self, number: u32) -> Self {
        let mut child = self.clone();
        child.spawn_key.push(number);
        child
    }

    /// The key of a stream.
    #[must_use]
    pub fn key(&self) -> [u64; 2] {
        let pool = self.pool();
        let mut constant = INIT_B;
        let mut word = |at: usize| {
            let mut data = pool[at] ^ constant;
            constant = constant.wrapping_mul(MULT_B);
            data = data.wrapping_mul(constant);
            u64::from(data ^ (data >> 16))
        };
        [word(0) | word(1) << 32, word(2) | word(3) << 32]
    }

    fn pool(&self) -> [u32; POOL] {
        let mut entropy = self.entropy.clone();
        if !self.spawn_key.is_empty() && entropy.len() < POOL {
            entropy.resize(POOL, 0);
        }
        entropy.extend(&self.spawn_key);
        let mut constant = INIT_A;
        let mut hash = |value: u32| {
            let mut value = value ^ constant;
            constant = constant.wrapping_mul(MULT_A);
            value = value.wrapping_mul(constant);
            value ^ (value >> 16)
        };
        let mix = |x: u32, y: u32| {
            let mixed = MIX_LEFT.wrapping_mul(x).wrapping_sub(MIX_RIGHT.wrapping_mul(y));
            mixed ^ (mixed >> 16)
        };
        let mut pool = [0; POOL];
        for (at, slot) in pool.iter_mut().enumerate() {
            *slot = hash(entropy.get(at).copied().unwrap_or(0));
        }
        for from in 0..POOL {
            for to in (0..POOL).filter(|&to| to != from) {
                pool[to] = mix(pool[to], hash(pool[from]));
            }
        }
        for &word in entropy.iter().skip(POOL) {
            for slot in &mut pool {
                *slot = mix(*slot, hash(word));
            }
        }
        pool
    }
}
