//! A planner of graphs for tests: what a scheduler will do with a client's graph, in a process that has no Python.
//!
//! Requests and answers are frames on two streams. A request is its length (8 bytes, little-endian) and a message of
//! [`PlanOptions`] and a [`Graph`]; an answer is a byte, 0 for a planned graph and 1 for an error, its length, and the message.

use std::io::{self, Read, Write};

use raskt_core::encode::{Decode, Decoder, Encode, Encoder, Limits};
use raskt_core::{Error, ErrorKind, KeepSealed, Result};
use raskt_graph::Graph;
use raskt_graph::plan::{PlanOptions, plan};

/// Answers requests until `input` ends.
///
/// # Errors
/// The operating system's; `InvalidData` for a request that is longer than any message may be.
pub fn serve(input: &mut dyn Read, output: &mut dyn Write) -> io::Result<()> {
    while let Some(request) = read_frame(input)? {
        let (is_error, answer) = match answer(&request) {
            Ok(planned) => (0, planned),
            Err(error) => (1, encoded(&error)),
        };
        output.write_all(&[is_error])?;
        output.write_all(&(answer.len() as u64).to_le_bytes())?;
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}

/// The next request; none at the end of the stream. Memory is taken as bytes come, not as they are announced.
fn read_frame(input: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = Vec::with_capacity(8);
    input.take(8).read_to_end(&mut length)?;
    let Some(length) = length.first_chunk::<8>() else {
        return if length.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
    };
    let length = u64::from_le_bytes(*length);
    if length > Limits::default().message_bytes_max as u64 {
        let what = format!("a request of {length} bytes, which is longer than any message may be");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    let mut request = Vec::new();
    match input.take(length).read_to_end(&mut request)? as u64 == length {
        true => Ok(Some(request)),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn answer(request: &[u8]) -> Result<Vec<u8>> {
    let mut input = Decoder::of_payload(request, Vec::new(), &KeepSealed, &Limits::default())?;
    let (options, graph) = <(PlanOptions, Graph)>::decode(&mut input)?;
    input.finish()?;
    let mut out = Encoder::in_stream();
    plan(&graph, &options)?.encode(&mut out)?;
    Ok(out.into_bytes())
}

fn encoded(error: &Error) -> Vec<u8> {
    let encode = |error: &Error| {
        let mut out = Encoder::in_stream();
        error.encode(&mut out).map(|()| out.into_bytes())
    };
    let plain = || encode(&ErrorKind::InvalidGraph(error.to_string()).into());
    // Text alone always has an encoding.
    encode(error).or_else(|_| plain()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use raskt_core::Key;
    use raskt_graph::Body;
    use raskt_graph::layer::{Formula, Grid, Returns, Source};
    use raskt_graph::plan::planned_tasks;

    use super::*;

    fn request(wanted: u32) -> Vec<u8> {
        let mut graph = Graph::default();
        let grid = Grid::new(&[1000]).unwrap();
        let source = Source::new(Body::native("ones"), grid, Formula::Number, Returns::One).unwrap();
        graph.insert("x", source.into()).unwrap();
        graph.request([Key::block("x", &[wanted])]);
        let mut out = Encoder::in_stream();
        (PlanOptions::default(), graph).encode(&mut out).unwrap();
        let message = out.into_bytes();
        [&(message.len() as u64).to_le_bytes()[..], &message].concat()
    }

    #[test]
    fn each_request_has_its_answer_and_an_impossible_graph_is_one_too() {
        let mut answers = Vec::new();
        serve(&mut [request(7), request(5000)].concat().as_slice(), &mut answers).unwrap();
        let mut answers = answers.as_slice();
        let mut next = || {
            let (tag, rest) = answers.split_first().unwrap();
            let mut rest = rest;
            let message = read_frame(&mut rest).unwrap().unwrap();
            answers = rest;
            (*tag, message)
        };
        let decoder =
            |message| Decoder::of_payload(message, Vec::new(), &KeepSealed, &Limits::default()).unwrap();
        let (tag, planned) = next();
        assert_eq!(tag, 0);
        let planned = Graph::decode(&mut decoder(&planned)).unwrap();
        assert_eq!(planned_tasks(&planned).unwrap().key(0), Key::block("x", &[7]));
        let (tag, error) = next();
        assert_eq!(tag, 1);
        let error = Error::decode(&mut decoder(&error)).unwrap();
        assert!(matches!(error.kind(), ErrorKind::MissingKey { .. }), "{error}");
    }

    #[test]
    fn a_length_that_no_message_has_is_refused_before_memory_is_taken() {
        let bytes = [&u64::MAX.to_le_bytes()[..], &[1, 2, 3]].concat();
        let error = serve(&mut bytes.as_slice(), &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let cut = &request(7)[..20];
        assert_eq!(serve(&mut &*cut, &mut Vec::new()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
