//! The arguments of a call as bytes: simple constants natively, all others as objects beside them, for one pickle.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use raskt_core::encode::{Decode, Decoder, Encoder, Limits};
use raskt_core::{Fit, Payload, Result};

use crate::node::{Arg, Args, Build, Callee, Node};
use crate::scan::DEPTH_MAX;
use crate::{errors, pickle};

const NONE: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const STR: u8 = 5;
const BYTES: u8 = 6;
/// One of the pickled objects.
const PICKLED: u8 = 7;
const INPUT: u8 = 8;
const LIST: u8 = 9;
const TUPLE: u8 = 10;
const SET: u8 = 11;
const FROZEN_SET: u8 = 12;
const SLICE: u8 = 13;
const DICT: u8 = 14;
const CALL: u8 = 15;
const FIELDS: u8 = 16;
const INPUTS: u8 = 17;
const COPY: u8 = 18;

const PLAIN: u8 = 0;
const MIXED: u8 = 1;

/// Longer text and bytes are left to the pickle, which keeps bulk out of band.
const IN_PLACE_MAX_BYTES: usize = 4096;

/// Writes calls.
struct Writer<'py> {
    py: Python<'py>,
    out: Encoder<'static>,
    pickled: Vec<Bound<'py, PyAny>>,
    /// Whether what is read is called once, so that it need not keep a container to make copies of.
    is_called_once: bool,
}

/// Arguments as bytes and the objects beside them, for whoever pickles both.
pub fn args_to_parts<'py>(
    py: Python<'py>,
    args: &Args,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyTuple>)> {
    let mut writer = Writer { py, out: Encoder::in_band(), pickled: Vec::new(), is_called_once: false };
    writer.args(args)?;
    let Writer { out, pickled, .. } = writer;
    Ok((crate::object::bytes(py, &out.into_bytes())?, PyTuple::new(py, pickled)?))
}

/// What [`args_to_parts`] took apart.
///
/// # Errors
/// `ValueError` for bytes that it did not write.
pub fn args_from_parts(bytes: &Bound<'_, PyBytes>, objects: &Bound<'_, PyTuple>) -> PyResult<Args> {
    let objects: Vec<Bound<'_, PyAny>> = objects.iter().collect();
    let input = Decoder::new(bytes.as_bytes(), &Limits::default()).map_err(|_| damaged())?;
    Reader { py: bytes.py(), input, pickled: objects.into_iter(), depth: 0 }.args()
}

/// What is called is the first input.
const FROM_INPUT: u8 = 1;
/// A key follows the arguments.
const KEYED: u8 = 2;

/// The call that `node` is, its function and its dependencies apart.
///
/// # Errors
/// What pickling an argument raises.
pub fn pack(py: Python<'_>, node: &Node) -> Result<Payload> {
    let mut writer = Writer { py, out: Encoder::in_band(), pickled: Vec::new(), is_called_once: true };
    let key = node.object_key(py);
    let from_input = if let Callee::FirstInput = node.callee { FROM_INPUT } else { 0 };
    writer.out.byte(from_input | if key.is_some() { KEYED } else { 0 });
    writer.args(&node.args).map_err(|error| errors::raised(py, error))?;
    if let Some(key) = key {
        writer.constant(key);
    }
    let Writer { out, pickled, .. } = writer;
    let tree = out.into_bytes();
    let mut header = Vec::with_capacity(tree.len() + 8);
    header.extend_from_slice(&(tree.len() as u64).to_le_bytes());
    header.extend_from_slice(&tree);
    if pickled.is_empty() {
        return Ok(Payload { header, buffers: Vec::new() });
    }
    let list = PyList::new(py, pickled).map_err(|error| errors::raised(py, error))?;
    let rest = pickle::dumps(py, list.as_any())?;
    header.extend_from_slice(&rest.header);
    Ok(Payload { header, buffers: rest.buffers })
}

impl<'py> Writer<'py> {
    fn args(&mut self, args: &Args) -> PyResult<()> {
        match args {
            Args::Plain { args, kwargs } => {
                self.out.byte(PLAIN);
                let args = args.bind(self.py);
                self.out.varint(args.len() as u64);
                args.iter().for_each(|arg| self.constant(arg));
                let n_kwargs = kwargs.as_ref().map_or(0, |kwargs| kwargs.bind(self.py).len());
                self.out.varint(n_kwargs as u64);
                let py = self.py;
                for (name, value) in kwargs.iter().flat_map(|kwargs| kwargs.bind(py).iter()) {
                    self.constant(name);
                    self.constant(value);
                }
                Ok(())
            }
            Args::Mixed { args, kwargs } => {
                self.out.byte(MIXED);
                self.all(args)?;
                self.out.varint(kwargs.len() as u64);
                kwargs.iter().try_for_each(|(name, arg)| self.named(name, arg))
            }
        }
    }

    fn constant(&mut self, object: Bound<'py, PyAny>) {
        if object.is_none() {
            return self.out.byte(NONE);
        }
        if let Ok(int) = object.cast_exact::<PyInt>() {
            if let Ok(value) = int.extract::<i64>() {
                self.out.byte(INT);
                return self.out.zigzag(value);
            }
        } else if let Ok(float) = object.cast_exact::<PyFloat>() {
            self.out.byte(FLOAT);
            return self.out.raw(&float.value().to_le_bytes());
        } else if let Ok(truth) = object.cast_exact::<PyBool>() {
            return self.out.byte(if truth.is_true() { TRUE } else { FALSE });
        } else if let Ok(text) = object.cast_exact::<PyString>() {
            if let Ok(text) = text.to_cow()
                && text.len() <= IN_PLACE_MAX_BYTES
            {
                self.out.byte(STR);
                return self.out.text(&text);
            }
        } else if let Ok(bytes) = object.cast_exact::<PyBytes>()
            && bytes.as_bytes().len() <= IN_PLACE_MAX_BYTES
        {
            self.out.byte(BYTES);
            return self.out.bytes(bytes.as_bytes());
        }
        self.out.byte(PICKLED);
        self.pickled.push(object);
    }

    fn named(&mut self, name: &Py<PyString>, arg: &Arg) -> PyResult<()> {
        self.constant(name.bind(self.py).clone().into_any());
        self.arg(arg)
    }

    fn all(&mut self, args: &[Arg]) -> PyResult<()> {
        self.out.varint(args.len() as u64);
        args.iter().try_for_each(|arg| self.arg(arg))
    }

    fn arg(&mut self, arg: &Arg) -> PyResult<()> {
        match arg {
            Arg::Const(object) => {
                self.constant(object.bind(self.py).clone());
                Ok(())
            }
            Arg::Input(at) => {
                self.out.byte(INPUT);
                self.out.varint(u64::from(*at));
                Ok(())
            }
            Arg::Inputs => {
                self.out.byte(INPUTS);
                Ok(())
            }
            Arg::Build(build) => self.build(build),
        }
    }

    fn build(&mut self, build: &Build) -> PyResult<()> {
        let (tag, items) = match build {
            Build::List(items) => (LIST, items.as_slice()),
            Build::Tuple(items) => (TUPLE, items.as_slice()),
            Build::Set(items) => (SET, items.as_slice()),
            Build::FrozenSet(items) => (FROZEN_SET, items.as_slice()),
            Build::Slice(parts) => (SLICE, parts.as_slice()),
            Build::Dict(pairs) => {
                self.out.byte(DICT);
                self.out.varint(pairs.len() as u64);
                return pairs.iter().try_for_each(|(key, value)| {
                    self.arg(key)?;
                    self.arg(value)
                });
            }
            Build::Copy(container) => {
                if !self.is_called_once {
                    self.out.byte(COPY);
                }
                self.constant(container.bind(self.py).clone());
                return Ok(());
            }
            Build::Call(function, args) => {
                self.out.byte(CALL);
                self.constant(function.bind(self.py).clone());
                return self.all(args);
            }
            Build::Fields(template, fields) => {
                self.out.byte(FIELDS);
                self.constant(template.bind(self.py).clone());
                self.out.varint(fields.len() as u64);
                return fields.iter().try_for_each(|(name, arg)| self.named(name, arg));
            }
        };
        self.out.byte(tag);
        self.all(items)
    }
}

/// Reads calls.
struct Reader<'py, 'a> {
    py: Python<'py>,
    input: Decoder<'a>,
    pickled: std::vec::IntoIter<Bound<'py, PyAny>>,
    /// How many containers are around what is read.
    depth: usize,
}

/// What [`pack`] wrote.
pub struct Packed {
    /// Whether the callee is the first input.
    pub from_input: bool,
    /// The arguments.
    pub args: Args,
    /// The key, where the core's keys do not tell it.
    pub key: Option<Py<PyAny>>,
}

/// What [`pack`] wrote.
///
/// # Errors
/// What unpickling raises; `ValueError` for bytes that [`pack`] did not write.
pub fn unpack(py: Python<'_>, payload: Payload) -> PyResult<Packed> {
    let Payload { header, buffers } = payload;
    let (head, rest) = header.split_first_chunk::<8>().ok_or_else(damaged)?;
    let (tree, rest) = rest.split_at_checked(u64::from_le_bytes(*head).fit()).ok_or_else(damaged)?;
    let pickled: Vec<Bound<'_, PyAny>> = match rest.is_empty() {
        true => Vec::new(),
        false => pickle::loads_parts(py, rest, buffers)?.extract()?,
    };
    let input = Decoder::new(tree, &Limits::default()).map_err(|_| damaged())?;
    let mut reader = Reader { py, input, pickled: pickled.into_iter(), depth: 0 };
    let flags = reader.byte()?;
    if flags > FROM_INPUT | KEYED {
        return Err(damaged());
    }
    let args = reader.args()?;
    let key = if flags & KEYED != 0 { Some(reader.constant()?.unbind()) } else { None };
    Ok(Packed { from_input: flags & FROM_INPUT != 0, args, key })
}

fn damaged() -> PyErr {
    PyValueError::new_err("a call that another process sent is damaged")
}

impl<'py> Reader<'py, '_> {
    fn byte(&mut self) -> PyResult<u8> {
        self.input.byte().map_err(|_| damaged())
    }

    fn length(&mut self) -> PyResult<usize> {
        self.input.length().map_err(|_| damaged())
    }

    fn args(&mut self) -> PyResult<Args> {
        if self.byte()? == PLAIN {
            return self.plain();
        }
        let args = self.all()?.into_boxed_slice();
        let n_kwargs = self.length()?;
        let mut kwargs = Vec::with_capacity(n_kwargs);
        for _ in 0..n_kwargs {
            kwargs.push((self.name()?, self.arg()?));
        }
        Ok(Args::Mixed { args, kwargs: kwargs.into_boxed_slice() })
    }

    fn plain(&mut self) -> PyResult<Args> {
        let n_args = self.length()?;
        let mut args = Vec::with_capacity(n_args);
        for _ in 0..n_args {
            args.push(self.constant()?);
        }
        let args = PyTuple::new(self.py, args)?.unbind();
        let n_kwargs = self.length()?;
        if n_kwargs == 0 {
            return Ok(Args::Plain { args, kwargs: None });
        }
        let kwargs = PyDict::new(self.py);
        for _ in 0..n_kwargs {
            kwargs.set_item(self.constant()?, self.constant()?)?;
        }
        Ok(Args::Plain { args, kwargs: Some(kwargs.unbind()) })
    }

    fn all(&mut self) -> PyResult<Vec<Arg>> {
        let n = self.length()?;
        let mut args = Vec::with_capacity(n);
        for _ in 0..n {
            args.push(self.arg()?);
        }
        Ok(args)
    }

    fn name(&mut self) -> PyResult<Py<PyString>> {
        Ok(self.constant()?.cast_into::<PyString>()?.unbind())
    }

    /// The next object, which is no container of inputs.
    fn constant(&mut self) -> PyResult<Bound<'py, PyAny>> {
        match self.byte_or_object()? {
            Item::Object(object) => Ok(object),
            Item::Tag(_) => Err(damaged()),
        }
    }

    fn byte_or_object(&mut self) -> PyResult<Item<'py>> {
        let py = self.py;
        let tag = self.byte()?;
        Ok(Item::Object(match tag {
            NONE => py.None().into_bound(py),
            FALSE | TRUE => PyBool::new(py, tag == TRUE).to_owned().into_any(),
            INT => self.input.zigzag().map_err(|_| damaged())?.into_pyobject(py)?.into_any(),
            FLOAT => {
                let bytes = self.input.array().map_err(|_| damaged())?;
                PyFloat::new(py, f64::from_le_bytes(bytes)).into_any()
            }
            STR => crate::object::text(py, self.input.text().map_err(|_| damaged())?)?.into_any(),
            BYTES => {
                let bytes = raskt_core::Buffer::decode(&mut self.input).map_err(|_| damaged())?;
                crate::object::bytes(py, bytes.as_slice())?.into_any()
            }
            PICKLED => self.pickled.next().ok_or_else(damaged)?,
            tag => return Ok(Item::Tag(tag)),
        }))
    }

    fn arg(&mut self) -> PyResult<Arg> {
        let tag = match self.byte_or_object()? {
            Item::Object(object) => return Ok(Arg::Const(object.unbind())),
            Item::Tag(tag) => tag,
        };
        match tag {
            INPUT => {
                let at = self.input.varint().map_err(|_| damaged())?;
                u32::try_from(at).map(Arg::Input).map_err(|_| damaged())
            }
            INPUTS => Ok(Arg::Inputs),
            _ if self.depth > DEPTH_MAX => Err(damaged()),
            tag => {
                self.depth += 1;
                let build = self.build(tag)?;
                self.depth -= 1;
                Ok(Arg::Build(Box::new(build)))
            }
        }
    }

    fn build(&mut self, tag: u8) -> PyResult<Build> {
        Ok(match tag {
            COPY => Build::Copy(self.constant()?.unbind()),
            LIST => Build::List(self.all()?),
            TUPLE => Build::Tuple(self.all()?),
            SET => Build::Set(self.all()?),
            FROZEN_SET => Build::FrozenSet(self.all()?),
            SLICE => Build::Slice(self.all()?.try_into().map_err(|_| damaged())?),
            DICT => {
                let n = self.length()?;
                let mut pairs = Vec::with_capacity(n);
                for _ in 0..n {
                    pairs.push((self.arg()?, self.arg()?));
                }
                Build::Dict(pairs)
            }
            CALL => Build::Call(self.constant()?.unbind(), self.all()?),
            FIELDS => {
                let template = self.constant()?.unbind();
                let n = self.length()?;
                let mut fields = Vec::with_capacity(n);
                for _ in 0..n {
                    fields.push((self.name()?, self.arg()?));
                }
                Build::Fields(template, fields)
            }
            _ => return Err(damaged()),
        })
    }
}

/// What comes next in a call.
enum Item<'py> {
    Object(Bound<'py, PyAny>),
    /// The tag of something that holds more.
    Tag(u8),
}
