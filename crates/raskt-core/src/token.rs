//! Content tokens: what equal things share, in every process and for every user.

use std::fmt;
use std::str::FromStr;

use crate::encode::{Decode, Decoder, Encode, Encoder, ForeignTokenizer};
use crate::{Error, ErrorKind, Result};

/// The 128-bit hash of something's canonical encoding. Equal content, equal token; another content,
/// another token, but for an accident of one in 2⁶⁴ among four thousand million things.
///
/// The hash is XXH3-128, of which xxHash's specification fixes the bits: tokens are the same on every
/// platform and in every release that keeps [`VERSION`](crate::encode::VERSION), which is hashed too.
///
/// **Trust.** XXH3 holds against accident, not against intent: whoever can choose both contents can make
/// two with one token. Raskt lets tokens name results only among peers that have authenticated
/// themselves, and these may run code of their own anyhow, so nothing is won by a forged token. Do not
/// use tokens to check the integrity of data from strangers.
///
/// ```
/// use raskt_core::{Param, Token};
/// let token = Token::of(&Param::Int(1))?;
/// assert_ne!(token, Token::of(&Param::Float(1.0))?);
/// assert_eq!(token.to_string().parse::<Token>()?, token);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u128);

impl Token {
    /// The token of `content`.
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`] where it contains a foreign object; see [`Tokenizer::with_foreign`].
    pub fn of<T: Encode + ?Sized>(content: &T) -> Result<Self> {
        let mut tokenizer = Tokenizer::new();
        tokenizer.write(content)?;
        Ok(tokenizer.finish())
    }
}

impl fmt::Display for Token {
    /// 32 hexadecimal digits, as keys carry them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({self})")
    }
}

impl FromStr for Token {
    type Err = Error;

    /// Reads what [`Token`]'s `Display` writes: 32 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self> {
        let digits = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let token = digits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        token.map(Self).ok_or_else(|| {
            ErrorKind::InvalidValue(format!("{text:?} is not a token of 32 hexadecimal digits")).into()
        })
    }
}

impl Encode for Token {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.0.encode(out)
    }
}

impl Decode for Token {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        u128::decode(input).map(Self)
    }
}

/// Hashes content as it is written; nothing but small pieces is copied.
///
/// What is written one after the other is one content: `"ab"` then `"c"` differs from `"a"` then `"bc"`,
/// because each piece is written with its length or tag.
///
/// ```
/// use raskt_core::{Token, Tokenizer};
/// let mut tokenizer = Tokenizer::new();
/// tokenizer.write("rechunk")?;
/// tokenizer.write(&[4u64, 4])?;
/// assert_eq!(tokenizer.finish(), Token::of(&("rechunk", [4u64, 4]))?);
/// # Ok::<(), raskt_core::Error>(())
/// ```
pub struct Tokenizer<'a>(Encoder<'a>);

impl<'a> Tokenizer<'a> {
    /// A tokenizer of native content.
    #[must_use]
    pub fn new() -> Self {
        Self(Encoder::hashing())
    }

    /// A tokenizer that asks `foreign` for the tokens of foreign objects.
    #[must_use]
    pub fn with_foreign(foreign: &'a dyn ForeignTokenizer) -> Self {
        Self(Encoder::hashing().with_foreign_tokens(foreign))
    }

    /// Adds `content`.
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`] where it contains a foreign object without a token.
    pub fn write<T: Encode + ?Sized>(&mut self, content: &T) -> Result<()> {
        content.encode(&mut self.0)
    }

    /// Adds bytes with their length.
    pub fn write_bytes(&mut self, bytes: &[u8]) {
        self.0.bytes(bytes);
    }

    /// The token of all that was added.
    #[must_use]
    pub fn finish(self) -> Token {
        Token(self.0.into_hash())
    }
}

impl Default for Tokenizer<'_> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::encode_canonical;
    use crate::{Buffer, NdArray, Value};
    use xxhash_rust::xxh3::xxh3_128;

    #[test]
    fn a_token_is_the_hash_of_the_canonical_bytes_whatever_the_size() {
        for n in [0, 1, 100, 5_000, 16 << 10, 100_000] {
            let value = Value::from(vec![
                Value::from("head"),
                Buffer::from(vec![7; n]).into(),
                NdArray::from_f64(&[n as u64], &vec![0.5; n]).unwrap().into(),
                Value::from(vec![Value::Int(-3); n]),
            ]);
            let bytes = encode_canonical(&value).unwrap();
            assert_eq!(Token::of(&value).unwrap(), Token(xxh3_128(&bytes)), "{n}");
        }
    }

    #[test]
    fn strided_and_dense_arrays_of_equal_elements_have_one_token() {
        let dense = NdArray::from_f64(&[2, 2], &[1.0, 3.0, 2.0, 4.0]).unwrap();
        let source = NdArray::from_f64(&[2, 2], &[1.0, 2.0, 3.0, 4.0]).unwrap();
        let view =
            NdArray::strided(source.dtype().clone(), &[2, 2], &[8, 16], 0, source.buffer().clone()).unwrap();
        assert_eq!(Token::of(&view).unwrap(), Token::of(&dense).unwrap());
        assert_ne!(Token::of(&source).unwrap(), Token::of(&dense).unwrap());
    }

    #[test]
    fn tokens_are_the_same_in_every_process() {
        let token = Token::of(&Value::from("raskt")).unwrap();
        assert_eq!(token.to_string(), "4558ec8900dd3f69b63c38e8767a3364");
    }

    #[test]
    fn only_canonical_hexadecimal_is_read_back() {
        for text in ["", "ab", &"g".repeat(32), &"A".repeat(32), &format!("+{}", "a".repeat(31))] {
            assert!(text.parse::<Token>().is_err(), "{text}");
        }
        assert_eq!("0".repeat(32).parse::<Token>().unwrap(), Token(0));
    }
}
