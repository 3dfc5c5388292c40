//! The encoding of tables of tasks: what raw layers hold, what tasks grow into.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Fit, Key, Name, Param, Result};

use crate::body::Body;
use crate::table::{Keys, TableBuilder, TaskTable};

const INDEXED: u8 = 0;
const LISTED: u8 = 1;

impl Encode for TaskTable {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.bodies().encode(out)?;
        let n_tasks = self.n_tasks().fit::<u32>();
        out.varint(n_tasks.into());
        for row in 0..n_tasks {
            self.body_index(row).encode(out)?;
            self.parameters(row).encode(out)?;
            self.inputs().row(row).encode(out)?;
        }
        match self.keys() {
            Keys::Indexed(name) => {
                out.byte(INDEXED);
                name.encode(out)?;
            }
            _ => {
                out.byte(LISTED);
                (0..n_tasks).try_for_each(|row| self.key(row).encode(out))?;
            }
        }
        self.outputs().encode(out)
    }
}

impl Decode for TaskTable {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let mut table = TableBuilder::default();
        for body in Vec::<Body>::decode(input)? {
            table.body(body);
        }
        let n_tasks = input.length()?;
        for _ in 0..n_tasks {
            let (body, parameters, inputs) = <(u32, Param, Vec<u32>)>::decode(input)?;
            match parameters {
                Param::Null => table.push(body, &inputs),
                parameters => table.push_with(body, parameters, &inputs),
            }
            .map_err(|error| input.corrupt(&error.to_string()))?;
        }
        let keys = match input.byte()? {
            INDEXED => Keys::Indexed(Name::decode(input)?),
            LISTED => Keys::Listed((0..n_tasks).map(|_| Key::decode(input)).collect::<Result<_>>()?),
            tag => return Err(input.unknown_tag("naming of tasks", tag)),
        };
        let outputs = Vec::decode(input)?;
        table.finish(keys, outputs).map_err(|error| input.corrupt(&error.to_string()))
    }
}
