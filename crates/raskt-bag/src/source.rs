//! Parts of files, and readers of what they decompress to.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The compressed bytes that are read at once.
const COMPRESSED_BYTES: usize = 1 << 17;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, of any number of members.
    Gzip,
    /// bzip2, of any number of streams.
    Bzip2,
    /// xz, of any number of streams.
    Xz,
    /// Zstandard, of any number of frames.
    Zstd,
}

impl Compression {
    /// The compression that users call `name`.
    ///
    /// ```
    /// use raskt_bag::Compression;
    /// assert_eq!(Compression::named("gzip"), Some(Compression::Gzip));
    /// assert_eq!(Compression::named("rar"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "gzip" => Self::Gzip,
            "bz2" => Self::Bzip2,
            "xz" => Self::Xz,
            "zstd" => Self::Zstd,
            _ => return None,
        })
    }

    /// The compression that the end of a file's name tells.
    ///
    /// ```
    /// use raskt_bag::Compression;
    /// assert_eq!(Compression::of_name("a.json.GZ".as_ref()), Compression::Gzip);
    /// assert_eq!(Compression::of_name("a.json".as_ref()), Compression::None);
    /// ```
    pub fn of_name(path: &Path) -> Self {
        let suffix = path.extension().map(|suffix| suffix.to_string_lossy().to_ascii_lowercase());
        match suffix.as_deref() {
            Some("gz") => Self::Gzip,
            Some("bz2") => Self::Bzip2,
            Some("xz") => Self::Xz,
            Some("zst") => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// Opens a file at a byte of it.
pub type Opener = Arc<dyn Fn(u64) -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

/// A part of a file: the lines that begin in it.
#[derive(Clone)]
pub struct Part {
    /// The file.
    pub path: PathBuf,
    /// How it is compressed.
    pub compression: Compression,
    /// The first byte of the part; 0 for compressed files.
    pub begin: u64,
    /// The byte after the part; `None` for the rest of the file.
    pub end: Option<u64>,
    /// What opens the file, where it is no local one.
    pub opener: Option<Opener>,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?}) from {} to {:?}", self.path.display(), self.compression, self.begin, self.end)
    }
}

impl Part {
    /// The whole of a local file, compressed as its name tells.
    pub fn whole(path: &Path) -> Self {
        let compression = Compression::of_name(path);
        Self { path: path.to_path_buf(), compression, begin: 0, end: None, opener: None }
    }

    /// Whether another thread is of use, as there is much to decompress. (A file that an opener opens may need what its
    /// reader holds, such as Python's lock, and is left to it.)
    pub(crate) fn is_worth_a_thread(&self) -> bool {
        self.compression != Compression::None
            && self.opener.is_none()
            && std::fs::metadata(&self.path).is_ok_and(|found| found.len() > COMPRESSED_BYTES as u64)
    }

    /// A reader of what the file decompresses to, from byte `at` on.
    pub(crate) fn read_from(&self, at: u64) -> io::Result<Box<dyn Read + Send>> {
        if at > 0 && self.compression != Compression::None {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a part of a compressed file"));
        }
        let raw: Box<dyn Read + Send> = match &self.opener {
            Some(opener) => opener(at)?,
            None => {
                let mut file = File::open(&self.path)?;
                if at > 0 {
                    file.seek(SeekFrom::Start(at))?;
                }
                Box::new(file)
            }
        };
        decompress(raw, self.compression)
    }
}

/// A reader of what a local file decompresses to.
///
/// # Errors
/// Where the file cannot be opened.
pub fn open(path: &Path, compression: Compression) -> io::Result<Box<dyn Read + Send>> {
    decompress(Box::new(File::open(path)?), compression)
}

fn decompress(raw: Box<dyn Read + Send>, compression: Compression) -> io::Result<Box<dyn Read + Send>> {
    let buffered = |raw| BufReader::with_capacity(COMPRESSED_BYTES, raw);
    Ok(match compression {
        Compression::None => raw,
        Compression::Gzip => Box::new(Gzip::Between(buffered(raw))),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(buffered(raw))),
        Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(buffered(raw))),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(buffered(raw))?),
    })
}

/// gzip as Python reads it: any number of members, none in an empty file, zeros after each (RFC 1952 knows members
/// alone; tapes and some writers pad).
enum Gzip<R: BufRead> {
    Between(R),
    Member(Box<flate2::bufread::GzDecoder<R>>),
    Moved,
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(self, Self::Moved) {
                Self::Between(mut rest) => {
                    let is_at_end = skip_zeros(&mut rest)?;
                    if is_at_end {
                        *self = Self::Between(rest);
                        return Ok(0);
                    }
                    *self = Self::Member(Box::new(flate2::bufread::GzDecoder::new(rest)));
                }
                Self::Member(mut member) => match member.read(buffer) {
                    Ok(0) => *self = Self::Between(member.into_inner()),
                    found => {
                        *self = Self::Member(member);
                        return found;
                    }
                },
                // Only after an error, which ended reading.
                Self::Moved => return Ok(0),
            }
        }
    }
}

/// Skips zeros; returns whether nothing follows.
fn skip_zeros(rest: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = rest.fill_buf()?;
        let Some(n) = bytes.iter().position(|&byte| byte != 0) else {
            let n = bytes.len();
            if n == 0 {
                return Ok(true);
            }
            rest.consume(n);
            continue;
        };
        rest.consume(n);
        return Ok(false);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn member(text: &[u8]) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    fn unzip(data: &[u8]) -> io::Result<Vec<u8>> {
        let mut found = Vec::new();
        Gzip::Between(data).read_to_end(&mut found).map(|_| found)
    }

    #[test]
    fn members_follow_one_another_with_zeros_between() {
        let zeros = [0; 7];
        let data = [member(b"one"), zeros.to_vec(), member(b""), member(b"two"), zeros.to_vec()].concat();
        assert_eq!(unzip(&data).unwrap(), b"onetwo");
        assert_eq!(unzip(b"").unwrap(), b"");
    }

    #[test]
    fn what_is_cut_off_or_no_gzip_is_an_error() {
        let data = member(&[b'x'; 5000]);
        for end in 1..data.len() {
            assert_eq!(unzip(&data[..end]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{end}");
        }
        assert!(unzip(&[data, b"rest".to_vec()].concat()).is_err());
    }
}
