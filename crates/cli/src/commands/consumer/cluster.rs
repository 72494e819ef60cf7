//! `nats consumer cluster`.

use super::find::matching;
use super::information::show;
use super::pick::{chosen, chosen_stream};
use crate::bail;
use crate::commands::assets::{Group, Led, balance, step_down};
use crate::commands::stream::need_preferred;
use crate::failure::Result;
use crate::format::commas;
use crate::session::Session;

/// Lets the leader of a consumer step down.
pub fn elect(session: &mut Session) -> Result<()> {
    let preferred = session
        .matches
        .filled("preferred")
        .unwrap_or_default()
        .to_owned();
    let force = session.matches.on("force");
    if !preferred.is_empty() {
        need_preferred(session)?;
    }
    let (api, info) = chosen(session, force)?;
    let (stream, name) = (info.text("stream_name"), info.text("name"));
    let group = Group {
        title: format!("consumer {stream:?} > {name:?}"),
        request: format!("CONSUMER.LEADER.STEPDOWN.{stream}.{name}"),
        cluster: info.at("cluster"),
    };
    let info = step_down(&api, &group, &preferred, force, || {
        api.consumer_info(stream, name)
    })?;
    println!();
    show(&info, false, false);
    Ok(())
}

/// Spreads the leaders of a stream's consumers evenly.
pub fn balance_leaders(session: &mut Session) -> Result<()> {
    need_preferred(session)?;
    let (api, stream) = chosen_stream(session, false)?;
    let stream = stream.text("config.name");
    let found = matching(&api, stream, &session.matches, None)?;
    let mut consumers = Vec::new();
    for info in &found {
        let name = info.text("name");
        if info.at("cluster").is_null() {
            bail!(
                "failed to balance consumers on {stream} - consumer {name:?} has no cluster info"
            );
        }
        consumers.push(Led {
            kind: "consumer",
            name: name.to_owned(),
            step_down: format!("CONSUMER.LEADER.STEPDOWN.{stream}.{name}"),
            cluster: info.at("cluster").clone(),
        });
    }
    if consumers.is_empty() {
        println!("No consumers on {stream}");
        return Ok(());
    }
    let moved = balance(&api, &consumers)?;
    println!(
        "Balanced {} consumers on {stream}",
        commas(u64::try_from(moved).unwrap_or(u64::MAX))
    );
    Ok(())
}
