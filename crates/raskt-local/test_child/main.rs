//! The child process of this crate's tests.

#[allow(clippy::panic)]
mod kernels;

fn main() {
    let token = std::env::var(raskt_local::process::TOKEN_VARIABLE).unwrap_or_default();
    if let Err(error) = raskt_local::process::serve_on_stdin(&kernels::registry(), &token, &mut |_| Ok(())) {
        eprintln!("the test child: {error}");
        std::process::exit(2);
    }
}
