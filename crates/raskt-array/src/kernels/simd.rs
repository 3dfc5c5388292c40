//! Wide registers where the processor has them: the portable loop, compiled a second time and chosen at run time.

/// A loop that vectorises by itself. Its `run` is `#[inline(always)]`, so that it takes on the processor features
/// of the function that it is called from.
pub(crate) trait Loop {
    /// What comes out.
    type Out;

    /// Runs it.
    fn run(self) -> Self::Out;
}

/// Runs `work` with the widest registers that are worth it.
#[inline]
pub(crate) fn vectorized<L: Loop>(work: L) -> L::Out {
    // Not where debug assertions are on: compiling every loop twice takes long, and nothing is measured there.
    #[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
    if is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
    {
        // SAFETY: the processor has every feature that `haswell` enables, as was just asked.
        return unsafe { haswell(work) };
    }
    work.run()
}

#[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
#[target_feature(enable = "avx2,fma,bmi1,bmi2")]
fn haswell<L: Loop>(work: L) -> L::Out {
    work.run()
}

/// Runs `work` with wider registers than [`vectorized`] does, where the processor has them: for loops that compute much
/// between reading and writing.
#[inline]
pub(crate) fn vectorized_widely<L: Loop>(work: L) -> L::Out {
    #[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw")
    {
        // SAFETY: the processor has every feature that `skylake` enables, as was just asked.
        return unsafe { skylake(work) };
    }
    vectorized(work)
}

#[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
fn skylake<L: Loop>(work: L) -> L::Out {
    work.run()
}

/// `dst[i] = f(a[i])`.
pub(crate) struct Map1<'a, A, O, F> {
    pub dst: &'a mut [O],
    pub a: &'a [A],
    pub f: F,
}

impl<A: Copy, O, F: Fn(A) -> O> Loop for Map1<'_, A, O, F> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        for (out, &a) in self.dst.iter_mut().zip(self.a) {
            *out = (self.f)(a);
        }
    }
}

/// `dst[i] = f(a[i], b[i])`.
pub(crate) struct Map2<'a, A, B, O, F> {
    pub dst: &'a mut [O],
    pub a: &'a [A],
    pub b: &'a [B],
    pub f: F,
}

impl<A: Copy, B: Copy, O, F: Fn(A, B) -> O> Loop for Map2<'_, A, B, O, F> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        for ((out, &a), &b) in self.dst.iter_mut().zip(self.a).zip(self.b) {
            *out = (self.f)(a, b);
        }
    }
}

/// `dst[i] = f(a[i], b[i], c[i])`.
pub(crate) struct Map3<'a, A, B, C, O, F> {
    pub dst: &'a mut [O],
    pub a: &'a [A],
    pub b: &'a [B],
    pub c: &'a [C],
    pub f: F,
}

impl<A: Copy, B: Copy, C: Copy, O, F: Fn(A, B, C) -> O> Loop for Map3<'_, A, B, C, O, F> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        for (((out, &a), &b), &c) in self.dst.iter_mut().zip(self.a).zip(self.b).zip(self.c) {
            *out = (self.f)(a, b, c);
        }
    }
}
