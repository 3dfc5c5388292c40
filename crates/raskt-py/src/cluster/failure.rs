//! Why a value does not come, as an exception.

use pyo3::prelude::*;
use pyo3::types::PyList;
use raskt_net::client::Why;
use raskt_sched::{Failure, Reason};

use crate::errors;

/// The exception that `why` is.
///
/// # Errors
/// What unpickling an exception of a task raises.
pub fn to_exception<'py>(py: Python<'py>, why: &Why) -> PyResult<Bound<'py, PyAny>> {
    let failure = match why {
        Why::Error(error) => {
            return Ok(errors::to_py(py, error.clone()).into_value(py).into_bound(py).into_any());
        }
        Why::Task(failure) => failure,
    };
    let Failure { key, reason } = &**failure;
    match reason {
        Reason::Raised { worker, error } => {
            let raised = errors::to_py(py, error.clone());
            errors::note(py, &raised, &format!("raskt: task {key} failed on worker {worker}"));
            Ok(raised.into_value(py).into_bound(py).into_any())
        }
        Reason::KilledWorkers { deaths } => {
            let deaths: Vec<_> = deaths.iter().map(|death| (death.worker.as_str(), &*death.how)).collect();
            let class = py.import("raskt.distributed.exceptions")?.getattr("KilledWorker")?;
            class.call1((key.to_string(), PyList::new(py, deaths)?, failure.to_string()))
        }
        Reason::DataLost | Reason::NeverScattered => {
            py.import("raskt.distributed.exceptions")?.getattr("DataLostError")?.call1((failure.to_string(),))
        }
    }
}
