//! Frames: a message and its buffers, each with its length before it.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the message |
//! | 4 | number of buffers, *n* |
//! | 8 *n* | lengths of the buffers |
//! | … | message, buffers |
//!
//! Numbers are little-endian. Buffers are written from where they lie in memory and read to where they will stay.

use std::io;

use raskt_core::{Buffer, Fit, Payload};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What a reader accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLimits {
    /// The longest message, buffers not counted.
    pub message_bytes_max: u32,
    /// The most buffers.
    pub n_buffers_max: u32,
    /// The longest buffer.
    pub buffer_bytes_max: u64,
}

impl FrameLimits {
    /// Of a peer that has proved nothing.
    pub const STRANGER: Self = Self { message_bytes_max: 16 << 10, n_buffers_max: 0, buffer_bytes_max: 0 };
    /// Of a peer that may speak.
    pub const PEER: Self =
        Self { message_bytes_max: 1 << 30, n_buffers_max: 1 << 20, buffer_bytes_max: 1 << 44 };
}

/// Messages grow by so much while they are read: memory is taken as bytes come, not as they are announced.
const PIECE_BYTES: usize = 1 << 20;

/// A buffer up to this length is allocated when its first byte is awaited.
const AHEAD_BYTES: usize = 64 << 20;
/// A longer one has at most so many times the room that what has arrived of it takes. Each growth copies that once: 1/15 of a
/// buffer altogether, and nothing below [`AHEAD_BYTES`].
const GROWTH: usize = 16;

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The next frame; none where the stream ends before one.
///
/// # Errors
/// The operating system's; `InvalidData` for lengths over `limits`, `UnexpectedEof` for half a frame, `OutOfMemory` where
/// there is no room for a buffer.
pub async fn read_frame<R>(reader: &mut R, limits: FrameLimits) -> io::Result<Option<Payload>>
where
    R: AsyncRead + Unpin + ?Sized,
{
    let mut head = [0; 8];
    let n = reader.read(&mut head).await?;
    if n == 0 {
        return Ok(None);
    }
    reader.read_exact(&mut head[n..]).await?;
    let [a, b, c, d, e, f, g, h] = head;
    let (length, n_buffers) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    if length > limits.message_bytes_max {
        return Err(invalid(format!("a message of {length} bytes, of at most {}", limits.message_bytes_max)));
    }
    if n_buffers > limits.n_buffers_max {
        return Err(invalid(format!(
            "a message with {n_buffers} buffers, of at most {}",
            limits.n_buffers_max
        )));
    }
    let mut lengths = Vec::new();
    for _ in 0..n_buffers {
        let length = reader.read_u64_le().await?;
        if length > limits.buffer_bytes_max {
            return Err(invalid(format!(
                "a buffer of {length} bytes, of at most {}",
                limits.buffer_bytes_max
            )));
        }
        lengths.push(length);
    }
    let (mut header, length) = (Vec::new(), length as usize);
    while header.len() < length {
        let known = header.len();
        header.resize(length.min(known + PIECE_BYTES), 0);
        reader.read_exact(&mut header[known..]).await?;
    }
    let mut buffers = Vec::with_capacity(lengths.len());
    for length in lengths {
        buffers.push(read_buffer(reader, length.fit::<usize>(), AHEAD_BYTES).await?);
    }
    Ok(Some(Payload { header, buffers }))
}

/// A buffer of `length` bytes. There is room for `ahead` bytes at first, and for more as bytes arrive: a peer that announces
/// much and sends little takes little.
async fn read_buffer<R>(reader: &mut R, length: usize, ahead: usize) -> io::Result<Buffer>
where
    R: AsyncRead + Unpin + ?Sized,
{
    let room_for = |n: usize| {
        Buffer::recycled(n).map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error.to_string()))
    };
    let read_only = || invalid("a fresh buffer cannot be written".to_owned());
    let (mut buffer, mut n_known) = (room_for(length.min(ahead))?, 0);
    loop {
        let target = buffer.as_mut_slice().ok_or_else(read_only)?;
        reader.read_exact(&mut target[n_known..]).await?;
        n_known = target.len();
        if n_known == length {
            return Ok(buffer);
        }
        let mut larger = room_for(length.min(n_known.saturating_mul(GROWTH)))?;
        larger.as_mut_slice().ok_or_else(read_only)?[..n_known].copy_from_slice(buffer.as_slice());
        buffer = larger;
    }
}

/// Writes a frame; it is not flushed.
///
/// # Errors
/// The operating system's; `InvalidData` for more than a frame can hold.
pub async fn write_frame<W>(writer: &mut W, frame: &Payload) -> io::Result<()>
where
    W: AsyncWrite + Unpin + ?Sized,
{
    let fits = |n: usize| u32::try_from(n).map_err(|_| invalid(format!("a message of {n} bytes or buffers")));
    let mut head = Vec::with_capacity(8 + 8 * frame.buffers.len());
    head.extend_from_slice(&fits(frame.header.len())?.to_le_bytes());
    head.extend_from_slice(&fits(frame.buffers.len())?.to_le_bytes());
    for buffer in &frame.buffers {
        head.extend_from_slice(&(buffer.len() as u64).to_le_bytes());
    }
    writer.write_all(&head).await?;
    writer.write_all(&frame.header).await?;
    for buffer in &frame.buffers {
        writer.write_all(buffer.as_slice()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    fn written(frame: &Payload) -> Vec<u8> {
        let mut bytes = Vec::new();
        run(write_frame(&mut bytes, frame)).unwrap();
        bytes
    }

    #[test]
    fn frames_arrive_as_they_were() {
        let frames = [
            Payload {
                header: b"one".to_vec(),
                buffers: vec![Buffer::from(vec![7; 5000]), Buffer::from(vec![])],
            },
            Payload { header: vec![1; 3 << 20], buffers: Vec::new() },
        ];
        let bytes = frames.iter().flat_map(written).collect::<Vec<u8>>();
        let mut reader = bytes.as_slice();
        for frame in &frames {
            assert_eq!(run(read_frame(&mut reader, FrameLimits::PEER)).unwrap().as_ref(), Some(frame));
        }
        assert_eq!(run(read_frame(&mut reader, FrameLimits::PEER)).unwrap(), None);
    }

    #[test]
    fn half_a_frame_is_an_error() {
        let bytes = written(&Payload { header: b"one".to_vec(), buffers: vec![Buffer::from(vec![7; 50])] });
        for n in 1..bytes.len() {
            let error = run(read_frame(&mut &bytes[..n], FrameLimits::PEER)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{n} bytes");
        }
    }

    #[test]
    fn a_peer_that_announces_more_than_it_sends_takes_no_more_than_it_sent() {
        // More than any machine has: to allocate that would be refused.
        let head = [&0_u32.to_le_bytes()[..], &1_u32.to_le_bytes(), &(1_u64 << 43).to_le_bytes()].concat();
        for n_sent in [0, 1, 5000] {
            let bytes = [&head[..], &vec![7; n_sent]].concat();
            let error = run(read_frame(&mut bytes.as_slice(), FrameLimits::PEER)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{n_sent} bytes: {error}");
        }
        let sent = vec![7; 100_000];
        let error = run(read_buffer(&mut sent.as_slice(), 1 << 43, 64)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}");
    }

    #[test]
    fn buffers_that_grow_as_they_arrive_hold_what_was_sent() {
        let sent: Vec<u8> = (0..70_000_u32).map(|at| (at % 251) as u8).collect();
        for length in [0, 1, 63, 64, 65, 1023, 1024, 1025, 16_384, 16_385, 70_000] {
            let mut reader = sent.as_slice();
            let buffer = run(read_buffer(&mut reader, length, 64)).unwrap();
            assert_eq!(buffer.as_slice(), &sent[..length]);
            assert_eq!(reader.len(), sent.len() - length, "nothing of the next one was read");
            assert_eq!(buffer.as_slice().as_ptr().addr() % 16, 0);
        }
    }

    #[test]
    fn lengths_are_bounded_before_memory_is_taken() {
        let too_long = [&u32::MAX.to_le_bytes()[..], &[0; 4]].concat();
        let too_many = [&[0; 4], &u32::MAX.to_le_bytes()[..]].concat();
        let too_large = [&[0; 4], &1_u32.to_le_bytes()[..], &u64::MAX.to_le_bytes()].concat();
        let of_stranger = [&[0; 4], &1_u32.to_le_bytes()[..], &8_u64.to_le_bytes()].concat();
        let cases = [
            (too_long, FrameLimits::PEER),
            (too_many, FrameLimits::PEER),
            (too_large, FrameLimits::PEER),
            (of_stranger, FrameLimits::STRANGER),
        ];
        for (bytes, limits) in cases {
            let error = run(read_frame(&mut bytes.as_slice(), limits)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{bytes:?}");
        }
    }
}
