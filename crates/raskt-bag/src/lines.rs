//! Lines of a part of a file, in blocks of whole lines, in one buffer.

use std::io::{self, Read};

use raskt_core::Fit;

use crate::ahead::{Ahead, Window};
use crate::memory;
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
    feed: Feed,
    delimiter: u8,
    /// The bytes that are not yet handed out.
    window: Window,
    /// How many of them are known to lack the delimiter.
    searched: usize,
    /// Where the next line begins in the (decompressed) file.
    offset: u64,
    end: Option<u64>,
    is_at_end: bool,
}

/// Where bytes come from.
enum Feed {
    /// They are read where lines are.
    Here(Box<dyn Read + Send>),
    /// They are decompressed on another thread.
    Ahead(Ahead),
}

impl Lines {
    /// Opens a part whose lines end with `delimiter`.
    ///
    /// # Errors
    /// Where the file cannot be opened or read.
    pub fn open(part: &Part, delimiter: u8) -> io::Result<Self> {
        // The line that began before this part is the part before's: the byte before may end it.
        let offset = part.begin.saturating_sub(1);
        let mut lines = Self::new(Feed::Here(part.read_from(offset)?), delimiter, offset);
        memory::lengthen(&mut lines.window.buffer, CHUNK_BYTES)?;
        if part.begin > 0 {
            lines.skip_line()?;
        }
        lines.end = part.end;
        Ok(lines)
    }

    /// The same; a file that is worth it is decompressed on another thread meanwhile, which ends with what is returned.
    ///
    /// # Errors
    /// As [`Lines::open`], if not later.
    pub fn open_ahead(part: &Part, delimiter: u8) -> io::Result<Self> {
        if part.is_worth_a_thread() {
            // Without a thread it goes on here.
            if let Ok(ahead) = Ahead::start(part.clone()) {
                return Ok(Self::new(Feed::Ahead(ahead), delimiter, 0));
            }
        }
        Self::open(part, delimiter)
    }

    fn new(feed: Feed, delimiter: u8, offset: u64) -> Self {
        let window = Window::default();
        Self { feed, delimiter, window, searched: 0, offset, end: None, is_at_end: false }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let rest = self.window.bytes();
            let found = memchr::memchr(self.delimiter, rest);
            let n = found.map_or(rest.len(), |at| at + 1);
            self.window.from += n;
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
            let rest = &self.window.bytes()[self.searched..];
            if let Some(at) = memchr::memrchr(self.delimiter, rest) {
                return Ok(Some(self.hand_out(self.searched + at + 1)));
            }
            self.searched = self.window.bytes().len();
            if self.is_at_end {
                return Ok((self.searched > 0).then(|| self.hand_out(self.searched)));
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let reader = match &mut self.feed {
            Feed::Here(reader) => reader,
            Feed::Ahead(ahead) => {
                self.is_at_end = !ahead.fill(&mut self.window)?;
                return Ok(());
            }
        };
        let Window { buffer, from, to } = &mut self.window;
        if *from > 0 {
            buffer.copy_within(*from..*to, 0);
            *to -= *from;
            *from = 0;
        }
        if *to == buffer.len() {
            let n = buffer.len() * 2;
            memory::lengthen(buffer, n)?;
        }
        match reader.read(&mut buffer[*to..]) {
            Ok(0) => self.is_at_end = true,
            Ok(n) => *to += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Hands out the first `n` bytes, but for lines that begin after the part.
    fn hand_out(&mut self, n: usize) -> Block<'_> {
        let mut n = n;
        if let Some(end) = self.end {
            // The last line is the one whose delimiter is the first at or after the last byte of the part.
            let last = (end - 1).saturating_sub(self.offset).min(n as u64).fit::<usize>();
            if let Some(at) = memchr::memchr(self.delimiter, &self.window.bytes()[last..n]) {
                n = last + at + 1;
            }
        }
        let (offset, from) = (self.offset, self.window.from);
        self.offset += n as u64;
        self.window.from += n;
        self.searched = 0;
        Block { bytes: &self.window.buffer[from..from + n], offset }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn all(part: &Part) -> Vec<Vec<u8>> {
        all_of(Lines::open(part, b'\n').unwrap())
    }

    fn all_of(mut lines: Lines) -> Vec<Vec<u8>> {
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
            std::fs::remove_file(&path).unwrap();
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

    #[test]
    fn a_file_decompressed_ahead_has_the_lines_it_has_otherwise() {
        use std::io::Write;

        let path = file("ahead").with_extension("gz");
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        // Noise that does not compress away, with lines of very different lengths.
        let mut noise = 1u64;
        let mut line = Vec::new();
        for i in 0..400usize {
            line.clear();
            for _ in 0..i * 7919 % 30_011 {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                line.push(b' ' + (noise >> 59) as u8);
            }
            line.push(b'\n');
            writer.write_all(&line).unwrap();
        }
        let data = writer.finish().unwrap();
        std::fs::write(&path, &data).unwrap();
        let part = Part::whole(&path);
        assert!(part.is_worth_a_thread());
        assert!(all_of(Lines::open_ahead(&part, b'\n').unwrap()) == all(&part));
        std::fs::write(&path, &data[..data.len() - 9]).unwrap();
        let mut cut = Lines::open_ahead(&part, b'\n').unwrap();
        let error = loop {
            match cut.block() {
                Ok(found) => assert!(found.is_some()),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        std::fs::remove_file(&path).unwrap();
    }
}
