//! The program `raskt-planner`: plans the graphs that come on its standard input, for tests. It has no Python.

use std::process::ExitCode;

fn main() -> ExitCode {
    match raskt_cli::planner::serve(&mut std::io::stdin().lock(), &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("raskt-planner: {error}");
            ExitCode::FAILURE
        }
    }
}
