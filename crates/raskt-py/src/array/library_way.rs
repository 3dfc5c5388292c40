//! Native kernels that look at what they are given: a call on a block that is no native array (masked, sparse, of another
//! library, of a dtype that only NumPy knows) goes to the package's helper, which does the same with NumPy's functions.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyList;
use raskt_core::{DType, Name, Result, Value};
use raskt_exec::{BodyRegistry, Call, Kernel, LaneId, Outcome};

use crate::errors;

/// Kernels that hand on what they get, whatever it is.
const HAND_ON: &[&str] = &[raskt_array::bodies::CHECKED, raskt_array::bodies::PICK];
/// Kernels of blocks that need one dtype, without knowing which: NumPy finds a common one for blocks of several.
const OF_ONE_DTYPE: &[&str] = &["array.join", "array.extend"];

/// Lets every kernel of `registry` but those that hand on look at its inputs first.
pub fn register(registry: &mut BodyRegistry) {
    registry.map_kernels(|name, kernel| match HAND_ON.contains(&name.as_str()) {
        true => kernel,
        false => {
            let needs_one_dtype = OF_ONE_DTYPE.contains(&name.as_str());
            Arc::new(ByType { name: name.clone(), native: kernel, needs_one_dtype })
        }
    });
}

/// A kernel for native arrays, and the package's helper for all others.
struct ByType {
    name: Name,
    native: Arc<dyn Kernel>,
    needs_one_dtype: bool,
}

/// Whether `value` is, or holds, what only Python knows.
fn is_foreign(value: &Value) -> bool {
    match value {
        Value::Opaque(_) => true,
        Value::List(items) => items.iter().any(is_foreign),
        _ => false,
    }
}

/// Whether arrays are of several dtypes.
fn are_mixed(values: &[Value]) -> bool {
    let values = match values {
        [Value::List(items)] => items,
        values => values,
    };
    let mut dtypes = values.iter().map(|value| match value {
        Value::Array(array) => array.dtype(),
        _ => &DType::Unknown,
    });
    let first = dtypes.next();
    dtypes.any(|dtype| Some(dtype) != first)
}

impl Kernel for ByType {
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        let is_mixed = self.needs_one_dtype && are_mixed(call.inputs);
        if !is_mixed && !call.inputs.iter().any(is_foreign) {
            return self.native.run(call);
        }
        Python::attach(|py| {
            by_numpy(py, self.name.as_str(), call)
                .map(Outcome::Value)
                .map_err(|error| errors::raised(py, error))
        })
    }

    fn lane(&self) -> LaneId {
        self.native.lane()
    }

    fn owns_inputs(&self) -> bool {
        self.native.owns_inputs()
    }

    fn is_brief(&self) -> bool {
        self.native.is_brief()
    }
}

/// What the helper of the kernel `name` makes of the call. A list that it returns is a list of values.
fn by_numpy(py: Python<'_>, name: &str, call: &mut Call<'_>) -> PyResult<Value> {
    let inputs: PyResult<Vec<_>> = call.inputs.iter().map(|value| crate::own::to_shared(py, value)).collect();
    let inputs = PyList::new(py, inputs?)?;
    let shared = crate::param::to_object(py, call.shared)?;
    let own = crate::param::to_object(py, call.own)?;
    let helper = py.import(intern!(py, "raskt.array._chunk_any"))?.getattr(intern!(py, "run"))?;
    let found = helper.call1((name, inputs, shared, own))?;
    crate::native_call::to_value(found)
}
