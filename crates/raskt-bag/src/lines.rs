//! Lines of a part of a file, one after the other in one buffer.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::source::{Compression, Part, open};

/// The bytes that are read at once; a line that is longer makes the buffer grow.
const CHUNK_BYTES: usize = 1 << 18;

/// The lines of a part, split at line feeds, which they keep.
pub struct Lines {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// The bytes of the buffer that are not yet handed out.
    from: usize,
    to: usize,
    /// Where the next line begins in the (decompressed) file.
    offset: u64,
    end: Option<u64>,
    is_at_end: bool,
}

impl Lines {
    /// Opens a part.
    ///
    /// # Errors
    /// Where the file cannot be opened or read.
    pub fn open(part: &Part) -> io::Result<Self> {
        let reader: Box<dyn Read + Send> = if part.begin == 0 {
            open(&part.path, part.compression)?
        } else if part.compression == Compression::None {
            let mut file = File::open(&part.path)?;
            file.seek(SeekFrom::Start(part.begin - 1))?;
            Box::new(file)
        } else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a part of a compressed file"));
        };
        let buffer = vec![0; CHUNK_BYTES];
        let offset = part.begin.saturating_sub(1);
        let mut lines = Self { reader, buffer, from: 0, to: 0, offset, end: None, is_at_end: false };
        if part.begin > 0 {
            // The line that began before this part is the part before's.
            lines.advance()?;
        }
        lines.end = part.end;
        Ok(lines)
    }

    /// The next line, or `None` after the last.
    ///
    /// # Errors
    /// Where the file cannot be read or decompressed.
    pub fn advance(&mut self) -> io::Result<Option<&[u8]>> {
        if self.end.is_some_and(|end| self.offset >= end) {
            return Ok(None);
        }
        let mut searched = self.from;
        loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[searched..self.to]) {
                return Ok(Some(self.hand_out(searched + at + 1)));
            }
            searched = self.to;
            if self.is_at_end {
                return Ok((self.from < self.to).then(|| self.hand_out(self.to)));
            }
            if self.from > 0 {
                self.buffer.copy_within(self.from..self.to, 0);
                searched -= self.from;
                self.to -= self.from;
                self.from = 0;
            }
            if self.to == self.buffer.len() {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        match self.reader.read(&mut self.buffer[self.to..]) {
            Ok(0) => self.is_at_end = true,
            Ok(n) => self.to += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn hand_out(&mut self, to: usize) -> &[u8] {
        let from = std::mem::replace(&mut self.from, to);
        self.offset += (to - from) as u64;
        &self.buffer[from..to]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(part: &Part) -> Vec<Vec<u8>> {
        let mut lines = Lines::open(part).unwrap();
        let mut found = Vec::new();
        while let Some(line) = lines.advance().unwrap() {
            found.push(line.to_vec());
        }
        found
    }

    proptest! {
        #[test]
        fn parts_have_every_line_once(data in "[ab\n]{0,60}", block in 1u64..20) {
            let file = std::env::temp_dir().join(format!("raskt-lines-{}", std::process::id()));
            std::fs::write(&file, &data).unwrap();
            let whole: Vec<Vec<u8>> = data.split_inclusive('\n').map(|line| line.as_bytes().to_vec()).collect();
            prop_assert_eq!(&all(&Part::whole(&file)), &whole);
            let size = data.len() as u64;
            let parts = (0..size.div_ceil(block)).map(|i| Part {
                begin: i * block,
                end: Some(((i + 1) * block).min(size)),
                ..Part::whole(&file)
            });
            prop_assert_eq!(parts.flat_map(|part| all(&part)).collect::<Vec<_>>(), whole);
        }
    }

    #[test]
    fn a_line_longer_than_the_buffer_is_whole() {
        let file = std::env::temp_dir().join(format!("raskt-long-line-{}", std::process::id()));
        let long = vec![b'x'; CHUNK_BYTES * 3];
        std::fs::write(&file, [&long[..], b"\nend"].concat()).unwrap();
        let found = all(&Part::whole(&file));
        assert_eq!((found[0].len(), found[1].as_slice()), (long.len() + 1, &b"end"[..]));
        std::fs::remove_file(&file).unwrap();
    }
}
