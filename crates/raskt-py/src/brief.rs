//! Objects in messages.

use pyo3::prelude::*;

/// The type and a short `repr` of `object`.
pub fn brief(object: &Bound<'_, PyAny>) -> String {
    let kind = object.get_type().name().map_or_else(|_| "object".to_owned(), |name| name.to_string());
    let text = object.repr().map_or_else(|_| "?".to_owned(), |repr| repr.to_string_lossy().into_owned());
    let short: String = text.chars().take(80).collect();
    if short.len() < text.len() { format!("{kind} {short}…") } else { format!("{kind} {short}") }
}
