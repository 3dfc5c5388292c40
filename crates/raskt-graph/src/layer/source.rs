//! Sources: blocks that need no other block.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Name, Param, Result};

use super::operand::Kind;
use super::{Formula, Grid, Input, Origin, Place, Returns};
use crate::body::Body;

/// Readers of files, constants, ranges, random numbers: a body, and for each block what to make.
///
/// ```
/// use raskt_core::Param;
/// use raskt_graph::Body;
/// use raskt_graph::layer::{Formula, Grid, Layer, Returns, Source};
/// let starts = Formula::Line { axis: 0, start: 0, step: 1000 };
/// let source = Source::new(Body::native("array.arange"), Grid::new(&[4])?, starts, Returns::One)?;
/// let layer = Layer::from(source);
/// assert_eq!(layer.task(&[3])?.parameters, Param::Int(3000));
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    body: Body,
    grid: Grid,
    parameters: Formula,
    returns: Returns,
}

impl Source {
    /// The blocks of `grid`, made by `body` from their own parameters.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) where the formula does not fit the grid.
    pub fn new(body: Body, grid: Grid, parameters: Formula, returns: Returns) -> Result<Self> {
        parameters.check(&grid)?;
        Ok(Self { body, grid, parameters, returns })
    }
}

/// What a layer without operands is asked about them.
static NO_OPERAND: std::sync::LazyLock<Name> = std::sync::LazyLock::new(|| Name::new(""));

impl Kind for Source {
    fn stage_grid(&self, _: usize) -> &Grid {
        &self.grid
    }

    fn returns(&self, _: usize) -> Returns {
        self.returns
    }

    fn n_operands(&self) -> usize {
        0
    }

    fn operand(&self, _: usize) -> (&Name, Option<&Grid>) {
        (&NO_OPERAND, None)
    }

    fn inputs(&self, _: Place, _: &mut Vec<Input>) {}

    fn consumers(&self, _: Origin, _: u32, _: &mut Vec<Place>) {}

    fn body(&self, _: Place) -> &Body {
        &self.body
    }

    fn parameters(&self, place: Place) -> Param {
        self.parameters.at(&self.grid, place.block)
    }
}

impl Encode for Source {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (&self.body, &self.grid, &self.parameters, self.returns).encode(out)
    }
}

impl Decode for Source {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (body, grid, parameters, returns) = Decode::decode(input)?;
        Self::new(body, grid, parameters, returns).map_err(|error| input.corrupt(&error.to_string()))
    }
}
