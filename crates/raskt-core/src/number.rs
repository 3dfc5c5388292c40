//! Numbers as another type of number, without a silent wrap.
//!
//! `as` says neither whether a number fits nor what happens where it does not; clippy refuses it where it might not.
//! There are three ways to go on. `try_from` with an error is for what users said. [`Fit::clamped`] is for what no user
//! can make so large, or where a number at the end of the range means the same as one beyond it. [`Fit::fit`] is for
//! what was checked before, in inner loops: it compiles to nothing.

// Sizes in memory and 64-bit sizes of files, shapes and messages are one range, in which `fit` between them is exact.
const _: () = assert!(usize::BITS == 64, "Raskt needs a 64-bit processor");

/// A number as another type of number.
///
/// ```
/// use raskt_core::Fit;
/// let blocks = [3, 4];
/// assert_eq!(blocks.len().fit::<u32>(), 2);
/// assert_eq!((1u64 << 63).clamped::<i64>(), i64::MAX);
/// assert_eq!((-1i64).clamped::<u64>(), 0);
/// ```
pub trait Fit: Copy {
    /// The same number, which the caller knows to be in the range of `T`: where it was counted or read, it was bounded.
    /// Builds with debug assertions check that.
    #[inline(always)]
    fn fit<T: FitFrom<Self>>(self) -> T {
        T::known(self)
    }

    /// The nearest number in the range of `T`; a fraction is cut off, and not-a-number is zero.
    #[inline(always)]
    fn clamped<T: FitFrom<Self>>(self) -> T {
        T::nearest(self)
    }
}

impl<N: Copy> Fit for N {}

/// Types of numbers that may have to do without some of the values of `N`; see [`Fit`].
pub trait FitFrom<N> {
    /// See [`Fit::fit`].
    fn known(number: N) -> Self;

    /// See [`Fit::clamped`].
    fn nearest(number: N) -> Self;
}

macro_rules! whole {
    ($($from:ty => $($to:ty),+;)+) => {$($(
        impl FitFrom<$from> for $to {
            #[inline(always)]
            #[allow(
                clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss,
                reason = "asserted in the line before"
            )]
            fn known(number: $from) -> Self {
                debug_assert!(Self::try_from(number).is_ok(), "{number} does not fit into {}", stringify!($to));
                number as Self
            }

            #[inline(always)]
            fn nearest(number: $from) -> Self {
                // Below zero only what is signed can be too small, and only the smallest is there to stand for it.
                #[allow(unused_comparisons, reason = "never true of unsigned numbers")]
                let end = if number < 0 { Self::MIN } else { Self::MAX };
                Self::try_from(number).unwrap_or(end)
            }
        }
    )+)+};
}

macro_rules! fraction {
    ($($to:ty),+) => {$(
        impl FitFrom<f64> for $to {
            #[inline(always)]
            fn known(number: f64) -> Self {
                debug_assert!(Self::nearest(number) as f64 == number.trunc(), "{number} does not fit");
                Self::nearest(number)
            }

            #[inline(always)]
            #[allow(
                clippy::cast_possible_truncation, clippy::cast_sign_loss,
                reason = "`as` takes the nearest whole number towards zero"
            )]
            fn nearest(number: f64) -> Self {
                number as Self
            }
        }
    )+};
}

whole! {
    usize => u8, u16, u32, i32, u64, i64, isize;
    u64 => u8, u16, u32, i32, i64, usize, isize;
    i64 => u8, u16, u32, i32, u64, usize, isize;
    isize => u32, u64, usize, i64;
    u32 => u8, u16, i32, usize;
    i32 => u8, u16, u32, u64, usize;
    u128 => u32, u64, usize, i64;
    i128 => u32, u64, usize, i64;
}

fraction!(u8, u16, u32, u64, usize, i32, i64, i128);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_fits_is_the_same_number(n in any::<u32>()) {
            prop_assert_eq!((n as usize).fit::<u32>(), n);
            prop_assert_eq!(u64::from(n).clamped::<u32>(), n);
            prop_assert_eq!(f64::from(n).fit::<u32>(), n);
        }

        #[test]
        fn what_does_not_fit_becomes_the_nearest_end(n in any::<i128>()) {
            let nearest = n.clamp(0, i128::from(u64::MAX));
            prop_assert_eq!(i128::from(n.clamped::<u64>()), nearest);
            let nearest = n.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
            prop_assert_eq!(i128::from(n.clamped::<i64>()), nearest);
        }
    }

    #[test]
    fn floats_are_cut_off_and_bounded() {
        assert_eq!(
            [1.9, -1.0, f64::NAN, f64::INFINITY, 1e30].map(|x| x.clamped::<u64>()),
            [1, 0, 0, u64::MAX, u64::MAX]
        );
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic = "does not fit"]
    fn a_number_that_was_said_to_fit_and_does_not_is_found_in_tests() {
        let _: u32 = (1usize << 32).fit();
    }
}
