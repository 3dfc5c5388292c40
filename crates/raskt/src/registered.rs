//! Functions that all processes of a program know by name.
//!
//! [`task`](macro@crate::task) registers them before `main` begins. A function without captured variables is a type of
//! its own, so that a graph is told by the type of its closures which of them another process has too.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use raskt_core::{ErrorKind, Function as Named, Payload, Result};
use raskt_graph::Shipment;

use crate::function::{Callable, Closure, Function};

/// A function and its name, as [`task`](macro@crate::task) writes them down.
pub struct Registered {
    name: &'static str,
    add: fn(&mut Registry, &'static str),
}

impl Registered {
    /// What `add` adds, under `name`.
    pub const fn new(name: &'static str, add: fn(&mut Registry, &'static str)) -> Self {
        Self { name, add }
    }
}

inventory::collect!(Registered);

/// The functions of this program.
#[derive(Default)]
pub struct Registry {
    bodies: HashMap<&'static str, Arc<Closure>>,
    names: HashMap<TypeId, Named>,
    /// A name that two functions have.
    clash: Option<&'static str>,
}

impl Registry {
    /// Adds a function.
    pub fn add<P: 'static, F: Callable<P>>(&mut self, name: &'static str, function: F) {
        // A closure with variables would be the same type whatever they are.
        const { assert!(size_of::<F>() == 0, "only functions are registered") };
        let payload = Payload { header: name.as_bytes().to_vec(), buffers: Vec::new() };
        self.names.insert(TypeId::of::<F>(), Named::new(payload));
        let short = name.rsplit("::").next().unwrap_or(name);
        if self.bodies.insert(name, Function::new(short, function).body).is_some() {
            self.clash.get_or_insert(name);
        }
    }
}

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let mut registry = Registry::default();
    for registered in inventory::iter::<Registered> {
        (registered.add)(&mut registry, registered.name);
    }
    registry
});

/// # Errors
/// [`ErrorKind::KeyClash`] where two functions of the program have one name.
#[cfg(feature = "cluster")]
pub(crate) fn check() -> Result<()> {
    match REGISTRY.clash {
        Some(name) => {
            Err(ErrorKind::KeyClash(format!("{name}, as two functions in one module are registered")).into())
        }
        None => Ok(()),
    }
}

/// The function of the type `of`, as it goes to another process.
pub(crate) fn named(of: TypeId) -> Option<Named> {
    REGISTRY.names.get(&of).cloned()
}

/// The function that another process named.
///
/// # Errors
/// [`ErrorKind::UnknownBody`] where this program does not have it.
pub(crate) fn received(shipment: &Shipment) -> Result<&'static Arc<Closure>> {
    let name = shipment.function.as_ref().map_or(&[][..], |function| &function.payload().header);
    let name = String::from_utf8_lossy(name);
    REGISTRY.bodies.get(name.as_ref()).ok_or_else(|| {
        ErrorKind::UnknownBody(format!("{name} of the program that sent it: is this another program?")).into()
    })
}

/// Registers a function: what [`task`](macro@crate::task) writes.
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($name:ident) => {
        $crate::__registered::submit! {
            $crate::__registered::Registered::new(
                concat!(module_path!(), "::", stringify!($name)),
                |into, name| into.add(name, $name),
            )
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_by(name: &str) -> Shipment {
        let payload = Payload { header: name.as_bytes().to_vec(), buffers: Vec::new() };
        Shipment { function: Some(Named::new(payload)), call: Payload::default() }
    }

    #[test]
    fn two_functions_of_one_name_are_told() {
        let mut registry = Registry::default();
        registry.add("a::f", |x: i64| x);
        registry.add("a::g", |x: i64| x);
        assert_eq!((registry.clash, registry.names.len()), (None, 2));
        registry.add("a::f", |x: i64| x + 1);
        assert_eq!(registry.clash, Some("a::f"));
    }

    #[test]
    fn functions_of_another_program_are_unknown() {
        for shipment in [named_by("other::f"), Shipment { function: None, call: Payload::default() }] {
            let error = received(&shipment).err().unwrap();
            assert!(matches!(error.kind(), ErrorKind::UnknownBody(_)), "{error}");
        }
        let error = received(&named_by("other::f")).err().unwrap().to_string();
        assert!(error.contains("other::f of the program that sent it"), "{error}");
    }
}
