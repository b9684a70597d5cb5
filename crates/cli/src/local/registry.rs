//! Registers an endpoint on this machine for the pushes of a sandbox.

use std::time::Duration;

use nxcloud_spec::embedded_services;
use reqwest::Url;
use serde_json::json;

use super::in_one_line;
use crate::failure::Failure;
use crate::http;

/// How long the sandbox may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The place in a sandbox where the addresses of its pushes are set.
pub(crate) struct Registry {
    client: reqwest::Client,
    address: Url,
    token: Option<String>,
}

impl Registry {
    pub(crate) fn new(sandbox: &str, token: Option<String>) -> Result<Self, Failure> {
        let address = Url::parse(&format!("{sandbox}/__sandbox/pushes/address"));
        let address = address
            .map_err(|_| Failure::usage("--base-url takes a URL such as http://127.0.0.1:4010"))?;
        let client = http::client(&address, TIMEOUT)
            .map_err(|error| Failure::usage(in_one_line(&error.without_url())))?;
        Ok(Self {
            client,
            address,
            token,
        })
    }

    /// Makes the sandbox send each kind of push of these services to its own path below `url`. `None` removes the addresses.
    pub(crate) async fn register(
        &self,
        url: Option<&str>,
        is_served: impl Fn(&str) -> bool,
    ) -> Result<(), Failure> {
        let services = embedded_services()?.into_iter();
        for service in services.filter(|service| is_served(service.name())) {
            let name = service.name();
            for push in service.webhooks() {
                let address = json!({
                    "service": name,
                    "push": push.name,
                    "url": url.map(|url| format!("{url}/{name}/{}", push.name)),
                });
                let mut request = self.client.put(self.address.clone()).json(&address);
                if let Some(token) = &self.token {
                    request = request.bearer_auth(token);
                }
                let response = request.send().await;
                let response = response.and_then(reqwest::Response::error_for_status);
                response.map_err(not_registered)?;
            }
        }
        Ok(())
    }
}

fn not_registered(error: reqwest::Error) -> Failure {
    let hint = if error.status() == Some(reqwest::StatusCode::UNAUTHORIZED) {
        "Name the environment variable that contains its token with --token-variable."
    } else {
        "Start it with `nxcloud sandbox`, and check --base-url."
    };
    let reason = in_one_line(&error.without_url());
    Failure::usage(format!(
        "cannot register for the pushes of the sandbox: {reason}"
    ))
    .hint(hint)
}
