//! The distributions: their names, and what their parameters may be.

use raskt_core::Result;

use super::discrete::Table;
use super::stream::{Need, Source, exponential, unit};
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

/// Something that is done with how a distribution draws, which is a function of its own for each distribution.
pub(super) trait Visit {
    /// What comes out.
    type Out;

    /// Each number is what one word stands for. `of` gives what draws, for parameters.
    fn words<F: Fn(u64) -> f64 + Copy>(self, of: impl Fn(&[f64]) -> F + Sync) -> Self::Out;

    /// The same in two steps: a long step is not inlined, so that nothing is worked out side by side.
    fn steps<F, G>(self, of: impl Fn(&[f64]) -> (F, G) + Sync) -> Self::Out
    where
        F: Fn(u64) -> f64 + Copy,
        G: Fn(f64) -> f64 + Copy;

    /// Each number takes as many words as it needs: seldom more than two, or often.
    fn sources<F: Fn(&mut Source) -> f64>(self, need: Need, of: impl Fn(&[f64]) -> F + Sync) -> Self::Out;
}

macro_rules! visited {
    ($visit:ident, word $of:expr) => {
        $visit.words($of)
    };
    ($visit:ident, steps $of:expr) => {
        $visit.steps($of)
    };
    ($visit:ident, two $of:expr) => {
        $visit.sources(Need::Two, $of)
    };
    ($visit:ident, more $of:expr) => {
        $visit.sources(Need::More, $of)
    };
}

macro_rules! distributions {
    ($($variant:ident($name:literal, $how:ident $of:expr, [$($param:literal $bound:ident),*], $is_integer:literal);)*) => {
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

            /// Shows how it draws.
            pub(super) fn visit<V: Visit>(self, visit: V) -> V::Out {
                match self { $(Self::$variant => visited!(visit, $how $of),)* }
            }
        }
    };
}

distributions! {
    Random("random", word |_| unit, [], false);
    Uniform("uniform", word |p| { let (low, range) = (p[0], p[1] - p[0]); move |word| low + range * unit(word) },
        ["low" Any, "high" Any], false);
    StandardNormal("standard_normal", two |_| continuous::normal(0.0, 1.0), [], false);
    Normal("normal", two |p| continuous::normal(p[0], p[1]), ["loc" Any, "scale" NonNegative], false);
    StandardExponential("standard_exponential", word |_| exponential, [], false);
    Exponential("exponential", word |p| { let scale = p[0]; move |word| scale * exponential(word) },
        ["scale" NonNegative], false);
    StandardGamma("standard_gamma", two |p| continuous::gamma(p[0]), ["shape" NonNegative], false);
    Gamma("gamma", two |p| { let (scale, gamma) = (p[1], continuous::gamma(p[0])); move |s| scale * gamma(s) },
        ["shape" NonNegative, "scale" NonNegative], false);
    Beta("beta", more |p| continuous::beta(p[0], p[1]), ["a" Positive, "b" Positive], false);
    Chisquare("chisquare", two |p| continuous::chi_square(p[0]), ["df" Positive], false);
    NoncentralChisquare("noncentral_chisquare", more |p| continuous::noncentral_chi_square(p[0], p[1]),
        ["df" Positive, "nonc" NonNegative], false);
    F("f", more |p| continuous::f(p[0], p[1]), ["dfnum" Positive, "dfden" Positive], false);
    NoncentralF("noncentral_f", more |p| continuous::noncentral_f(p[0], p[1], p[2]),
        ["dfnum" Positive, "dfden" Positive, "nonc" NonNegative], false);
    StandardCauchy("standard_cauchy", two |_| continuous::cauchy(), [], false);
    StandardT("standard_t", more |p| continuous::student_t(p[0]), ["df" Positive], false);
    Laplace("laplace", word |p| continuous::laplace(p[0], p[1]), ["loc" Any, "scale" NonNegative], false);
    Logistic("logistic", word |p| continuous::logistic(p[0], p[1]), ["loc" Any, "scale" NonNegative], false);
    Lognormal("lognormal", two |p| continuous::lognormal(p[0], p[1]), ["mean" Any, "sigma" NonNegative], false);
    Gumbel("gumbel", word |p| continuous::gumbel(p[0], p[1]), ["loc" Any, "scale" NonNegative], false);
    Rayleigh("rayleigh", word |p| continuous::rayleigh(p[0]), ["scale" NonNegative], false);
    Pareto("pareto", word |p| continuous::pareto(p[0]), ["a" Positive], false);
    Weibull("weibull", steps |p| continuous::weibull(p[0]), ["a" NonNegative], false);
    Power("power", steps |p| continuous::power(p[0]), ["a" Positive], false);
    Triangular("triangular", word |p| continuous::triangular(p[0], p[1], p[2]),
        ["left" Any, "mode" Any, "right" Any], false);
    Wald("wald", two |p| continuous::wald(p[0], p[1]), ["mean" Positive, "scale" Positive], false);
    Vonmises("vonmises", more |p| continuous::von_mises(p[0], p[1]), ["mu" Any, "kappa" NonNegative], false);
    Poisson("poisson", two |p| discrete::poisson(p[0]), ["lam" NonNegative], true);
    Binomial("binomial", two |p| discrete::binomial(p[0], p[1]), ["n" NonNegative, "p" Probability], true);
    NegativeBinomial("negative_binomial", more |p| discrete::negative_binomial(p[0], p[1]),
        ["n" Positive, "p" PositiveProbability], true);
    Geometric("geometric", word |p| discrete::geometric(p[0]), ["p" PositiveProbability], true);
    Hypergeometric("hypergeometric", two |p| discrete::hypergeometric(p[0], p[1], p[2]),
        ["ngood" NonNegative, "nbad" NonNegative, "nsample" NonNegative], true);
    Logseries("logseries", two |p| discrete::log_series(p[0]), ["p" BelowOne], true);
    Zipf("zipf", two |p| discrete::zipf(p[0]), ["a" AboveOne], true);
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

    /// What gives its numbers where the parameters are the same for all elements and few numbers are likely.
    pub(super) fn table(self, p: &[f64]) -> Option<Table> {
        match self {
            Self::Poisson => discrete::poisson_table(p[0]),
            Self::Binomial => discrete::binomial_table(p[0], p[1]),
            Self::NegativeBinomial => discrete::negative_binomial_table(p[0], p[1]),
            Self::Hypergeometric => discrete::hypergeometric_table(p[0], p[1], p[2]),
            _ => None,
        }
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

    /// Checks the parameters of one element against each other.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::InvalidValue`], in NumPy's words.
    pub(super) fn check_together(self, p: &[f64]) -> Result<()> {
        match (self, p) {
            (Self::Hypergeometric, &[good, bad, sample]) if good + bad < sample => {
                Err(invalid("ngood + nbad < nsample"))
            }
            (Self::Triangular, &[left, mode, _]) if left > mode => Err(invalid("left > mode")),
            (Self::Triangular, &[_, mode, right]) if mode > right => Err(invalid("mode > right")),
            (Self::Triangular, &[left, _, right]) if left == right => Err(invalid("left == right")),
            _ => Ok(()),
        }
    }
}
