//! Which loop a ufunc runs for operands of given dtypes.

use raskt_core::DType;

use super::casting::safe;
use super::code::{Code, Kind};
use super::promotion::{Operand, Weak, result_type};
use super::times;
use super::ufunc::{Output, Ufunc};

/// A loop: what the operands are cast to, and what comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// The dtype of each operand inside.
    pub inputs: Vec<DType>,
    /// The dtype of the result.
    pub output: DType,
}

impl Loop {
    /// Whether no foreign dtype takes part, so that a native kernel may exist.
    #[must_use]
    pub fn is_native(&self) -> bool {
        self.inputs.iter().chain([&self.output]).all(|dtype| dtype.item_bytes().is_some())
    }

    fn of(ufunc: Ufunc, code: Code) -> Self {
        let output = match ufunc.output() {
            Output::Same => code,
            Output::Bool | Output::Compare => Code('?'),
            Output::Byte => Code('B'),
            Output::Magnitude => match code {
                Code('F') => Code('f'),
                Code('D') => Code('d'),
                code => code,
            },
        };
        Self { inputs: vec![code.dtype(); ufunc.arity()], output: output.dtype() }
    }
}

impl Ufunc {
    /// The loop that NumPy 2 runs for these operands; `None` where it raises `TypeError`, or where it takes a
    /// dtype that is unknown or foreign.
    ///
    /// ```
    /// use raskt_array::types::{Ufunc, Weak};
    /// use raskt_core::DType;
    /// let quotient = Ufunc::Divide.resolve(&[DType::Int32.into(), Weak::Int.into()]);
    /// assert_eq!(quotient.map(|found| found.output), Some(DType::Float64));
    /// assert_eq!(Ufunc::Negative.resolve(&[DType::Bool.into()]), None);
    /// ```
    #[must_use]
    pub fn resolve(self, operands: &[Operand]) -> Option<Loop> {
        if operands.len() != self.arity() {
            return None;
        }
        let is_time =
            |operand: &Operand| matches!(operand, Operand::Typed(DType::Datetime(_) | DType::Timedelta(_)));
        if operands.iter().any(is_time) {
            return times::resolve(self, operands);
        }
        let seen: Vec<Seen> = operands.iter().map(Seen::of).collect::<Option<_>>()?;
        if self.refuses_bool() && seen.iter().all(|seen| *seen == Seen::Typed(Code('?'))) {
            return None;
        }
        if self == Self::Divide && seen.iter().all(|seen| seen.kind() <= Kind::Signed) {
            return Some(Loop::of(self, Code('d')));
        }
        if self.is_uniform() {
            let code = Code::of(&result_type(operands)?)?;
            return self.loops().any(|found| found == code).then(|| Loop::of(self, code));
        }
        self.search(&seen)
    }

    /// The first loop that every operand can be cast to safely.
    fn search(self, seen: &[Seen]) -> Option<Loop> {
        let strong = seen.iter().filter(|seen| matches!(seen, Seen::Typed(_))).map(Seen::step).max();
        let weak = seen.iter().filter(|seen| matches!(seen, Seen::Weak(_))).map(Seen::step).max();
        // Python numbers of a higher step than all arrays bring their default dtype.
        let adapts = strong >= weak;
        let fits = |seen: &Seen, to: Code| match seen {
            Seen::Typed(from) => safe(*from, to),
            Seen::Weak(weak) if adapts => match weak {
                Weak::Int => to.kind() >= Kind::Unsigned,
                Weak::Float => to.kind() >= Kind::Float,
                Weak::Complex => to.kind() >= Kind::Complex,
            },
            Seen::Weak(weak) => Code::of(&weak.default_dtype()).is_some_and(|from| safe(from, to)),
        };
        let mixed = || {
            let pair = [Code('l'), Code('L')];
            [pair, [pair[1], pair[0]]]
                .into_iter()
                .find(|pair| {
                    self.output() == Output::Compare && seen.iter().zip(pair).all(|(s, &c)| fits(s, c))
                })
                .map(|pair| Loop { inputs: pair.map(Code::dtype).into(), output: DType::Bool })
        };
        let uniform = |code: &Code| seen.iter().all(|seen| fits(seen, *code));
        let found = self.loops().find(uniform);
        match found {
            Some(code) if code.kind() <= Kind::Signed => Some(Loop::of(self, code)),
            other => mixed().or_else(|| other.map(|code| Loop::of(self, code))),
        }
    }

    /// Ufuncs without a loop for truth values that do not widen them to integers either.
    fn refuses_bool(self) -> bool {
        matches!(self, Self::Subtract | Self::Negative | Self::Positive | Self::Sign | Self::Gcd | Self::Lcm)
    }

    /// Ufuncs that run in the common dtype of their operands or not at all.
    fn is_uniform(self) -> bool {
        matches!(
            self,
            Self::Add
                | Self::Subtract
                | Self::Multiply
                | Self::Maximum
                | Self::Minimum
                | Self::Fmax
                | Self::Fmin
                | Self::Absolute
                | Self::Negative
                | Self::Positive
                | Self::Sign
                | Self::Clip
        )
    }
}

/// An operand that is a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Typed(Code),
    Weak(Weak),
}

impl Seen {
    fn of(operand: &Operand) -> Option<Self> {
        match operand {
            Operand::Typed(dtype) => Code::of(dtype).map(Self::Typed),
            Operand::Weak(weak) => Some(Self::Weak(*weak)),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Typed(code) => code.kind(),
            Self::Weak(Weak::Int) => Kind::Signed,
            Self::Weak(Weak::Float) => Kind::Float,
            Self::Weak(Weak::Complex) => Kind::Complex,
        }
    }

    /// NumPy's coarse order: truth values, integers, all others.
    fn step(&self) -> u8 {
        match self.kind() {
            Kind::Bool => 0,
            Kind::Unsigned | Kind::Signed => 1,
            Kind::Float | Kind::Complex => 2,
        }
    }
}
