//! What a campaign does with the types of its operation. `crate::generated::CAMPAIGNS` lists the operations.

use std::marker::PhantomData;
use std::pin::Pin;

use axum::Router;
use axum::routing::post;
use nxcloud::campaign::check::{BadRows, Checked, check};
use nxcloud::campaign::{
    Campaign, Compose as _, Ledger as _, NewCampaign, Receipt, RowFilter, Run, Template,
    stop_of_push,
};
use nxcloud::webhooks::Event;
use nxcloud::{Request, Session};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ledger::Store;
use super::receipts::{self, Endpoint};
use super::run::{Running, Supervise};
use crate::failure::Failure;
use crate::generated;

/// How many rows are looked at for one that can be sent.
const FIRST: u32 = 100;

type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 'a>>;

/// An operation that sends messages.
pub(crate) trait Operation: Sync {
    fn service(&self) -> &'static str;
    fn id(&self) -> &'static str;
    /// The path of the recipient in the request.
    fn recipient(&self) -> Option<&'static str>;
    fn new_campaign(&self, name: &str, template: &str) -> Result<NewCampaign, Failure>;
    fn check<'a>(&'a self, store: &'a Store, campaign: &'a Campaign) -> Doing<'a, Checked>;
    /// Fails if the session lacks what the operation needs. Sends nothing.
    fn presign<'a>(
        &'a self,
        store: &'a Store,
        campaign: &'a Campaign,
        session: &'a Session,
    ) -> Doing<'a, ()>;
    fn run<'a>(&'a self, running: Running<'a>) -> Supervise<'a>;
    /// The receipts in a push.
    fn receipts(&self, push: &str, event: &Value, signed: bool) -> Vec<Receipt>;
    /// The number of a recipient who answers with one of these texts.
    fn stop(&self, push: &str, event: &Value, texts: &[&str]) -> Option<String>;
    /// Receives the pushes of the service.
    fn routes(&self) -> Router<Endpoint>;
}

/// An operation, by the type of its request and of its service's pushes.
pub(crate) struct Of<R, E>(PhantomData<fn() -> (R, E)>);

impl<R, E> Of<R, E> {
    pub(crate) const NEW: Self = Self(PhantomData);
}

/// The template of a campaign.
fn template<R: Request>(campaign: &Campaign) -> Result<Template<R>, Failure> {
    let json = campaign.template.as_deref().ok_or_else(|| {
        Failure::usage("the campaign was made by a program and has no template; run it there")
    })?;
    Ok(Template::new(json)?)
}

impl<R, E> Operation for Of<R, E>
where
    R: Request + Serialize + DeserializeOwned,
    E: Event,
{
    fn service(&self) -> &'static str {
        R::OPERATION.service
    }

    fn id(&self) -> &'static str {
        R::OPERATION.id
    }

    fn recipient(&self) -> Option<&'static str> {
        R::MESSAGE.map(|message| message.to)
    }

    fn new_campaign(&self, name: &str, template: &str) -> Result<NewCampaign, Failure> {
        let template = Template::<R>::new(template)?;
        Ok(NewCampaign::from_template(name, &template))
    }

    fn check<'a>(&'a self, store: &'a Store, campaign: &'a Campaign) -> Doing<'a, Checked> {
        Box::pin(async move {
            let template = template::<R>(campaign)?;
            Ok(check::<R, _>(store, campaign, &template, BadRows::Refuse).await?)
        })
    }

    fn presign<'a>(
        &'a self,
        store: &'a Store,
        campaign: &'a Campaign,
        session: &'a Session,
    ) -> Doing<'a, ()> {
        Box::pin(async move {
            let template = template::<R>(campaign)?;
            let rows = store.rows(campaign.id, RowFilter::Ready, 0, FIRST).await?;
            // A row that cannot be sent is not a problem of the session.
            let request = rows.iter().find_map(|row| {
                let request: R = template.compose(&row.row).ok()?;
                request.check_limits().is_ok().then_some(request)
            });
            if let Some(request) = request {
                session.presign(&request)?;
            }
            Ok(())
        })
    }

    fn run<'a>(&'a self, running: Running<'a>) -> Supervise<'a> {
        Box::pin(async move {
            let template = template::<R>(running.campaign)?;
            let name = running.campaign.name.clone();
            let mut run = Run::<R, _, _, _>::new(running.store, name, &template, running.session)
                .slots(running.slots)
                .bad_rows(running.bad_rows);
            if let Some(limits) = &running.limits {
                run = run.limits(limits.clone());
            }
            let (stop, progress) = (run.stop(), run.progress());
            let slice = running.slice;
            let execute = async move {
                match slice {
                    Some(slice) => run.work_slice(slice.rows, slice.deadline).await,
                    None => run.execute().await,
                }
            };
            running.supervise(stop, progress, Box::pin(execute)).await
        })
    }

    fn receipts(&self, push: &str, event: &Value, signed: bool) -> Vec<Receipt> {
        Receipt::of_push::<R>(push, event, signed)
    }

    fn stop(&self, push: &str, event: &Value, texts: &[&str]) -> Option<String> {
        stop_of_push::<R>(push, event, texts)
    }

    fn routes(&self) -> Router<Endpoint> {
        let service = E::SERVICE;
        Router::new()
            .route(&format!("/{service}"), post(receipts::receive::<E>))
            .route(
                &format!("/{service}/{{push}}"),
                post(receipts::receive::<E>),
            )
    }
}

/// The operations of a service.
pub(super) fn of_service(service: &str) -> impl Iterator<Item = &'static dyn Operation> {
    let all = generated::CAMPAIGNS.iter().copied();
    all.filter(move |operation| operation.service() == service)
}

/// The operation of a campaign.
pub(super) fn of(campaign: &Campaign) -> Result<&'static dyn Operation, Failure> {
    of_service(&campaign.service)
        .find(|operation| operation.id() == campaign.operation)
        .ok_or_else(|| {
            let (service, operation) = (&campaign.service, &campaign.operation);
            Failure::usage(format!(
                "this program does not know the operation {service}.{operation} of the campaign; use the program that made it"
            ))
        })
}

/// The operation that an argument names: `send_sms`, or `sms.send_sms` with its service.
pub(super) fn named(text: &str) -> Result<&'static dyn Operation, Failure> {
    let name = crate::spec::id(text);
    let full = |operation: &dyn Operation| format!("{}.{}", operation.service(), operation.id());
    let all = || generated::CAMPAIGNS.iter().copied();
    let mut found = all()
        .filter(|operation| operation.id() == name || crate::spec::id(&full(*operation)) == name);
    match (found.next(), found.next()) {
        (Some(operation), None) => Ok(operation),
        (first, _) => {
            let problem = if first.is_some() {
                "is in several services"
            } else {
                "sends no messages or does not exist"
            };
            let names: Vec<String> = all().map(full).collect();
            Err(Failure::usage(format!(
                "--operation: the operation {problem}; use one of {}",
                names.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_named_with_its_service_where_that_is_needed() {
        for text in ["send_sms", "send-sms", "sms.send_sms", "sms.send-sms"] {
            assert_eq!(
                named(text).map(Operation::id).unwrap(),
                "send_sms",
                "{text}"
            );
        }
        assert_eq!(
            named("viber.send_message").map(Operation::service).unwrap(),
            "viber"
        );
        for text in ["send_message", "sms.send_message", "query_calls", ""] {
            assert!(named(text).is_err(), "{text}");
        }
    }
}
