use arrow::array::{
    AsArray, BooleanArray, DictionaryArray, Float64Array, LargeStringArray, ListArray, StringViewArray,
    UInt32Array,
};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use proptest::prelude::*;
use raskt_core::{DType, ForeignDecode, Sealed};

use super::*;
use crate::{Kind, PandasType};

fn table(floats: Vec<Option<f64>>, texts: Vec<Option<&str>>) -> Result<Table> {
    let n_rows = floats.len();
    let schema = Schema::new(
        Kind::Frame,
        [Field::new("x", PandasType::Plain(DType::Float64)), Field::new("t", PandasType::Text)],
    );
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Float64Array::from(floats)), Arc::new(StringViewArray::from(texts))];
    Table::over_range(schema, columns, n_rows)
}

/// Every row as text, the index first.
fn rows(table: &Table) -> Vec<String> {
    let columns: Vec<ArrayRef> = table.levels().iter().chain(table.columns()).cloned().collect();
    let cell = |column: &ArrayRef, row| arrow::util::display::array_value_to_string(column, row).unwrap();
    (0..table.n_rows())
        .map(|row| columns.iter().map(|c| cell(c, row)).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn nulls_among_floats_of_numpy_become_nan_and_texts_keep_theirs() {
    let table = table(vec![Some(1.0), None], vec![None, Some("b")]).unwrap();
    assert!(table.columns()[0].as_primitive::<Float64Type>().value(1).is_nan());
    assert_eq!(table.columns().iter().map(|column| column.null_count()).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_dtype_without_missing_values_refuses_nulls() {
    let schema = Schema::new(Kind::Series, [Field::new("n", PandasType::Plain(DType::Int64))]);
    let column: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    let error = Table::over_range(schema.clone(), vec![Arc::clone(&column)], 2).unwrap_err().to_string();
    assert!(error.contains("'n' of int64 lacks 1"), "{error}");
    let wrong = Table::over_range(schema, vec![column], 3).unwrap_err().to_string();
    assert!(wrong.contains("2 rows of 3"), "{wrong}");
}

#[test]
fn rows_keep_their_index() {
    let table = table(vec![Some(0.0), Some(1.0), Some(2.0)], vec![Some("a"), None, Some("c")]).unwrap();
    let masked = table.filter(&BooleanArray::from(vec![Some(true), None, Some(true)])).unwrap();
    assert_eq!(rows(&masked), ["0 0.0 a", "2 2.0 c"]);
    let taken = table.take(&UInt32Array::from(vec![2, 0])).unwrap();
    assert_eq!(rows(&taken), ["2 2.0 c", "0 0.0 a"]);
    assert!(table.filter(&BooleanArray::from(vec![true])).is_err());
}

#[test]
fn ranges_that_follow_one_another_stay_a_range() {
    let table = table(vec![Some(0.0); 5], vec![Some("a"); 5]).unwrap();
    let whole = concat(&[table.slice(0, 2), table.slice(2, 0), table.slice(2, 9)]).unwrap();
    assert!(matches!(whole.index(), Index::Range { start: 0, step: 1 }));
    let twice = concat(&[table.slice(3, 2), table.slice(3, 2)]).unwrap();
    assert_eq!(twice.levels()[0].as_primitive::<Int64Type>().values(), &[3, 4, 3, 4]);
    assert!(concat(&[]).is_err());
}

/// A column of each layout, `n_rows` long; its dtype is that of Arrow's array.
fn layouts(n_rows: i32) -> Table {
    let numbers = || 0..n_rows;
    let texts = || numbers().map(|n| (n % 3 > 0).then(|| format!("a text of some length, {n}")));
    let lists = numbers().map(|n| Some((0..n % 3).map(Some)));
    let dictionary: DictionaryArray<Int32Type> = numbers().map(|n| ["x", "y"][(n % 2) as usize]).collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter(numbers().map(|n| (n % 5 > 0).then(|| i64::from(n))))),
        Arc::new(BooleanArray::from_iter(numbers().map(|n| Some(n % 2 == 0)))),
        Arc::new(StringViewArray::from_iter(texts())),
        Arc::new(LargeStringArray::from_iter(texts())),
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists)),
        Arc::new(dictionary),
    ];
    let fields = columns.iter().enumerate().map(|(at, array)| {
        Field::new(format!("c{at}").as_str(), PandasType::Arrow(array.data_type().clone()))
    });
    Table::over_range(Schema::new(Kind::Frame, fields), columns, n_rows as usize).unwrap()
}

#[test]
fn a_row_of_a_million_is_encoded_without_the_others() {
    let table = layouts(1_000_000);
    for (start, length) in [(999_998, 1), (0, 3), (500_000, 0), (31, 40)] {
        let slice = table.slice(start, length);
        let payload = slice.encode().unwrap();
        let bytes: usize = payload.buffers.iter().map(|buffer| buffer.as_slice().len()).sum();
        assert!(bytes < 16_384, "{bytes} bytes of {length} rows");
        let back = TableRuntime.decode(Sealed::new(RUNTIME.into(), payload, 0)).unwrap();
        assert_eq!(rows(Table::of(&back).unwrap()), rows(&slice));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn tables_come_back_from_their_bytes(
        cells in proptest::collection::vec((proptest::option::of(any::<f64>()), proptest::option::of(".{0,20}")), 0..20),
        start in 0_usize..20,
    ) {
        let floats = cells.iter().map(|cell| cell.0).collect();
        let texts = cells.iter().map(|cell| cell.1.as_deref()).collect();
        let table = table(floats, texts).unwrap().slice(start, 7);
        for table in [table.clone(), table.take(&UInt32Array::from_iter_values(0..table.n_rows() as u32)).unwrap()] {
            let sealed = Sealed::new(RUNTIME.into(), table.encode().unwrap(), 0);
            let back = TableRuntime.decode(sealed).unwrap();
            let back = Table::of(&back).unwrap();
            prop_assert_eq!(rows(back), rows(&table));
            prop_assert_eq!(back.schema(), table.schema());
        }
    }

    #[test]
    fn bytes_that_are_no_table_are_refused(
        at in any::<proptest::sample::Index>(), byte in 1_u8.., which in 0_usize..3, cut in any::<bool>(),
    ) {
        let table = table(vec![Some(1.0), None], vec![Some("a long text that is not in line"), None]).unwrap();
        let mut payload = table.encode().unwrap();
        let mut bytes = match which {
            0 => payload.header.clone(),
            n => payload.buffers[n].as_slice().to_vec(),
        };
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= byte;
        }
        match which {
            0 => payload.header = bytes,
            n => payload.buffers[n] = raskt_core::Buffer::from(bytes),
        }
        // It is an error or some other table; never a panic.
        if let Ok(value) = TableRuntime.decode(Sealed::new(RUNTIME.into(), payload, 0)) {
            prop_assert!(rows(Table::of(&value).unwrap()).len() <= 2);
        }
    }
}
