//! Bodies that call a function of a library, or of the user's.

use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::Held;
use raskt_graph::Body;

use crate::parameters::with;

/// The module of the package that holds what tasks call where NumPy has no function of that form.
pub const CHUNK: &str = "raskt.array._chunk";

/// What calls a user's function: it gets the function as the keyword `function`.
const CALL: &str = "raskt.array._chunk.call";

/// What calls a user's function on places.
const FROM_FUNCTION: &str = "raskt.array._chunk.fromfunction";

/// Whether the library function `path` calls a user's function, whose result is the block.
pub(crate) fn is_call(path: &str) -> bool {
    matches!(path, CALL | FROM_FUNCTION)
}

/// The body that calls `function`, a path or an object, with the keywords `kwargs`.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for anything else.
pub fn body_of(function: &Param, kwargs: &Param) -> Result<Body> {
    match function {
        Param::Str(path) => Ok(Body::Library { path: (&**path).into(), parameters: kwargs.clone() }),
        other => match Held::value_of(other) {
            Some(value) => {
                let parameters = with(
                    &Param::Null,
                    [("function", Param::Value(value.clone())), ("kwargs", kwargs.clone())],
                );
                Ok(Body::Library { path: CALL.into(), parameters })
            }
            None => Err(ErrorKind::InvalidValue(format!("{other:?} is no function")).into()),
        },
    }
}

/// The body that calls the function `name` of [`CHUNK`].
#[must_use]
pub fn chunk_body(name: &str, parameters: Param) -> Body {
    Body::Library { path: (&*format!("{CHUNK}.{name}")).into(), parameters }
}
