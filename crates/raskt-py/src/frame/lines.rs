//! Where header and lines of CSV lie, for pandas to read them.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use raskt_frame::io::csv::{BlockLines, BlockText, CsvFormat, block_lines, header};

/// How the lines are written, as far as it matters where they begin.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct LineFormat {
    separator: String,
    quote: Option<String>,
    comment: Option<String>,
    skips_blank_lines: bool,
}

impl LineFormat {
    fn csv(&self) -> PyResult<CsvFormat> {
        Ok(CsvFormat {
            delimiter: byte(&self.separator)?,
            quote: self.quote.as_ref().map(byte).transpose()?,
            comment: self.comment.as_ref().map(byte).transpose()?,
            skips_blank_lines: self.skips_blank_lines,
            ..CsvFormat::default()
        })
    }
}

/// The only byte of a text.
pub fn byte(text: &String) -> PyResult<u8> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ => Err(PyValueError::new_err(format!("{text:?} is not one ASCII character"))),
    }
}

/// Where the header begins and ends, and how many fields a line has.
#[pyfunction]
fn frame_csv_header(
    text: &[u8],
    format: LineFormat,
    n_skipped: usize,
    n_lines: usize,
) -> PyResult<(usize, usize, usize)> {
    let (place, n_fields) = header(text, &format.csv()?, n_skipped, n_lines);
    Ok((place.start, place.end, n_fields))
}

/// Where the lines of a block begin and end; None where the text ends before they do.
#[pyfunction]
fn frame_csv_lines(
    py: Python<'_>,
    text: &[u8],
    end: usize,
    is_first: bool,
    is_all: bool,
    n_fields: usize,
    format: LineFormat,
) -> PyResult<Option<(usize, usize)>> {
    let format = format.csv()?;
    match py.detach(|| block_lines(BlockText { text, end, is_first, is_all }, n_fields, &format)) {
        BlockLines::At(place) => Ok(Some((place.start, place.end))),
        BlockLines::Beyond => Ok(None),
        BlockLines::Unclear => {
            let what =
                "lines cannot be told from text in quotes where a block ends: read it with blocksize=None";
            Err(PyValueError::new_err(what))
        }
    }
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(frame_csv_header, module)?)?;
    module.add_function(wrap_pyfunction!(frame_csv_lines, module)?)
}
