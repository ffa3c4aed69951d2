//! One object as a synchronous stream of bytes. A task fetches ahead by a few pieces and, when the connection breaks,
//! asks for the rest, as long as the object is still the one that it began with.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore};
use offpath_capture::StoreError;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

/// Pieces fetched ahead; a piece is what one read of the connection gave, a few hundred KiB at most.
const AHEAD: usize = 8;
/// Times in a row that a download is taken up again without having got further. Each of them asks several times.
const ATTEMPTS: u32 = 2;
/// Pause before the first of them; it doubles.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest silence of a server.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// What is fetched, and whose words explain failures.
pub(crate) struct Wanted {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) path: Path,
    pub(crate) from: u64,
    /// Where no more is wanted; servers may send more.
    pub(crate) to: Option<u64>,
    /// ETag that the object must have.
    pub(crate) version: Option<String>,
    pub(crate) explain: Box<dyn Fn(&Error) -> StoreError + Send + Sync>,
}

/// The bytes of an object; dropping it ends the download.
pub(crate) struct Download {
    pieces: Receiver<Result<Vec<u8>, StoreError>>,
    piece: Vec<u8>,
    read: usize,
    task: AbortHandle,
}

impl Download {
    pub(crate) fn start(wanted: Wanted, runtime: &Handle) -> Self {
        let (sender, pieces) = mpsc::channel(AHEAD);
        let task = runtime.spawn(fetch(wanted, sender)).abort_handle();
        Download { pieces, piece: Vec::new(), read: 0, task }
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Read for Download {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.piece.len() {
            match self.pieces.blocking_recv() {
                None => return Ok(0),
                Some(Ok(piece)) => (self.piece, self.read) = (piece, 0),
                Some(Err(error)) => return Err(io::Error::other(error)),
            }
        }
        let rest = self.piece.get(self.read..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.read += count;
        Ok(count)
    }
}

/// Why a connection gave no more.
enum Stop {
    /// Nobody reads any more.
    Unwanted,
    /// It broke or fell silent: the rest may still be had.
    Broken(StoreError),
    /// There is no use in asking again.
    Refused(StoreError),
}

/// Hands on pieces until the object's end, the first refusal, or until breaks bring no more.
async fn fetch(wanted: Wanted, sender: Sender<Result<Vec<u8>, StoreError>>) {
    let mut fetching = Fetching { at: wanted.from, wanted, whole: None };
    let mut attempts = 0;
    loop {
        let before = fetching.at;
        let error = match fetching.connection(&sender).await {
            Ok(()) | Err(Stop::Unwanted) => return,
            Err(Stop::Refused(error)) => error,
            Err(Stop::Broken(error)) => {
                attempts = if fetching.at > before { 1 } else { attempts + 1 };
                if attempts <= ATTEMPTS {
                    sleep(PAUSE * 2_u32.pow(attempts - 1)).await;
                    continue;
                }
                error
            }
        };
        let _ = sender.send(Err(error)).await;
        return;
    }
}

struct Fetching {
    wanted: Wanted,
    /// Bytes of the object that were handed on or not asked for.
    at: u64,
    /// The object as the first connection had it.
    whole: Option<ObjectMeta>,
}

impl Fetching {
    /// Hands on what one connection gives.
    async fn connection(&mut self, sender: &Sender<Result<Vec<u8>, StoreError>>) -> Result<(), Stop> {
        let result = self.answer().await?;
        let size = self.check(&result.meta)?;
        let end = self.wanted.to.map_or(size, |to| to.min(size));
        // A server that does not send parts sends the whole once more.
        let mut passed_over = self.at.saturating_sub(result.range.start);
        let mut stream = result.into_stream();
        while self.at < end {
            let piece = match timeout(SILENCE, stream.next()).await {
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(error))) => return Err(Stop::Broken((self.wanted.explain)(&error))),
                Ok(None) => return Err(Stop::Broken(ended_early(self.at, size))),
                Err(_) => return Err(Stop::Broken(silent())),
            };
            let over = passed_over.min(piece.len() as u64);
            passed_over -= over;
            let Some(fresh) = piece.get(over as usize..).filter(|fresh| !fresh.is_empty()) else { continue };
            self.at += fresh.len() as u64;
            tokio::select! {
                sent = sender.send(Ok(fresh.to_vec())) => sent.map_err(|_| Stop::Unwanted)?,
                () = sender.closed() => return Err(Stop::Unwanted),
            }
        }
        Ok(())
    }

    /// Asks for what is still wanted.
    async fn answer(&self) -> Result<GetResult, Stop> {
        match self.ask(self.at).await {
            Err(Error::NotSupported { .. }) if self.whole.is_some() => self.ask(0).await.map_err(|e| self.refused(&e)),
            other => other.map_err(|error| self.refused(&error)),
        }
    }

    async fn ask(&self, from: u64) -> Result<GetResult, Error> {
        let known = self.whole.as_ref().and_then(|whole| whole.e_tag.clone());
        let options = GetOptions {
            range: match self.wanted.to {
                Some(to) => Some(GetRange::Bounded(from..to)),
                None => (from > 0).then_some(GetRange::Offset(from)),
            },
            // A weak tag matches nothing here; what changed is then told by size and time.
            if_match: self.wanted.version.clone().or(known).filter(|tag| !tag.starts_with("W/")),
            ..GetOptions::default()
        };
        let answer = timeout(SILENCE, self.wanted.store.get_opts(&self.wanted.path, options)).await;
        answer.unwrap_or_else(|_| Err(Error::Generic { store: "", source: silent().what.into() }))
    }

    /// Compares the object with the one that was begun; returns its size.
    fn check(&mut self, meta: &ObjectMeta) -> Result<u64, Stop> {
        let whole = self.whole.get_or_insert_with(|| meta.clone());
        let same = whole.size == meta.size && whole.e_tag == meta.e_tag && whole.last_modified == meta.last_modified;
        if same { Ok(whole.size) } else { Err(Stop::Refused(changed())) }
    }

    fn refused(&self, error: &Error) -> Stop {
        Stop::Refused((self.wanted.explain)(error))
    }
}

fn changed() -> StoreError {
    StoreError {
        missing: false,
        what: "the object changed while it was read".to_owned(),
        remedy: "read it again when nothing writes to it".to_owned(),
    }
}

fn silent() -> StoreError {
    StoreError {
        missing: false,
        what: format!("the server was silent for {} s", SILENCE.as_secs()),
        remedy: "everything before was analysed; try again".to_owned(),
    }
}

fn ended_early(at: u64, size: u64) -> StoreError {
    StoreError {
        missing: false,
        what: format!("the connection ended at byte {at} of {size}"),
        remedy: "everything before was analysed; try again".to_owned(),
    }
}
