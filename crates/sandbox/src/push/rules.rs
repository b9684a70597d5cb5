//! What the specs say of pushes.

use std::sync::Arc;
use std::time::Duration;

use nxcloud_spec::Service;
use nxcloud_spec::webhook::{Retry, Webhook};
use serde_json::Value;

use crate::record::ReceivedRequest;

/// One documented push.
pub(super) struct Rule {
    pub(super) service: String,
    /// Empty for a service that has none.
    pub(super) biz_type: String,
    pub(super) spec: Webhook,
}

impl Rule {
    /// The fields of an example, the first one if none is named.
    pub(super) fn example(&self, name: Option<&str>) -> Option<Value> {
        let example = match name {
            Some(name) => self.spec.examples.get(name)?,
            None => self.spec.examples.values().next()?,
        };
        Some(example.value.clone())
    }

    /// Whether the push is documented to follow the operation of a request.
    pub(super) fn follows(&self, request: &ReceivedRequest) -> bool {
        self.spec.after.as_ref().is_some_and(|after| {
            Some(self.service.as_str()) == request.service()
                && Some(after.operation.as_str()) == request.operation()
        })
    }

    pub(super) fn examples(&self) -> impl Iterator<Item = &str> {
        self.spec.examples.keys().map(String::as_str)
    }

    /// The documented pause between attempts, and how many there are in all.
    pub(super) fn attempts(&self) -> (Duration, u32) {
        match self.spec.retry {
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
pub(super) fn rules(services: &[Service]) -> Arc<[Rule]> {
    let rules = services.iter().flat_map(|service| {
        service.webhooks().iter().map(|webhook| Rule {
            service: service.name().to_owned(),
            biz_type: service.document().biz_type.clone().unwrap_or_default(),
            spec: webhook.clone(),
        })
    });
    rules.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_those_of_the_reference() {
        let services = nxcloud_spec::embedded_services().unwrap();
        let rules = rules(&services.into_iter().cloned().collect::<Vec<_>>());
        let of = |name: &str| {
            let rule = rules.iter().find(|rule| rule.spec.name == name).unwrap();
            rule.attempts()
        };
        assert_eq!(of("sms_receipt"), (Duration::ZERO, 1));
        assert_eq!(of("number_check_result"), (Duration::from_secs(60), 61));
        assert_eq!(of("call_result"), (Duration::from_secs(60), 61));
    }
}
