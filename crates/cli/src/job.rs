//! A call of an operation: its input and its output.

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

use crate::dry_run;
use crate::failure::{Exit, Failure};
use crate::output::{self, Format};

/// A running call.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// Builds the request of an operation and sends it.
pub(crate) type SendFn = fn(&Job) -> Running<'_>;

/// The input of a call.
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

/// The state of a call, for an observer outside its future.
#[derive(Default)]
pub(crate) struct Progress {
    /// Whether an attempt was signed, and so may have been sent.
    signed: Arc<AtomicBool>,
}

impl Progress {
    pub(crate) fn was_signed(&self) -> bool {
        self.signed.load(Ordering::Acquire)
    }
}

impl Job {
    /// The options of the call. They record that an attempt was signed.
    fn options(&self) -> CallOptions {
        let signed = Arc::clone(&self.progress.signed);
        CallOptions::new().on_signed(move |_| {
            signed.store(true, Ordering::Release);
        })
    }

    /// Sends a request and prints the reply. In a dry run, prints the request instead.
    pub(crate) async fn run<R: Request>(&self, request: &R) -> Result<(), Failure> {
        if self.dry_run {
            return self.dry_run(request);
        }
        let session = self.session.with_options(self.options());
        self.reply(&session.send(request).await?)
    }

    fn dry_run<R: Request>(&self, request: &R) -> Result<(), Failure> {
        let signed = self.session.presign(request)?;
        dry_run::Request::from(&signed).print(self.format, self.file.as_deref())
    }

    /// Reads the body into the request type. The body has been validated, so only rules that the type alone knows can fail.
    fn request<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let body = Value::Object(self.body.clone());
        serde_path_to_error::deserialize(body).map_err(|error| {
            let path = error.path().to_string();
            Failure::usage(format!("the value of `{path}` is invalid"))
        })
    }

    /// An optional text part of a form.
    pub(crate) fn part(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }

    /// A required text part of a form.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Failure> {
        let missing = || Failure::usage(format!("`{name}` is missing"));
        self.part(name).ok_or_else(missing)
    }

    /// The file of a form.
    pub(crate) fn upload(&self) -> Result<Upload, Failure> {
        let missing = || Failure::usage("no file to upload; pass it with --file PATH");
        let path = self.file.as_deref().ok_or_else(missing)?;
        let upload = Upload::from_path(path)?;
        match &self.mime {
            Some(mime) => Ok(upload.with_mime(mime)),
            None if upload.mime() == "application/octet-stream" => {
                let problem = "the file name does not show the MIME type";
                Err(Failure::usage(problem).hint("Pass it with --mime, such as --mime image/png."))
            }
            None => Ok(upload),
        }
    }

    /// Prints a reply. If that fails after a send, the platform has acted nevertheless, so the ids are printed to stderr.
    fn reply(&self, reply: &(impl Serialize + Debug + LenientObject)) -> Result<(), Failure> {
        let repairs = reply.repairs();
        if !repairs.is_empty() {
            output::eprint(&format!(
                "warning: the reply was malformed and has been repaired: {repairs}"
            ));
        }
        let (id, safe) = (&self.operation.id, self.operation.safe);
        let printed = to_value(reply).and_then(|value| {
            let text = output::in_format(self.format, &value);
            if safe {
                return output::print(&text);
            }
            output::write_stdout(&text).map_err(|error| Failure::output(&error))?;
            if output::was_closed() {
                output::eprint(&format!("{id}: accepted; stdout is closed: {reply:?}"));
            }
            Ok(())
        });
        printed.map_err(|failure| {
            if safe {
                return failure;
            }
            // `Debug` of a reply prints public fields only: codes and ids, no phone numbers and no texts.
            let Failure { message, .. } = failure;
            Failure::new(
                Exit::Unknown,
                format!("{id}: accepted, but the reply cannot be printed ({message}): {reply:?}"),
            )
            .hint("Do not send it again.")
        })
    }

    /// Prints every item of a paged query. JSON is printed as each page arrives, one line per item.
    async fn items<T: Serialize>(
        &self,
        items: impl Stream<Item = Result<T, Error>>,
    ) -> Result<(), Failure> {
        let mut items = pin!(items);
        let mut rows = Vec::new();
        let mut failure = None;
        while let Some(item) = items.next().await {
            match (item, self.format) {
                (Ok(item), Format::Json) => {
                    if !output::print_if_open(&to_value(&item)?.to_string())? {
                        return Ok(());
                    }
                }
                (Ok(item), Format::Table) => {
                    rows.push(to_value(&item)?);
                    output::progress(rows.len());
                }
                (Err(error), _) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        if self.format == Format::Table {
            output::clear_progress();
            output::print(&output::rows(rows.iter()))?;
        }
        failure.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Runs an operation whose request is read from the body.
pub(crate) fn send<R: Request + DeserializeOwned>(job: &Job) -> Running<'_> {
    Box::pin(async move { job.run(&job.request::<R>()?).await })
}

/// Runs a paged query.
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
        // Only a map with keys other than strings fails here. Replies have no such map.
        Failure::new(
            Exit::Transport,
            format!("the reply cannot be written as JSON: {error}"),
        )
    })
}
