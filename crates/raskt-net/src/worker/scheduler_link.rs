//! The connection to the scheduler.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::{Error, ErrorKind, Fit, KeepSealed, Payload, Result};
use raskt_sched::WorkerEvent;
use tokio::io::AsyncWriteExt;
use tokio::time::MissedTickBehavior;

use super::core::Core;
use super::daemon::Departure;
use super::memory::Meter;
use super::options::Measure;
use crate::transport::{FrameLimits, Reader, Writer, read_frame, write_frame};
use crate::wire::{Figures, KnownFunctions, TellWorker, WorkerSays, messages};

/// How often time passes, at least: requests that failed are tried again then.
const TICK_MAX: Duration = Duration::from_millis(500);
/// And at most.
const TICK_MIN: Duration = Duration::from_millis(20);
/// How often memory is measured while it is short.
const MEASURE_INTERVAL: Duration = Duration::from_millis(20);

fn lost(core: &Core, reason: &impl ToString) -> Departure {
    let what = format!("the connection to the scheduler at {}", core.options.scheduler);
    Departure::Lost(ErrorKind::System { what, reason: reason.to_string() }.into())
}

/// Hears the scheduler, until it ends or says something that cannot be understood.
pub(super) async fn read(core: Arc<Core>, mut reader: Reader) {
    let mut known = KnownFunctions::default();
    let why = loop {
        let heard = match read_frame(&mut reader, FrameLimits::PEER).await {
            Ok(Some(frame)) => hear(&core, frame, &mut known),
            Ok(None) => break lost(&core, &"it closed the connection"),
            Err(error) => break lost(&core, &error),
        };
        if let Err(error) = heard {
            break lost(&core, &error);
        }
    };
    core.depart(why);
}

fn hear(core: &Arc<Core>, frame: Payload, known: &mut KnownFunctions) -> Result<(), Error> {
    let mut heard = Vec::new();
    let mut gather = |message: TellWorker| {
        heard.push(message);
        Ok(())
    };
    messages(frame, &KeepSealed, Some(known), &mut gather)?;
    core.on(|state, now, effects| {
        for message in heard {
            match message {
                TellWorker::Functions(functions) => {
                    functions.into_iter().for_each(|function| known.add(function));
                }
                TellWorker::Forget(ids) => {
                    known.forget(&ids);
                    effects.forgotten.extend(ids);
                }
                TellWorker::Peers(peers) => state.peers.extend(peers),
                TellWorker::Say(message) => state.hear(message, now, effects),
                TellWorker::Stop => effects.departure = Some(Departure::Stopped),
            }
        }
    });
    Ok(())
}

/// Tells the scheduler what there is to tell; what gathers while a frame is written goes in the next one.
pub(super) async fn write(core: Arc<Core>, mut writer: Writer) {
    let mut closing = core.closing();
    let broken = |error: std::io::Error| -> Error {
        ErrorKind::System { what: "telling it".to_owned(), reason: error.to_string() }.into()
    };
    let tell = async {
        loop {
            core.has_said.notified().await;
            while let Some(frame) = core.take_said()? {
                write_frame(&mut writer, &frame).await.map_err(broken)?;
            }
            writer.flush().await.map_err(broken)?;
        }
    };
    let told: Result<()> = tokio::select! {
        _ = closing.wait_for(|is_over| *is_over) => Ok(()),
        told = tell => told,
    };
    if let Err(error) = told {
        core.depart(lost(&core, &error));
    }
}

fn figures(machine: &raskt_sched::Worker, process_bytes: u64, cpu_percent: u64) -> WorkerSays {
    let (memory_bytes, spilled_bytes) = machine.footprint();
    let (n_requests, incoming_bytes) = machine.incoming();
    let n_requests = n_requests.clamped();
    WorkerSays::Figures(Figures {
        memory_bytes,
        spilled_bytes,
        incoming_bytes,
        n_requests,
        process_bytes,
        cpu_percent,
    })
}

/// Says that time has passed, and how much memory there is.
pub(super) async fn tick(core: Arc<Core>, heartbeat: Duration) {
    let mut closing = core.closing();
    let mut ticks = tokio::time::interval(heartbeat.clamp(TICK_MIN, TICK_MAX));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let machine = &core.options.machine;
    let target_bytes = machine.memory_bytes / 100 * machine.target_percent;
    let mut is_short = false;
    let mut meter = Meter::new();
    loop {
        let is_tick = tokio::select! {
            _ = closing.wait_for(|is_over| *is_over) => return,
            _ = ticks.tick() => true,
            () = tokio::time::sleep(MEASURE_INTERVAL), if is_short => false,
        };
        let process_bytes = core.measure();
        is_short = process_bytes.is_some_and(|process_bytes| process_bytes > target_bytes);
        if is_short {
            core.collect();
        }
        core.on(|state, now, effects| {
            state.measured(process_bytes, 0, now, effects);
            if is_tick {
                state.handle(WorkerEvent::Tick, now, effects);
                let (process_bytes, cpu_percent) = match core.options.measure {
                    Measure::Process => meter.read(),
                    // It is also that of others.
                    Measure::Values => (0, 0),
                };
                state.tell(figures(&state.machine, process_bytes, cpu_percent), effects);
            }
        });
    }
}
