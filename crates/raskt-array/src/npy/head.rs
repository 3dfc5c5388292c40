//! The head of a file: what its bytes are.

use std::fs::File;
use std::io::{ErrorKind as IoKind, Read};
use std::path::Path;

use raskt_core::{DType, ErrorKind, Fit, Result};

const MAGIC: &[u8] = b"\x93NUMPY";
/// The elements begin at a multiple of so many bytes.
const ALIGN: usize = 64;
/// A head is a line that says three things: more than that is no head.
const HEAD_BYTES_MAX: usize = 1 << 20;

/// The order of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The last axis varies fastest.
    C,
    /// The first axis varies fastest.
    Fortran,
}

/// What a file holds, and where its elements begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The dtype of the elements.
    pub dtype: DType,
    /// The order in which they lie.
    pub order: Order,
    /// The length along each axis.
    pub shape: Vec<u64>,
    /// The first byte of the elements.
    pub start: u64,
}

/// An error of the operating system's, with the path.
pub(super) fn io_error(path: &Path, error: &std::io::Error) -> raskt_core::Error {
    ErrorKind::Io { path: path.display().to_string(), reason: error.to_string() }.into()
}

/// The bytes of an array; `None` where they are more than 64 bits count.
pub(super) fn n_bytes(dtype: &DType, shape: &[u64]) -> Option<u64> {
    let item = dtype.item_bytes()? as u64;
    shape.iter().try_fold(item, |n, &length| n.checked_mul(length))
}

impl Head {
    /// Reads the head of a file, and sees that it has as many bytes as that says.
    ///
    /// # Errors
    /// [`ErrorKind::Io`]; [`ErrorKind::Corrupt`], with the path, for what is no such file or too short;
    /// [`ErrorKind::NotImplemented`] for elements that are no numbers in this machine's byte order.
    pub fn of(path: &Path) -> Result<Self> {
        let corrupt = |what: &str| ErrorKind::Corrupt(format!("{}: {what}", path.display()));
        let mut file = File::open(path).map_err(|error| io_error(path, &error))?;
        let mut take = |n: usize| -> Result<Vec<u8>> {
            let mut bytes = vec![0; n];
            file.read_exact(&mut bytes).map_err(|error| match error.kind() {
                IoKind::UnexpectedEof => corrupt("it ends within its head").into(),
                _ => io_error(path, &error),
            })?;
            Ok(bytes)
        };
        let first = take(MAGIC.len() + 2)?;
        let Some([major, _]) = first.strip_prefix(MAGIC) else {
            return Err(corrupt("it is no .npy file").into());
        };
        let n_length_bytes = match major {
            1 => 2,
            2 | 3 => 4,
            other => return Err(corrupt(&format!("version {other} of the format is not known")).into()),
        };
        let length = take(n_length_bytes)?;
        let length = length.iter().rev().fold(0_usize, |n, &byte| n << 8 | usize::from(byte));
        if length > HEAD_BYTES_MAX {
            return Err(corrupt(&format!("a head of {length} bytes")).into());
        }
        let text = String::from_utf8(take(length)?).map_err(|_| corrupt("its head is no text"))?;
        let start = (first.len() + n_length_bytes + length) as u64;
        let (descr, order, shape) = parsed(&text).ok_or_else(|| corrupt(&format!("a head of {text:?}")))?;
        let dtype = dtype_of(descr).ok_or_else(|| {
            let what = format!("{}: elements of {descr:?}: numpy.load reads them", path.display());
            ErrorKind::NotImplemented(what)
        })?;
        let there = file.metadata().map_err(|error| io_error(path, &error))?.len();
        match n_bytes(&dtype, &shape).and_then(|n| n.checked_add(start)) {
            Some(end) if end <= there => Ok(Self { dtype, order, shape, start }),
            _ => {
                Err(corrupt(&format!("it ends at byte {there}, before the last of {shape:?} elements"))
                    .into())
            }
        }
    }

    /// The head of a file of such an array in C order, as bytes; `None` for elements that are no numbers.
    #[must_use]
    pub fn written(dtype: &DType, shape: &[u64]) -> Option<(Self, Vec<u8>)> {
        let descr = descr_of(dtype)?;
        let lengths = shape.iter().map(|n| format!("{n},")).collect::<Vec<_>>().join(" ");
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}");
        // Version 1 has two bytes for the length: no array has axes enough to need more.
        let fixed = MAGIC.len() + 4;
        let end = (fixed + text.len() + 1).next_multiple_of(ALIGN);
        let mut bytes = [MAGIC, &[1, 0], &(end - fixed).fit::<u16>().to_le_bytes(), text.as_bytes()].concat();
        bytes.resize(end - 1, b' ');
        bytes.push(b'\n');
        let head = Self { dtype: dtype.clone(), order: Order::C, shape: shape.to_vec(), start: end as u64 };
        Some((head, bytes))
    }
}

/// The text behind a key of the head's dictionary.
fn behind<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let at = text.find(&format!("'{key}'"))? + key.len() + 2;
    text[at..].trim_start().strip_prefix(':').map(str::trim_start)
}

/// What a head says: the dtype as text, the order, the shape.
fn parsed(text: &str) -> Option<(&str, Order, Vec<u64>)> {
    let descr = behind(text, "descr")?.strip_prefix('\'')?;
    let descr = &descr[..descr.find('\'')?];
    let order = match behind(text, "fortran_order")? {
        text if text.starts_with("False") => Order::C,
        text if text.starts_with("True") => Order::Fortran,
        _ => return None,
    };
    let shape = behind(text, "shape")?.strip_prefix('(')?;
    let lengths = shape[..shape.find(')')?].split(',').map(str::trim).filter(|text| !text.is_empty());
    let shape = lengths.map(|text| text.trim_end_matches('L').parse().ok()).collect::<Option<_>>()?;
    Some((descr, order, shape))
}

const NAMES: [(&str, DType); 13] = [
    ("b1", DType::Bool),
    ("i1", DType::Int8),
    ("i2", DType::Int16),
    ("i4", DType::Int32),
    ("i8", DType::Int64),
    ("u1", DType::UInt8),
    ("u2", DType::UInt16),
    ("u4", DType::UInt32),
    ("u8", DType::UInt64),
    ("f4", DType::Float32),
    ("f8", DType::Float64),
    ("c8", DType::Complex64),
    ("c16", DType::Complex128),
];

const OWN_ENDIAN: char = if cfg!(target_endian = "little") { '<' } else { '>' };

fn dtype_of(descr: &str) -> Option<DType> {
    let name = descr.strip_prefix([OWN_ENDIAN, '|', '=']).unwrap_or(descr);
    NAMES.iter().find(|(own, _)| *own == name).map(|(_, dtype)| dtype.clone())
}

fn descr_of(dtype: &DType) -> Option<String> {
    let (name, _) = NAMES.iter().find(|(_, own)| own == dtype)?;
    let endian = if dtype.item_bytes() == Some(1) { '|' } else { OWN_ENDIAN };
    Some(format!("{endian}{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let folder = std::env::temp_dir().join(format!("raskt-npy-head-{}", std::process::id()));
        for (dtype, shape) in
            [(DType::Float64, vec![2, 3]), (DType::Bool, vec![]), (DType::Complex64, vec![7])]
        {
            let (head, mut bytes) = Head::written(&dtype, &shape).unwrap();
            assert_eq!(bytes.len() % ALIGN, 0);
            bytes.resize(bytes.len() + n_bytes(&dtype, &shape).unwrap() as usize, 0);
            std::fs::write(&folder, &bytes).unwrap();
            assert_eq!(Head::of(&folder).unwrap(), head);
            std::fs::write(&folder, &bytes[..bytes.len() - 1]).unwrap();
            let error = Head::of(&folder).unwrap_err();
            assert!(
                matches!(error.kind(), ErrorKind::Corrupt(what) if what.contains("ends at byte")),
                "{error}"
            );
        }
        std::fs::remove_file(&folder).unwrap();
    }

    #[test]
    fn heads_of_numpy_are_understood() {
        let text = "{'descr': '<f8', 'fortran_order': True, 'shape': (3, 4), }  \n";
        assert_eq!(parsed(text), Some(("<f8", Order::Fortran, vec![3, 4])));
        assert_eq!(
            parsed("{'descr': '|b1', 'fortran_order': False, 'shape': (), }"),
            Some(("|b1", Order::C, vec![]))
        );
        assert_eq!(parsed("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }"), None);
        assert_eq!(parsed("{'descr': '<f8', 'shape': (-1,), }"), None);
        assert_eq!(dtype_of(if OWN_ENDIAN == '<' { ">f8" } else { "<f8" }), None);
    }
}
