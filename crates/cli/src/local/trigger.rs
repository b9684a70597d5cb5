//! `nxcloud trigger`: a documented push, sent to an endpoint as the platform sends it.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use nxcloud::Credentials;
use nxcloud_sandbox::{Delivery, DeliveryOutcome, PushRequest};
use serde_json::{Value, json};

use super::{in_one_line, own_sandbox};
use crate::account;
use crate::failure::{Exit, Failure};
use crate::generated::SERVICES;
use crate::output::{self, Format};
use crate::table::{Push, Service};
use crate::text;

/// Where `nxcloud listen` waits unless told otherwise.
pub(crate) const LISTEN_PORT: u16 = 4011;

pub(crate) fn subcommand() -> Command {
    let services = SERVICES.iter().filter(|service| !service.pushes.is_empty());
    Command::new("trigger")
        .about("Send a documented push to an endpoint of this machine, signed where the platform signs it")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(services.map(|service| {
            Command::new(service.name)
                .about(service.title)
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommands(service.pushes.iter().map(push))
        }))
}

fn push(push: &'static Push) -> Command {
    let about = if push.signed {
        format!("{} Signed with the account's secret.", push.about)
    } else {
        push.about.to_owned()
    };
    let command = Command::new(push.name.replace('_', "-"))
        .about(about)
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("URL")
                .help("Endpoint, http:// on this machine; without it `nxcloud listen` at its usual port"),
        )
        .arg(
            Arg::new("example")
                .long("example")
                .value_name("NAME")
                .value_parser(clap::builder::PossibleValuesParser::new(push.examples.iter().copied()))
                .help("Which documented example its fields are taken from; the first one unless given"),
        )
        .arg(
            Arg::new("set")
                .long("set")
                .value_name("PATH=TEXT")
                .action(ArgAction::Append)
                .help("Replace a field by its dotted path; PATH:=JSON for what is no text"),
        )
        .arg(
            Arg::new("resend")
                .long("resend")
                .value_name("TIMES")
                .value_parser(value_parser!(u32).range(1..=1000))
                .help("Send the same push again so many times, signed anew, as the platform repeats it"),
        )
        .arg(
            Arg::new("retry-pause")
                .long("retry-pause")
                .value_name("SECONDS")
                .value_parser(value_parser!(u64))
                .help("Try again as often as documented while it is not accepted, with this pause; without it once"),
        );
    if push.actions.len() > 1 {
        let actions = clap::builder::PossibleValuesParser::new(push.actions.iter().copied());
        return command.arg(
            Arg::new("action")
                .long("action")
                .value_name("ACTION")
                .value_parser(actions)
                .help("The action header"),
        );
    }
    command
}

pub(crate) fn run(matches: &ArgMatches, format: Format) -> Result<(), Failure> {
    let known = matches.subcommand().and_then(|(service, matches)| {
        let service = SERVICES.iter().find(|known| known.name == service)?;
        let (push, matches) = matches.subcommand()?;
        let mut pushes = service.pushes.iter();
        let push = pushes.find(|known| known.name.replace('_', "-") == push)?;
        Some((*service, push, matches))
    });
    let (service, push, matches) =
        known.ok_or_else(|| Failure::usage("name a service and a push"))?;
    let order = order(service, push, matches)?;
    let mut accounts = Credentials::default();
    let mut order = match matches.get_one::<u64>("retry-pause") {
        None => order.once(),
        Some(_) => order,
    };
    if push.signed {
        accounts = account::session(matches)?.credentials().clone();
        let signer = accounts.nxcloud_signer().ok_or_else(|| {
            Failure::usage(
                "this push is signed with an NXCLOUD account; give --access-key or --sandbox",
            )
        })?;
        order = order.signed_by(signer.access_key().as_str());
    }
    let resend = matches.get_one::<u32>("resend").copied().unwrap_or(0);
    let deliveries = crate::block_on(async {
        let sandbox = own_sandbox(&accounts)
            .start()
            .await
            .map_err(|error| Failure::usage(in_one_line(&error)))?;
        let pushes = sandbox.pushes();
        if let Some(seconds) = matches.get_one::<u64>("retry-pause") {
            pushes.retry_pause(Duration::from_secs(*seconds));
        }
        let wrong = |error: nxcloud_sandbox::PushError| Failure::usage(error.to_string());
        let mut made = pushes.send(order).await.map_err(wrong)?;
        if let Some(first) = made.first().map(|delivery| delivery.id) {
            for _ in 0..resend {
                made.extend(pushes.resend(first).await.map_err(wrong)?);
            }
        }
        sandbox.shutdown().await;
        Ok::<_, Failure>(made)
    })??;
    let rows: Vec<Value> = deliveries.iter().map(row).collect();
    match format {
        Format::Json => rows.iter().try_for_each(output::line)?,
        Format::Table => output::data(&output::rows(rows.iter()))?,
    }
    match deliveries.last().map(|delivery| &delivery.outcome) {
        Some(DeliveryOutcome::Accepted) => Ok(()),
        Some(DeliveryOutcome::Refused { status, .. }) => {
            let expected = push.reply.map_or("HTTP 200".to_owned(), |word| {
                format!("HTTP 200 with the text {word}")
            });
            Err(Failure::new(
                Exit::Refused,
                format!("the endpoint answered HTTP {status} otherwise than with {expected}"),
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

fn order(service: &Service, push: &Push, matches: &ArgMatches) -> Result<PushRequest, Failure> {
    let to = matches.get_one::<String>("to").cloned();
    let to = to.unwrap_or_else(|| {
        format!(
            "http://127.0.0.1:{LISTEN_PORT}/{}/{}",
            service.name, push.name
        )
    });
    let mut order = PushRequest::new(service.name, push.name).to(to);
    if let Some(example) = matches.get_one::<String>("example") {
        order = order.example(example);
    }
    if let Ok(Some(action)) = matches.try_get_one::<String>("action") {
        order = order.action(action);
    }
    for text in matches.get_many::<String>("set").into_iter().flatten() {
        let (path, value) = assignment(text)?;
        order = order.field(path, value);
    }
    Ok(order)
}

/// `path=text` or `path:=json`.
fn assignment(given: &str) -> Result<(&str, Value), Failure> {
    let Some((path, value)) = given.split_once('=') else {
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
