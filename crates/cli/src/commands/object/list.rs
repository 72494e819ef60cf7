//! `nats object ls`.

use super::bucket::Bucket;
use crate::commands::assets::Buckets;
use crate::failure::Result;
use crate::format::{human_size, local_time};
use crate::output::Table;
use crate::session::Session;

/// Object buckets.
const BUCKETS: Buckets = Buckets {
    prefix: "OBJ_",
    title: "Object Store Buckets",
    counts_values: false,
    nothing_to_pick: "no Object buckets found",
};

/// Lists buckets, or objects in one.
pub fn list(session: &mut Session) -> Result<()> {
    match session.matches.arg("bucket").map(str::to_owned) {
        Some(name) => objects(session, &name),
        None => BUCKETS.list(session),
    }
}

/// The bucket named by the argument, or chosen from a list.
pub fn pick(session: &mut Session) -> Result<String> {
    BUCKETS.pick(session)
}

fn objects(session: &mut Session, name: &str) -> Result<()> {
    let bucket = Bucket::open(session.jetstream()?, name)?;
    let objects = bucket.objects()?;
    if session.matches.on("names") {
        for object in &objects {
            println!("{}", object.name());
        }
        return Ok(());
    }
    if objects.is_empty() {
        println!("No entries found");
        return Ok(());
    }
    let mut table = Table::new("Bucket Contents", &["Name", "Size", "Time"]);
    for object in &objects {
        table.row(vec![
            object.name().into(),
            human_size(object.size()).into(),
            local_time(&object.time).into(),
        ]);
    }
    table.print();
    Ok(())
}
