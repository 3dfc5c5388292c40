//! How fast files become tables: `cargo bench -p raskt-frame --bench files -- FILE.csv... FILE.parquet...`.
//!
//! CSV files are cut into blocks of 16 MiB, Parquet files into row groups, and read by as many threads as there are processors.
//! Of each file all columns are read; `--columns a,b` reads some. Prints the best of five rounds.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use raskt_frame::io::csv::{Block, CsvFormat, ReadCsv, infer_csv, read_csv};
use raskt_frame::io::parquet::{ParquetFile, ParquetIndex, ReadParquet, read_parquet};
use raskt_frame::{Kind, Label, Schema};

const BLOCK_BYTES: u64 = 16 << 20;
const SAMPLE_BYTES: usize = 256 << 10;
const N_ROUNDS: usize = 5;

enum Part {
    Csv(ReadCsv),
    Parquet(ReadParquet),
}

fn csv_parts(path: &str, wanted: Option<&[Label]>) -> Result<Vec<Part>, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let format = CsvFormat::default();
    let inferred = infer_csv(sample, sample.len() == bytes.len(), &format, None, &[])?;
    let is_wanted = |label: &Label| wanted.is_none_or(|wanted| wanted.contains(label));
    let columns = inferred.columns.iter().filter(|field| is_wanted(&field.label)).cloned();
    let schema = Arc::new(Schema::new(Kind::Frame, columns));
    let names: Arc<[Label]> = inferred.columns.iter().map(|field| field.label.clone()).collect();
    let n_blocks = (bytes.len() as u64 - inferred.begin).div_ceil(BLOCK_BYTES);
    let block = |number: u64| {
        let begin = inferred.begin + number * BLOCK_BYTES;
        Part::Csv(ReadCsv {
            path: path.into(),
            format: format.clone(),
            names: Arc::clone(&names),
            schema: Arc::clone(&schema),
            begin,
            end: Some(begin + BLOCK_BYTES),
            is_first: number == 0,
            stamp: None,
        })
    };
    Ok((0..n_blocks).map(block).collect())
}

fn parquet_parts(path: &str, wanted: Option<&[Label]>) -> Result<Vec<Part>, Box<dyn Error>> {
    let file = ParquetFile::open(path, &ParquetIndex::default(), None)?;
    let all: Vec<Label> = file.schema().labels().cloned().collect();
    let columns: Arc<[Label]> = wanted.map_or(all, <[Label]>::to_vec).into();
    let part = |group: usize| {
        let row_groups = Some([group].into());
        Part::Parquet(ReadParquet {
            columns: Some(Arc::clone(&columns)),
            row_groups,
            ..ReadParquet::new(path)
        })
    };
    Ok((0..file.row_groups(None)?.len()).map(part).collect())
}

fn n_rows(part: &Part) -> Result<usize, raskt_core::Error> {
    Ok(match part {
        Part::Parquet(read) => read_parquet(read)?.n_rows(),
        Part::Csv(read) => match read_csv(read)? {
            Block::Table(table) => table.n_rows(),
            Block::Wider(wider) => {
                return Err(raskt_core::ErrorKind::InvalidValue(format!("{wider:?}")).into());
            }
        },
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (mut paths, mut wanted) = (Vec::new(), None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--columns" => {
                let names = arguments.next().unwrap_or_default();
                wanted = Some(names.split(',').map(Label::from).collect::<Vec<_>>());
            }
            _ => paths.push(argument),
        }
    }
    let mut parts = Vec::new();
    for path in &paths {
        parts.extend(match path.ends_with(".csv") {
            true => csv_parts(path, wanted.as_deref())?,
            false => parquet_parts(path, wanted.as_deref())?,
        });
    }
    let n_threads = std::thread::available_parallelism()?.get();
    let mut best = f64::INFINITY;
    let mut total = 0;
    for _ in 0..N_ROUNDS {
        let (begin, next) = (Instant::now(), AtomicUsize::new(0));
        let work = || {
            let mut rows = 0;
            while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                rows += n_rows(part)?;
            }
            Ok::<usize, raskt_core::Error>(rows)
        };
        total = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or(Ok(0))).sum::<Result<usize, _>>()
        })?;
        best = best.min(begin.elapsed().as_secs_f64());
    }
    println!("{total} rows of {} parts in {:.1} ms on {n_threads} threads", parts.len(), best * 1e3);
    Ok(())
}
