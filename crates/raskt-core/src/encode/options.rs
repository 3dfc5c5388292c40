//! The knobs of encoding and the bounds of decoding.

/// How a message is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Bulk of at least this many bytes is referenced in a payload instead of copied into its header.
    pub out_of_band_min_bytes: usize,
    /// The deepest nesting of lists, maps and errors that is written; deeper is
    /// [`ErrorKind::NotEncodable`](crate::ErrorKind::NotEncodable).
    pub depth_max: u32,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self { out_of_band_min_bytes: 4096, depth_max: DEPTH_MAX }
    }
}

/// What a decoder accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The deepest nesting of lists, maps and errors.
    pub depth_max: u32,
    /// The longest message, buffers beside it not counted.
    pub message_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth_max: DEPTH_MAX, message_bytes_max: 2 << 30 }
    }
}

/// Deep enough for any value that people write by hand, shallow enough for the stack of any thread.
const DEPTH_MAX: u32 = 256;
