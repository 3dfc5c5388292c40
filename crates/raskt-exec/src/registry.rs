//! Finds what a body's name stands for. Assembled at the top, once; handed down to every executor.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Fit, ForeignDecode, KeepSealed, Name, Opaque, Result, Sealed, Value};
use raskt_graph::Body;
use rustc_hash::FxHashMap;

use crate::kernel::{ForeignRuntime, Kernel};
use crate::lane::{ELSEWHERE, Lane, LaneId, NATIVE};

/// Native kernels by name, and at most a few foreign runtimes.
#[derive(Clone, Default)]
pub struct BodyRegistry {
    kernels: FxHashMap<Name, Arc<dyn Kernel>>,
    runtimes: Vec<Arc<dyn ForeignRuntime>>,
    /// What opens foreign values whose runtimes run nothing, by the names of these.
    decoders: FxHashMap<String, Arc<dyn ForeignDecode>>,
    /// What becomes of foreign objects, where tasks are shipped instead of run.
    shipping: Option<Arc<dyn ForeignDecode>>,
}

/// A body, found.
#[derive(Clone)]
pub enum Resolved {
    /// Bookkeeping that the executor does itself.
    Builtin,
    /// A kernel.
    Kernel(Arc<dyn Kernel>),
    /// A user's function, run by the runtime with that number.
    Runtime(u8),
    /// A user's function of the runtime with that number, which needs no lane.
    Free(u8),
    /// A fused program: its steps, found.
    Fused(Arc<[Resolved]>),
    /// Something that the runtime with that number holds ready; no lane has to be entered for it.
    Constant(u8),
    /// Whatever another process finds under the name.
    Elsewhere,
}

impl BodyRegistry {
    /// Adds a native kernel.
    ///
    /// # Errors
    /// [`ErrorKind::KeyClash`] where the name is taken.
    pub fn add_kernel(&mut self, name: &str, kernel: Arc<dyn Kernel>) -> Result<()> {
        match self.kernels.insert(Name::new(name), kernel) {
            None => Ok(()),
            Some(_) => Err(ErrorKind::KeyClash(name.to_owned()).into()),
        }
    }

    /// Replaces every native kernel that is there by what `wrap` makes of it.
    pub fn map_kernels(&mut self, wrap: impl Fn(&Name, Arc<dyn Kernel>) -> Arc<dyn Kernel>) {
        for (name, kernel) in &mut self.kernels {
            *kernel = wrap(name, Arc::clone(kernel));
        }
    }

    /// Adds a foreign runtime; its lane's number.
    pub fn add_runtime(&mut self, runtime: Arc<dyn ForeignRuntime>) -> LaneId {
        self.runtimes.push(runtime);
        LaneId(self.runtimes.len().fit::<u8>())
    }

    /// Adds a runtime that has values, and runs nothing: `decoder` opens those.
    pub fn add_decoder(&mut self, runtime: &str, decoder: Arc<dyn ForeignDecode>) {
        self.decoders.insert(runtime.to_owned(), decoder);
    }

    /// The same registry for runs whose tasks are shipped to other processes: all but bookkeeping is in the
    /// lane [`ELSEWHERE`], library functions are not looked up here, and foreign objects that come back
    /// become what `decoder` makes of them.
    #[must_use]
    pub fn shipping(&self, decoder: Arc<dyn ForeignDecode>) -> Self {
        Self { shipping: Some(decoder), ..self.clone() }
    }

    /// How many lanes there are, the native one included.
    #[must_use]
    pub fn n_lanes(&self) -> usize {
        if self.shipping.is_some() { 2 } else { self.runtimes.len() + 1 }
    }

    /// The runtimes, in the order of their lanes (from 1).
    #[must_use]
    pub fn runtimes(&self) -> &[Arc<dyn ForeignRuntime>] {
        &self.runtimes
    }

    /// The entry to a lane; none for the native one.
    #[must_use]
    pub fn lane(&self, lane: LaneId) -> Option<&dyn Lane> {
        if self.shipping.is_some() {
            return None;
        }
        let runtime = self.runtimes.get((lane.0 as usize).checked_sub(1)?)?;
        Some(runtime.as_ref() as &dyn Lane)
    }

    /// The runtime called `name`.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownBody`] where there is none.
    pub fn runtime(&self, name: &str) -> Result<&Arc<dyn ForeignRuntime>> {
        self.runtimes
            .iter()
            .find(|runtime| runtime.name() == name)
            .ok_or_else(|| Error::new(ErrorKind::UnknownBody(format!("runtime {name}"))))
    }

    /// Finds `body`.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownBody`] where no one knows it.
    pub fn resolve(&self, body: &Body) -> Result<Resolved> {
        let is_shipped = self.shipping.is_some() && !body.is_bookkeeping();
        match body {
            Body::Native { name, .. } => match self.kernels.get(name) {
                Some(_) if is_shipped => Ok(Resolved::Elsewhere),
                Some(kernel) => Ok(Resolved::Kernel(Arc::clone(kernel))),
                None => Err(ErrorKind::UnknownBody(name.to_string()).into()),
            },
            _ if is_shipped => Ok(Resolved::Elsewhere),
            Body::Library { path, .. } => self.library(path.as_str()).map(Resolved::Kernel),
            Body::Foreign(foreign) => {
                let at = self.runtimes.iter().position(|runtime| runtime.name() == foreign.runtime());
                let found = |at: usize| match self.shipping {
                    Some(_) => Resolved::Constant(at.fit::<u8>()),
                    None if self.runtimes[at].is_free() => Resolved::Free(at.fit::<u8>()),
                    None => Resolved::Runtime(at.fit::<u8>()),
                };
                at.map(found)
                    .ok_or_else(|| ErrorKind::UnknownBody(format!("runtime {}", foreign.runtime())).into())
            }
            Body::Fused(program) => {
                let steps: Result<Vec<_>> =
                    program.steps().iter().map(|step| self.resolve(&step.body)).collect();
                Ok(Resolved::Fused(steps?.into()))
            }
            Body::Value(_) | Body::Alias | Body::Gather | Body::Select(_) | Body::Input(_) => {
                Ok(Resolved::Builtin)
            }
            Body::Growing { body, .. } => self.resolve(body),
            other => Err(ErrorKind::UnknownBody(format!("{other:?}")).into()),
        }
    }

    fn library(&self, path: &str) -> Result<Arc<dyn Kernel>> {
        let mut last = Error::new(ErrorKind::UnknownBody(path.to_owned()));
        for runtime in &self.runtimes {
            match runtime.library(path) {
                Ok(kernel) => return Ok(kernel),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl Resolved {
    /// The lane it must run in; a fused program runs where its first foreign step does.
    #[must_use]
    pub fn lane(&self) -> LaneId {
        match self {
            Self::Builtin | Self::Constant(_) | Self::Free(_) => NATIVE,
            Self::Elsewhere => ELSEWHERE,
            Self::Kernel(kernel) => kernel.lane(),
            Self::Runtime(runtime) => LaneId(runtime + 1),
            Self::Fused(steps) => steps.iter().map(Self::lane).find(|&lane| lane != NATIVE).unwrap_or(NATIVE),
        }
    }
}

impl ForeignDecode for BodyRegistry {
    /// Objects of runtimes that are not here stay sealed.
    fn decode(&self, sealed: Sealed) -> Result<Value> {
        let decoder: Option<&dyn ForeignDecode> = match (&self.shipping, self.decoders.get(sealed.runtime()))
        {
            (Some(decoder), _) | (None, Some(decoder)) => Some(decoder.as_ref()),
            (None, None) => None,
        };
        match (decoder, self.runtime(sealed.runtime())) {
            (Some(decoder), _) => decoder.decode(sealed),
            (None, Ok(runtime)) => runtime.decode(sealed),
            (None, Err(_)) => KeepSealed.decode(sealed),
        }
    }
}

#[cfg(test)]
mod tests {
    use raskt_core::Payload;

    use super::*;

    /// Opens every value as the length of its header.
    struct Lengths;

    impl ForeignDecode for Lengths {
        fn decode(&self, sealed: Sealed) -> Result<Value> {
            Ok(Value::Int(i64::try_from(sealed.into_payload().header.len()).unwrap_or(-1)))
        }
    }

    fn sealed(runtime: &str) -> Sealed {
        Sealed::new(runtime.into(), Payload { header: vec![0; 3], buffers: Vec::new() }, 0)
    }

    #[test]
    fn a_runtime_that_runs_nothing_opens_its_own_values_unless_tasks_are_shipped() {
        let mut registry = BodyRegistry::default();
        registry.add_decoder("lengths", Arc::new(Lengths));
        assert_eq!(registry.decode(sealed("lengths")).unwrap(), Value::Int(3));
        assert!(matches!(registry.decode(sealed("others")), Ok(Value::Opaque(_))));
        let shipping = registry.shipping(Arc::new(KeepSealed));
        assert!(matches!(shipping.decode(sealed("lengths")), Ok(Value::Opaque(_))));
        assert_eq!(registry.n_lanes(), 1);
    }
}
