//! `raskt._raskt`: the engine's door to Python, and the only crate that names PyO3.

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

mod active;
mod annotations;
mod arguments;
mod array;
mod bag;
mod blas;
mod brief;
mod cluster;
mod config;
mod copy;
mod dashboard;
mod delayed;
mod draw;
mod errors;
mod eval;
mod exchange;
mod failures;
mod float_errors;
mod fragments;
mod frame;
mod in_place;
mod lifecycle;
mod names;
mod native_call;
mod node;
mod object;
mod observer;
mod own;
mod packed;
mod param;
mod per_process;
mod pickle;
mod plan;
mod planned_call;
mod planner;
mod processes;
mod raw;
mod reader;
mod remote;
mod runtime;
mod same;
mod scan;
mod scratch;
mod session;
mod shared;
mod ship;
mod ship_test;
mod sizeof;
mod task;
mod template;
mod threads;
mod tokenize;
mod view;
mod writer;

use pyo3::prelude::*;

/// Of what the engine allocates; Python and other libraries keep their own.
#[global_allocator]
static ALLOCATOR: raskt_core::RecyclingAllocator = raskt_core::RecyclingAllocator;

/// Whether the calling thread runs another interpreter than the main one.
fn is_in_subinterpreter(_attached: Python<'_>) -> bool {
    // SAFETY: the thread is attached, so that there is an interpreter that is running.
    let number = unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) };
    number != 0
}

/// The compiled engine; what users type is in the package around it.
#[pymodule]
fn _raskt(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("is_in_subinterpreter", is_in_subinterpreter(module.py()))?;
    config::register(module)?;
    tokenize::register(module)?;
    sizeof::register(module)?;
    errors::register(module)?;
    annotations::register(module)?;
    arguments::register(module)?;
    array::register(module)?;
    own::register(module)?;
    bag::register(module)?;
    frame::register(module)?;
    delayed::register(module)?;
    task::register(module)?;
    raw::register(module)?;
    planned_call::register(module)?;
    native_call::register(module)?;
    draw::register(module)?;
    remote::register(module)?;
    scratch::register(module)?;
    exchange::register(module)?;
    processes::register(module)?;
    fragments::register(module)?;
    session::register(module)?;
    ship_test::register(module)?;
    cluster::register(module)?;
    dashboard::register(module)?;
    failures::register(module)?;
    lifecycle::register(module)
}
