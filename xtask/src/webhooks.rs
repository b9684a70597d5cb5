//! Groups pushes by the type of their event.

use nxcloud_spec::webhook::Webhook;

use crate::model::Service;

/// A type of event, and the pushes with that type.
#[derive(Debug)]
pub struct Event<'a> {
    /// Name of the type.
    pub schema: &'a str,
    /// The pushes, at least one.
    pub pushes: Vec<&'a Webhook>,
}

/// The types of event of a service, in the order of their first pushes.
#[must_use]
pub fn events(service: &Service) -> Vec<Event<'_>> {
    let mut events: Vec<Event<'_>> = Vec::new();
    for webhook in &service.webhooks {
        match events.iter_mut().find(|e| e.schema == webhook.event()) {
            Some(event) => event.pushes.push(webhook),
            None => events.push(Event {
                schema: webhook.event(),
                pushes: vec![webhook],
            }),
        }
    }
    events
}
