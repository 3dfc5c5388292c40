//! The attribute of the crate `raskt`, by which functions are known to other processes of a program.
//!
//! Floor 0. It adds a line behind the function; what that does is `raskt`'s.

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

use proc_macro::{TokenStream, TokenTree};

/// Registers a function, so that its calls can run in other processes of the same program: `raskt::task`, where this is
/// described.
#[proc_macro_attribute]
pub fn task(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let name = match arguments.is_empty() {
        true => name_of(item.clone()),
        false => Err("#[raskt::task] takes no arguments"),
    };
    let more = match name {
        Ok(name) => format!("::raskt::__register!({name});"),
        Err(why) => format!("::core::compile_error!({why:?});"),
    };
    // Both are Rust, whatever the name.
    let more = more.parse::<TokenStream>().unwrap_or_default();
    item.into_iter().chain(more).collect()
}

/// The name of the function `item`.
fn name_of(item: TokenStream) -> Result<String, &'static str> {
    let mut tokens = item.into_iter();
    for token in tokens.by_ref() {
        match token {
            TokenTree::Ident(word) if word.to_string() == "fn" => break,
            TokenTree::Ident(word) if word.to_string() == "async" => {
                return Err(
                    "#[raskt::task] is for functions that return what they compute, and not a future of it",
                );
            }
            _ => {}
        }
    }
    let Some(TokenTree::Ident(name)) = tokens.next() else {
        return Err("#[raskt::task] is for functions");
    };
    match tokens.next() {
        Some(TokenTree::Group(_)) => Ok(name.to_string()),
        _ => Err(
            "#[raskt::task] is for functions without type parameters: a generic function is many functions",
        ),
    }
}
