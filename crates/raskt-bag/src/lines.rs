//! Lines of a part of a file, in blocks of whole lines, in one buffer.

use std::io::{self, Read};

use crate::source::Part;

/// The bytes that are read at once; a line that is longer makes the buffer grow.
const CHUNK_BYTES: usize = 1 << 18;

/// Whole lines, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// The lines, each with what ends it; only the last of a file may lack that.
    pub bytes: &'a [u8],
    /// Where the first begins in the (decompressed) file.
    pub offset: u64,
}

/// The lines of a part, which end with a byte that they keep.
pub struct Lines {
    reader: Box<dyn Read + Send>,
    delimiter: u8,
    buffer: Vec<u8>,
    /// The bytes of the buffer that are not yet handed out.
    from: usize,
    to: usize,
    /// How many of them are known to lack the delimiter.
    searched: usize,
    /// Where the next line begins in the (decompressed) file.
    offset: u64,
    end: Option<u64>,
    is_at_end: bool,
}

impl Lines {
    /// Opens a part whose lines end with `delimiter`.
    ///
    /// # Errors
    /// Where the file cannot be opened or read.
    pub fn open(part: &Part, delimiter: u8) -> io::Result<Self> {
        // The line that began before this part is the part before's: the byte before may end it.
        let offset = part.begin.saturating_sub(1);
        let mut lines = Self {
            reader: part.read_from(offset)?,
            delimiter,
            buffer: vec![0; CHUNK_BYTES],
            from: 0,
            to: 0,
            searched: 0,
            offset,
            end: None,
            is_at_end: false,
        };
        if part.begin > 0 {
            lines.skip_line()?;
        }
        lines.end = part.end;
        Ok(lines)
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let rest = &self.buffer[self.from..self.to];
            let found = memchr::memchr(self.delimiter, rest);
            let n = found.map_or(rest.len(), |at| at + 1);
            self.from += n;
            self.offset += n as u64;
            if found.is_some() || self.is_at_end {
                return Ok(());
            }
            self.fill()?;
        }
    }

    /// The next lines, or `None` after the last.
    ///
    /// # Errors
    /// Where the file cannot be read or decompressed.
    pub fn block(&mut self) -> io::Result<Option<Block<'_>>> {
        if self.end.is_some_and(|end| self.offset >= end) {
            return Ok(None);
        }
        loop {
            let rest = &self.buffer[self.from + self.searched..self.to];
            if let Some(at) = memchr::memrchr(self.delimiter, rest) {
                return Ok(Some(self.hand_out(self.from + self.searched + at + 1)));
            }
            self.searched = self.to - self.from;
            if self.is_at_end {
                return Ok((self.from < self.to).then(|| self.hand_out(self.to)));
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.from > 0 {
            self.buffer.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        if self.to == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.reader.read(&mut self.buffer[self.to..]) {
            Ok(0) => self.is_at_end = true,
            Ok(n) => self.to += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Hands out what is there before `to`, but for lines that begin after the part.
    fn hand_out(&mut self, to: usize) -> Block<'_> {
        let mut bytes = self.from..to;
        if let Some(end) = self.end {
            // The last line is the one whose delimiter is the first at or after the last byte of the part.
            let last = (end - 1).saturating_sub(self.offset).min((to - self.from) as u64) as usize;
            if let Some(at) = memchr::memchr(self.delimiter, &self.buffer[self.from + last..to]) {
                bytes.end = self.from + last + at + 1;
            }
        }
        let offset = self.offset;
        self.offset += bytes.len() as u64;
        self.from = bytes.end;
        self.searched = 0;
        Block { bytes: &self.buffer[bytes], offset }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn all(part: &Part) -> Vec<Vec<u8>> {
        let mut lines = Lines::open(part, b'\n').unwrap();
        let mut found = Vec::new();
        let mut offset = None;
        while let Some(block) = lines.block().unwrap() {
            assert_eq!(*offset.get_or_insert(block.offset), block.offset);
            offset = Some(block.offset + block.bytes.len() as u64);
            found.extend(block.bytes.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec));
        }
        found
    }

    fn file(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("raskt-{name}-{}", std::process::id()))
    }

    fn blocks(path: &Path, size: u64, block: u64) -> impl Iterator<Item = Part> {
        (0..size.div_ceil(block)).map(move |i| Part {
            begin: i * block,
            end: Some(((i + 1) * block).min(size)),
            ..Part::whole(path)
        })
    }

    proptest! {
        #[test]
        fn parts_have_every_line_once(data in "[ab\n]{0,60}", block in 1u64..20) {
            let path = file("lines");
            std::fs::write(&path, &data).unwrap();
            let whole: Vec<Vec<u8>> = data.split_inclusive('\n').map(|line| line.as_bytes().to_vec()).collect();
            prop_assert_eq!(&all(&Part::whole(&path)), &whole);
            let parts = blocks(&path, data.len() as u64, block);
            prop_assert_eq!(parts.flat_map(|part| all(&part)).collect::<Vec<_>>(), whole);
        }
    }

    #[test]
    fn lines_longer_than_the_buffer_and_parts_within_them_are_whole() {
        let path = file("long-line");
        let long = vec![b'x'; CHUNK_BYTES * 3];
        std::fs::write(&path, [&long[..], b"\n", &long, b"\nend"].concat()).unwrap();
        let whole = all(&Part::whole(&path));
        assert_eq!((whole[0].len(), whole[2].as_slice()), (long.len() + 1, &b"end"[..]));
        let size = std::fs::metadata(&path).unwrap().len();
        assert_eq!(blocks(&path, size, 100_000).flat_map(|part| all(&part)).collect::<Vec<_>>(), whole);
        std::fs::remove_file(&path).unwrap();
    }
}
