//! Hashes of keys of groups: the same in every process, and for keys that Python holds for equal.
//!
//! The hash is XXH3-64, of which xxHash's specification fixes the bits. Each kind of key has a seed of its own, so that
//! `"1"`, `b"1"` and `("1",)` go to places of their own.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A key of a group.
#[derive(Clone, Copy, Debug)]
pub enum HashKey<'a> {
    /// `None`.
    Null,
    /// A number, by the hash that Python gives to all numbers that are equal.
    Number(i64),
    /// A `str`, as UTF-8 in which lone surrogates are encoded too.
    Text(&'a [u8]),
    /// A `bytes`.
    Bytes(&'a [u8]),
    /// A `tuple`, by the hashes of its items.
    Tuple(&'a [u64]),
}

impl HashKey<'_> {
    /// The hash.
    ///
    /// ```
    /// use raskt_bag::HashKey;
    /// assert_ne!(HashKey::Text(b"Ann").hash(), HashKey::Bytes(b"Ann").hash());
    /// ```
    pub fn hash(self) -> u64 {
        match self {
            Self::Null => xxh3_64_with_seed(&[], 1),
            Self::Number(hash) => xxh3_64_with_seed(&hash.to_le_bytes(), 2),
            Self::Text(text) => xxh3_64_with_seed(text, 3),
            Self::Bytes(bytes) => xxh3_64_with_seed(bytes, 4),
            Self::Tuple(hashes) => {
                let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
                xxh3_64_with_seed(&bytes, 5)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_every_release() {
        let keys = [
            HashKey::Null,
            HashKey::Number(1),
            HashKey::Text(b"Ann"),
            HashKey::Bytes(b"Ann"),
            HashKey::Tuple(&[1, 2]),
        ];
        let hashes = [
            5_604_079_703_740_606_211,
            4_678_170_435_044_338_961,
            16_149_552_742_549_010_831,
            6_833_858_886_635_489_085,
            16_857_179_849_770_312_828,
        ];
        assert_eq!(keys.map(HashKey::hash), hashes);
    }
}
