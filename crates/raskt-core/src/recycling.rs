//! An allocator that keeps large memory which was let go of for the next of its size.
//!
//! The system takes large memory back at once, and clears each page of what it gives anew when that is first touched. Tasks that
//! follow each other want memory of the same sizes: what one let go of, the next has without either.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};

/// Memory up to this size is as fast from the system.
const N_BYTES_MIN: usize = 1 << N_BITS_MIN;
const N_BITS_MIN: u32 = 18;
/// Larger memory is not kept.
const N_BYTES_MAX: usize = 1 << 25;
/// How much is kept at most.
const N_KEPT_BYTES_MAX: usize = 128 << 20;
/// Into how many sizes each doubling is cut.
const N_STEPS: usize = 8;
const N_SIZES: usize = 7 * N_STEPS;
/// How many pieces of one size are kept at most.
const N_PIECES: usize = 8;
/// The alignment of pieces: that of numbers, and that of buffers which vector instructions read.
const ALIGNS: [usize; 2] = [16, 128];

type Pieces = [AtomicPtr<u8>; N_PIECES];

// A thread takes a piece out of its place by an exchange: no lock, which a fork could leave locked.
static KEPT: [[Pieces; N_SIZES]; ALIGNS.len()] =
    [const { [const { [const { AtomicPtr::new(null_mut()) }; N_PIECES] }; N_SIZES] }; ALIGNS.len()];
static N_KEPT_BYTES: AtomicUsize = AtomicUsize::new(0);
static IS_ON: AtomicBool = AtomicBool::new(true);

/// The system's allocator, with up to 128 MiB of large memory kept for whoever wants as much next. It is to be the global
/// allocator of a program or library.
#[derive(Clone, Copy, Debug, Default)]
pub struct RecyclingAllocator;

/// Memory of a size that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    align: usize,
    size: usize,
    /// What is really asked for, at least as much.
    layout: Layout,
}

impl Kind {
    fn of(layout: Layout) -> Option<Self> {
        let align = ALIGNS.iter().position(|align| layout.align() <= *align)?;
        if layout.size() <= N_BYTES_MIN || layout.size() > N_BYTES_MAX {
            return None;
        }
        // The doubling whose lower end is below the size, and the step within it.
        let n_bits = (layout.size() - 1).ilog2();
        let step = (1_usize << n_bits) / N_STEPS;
        let n_steps = (layout.size() - (1 << n_bits)).div_ceil(step);
        let n_bytes = (1 << n_bits) + n_steps * step;
        let size = (n_bits - N_BITS_MIN) as usize * N_STEPS + n_steps - 1;
        let layout = Layout::from_size_align(n_bytes, ALIGNS[align]).ok()?;
        Some(Self { align, size, layout })
    }

    /// A piece that was kept, or null.
    fn take(self) -> *mut u8 {
        for place in &KEPT[self.align][self.size] {
            if !place.load(Ordering::Relaxed).is_null() {
                let piece = place.swap(null_mut(), Ordering::Acquire);
                if !piece.is_null() {
                    N_KEPT_BYTES.fetch_sub(self.layout.size(), Ordering::Relaxed);
                    return piece;
                }
            }
        }
        null_mut()
    }

    /// Keeps a piece; whether there was a place.
    fn keep(self, piece: *mut u8) -> bool {
        let n_bytes = self.layout.size();
        if !IS_ON.load(Ordering::Acquire) {
            return false;
        }
        if N_KEPT_BYTES.fetch_add(n_bytes, Ordering::Relaxed) + n_bytes <= N_KEPT_BYTES_MAX {
            for place in &KEPT[self.align][self.size] {
                let found = place.compare_exchange(null_mut(), piece, Ordering::Release, Ordering::Relaxed);
                if found.is_ok() {
                    // Whoever turns it off meanwhile may have passed this place already, and then nobody would free the piece.
                    fence(Ordering::SeqCst);
                    let is_kept = IS_ON.load(Ordering::Relaxed)
                        || place
                            .compare_exchange(piece, null_mut(), Ordering::Acquire, Ordering::Relaxed)
                            .is_err();
                    if is_kept {
                        return true;
                    }
                    break;
                }
            }
        }
        N_KEPT_BYTES.fetch_sub(n_bytes, Ordering::Relaxed);
        false
    }
}

/// Says whether memory is kept; what is kept goes back to the system when it no longer is.
pub(crate) fn set(is_on: bool) {
    IS_ON.store(is_on, Ordering::Release);
    if is_on {
        return;
    }
    fence(Ordering::SeqCst);
    for n_bytes in (N_BITS_MIN..N_BYTES_MAX.ilog2()).flat_map(|n_bits| {
        (1..=N_STEPS).map(move |n_steps| (1 << n_bits) + ((1_usize << n_bits) / N_STEPS) * n_steps)
    }) {
        for align in ALIGNS {
            let Some(kind) = Layout::from_size_align(n_bytes, align).ok().and_then(Kind::of) else {
                continue;
            };
            loop {
                let piece = kind.take();
                if piece.is_null() {
                    break;
                }
                // SAFETY: what is kept under a kind was allocated with its layout, and whoever takes it is the only one to have it.
                unsafe { System.dealloc(piece, kind.layout) };
            }
        }
    }
}

// SAFETY: memory of a kind is allocated and freed with the kind's layout, which has at least the size and alignment of the
// layout that is asked for and follows from it; other memory is the system's. A kept piece is given to the one thread that
// takes it out of its place.
unsafe impl GlobalAlloc for RecyclingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(kind) = Kind::of(layout) else {
            // SAFETY: the caller's layout.
            return unsafe { System.alloc(layout) };
        };
        match kind.take() {
            // SAFETY: the layout of a kind is not empty.
            piece if piece.is_null() => unsafe { System.alloc(kind.layout) },
            piece => piece,
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some(kind) = Kind::of(layout) else {
            // SAFETY: the caller's layout.
            return unsafe { System.alloc_zeroed(layout) };
        };
        // Zeros of the system's are cleared page by page, and may never be touched.
        // SAFETY: the layout of a kind is not empty.
        unsafe { System.alloc_zeroed(kind.layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        match Kind::of(layout) {
            Some(kind) if kind.keep(memory) => {}
            // SAFETY: it was allocated with that layout.
            Some(kind) => unsafe { System.dealloc(memory, kind.layout) },
            // SAFETY: it is the system's, and the layout is the caller's.
            None => unsafe { System.dealloc(memory, layout) },
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, n_bytes: usize) -> *mut u8 {
        let Ok(wanted) = Layout::from_size_align(n_bytes, layout.align()) else { return null_mut() };
        match (Kind::of(layout), Kind::of(wanted)) {
            (Some(kind), Some(other)) if kind == other => memory,
            // SAFETY: it is the system's, and the layout is the caller's.
            (None, None) => unsafe { System.realloc(memory, layout, n_bytes) },
            // SAFETY: the layout is the caller's, and both pieces have at least the bytes that are copied.
            _ => unsafe {
                let made = self.alloc(wanted);
                if !made.is_null() {
                    memory.copy_to_nonoverlapping(made, layout.size().min(n_bytes));
                    self.dealloc(memory, layout);
                }
                made
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use proptest::prelude::*;

    use super::*;

    /// What is kept is of the process: one test at a time begins with nothing.
    fn with_nothing_kept() -> MutexGuard<'static, ()> {
        static ONE: Mutex<()> = Mutex::new(());
        let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        set(false);
        set(true);
        guard
    }

    #[test]
    fn a_piece_is_of_a_size_that_is_little_more() {
        let kind = |n_bytes: usize| Kind::of(Layout::from_size_align(n_bytes, 8).unwrap());
        assert_eq!((kind(N_BYTES_MIN), kind(N_BYTES_MAX + 1)), (None, None));
        let mut sizes = Vec::new();
        for n_bytes in (N_BYTES_MIN + 1..=N_BYTES_MAX).step_by(4093).chain([N_BYTES_MAX]) {
            let kind = kind(n_bytes).unwrap();
            assert!(
                (n_bytes..=n_bytes + n_bytes / 8 + 1).contains(&kind.layout.size()),
                "{n_bytes} {kind:?}"
            );
            assert_eq!(Kind::of(kind.layout), Some(kind));
            sizes.push(kind.size);
        }
        sizes.dedup();
        assert_eq!(sizes, (0..N_SIZES).collect::<Vec<_>>());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn memory_holds_what_was_written_whatever_is_kept(
            steps in prop::collection::vec((0_usize..6, 1_usize..(700 << 10), prop_oneof![Just(1_usize), Just(64)]), 1..40),
        ) {
            let _guard = with_nothing_kept();
            let mut held: Vec<(*mut u8, Layout, u8)> = Vec::new();
            for (number, (step, n_bytes, align)) in steps.into_iter().enumerate() {
                let (layout, mark) = (Layout::from_size_align(n_bytes, align).unwrap(), number as u8);
                // SAFETY: each piece is freed once, with the layout that it has; only its own bytes are touched.
                unsafe {
                    match (step, held.pop()) {
                        (0, Some((memory, layout, _))) => RecyclingAllocator.dealloc(memory, layout),
                        (1, Some((memory, old, mark))) => {
                            let memory = RecyclingAllocator.realloc(memory, old, n_bytes);
                            let n_same = n_bytes.min(old.size());
                            prop_assert!(std::slice::from_raw_parts(memory, n_same).iter().all(|byte| *byte == mark));
                            memory.write_bytes(mark, n_bytes);
                            held.push((memory, Layout::from_size_align(n_bytes, old.align()).unwrap(), mark));
                        }
                        (2, other) => {
                            held.extend(other);
                            let memory = RecyclingAllocator.alloc_zeroed(layout);
                            prop_assert!(std::slice::from_raw_parts(memory, n_bytes).iter().all(|byte| *byte == 0));
                            memory.write_bytes(mark, n_bytes);
                            held.push((memory, layout, mark));
                        }
                        (_, other) => {
                            held.extend(other);
                            let memory = RecyclingAllocator.alloc(layout);
                            prop_assert_eq!(memory.addr() % align, 0);
                            memory.write_bytes(mark, n_bytes);
                            held.push((memory, layout, mark));
                        }
                    }
                    for (memory, layout, mark) in &held {
                        prop_assert!([0, layout.size() - 1].iter().all(|at| memory.add(*at).read() == *mark));
                    }
                }
            }
            for (memory, layout, _) in held {
                // SAFETY: as above.
                unsafe { RecyclingAllocator.dealloc(memory, layout) };
            }
            prop_assert!(N_KEPT_BYTES.load(Ordering::Relaxed) <= N_KEPT_BYTES_MAX);
        }
    }

    #[test]
    fn nothing_is_kept_once_it_is_off() {
        let _guard = with_nothing_kept();
        let layout = Layout::from_size_align(1 << 20, 8).unwrap();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        // SAFETY: the piece is freed once, with its layout.
                        unsafe { RecyclingAllocator.dealloc(RecyclingAllocator.alloc(layout), layout) };
                    }
                });
            }
            for _ in 0..2_000 {
                set(true);
                set(false);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let kept = Kind::of(layout).unwrap().take();
        assert!(kept.is_null(), "kept for nobody");
        assert_eq!(N_KEPT_BYTES.load(Ordering::Relaxed), 0);
        set(true);
    }

    #[test]
    fn what_was_let_go_of_is_given_again() {
        let _guard = with_nothing_kept();
        let layout = Layout::from_size_align(30 << 20, 8).unwrap();
        // SAFETY: each piece is freed once, with its layout.
        unsafe {
            let first = RecyclingAllocator.alloc(layout);
            RecyclingAllocator.dealloc(first, layout);
            let second = RecyclingAllocator.alloc(Layout::from_size_align(29 << 20, 8).unwrap());
            assert_eq!(first, second);
            RecyclingAllocator.dealloc(second, layout);
        }
    }
}
