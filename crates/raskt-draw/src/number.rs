//! Numbers of nodes, edges and layers, which the tables of a layout hold in 32 bits; and floats as numbers of things.

/// `n` as an index. A picture of more than 32 bits of nodes is not drawn: it is collapsed long before.
pub fn index(n: usize) -> u32 {
    debug_assert!(u32::try_from(n).is_ok(), "{n} nodes in a picture");
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// `x` without its fraction; nothing of what is below zero or no number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` gives the nearest number in range"
)]
pub fn whole(x: f64) -> usize {
    x as usize
}

/// `x` without its fraction, as the brightness of a channel.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` gives the nearest number in range"
)]
pub fn channel(x: f64) -> u8 {
    x as u8
}
