//! `docs/array-kernels.md` says what the table of kernels says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

use std::fmt::Write;
use std::path::Path;

use raskt_array::kernels::{KernelRow, table};
use raskt_core::{DType, TimeUnit};

/// Write the page instead of comparing it: `RASKT_WRITE=1 cargo test -p raskt-array --test kernel_table`.
const WRITE: &str = "RASKT_WRITE";

const HEAD: &str = "\
# Native kernels

Which operation runs natively for which dtype (●), and for which as NumPy's function on the chunk (○); where there is
nothing, NumPy has no such loop either. Two operands are of one dtype, but for times, which meet a `timedelta64` or an
`int64`. What stands in no table runs as NumPy's function; so do all other dtypes, and everything with
`raskt.config.set({\"array.native\": False})`. `x.explain()` ends with what the tasks run: names that begin with `array.`
are native.

## How exact they are

Native results are those of NumPy to the bit, but for

- functions with a number in the column ULP: at most so many units in the last place apart (`absolute` of complex numbers
  only);
- sums, products, means and deviations of floats, which are accumulated pairwise, or better, but not in NumPy's order: as far
  apart as rounding of their terms in another order may put them, at most 16 machine epsilons of the sum of their magnitudes;
- products of matrices of floats, likewise;
- which of two zeros, 0.0 or -0.0, is the larger or comes first, and which bits a NaN has;
- sums of `timedelta64` that overflow: where an intermediate sum happens to be the bits of NaT, it stays NaT;
- what C leaves undefined: casts to integers of numbers that do not fit.

`tests/python/array/test_native_is_numpy.py` holds each row to NumPy over NaN, NaT, zeros of both signs, infinities,
overflow, subnormal numbers, empty axes, arrays without axes, steps of either sign, other byte orders and read-only memory.

Kernels report floating-point errors as NumPy does, by the `numpy.errstate` of whoever computes: each
step of a fused chain by its own name, each kind once a computation. `\"raise\"` fails the task that meets one, whose key the error has.
The processor's flags (x86-64, AArch64) are read once a step and tile; remainders, floored division and casts to integers look
at their operands; of sums, products and means a flag counts where the result shows it. Nothing is read where all is ignored.
Variances report as `reduce` what NumPy reports of its several steps, and quotients by no elements as `divide`; the advice that
NumPy gives in words (\"Mean of empty slice\") is not repeated. Products of matrices report an invalid value where the result
has a NaN and no operand has, `dot` by the name of `matmul`. Underflow is reported of products, quotients, powers and casts.
`divmod` reports as `floor_divide` and `remainder`. Where NumPy's own reports are wanted, set `array.native` to False.

Large products of floats (from 4 million multiplications a pair of blocks) are NumPy's too, that is its BLAS; smaller ones,
and all of whole numbers, run natively.

Generated from the kernels (`raskt_array::kernels::table`) by
`RASKT_WRITE=1 cargo test -p raskt-array --test kernel_table`.
";

const FAMILIES: [(&str, &str); 4] = [
    ("ufunc", "Element by element"),
    ("cast", "Casts"),
    ("reduction", "Reductions"),
    ("body", "Blocks made, moved, multiplied and accumulated"),
];

fn columns() -> Vec<(&'static str, DType)> {
    let short = ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16", "M8", "m8"];
    let integers = [DType::Bool, DType::Int8, DType::Int16, DType::Int32, DType::Int64];
    let others = [DType::UInt8, DType::UInt16, DType::UInt32, DType::UInt64, DType::Float32, DType::Float64];
    let rest = [DType::Complex64, DType::Complex128];
    let times = [DType::Datetime(TimeUnit::Nanosecond), DType::Timedelta(TimeUnit::Nanosecond)];
    short.into_iter().zip(integers.into_iter().chain(others).chain(rest).chain(times)).collect()
}

fn cell(row: &KernelRow, dtype: &DType) -> &'static str {
    match (row.native.contains(dtype), row.library.contains(dtype)) {
        (true, false) => "●",
        (false, true) => "○",
        (false, false) => " ",
        (true, true) => panic!("{} of {dtype} is both", row.operation),
    }
}

fn page() -> String {
    let columns = columns();
    let mut page = HEAD.to_owned();
    for (family, title) in FAMILIES {
        write!(page, "\n## {title}\n\n| operation |").unwrap();
        columns.iter().for_each(|(short, _)| write!(page, " {short} |").unwrap());
        page.push_str(if family == "ufunc" { " ULP |\n|---|" } else { "\n|---|" });
        columns.iter().for_each(|_| page.push_str(":-:|"));
        page.push_str(if family == "ufunc" { "--:|\n" } else { "\n" });
        let mut rows: Vec<&KernelRow> = table().iter().filter(|row| row.family == family).collect();
        if family != "cast" {
            rows.sort_by(|a, b| a.operation.cmp(&b.operation));
        }
        for row in rows {
            write!(page, "| `{}` |", row.operation).unwrap();
            columns.iter().for_each(|(_, dtype)| write!(page, " {} |", cell(row, dtype)).unwrap());
            match (family, row.ulps) {
                ("ufunc", 0) => page.push_str(" |\n"),
                ("ufunc", ulps) => writeln!(page, " {ulps} |").unwrap(),
                _ => page.push('\n'),
            }
        }
    }
    page
}

#[test]
fn the_page_is_what_the_kernels_say() {
    let path =
        Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../docs/array-kernels.md");
    let page = page();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "{} is stale: run with {WRITE}=1", path.display());
}

#[test]
fn every_family_has_a_table() {
    let known: Vec<&str> = FAMILIES.iter().map(|(family, _)| *family).collect();
    let lost: Vec<&str> =
        table().iter().filter(|row| !known.contains(&row.family)).map(|row| row.operation.as_str()).collect();
    assert_eq!(lost, Vec::<&str>::new());
}

/// Kernels that do no operation of their own: what they are for.
const INNER: &[(&str, &str)] = &[
    ("array.aggregate", "the last step of reductions"),
    ("array.carried", "cumulate: what a block passes on"),
    ("array.combine", "partial results of reductions"),
    ("array.cut", "rechunks that hand over pieces"),
    ("array.elementwise", "everything element by element"),
    ("array.inverse", "unique(return_inverse=True)"),
    ("array.merge", "sort: blocks against each other"),
    ("array.overlay", "take: of several blocks"),
    ("array.padded_sum", "bincount: of several blocks"),
    ("array.preceding", "cumulate: what came before a block"),
    ("array.random", "random numbers"),
];

#[test]
fn every_kernel_is_in_the_table_or_known_to_serve_one_that_is() {
    let lost: Vec<&str> = raskt_array::kernels::names()
        .filter(|name| INNER.iter().all(|(inner, _)| inner != name))
        .filter(|name| !table().iter().any(|row| name.strip_prefix("array.") == Some(&row.operation)))
        .collect();
    assert_eq!(lost, Vec::<&str>::new());
}
