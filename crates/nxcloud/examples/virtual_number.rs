//! Hides two phone numbers behind a virtual one, lists all bindings and removes one.
//!
//!     cargo run -p nxcloud --example virtual_number
//!
//! A sandbox in this process plays the platform.

#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::error::Error;

use nxcloud::virtual_number::{Bind, Binding, Client, ListBindings, Unbind};
use nxcloud_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start().await?;
    let client = Client::new(&sandbox.session());

    for ride in ["ride-1", "ride-2", "ride-3"] {
        // For one hour, passenger and driver call each other through the virtual number. Neither sees the other's number.
        let request = Bind::new("8613912345678", "8613987654321", 3600).with_customer_bind_id(ride);
        let reply = client.bind(&request).await?;
        println!("{ride}: binding {}", reply.bind_id()?);
    }

    // The bindings come in pages of two, which are requested as needed. `Debug` of a binding prints no phone numbers; its fields contain them.
    let mut bindings = client.list_bindings_all(&ListBindings::new(2));
    while let Some(binding) = bindings.next().await {
        let Binding {
            customer_bind_id,
            did,
            expire_at,
            ..
        } = binding?;
        let [ride, did] = [customer_bind_id, did].map(Option::unwrap_or_default);
        let until = expire_at.map_or("cancelled".to_owned(), |time| time.to_string());
        println!("{ride}: call {did}, until {until}");
    }

    for ride in ["ride-1", "ride-1"] {
        match client
            .unbind(&Unbind::new().with_customer_bind_id(ride))
            .await
        {
            Ok(_) => println!("{ride}: removed"),
            Err(error) if error.is_not_found() => println!("{ride}: already removed ({error})"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
