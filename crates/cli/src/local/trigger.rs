//! `nxcloud trigger`: sends a documented push to an endpoint as the platform would.

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{ArgMatches, Args, Command, FromArgMatches as _, value_parser};
use nxcloud::Credentials;
use nxcloud_sandbox::{Delivery, DeliveryOutcome, PushRequest};
use nxcloud_spec::webhook::Webhook;
use nxcloud_spec::{Service, embedded_services};
use serde_json::{Value, json};

use super::{in_one_line, private_sandbox};
use crate::account::{self, AccountArgs};
use crate::call::read_if_defined;
use crate::failure::{Exit, Failure};
use crate::output::{self, Format};
use crate::spec::{command_name, id, sentence, service};
use crate::text;

/// The default port of `nxcloud listen`.
pub(crate) const LISTEN_PORT: u16 = 4011;

#[derive(Args)]
struct TriggerArgs {
    /// Endpoint on this machine, an http:// URL
    #[arg(long, value_name = "URL")]
    to: String,
    /// Documented example that supplies the fields
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
    /// Set a field by dotted path (PATH=TEXT, or PATH:=JSON)
    #[arg(long, value_name = "PATH=TEXT")]
    set: Vec<String>,
    /// Repeat the push this many times, each time with a new signature
    #[arg(long, value_name = "TIMES", value_parser = value_parser!(u32).range(1..=1000))]
    resend: Option<u32>,
    /// Retry as documented until accepted, waiting this long between attempts [default: no retry]
    #[arg(long, value_name = "SECONDS")]
    retry_pause: Option<u64>,
}

// The flag of pushes that have several actions.
#[derive(Args, Default)]
struct ActionArgs {
    /// Value of the action header
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
}

/// A command for each service that has pushes.
pub(crate) fn commands() -> Result<Vec<Command>, Failure> {
    let services = embedded_services()?.into_iter();
    let services = services.filter(|service| !service.webhooks().is_empty());
    let commands = services.map(|service| {
        Command::new(service.name())
            .about(service.document().info.title.as_str())
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands(service.webhooks().iter().map(|push| command(service, push)))
    });
    Ok(commands.collect())
}

fn command(service: &'static Service, push: &'static Webhook) -> Command {
    let mut about = sentence(push.description.as_deref().unwrap_or_default());
    if push.signed {
        about.push_str(" Signed with the account's secret.");
    }
    let (service, name) = (service.name(), &push.name);
    let to = format!("http://127.0.0.1:{LISTEN_PORT}/{service}/{name}");
    let examples: Vec<&str> = push.examples.keys().map(String::as_str).collect();
    let command = Command::new(command_name(name)).about(about);
    let command = TriggerArgs::augment_args(command)
        .mut_arg("to", |arg| arg.required(false).default_value(to))
        .mut_arg("example", |arg| {
            let arg = arg.default_value(examples.first().copied());
            arg.value_parser(PossibleValuesParser::new(examples))
        });
    if push.action.len() < 2 {
        return command;
    }
    let actions = PossibleValuesParser::new(push.action.iter().map(String::as_str));
    ActionArgs::augment_args(command).mut_arg("action", |arg| arg.value_parser(actions))
}

pub(crate) fn run(
    matches: &ArgMatches,
    account: &AccountArgs,
    format: Format,
) -> Result<(), Failure> {
    let missing = || Failure::usage("no push named; see nxcloud trigger --help");
    let (name, matches) = matches.subcommand().ok_or_else(missing)?;
    let service = service(name)?;
    let (name, matches) = matches.subcommand().ok_or_else(missing)?;
    let push = service.webhook(&id(name)).ok_or_else(missing)?;
    let args = TriggerArgs::from_arg_matches(matches)?;
    let mut request = push_request(service, push, &args)?;
    if let Some(action) = read_if_defined::<ActionArgs>(matches)?.action {
        request = request.action(action);
    }
    if args.retry_pause.is_none() {
        request = request.once();
    }
    let mut accounts = Credentials::default();
    if push.signed {
        accounts = account::session(account)?.credentials().clone();
        let signer = accounts.nxcloud_signer().ok_or_else(|| {
            Failure::usage(
                "this push is signed with an NXCLOUD account; pass --access-key or --sandbox",
            )
        })?;
        request = request.signed_by(signer.access_key().as_str());
    }
    let deliveries = crate::block_on(async {
        let sandbox = private_sandbox(&accounts)
            .start()
            .await
            .map_err(|error| Failure::usage(in_one_line(&error)))?;
        let pushes = sandbox.pushes();
        if let Some(seconds) = args.retry_pause {
            pushes.retry_pause(Duration::from_secs(seconds));
        }
        let invalid = |error: nxcloud_sandbox::PushError| Failure::usage(error.to_string());
        let mut deliveries = pushes.send(request).await.map_err(invalid)?;
        if let Some(first) = deliveries.first().map(|delivery| delivery.id) {
            for _ in 0..args.resend.unwrap_or(0) {
                deliveries.extend(pushes.resend(first).await.map_err(invalid)?);
            }
        }
        sandbox.shutdown().await;
        Ok::<_, Failure>(deliveries)
    })??;
    let rows: Vec<Value> = deliveries.iter().map(row).collect();
    match format {
        Format::Json => rows.iter().try_for_each(output::line)?,
        Format::Table => output::print(&output::rows(rows.iter()))?,
    }
    match deliveries.last().map(|delivery| &delivery.outcome) {
        Some(DeliveryOutcome::Accepted) => Ok(()),
        Some(DeliveryOutcome::Refused { status, .. }) => {
            let expected = push
                .reply
                .as_deref()
                .map_or("HTTP 200".to_owned(), |reply| {
                    format!("HTTP 200 with the text {reply}")
                });
            Err(Failure::new(
                Exit::Refused,
                format!("the endpoint answered HTTP {status}; the platform expects {expected}"),
            ))
        }
        Some(DeliveryOutcome::Failed { reason }) => Err(Failure::new(
            Exit::Transport,
            format!("the endpoint cannot be reached: {reason}"),
        )
        .hint("Start it, or `nxcloud listen`, and check --to.")),
        _ => Err(Failure::usage(
            "nothing was sent: pushes go to http:// addresses of this machine only",
        )),
    }
}

fn push_request(
    service: &Service,
    push: &Webhook,
    args: &TriggerArgs,
) -> Result<PushRequest, Failure> {
    let mut request = PushRequest::new(service.name(), &*push.name).to(args.to.clone());
    if let Some(example) = &args.example {
        request = request.example(example);
    }
    for text in &args.set {
        let (path, value) = assignment(text)?;
        request = request.field(path, value);
    }
    Ok(request)
}

/// Parses `PATH=TEXT` or `PATH:=JSON`.
fn assignment(text: &str) -> Result<(&str, Value), Failure> {
    let Some((path, value)) = text.split_once('=') else {
        return Err(Failure::usage("--set takes PATH=TEXT or PATH:=JSON"));
    };
    match path.strip_suffix(':') {
        None => Ok((path, value.into())),
        Some(path) => match text::json(value) {
            Ok(value) => Ok((path, value)),
            Err(problem) => Err(Failure::usage(format!(
                "--set {path}:= takes JSON; the value {problem}"
            ))),
        },
    }
}

fn row(delivery: &Delivery) -> Value {
    let (outcome, status) = match &delivery.outcome {
        DeliveryOutcome::Accepted => ("accepted", Some(200)),
        DeliveryOutcome::Refused { status, .. } => ("refused", Some(*status)),
        DeliveryOutcome::Failed { .. } => ("failed", None),
        _ => ("not sent", None),
    };
    json!({
        "service": delivery.service,
        "push": delivery.push,
        "attempt": delivery.attempt,
        "outcome": outcome,
        "status": status,
        "url": delivery.url,
    })
}
