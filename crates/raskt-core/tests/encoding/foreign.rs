//! Foreign objects: carried in payloads, told apart by tokens, refused where neither serves.

use std::sync::Arc;

use raskt_core::encode::{
    Encode, EncodeOptions, Encoder, ForeignTokenizer, Limits, decode_canonical, decode_payload, decode_value,
    encode_canonical, encode_value,
};
use raskt_core::opaque::NoForeign;
use raskt_core::{Buffer, Error, ErrorKind, Opaque, Param, Payload, Result, Token, Tokenizer, Value};

use crate::samples::{self, Pet, Pets, pet};

fn as_pet(value: &Value) -> &Pet {
    match value {
        Value::Opaque(object) => object.as_any().downcast_ref().unwrap(),
        other => panic!("{other:?} is not a pet"),
    }
}

struct ByName;

impl ForeignTokenizer for ByName {
    fn token(&self, object: &dyn Opaque) -> Result<Token> {
        let pet = object.as_any().downcast_ref::<Pet>();
        Token::of(&pet.ok_or_else(|| Error::new(ErrorKind::NotEncodable("no pet".into())))?.name)
    }
}

#[test]
fn a_foreign_object_crosses_with_its_buffers_between_those_of_others() {
    let bulk = |byte, n| Buffer::from(vec![byte; n]);
    let dog = pet("dog", vec![bulk(2, 5000), bulk(3, 10)]);
    let list = Value::from(vec![bulk(1, 5000).into(), dog, bulk(4, 5000).into()]);
    let payload = encode_value(&list).unwrap();
    let firsts: Vec<u8> = payload.buffers.iter().map(|buffer| buffer.as_slice()[0]).collect();
    assert_eq!(firsts, [1, 2, 4]);
    let Value::List(found) = decode_value(payload, &Pets, &Limits::default()).unwrap() else { panic!() };
    assert_eq!(found[0], bulk(1, 5000).into());
    assert_eq!(as_pet(&found[1]).name, "dog");
    assert_eq!(as_pet(&found[1]).bulk, [bulk(2, 5000), bulk(3, 10)]);
    assert_eq!(found[2], bulk(4, 5000).into());
}

#[test]
fn an_error_carries_its_exception() {
    let error = Error::raised(Arc::new(Pet { name: "wasp".into(), bulk: Vec::new() }));
    let payload = raskt_core::encode::encode_payload(&error, &EncodeOptions::default()).unwrap();
    let found: Error = decode_payload(payload.clone(), &Pets, &Limits::default()).unwrap();
    let exception = Arc::clone(found.foreign().unwrap());
    assert_eq!(as_pet(&Value::Opaque(exception)).name, "wasp");
    let refused = decode_payload::<Error>(payload, &NoForeign, &Limits::default()).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::UnknownBody(_)), "{refused}");
}

#[test]
fn an_object_that_cannot_be_encoded_says_why() {
    let error = encode_value(&pet("cat", vec![])).unwrap_err();
    assert_eq!(error.to_string(), "cannot be encoded: a cat does not go into the basket");
}

#[test]
fn the_canonical_form_refuses_foreign_objects_unless_they_have_tokens() {
    let param = Param::List(vec![Param::Value(pet("dog", vec![]))].into());
    let error = encode_canonical(&param).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotEncodable(_)), "{error}");
    assert!(Token::of(&param).is_err());

    let token = |name: &str| {
        let mut tokenizer = Tokenizer::with_foreign(&ByName);
        tokenizer.write(&pet(name, vec![])).unwrap();
        tokenizer.finish()
    };
    assert_eq!(token("dog"), token("dog"));
    assert_ne!(token("dog"), token("hen"));
}

#[test]
fn the_token_of_a_foreign_object_does_not_decode() {
    let mut out = Encoder::in_band().with_foreign_tokens(&ByName);
    pet("dog", vec![]).encode(&mut out).unwrap();
    let error = decode_canonical::<Value>(&out.into_bytes(), &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("only the content token"), "{error}");
}

#[test]
fn missing_swapped_and_spare_buffers_are_corrupt() {
    let decode = |payload: Payload| decode_value(payload, &Pets, &Limits::default());
    for (name, payload) in samples::payloads() {
        assert!(decode(payload.clone()).is_ok(), "{name}");
        let mut missing = payload.clone();
        missing.buffers.pop();
        let mut spare = payload.clone();
        spare.buffers.push(Buffer::zeroed(1).unwrap());
        let mut short = payload;
        short.buffers[0] = Buffer::zeroed(3).unwrap();
        for broken in [missing, spare, short] {
            let error = decode(broken).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "{name}: {error}");
        }
    }
}
