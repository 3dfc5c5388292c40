//! Parts of files, and readers of what they decompress to.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

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
}

/// A part of a file: the lines that begin in it.
#[derive(Clone, Debug)]
pub struct Part {
    /// The file.
    pub path: PathBuf,
    /// How it is compressed.
    pub compression: Compression,
    /// The first byte of the part; 0 for compressed files.
    pub begin: u64,
    /// The byte after the part; `None` for the rest of the file.
    pub end: Option<u64>,
}

impl Part {
    /// The whole of a file that is not compressed.
    pub fn whole(path: &Path) -> Self {
        Self { path: path.to_path_buf(), compression: Compression::None, begin: 0, end: None }
    }
}

/// A reader of what a file decompresses to.
///
/// # Errors
/// Where the file cannot be opened.
pub fn open(path: &Path, compression: Compression) -> io::Result<Box<dyn Read + Send>> {
    let file = File::open(path)?;
    let buffered = |file| io::BufReader::with_capacity(1 << 17, file);
    Ok(match compression {
        Compression::None => Box::new(file),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered(file))),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(buffered(file))),
        Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(buffered(file))),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(buffered(file))?),
    })
}
