//! The pushes in the specs.

use std::sync::Arc;
use std::time::Duration;

use nxcloud_spec::Service;
use nxcloud_spec::webhook::{After, Retry, Webhook};
use serde_json::Value;

use crate::server::record::ReceivedRequest;

/// One documented push.
pub(super) struct PushSpec {
    /// Its index among all pushes.
    pub(super) number: usize,
    pub(super) service: String,
    /// Empty if the service has none.
    pub(super) biz_type: String,
    pub(super) webhook: Webhook,
}

impl PushSpec {
    /// The fields of an example; by default the first one.
    pub(super) fn example(&self, name: Option<&str>) -> Option<Value> {
        let example = match name {
            Some(name) => self.webhook.examples.get(name)?,
            None => self.webhook.examples.values().next()?,
        };
        Some(example.value.clone())
    }

    /// How the push follows the operation of a request; `None` if it does not.
    pub(super) fn after(&self, request: &ReceivedRequest) -> Option<&After> {
        let after = self.webhook.after.as_ref()?;
        let follows = request.service() == Some(&self.service)
            && request.operation() == Some(&after.operation);
        follows.then_some(after)
    }

    pub(super) fn examples(&self) -> impl Iterator<Item = &str> {
        self.webhook.examples.keys().map(String::as_str)
    }

    /// The documented pauses between attempts, and the number of attempts.
    pub(super) fn attempts(&self) -> (Duration, u32) {
        match self.webhook.retry {
            Some(Retry {
                every_seconds,
                for_seconds,
                ..
            }) => {
                let retries = for_seconds / every_seconds.max(1);
                let attempts = u32::try_from(retries).unwrap_or(u32::MAX).saturating_add(1);
                (Duration::from_secs(every_seconds), attempts)
            }
            None => (Duration::ZERO, 1),
        }
    }
}

/// The pushes of some services.
pub(super) fn push_specs(services: &[Service]) -> Arc<[PushSpec]> {
    let webhooks = services.iter().flat_map(|service| {
        let webhooks = service.webhooks().iter();
        webhooks.map(move |webhook| (service, webhook))
    });
    let specs = webhooks.enumerate();
    let specs = specs.map(|(number, (service, webhook))| PushSpec {
        number,
        service: service.name().to_owned(),
        biz_type: service.document().biz_type.clone().unwrap_or_default(),
        webhook: webhook.clone(),
    });
    specs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attempts_are_those_of_the_reference() {
        let services = nxcloud_spec::embedded_services().unwrap();
        let specs = push_specs(&services.into_iter().cloned().collect::<Vec<_>>());
        let of = |name: &str| {
            let spec = specs.iter().find(|spec| spec.webhook.name == name).unwrap();
            spec.attempts()
        };
        assert_eq!(of("sms_receipt"), (Duration::ZERO, 1));
        assert_eq!(of("number_check_result"), (Duration::from_secs(60), 61));
        assert_eq!(of("call_result"), (Duration::from_secs(60), 61));
    }
}
