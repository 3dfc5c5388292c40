//! The processor's status flags of floating-point arithmetic.

use raskt_exec::{FloatErrors, FloatKinds};

/// Does `work` on the calling thread; which of `kinds` it met, where these are asked for, is noted as `operation`'s.
#[inline]
pub(super) fn watched<T>(
    errors: Option<&FloatErrors>,
    operation: &str,
    kinds: FloatKinds,
    work: impl FnOnce() -> T,
) -> T {
    let Some(errors) = errors.filter(|errors| !errors.asked().and(kinds).is_empty()) else { return work() };
    clear();
    let made = work();
    errors.add(operation, read().and(kinds));
    made
}

/// The bits of the status register for invalid, divide, overflow and underflow.
#[cfg(target_arch = "x86_64")]
const BITS: [u32; 4] = [1, 1 << 2, 1 << 3, 1 << 4];
#[cfg(target_arch = "aarch64")]
const BITS: [u32; 4] = [1, 1 << 1, 1 << 2, 1 << 3];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const BITS: [u32; 4] = [0; 4];

/// The flags that have been raised since [`clear`].
pub(super) fn read() -> FloatKinds {
    let status = status();
    let kind = |at: usize, kind: FloatKinds| kind.when(status & BITS[at] != 0);
    kind(0, FloatKinds::INVALID)
        .or(kind(1, FloatKinds::DIVIDE))
        .or(kind(2, FloatKinds::OVERFLOW))
        .or(kind(3, FloatKinds::UNDERFLOW))
}

#[cfg(target_arch = "x86_64")]
fn status() -> u32 {
    let mut status = 0_u32;
    // SAFETY: the instruction writes four bytes, to a `u32` of this frame.
    unsafe { std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut status, options(nostack)) };
    status
}

/// Lowers all flags.
#[cfg(target_arch = "x86_64")]
pub(super) fn clear() {
    let status = status();
    if status & 0x3f != 0 {
        let lowered = status & !0x3f;
        // SAFETY: the instruction reads a `u32` of this frame. Masks, rounding and the treatment of subnormal numbers are
        // as they were; the flags are among what inline assembly may change.
        unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const lowered, options(nostack)) };
    }
}

#[cfg(target_arch = "aarch64")]
fn status() -> u32 {
    let status: u64;
    // SAFETY: the instruction reads a register that every program may read.
    unsafe { std::arch::asm!("mrs {}, fpsr", out(reg) status, options(nostack)) };
    status as u32
}

/// Lowers all flags.
#[cfg(target_arch = "aarch64")]
pub(super) fn clear() {
    // SAFETY: the register has the flags and nothing else that a program relies on; they are among what inline assembly
    // may change.
    unsafe { std::arch::asm!("msr fpsr, xzr", options(nostack)) };
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn status() -> u32 {
    0
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) fn clear() {}
