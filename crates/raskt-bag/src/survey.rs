//! What one pass over a block of lines finds out.

use crate::stream::Format;

/// What is known of a block.
pub(crate) struct Survey {
    pub(crate) n_delimiters: u64,
    pub(crate) has_return: bool,
    is_ascii: bool,
}

impl Survey {
    pub(crate) fn of(bytes: &[u8], delimiter: u8) -> Self {
        // Not where debug assertions are on: nothing is measured there.
        #[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has the feature that `wide` enables, as was just asked.
            return unsafe { wide(bytes, delimiter) };
        }
        Self::run(bytes, delimiter)
    }

    #[inline(always)]
    fn run(bytes: &[u8], delimiter: u8) -> Self {
        // Sums of bytes in runs of 255 do not overflow, and compile to vector instructions of any processor.
        const LANES: usize = 64;
        let (mut n_delimiters, mut returns, mut union) = (0u64, 0u8, 0u8);
        for run in bytes.chunks(LANES * 255) {
            let (mut counts, mut returned, mut bits) = ([0u8; LANES], [0u8; LANES], [0u8; LANES]);
            let chunks = run.chunks_exact(LANES);
            for &byte in chunks.remainder() {
                n_delimiters += u64::from(byte == delimiter);
                returns |= u8::from(byte == b'\r');
                union |= byte;
            }
            for chunk in chunks {
                for (lane, &byte) in chunk.iter().enumerate() {
                    counts[lane] += u8::from(byte == delimiter);
                    returned[lane] |= u8::from(byte == b'\r');
                    bits[lane] |= byte;
                }
            }
            n_delimiters += counts.iter().map(|&n| u64::from(n)).sum::<u64>();
            returns |= returned.iter().fold(0, |all, one| all | one);
            union |= bits.iter().fold(0, |all, one| all | one);
        }
        Self { n_delimiters, has_return: returns != 0, is_ascii: union < 128 }
    }

    pub(crate) fn is_text(&self, format: Format, bytes: &[u8]) -> bool {
        self.is_ascii || (!format.is_ascii && std::str::from_utf8(bytes).is_ok())
    }
}

/// The same loop with wider registers.
#[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
#[target_feature(enable = "avx2")]
fn wide(bytes: &[u8], delimiter: u8) -> Survey {
    Survey::run(bytes, delimiter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_survey_counts_every_byte(data in proptest::collection::vec(any::<u8>(), 0..400), n in 1usize..60) {
            let bytes = data.repeat(n);
            let survey = Survey::of(&bytes, b'\n');
            prop_assert_eq!(survey.n_delimiters, bytes.iter().filter(|&&byte| byte == b'\n').count() as u64);
            prop_assert_eq!(survey.has_return, bytes.contains(&b'\r'));
            prop_assert_eq!(survey.is_ascii, bytes.is_ascii());
        }
    }
}
