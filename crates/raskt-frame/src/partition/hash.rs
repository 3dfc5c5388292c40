//! Pieces by the hash of some columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute;
use raskt_core::{ErrorKind, Fit, Param, Result};

use crate::keys::{Key, hashes, keys_of, keys_param};
use crate::table::failed;
use crate::{PandasType, Table};

/// Rows with equal keys go to one piece, in every process and for tables of every partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashPartition {
    /// By what rows are told apart.
    pub keys: Arc<[Key]>,
    /// The dtype in which each is compared, where it is not its own: tables whose keys are of other dtypes can be cut alike.
    pub compared: Arc<[Option<PandasType>]>,
    /// The number of pieces.
    pub n_pieces: usize,
}

impl HashPartition {
    /// This as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let n_pieces = Param::Int(self.n_pieces.clamped::<i64>());
        let dtype = |dtype: &Option<PandasType>| dtype.as_ref().map_or(Param::Null, PandasType::to_param);
        let compared = Param::List(self.compared.iter().map(dtype).collect());
        Param::map([("keys", keys_param(&self.keys)), ("compared", compared), ("n_pieces", n_pieces)])
    }

    /// What a parameter that [`HashPartition::to_param`] wrote says.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let n_pieces = param.get("n_pieces").and_then(Param::as_int).and_then(|n| usize::try_from(n).ok());
        let corrupt = || ErrorKind::Corrupt(format!("{param:?} does not say how to cut a table"));
        let n_pieces = n_pieces.filter(|n_pieces| *n_pieces > 0).ok_or_else(corrupt)?;
        let dtype = |param: &Param| match param {
            Param::Null => Ok(None),
            dtype => PandasType::from_param(dtype).map(Some),
        };
        let dtypes = param.get("compared").and_then(Param::as_list).unwrap_or(&[]);
        let compared = dtypes.iter().map(dtype).collect::<Result<_>>()?;
        Ok(Self { keys: keys_of(param.get("keys"))?, compared, n_pieces })
    }

    /// The keys of `table`, as they are compared.
    fn columns(&self, table: &Table) -> Result<Vec<(ArrayRef, PandasType)>> {
        let column = |(at, key): (usize, &Key)| {
            let (array, field) = key.of(table)?;
            let Some(Some(compared)) = self.compared.get(at) else {
                return Ok((array, field.dtype));
            };
            match compared.storage() {
                Some(storage) if storage != *array.data_type() => {
                    Ok((compute::cast(&array, &storage).map_err(failed)?, compared.clone()))
                }
                _ => Ok((array, compared.clone())),
            }
        };
        self.keys.iter().enumerate().map(column).collect()
    }
}

/// The pieces of a table; rows keep their order within each.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for keys that are not there; [`ErrorKind::NotImplemented`] for keys of types that have no
/// hash here.
pub fn hash_partition(table: &Table, parameters: &HashPartition) -> Result<Vec<Table>> {
    if parameters.n_pieces <= 1 {
        return Ok(vec![table.clone()]);
    }
    let hashes = hashes(&parameters.columns(table)?, table.n_rows())?;
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); parameters.n_pieces];
    let n_pieces = parameters.n_pieces as u128;
    for (row, hash) in hashes.into_iter().enumerate() {
        // The high half of a product spreads the hashes evenly over the pieces.
        let piece = ((u128::from(hash) * n_pieces) >> 64).fit::<usize>();
        rows[piece].push(row.fit::<u32>());
    }
    rows.into_iter().map(|rows| table.take(&UInt32Array::from(rows))).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;
    use proptest::prelude::*;
    use raskt_core::DType;

    use super::*;
    use crate::{Field, Kind, PandasType, Schema};

    fn table(values: &[i64]) -> Table {
        let schema = Schema::new(Kind::Frame, [Field::new("a", PandasType::Plain(DType::Int64))]);
        let column: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
        Table::over_range(schema, vec![column], values.len()).unwrap()
    }

    proptest! {
        #[test]
        fn every_row_is_in_one_piece_and_equal_keys_are_in_the_same(
            values in proptest::collection::vec(-9_i64..9, 0..60), n_pieces in 1_usize..6,
        ) {
            let by = HashPartition { keys: [Key::Column("a".into())].into(), compared: Arc::new([]), n_pieces };
            prop_assert_eq!(HashPartition::from_param(&by.to_param()).unwrap(), by.clone());
            let (one, two) = values.split_at(values.len() / 2);
            let mut place = [None; 18];
            for half in [one, two] {
                let pieces = hash_partition(&table(half), &by).unwrap();
                prop_assert_eq!(pieces.len(), n_pieces);
                prop_assert_eq!(pieces.iter().map(Table::n_rows).sum::<usize>(), half.len());
                for (at, piece) in pieces.iter().enumerate() {
                    let levels = piece.levels();
                    prop_assert!(levels[0].as_primitive::<Int64Type>().values().is_sorted());
                    for value in piece.columns()[0].as_primitive::<Int64Type>().values() {
                        let seen = place[(value + 9) as usize].replace(at);
                        prop_assert!(seen.is_none_or(|seen| seen == at));
                    }
                }
            }
        }
    }

    #[test]
    fn many_keys_spread_over_all_pieces() {
        let by =
            HashPartition { keys: [Key::Column("a".into())].into(), compared: Arc::new([]), n_pieces: 8 };
        let values: Vec<i64> = (0..8000).collect();
        let sizes = hash_partition(&table(&values), &by).unwrap().into_iter().map(|piece| piece.n_rows());
        assert!(sizes.into_iter().all(|size| (800..1200).contains(&size)));
        assert!(HashPartition::from_param(&Param::Null).is_err());
    }
}
