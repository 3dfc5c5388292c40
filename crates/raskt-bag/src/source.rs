//! Parts of files, and readers of what they decompress to.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use liblzma::bufread::XzDecoder;

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
        Compression::Gzip => Box::new(Members::<_, GzDecoder<_>>::new(buffered(raw))),
        Compression::Bzip2 => Box::new(Members::<_, BzDecoder<_>>::new(buffered(raw))),
        Compression::Xz => Box::new(Members::<_, XzDecoder<_>>::new(buffered(raw))),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(buffered(raw))?),
    })
}

/// A decoder of one member (gzip) or stream (bzip2, xz) of a file that may have several.
trait Member<R>: Read {
    const NAME: &str;
    /// What it begins with.
    const MAGIC: &[u8];
    /// Whether an empty file is one of no members, and whether only members may follow the first: gzip's are so to
    /// Python, while what follows the last stream of the others is left alone.
    const ARE_ALL: bool;
    fn begin(reader: R) -> Self;
    fn end(self) -> R;
}

impl<R: BufRead> Member<R> for GzDecoder<R> {
    const NAME: &str = "gzip";
    const MAGIC: &[u8] = b"\x1f\x8b";
    const ARE_ALL: bool = true;

    fn begin(reader: R) -> Self {
        Self::new(reader)
    }

    fn end(self) -> R {
        self.into_inner()
    }
}

impl<R: BufRead> Member<R> for BzDecoder<R> {
    const NAME: &str = "bzip2";
    const MAGIC: &[u8] = b"BZh";
    const ARE_ALL: bool = false;

    fn begin(reader: R) -> Self {
        Self::new(reader)
    }

    fn end(self) -> R {
        self.into_inner()
    }
}

impl<R: BufRead> Member<R> for XzDecoder<R> {
    const NAME: &str = "xz";
    const MAGIC: &[u8] = b"\xfd7zXZ\0";
    const ARE_ALL: bool = false;

    fn begin(reader: R) -> Self {
        Self::new(reader)
    }

    fn end(self) -> R {
        self.into_inner()
    }
}

/// Files as Python reads them: any number of members, and zeros after each. (Specifications know members alone, but
/// tapes and some writers pad; and what comes after bzip2 and xz and is neither has no meaning.)
enum Members<R, M> {
    Between {
        reader: R,
        is_first: bool,
    },
    Member(Box<M>),
    /// After the last one, or an error.
    Over,
}

impl<R: BufRead, M: Member<R>> Members<R, M> {
    fn new(reader: R) -> Self {
        Self::Between { reader, is_first: true }
    }

    /// The next member, before whose begin `reader` stands.
    fn next(mut reader: R, is_first: bool) -> io::Result<Self> {
        if !is_first {
            skip_zeros(&mut reader)?;
        }
        let bytes = reader.fill_buf()?;
        let is_at_end = bytes.is_empty();
        let is_begin = bytes.iter().zip(M::MAGIC).all(|(byte, magic)| byte == magic);
        let is_optional = M::ARE_ALL || !is_first;
        match (is_at_end, is_begin) {
            (true, _) if is_optional => Ok(Self::Over),
            (true, _) => Err(io::ErrorKind::UnexpectedEof.into()),
            (false, false) if is_first => Err(invalid(format!("it is no {} file", M::NAME))),
            (false, false) if M::ARE_ALL => {
                Err(invalid(format!("what follows its {0} data is no {0}", M::NAME)))
            }
            (false, false) => Ok(Self::Over),
            (false, true) => Ok(Self::Member(Box::new(M::begin(reader)))),
        }
    }
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

impl<R: BufRead, M: Member<R>> Read for Members<R, M> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match std::mem::replace(self, Self::Over) {
                Self::Between { reader, is_first } => *self = Self::next(reader, is_first)?,
                Self::Member(mut member) => match member.read(buffer) {
                    Ok(0) => *self = Self::Between { reader: member.end(), is_first: false },
                    found => {
                        *self = Self::Member(member);
                        return found;
                    }
                },
                Self::Over => return Ok(0),
            }
        }
    }
}

fn skip_zeros(rest: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = rest.fill_buf()?;
        let n = bytes.iter().take_while(|&&byte| byte == 0).count();
        let is_over = n < bytes.len() || bytes.is_empty();
        rest.consume(n);
        if is_over {
            return Ok(());
        }
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
        Members::<_, GzDecoder<_>>::new(data).read_to_end(&mut found).map(|_| found)
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
        for (before, rest) in [(&data[..], &b"rest"[..]), (b"", b"text"), (b"", b"\0")] {
            assert_eq!(unzip(&[before, rest].concat()).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }

    #[test]
    fn streams_follow_one_another_and_what_is_none_is_left_alone() {
        fn all<'a, M: Member<&'a [u8]>>(data: &'a [u8]) -> io::Result<Vec<u8>> {
            let mut found = Vec::new();
            Members::<_, M>::new(data).read_to_end(&mut found).map(|_| found)
        }
        let bzip2 = |text: &[u8]| {
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        };
        let xz = |text: &[u8]| {
            let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 1);
            writer.write_all(text).unwrap();
            writer.finish().unwrap()
        };
        let bzipped = [bzip2(b"one"), bzip2(b""), bzip2(b"two")].concat();
        let xzipped = [xz(b"one"), vec![0; 4], xz(b""), xz(b"two")].concat();
        assert_eq!(all::<BzDecoder<_>>(&bzipped).unwrap(), b"onetwo");
        assert_eq!(all::<XzDecoder<_>>(&xzipped).unwrap(), b"onetwo");
        for rest in [&b"rest"[..], b"\0\0\0", b"\0rest"] {
            assert_eq!(all::<BzDecoder<_>>(&[&bzipped, rest].concat()).unwrap(), b"onetwo");
            assert_eq!(all::<XzDecoder<_>>(&[&xzipped, rest].concat()).unwrap(), b"onetwo");
        }
        for end in 0..bzip2(b"one").len() {
            assert_eq!(
                all::<BzDecoder<_>>(&bzipped[..end]).unwrap_err().kind(),
                io::ErrorKind::UnexpectedEof
            );
        }
        for end in 0..xz(b"one").len() {
            assert_eq!(
                all::<XzDecoder<_>>(&xzipped[..end]).unwrap_err().kind(),
                io::ErrorKind::UnexpectedEof
            );
        }
        assert!(all::<BzDecoder<_>>(b"no bzip2").is_err());
        let error = all::<XzDecoder<_>>(b"no xz").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
