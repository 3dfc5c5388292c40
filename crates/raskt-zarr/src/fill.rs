//! Fill values: what elements are that nobody has written.

use raskt_core::DType;
use serde_json::Value as Json;

/// One element, as it lies in memory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fill {
    pub(crate) bytes: Box<[u8]>,
    is_nan: bool,
}

impl Fill {
    /// The value that metadata says for such elements; `None` for what they cannot be, or only zarr's library reads.
    pub(crate) fn parse(dtype: &DType, said: &Json) -> Option<Self> {
        let bytes: Box<[u8]> = match dtype {
            DType::Float32 | DType::Float64 => float(said, dtype)?.into(),
            DType::Complex64 | DType::Complex128 => {
                let part = if *dtype == DType::Complex64 { DType::Float32 } else { DType::Float64 };
                match said.as_array().map(Vec::as_slice) {
                    Some([re, im]) => [float(re, &part)?, float(im, &part)?].concat().into(),
                    _ if said.is_number() => {
                        let re = float(said, &part)?;
                        [re.clone(), vec![0; re.len()]].concat().into()
                    }
                    _ => return None,
                }
            }
            DType::Datetime(_) | DType::Timedelta(_) => match said {
                Json::String(text) if text == "NaT" => i64::MIN.to_ne_bytes().into(),
                said => said.as_i64()?.to_ne_bytes().into(),
            },
            DType::Bool => match said {
                Json::Bool(value) => [u8::from(*value)].into(),
                said => [u8::try_from(said.as_u64()?).ok().filter(|&n| n < 2)?].into(),
            },
            _ => integer(said, dtype)?.into(),
        };
        let is_nan = is_nan(&bytes, dtype);
        Some(Self { bytes, is_nan })
    }

    /// Zeros.
    pub(crate) fn zero(dtype: &DType) -> Option<Self> {
        Some(Self { bytes: vec![0; dtype.item_bytes()?].into(), is_nan: false })
    }

    /// Whether an element is this one: bit by bit, apart from what is not a number, of which all are one.
    pub(crate) fn is(&self, element: &[u8]) -> bool {
        *element == *self.bytes || (self.is_nan && (is_nan_of::<4>(element) || is_nan_of::<8>(element)))
    }
}

fn is_nan(bytes: &[u8], dtype: &DType) -> bool {
    matches!(dtype, DType::Float32 | DType::Float64) && (is_nan_of::<4>(bytes) || is_nan_of::<8>(bytes))
}

fn is_nan_of<const N: usize>(element: &[u8]) -> bool {
    match <[u8; N]>::try_from(element) {
        Ok(_) if N == 4 => element.try_into().is_ok_and(|bytes| f32::from_ne_bytes(bytes).is_nan()),
        Ok(_) => element.try_into().is_ok_and(|bytes| f64::from_ne_bytes(bytes).is_nan()),
        Err(_) => false,
    }
}

#[allow(clippy::cast_possible_truncation, reason = "as NumPy rounds what JSON says to single precision")]
fn float(said: &Json, dtype: &DType) -> Option<Vec<u8>> {
    let is_single = *dtype == DType::Float32;
    if let Some(digits) = said.as_str().and_then(|text| text.strip_prefix("0x")) {
        let bits = u64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with(['+', '-']));
        return Some(match is_single {
            true => u32::try_from(bits?).ok()?.to_ne_bytes().into(),
            false => bits?.to_ne_bytes().into(),
        });
    }
    let value = match said {
        Json::String(text) => match text.as_str() {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            _ => return None,
        },
        said => said.as_f64()?,
    };
    Some(if is_single { (value as f32).to_ne_bytes().into() } else { value.to_ne_bytes().into() })
}

fn integer(said: &Json, dtype: &DType) -> Option<Vec<u8>> {
    let value = match (said.as_i64(), said.as_u64()) {
        (Some(n), _) => i128::from(n),
        (None, n) => i128::from(n?),
    };
    Some(match dtype {
        DType::Int8 => i8::try_from(value).ok()?.to_ne_bytes().into(),
        DType::Int16 => i16::try_from(value).ok()?.to_ne_bytes().into(),
        DType::Int32 => i32::try_from(value).ok()?.to_ne_bytes().into(),
        DType::Int64 => i64::try_from(value).ok()?.to_ne_bytes().into(),
        DType::UInt8 => u8::try_from(value).ok()?.to_ne_bytes().into(),
        DType::UInt16 => u16::try_from(value).ok()?.to_ne_bytes().into(),
        DType::UInt32 => u32::try_from(value).ok()?.to_ne_bytes().into(),
        DType::UInt64 => u64::try_from(value).ok()?.to_ne_bytes().into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bytes(dtype: &DType, said: Json) -> Option<Vec<u8>> {
        Fill::parse(dtype, &said).map(|fill| fill.bytes.to_vec())
    }

    #[test]
    fn values_are_what_the_formats_say() {
        assert_eq!(bytes(&DType::Float64, json!(-0.1)), Some((-0.1_f64).to_ne_bytes().into()));
        assert_eq!(bytes(&DType::Float32, json!("0x7fc00001")), Some(0x7fc0_0001_u32.to_ne_bytes().into()));
        assert_eq!(bytes(&DType::Float64, json!("-Infinity")), Some(f64::NEG_INFINITY.to_ne_bytes().into()));
        assert_eq!(bytes(&DType::UInt64, json!(u64::MAX)), Some(u64::MAX.to_ne_bytes().into()));
        assert_eq!(bytes(&DType::UInt8, json!(256)), None);
        assert_eq!(bytes(&DType::Int8, json!(1.5)), None);
        assert_eq!(bytes(&DType::Bool, json!(2)), None);
        assert_eq!(bytes(&DType::Complex64, json!([1.0, "NaN"])).map(|bytes| bytes.len()), Some(8));
        assert_eq!(bytes(&DType::Complex64, json!("x")), None);
        let unit = raskt_core::dtype::TimeUnit::Second;
        assert_eq!(bytes(&DType::Datetime(unit), json!("NaT")), Some(i64::MIN.to_ne_bytes().into()));
    }

    #[test]
    fn all_nans_are_one_and_zeros_are_two() {
        let nan = Fill::parse(&DType::Float64, &json!("NaN")).unwrap();
        assert!(nan.is(&(-f64::NAN).to_ne_bytes()) && !nan.is(&0.0_f64.to_ne_bytes()));
        let zero = Fill::parse(&DType::Float32, &json!(0)).unwrap();
        assert!(zero.is(&0.0_f32.to_ne_bytes()) && !zero.is(&(-0.0_f32).to_ne_bytes()));
    }
}
