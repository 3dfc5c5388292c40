//! The program `raskt` without Python.

use std::process::ExitCode;

fn main() -> ExitCode {
    // An argument that is no Unicode text names neither a command nor a key; shown with marks, it is refused as such.
    let args = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    let code = raskt_cli::run(args, &mut std::io::stdout().lock());
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}
