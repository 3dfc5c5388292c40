//! Philox4x64-10: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).

const MULTIPLIERS: [u64; 2] = [0xD2E7_470E_E14C_6C93, 0xCA5A_8263_9512_1157];
const WEYL: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xBB67_AE85_84CA_A73B];

#[inline(always)]
fn multiply(a: u64, b: u64) -> (u64, u64) {
    let product = u128::from(a) * u128::from(b);
    ((product >> 64) as u64, product as u64)
}

/// The four words that belong to `counter` under `key`. NumPy's `Philox(key=key)` gives those of counters 1, 2, ...
///
/// ```
/// use raskt_array::random::philox4x64;
/// // numpy.random.Philox(key=0).random_raw()
/// assert_eq!(philox4x64([1, 0, 0, 0], [0, 0])[0], 213_000_021_201_967_259);
/// ```
#[must_use]
#[inline]
pub fn philox4x64(counter: [u64; 4], key: [u64; 2]) -> [u64; 4] {
    Rounds::new(key).apply(counter)
}

/// The ten rounds of one key, worked out once for many counters.
pub(super) struct Rounds([[u64; 2]; 10]);

impl Rounds {
    #[inline(always)]
    pub fn new(mut key: [u64; 2]) -> Self {
        Self(std::array::from_fn(|_| {
            let round = key;
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
            round
        }))
    }

    #[inline(always)]
    pub fn apply(&self, mut counter: [u64; 4]) -> [u64; 4] {
        for key in self.0 {
            let (high0, low0) = multiply(MULTIPLIERS[0], counter[0]);
            let (high1, low1) = multiply(MULTIPLIERS[1], counter[2]);
            counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0];
        }
        counter
    }
}
