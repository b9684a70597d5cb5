//! `nxcloud campaign pause`, `resume` and `cancel`.

use clap::Args;
use nxcloud::campaign::{CampaignState, Ledger as _, State};

use super::ledger::Place;
use crate::failure::Failure;
use crate::output;

#[derive(Args)]
pub(crate) struct NameArgs {
    /// Name of the campaign
    name: String,
}

#[derive(Args)]
pub(crate) struct PauseArgs {
    /// Name of the campaign
    name: String,
    /// Why, in one line
    #[arg(long, value_name = "TEXT", default_value = "paused by hand")]
    reason: String,
}

pub(super) fn pause(args: &PauseArgs, ledger: &Place) -> Result<(), Failure> {
    crate::block_on(async {
        let (store, campaign) = ledger.campaign(&args.name).await?;
        store.pause(campaign.id, &args.reason).await?;
        output::eprint("paused; a run that sends it ends after the replies in flight");
        Ok(())
    })?
}

pub(super) fn resume(args: &NameArgs, ledger: &Place) -> Result<(), Failure> {
    crate::block_on(async {
        let (store, campaign) = ledger.campaign(&args.name).await?;
        store.resume(campaign.id).await?;
        output::eprint("it may run; start it with `nxcloud campaign run`");
        Ok(())
    })?
}

pub(super) fn cancel(args: &NameArgs, ledger: &Place) -> Result<(), Failure> {
    crate::block_on(async {
        let (store, campaign) = ledger.campaign(&args.name).await?;
        if campaign.state == CampaignState::Importing {
            store.discard(campaign.id).await?;
            output::eprint("removed: its list was not imported to its end, and nothing was sent");
            return Ok(());
        }
        let counts = store.cancel(campaign.id).await?;
        let (skipped, unknown) = (counts.state(State::Skipped), counts.state(State::Unknown));
        output::eprint(&format!(
            "cancelled; {skipped} rows are skipped, {unknown} are unknown"
        ));
        Ok(())
    })?
}
