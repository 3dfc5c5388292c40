//! Runs programs tile by tile.

use std::ops::Range;
use std::sync::Arc;

use raskt_core::{Buffer, DType, ErrorKind, NdArray, Result, Shape, Value};
use raskt_exec::{Call, Outcome, TaskCtx};

use super::float_flags::Watch;
use super::op::{Op, Runner};
use super::prefetch::Prefetch;
use super::prepared::{Prepared, prepared};
use super::program::Program;
use crate::kernels::memory::{self, Scratch, fill, gather, invalid, is_aligned, scatter, scratch_bytes};
use crate::kernels::nest::{Nest, Order, PerOperand, TILE_MAX, Tile, TileShape};
use crate::kernels::reduce;
use crate::kernels::shapes::{broadcast_shapes, broadcast_steps};
use crate::kernels::threads;
use crate::types::Ufunc;

/// The body `array.elementwise`: runs the program in its shared parameters over its inputs.
pub(crate) fn run(call: &mut Call<'_>) -> Result<Outcome> {
    let prepared = prepared(call.shared)?;
    let program = &prepared.program;
    let inputs = inputs(program, call)?;
    if let Some(fold) = &program.fold {
        return reduce::run_fold(&prepared, fold, &inputs, call.own, call.ctx).map(Outcome::Value);
    }
    let exclusive = call.exclusive;
    call.inputs.fill(Value::Unit);
    evaluate(&prepared, inputs, exclusive, call.ctx).map(|array| Outcome::Value(array.into()))
}

/// The inputs as arrays of the program's dtypes; taken out of the call, so that exclusive ones have one owner.
fn inputs(program: &Program, call: &mut Call<'_>) -> Result<Vec<Arc<NdArray>>> {
    if call.inputs.len() != program.inputs.len() {
        let found = format!("{} inputs", call.inputs.len());
        return Err(ErrorKind::WrongType { expected: "as many inputs as the program has", found }.into());
    }
    let mut arrays = Vec::with_capacity(call.inputs.len());
    for (value, dtype) in call.inputs.iter_mut().zip(&program.inputs) {
        let array = match std::mem::take(value) {
            Value::Array(array) => array,
            other => Arc::new(memory::array(&other)?.into_owned()),
        };
        memory::planned(&array, dtype)?;
        arrays.push(array);
    }
    Ok(arrays)
}

/// The program's result over arrays; the memory of an exclusive one becomes the result's where it fits.
fn evaluate(
    prepared: &Prepared,
    mut inputs: Vec<Arc<NdArray>>,
    exclusive: u64,
    ctx: &TaskCtx<'_>,
) -> Result<NdArray> {
    let program = &prepared.program;
    let shape = broadcast_shapes(inputs.iter().map(|array| array.shape()))?;
    let steps: Vec<Vec<i64>> = inputs.iter().map(|array| broadcast_steps(array, &shape)).collect();
    let views: Vec<&[i64]> = steps.iter().map(Vec::as_slice).collect();
    let order = Order::by_memory(&shape, &views);
    let item = program.dtype().item_bytes().unwrap_or(1);
    let out_steps = order.dense_steps(&shape, item as i64);
    let mut operands = views;
    operands.push(&out_steps);
    let base: PerOperand = inputs.iter().map(|array| array.offset() as i64).chain([0]).collect();
    let nest = Nest::new(&shape, &order, &operands, base);

    let donor = (0..inputs.len()).find(|&at| {
        at < 64 && exclusive >> at & 1 == 1 && fits(&inputs[at], program.dtype(), &shape, &out_steps)
    });
    let taken = donor.and_then(|at| {
        let lone = Arc::new(NdArray::contiguous(DType::Bool, &[0], Buffer::zeroed(0).ok()?).ok()?);
        let array = std::mem::replace(&mut inputs[at], lone);
        let (buffer, offset) = (array.buffer().clone(), array.offset());
        drop(array);
        Some((at, buffer.slice(offset, memory::n_elements(&shape).ok()? * item)))
    });
    let Some((donor, mut buffer)) = taken else {
        return fresh(prepared, &inputs, &nest, (shape, out_steps), ctx);
    };
    if buffer.as_mut_slice().is_none() {
        // Somebody else holds it after all: it is but an input, dense and from its first byte.
        inputs[donor] =
            Arc::new(NdArray::strided(program.inputs[donor].clone(), &shape, &out_steps, 0, buffer)?);
        let mut rebased = nest.base().to_vec();
        rebased[donor] = 0;
        return fresh(prepared, &inputs, &nest.with_base(&rebased), (shape, out_steps), ctx);
    }
    let out = buffer.as_mut_slice().ok_or_else(|| invalid("a buffer that cannot be written"))?;
    fill_output(prepared, &inputs, Some(donor), &nest, out, ctx)?;
    NdArray::strided(program.dtype().clone(), &shape, &out_steps, 0, buffer)
}

fn fresh(
    prepared: &Prepared,
    inputs: &[Arc<NdArray>],
    nest: &Nest,
    (shape, steps): (Shape, Vec<i64>),
    ctx: &TaskCtx<'_>,
) -> Result<NdArray> {
    let program = &prepared.program;
    let mut buffer = memory::unwritten(program.dtype(), &shape)?;
    let out = buffer.as_mut_slice().ok_or_else(|| invalid("a buffer that cannot be written"))?;
    fill_output(prepared, inputs, None, nest, out, ctx)?;
    NdArray::strided(program.dtype().clone(), &shape, &steps, 0, buffer)
}

/// Whether the input's memory can hold the result: same dtype, shape, and order.
fn fits(input: &Arc<NdArray>, dtype: &DType, shape: &[u64], steps: &[i64]) -> bool {
    let is_same = |(n, (a, b)): (&u64, (&i64, &i64))| *n == 1 || a == b;
    input.dtype() == dtype
        && input.shape() == shape
        && Arc::strong_count(input) == 1
        && is_aligned(
            &input.buffer().as_slice()[input.offset().min(input.buffer().len())..],
            input.item_bytes(),
        )
        && shape.iter().zip(input.strides().iter().zip(steps)).all(is_same)
}

/// Runs the program over the whole of `nest`, whose last operand is `out`.
fn fill_output(
    prepared: &Prepared,
    inputs: &[Arc<NdArray>],
    donor: Option<usize>,
    nest: &Nest,
    out: &mut [u8],
    ctx: &TaskCtx<'_>,
) -> Result<()> {
    let program = &prepared.program;
    let parts = nest.split(threads::worthwhile(ctx, nest.n_elements()));
    let item = program.dtype().item_bytes().unwrap_or(1);
    let mut rest = out;
    let mut work = Vec::with_capacity(parts.len());
    for part in parts {
        let (mine, others) = rest.split_at_mut((part.n_elements() * item).min(rest.len()));
        rest = others;
        work.push((part, mine));
    }
    let done = threads::each(work, |(part, out)| {
        let mut machine = Machine::new(prepared, inputs, nest.n_elements(), ctx);
        let out_operand = inputs.len();
        let base = part.base()[out_operand];
        part.for_each_tile(TileShape::Wide, |tile| {
            ctx.cancel.check()?;
            machine.load(tile, donor.map(|at| (at, &*out, base)))?;
            if tile.is_dense(out_operand, item as i64) {
                let at = (tile.offsets[out_operand] - base) as usize;
                machine.finish(&mut out[at..at + tile.len() * item])
            } else {
                machine.with_result(|result| scatter(tile, out_operand, base, item, result, out))
            }
        })
    });
    done.map(drop)
}

/// Where a register's tile is.
#[derive(Clone, Copy)]
enum Place {
    /// In its input's memory, from that byte on.
    Source(usize),
    /// In a scratch tile.
    Scratch(usize),
}

/// A program on its way through the tiles.
pub(crate) struct Machine<'a> {
    program: &'a Program,
    runners: &'a [Runner],
    sources: Vec<&'a [u8]>,
    items: Vec<usize>,
    /// For each register, the scratch tile that it uses if it uses one.
    slots: Vec<usize>,
    scratches: Vec<Scratch>,
    places: Vec<Place>,
    prefetch: Prefetch,
    watch: Option<Watch<'a>>,
    part_len: usize,
    n: usize,
}

impl<'a> Machine<'a> {
    /// The program over these inputs, for tiles of no more than `n_max` elements.
    pub fn new(prepared: &'a Prepared, inputs: &'a [Arc<NdArray>], n_max: usize, ctx: &TaskCtx<'a>) -> Self {
        let (program, runners) = (&prepared.program, prepared.runners.as_slice());
        let n_fixed = program.inputs.len() + program.constants.len();
        let slots = slots(program, n_fixed);
        let n_scratches = slots.iter().max().map_or(0, |most| most + 1) + 1;
        let mut scratches = vec![Scratch::new(); n_scratches];
        let items: Vec<usize> = program.dtypes.iter().map(|dtype| dtype.item_bytes().unwrap_or(1)).collect();
        for (constant, slot) in program.constants.iter().zip(&slots[program.inputs.len()..]) {
            let len = constant.bytes().len() * TILE_MAX.min(n_max);
            fill(scratch_bytes(&mut scratches[*slot], len), constant.bytes());
        }
        let places = slots.iter().map(|&slot| Place::Scratch(slot)).collect();
        let sources = inputs.iter().map(|array| array.buffer().as_slice()).collect();
        Self {
            program,
            runners,
            sources,
            items,
            slots,
            scratches,
            places,
            prefetch: Prefetch::default(),
            watch: Watch::over(program, ctx.float_errors),
            part_len: part_len(program),
            n: 0,
        }
    }

    /// Reads the inputs of a tile. The donor's elements are where the result will be: they are copied first.
    pub fn load(&mut self, tile: &Tile<'_>, donor: Option<(usize, &[u8], i64)>) -> Result<()> {
        self.n = tile.len();
        for at in 0..self.sources.len() {
            let (item, slot) = (self.items[at], self.slots[at]);
            let len = self.n * item;
            if let Some((donor, out, base)) = donor
                && donor == at
            {
                // It has the result's steps.
                let out_operand = self.sources.len();
                let offsets = [tile.offsets[out_operand] - base];
                let view = Tile {
                    offsets: &offsets,
                    next: &[],
                    row_steps: &tile.row_steps[out_operand..],
                    col_steps: &tile.col_steps[out_operand..],
                    ..*tile
                };
                gather(out, &view, 0, item, scratch_bytes(&mut self.scratches[slot], len));
                self.places[at] = Place::Scratch(slot);
                continue;
            }
            let start = tile.offsets[at] as usize;
            self.places[at] =
                if tile.is_dense(at, item as i64) && is_aligned(&self.sources[at][start..], item) {
                    Place::Source(start)
                } else {
                    gather(self.sources[at], tile, at, item, scratch_bytes(&mut self.scratches[slot], len));
                    Place::Scratch(slot)
                };
        }
        self.prefetch.plan(tile, &self.items, self.sources.len());
        Ok(())
    }

    fn bytes(&self, register: usize) -> &[u8] {
        let len = self.n * self.items[register];
        match self.places[register] {
            Place::Source(start) => &self.sources[register][start..start + len],
            Place::Scratch(slot) => &bytemuck::cast_slice(&self.scratches[slot])[..len],
        }
    }

    /// Runs a step on the elements of `part`.
    fn step(&self, at: usize, part: &Range<usize>, dst: &mut [u8], is_watched: bool) -> Result<()> {
        let step = &self.program.steps[at];
        let operand = |number: usize| {
            step.operands.get(number).map_or(&[][..], |register| {
                let item = self.items[usize::from(register.0)];
                &self.bytes(usize::from(register.0))[part.start * item..part.end * item]
            })
        };
        let args = [operand(0), operand(1), operand(2)];
        if step.op == Op::Ufunc(Ufunc::Power) {
            let exponent = &self.program.dtypes[usize::from(step.operands[1].0)];
            check_exponents(exponent, args[1])?;
        }
        let args = &args[..step.operands.len()];
        match self.watch.as_ref().filter(|_| is_watched) {
            None => self.runners[at].run(dst, args),
            Some(watch) => watch.step(at, args, || self.runners[at].run(dst, args)),
        }
        Ok(())
    }

    /// Runs all steps on the elements of `part`; the last writes to `out`, where that is given.
    fn run_part(&mut self, part: &Range<usize>, mut out: Option<&mut [u8]>, is_watched: bool) -> Result<()> {
        let n_steps = self.program.steps.len();
        let n_fixed = self.program.dtypes.len() - n_steps;
        for at in 0..n_steps {
            self.prefetch.ask(&self.sources, n_steps - at);
            let register = n_fixed + at;
            let (slot, item) = (self.slots[register], self.items[register]);
            let bytes = part.start * item..part.end * item;
            if let Some(out) = out.as_deref_mut().filter(|_| at + 1 == n_steps) {
                self.step(at, part, &mut out[bytes], is_watched)?;
                continue;
            }
            let mut scratch = std::mem::take(&mut self.scratches[slot]);
            let dst = &mut scratch_bytes(&mut scratch, self.n * item)[bytes];
            let done = self.step(at, part, dst, is_watched);
            self.scratches[slot] = scratch;
            done?;
        }
        Ok(())
    }

    /// Runs all steps, part by part.
    fn run_all(&mut self, mut out: Option<&mut [u8]>) -> Result<()> {
        let is_watched_closely = self.watch.as_ref().is_some_and(Watch::is_close);
        if let Some(watch) = self.watch.as_ref().filter(|_| !is_watched_closely) {
            watch.begin();
        }
        for start in (0..self.n).step_by(self.part_len) {
            let part = start..(start + self.part_len).min(self.n);
            self.run_part(&part, out.as_deref_mut(), is_watched_closely)?;
        }
        // Inputs are where they were: which step it was is found by running all of them again.
        if !is_watched_closely && self.watch.as_ref().is_some_and(Watch::has_met) {
            self.run_part(&(0..self.n), out, true)?;
        }
        Ok(())
    }

    /// Writes the program's result to `out`.
    pub fn finish(&mut self, out: &mut [u8]) -> Result<()> {
        if self.program.steps.is_empty() {
            out.copy_from_slice(self.bytes(self.program.dtypes.len() - 1));
            return Ok(());
        }
        self.run_all(Some(out))
    }

    /// Runs the program and shows its result to `show`.
    pub fn with_result(&mut self, show: impl FnOnce(&[u8])) -> Result<()> {
        self.run_all(None)?;
        show(self.bytes(self.program.dtypes.len() - 1));
        Ok(())
    }
}

/// Elements on which all steps run in turn, where the processor's divider is what takes longest: while it divides, the
/// steps before and after it get on with the parts beside.
const PART: usize = 256;

/// How many elements all steps of `program` run on in turn.
fn part_len(program: &Program) -> usize {
    let divides = |op: &Op| matches!(op, Op::Ufunc(Ufunc::Divide | Ufunc::Sqrt | Ufunc::Reciprocal));
    match program.steps.len() > 1 && program.steps.iter().any(|step| divides(&step.op)) {
        true => PART,
        false => TILE_MAX,
    }
}

/// NumPy's rule: an integer has no negative powers that are integers.
fn check_exponents(dtype: &DType, bytes: &[u8]) -> Result<()> {
    let is_negative = match dtype {
        DType::Int8 => bytemuck::cast_slice::<u8, i8>(bytes).iter().any(|&n| n < 0),
        DType::Int16 => bytemuck::cast_slice::<u8, i16>(bytes).iter().any(|&n| n < 0),
        DType::Int32 => bytemuck::cast_slice::<u8, i32>(bytes).iter().any(|&n| n < 0),
        DType::Int64 => bytemuck::cast_slice::<u8, i64>(bytes).iter().any(|&n| n < 0),
        _ => false,
    };
    match is_negative {
        true => Err(invalid("Integers to negative integer powers are not allowed.")),
        false => Ok(()),
    }
}

/// Gives each register a scratch tile: inputs and constants one of their own, steps one that no register uses
/// any more, so that few tiles are touched in turn.
fn slots(program: &Program, n_fixed: usize) -> Vec<usize> {
    let n_registers = program.dtypes.len();
    let mut last_use = vec![0; n_registers];
    for (at, step) in program.steps.iter().enumerate() {
        step.operands.iter().for_each(|register| last_use[usize::from(register.0)] = at);
    }
    let mut slots: Vec<usize> = (0..n_fixed).collect();
    let mut free: Vec<usize> = Vec::new();
    let mut n_slots = n_fixed;
    for (at, step) in program.steps.iter().enumerate() {
        slots.push(free.pop().unwrap_or_else(|| {
            n_slots += 1;
            n_slots - 1
        }));
        let mut freed: Vec<usize> = step.operands.iter().map(|register| usize::from(register.0)).collect();
        freed.sort_unstable();
        freed.dedup();
        free.extend(freed.into_iter().filter(|&r| r >= n_fixed && last_use[r] == at).map(|r| slots[r]));
    }
    slots
}
