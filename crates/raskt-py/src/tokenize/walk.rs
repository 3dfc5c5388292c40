//! The walk through an object: a stack of frames instead of recursion, so that depth costs memory only.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet, PyList, PySet, PyTuple, PyType};
use rustc_hash::FxHashMap;

use super::hooks::{self, Hook};
use super::open::Open;
use super::sink::{Sink, Tag};
use super::table::{self, Entry, Kind, Table};
use super::{array, code, function, scalar};

/// After this many containers the digests of shared ones are kept, so that `[a, a]` nested a hundred times over
/// takes a hundred steps. Before it, keeping them would cost more than it saves.
const STEPS_BEFORE_MEMO: usize = 256;

/// A sequence's elements are replaced by a digest whenever they have taken this many bytes.
const CHUNK_BYTES: usize = 1 << 16;

/// What becomes of a value that has no token of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Leniency {
    /// It makes the whole token random, or raises.
    Strict,
    /// A bare `object()` counts by its place: it is a sentinel of the function that is being walked.
    Sentinels,
    /// Anything counts by its place: it belongs to a function that has a name in a module.
    All,
}

/// What of a frame's object is still to be visited.
pub(super) enum Body<'py> {
    One(Option<Bound<'py, PyAny>>),
    Tuple { items: Bound<'py, PyTuple>, next: usize },
    List { items: Bound<'py, PyList>, next: usize },
    Set { items: Vec<Bound<'py, PyAny>>, next: usize, digests: Vec<u128>, mark: usize },
    Keys { items: Vec<[Bound<'py, PyAny>; 2]>, next: usize, digests: Vec<u128>, mark: usize },
    Values { items: std::vec::IntoIter<(u128, Bound<'py, PyAny>)> },
}

impl<'py> Body<'py> {
    pub(super) fn tuple(items: Bound<'py, PyTuple>) -> Self {
        Self::Tuple { items, next: 0 }
    }
}

/// What [`Walk::begin`] found.
pub(super) struct Begun<'py> {
    pub(super) body: Body<'py>,
    pub(super) leniency: Leniency,
    /// Whether the digest holds until the function's code or defaults are replaced.
    pub(super) lasting: bool,
}

impl<'py> From<Body<'py>> for Begun<'py> {
    fn from(body: Body<'py>) -> Self {
        Self { body, leniency: Leniency::Strict, lasting: false }
    }
}

/// One container or normalised object on the way from the root.
struct Frame<'py> {
    object: Bound<'py, PyAny>,
    /// Where its encoding begins.
    start: usize,
    /// Its number among the open objects, and the lowest number that its content refers to.
    number: usize,
    low: usize,
    /// `Walk::uncertain` when the frame began.
    uncertain: usize,
    leniency: Leniency,
    lasting: bool,
    body: Body<'py>,
}

/// The state of one call of `tokenize`.
pub(super) struct Walk<'py> {
    pub(super) py: Python<'py>,
    pub(super) sink: Sink,
    frames: Vec<Frame<'py>>,
    open: Open<'py>,
    memo: FxHashMap<usize, (Bound<'py, PyAny>, u128)>,
    steps: usize,
    /// How many values had no token of their own so far.
    uncertain: usize,
    table: Arc<Table>,
    /// Entries of types that do not outlive the function that defined them.
    local: FxHashMap<usize, Arc<Entry>>,
    /// The last type that was looked up: neighbours are often of one type.
    last: (usize, Kind),
    ensure: Option<bool>,
}

impl<'py> Walk<'py> {
    pub(super) fn new(py: Python<'py>, ensure: Option<bool>) -> PyResult<Self> {
        Ok(Self {
            py,
            sink: Sink::new(),
            frames: Vec::new(),
            open: Open::default(),
            memo: FxHashMap::default(),
            steps: 0,
            uncertain: 0,
            table: table::shared(py)?,
            local: FxHashMap::default(),
            last: (0, Kind::None),
            ensure,
        })
    }

    /// Encodes `object` and everything in it.
    pub(super) fn walk(&mut self, object: Bound<'py, PyAny>) -> PyResult<()> {
        self.visit(object)?;
        while let Some(frame) = self.frames.last_mut() {
            match frame.next(&mut self.sink, &mut self.open) {
                Some(child) => self.visit(child)?,
                None => self.finish()?,
            }
        }
        Ok(())
    }

    fn visit(&mut self, object: Bound<'py, PyAny>) -> PyResult<()> {
        let kind = self.kind(&object)?;
        if scalar::encode(self.py, &mut self.sink, kind, &object)? {
            return Ok(());
        }
        match kind {
            Kind::Array if array::encode(self, &object)? => Ok(()),
            Kind::NumpyScalar | Kind::NumpyReal => {
                self.sink.tagged_digest(Tag::NumpyScalar, self.name(&object));
                if kind == Kind::NumpyReal {
                    self.sink.float_bits(object.extract()?);
                    return Ok(());
                }
                let bytes = object.call_method0(intern!(self.py, "tobytes"))?;
                self.sink.bytes(Tag::Bytes, bytes.cast::<PyBytes>()?.as_bytes());
                Ok(())
            }
            Kind::Function => match function::remembered(&object)? {
                Some(digest) => {
                    self.sink.tagged_digest(Tag::Node, digest);
                    Ok(())
                }
                None => self.enter(kind, object),
            },
            Kind::Class => match function::reference(&object)? {
                Some(named) => {
                    self.sink.tagged_digest(Tag::Named, named.name);
                    Ok(())
                }
                None => self.enter(kind, object),
            },
            Kind::Module => match function::module_name(&object)? {
                Some(name) => {
                    self.sink.tagged_digest(Tag::Named, name);
                    Ok(())
                }
                None => self.enter(kind, object),
            },
            Kind::Sentinel => self.undecided(&object, Leniency::Sentinels, None),
            _ => self.enter(kind, object),
        }
    }

    /// Refers to `object` if it was met before, or begins its frame.
    fn enter(&mut self, kind: Kind, object: Bound<'py, PyAny>) -> PyResult<()> {
        let address = object.as_ptr() as usize;
        if let Some(number) = self.open.find(address) {
            self.sink.tag(Tag::Back);
            self.sink.size(self.open.len() - number);
            if let Some(frame) = self.frames.last_mut() {
                frame.low = frame.low.min(number);
            }
            return Ok(());
        }
        self.steps += 1;
        if self.steps > STEPS_BEFORE_MEMO
            && let Some((_, digest)) = self.memo.get(&address)
        {
            self.sink.tagged_digest(Tag::Node, *digest);
            return Ok(());
        }
        let start = self.sink.len();
        let inherited = self.frames.last().map_or(Leniency::Strict, |frame| frame.leniency);
        let Some(Begun { body, leniency, lasting }) = self.begin(kind, &object)? else { return Ok(()) };
        let number = self.open.push(object.clone());
        let leniency = leniency.max(inherited);
        let uncertain = self.uncertain;
        self.frames.push(Frame { object, start, number, low: number, uncertain, leniency, lasting, body });
        Ok(())
    }

    /// Writes the head of an object and says what follows; nothing where the object was encoded otherwise.
    fn begin(&mut self, kind: Kind, object: &Bound<'py, PyAny>) -> PyResult<Option<Begun<'py>>> {
        let body = match kind {
            Kind::List => {
                let items = object.cast::<PyList>()?.clone();
                self.head(Tag::List, items.len());
                Body::List { items, next: 0 }
            }
            Kind::Tuple => {
                let items = object.cast::<PyTuple>()?.clone();
                self.head(Tag::Tuple, items.len());
                Body::tuple(items)
            }
            Kind::Dict => {
                let items: Vec<_> =
                    object.cast::<PyDict>()?.iter().map(|(key, value)| [key, value]).collect();
                self.head(Tag::Dict, items.len());
                let digests = Vec::with_capacity(items.len());
                Body::Keys { items, next: 0, digests, mark: self.sink.len() }
            }
            Kind::Set => self.set(Tag::Set, object.cast::<PySet>()?.iter().collect()),
            Kind::FrozenSet => self.set(Tag::FrozenSet, object.cast::<PyFrozenSet>()?.iter().collect()),
            Kind::Slice | Kind::Range => {
                self.sink.tag(if kind == Kind::Slice { Tag::Slice } else { Tag::Range });
                Body::tuple(scalar::bounds(object)?)
            }
            Kind::Function => return function::begin(self, object).map(Some),
            Kind::Code => {
                self.sink.tag(Tag::Code);
                Body::tuple(code::parts(object)?)
            }
            Kind::Class => {
                self.normalized(object, hooks::get(self.py, Hook::ClassContent)?.call1((object,))?)?
            }
            Kind::Array => {
                self.normalized(object, hooks::get(self.py, Hook::ArrayContent)?.call1((object,))?)?
            }
            Kind::Module => {
                self.normalized(object, hooks::get(self.py, Hook::ModuleContent)?.call1((object,))?)?
            }
            _ => match self.call_handler(object) {
                Ok(form) => self.normalized(object, form)?,
                Err(error) if error.is_instance(self.py, hooks::tokenization_error(self.py)?) => {
                    self.undecided(object, Leniency::All, Some(error))?;
                    return Ok(None);
                }
                Err(error) => return Err(error),
            },
        };
        let mut begun = Begun::from(body);
        if matches!(kind, Kind::Object | Kind::Class) {
            begun.leniency = Leniency::Sentinels;
        }
        Ok(Some(begun))
    }

    fn head(&mut self, tag: Tag, len: usize) {
        self.sink.tag(tag);
        self.sink.size(len);
    }

    fn set(&mut self, tag: Tag, items: Vec<Bound<'py, PyAny>>) -> Body<'py> {
        self.head(tag, items.len());
        Body::Set { next: 0, digests: Vec::with_capacity(items.len()), mark: self.sink.len(), items }
    }

    fn call_handler(&self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match self.entry(object).and_then(|entry| entry.handler.as_ref()) {
            Some(handler) => handler.bind(self.py).clone().call1((object,)),
            None => Err(PyTypeError::new_err(format!("no way to tokenize {}", object.get_type()))),
        }
    }

    /// The frame of an object that stands for itself through a simpler `form`; its type is part of it.
    fn normalized(&mut self, object: &Bound<'py, PyAny>, form: Bound<'py, PyAny>) -> PyResult<Body<'py>> {
        if form.is(object) {
            let class = object.get_type().fully_qualified_name()?;
            return Err(PyTypeError::new_err(format!(
                "the normalizer of {class} returned the object itself, which says nothing of its content; return \
                 its parts, for instance a tuple"
            )));
        }
        let name = self.name(object);
        self.sink.tagged_digest(Tag::Normalized, name);
        Ok(Body::One(Some(form)))
    }

    /// Ends the topmost frame: its encoding becomes one digest.
    fn finish(&mut self) -> PyResult<()> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let digest = self.sink.take_digest(frame.start);
        self.sink.tagged_digest(Tag::Node, digest);
        if let Some(parent) = self.frames.last_mut() {
            parent.low = parent.low.min(frame.low);
        }
        if frame.low < frame.number {
            return Ok(());
        }
        self.open.truncate(frame.number);
        drop(frame.body);
        if frame.lasting {
            function::remember(&frame.object, digest)?;
        }
        // One reference is the frame's, one the container's it was found in; more mean that it may come again.
        // SAFETY: the frame keeps its object alive.
        let shared = unsafe { pyo3::ffi::Py_REFCNT(frame.object.as_ptr()) } > 2;
        if shared && self.steps > STEPS_BEFORE_MEMO && frame.uncertain == self.uncertain {
            self.memo.insert(frame.object.as_ptr() as usize, (frame.object, digest));
        }
        Ok(())
    }

    /// Deals with an object without a token: by its place where that is enough, else at random or by raising.
    pub(super) fn undecided(
        &mut self,
        object: &Bound<'py, PyAny>,
        needs: Leniency,
        error: Option<PyErr>,
    ) -> PyResult<()> {
        self.uncertain += 1;
        let allowed = self.frames.last().map_or(Leniency::Strict, |frame| frame.leniency);
        if allowed >= needs {
            let name = self.name(object);
            self.sink.tagged_digest(Tag::Placeholder, name);
            return Ok(());
        }
        let path: Vec<_> = self.frames.iter().map(|frame| frame.object.get_type()).collect();
        let error = error.map(|error| error.into_value(self.py));
        let bytes = hooks::get(self.py, Hook::Undecided)?.call1((object, self.ensure, error, path))?;
        self.sink.tagged_digest(Tag::Random, u128::from_le_bytes(bytes.extract()?));
        Ok(())
    }

    fn kind(&mut self, object: &Bound<'py, PyAny>) -> PyResult<Kind> {
        let address = object.get_type_ptr() as usize;
        if self.last.0 == address {
            return Ok(self.last.1);
        }
        let kind = match self.entry(object) {
            Some(entry) => entry.kind,
            None => self.resolve(&object.get_type())?,
        };
        // The table or `local` keeps the type, and so its address, for as long as this walk.
        self.last = (address, kind);
        Ok(kind)
    }

    fn entry(&self, object: &Bound<'py, PyAny>) -> Option<&Entry> {
        let address = object.get_type_ptr() as usize;
        self.table.get(&address).or_else(|| self.local.get(&address)).map(AsRef::as_ref)
    }

    /// Digest of the name of an object's type.
    pub(super) fn name(&self, object: &Bound<'py, PyAny>) -> u128 {
        self.entry(object).map_or(0, |entry| entry.name)
    }

    fn resolve(&mut self, class: &Bound<'py, PyType>) -> PyResult<Kind> {
        let (entry, lasting) = table::resolve(class)?;
        let address = class.as_ptr() as usize;
        if lasting && let Some(table) = table::remember(&self.table, address, &entry) {
            self.table = table;
        } else {
            self.local.insert(address, Arc::clone(&entry));
        }
        Ok(entry.kind)
    }
}

impl<'py> Frame<'py> {
    /// The next object to visit. What the last one wrote is dealt with first.
    fn next(&mut self, sink: &mut Sink, open: &mut Open<'py>) -> Option<Bound<'py, PyAny>> {
        let chunked = matches!(self.body, Body::Tuple { .. } | Body::List { .. } | Body::Values { .. });
        if chunked && sink.len() - self.start > CHUNK_BYTES {
            let digest = sink.take_digest(self.start);
            sink.tagged_digest(Tag::Chunk, digest);
        }
        match &mut self.body {
            Body::One(object) => object.take(),
            Body::Tuple { items, next } => {
                *next += 1;
                (*next <= items.len()).then(|| items.get_item(*next - 1).ok()).flatten()
            }
            Body::List { items, next } => {
                *next += 1;
                // The length is asked for again: a handler may have changed the list.
                (*next <= items.len()).then(|| items.get_item(*next - 1).ok()).flatten()
            }
            Body::Set { items, next, digests, mark } => {
                if *next > 0 {
                    digests.push(sink.take_digest(*mark));
                    // Elements come in no certain order: none may refer into an earlier one.
                    open.truncate(self.number + 1);
                }
                *next += 1;
                items.get(*next - 1).cloned().or_else(|| {
                    digests.sort_unstable();
                    digests.iter().for_each(|digest| sink.digest(*digest));
                    None
                })
            }
            Body::Keys { items, next, digests, mark } => {
                if *next > 0 {
                    digests.push(sink.take_digest(*mark));
                    open.truncate(self.number + 1);
                }
                *next += 1;
                if let Some([key, _]) = items.get(*next - 1) {
                    return Some(key.clone());
                }
                let values = std::mem::take(items).into_iter().map(|[_, value]| value);
                let mut entries: Vec<_> = std::mem::take(digests).into_iter().zip(values).collect();
                entries.sort_by_key(|(key, _)| *key);
                self.body = Body::Values { items: entries.into_iter() };
                self.next(sink, open)
            }
            Body::Values { items } => items.next().map(|(key, value)| {
                sink.digest(key);
                value
            }),
        }
    }
}
