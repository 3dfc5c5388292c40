//! One letter a dtype, as NumPy's tables of loops name them.

use std::sync::Arc;

use raskt_core::DType;

/// NumPy's letter for a numeric dtype; times are handled apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Code(pub char);

/// What family of numbers a dtype belongs to, in the order in which NumPy widens them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Bool,
    Unsigned,
    Signed,
    Float,
    Complex,
}

impl Code {
    /// Every numeric code, narrow to wide, the order in which NumPy searches loops.
    pub const ALL: [Self; 14] = [
        Self('?'),
        Self('b'),
        Self('B'),
        Self('h'),
        Self('H'),
        Self('i'),
        Self('I'),
        Self('l'),
        Self('L'),
        Self('e'),
        Self('f'),
        Self('d'),
        Self('F'),
        Self('D'),
    ];

    /// The code of a numeric dtype, `float16` included, which is foreign to native kernels.
    pub fn of(dtype: &DType) -> Option<Self> {
        Some(Self(match dtype {
            DType::Bool => '?',
            DType::Int8 => 'b',
            DType::Int16 => 'h',
            DType::Int32 => 'i',
            DType::Int64 => 'l',
            DType::UInt8 => 'B',
            DType::UInt16 => 'H',
            DType::UInt32 => 'I',
            DType::UInt64 => 'L',
            DType::Float32 => 'f',
            DType::Float64 => 'd',
            DType::Complex64 => 'F',
            DType::Complex128 => 'D',
            DType::Foreign(name) if &**name == "float16" => 'e',
            _ => return None,
        }))
    }

    /// The dtype.
    pub fn dtype(self) -> DType {
        match self.0 {
            '?' => DType::Bool,
            'b' => DType::Int8,
            'h' => DType::Int16,
            'i' => DType::Int32,
            'l' => DType::Int64,
            'B' => DType::UInt8,
            'H' => DType::UInt16,
            'I' => DType::UInt32,
            'L' => DType::UInt64,
            'f' => DType::Float32,
            'd' => DType::Float64,
            'F' => DType::Complex64,
            'D' => DType::Complex128,
            'e' => DType::Foreign(Arc::from("float16")),
            _ => DType::Unknown,
        }
    }

    /// The family of numbers.
    pub fn kind(self) -> Kind {
        match self.0 {
            '?' => Kind::Bool,
            'B' | 'H' | 'I' | 'L' => Kind::Unsigned,
            'b' | 'h' | 'i' | 'l' => Kind::Signed,
            'e' | 'f' | 'd' => Kind::Float,
            _ => Kind::Complex,
        }
    }

    /// Bits of one number; of its real part for complex ones.
    pub fn bits(self) -> u32 {
        match self.0 {
            '?' => 1,
            'b' | 'B' => 8,
            'h' | 'H' | 'e' => 16,
            'i' | 'I' | 'f' | 'F' => 32,
            _ => 64,
        }
    }

    /// The code of a family with so many bits, if there is one.
    pub fn with(kind: Kind, bits: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.kind() == kind && code.bits() == bits)
    }
}
