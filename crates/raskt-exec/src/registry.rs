//! Finds what a body's name stands for. Assembled at the top, once; handed down to every executor.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, ForeignDecode, Name, Payload, Result, Value};
use raskt_graph::Body;
use rustc_hash::FxHashMap;

use crate::kernel::{Kernel, World};
use crate::lane::{Lane, LaneId, NATIVE};

/// Native kernels by name, and at most a few foreign worlds.
#[derive(Clone, Default)]
pub struct BodyRegistry {
    kernels: FxHashMap<Name, Arc<dyn Kernel>>,
    worlds: Vec<Arc<dyn World>>,
}

/// A body, found.
#[derive(Clone)]
pub enum Resolved {
    /// Bookkeeping that the executor does itself.
    Builtin,
    /// A kernel.
    Kernel(Arc<dyn Kernel>),
    /// A user's function, run by the world with that number.
    World(u8),
    /// A fused program: its steps, found.
    Fused(Arc<[Resolved]>),
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

    /// Adds a foreign world; its lane's number.
    pub fn add_world(&mut self, world: Arc<dyn World>) -> LaneId {
        self.worlds.push(world);
        LaneId(self.worlds.len() as u8)
    }

    /// How many lanes there are, the native one included.
    #[must_use]
    pub fn n_lanes(&self) -> usize {
        self.worlds.len() + 1
    }

    /// The worlds, in the order of their lanes (from 1).
    #[must_use]
    pub fn worlds(&self) -> &[Arc<dyn World>] {
        &self.worlds
    }

    /// The entry to a lane; none for the native one.
    #[must_use]
    pub fn lane(&self, lane: LaneId) -> Option<&dyn Lane> {
        let world = self.worlds.get((lane.0 as usize).checked_sub(1)?)?;
        Some(world.as_ref() as &dyn Lane)
    }

    /// The world called `name`.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownBody`] where there is none.
    pub fn world(&self, name: &str) -> Result<&Arc<dyn World>> {
        self.worlds
            .iter()
            .find(|world| world.name() == name)
            .ok_or_else(|| Error::new(ErrorKind::UnknownBody(format!("world {name}"))))
    }

    /// Finds `body`.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownBody`] where no one knows it.
    pub fn resolve(&self, body: &Body) -> Result<Resolved> {
        match body {
            Body::Native { name, .. } => match self.kernels.get(name) {
                Some(kernel) => Ok(Resolved::Kernel(Arc::clone(kernel))),
                None => Err(ErrorKind::UnknownBody(name.to_string()).into()),
            },
            Body::Library { path, .. } => self.library(path.as_str()).map(Resolved::Kernel),
            Body::Foreign(foreign) => {
                let at = self.worlds.iter().position(|world| world.name() == foreign.world());
                at.map(|at| Resolved::World(at as u8))
                    .ok_or_else(|| ErrorKind::UnknownBody(format!("world {}", foreign.world())).into())
            }
            Body::Fused(program) => {
                let steps: Result<Vec<_>> =
                    program.steps().iter().map(|step| self.resolve(&step.body)).collect();
                Ok(Resolved::Fused(steps?.into()))
            }
            Body::Value(_) | Body::Alias | Body::Gather | Body::Select(_) | Body::Input(_) => {
                Ok(Resolved::Builtin)
            }
            other => Err(ErrorKind::UnknownBody(format!("{other:?}")).into()),
        }
    }

    fn library(&self, path: &str) -> Result<Arc<dyn Kernel>> {
        let mut last = Error::new(ErrorKind::UnknownBody(path.to_owned()));
        for world in &self.worlds {
            match world.library(path) {
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
            Self::Builtin => NATIVE,
            Self::Kernel(kernel) => kernel.lane(),
            Self::World(world) => LaneId(world + 1),
            Self::Fused(steps) => steps.iter().map(Self::lane).find(|&lane| lane != NATIVE).unwrap_or(NATIVE),
        }
    }
}

impl ForeignDecode for BodyRegistry {
    fn decode(&self, world: &str, payload: Payload) -> Result<Value> {
        self.world(world)?.decode(world, payload)
    }
}
