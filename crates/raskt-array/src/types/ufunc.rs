//! NumPy's ufuncs, and the dtypes that each has a loop for.

use super::code::Code;

/// What a loop returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// The loop's dtype.
    Same,
    /// The loop's dtype, or its real part's.
    Magnitude,
    /// Truth values.
    Bool,
    /// Truth values; signed and unsigned 64-bit integers are compared without a cast.
    Compare,
    /// Small counts.
    Byte,
}

macro_rules! ufuncs {
    ($($variant:ident($name:literal, $arity:literal, $codes:literal, $output:ident)),* $(,)?) => {
        /// A ufunc of NumPy, named as there. `divmod`, `modf` and `frexp` are two of these each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum Ufunc {
            $($variant,)*
        }

        impl Ufunc {
            /// Every ufunc, by name.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// NumPy's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How many operands it has.
            #[must_use]
            pub const fn arity(self) -> usize {
                match self { $(Self::$variant => $arity,)* }
            }

            /// The codes of the dtypes with a loop, in the order in which they are tried.
            const fn codes(self) -> &'static str {
                match self { $(Self::$variant => $codes,)* }
            }

            pub(super) const fn output(self) -> Output {
                match self { $(Self::$variant => Output::$output,)* }
            }
        }
    };
}

ufuncs! {
    Absolute("absolute", 1, "?bBhHiIlLefdFD", Magnitude),
    Add("add", 2, "?bBhHiIlLefdFD", Same),
    Arccos("arccos", 1, "efdFD", Same),
    Arccosh("arccosh", 1, "efdFD", Same),
    Arcsin("arcsin", 1, "efdFD", Same),
    Arcsinh("arcsinh", 1, "efdFD", Same),
    Arctan("arctan", 1, "efdFD", Same),
    Arctan2("arctan2", 2, "efd", Same),
    Arctanh("arctanh", 1, "efdFD", Same),
    BitwiseAnd("bitwise_and", 2, "?bBhHiIlL", Same),
    BitwiseOr("bitwise_or", 2, "?bBhHiIlL", Same),
    BitwiseXor("bitwise_xor", 2, "?bBhHiIlL", Same),
    BitwiseCount("bitwise_count", 1, "bBhHiIlL", Byte),
    Cbrt("cbrt", 1, "efd", Same),
    Ceil("ceil", 1, "?bBhHiIlLefd", Same),
    Clip("clip", 3, "?bBhHiIlLefdFD", Same),
    Conjugate("conjugate", 1, "bBhHiIlLefdFD", Same),
    Copysign("copysign", 2, "efd", Same),
    Cos("cos", 1, "efdFD", Same),
    Cosh("cosh", 1, "efdFD", Same),
    Deg2rad("deg2rad", 1, "efd", Same),
    Degrees("degrees", 1, "efd", Same),
    Divide("divide", 2, "efdFD", Same),
    Equal("equal", 2, "?bBhHiIlLefdFD", Compare),
    Exp("exp", 1, "efdFD", Same),
    Exp2("exp2", 1, "efdFD", Same),
    Expm1("expm1", 1, "efdFD", Same),
    Fabs("fabs", 1, "efd", Same),
    FloatPower("float_power", 2, "dD", Same),
    Floor("floor", 1, "?bBhHiIlLefd", Same),
    FloorDivide("floor_divide", 2, "bBhHiIlLefd", Same),
    Fmax("fmax", 2, "?bBhHiIlLefdFD", Same),
    Fmin("fmin", 2, "?bBhHiIlLefdFD", Same),
    Fmod("fmod", 2, "bBhHiIlLefd", Same),
    Gcd("gcd", 2, "bBhHiIlL", Same),
    Greater("greater", 2, "?bBhHiIlLefdFD", Compare),
    GreaterEqual("greater_equal", 2, "?bBhHiIlLefdFD", Compare),
    Heaviside("heaviside", 2, "efd", Same),
    Hypot("hypot", 2, "efd", Same),
    Invert("invert", 1, "?bBhHiIlL", Same),
    Isfinite("isfinite", 1, "?bBhHiIlLefdFD", Bool),
    Isinf("isinf", 1, "?bBhHiIlLefdFD", Bool),
    Isnan("isnan", 1, "?bBhHiIlLefdFD", Bool),
    Isnat("isnat", 1, "", Bool),
    Lcm("lcm", 2, "bBhHiIlL", Same),
    LeftShift("left_shift", 2, "bBhHiIlL", Same),
    Less("less", 2, "?bBhHiIlLefdFD", Compare),
    LessEqual("less_equal", 2, "?bBhHiIlLefdFD", Compare),
    Log("log", 1, "efdFD", Same),
    Log10("log10", 1, "efdFD", Same),
    Log1p("log1p", 1, "efdFD", Same),
    Log2("log2", 1, "efdFD", Same),
    Logaddexp("logaddexp", 2, "efd", Same),
    Logaddexp2("logaddexp2", 2, "efd", Same),
    LogicalAnd("logical_and", 2, "?bBhHiIlLefdFD", Bool),
    LogicalOr("logical_or", 2, "?bBhHiIlLefdFD", Bool),
    LogicalXor("logical_xor", 2, "?bBhHiIlLefdFD", Bool),
    LogicalNot("logical_not", 1, "?bBhHiIlLefdFD", Bool),
    Maximum("maximum", 2, "?bBhHiIlLefdFD", Same),
    Minimum("minimum", 2, "?bBhHiIlLefdFD", Same),
    Multiply("multiply", 2, "?bBhHiIlLefdFD", Same),
    Negative("negative", 1, "bBhHiIlLefdFD", Same),
    Nextafter("nextafter", 2, "efd", Same),
    NotEqual("not_equal", 2, "?bBhHiIlLefdFD", Compare),
    Positive("positive", 1, "bBhHiIlLefdFD", Same),
    Power("power", 2, "bBhHiIlLefdFD", Same),
    Rad2deg("rad2deg", 1, "efd", Same),
    Radians("radians", 1, "efd", Same),
    Reciprocal("reciprocal", 1, "bBhHiIlLefdFD", Same),
    Remainder("remainder", 2, "bBhHiIlLefd", Same),
    RightShift("right_shift", 2, "bBhHiIlL", Same),
    Rint("rint", 1, "efdFD", Same),
    Sign("sign", 1, "bBhHiIlLefdFD", Same),
    Signbit("signbit", 1, "efd", Bool),
    Sin("sin", 1, "efdFD", Same),
    Sinh("sinh", 1, "efdFD", Same),
    Spacing("spacing", 1, "efd", Same),
    Sqrt("sqrt", 1, "efdFD", Same),
    Square("square", 1, "bBhHiIlLefdFD", Same),
    Subtract("subtract", 2, "bBhHiIlLefdFD", Same),
    Tan("tan", 1, "efdFD", Same),
    Tanh("tanh", 1, "efdFD", Same),
    Trunc("trunc", 1, "?bBhHiIlLefd", Same),
}

impl Ufunc {
    /// The ufunc that NumPy calls `name`, by any of its names.
    ///
    /// ```
    /// use raskt_array::types::Ufunc;
    /// assert_eq!(Ufunc::parse("true_divide"), Some(Ufunc::Divide));
    /// assert_eq!(Ufunc::parse("mean"), None);
    /// ```
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = match name {
            "abs" => "absolute",
            "acos" => "arccos",
            "acosh" => "arccosh",
            "asin" => "arcsin",
            "asinh" => "arcsinh",
            "atan" => "arctan",
            "atan2" => "arctan2",
            "atanh" => "arctanh",
            "bitwise_invert" | "bitwise_not" => "invert",
            "bitwise_left_shift" => "left_shift",
            "bitwise_right_shift" => "right_shift",
            "conj" => "conjugate",
            "mod" => "remainder",
            "pow" => "power",
            "true_divide" => "divide",
            name => name,
        };
        Self::ALL.iter().copied().find(|ufunc| ufunc.name() == name)
    }

    /// The codes of the dtypes with a loop, in the order in which they are tried.
    pub(super) fn loops(self) -> impl Iterator<Item = Code> {
        self.codes().chars().map(Code)
    }
}
