//! The distributions: their names, and what their parameters may be.

use raskt_core::Result;

use super::stream::Source;
use super::{continuous, discrete};
use crate::kernels::memory::invalid;

/// What a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Any,
    NonNegative,
    Positive,
    /// Between 0 and 1.
    Probability,
    /// Above 0, up to 1.
    PositiveProbability,
    /// Between 0 and 1, 1 left out.
    BelowOne,
    /// Above 1.
    AboveOne,
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::Any => true,
            Self::NonNegative => value >= 0.0 && !(value == 0.0 && value.is_sign_negative()),
            Self::Positive => value > 0.0,
            Self::Probability => (0.0..=1.0).contains(&value),
            Self::PositiveProbability => value > 0.0 && value <= 1.0,
            Self::BelowOne => (0.0..1.0).contains(&value),
            Self::AboveOne => value > 1.0,
        }
    }

    fn message(self, name: &str) -> String {
        match self {
            Self::Any => String::new(),
            Self::NonNegative => format!("{name} < 0"),
            Self::Positive => format!("{name} <= 0"),
            Self::Probability => format!("{name} < 0, {name} > 1 or {name} is NaN"),
            Self::PositiveProbability => format!("{name} <= 0, {name} > 1 or {name} contains NaNs"),
            Self::BelowOne => format!("{name} < 0, {name} >= 1 or {name} is NaN"),
            Self::AboveOne => format!("{name} <= 1 or {name} is NaN"),
        }
    }
}

macro_rules! distributions {
    ($($variant:ident($name:literal, $draw:expr, [$($param:literal $bound:ident),*], $is_integer:literal);)*) => {
        /// A distribution of NumPy's `Generator` that gives one number an element.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum Distribution {
            $($variant,)*
        }

        impl Distribution {
            /// Every distribution.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// NumPy's name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The names of its parameters.
            #[must_use]
            pub fn parameters(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($param),*],)* }
            }

            /// Whether its numbers are whole.
            #[must_use]
            pub fn is_integer(self) -> bool {
                match self { $(Self::$variant => $is_integer,)* }
            }

            fn bounds(self) -> &'static [Bound] {
                match self { $(Self::$variant => &[$(Bound::$bound),*],)* }
            }

            /// What draws a number.
            pub(super) fn draw(self) -> fn(&mut Source, &[f64]) -> f64 {
                match self { $(Self::$variant => $draw,)* }
            }
        }
    };
}

distributions! {
    Random("random", |s, _| s.unit(), [], false);
    Uniform("uniform", |s, p| p[0] + (p[1] - p[0]) * s.unit(), ["low" Any, "high" Any], false);
    StandardNormal("standard_normal", |s, _| continuous::standard_normal(s), [], false);
    Normal("normal", |s, p| p[0] + p[1] * continuous::standard_normal(s), ["loc" Any, "scale" NonNegative], false);
    StandardExponential("standard_exponential", |s, _| s.exponential(), [], false);
    Exponential("exponential", |s, p| p[0] * s.exponential(), ["scale" NonNegative], false);
    StandardGamma("standard_gamma", |s, p| continuous::gamma(s, p[0]), ["shape" NonNegative], false);
    Gamma("gamma", |s, p| p[1] * continuous::gamma(s, p[0]), ["shape" NonNegative, "scale" NonNegative], false);
    Beta("beta", |s, p| continuous::beta(s, p[0], p[1]), ["a" Positive, "b" Positive], false);
    Chisquare("chisquare", |s, p| continuous::chi_square(s, p[0]), ["df" Positive], false);
    NoncentralChisquare("noncentral_chisquare", |s, p| continuous::noncentral_chi_square(s, p[0], p[1]),
        ["df" Positive, "nonc" NonNegative], false);
    F("f", |s, p| continuous::f(s, p[0], p[1]), ["dfnum" Positive, "dfden" Positive], false);
    NoncentralF("noncentral_f", |s, p| continuous::noncentral_f(s, p[0], p[1], p[2]),
        ["dfnum" Positive, "dfden" Positive, "nonc" NonNegative], false);
    StandardCauchy("standard_cauchy",
        |s, _| continuous::standard_normal(s) / continuous::standard_normal(s), [], false);
    StandardT("standard_t", |s, p| continuous::student_t(s, p[0]), ["df" Positive], false);
    Laplace("laplace", |s, p| continuous::laplace(s, p[0], p[1]), ["loc" Any, "scale" NonNegative], false);
    Logistic("logistic", |s, p| continuous::logistic(s, p[0], p[1]), ["loc" Any, "scale" NonNegative], false);
    Lognormal("lognormal", |s, p| (p[0] + p[1] * continuous::standard_normal(s)).exp(),
        ["mean" Any, "sigma" NonNegative], false);
    Gumbel("gumbel", |s, p| continuous::gumbel(s, p[0], p[1]), ["loc" Any, "scale" NonNegative], false);
    Rayleigh("rayleigh", |s, p| p[0] * (2.0 * s.exponential()).sqrt(), ["scale" NonNegative], false);
    Pareto("pareto", |s, p| (s.exponential() / p[0]).exp_m1(), ["a" Positive], false);
    Weibull("weibull", |s, p| if p[0] == 0.0 { 0.0 } else { s.exponential().powf(1.0 / p[0]) }, ["a" NonNegative], false);
    Power("power", |s, p| s.unit().powf(1.0 / p[0]), ["a" Positive], false);
    Triangular("triangular", |s, p| continuous::triangular(s, p[0], p[1], p[2]),
        ["left" Any, "mode" Any, "right" Any], false);
    Wald("wald", |s, p| continuous::wald(s, p[0], p[1]), ["mean" Positive, "scale" Positive], false);
    Vonmises("vonmises", |s, p| continuous::von_mises(s, p[0], p[1]), ["mu" Any, "kappa" NonNegative], false);
    Poisson("poisson", |s, p| discrete::poisson(s, p[0]), ["lam" NonNegative], true);
    Binomial("binomial", |s, p| discrete::binomial(s, p[0], p[1]), ["n" NonNegative, "p" Probability], true);
    NegativeBinomial("negative_binomial", |s, p| discrete::negative_binomial(s, p[0], p[1]),
        ["n" Positive, "p" PositiveProbability], true);
    Geometric("geometric", |s, p| discrete::geometric(s, p[0]), ["p" PositiveProbability], true);
    Hypergeometric("hypergeometric", |s, p| discrete::hypergeometric(s, p[0], p[1], p[2]),
        ["ngood" NonNegative, "nbad" NonNegative, "nsample" NonNegative], true);
    Logseries("logseries", |s, p| discrete::log_series(s, p[0]), ["p" BelowOne], true);
    Zipf("zipf", |s, p| discrete::zipf(s, p[0]), ["a" AboveOne], true);
}

impl Distribution {
    /// The distribution that NumPy calls `name`.
    ///
    /// ```
    /// use raskt_array::random::Distribution;
    /// assert_eq!(Distribution::parse("gamma"), Some(Distribution::Gamma));
    /// ```
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|distribution| distribution.name() == name)
    }

    /// Checks one parameter's value.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::InvalidValue`], in NumPy's words.
    pub fn check(self, parameter: usize, value: f64) -> Result<()> {
        match self.bounds().get(parameter) {
            Some(bound) if !bound.holds(value) => Err(invalid(bound.message(self.parameters()[parameter]))),
            _ => Ok(()),
        }
    }
}
