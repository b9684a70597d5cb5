//! One operation under way.

use std::fmt::Debug;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{Stream, StreamExt as _};
use nxcloud::{CallOptions, Error, Paged, Request, Session};
use nxcloud_client::Upload;
use nxcloud_client::codegen::LenientObject;
use nxcloud_spec::OperationRef;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::dry;
use crate::failure::{Exit, Failure};
use crate::output::{self, Format};

/// A call under way.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// Makes the request of an operation and sends it.
pub(crate) type SendFn = fn(&Job) -> Running<'_>;

/// What the function of a command works with.
pub(crate) struct Job {
    pub(crate) operation: OperationRef<'static>,
    pub(crate) session: Session,
    pub(crate) body: Map<String, Value>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) mime: Option<String>,
    pub(crate) all_pages: bool,
    pub(crate) dry_run: bool,
    pub(crate) format: Format,
    pub(crate) progress: Progress,
}

/// What is known of a call from outside.
#[derive(Default)]
pub(crate) struct Progress {
    /// Whether an attempt was signed, and so may have left.
    signed: Arc<AtomicBool>,
}

impl Progress {
    pub(crate) fn was_signed(&self) -> bool {
        self.signed.load(Ordering::Acquire)
    }
}

impl Job {
    /// The options of the call: they note that something was signed.
    fn options(&self) -> CallOptions {
        let signed = Arc::clone(&self.progress.signed);
        CallOptions::new().on_signed(move |_| {
            signed.store(true, Ordering::Release);
        })
    }

    /// Sends a request and prints its reply; in a dry run prints the request.
    pub(crate) async fn run<R: Request>(&self, request: &R) -> Result<(), Failure> {
        if self.dry_run {
            return self.dry_run(request);
        }
        let session = self.session.with_options(self.options());
        self.reply(&session.send(request).await?)
    }

    fn dry_run<R: Request>(&self, request: &R) -> Result<(), Failure> {
        let signed = self.session.presign(request)?;
        dry::Request::from(&signed).print(self.format, self.file.as_deref())
    }

    /// The body as the typed crate takes it. It was made to fit before; what is left are rules that only the type knows.
    fn request<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let body = Value::Object(self.body.clone());
        serde_path_to_error::deserialize(body).map_err(|error| {
            let path = error.path().to_string();
            Failure::usage(format!("the body does not fit at `{path}`"))
        })
    }

    /// A text part of a form.
    pub(crate) fn part(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// A text part that the form must have.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Failure> {
        let missing = || Failure::usage(format!("`{name}` is missing"));
        self.part(name).ok_or_else(missing)
    }

    /// The file of a form.
    pub(crate) fn upload(&self) -> Result<Upload, Failure> {
        let path = self.file.as_deref();
        let path =
            path.ok_or_else(|| Failure::usage("give the file to upload with --file PATH"))?;
        let upload = Upload::from_path(path)?;
        match &self.mime {
            Some(mime) => Ok(upload.with_mime(mime)),
            None if upload.mime() == "application/octet-stream" => {
                let problem = "the MIME type is not known from the file name";
                Err(Failure::usage(problem).hint("Say it with --mime, such as --mime image/png."))
            }
            None => Ok(upload),
        }
    }

    /// Prints a whole reply. When that fails after a send, the platform has acted all the same, and the ids must not be lost:
    /// they go to stderr.
    fn reply(&self, reply: &(impl Serialize + Debug + LenientObject)) -> Result<(), Failure> {
        let repairs = reply.repairs();
        if !repairs.is_empty() {
            output::note(&format!("the reply had to be repaired: {repairs}"));
        }
        let (id, safe) = (&self.operation.id, self.operation.safe);
        let printed = to_value(reply).and_then(|value| {
            let text = output::in_format(self.format, &value);
            if safe {
                return output::data(&text);
            }
            output::write(&text).map_err(|error| Failure::output(&error))?;
            if output::was_closed() {
                output::note(&format!("{id}: accepted; stdout is closed: {reply:?}"));
            }
            Ok(())
        });
        printed.map_err(|failure| {
            if safe {
                return failure;
            }
            // `Debug` of a reply shows what is public only: codes and ids, no numbers and no texts.
            let Failure { message, .. } = failure;
            Failure::new(
                Exit::Unknown,
                format!("{id}: accepted, but the reply cannot be printed ({message}): {reply:?}"),
            )
            .hint("Do not send it again.")
        })
    }

    /// Prints every item of a paged query: as JSON a line each, as soon as its page is there.
    async fn items<T: Serialize>(
        &self,
        items: impl Stream<Item = Result<T, Error>>,
    ) -> Result<(), Failure> {
        let mut items = pin!(items);
        let mut kept = Vec::new();
        let mut failed = None;
        while let Some(item) = items.next().await {
            match (item, self.format) {
                (Ok(item), Format::Json) => {
                    if !output::is_read(&to_value(&item)?.to_string())? {
                        return Ok(());
                    }
                }
                (Ok(item), Format::Table) => {
                    kept.push(to_value(&item)?);
                    output::progress(kept.len());
                }
                (Err(error), _) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        if self.format == Format::Table {
            output::progress_ends();
            output::data(&output::rows(kept.iter()))?;
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Runs an operation whose request is read from the body.
pub(crate) fn send<R: Request + DeserializeOwned>(job: &Job) -> Running<'_> {
    Box::pin(async move { job.run(&job.request::<R>()?).await })
}

/// The same for a paged query.
pub(crate) fn send_paged<R: Paged + DeserializeOwned + 'static>(job: &Job) -> Running<'_> {
    Box::pin(async move {
        let request: R = job.request()?;
        if !job.all_pages || job.dry_run {
            return job.run(&request).await;
        }
        let session = job.session.with_options(job.options());
        job.items(session.items(&request)).await
    })
}

fn to_value(reply: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(reply).map_err(|error| {
        // Only a map with keys that are no texts could do that, and replies have none.
        Failure::new(
            Exit::Transport,
            format!("the reply cannot be shown: {error}"),
        )
    })
}
