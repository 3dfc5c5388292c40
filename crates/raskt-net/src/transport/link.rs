//! One side's messages on their way out: gathered while others are being written, so that many small ones go at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use raskt_core::Payload;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Writer, write_frame};

/// Where frames are put that are to be written.
#[derive(Clone, Debug)]
pub struct Outbox {
    frames: UnboundedSender<Payload>,
    waiting_bytes: Arc<AtomicU64>,
}

impl Outbox {
    /// Has `frame` written after those before it; nothing happens once the connection is gone.
    pub fn send(&self, frame: Payload) {
        self.waiting_bytes.fetch_add(frame.size_bytes(), Ordering::Relaxed);
        // Who reads the connection hears that it is gone.
        drop(self.frames.send(frame));
    }

    /// Bytes that have not been written.
    #[must_use]
    pub fn waiting_bytes(&self) -> u64 {
        self.waiting_bytes.load(Ordering::Relaxed)
    }
}

/// Writes what is put into its [`Outbox`].
#[derive(Debug)]
pub struct Link {
    frames: UnboundedReceiver<Payload>,
    waiting_bytes: Arc<AtomicU64>,
}

impl Link {
    /// An outbox, and what empties it.
    #[must_use]
    pub fn new() -> (Outbox, Self) {
        let (sender, frames) = unbounded_channel();
        let waiting_bytes = Arc::new(AtomicU64::new(0));
        (Outbox { frames: sender, waiting_bytes: Arc::clone(&waiting_bytes) }, Self { frames, waiting_bytes })
    }

    /// Writes until all outboxes are dropped, and ends the stream then.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn write(mut self, mut writer: Writer) -> std::io::Result<()> {
        while let Some(frame) = self.frames.recv().await {
            let mut next = Some(frame);
            while let Some(frame) = next {
                write_frame(&mut writer, &frame).await?;
                self.waiting_bytes.fetch_sub(frame.size_bytes(), Ordering::Relaxed);
                next = self.frames.try_recv().ok();
            }
            writer.flush().await?;
        }
        writer.shutdown().await
    }
}
